"""The facts of a table with a row of headers: each cell with the names of its row and its column."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pagetune.build_qa.tables.cells import (
    has_letters,
    has_value,
    is_list_of_rows,
    is_name,
    is_number,
    is_row_number,
    is_total,
    plain_name,
    says_no,
    says_yes,
)
from pagetune.build_qa.tables.headers import (
    ACCOUNTS,
    DAY,
    DAYS_NAME,
    GENERIC,
    KEY,
    NUMBERS_NAME,
    OF_SERIES,
    can_be_asked,
    in_full,
    is_key,
    is_value,
    key_and_unit,
    kind_of,
    spelled_out,
    tells,
)
from pagetune.build_qa.tables.units import unit_among, unit_fits

Rows = list[list[str]]
Places = set[tuple[int, int]]


@dataclass(frozen=True)
class Fact:
    """The value of a cell in row `row` and column `column`, both from 0.

    `subject` has the names of what the value belongs to, the group first. `kind` is the header above the last of them
    ("과정"), or empty. `key` is what the value says of the subject ("수강료"), or empty where the table has no word for
    it. `unit` is the unit that the header gives.
    """

    row: int
    column: int
    subject: tuple[str, ...]
    kind: str
    key: str
    value: str
    unit: str = ""


_FIGURE = re.compile(r"(?:비율|비중|구성비|[가-힣](?:율|률)|금액|[가-힣]액|단가|건수|인원|면적|수량|매출)$")
#: A number with its unit, which names nothing: 0.000094 sec.
_IS_MEASURE = re.compile(r"[\d.,]+\s?(?:sec|ms|kg|km|cm|mm|GB|MB|%|℃|㎡)")
_IS_PERSON = re.compile(r"성\s?명|이\s?름")
#: A unit behind the name of a row: 증감률(%).
_BEHIND = re.compile(r"\s?\([^()]*\)$")
#: A value that stands in several columns is told of each where it is this short, and where they are of one kind, such
#: as days; a longer one may be a remark.
_MAX_MERGED_VALUE = 15


def unambiguous(facts: Iterable[Fact]) -> list[Fact]:
    """Return each fact once, without cells that the table names alike and that differ."""
    found = list(facts)
    values: dict[tuple[tuple[str, ...], str], set[str]] = defaultdict(set)
    for fact in found:
        values[fact.subject, fact.key].add(fact.value)
    kept = {(fact.subject, fact.key): fact for fact in reversed(found) if len(values[fact.subject, fact.key]) == 1}
    return list(reversed(kept.values()))


def with_unit(fact: Fact, units: list[str]) -> Fact:
    """Give a number the unit that the table's note says; a change in brackets loses them: (△14.6) is △14.6%."""
    key, value = fact.key or fact.subject[-1], fact.value.strip()
    unit, bare = fact.unit or unit_among(units, key, value), value.strip("()")
    if not is_number(bare) or not unit_fits(unit, key):
        return fact
    return replace(fact, unit=unit, value=bare) if unit and (bare == value or unit.startswith("%")) else fact


def header_facts(rows: Rows, filled: Places) -> Iterator[Fact]:
    """Read a table with a header row; a row by itself can be named by the headers alone, and then has no subject."""
    rows = [spelled_out(rows[0]), *rows[1:]]
    labels, keys = _label_columns(rows, filled)
    keys = [column for column in keys if can_be_asked(rows[0], column)]
    if len(rows) == 2 and labels and _is_lone_value(rows[1][labels[0]], rows[0]):
        labels, keys = [], [column for column in range(len(rows[0])) if can_be_asked(rows[0], column)]
    turned = set(keys) if labels and _keys_are_labels(rows, labels, keys) else _series(rows, labels, keys)
    lone = len(keys) == 1
    for row, column in ((row, column) for row in range(1, len(rows)) for column in keys):
        names = _row_names(rows[0], rows[row], labels)
        if (names or not labels) and is_told(rows, filled, row, column):
            value = rows[row][column]
            if column in turned or (names and _is_figure_of(rows[0][column], names[-1], value)):
                key, unit = key_and_unit(names[-1], value)
                kind = "" if OF_SERIES.fullmatch(rows[0][column].strip()) else kind_of(rows[0][labels[-1]])
                yield Fact(row, column, (*names[:-1], plain_name(rows[0][column])), kind, key, value, unit)
            else:
                key, unit = key_and_unit(rows[0][column], value)
                key = "" if lone and names and has_letters(names[-1]) and GENERIC.fullmatch(key) else key
                yield Fact(row, column, names, kind_of(rows[0][labels[-1]]) if labels else "", key, value, unit)


def _is_figure_of(header: str, name: str, value: str) -> bool:
    """Tell whether the row names a figure, and the column whose it is: 미국 has a 증감률 of 29.8%."""
    is_thing = has_letters(header) and not (is_key(header) or OF_SERIES.fullmatch(header.strip()))
    is_figure = _FIGURE.search(_BEHIND.sub("", name)) is not None and re.search(r"\d", value[:4]) is not None
    return is_thing and is_figure and not GENERIC.fullmatch(header.strip())


def turned_facts(rows: Rows, filled: Places) -> Iterator[Fact]:
    """Read a table whose first column has the keys and whose first row names what they are told of."""
    for row in range(1, len(rows)):
        for column in range(1, min(len(rows[row]), len(rows[0]))):
            name, label = rows[0][column], rows[row][0]
            if is_name(name) and is_name(label) and is_told(rows, filled, row, column):
                key, unit = key_and_unit(label, rows[row][column])
                yield Fact(row, column, (plain_name(name),), kind_of(rows[0][0]), key, rows[row][column], unit)


def is_turned(rows: Rows) -> bool:
    """Tell whether the first column can have the keys: some of its cells are, or the first row has none either."""
    labels = [plain_name(row[0]) for row in rows[1:]]
    above = [cell.strip() for cell in rows[0][1:]]
    has_keys = any(map(is_key, labels))
    return has_keys or not all(KEY.search(cell) or OF_SERIES.fullmatch(cell) for cell in above)


def _label_columns(rows: Rows, filled: Places) -> tuple[list[int], list[int]]:
    """Return the columns that name the rows, and those that tell of them.

    The first column names the rows, unless it has their numbers; so do the columns that divide its merged cells. Where
    names come again, the second column names the rows if it can. Where there are only names, the last one does.
    """
    header, body = rows[0], [row for row in rows[1:] if len(set(row)) > 1 and any(map(has_letters, row))]
    columns = range(len(header))
    first = next((c for c in columns if not _numbers_rows(header[c], [row[c] for row in body])), None)
    if first is None or first >= len(header) - 1:
        return [], []
    person = next((c for c in columns if c < len(header) - 1 and _IS_PERSON.fullmatch(header[c].strip())), None)
    if person is not None and _are_names(body, person):
        return [person], [c for c in columns if c != person and c >= first]
    labels = [first]
    while labels[-1] < len(header) - 2 and _is_divided(rows, filled, labels[-1]):
        labels.append(labels[-1] + 1)
    if (
        len(labels) > 1
        and labels[-1] == len(header) - 2
        and (0, len(header) - 1) not in filled
        and not tells(header[-1])
        and _are_names(body, len(header) - 1)
    ):
        return [len(header) - 1], labels
    if len(labels) == 1 and len(header) > 2 and _comes_again(body, first) and _are_names(body, first + 1):
        return [first + 1], [c for c in columns if c >= first and c != first + 1]
    return labels, [c for c in columns if c > labels[-1]]


def _numbers_rows(header: str, cells: list[str]) -> bool:
    names_nothing = not has_letters(header) or GENERIC.fullmatch(header.strip()) is not None
    return is_row_number(header) or (
        names_nothing and bool(cells) and all(re.fullmatch(r"\d{1,3}\.?", cell.strip()) for cell in cells)
    )


def _is_divided(rows: Rows, filled: Places, column: int) -> bool:
    """Tell whether the next column names the parts of this one: the header covers both, or merged cells have parts."""
    header = rows[0]
    if (0, column + 1) in filled and header[column + 1] == header[column]:
        return True
    if (header[column].strip(), header[column + 1].strip()) == ("월", "일"):
        return True
    merged = [rows[first:last] for first, last in _merged(rows, filled, column)]
    following = [row[column + 1] for row in rows[1:] if row[column + 1].strip()]
    names = [cell for cell in following if is_name(cell) and not is_number(cell)]
    are_apart = sum(len({row[column + 1] for row in group}) > 1 for group in merged) * 2 > len(merged)
    return are_apart and len(names) * 4 >= len(following) * 3 and not tells(header[column + 1])


def _merged(rows: Rows, filled: Places, column: int) -> list[tuple[int, int]]:
    """Return the first row of each merged cell of a column, and the row after its last."""
    copies = [
        row > 1 and (row, column) in filled and cells[column] == rows[row - 1][column] for row, cells in enumerate(rows)
    ]
    starts = [row for row in range(1, len(rows)) if not copies[row]] + [len(rows)]
    return [(first, last) for first, last in pairwise(starts) if last - first > 1]


def _are_names(body: Rows, column: int) -> bool:
    """Tell whether a column has a short name of its own for each row."""
    cells = [row[column].strip() for row in body if row[column].strip()]
    return (
        len(cells) > 1 and len(set(cells)) == len(cells) and all(is_name(cell) and not is_value(cell) for cell in cells)
    )


def _comes_again(body: Rows, column: int) -> bool:
    cells = [row[column].strip() for row in body if row[column].strip()]
    return len(set(cells)) < len(cells)


def _is_lone_value(cell: str, header: list[str]) -> bool:
    """Tell whether the first cell of the only row is a value like the others, rather than the row's name."""
    korean = any(re.search("[가-힣]", name) for name in header)
    if OF_SERIES.fullmatch(cell.strip()):
        return False
    return re.match(r"\d", cell.strip()) is not None or (korean and not re.search("[가-힣]", cell))


def _row_names(header: list[str], row: list[str], columns: list[int]) -> tuple[str, ...]:
    """Return the names of a row, or nothing where it has no name, or is a total that no group precedes."""
    cells = {row[column].strip(): header[column] for column in columns if row[column].strip()}
    are_names = all(_can_name(name, above) for name, above in cells.items())
    if not cells or not row[columns[-1]].strip() or not are_names or is_total(next(iter(cells))):
        return ()
    return tuple(in_full(plain_name(name)) for name in cells)


def _can_name(cell: str, header: str) -> bool:
    """Tell whether a cell can name a row; a number or a day can below a header such as 코드 or 일자."""
    if _IS_MEASURE.fullmatch(cell):
        return False
    if DAY.fullmatch(cell):
        return DAYS_NAME.search(header.strip()) is not None
    return is_name(cell) or (is_number(cell) and NUMBERS_NAME.search(header) is not None)


def is_told(rows: Rows, filled: Places, row: int, column: int) -> bool:
    """Tell whether a cell has a value or a mark that is its own column's."""
    cells = rows[row]
    value = cells[column] if column < len(cells) else ""
    if says_yes(value) or says_no(value):
        return _has_only_marks([other[column] for other in rows[1:] if column < len(other)])
    if (
        not has_value(value)
        or is_total(value)
        or value == rows[0][column]
        or (is_list_of_rows(value) and len(value) < 60)
    ):
        return False
    beside = [c for c in (column - 1, column + 1) if 0 <= c < len(cells) and cells[c] == value]
    across = [c for c in beside if (row, max(column, c)) in filled]
    is_shared = len(value) <= _MAX_MERGED_VALUE and not any(KEY.search(rows[0][c].strip()) for c in (column, *across))
    return not across or is_shared


def _has_only_marks(cells: list[str]) -> bool:
    """Tell whether a column is there to be ticked. A third sign, such as △, needs a legend to be understood."""
    marks = [cell.strip() for cell in cells if re.search(r"\S", cell) and not re.fullmatch(r"[-–—―]", cell.strip())]
    return all(says_yes(mark) or says_no(mark) for mark in marks)


def _keys_are_labels(rows: Rows, labels: list[int], keys: list[int]) -> bool:
    """Tell whether the rows are named by what is told (장점, 비용) and the columns by what it is told of."""
    header, above_names = rows[0], rows[0][labels[-1]].strip()
    if not keys:
        return False
    names = [plain_name(row[labels[-1]]) for row in rows[1:] if row[labels[-1]].strip()]
    told = sum(map(is_key, names))
    above = sum(bool(KEY.search(header[c].strip()) or GENERIC.fullmatch(header[c].strip())) for c in keys)
    if GENERIC.fullmatch(above_names):
        return told * 2 >= len(names) and above == 0
    return told * 4 >= len(names) * 3 and above == 0 and not ACCOUNTS.search(above_names)


def _series(rows: Rows, labels: list[int], keys: list[int]) -> set[int]:
    """Return the columns of years or months of rows that are accounts or figures: 2023년 매출액."""
    if not labels or not (GENERIC.fullmatch(rows[0][labels[-1]].strip()) or ACCOUNTS.search(rows[0][labels[-1]])):
        return set()
    if any(OF_SERIES.fullmatch(plain_name(row[labels[-1]])) for row in rows[1:]):
        return set()
    return {column for column in keys if OF_SERIES.fullmatch(rows[0][column].strip())}
