"""Replaces the subject of a trained question with one that the documents do not have.

A subject differs in one word from a known one: in the name of the company or the product, in a word of a kind (부산
교육장 -> 춘천 교육장), or in a number that is a name (제12조, 2026년, NB-700, 1급).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.words import Words, language_of_question
from pagetune.curate.heldout import hash_fraction
from pagetune.records import Pair
from pagetune.text.korean import TWO_FORMS, is_korean, with_particle
from pagetune.text.morphemes import morphemes

#: How often a question of a document must begin with a name for it to be the document's own.
_OFTEN = 3
_PARTICLE_AT_END = re.compile(r"(?:에서는?|에게|에는?|의|은|는|이|가|을|를|도|란|이란)$")
#: Words all in capitals are mostly the headers of a table.
_ENGLISH_NAME = re.compile(r"(?<=\s)[A-Z][a-z]+[A-Za-z]*\b")
#: Quotes and brackets before a name.
_OPENING = "'\"‘“「『《〈<[("
#: The last letter of the name of an administrative unit, which a new name keeps: 다온시 -> 한울시.
_UNIT = re.compile(r"(?<=[가-힣]{2})[시군구도읍면동리]$")
#: Numbers that are names; those of amounts, limits and days are not, because a rule may cover any of them.
#: One in brackets only repeats what stands before them, by which the documents would answer.
_ARTICLE = re.compile(r"(?<!\()제(\d+)조(?:의\d+)?(?:\([^)]*\))?")
#: The group is the digit that is changed.
_NUMBER_NAMES = (
    re.compile(r"(?<!\d)(?:19|20)\d(\d)년(?!\s?\d)"),
    re.compile(r"(?<![A-Za-z0-9(])[A-Z][A-Z-]{0,5}(\d)\d{0,3}(?!\d)"),
    re.compile(r"(?<!\d)(\d)(?:급|호점|호선|단계|회차|기|종)(?![가-힣]*\d)"),
)
#: A number with its unit.
_VALUE = re.compile(r"(?<![\d,(])(\d)[\d,]*[^\s\d인)]*")
_NO_DAY = re.compile(r"(?:[3-9]\d|0\d)일")


class Change(NamedTuple):
    """A text of a question, what takes its place, and the new word that no training and evaluation share."""

    old: str
    new: str
    key: str


#: Tells whether a new word may be used; those of the evaluation are not those of the training.
Fits = Callable[[str], bool]


def own_names(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """Return the names by which each document's questions call what it is about, the longest first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        counts[pair.doc_id].update(_names_in(pair.instruction))
    return {
        doc_id: sorted((name for name, count in own.items() if count >= _OFTEN), key=lambda name: (-len(name), name))
        for doc_id, own in counts.items()
    }


def _names_in(question: str) -> Iterable[str]:
    if language_of_question(question) == "ko":
        name = _PARTICLE_AT_END.sub("", question.split()[0].lstrip(_OPENING))
        return [name] if len(name) >= _OFTEN and is_korean(name[0]) else []
    return set(_ENGLISH_NAME.findall(question))


def other_name(pair: Pair, names: list[str], words: Words, documents: Documents, fits: Fits, seed: int) -> list[Change]:
    """Return the change of the document's own name in a question, or nothing."""
    name = next((name for name in names if name in pair.instruction), None)
    if name is None:
        return []
    kept = _kept_end(name, words)
    known, others = words.siblings(name)
    others = others if known + kept == name else []
    for new in _shuffled([*others, *words.names], seed, pair.pair_id):
        if fits(new) and not documents.name(new + kept) and (new in others or not documents.name(new)):
            return [Change(name, new + kept, new)]
    return []


def _kept_end(name: str, words: Words) -> str:
    """Return the end that a new name keeps: 금융보안교육센터 -> 보안교육센터, 다온시 -> 시, LumaNote -> nothing."""
    if name.isascii():
        return ""
    begins = [len(words.siblings(name)[0]), *(one.start for one in morphemes(name))]
    kept = next((name[at:] for at in begins if 2 <= at <= len(name) - 2), "")
    institution = words.topics[0].subject.search(name)
    unit = _UNIT.search(name)
    return kept or next((found.group() for found in (institution, unit) if found and found.start() > 1), "")


def other_kind(pair: Pair, words: Words, documents: Documents, fits: Fits, seed: int) -> list[Change]:
    """Return the change of a word of the subject into another of its kind, or nothing.

    A subject with a number (품질관리(QUR-001)) would still be known by it.
    """
    subject = subject_of(pair)
    for part in [] if re.search(r"\d", subject) else subject.split():
        old, others = words.siblings(part)
        for new in _shuffled(others, seed, pair.pair_id):
            changed = subject.replace(old, new, 1)
            if fits(new) and not documents.has(pair.doc_id, new) and not documents.name(changed):
                return [Change(subject, changed, new)]
    return []


def subject_of(pair: Pair) -> str:
    """Return what the topic gives an attribute of: "금융보안교육센터에서 부산 교육장의 주소" -> "부산 교육장"."""
    if pair.topic is None or "의 " not in pair.topic:
        return ""
    return pair.topic.rpartition("의 ")[0].rpartition("에서 ")[2]


def other_number(pair: Pair, documents: Documents, fits: Fits, seed: int) -> list[Change]:
    """Return the change of a number that names something, or of the value of a reversed question, or nothing."""
    found = _ARTICLE.search(pair.topic or "")
    if found:
        return _other_article(pair, found, documents, fits, seed)
    for pattern in _NUMBER_NAMES:
        if found := pattern.search(pair.instruction):
            return _other_digits(pair, found, documents, fits, seed)
    values = list(_VALUE.finditer(pair.instruction)) if pair.kind == "reversed" else []
    return _other_digits(pair, values[-1], documents, fits, seed) if values else []


def _other_article(pair: Pair, found: re.Match[str], documents: Documents, fits: Fits, seed: int) -> list[Change]:
    number = int(found[1])
    for new in _shuffled([f"제{number + more}조" for more in range(1, 100)], seed, pair.pair_id):
        if fits(new) and not documents.has(pair.doc_id, new):
            return [Change(found.group(), new, new)]
    return []


def _other_digits(pair: Pair, found: re.Match[str], documents: Documents, fits: Fits, seed: int) -> list[Change]:
    old, at = found.group(), found.start(1) - found.start()
    for digit in _shuffled(map(str, range(1, 10)), seed, pair.pair_id):
        new = old[:at] + digit + old[at + 1 :]
        if new != old and not _NO_DAY.match(new) and fits(new) and not documents.name(new):
            return [Change(old, new, new)]
    return []


def _shuffled(names: Iterable[str], seed: int, content: str) -> list[str]:
    return sorted(names, key=lambda name: hash_fraction(seed, "other", content, name))


def replaced(text: str, change: Change) -> str:
    """Return the text with the change made, and the particle behind it in the form that the new word takes."""
    return "".join(_pieces(text, change))


def _pieces(text: str, change: Change) -> Iterator[str]:
    first, *others = text.split(change.old)
    yield first
    for piece in others:
        yield change.new
        yield _with_fitting_particle(change, piece)


def _with_fitting_particle(change: Change, following: str) -> str:
    for pair in TWO_FORMS:
        old, new = (with_particle(word, pair).removeprefix(word) for word in (change.old, change.new))
        if old != new and re.match(rf"{old}(?![가-힣])", following):
            return new + following[len(old) :]
    return following
