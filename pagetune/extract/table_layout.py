"""Tell what the cells of a table are: a header row, a header in the first column, or labels and values of a form."""

import re
from dataclasses import replace
from typing import Literal

from pagetune.extract.tables import FoundTable

Layout = Literal["header", "turned", "form"]
#: Texts of the cells, row by row.
Rows = list[list[str]]

#: The least share of a column's cells that are coloured where the column holds labels.
MOSTLY = 0.7
#: A header has at most this many rows.
MAX_HEADER_ROWS = 3
#: A title inside of a table, over all its columns, has at most this many characters.
MAX_TITLE = 60
#: A label or the name of a column has at most this many characters.
MAX_LABEL = 25
#: The headers of a table of two columns that name no column by themselves.
_GENERIC = re.compile(
    r"구분|항목|내용|비고|이름|성명|값|금액|요금|기간|일정|날짜|수량|비율|단위|설명|분류|종류|명칭|비중|편입비중|연락처|전화번호"
    r"|item|name|value|description|key|field|price|fee|date|amount|type",
    re.IGNORECASE,
)
#: What stands in the corner of a table whose first row and first column are names.
_CORNER = re.compile(r"구\s*분|항\s*목|분\s*류|종\s*류|유\s*형|번\s*호|순\s*번|연\s*번|No\.?|#", re.IGNORECASE)
_DIGITS = re.compile(r"[\d.,]+")
#: A cell that is a value: an amount, a date, a number, a share, a mark.
_VALUE = re.compile(r"[-+△▲▽▼]?[\d,.]+ ?[^\W\d_%]{0,4}%?|.*\d{2,}.*\d.*|[-–○●×√✓✔◎]|.*@.*|https?:.*")


def layout_of(table: FoundTable) -> Layout:
    """Tell the layout of a table by its coloured cells, or where none stand out by what its cells hold."""
    if len(table.rows[0]) > 2 and _merged_rows(table) >= len(table.rows) / 2:
        return "form"
    if 0 < len(table.shaded) < len(table.rows) * len(table.rows[0]):
        found = _layout_by_color(table)
        if found:
            return found
    return _layout_by_text(table.rows)


def _layout_by_color(table: FoundTable) -> Layout | None:
    """Return the layout that coloured cells show: those of a header, or of labels. None if they show neither."""
    rows, shaded, columns = table.rows, table.shaded, len(table.rows[0])
    if all((0, column) in shaded or not rows[0][0] for column in range(columns)):
        return "header"
    shares = [sum((row, column) in shaded for row in range(len(rows))) / len(rows) for column in range(columns)]
    if shares[0] < MOSTLY:
        return None
    more_labels = any(share > 1 - MOSTLY for share in shares[1:])
    return "form" if columns == 2 or more_labels or _merged_rows(table) else "turned"


def _merged_rows(table: FoundTable) -> int:
    """Return how many rows have one value over all columns but that of the label."""
    columns = range(2, len(table.rows[0]))
    return sum(all(_is_merged_right(table, row, column) for column in columns) for row in range(len(table.rows)))


def _is_merged_right(table: FoundTable, row: int, column: int) -> bool:
    """Return whether a cell belongs to one that begins to the left of it."""
    return (row, column) in table.filled and table.rows[row][column] == table.rows[row][column - 1]


def _layout_by_text(rows: Rows) -> Layout:
    """Return the layout that the texts show. Only the corner of a header may be without a name."""
    first, columns = rows[0], len(rows[0])
    labels = [row[0] for row in rows]
    if columns == 2:
        return "header" if _names_columns(rows) else "form"
    labelled = all(map(_is_label, labels)) and len(set(labels)) == len(rows)
    if labelled and _alike_in_rows(rows) > _alike_in_rows(_turn(rows)):
        return "turned"
    if _CORNER.fullmatch(first[0]) or (all(map(_is_label, first)) and len(set(first)) == columns):
        return "header"
    if all(map(_is_label, filter(None, labels))) and any(map(_is_value, first[1:])):
        alternating = columns % 2 == 0 and all(
            _is_label(row[column]) for row in rows for column in range(0, columns, 2)
        )
        if alternating and columns > 2:
            return "form"
        return "turned" if labelled else "header"
    return "header" if all(first[1:]) else "form"


def _turn(rows: Rows) -> Rows:
    return [list(column) for column in zip(*rows, strict=True)]


def _alike_in_rows(rows: Rows) -> float:
    """Return the share of rows, without the first, whose values are of one kind, such as weights in kg."""
    kinds = [{_DIGITS.sub("0", text) for text in row[1:]} for row in rows[1:] if len(row) > 2]
    return sum(len(found) == 1 and _DIGITS.search("".join(found)) is not None for found in kinds) / max(1, len(kinds))


def _is_generic(text: str) -> bool:
    return _GENERIC.fullmatch(text.replace(" ", "")) is not None


def _names_columns(rows: Rows) -> bool:
    """Return whether the first row of two columns names them, rather than being a label and its value."""
    left, right = rows[0]
    if not (left and right and _is_label(left) and _is_label(right)):
        return False
    if _is_generic(left) or _is_generic(right):
        return True
    if sum(_is_value(row[1]) for row in rows[1:]) > len(rows) / 2:
        return True
    alike = sum(row[0].endswith(left.split()[-1]) or not _is_label(row[0]) for row in rows[1:])
    return alike > (len(rows) - 1) / 2


def _is_label(text: str) -> bool:
    return bool(text) and len(text) <= MAX_LABEL and not _is_value(text)


def _is_value(text: str) -> bool:
    return _VALUE.fullmatch(text) is not None


def without_title(table: FoundTable) -> tuple[FoundTable, str]:
    """Return the table without a first row that is one cell over all columns, and the text of that cell."""
    title = table.rows[0][0]
    over_all = all((0, column) in table.filled for column in range(1, len(table.rows[0])))
    if not over_all or not title or len(title) > MAX_TITLE or len(table.rows) < 3 or (1, 0) in table.filled:
        return table, ""
    return _without_rows(table, table.rows[1:], 1), title


def with_one_header(table: FoundTable) -> FoundTable:
    """Join the rows of a header that has several: the name over some columns comes before each of theirs."""
    count = _header_rows(table)
    if count < 2:
        return table
    joined = [" ".join(dict.fromkeys(filter(None, names))) for names in zip(*table.rows[:count], strict=True)]
    one = _without_rows(table, [joined, *table.rows[count:]], count - 1)
    return replace(one, filled={(row, column) for row, column in one.filled if row > 0})


def _header_rows(table: FoundTable) -> int:
    """Return how many rows the header has: below a name over several columns stand their own names."""
    rows, count = table.rows, 1
    while count < min(MAX_HEADER_ROWS, len(rows) - 1) and _has_names_below(table, count):
        count += 1
    return count if count > 1 and not any(map(_is_value, rows[count - 1])) else 1


def _has_names_below(table: FoundTable, row: int) -> bool:
    """Return whether a name in the row above covers several columns of this row, and all others go on into it."""
    above, own = table.rows[row - 1], table.rows[row]
    wide = [column for column in range(1, len(above)) if _is_merged_right(table, row - 1, column)]
    if not wide or not all(own[column] and own[column] not in (above[column], own[column - 1]) for column in wide):
        return False
    parted = {*wide, *(column - 1 for column in wide)}
    return all(
        column in parted or (row, column) in table.filled or not (above[column] or text)
        for column, text in enumerate(own)
    )


def _without_rows(table: FoundTable, rows: Rows, gone: int) -> FoundTable:
    """Return the table with these rows; the marks of its cells move up by as many rows as are gone."""
    filled, shaded = (
        {(row - gone, column) for row, column in marks if row >= gone} for marks in (table.filled, table.shaded)
    )
    return replace(table, rows=rows, filled=filled, shaded=shaded)
