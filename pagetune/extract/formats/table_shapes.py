"""Tell tables from frames around text, and leave out what only the layout of a table needs.

The rules are those for the tables of PDFs (`extract/tables.py`), on cells that the file names.
"""

import re
from bisect import bisect, bisect_left
from collections.abc import Iterator
from dataclasses import replace

from pagetune.extract.formats.flow import Block, Cell, Note, Paragraph, TableBlock, text_of, without_breaks

#: The number, letter or bullet in the first cell of a frame around a heading: "Ⅰ | 사업 개요".
_HEADING_NUMBER = re.compile(
    r"(?:제?\s?\d{1,2}\s?[장절편부]?|[Ⅰ-Ⅻ]+|[IVX]+|[가-하A-Z]|[①-⑳]|붙임|별첨|참고)[.)]?\s?\d{0,2}"
)
#: A heading in a frame has at most this many characters.
_MAX_HEADING = 60


def simplify(blocks: list[Block]) -> list[Block]:
    """Return the blocks with frames as their text, and tables without columns and rows that hold nothing."""
    return [found for block in blocks for found in _simplified(block)]


def _simplified(block: Block) -> Iterator[Block]:
    if isinstance(block, TableBlock):
        caption = simplify(block.caption)
        parts = [part for one in _parts(block) for part in _as_blocks(_compact(one))]
        if parts and isinstance(parts[0], TableBlock) and len(parts) == 1:
            yield replace(parts[0], caption=caption, caption_above=block.caption_above)
        else:
            yield from [*caption, *parts] if block.caption_above else [*parts, *caption]
    elif isinstance(block, Note):
        yield Note(simplify(block.blocks))
    else:
        yield block


def _parts(table: TableBlock) -> Iterator[TableBlock]:
    """Split a table at rows that are one empty cell from side to side: these lie between tables."""
    cells = [replace(cell, blocks=simplify(without_breaks(cell.blocks))) for cell in table.cells]
    width = max((cell.column + cell.column_span for cell in cells), default=0)
    gaps = {cell.row for cell in cells if (cell.column, cell.column_span) == (0, width) and not text_of(cell.blocks)}
    rows = sorted(gaps)
    parts: list[list[Cell]] = [[] for _ in range(len(rows) + 1)]
    for cell in cells:
        if cell.row not in gaps:
            parts[bisect(rows, cell.row)].append(cell)
    yield from (TableBlock(part, number=table.number) for part in parts if part)
    yield from (TableBlock([cell]) for cell in cells if cell.row in gaps and cell.blocks and width > 0)


def _as_blocks(table: TableBlock) -> list[Block]:
    """Return the table, or the blocks of its cells if it is a frame around text or a heading."""
    cells = sorted(table.cells, key=lambda cell: (cell.row, cell.column))
    with_text = [cell for cell in cells if text_of(cell.blocks)]
    if is_table(with_text, cells):
        return [table]
    heading = " ".join(text_of(cell.blocks) for cell in with_text)
    if len(with_text) > 1 and len({cell.row for cell in with_text}) == 1 and len(heading) <= _MAX_HEADING:
        rest = [block for cell in cells for block in cell.blocks if not isinstance(block, Paragraph)]
        return (
            [Paragraph(heading), *rest] if not any(isinstance(block, TableBlock) for block in rest) else _inside(cells)
        )
    return _inside(cells)


def _inside(cells: list[Cell]) -> list[Block]:
    return [block for cell in cells for block in cell.blocks]


def is_table(with_text: list[Cell], cells: list[Cell]) -> bool:
    """Return whether cells with text stand side by side and in rows.

    A single row is a table if all its cells are filled, not all are coloured, and it is not a heading with its number.
    """
    if not with_text:
        return False
    if max(cell.column for cell in with_text) < min(cell.column + cell.column_span for cell in with_text):
        return False
    if len({cell.row for cell in with_text}) > 1:
        return True
    numbered = len(with_text) == 2 and _HEADING_NUMBER.fullmatch(text_of(with_text[0].blocks).replace(" ", ""))
    return len(with_text) == len(cells) and not numbered and not all(cell.shaded for cell in with_text)


def _compact(table: TableBlock) -> TableBlock:
    """Leave out the lines at which no cell begins, and then the rows and columns in which nothing stands."""
    for _ in range(2):  # without the empty cells, further lines may have no cell that begins there
        cells = _renumbered(table.cells)
        kept_rows = {row for cell in cells if text_of(cell.blocks) for row in _covered(cell, "row")}
        kept_columns = {column for cell in cells if text_of(cell.blocks) for column in _covered(cell, "column")}
        kept = [cell for cell in cells if _keeps(cell, kept_rows, kept_columns)]
        table = replace(table, cells=kept or cells)
    return replace(table, cells=_renumbered(table.cells))


def _covered(cell: Cell, side: str) -> range:
    start = getattr(cell, side)
    return range(start, start + getattr(cell, f"{side}_span"))


def _keeps(cell: Cell, rows: set[int], columns: set[int]) -> bool:
    """Return whether the cell has something in it, or stands in a row and a column in which something does."""
    in_both = any(row in rows for row in _covered(cell, "row")) and any(
        column in columns for column in _covered(cell, "column")
    )
    return bool(cell.blocks and not all(isinstance(block, Paragraph) for block in cell.blocks)) or in_both


def _renumbered(cells: list[Cell]) -> list[Cell]:
    """Return the cells in rows and columns that are counted from 0, without those in which no cell begins.

    The numbers in a file may be of any size; these are as many as its cells at most.
    """
    rows, columns = sorted({cell.row for cell in cells}), sorted({cell.column for cell in cells})
    found = []
    for cell in cells:
        row, column = bisect_left(rows, cell.row), bisect_left(columns, cell.column)
        tall = bisect_left(rows, cell.row + cell.row_span) - row
        wide = bisect_left(columns, cell.column + cell.column_span) - column
        found.append(replace(cell, row=row, column=column, row_span=max(1, tall), column_span=max(1, wide)))
    return found
