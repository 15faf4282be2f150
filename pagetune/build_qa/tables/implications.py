"""What follows from the cells of a column and stands in none of them: largest, smallest, differences, counts.

A column is used only where every row has a name and a number in one unit, however many pages the table is on.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise

from pagetune.build_qa.draft import Draft
from pagetune.build_qa.reversed_questions import in_lower_case, singular
from pagetune.build_qa.tables.asked import Asked
from pagetune.build_qa.tables.cells import has_value, is_total, letters
from pagetune.build_qa.tables.endings import answer_of, asks_for, ending, scales
from pagetune.build_qa.tables.headers import OF_SERIES
from pagetune.build_qa.tables.measures import (
    Measure,
    are_shares_of_a_part,
    difference,
    english_difference,
    measure_of,
    more_and_less,
)
from pagetune.build_qa.tables.wording import place_of
from pagetune.records import Computed, Evidence, Implication, Page, Place, Table
from pagetune.text.evidence import quote, row_place
from pagetune.text.korean import is_korean, with_particle

#: With fewer rows nothing stands out; with more, nobody reads the proof.
MIN_ROWS, MAX_ROWS = 3, 30
#: Differences of a column, and values of a column whose rows are counted.
MAX_DIFFERENCES, MAX_COUNTS = 2, 2
_MAX_COUNTED = 30
#: Letters of two names that one can still tell apart in a question.
_MAX_NAMES = 40
#: Rows that stand for others, so that they are not rows like the others.
_STANDS_FOR_OTHERS = re.compile(
    r"전체|전국|합\s?계|총\s?계|소\s?계|평균|기타|그 외|나머지|total|overall|average|other", re.IGNORECASE
)
_SELECTS = re.compile(r"상위|하위|주요|일부|예시|사례|대표|top\s?\d|major|example|selected", re.IGNORECASE)
#: A sum of as many parts is hardly an accident.
_PARTS = 3
#: A difference without a unit, of which nobody knows what it counts.
_BARE = re.compile(r"[\d,.]+[십백천만억조]*")
#: A page number, the index of a table, and that of a row.
_RowPlace = tuple[int, int, int]
#: What the rows are counted by, by what asks for one of them.
_COUNTERS = {"어디": "곳", "누구": "명"}
#: A value that says that there is none, that it is not known yet, or only yes or no.
_NO_VALUE = re.compile(
    r"없음|해당\s?없음|미정|추후.*|미\s?지정|[가-힣]?무|가능|불가능?|예|아니오|[OoXx○◯●✓✔√×✕∨VvYyNn]|yes|no",
    re.IGNORECASE,
)
#: The end of a sentence, which is not a value: 온라인으로 신청한다.
_CLAUSE = re.compile(r"[가-힣](?:다|요|까|것)\.?$")


@dataclass(frozen=True)
class _Column:
    """The facts of one column, row by row, on all pages that the table is on. `where` begins a question."""

    facts: list[Asked]
    where: str

    @property
    def key(self) -> str:
        return self.facts[0].fact.key

    @property
    def kind(self) -> str:
        return self.facts[0].fact.kind


def implication_drafts(pages: list[Page], asked: list[Asked], wanted: Collection[Implication]) -> Iterator[Draft]:
    """Ask for what follows from the columns of the tables on the pages of a document, whose facts are `asked`."""
    for column in _columns(pages, asked) if wanted else ():
        measures = [measure_of(each.fact.value, each.fact.unit) for each in column.facts]
        is_measured = more_and_less(column.key) and len({one.kind if one else None for one in measures}) == 1
        if is_measured and all(measures):
            known = [one for one in measures if one]
            yield from _extremes(column, known, wanted)
            yield from _differences(column, known) if "difference" in wanted else ()
        elif "count" in wanted and not any(measures):
            yield from _counts(column)


def _columns(pages: list[Page], asked: list[Asked]) -> Iterator[_Column]:
    """Yield the columns that have a fact for each row of their table."""
    chains = _chains(pages)
    rows: dict[int, set[_RowPlace]] = defaultdict(set)
    for page in pages:
        for number, table in enumerate(page.tables):
            rows[chains[page.page_number, number]] |= {(page.page_number, number, row) for row in _body_rows(table)}
    by_column: dict[tuple[int, int], list[Asked]] = defaultdict(list)
    for each in asked:
        by_column[chains[each.page.page_number, each.number], each.fact.column].append(each)
    kinds = Counter((facts[0].fact.kind, facts[0].fact.key) for facts in by_column.values())
    for (chain, _), facts in by_column.items():
        facts.sort(key=_row_place)
        first = facts[0]
        is_whole = {_row_place(each) for each in facts} == rows[chain]
        if is_whole and not _is_cut(facts, pages) and MIN_ROWS <= len(facts) <= MAX_ROWS and _are_named(facts):
            yield _Column(facts, _where(first, is_one_of_several=kinds[first.fact.kind, first.fact.key] > 1))


def _where(first: Asked, is_one_of_several: bool) -> str:
    if is_korean(first.fact.kind + first.fact.key):
        return place_of(first.fact, first.name, in_full=is_one_of_several)
    return f"In “{first.name.caption or first.name.owner}”, "


def _chains(pages: list[Page]) -> dict[tuple[int, int], int]:
    """Return a number for each table, by page number and index, that its continuations on the next pages share."""
    chains: dict[tuple[int, int], int] = {}
    for before, page in zip([None, *pages], pages, strict=False):
        for number, table in enumerate(page.tables):
            last = before.tables[-1] if before and before.tables and number == 0 else None
            is_next = before is not None and page.page_number == before.page_number + 1
            goes_on = last is not None and is_next and _continues(table, last)
            chains[page.page_number, number] = (
                chains[before.page_number, len(before.tables) - 1] if goes_on and before else len(chains)
            )
    return chains


def _continues(table: Table, last: Table) -> bool:
    """Tell whether a table goes on with the last one of the page before: other tables have such headers too."""
    return table.continues or (table.rows[:1] == last.rows[:1] and table.caption in ("", last.caption))


def _is_cut(facts: list[Asked], pages: list[Page]) -> bool:
    """Tell whether a table may go on, before its first row or behind its last one, on a page that was not read."""
    numbers = {page.page_number for page in pages}
    first, last = facts[0], facts[-1]
    begins, ends = first.number == 0, last.number == len(last.page.tables) - 1
    before, after = first.page.page_number - 1, last.page.page_number + 1
    is_unread_before = min(numbers) < before and before not in numbers
    return (begins and is_unread_before) or (ends and after < max(numbers) and after not in numbers)


def _row_place(asked: Asked) -> _RowPlace:
    return asked.page.page_number, asked.number, asked.fact.row


def _body_rows(table: Table) -> Iterator[int]:
    """Yield the rows below the header that are not totals."""
    for row, cells in enumerate(table.rows[1:], 1):
        if not any(map(is_total, cells[:2])) and any(map(has_value, cells)):
            yield row


def _are_named(facts: list[Asked]) -> bool:
    """Tell whether each row has one name of its own, all of one kind, and none stands for others."""
    first = facts[0].fact
    names = [each.fact.subject[-1] for each in facts if len(each.fact.subject) == 1]
    return (
        bool(first.kind and first.key)
        and all(each.page.tables[each.number].layout == "header" for each in facts)
        and {(each.fact.kind, each.fact.key, each.fact.unit) for each in facts} == {(first.kind, first.key, first.unit)}
        and len(set(names)) == len(facts)
        and not any(_STANDS_FOR_OTHERS.search(name) or OF_SERIES.fullmatch(name) for name in names)
    )


def _extremes(column: _Column, measures: list[Measure], wanted: Collection[Implication]) -> Iterator[Draft]:
    """Ask for the largest and the smallest, where no other row has the same."""
    words = None if are_shares_of_a_part(column.key, measures) or _is_selection(column) else more_and_less(column.key)
    values = [one.value for one in measures]
    ways: tuple[tuple[Implication, int], ...] = (("largest", 0), ("smallest", 1))
    for how, word in ways:
        best = max(values) if how == "largest" else min(values)
        winner = values.index(best)
        if how in wanted and words and values.count(best) == 1 and not _is_sum(values, winner):
            yield _draft(column, how, _which(column, words[word]), column.facts[winner].fact.subject[-1], winner)


def _is_sum(values: list[Fraction], at: int) -> bool:
    """Tell whether a value is the sum of the rows right above or below it: 수도권 beside 서울, 경기 and 인천."""
    for rest in (values[at + 1 :], values[:at][::-1]):
        if any(sum(rest[:count]) == values[at] for count in range(_PARTS, len(rest) + 1)):
            return True
    return False


def _is_selection(column: _Column) -> bool:
    """Tell whether the table's name says that it leaves out others: 상위 10개 종목, 주요 거래처."""
    return (
        _SELECTS.search(column.facts[0].name.caption + column.facts[0].page.tables[column.facts[0].number].caption)
        is not None
    )


def _which(column: _Column, word: str) -> str:
    if not is_korean(column.kind + column.key):
        kind = singular(in_lower_case(column.kind))
        return f"{column.where}which {kind} has the {word} {in_lower_case(column.key)}?"
    more = f"{with_particle(column.key, '이/가')} 가장 {word} {with_particle(column.kind, '은/는')}"
    return f"{column.where}{more} {asks_for(column.kind)}?"


def _differences(column: _Column, measures: list[Measure]) -> Iterator[Draft]:
    """Ask for the differences of rows that stand one below the other."""
    if any(scales(each.fact.unit) for each in column.facts):
        return
    names = [each.fact.subject[-1] for each in column.facts]
    found = (
        (row, amount)
        for row, (one, other) in enumerate(pairwise(measures))
        if row % 2 == 0 and len(names[row] + names[row + 1]) <= _MAX_NAMES and (amount := difference(one, other))
    )
    asked = [(row, *_asked_difference(column, row, amount)) for row, amount in found]
    for row, question, answer in [one for one in asked if not _BARE.fullmatch(one[2])][:MAX_DIFFERENCES]:
        yield _draft(column, "difference", question, answer, row, [row + 1])


def _asked_difference(column: _Column, row: int, amount: str) -> tuple[str, str]:
    """Return the question for the difference of a row and the next one, and the answer with its unit."""
    one, other = (column.facts[at].fact.subject[-1] for at in (row, row + 1))
    if not is_korean(column.kind + column.key):
        return column.where + english_difference(column.key, one, other), amount
    fact = replace(column.facts[row].fact, value=amount, unit="")
    words = "몇 퍼센트포인트인가요" if amount.endswith("%p") else ending(fact, column.key)
    question = f"{column.where}{with_particle(one, '과/와')} {other}의 {column.key} 차이는 {words}?"
    return question, answer_of(fact, amount, question)


def _counts(column: _Column) -> Iterator[Draft]:
    """Ask how many rows have a value that several, but not all, have."""
    if not (is_korean(column.key) and is_korean(column.kind)) or _is_selection(column):
        return
    if OF_SERIES.fullmatch(column.key) or column.key.endswith("여부"):
        return
    counts = Counter(each.fact.value.strip() for each in column.facts)
    able = (one for one in counts.items() if not (_NO_VALUE.fullmatch(one[0]) or _CLAUSE.search(one[0])))
    several = [value for value, count in able if 1 < count < len(column.facts)]
    for value in islice((value for value in several if len(value) <= _MAX_COUNTED and "\n" not in value), MAX_COUNTS):
        counter = _COUNTERS.get(asks_for(column.kind)[:2], "개")
        said = value if any(map(str.isdigit, value)) or " " not in value else f"'{value}'"
        having = f"{with_particle(column.key, '이/가')} {said}인 {with_particle(column.kind, '은/는')}"
        first = next(at for at, each in enumerate(column.facts) if each.fact.value.strip() == value)
        yield _draft(column, "count", f"{column.where}{having} 몇 {counter}인가요?", f"{counts[value]}{counter}", first)


def _draft(
    column: _Column, how: Implication, question: str, answer: str, row: int, others: list[int] | None = None
) -> Draft:
    """Return the draft whose evidence is `row`, and beside it the rows that it is compared with: all, or `others`."""
    rest = others if others is not None else [at for at in range(len(column.facts)) if at != row]
    own = column.facts[row]
    page, place = _place(own)
    computed = Computed(
        how=how,
        header=own.page.tables[own.number].rows[0][own.fact.column],
        column=own.fact.column,
        others=[_evidence(column.facts[at]) for at in rest],
    )
    return Draft("implication", page.page_number, question, answer, place, own.name.section, computed=computed)


def _place(asked: Asked) -> tuple[Page, Place]:
    return asked.page, row_place(asked.page, asked.number, asked.fact.row)


def _evidence(asked: Asked) -> Evidence:
    page, place = _place(asked)
    return Evidence(page_number=page.page_number, place=place, text=quote(page, place))


def _number(text: str) -> str:
    """Return the number that a text begins with, with the sign of money before it."""
    found = re.match(r"[$€£₩]?\d[\d,]*(?:\.\d+)?", text)
    return found.group() if found else text


def follows(computed: Computed, evidence: str, answer: str) -> bool:
    """Tell whether the answer follows from the rows as they stand on their pages: the proof, apart from the rule."""
    rows = [evidence, *(other.text for other in computed.others)]
    cells = [row.split(" | ")[computed.column] for row in rows if row.count(" | ") >= computed.column]
    if len(cells) < len(rows):
        return False
    if computed.how == "count":
        return _number(answer) == str(sum(cell.strip() == cells[0].strip() for cell in cells))
    measures = [one for cell in cells if (one := measure_of(cell))]
    if len(measures) < len(rows):
        return False
    if computed.how == "difference":
        amount = difference(*measures[:2])
        return amount is not None and _number(answer) == _number(amount)
    own, *rest = (one.value for one in measures)
    is_most = all(own > other for other in rest) if computed.how == "largest" else all(own < other for other in rest)
    return is_most and letters(answer) in letters(evidence)
