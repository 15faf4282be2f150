"""Read XLSX workbooks: a sheet begins a page, and each block of filled cells on it is a table or a line of text.

Hidden sheets, rows and columns are left out. Values are written as their cells show them.
"""

import io
import re
import warnings
from collections.abc import Iterator
from itertools import accumulate, groupby
from pathlib import Path
from typing import IO, Any, NamedTuple

from pagetune.extract.formats.flow import PAGE_BREAK, PICTURE, Block, Cell, Paragraph, TableBlock
from pagetune.extract.formats.number_formats import shown


class _Filled(NamedTuple):
    """A cell that shows something: where it is, how many rows and columns it covers, and whether it is coloured."""

    row: int
    column: int
    rows: int
    columns: int
    text: str
    shaded: bool


#: The name of a sheet that nobody has named, and the start of a remark below a table.
_UNNAMED, _REMARK = re.compile(r"(?:Sheet|시트) ?\d*"), re.compile(r"[※*＊]|주\s?\d?\s?[):]|\(?(?:출처|자료|단위|비고)")
_WHITE = ("FFFFFFFF", "00FFFFFF", "00000000")


def read_xlsx(file: Path | IO[bytes]) -> list[Block]:
    from openpyxl import load_workbook

    content = io.BytesIO(file.read_bytes()) if isinstance(file, Path) else file  # a name may have any suffix
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that change no value
        book, formulas = (load_workbook(content, data_only=only) for only in (True, False))
    blocks: list[Block] = []
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            named = "" if _UNNAMED.fullmatch(sheet.title) else sheet.title
            blocks += [PAGE_BREAK, Paragraph(named, heading=1)]
            blocks += [block for part in _regions(_cells(sheet, formulas[sheet.title])) for block in _block(part)]
            blocks += [PICTURE] * (len(sheet._images) + len(sheet._charts))
    return blocks


def _cells(sheet: Any, formulas: Any) -> list[_Filled]:
    """Return the cells that show something, numbered without hidden rows and columns."""
    spans = {(area.min_row, area.min_col): (area.max_row, area.max_col) for area in sheet.merged_cells.ranges}
    rows, columns = _places(sheet.max_row, _hidden_rows(sheet)), _places(sheet.max_column, _hidden_columns(sheet))
    found: list[_Filled] = []
    for _, cell in sorted(sheet._cells.items()):  # iter_rows makes a cell for every place up to the last one
        text = _text(cell, formulas)
        if text.strip():
            bottom, right = spans.get((cell.row, cell.column), (cell.row, cell.column))
            tall, wide = rows[bottom] - rows[cell.row - 1], columns[right] - columns[cell.column - 1]
            if tall and wide:
                at = rows[cell.row - 1], columns[cell.column - 1]
                found.append(_Filled(*at, tall, wide, text, _is_colored(cell)))
    return found


def _places(last: int, hidden: set[int]) -> list[int]:
    """Return for each row or column, and for 0, how many up to it are shown."""
    return list(accumulate((number not in hidden for number in range(1, last + 1)), initial=0))


def _hidden_rows(sheet: Any) -> set[int]:
    return {row for row, dimension in sheet.row_dimensions.items() if dimension.hidden}


def _hidden_columns(sheet: Any) -> set[int]:
    hidden = [one for one in sheet.column_dimensions.values() if one.hidden]
    return {column for one in hidden for column in range(one.min or 0, (one.max or 0) + 1)}


def _text(cell: Any, formulas: Any) -> str:
    """Return what a cell shows; of a formula whose value is not stored, the formula."""
    if cell.value is not None:
        return shown(cell.value, cell.number_format or "General")
    if cell.data_type != "n":  # the value is stored, and is an empty text
        return ""
    formula = formulas._cells.get((cell.row, cell.column))
    return formula.value if formula is not None and isinstance(formula.value, str) else ""


def _is_colored(cell: Any) -> bool:
    fill = cell.fill
    return bool(fill and fill.fill_type == "solid" and fill.fgColor.rgb not in _WHITE)


def _regions(cells: list[_Filled]) -> Iterator[list[_Filled]]:
    """Split the cells of a sheet at its empty rows and columns, from top to bottom and left to right."""
    for by_column in (False, True):
        parts = _split(cells, by_column=by_column)
        if len(parts) > 1:
            for part in parts:
                yield from _regions(part)
            return
    if cells:
        yield cells


def _split(cells: list[_Filled], *, by_column: bool) -> list[list[_Filled]]:
    """Split cells where no cell covers a row, or a column."""
    spans = {cell: (cell.column, cell.columns) if by_column else (cell.row, cell.rows) for cell in cells}
    parts: list[list[_Filled]] = []
    reach = -1
    for cell in sorted(cells, key=lambda cell: (spans[cell][0], cell)):
        start, length = spans[cell]
        if not parts or start > reach:
            parts.append([])
        parts[-1].append(cell)
        reach = max(reach, start + length)
    return parts


def _block(part: list[_Filled]) -> Iterator[Block]:
    """Yield a table, and as text the cells above it that have a row to themselves, and such a remark below it."""
    rows = [list(cells) for _, cells in groupby(sorted(part), key=lambda cell: cell.row)]
    top = next((index for index, cells in enumerate(rows) if len(cells) > 1), len(rows))
    end = len(rows)
    while end > top and len(rows[end - 1]) == 1 and _REMARK.match(rows[end - 1][0].text):
        end -= 1
    yield from (Paragraph(cells[0].text) for cells in rows[:top])
    if top < end:
        yield _table([cell for cells in rows[top:end] for cell in cells])
    yield from (Paragraph(cells[0].text) for cells in rows[end:])


def _table(part: list[_Filled]) -> TableBlock:
    top, left = min(cell.row for cell in part), min(cell.column for cell in part)
    filled = [
        Cell(one.row - top, one.column - left, one.rows, one.columns, [Paragraph(one.text)], one.shaded) for one in part
    ]
    taken = {
        (cell.row + down, cell.column + right)
        for cell in filled
        for down in range(cell.row_span)
        for right in range(cell.column_span)
    }
    bottom, end = max(row for row, _ in taken) + 1, max(column for _, column in taken) + 1
    places = ((row, column) for row in range(bottom) for column in range(end))
    return TableBlock([*filled, *(Cell(*place, 1, 1, []) for place in places if place not in taken)])
