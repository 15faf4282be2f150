"""Asks a known subject for an attribute that its document does not give: of a list, or of the other subjects there."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.other_subjects import ENGLISH_ATTRIBUTE, subject_of
from pagetune.curate.abstain.words import Attribute, Topics, Words, words_of
from pagetune.curate.heldout import hash_fraction
from pagetune.records import Pair
from pagetune.text.korean import with_particle


class Asked(NamedTuple):
    """A subject, the document's name before it ("금융보안교육센터에서 "), and the attributes that suit it."""

    subject: str
    scope: str
    topics: Topics


def asked_of(pair: Pair, words: Words) -> Asked | None:
    """Return whose attribute a question asks for, where the topic or the form of the question tells."""
    subject = subject_of(pair)
    if not subject:
        found = ENGLISH_ATTRIBUTE.fullmatch(pair.instruction)
        subject = found[1] if found else ""
    topics = words.topics_of(subject) if subject else None
    if topics is None:
        return None
    before = (pair.topic or "").rpartition("의 ")[0]
    return Asked(subject, before.removesuffix(subject), topics)


class Known:
    """What the trained questions ask: the attributes by the `Topics` of their subjects, and those of each subject."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._by_topics: dict[int, dict[str, Attribute]] = {}
        self._endings: dict[tuple[str, str], set[str]] = {}
        for pair in pairs:
            ending = re.fullmatch(rf"{re.escape(pair.topic)}[은는] (.+)", pair.instruction) if pair.topic else None
            if ending and (asked := asked_of(pair, words_of("ko"))):
                name = str(pair.topic).rpartition("의 ")[2]
                own = self._by_topics.setdefault(id(asked.topics), {})
                own.setdefault(name, Attribute(name, ending[1], (name,)))
                self._endings.setdefault((pair.doc_id, asked.subject), set()).add(ending[1])

    def attributes(self, pair: Pair, asked: Asked) -> Iterator[Attribute]:
        """Yield the attributes of a list, each with other words for it, and those of other subjects of the kind.

        Attributes of other subjects are taken only if they are asked for in another way than the subject's own: its
        비용 may be its 요금.
        """
        listed = {word for attribute in asked.topics.attributes for word in attribute.words}
        endings = self._endings.get((pair.doc_id, asked.subject), set()) - {"무엇인가요?"}
        yield from asked.topics.attributes
        for attribute in self._by_topics.get(id(asked.topics), {}).values():
            if attribute.name not in listed and attribute.ending not in endings:
                yield attribute


def other_attribute(
    pair: Pair, words: Words, known: Known, documents: Documents, fits: Callable[[str], bool], seed: int
) -> tuple[Pair, str] | None:
    """Return the pair with an attribute that its document lacks, and its subject, or None.

    Everything in a document may speak of what it is about, so that no passage of it may have the attribute. A part of
    it, such as one of several branches, is named where something is said about it.
    """
    asked = asked_of(pair, words)
    if asked is None or not fits(asked.subject):
        return None
    subject, scope, topics = asked
    kind = topics.subject.search(subject)
    near = [subject, kind.group()] if scope and kind else []
    candidates = known.attributes(pair, asked)
    for attribute in sorted(candidates, key=lambda one: hash_fraction(seed, "attribute", pair.pair_id, one.name)):
        told = documents.about(pair.doc_id, subject)
        if not any(documents.may_state(doc_id, attribute.words, near) for doc_id in told):
            return _asking(pair, scope + subject, attribute, words), subject
    return None


def _asking(pair: Pair, subject: str, attribute: Attribute, words: Words) -> Pair:
    question, topic = question_about(subject, attribute, words)
    return pair.model_copy(update={"instruction": question, "topic": topic})


def question_about(subject: str, attribute: Attribute, words: Words) -> tuple[str, str]:
    """Return a question that asks a subject for an attribute, and its topic."""
    values = {"subject": subject, "attribute": attribute.name, "ending": attribute.ending}
    particle = with_particle(attribute.name, "은/는").removeprefix(attribute.name)
    return words.question.format(topic_particle=particle, **values), words.topic.format(**values)
