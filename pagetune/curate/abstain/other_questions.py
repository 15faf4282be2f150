"""Asks about a known subject what people ask and its documents do not tell: its price, parking, staff or history."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.other_attributes import asked_of
from pagetune.curate.abstain.other_subjects import is_proper
from pagetune.curate.abstain.words import Asking, Words, language_of_question, words_of
from pagetune.curate.heldout import hash_fraction
from pagetune.records import Pair
from pagetune.text.korean import with_particle

#: Nobody says a title that is longer.
_LONGEST = 50
#: How often one question is asked about the parts of a document.
_MOST = 3


class Subject(NamedTuple):
    """What a document is about, or a part of it, before which a question names what that belongs to."""

    doc_id: str
    name: str
    scope: str
    is_part: bool = False


def known_subjects(pairs: list[Pair], names: dict[str, list[str]], documents: Documents) -> list[Subject]:
    """Return what the trained questions are about: titles that stand before them, proper names, parts with a topic."""
    found: dict[Subject, None] = {}
    for pair in pairs:
        if title := re.fullmatch(r"['‘“「]?(.+?)['’”」]?에 따르면 ", pair.context or ""):
            found[Subject(pair.doc_id, title[1], "")] = None
    for doc_id, own in names.items():
        proper = (name for name in own if is_proper(name, _words(name), documents))
        found |= {Subject(doc_id, name, ""): None for name in proper}
    for pair in pairs:
        if asked := asked_of(pair, _words(pair.instruction)):
            found[Subject(pair.doc_id, asked.subject, asked.scope, is_part=True)] = None
    return [one for one in found if len(one.name) <= _LONGEST]


def unanswered(known: Iterable[Subject], documents: Documents, seed: int) -> Iterator[tuple[Subject, Asking]]:
    """Yield questions that people ask and no passage answers, one for each subject in turn, then a second one.

    All of a document may tell of what it is about. A page that has any word of an answer may answer.
    """
    ordered = sorted(known, key=lambda one: hash_fraction(seed, "around", one.doc_id, one.scope, one.name))
    left = [(one, list(_asked(one, documents, seed))) for one in ordered]
    asked: Counter[tuple[str, str]] = Counter()
    for turn in range(max((len(own) for _, own in left), default=0)):
        for one, own in left:
            if turn < len(own) and asked[one.doc_id, own[turn].question] < _MOST:
                asked[one.doc_id, own[turn].question] += 1
                yield one, own[turn]


def _asked(one: Subject, documents: Documents, seed: int) -> Iterator[Asking]:
    words = _words(one.name)
    topics = words.topics_of(one.name)
    general = [] if one.is_part else words.anything
    told = documents.about(one.doc_id, one.name)
    asked = [*(topics.questions if topics else ()), *general]
    for each in sorted(asked, key=lambda each: hash_fraction(seed, "around", one.name, each.question)):
        if not any(documents.has(doc_id, word) for doc_id in told for word in each.words):
            yield each


def filled(asking: Asking, one: Subject) -> str:
    """Return a question about a subject, with the particle that it takes."""
    topic = with_particle(one.name, "은/는")
    return one.scope + asking.question.replace("{subject}은 ", f"{topic} ").replace("{subject}", one.name)


def _words(text: str) -> Words:
    return words_of(language_of_question(text) or "en")
