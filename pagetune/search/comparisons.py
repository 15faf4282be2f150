"""What the rows of a table say when they are compared: the largest, the smallest, the difference of two.

Such an answer stands in a cell, or in none, and is right only where the other rows agree: it is computed.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pagetune.records import Table
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.quantities import CLOCK, MONTH, SECOND, quantities

#: How a question asks for the row with the most or the least of a column, or for that which comes first.
_EXTREME = re.compile(
    r"(?:가장|제일|젤|최고로|더)\s?(?:[가-힣]+\s)?(?:[가-힣]+)"
    r"|\b(?:most|least|more|less) \w+"
    r"|\b(?:high|low|larg|small|long|short|cheap|great|few|earli|lat|heavi|light)(?:est|er)\b",
    re.IGNORECASE,
)
#: The same of rows that a question names: 1급과 2급 가운데 먼저 치르는 시험.
_FIRST = re.compile(r"먼저|나중")
_LEAST = re.compile(
    r"(?<!비)[싸싼]|저렴|낮|적|작|짧|좁|가벼|가볍|얇|가까|이른|일찍|빠른|빨리|먼저|least|less|low|small|short|cheap|few|earli|light",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"비싸|비싼|비쌉|높|많|크|큰|긴|길|오래|넓|무거|무겁|두꺼|두껍|멀|먼(?!저)|늦|나중|most|more|high|larg|long|great|lat|heavi",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(r"차이|\bdifference\b", re.IGNORECASE)
#: Which numbers are meant where no column is named: money, a length of time, a date.
_DATE = ("year", "월", "day of a month")
_MEANT = (
    (re.compile(r"[싸싼쌉]|저렴|cheap|expensive", re.IGNORECASE), {"원", "달러", "유로"}),
    (re.compile(r"긴|길|짧|오래|long|short", re.IGNORECASE), {SECOND, MONTH}),
    (re.compile(r"먼저|나중|늦|이른|일찍|earli|lat", re.IGNORECASE), {_DATE[0], CLOCK}),
)
#: Rows of which a question that compares two names each.
_TWO = 2
#: A value of a cell in the unit of its kind: the first one that is written, or a date as one number.
_Value = tuple[Fraction, str]


@dataclass(frozen=True)
class Compared:
    """Whether the rows of a table agree with an answer, and the row that says so."""

    agrees: bool
    row: int


def compared(question: str, answer: str, table: Table) -> Compared | None:
    """Return what the rows of a table say about an answer, or None where the question compares none of them.

    Rows that the question names are compared with each other, else all of them.
    """
    rows = {at: row for at, row in enumerate(table.rows) if at and len(row) == len(table.rows[0])}
    if table.layout != "header" or len(rows) < _TWO:
        return None
    named = [at for at, row in rows.items() if _names(question, row[0])]
    if _DIFFERENCE.search(question):
        return _difference(question, answer, table, named) if len(named) == _TWO else None
    extreme = _EXTREME.search(question) or (_FIRST.search(question) if len(named) >= _TWO else None)
    among = named if len(named) >= _TWO else list(rows)
    answered = [at for at in among if _names(answer, rows[at][0])]
    values = _column(question, table, among) if extreme and answered else None
    is_least, is_most = (extreme and one.search(extreme[0]) is not None for one in (_LEAST, _MOST))
    if not values or is_least == is_most:
        return None
    best = min(values.values()) if is_least else max(values.values())
    winners = [at for at, value in values.items() if value == best]
    return Compared(answered == winners, winners[0])


def _difference(question: str, answer: str, table: Table, named: list[int]) -> Compared | None:
    values = _column(question, table, named)
    if not values or len({unit for _, unit in values.values()}) > 1:
        return None
    (one, unit), (other, _) = values.values()
    said = {(each.value, each.unit.removesuffix("p")) for each in quantities(answer)}
    return Compared((abs(one - other), unit) in said, named[0])


def _names(text: str, label: str) -> bool:
    """Tell whether a text has all words of a row's label: 1급과 2급 names both rows."""
    said = normal_form(text)
    return bool(normal_form(label)) and all(normal_form(word) in said for word in label.split())


def _column(question: str, table: Table, among: Collection[int]) -> Mapping[int, _Value] | None:
    """Return the values of the one column that is compared: named by the question, or of the kind that it means."""
    columns = {
        at: values
        for at in range(1, len(table.rows[0]))
        if (values := {row: value for row in among if (value := _value(table.rows[row][at]))})
        and len(values) == len(among)
        and len({unit for _, unit in values.values()}) == 1
    }
    headers = {at: content_words(table.rows[0][at]) for at in columns}
    named = [at for at, words in headers.items() if words and all(has_word(question, word) for word in words)]
    meant: set[str] = set().union(*(units for asks, units in _MEANT if asks.search(question)))
    fit = named or [at for at, values in columns.items() if next(iter(values.values()))[1] in meant]
    last = max(fit, key=lambda at: question.rfind(table.rows[0][at]), default=None)  # 비용과 소요 시간에서 소요 시간이
    return columns[last] if last is not None and (named or len(fit) == 1) else None


def _value(cell: str) -> _Value | None:
    """Return the number that a cell begins with, or its date."""
    found = quantities(cell)
    if not found:
        return None
    parts = {one.unit: one.value for one in reversed(found)}
    if all(unit in parts for unit in _DATE):
        year, month, day = (parts[unit] for unit in _DATE)
        return year * 10_000 + month * 100 + day, _DATE[0]
    return found[0].value, found[0].unit
