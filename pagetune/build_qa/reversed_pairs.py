"""Reversed questions: made of proven pairs, each asked only where no other subject in all documents has its value."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pagetune.build_qa.context import TitledDraft
from pagetune.build_qa.draft import Draft, Reversal
from pagetune.build_qa.reversed_questions import reversal_of
from pagetune.build_qa.tables.cells import letters
from pagetune.records import Evidence, Page, Pair, Place, Reason
from pagetune.text.evidence import find_evidence, quote, row_place

#: What a document tells of its owner would else be asked by each of twenty values, always with the same answer.
MAX_OF_SUBJECT = 3
#: The name of a document's owner stands on one of as many first pages.
_FIRST_PAGES = 2
#: What joins a name to another one, behind it and before it.
_AND_BEHIND = re.compile(r"(?:와|과|이나|하고|\s?(?:및|또는|[,·&]))\s?(?=[가-힣A-Za-z])")
_AND_BEFORE = re.compile(r"[가-힣A-Za-z)](?:와|과|이나|하고|\s(?:및|또는)|[,·&])\s?$")
#: Letters of a value by which a line is looked up.
_SIGN = 4


@dataclass(frozen=True)
class _Candidate:
    titled: TitledDraft
    pair: Pair
    reversal: Reversal

    @property
    def value(self) -> str:
        return letters(self.reversal.value)

    @property
    def subject(self) -> str:
        return letters(self.reversal.subject)


@dataclass(frozen=True)
class _Line:
    """A line of a page's text, or a row of a table, which has several cells."""

    doc_id: str
    page_number: int
    place: Place
    text: str


def reversed_drafts(proven: Iterable[tuple[TitledDraft, Pair]], pages: list[Page]) -> list[TitledDraft]:
    """Return the reversed questions of proven pairs; one whose value another subject may have is rejected."""
    found = list(_candidates(proven))
    lines = _lines_with({each.value for each in found}, pages)
    subjects: dict[str, set[str]] = defaultdict(set)
    for each in found:
        subjects[each.value].add(each.subject)
    by_document: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        by_document[page.doc_id].append(page)
    asked: Counter[tuple[str, str]] = Counter()
    drafts: list[TitledDraft] = []
    for each in found:
        is_one = not each.reversal.everywhere or (
            len(subjects[each.value]) == 1 and all(_is_of_subject(line, each) for line in lines[each.value])
        )
        reason: Reason | None = None if is_one else "two_answers"
        if is_one:
            asked[each.pair.doc_id, each.subject] += 1
            reason = "over_quota" if asked[each.pair.doc_id, each.subject] > MAX_OF_SUBJECT else None
        drafts.append(_turned(each, reason, by_document[each.pair.doc_id]))
    return drafts


def _candidates(proven: Iterable[tuple[TitledDraft, Pair]]) -> Iterator[_Candidate]:
    """Yield each value of each subject once, however many pairs state it."""
    seen: set[tuple[str, str]] = set()
    for titled, pair in proven:
        reversal = reversal_of(titled.draft)
        if reversal:
            each = _Candidate(titled, pair, reversal)
            if (each.value, each.subject) not in seen:
                seen.add((each.value, each.subject))
                yield each


def _turned(each: _Candidate, reason: Reason | None, pages: list[Page]) -> TitledDraft:
    """Return the reversed question with the place of its answer, which may stand in the document's title."""
    draft, second = each.titled.draft, None
    if each.subject not in letters(each.pair.evidence or ""):
        own = [page for page in pages if page.page_number == each.pair.page_number]
        second = next(
            filter(None, (_name_on(page, each.reversal.subject) for page in [*own, *pages[:_FIRST_PAGES]])), None
        )
        reason = reason or (None if second else "not_in_evidence")
    turned = Draft(
        "reversed",
        draft.page_number,
        each.reversal.instruction,
        each.reversal.subject,
        draft.place,
        draft.section,
        reason=reason,
        reverses=each.pair.pair_id,
        second=second,
    )
    return each.titled._replace(draft=turned)


def _name_on(page: Page, name: str) -> Evidence | None:
    place = find_evidence(name, page)
    return Evidence(page_number=page.page_number, place=place, text=quote(page, place)) if place else None


def _is_of_subject(line: _Line, each: _Candidate) -> bool:
    """Tell whether a line with the value says it of the same subject.

    A line of text that names nobody is about the document's own subject; a row of a table may be about another.
    """
    own, place = each.pair, each.pair.place
    if line.doc_id == own.doc_id and line.page_number == own.page_number and place and _holds(line.place, place):
        return True
    if line.place.table is None and _gives_to_another(line.text, each.reversal.subject):
        return False
    is_owner = each.subject in letters(each.titled.title) and line.doc_id == own.doc_id and line.place.table is None
    return is_owner or _name(each.reversal.subject).search(line.text) is not None


def _name(subject: str) -> re.Pattern[str]:
    """Return a pattern for a whole name, however it is spaced: 한울 센터, but not 새한울 센터."""
    return re.compile(r"(?<![가-힣A-Za-z\d])" + r"[\W_]*".join(map(re.escape, letters(subject))), re.IGNORECASE)


def _gives_to_another(text: str, subject: str) -> bool:
    """Tell whether a line of text gives its value to the subject and to another: 한울 센터와 가람 센터의 전화번호."""
    found = _name(subject).search(text)
    if found is None:
        return False
    return _AND_BEHIND.match(text, found.end()) is not None or _AND_BEFORE.search(text[: found.start()]) is not None


def _holds(line: Place, place: Place) -> bool:
    is_same = (line.table, line.row) == (place.table, place.row)
    return is_same and line.start < place.end and place.start < line.end


def _lines_with(values: set[str], pages: list[Page]) -> dict[str, list[_Line]]:
    """Return the lines that hold each value, letters and digits alone compared.

    The last letters of each value tell which lines can hold it, so that all pages are read once.
    """
    by_sign: dict[str, list[str]] = defaultdict(list)
    for value in sorted(values):
        by_sign[value[-_SIGN:]].append(value)
    sizes = sorted({len(sign) for sign in by_sign})
    found: dict[str, list[_Line]] = defaultdict(list)
    for line in _lines(pages):
        text = letters(line.text)
        held = {text[at : at + size] for size in sizes for at in range(len(text) - size + 1)}
        for sign in held & by_sign.keys():
            for value in by_sign[sign]:
                if value in text:
                    found[value].append(line)
    return found


def _lines(pages: list[Page]) -> Iterator[_Line]:
    for page in pages:
        if page.status != "ok":
            continue
        for found in re.finditer(r"[^\n]+", page.text):
            place = Place(table=None, row=None, start=found.start(), end=found.end())
            yield _Line(page.doc_id, page.page_number, place, found.group())
        for number, table in enumerate(page.tables):
            for row in range(len(table.rows)):
                place = row_place(page, number, row)
                yield _Line(page.doc_id, page.page_number, place, quote(page, place))
