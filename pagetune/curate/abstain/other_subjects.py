"""Replaces the subject of a trained question with one that the documents do not have.

A subject differs in one word from a known one: in the name of the company or the product, in a word of a kind (부산
교육장 -> 춘천 교육장), or in a number that is a name (제12조, 2026년, NB-700, 1급).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.words import Words, language_of_question
from pagetune.curate.changes import Change
from pagetune.curate.heldout import hash_fraction
from pagetune.records import Pair
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes

#: How often questions of a document must begin with a name for it to be the document's own, and its least letters.
_OFTEN, _LEAST_LETTERS = 3, 3
#: A name at the beginning of a Korean question, of which something is asked: 가람도서관의, 가람도서관에서.
_ASKED_OF = re.compile(
    r"['\"‘“「『《〈<[(]?([가-힣A-Za-z][\w·-]+?)['\"’”」』》〉>\])]?(?:에서는?|에 따르면|의|은|는)(?= )"
)
#: Words all in capitals are mostly the headers of a table.
_ENGLISH_NAME = re.compile(r"(?<=\s)[A-Z][a-z]+[A-Za-z]*(?: [A-Z][a-z]+[A-Za-z]*)*\b")
#: The last letter of the name of an administrative unit, which a new name keeps: 다온시 -> 한울시.
_UNIT = re.compile(r"(?<=[가-힣]{2})[시군구도읍면동리]$")
#: Numbers that are names; those of amounts, limits and days are not, because a rule may cover any of them.
#: One in brackets only repeats what stands before them, by which the documents would answer.
_ARTICLE = re.compile(r"(?<!\()제(\d+)조(?:의\d+)?(?:\([^)]*\))?")
#: The group is the digit that is changed. Paper sizes and peers (A4, P2P) are not names: a model has a hyphen or more
#: digits.
_NUMBER_NAMES = (
    re.compile(r"(?<!\d)(?:19|20)\d(\d)년(?=$|\s(?!\d))"),
    re.compile(r"(?<![A-Za-z0-9(-])[A-Z]{1,6}(?:-(\d)|(\d)(?=\d\d))\d{0,4}(?![A-Za-z0-9)-])"),
    re.compile(r"(?<!\d)(\d)(?:급|호점|호선|단계|회차|기)(?=$|\s)"),
)
#: The telephone number or code of a reversed question; an amount or a day may be written in many other ways.
_IDENTIFIER = re.compile(
    r"(?<![\w.,-])(?:0\d{1,2}-\d{3,4}-\d{3}|1\d{3}-\d{3}|[A-Z]{2,6}-?\d{2,5})(\d)(?![A-Za-z\d.,-])"
)
#: Quotes and brackets, within which a subject would be cut.
_CLOSED = re.compile(r"['\"‘’“”「」『』()\[\]<>《》〈〉]")


#: An English question for an attribute, and its subject.
ENGLISH_ATTRIBUTE = re.compile(r"What is the [a-z ]+ of the ([A-Z][\w -]*)\?")


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
        found = _ASKED_OF.match(question)
        return [found[1]] if found and len(found[1]) >= _LEAST_LETTERS and is_korean(found[1][0]) else []
    return set(_ENGLISH_NAME.findall(question))


def other_name(pair: Pair, names: list[str], words: Words, documents: Documents, fits: Fits, seed: int) -> list[Change]:
    """Return the change of the document's own name, of which a question asks something, or nothing.

    A name within the question (…위원회가 정하는 방법에 따라) may be changed without the page answering any less.
    """
    asked = set(_names_in(pair.instruction))
    name = next((name for name in names if name in asked and is_proper(name, words, documents)), None)
    if name is None:
        return []
    kept = _kept_end(name, words)
    for new in _shuffled(words.names, seed, pair.pair_id):
        if fits(new) and not documents.name(new):
            return [Change(name, new + kept, new)]
    return []


def is_proper(name: str, words: Words, documents: Documents) -> bool:
    """Tell whether a name is one thing's alone: an institution's or a proper noun, no common noun such as 비밀번호."""
    if name.isascii():
        return not all(documents.writes(word.lower()) for word in name.split())
    return bool(words.is_institution(name) or _UNIT.search(name) or any(one.tag == "NNP" for one in morphemes(name)))


def _kept_end(name: str, words: Words) -> str:
    """Return the end that a new name keeps: 금융보안교육센터 -> 교육센터, 다온시 -> 시, LumaNote -> nothing."""
    if name.isascii():
        return ""
    institution = words.institution_in(name)
    begins = [one.start for one in morphemes(name)]
    whole = next((name[at:] for at in begins if 2 <= at < len(name) - len(institution)), "") if institution else ""
    unit = _UNIT.search(name)
    return whole or institution or (unit.group() if unit else "")


def other_kind(pair: Pair, words: Words, documents: Documents, fits: Fits, seed: int) -> list[Change]:
    """Return the change of a word of the subject into another of its kind, or nothing.

    The word is a whole one, or stands before a head that has such names: 부산교육장, but neither 대구탕 nor 조기상환. A
    subject with a number (품질관리(QUR-001)) would still be known by it.
    """
    subject = subject_of(pair)
    for part in [] if re.search(r"\d", subject) else subject.split():
        old, others = words.siblings(part)
        is_whole = part == old and (subject.endswith(old) or words.topics_of(subject) is not None)
        if not old or not (is_whole or (part != old and words.topics_of(part[len(old) :], alone=True))):
            continue
        for new in _shuffled(others, seed, pair.pair_id):
            changed = subject.replace(old, new, 1)
            if fits(new) and not documents.has(pair.doc_id, new) and not documents.name(changed):
                return [Change(subject, changed, new)]
    return []


def subject_of(pair: Pair) -> str:
    """Return what the topic gives an attribute of: "금융보안교육센터에서 부산 교육장의 주소" -> "부산 교육장".

    A subject in quotes or brackets may have an 의 of its own, where it would be cut; it is none.
    """
    if pair.topic is None or "의 " not in pair.topic:
        return ""
    subject = pair.topic.rpartition("의 ")[0].rpartition("에서 ")[2]
    return "" if _CLOSED.search(subject) else subject


def other_number(pair: Pair, documents: Documents, fits: Fits, seed: int) -> list[Change]:
    """Return the change of a number that names the subject, or of what identifies it in a reversed question."""
    found = _ARTICLE.search(pair.topic or "")
    if found:
        return _other_article(pair, found, documents, fits, seed)
    subject = subject_of(pair) or _english_subject(pair)
    for pattern in _NUMBER_NAMES:
        if found := pattern.search(subject):
            return [
                Change(subject, subject.replace(one.old, one.new, 1), one.key)
                for one in _other_digits(pair, found, documents, fits, seed)
            ]
    values = list(_IDENTIFIER.finditer(pair.instruction)) if pair.kind == "reversed" else []
    return _other_digits(pair, values[-1], documents, fits, seed) if values else []


def _english_subject(pair: Pair) -> str:
    found = ENGLISH_ATTRIBUTE.fullmatch(pair.instruction)
    return found[1] if found else ""


def _other_article(pair: Pair, found: re.Match[str], documents: Documents, fits: Fits, seed: int) -> list[Change]:
    number = int(found[1])
    for new in _shuffled([f"제{number + more}조" for more in range(1, 100)], seed, pair.pair_id):
        if fits(new) and not documents.has(pair.doc_id, new):
            return [Change(found.group(), new, new)]
    return []


def _other_digits(pair: Pair, found: re.Match[str], documents: Documents, fits: Fits, seed: int) -> list[Change]:
    group = next(number for number, text in enumerate(found.groups(), 1) if text)
    old, at = found.group(), found.start(group) - found.start()
    for digit in _shuffled(map(str, range(1, 10)), seed, pair.pair_id):
        new = old[:at] + digit + old[at + 1 :]
        if new != old and fits(new) and not documents.name(new):
            return [Change(old, new, new)]
    return []


def _shuffled(names: Iterable[str], seed: int, content: str) -> list[str]:
    return sorted(names, key=lambda name: hash_fraction(seed, "other", content, name))
