"""Put the blocks of a document on pages: those that the file knows, and parts of bounded length where it knows none."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from pagetune.extract.formats.flow import PAGE_BREAK, Block, Paragraph, TableBlock, text_of

#: No part of a long text is longer than this, in characters. It is cut before a heading after this many.
MAX_CHARACTERS, MIN_CHARACTERS = 3000, 1000
#: A page that ends at a page break is cut only if it has more: a printed page of two columns may have 4,000.
MAX_PRINTED = 6000


def paginate(blocks: list[Block]) -> list[list[Block]]:
    """Return the blocks of each page. A page begins at each page break, and where a page would be too long."""
    numbers = count(1)
    parts: list[list[Block]] = [[]]
    for block in blocks:
        if block is PAGE_BREAK:
            parts.append([])
        else:
            parts[-1].append(replace(block, number=next(numbers)) if isinstance(block, TableBlock) else block)
    filled = [part for part in parts if part]
    most = MAX_PRINTED if len(filled) > 1 else MAX_CHARACTERS
    return [page for part in filled for page in ([part] if len(text_of(part)) <= most else _cut(part))]


def _cut(part: list[Block]) -> Iterator[list[Block]]:
    """Cut what stands between two page breaks into pages of at most MAX_CHARACTERS, as far as its blocks allow."""
    page, filled = list[Block](), 0
    for piece in (piece for block in part for piece in _pieces(block)):
        length = len(text_of([piece])) + 1
        starts = _is_heading(piece) and filled >= MIN_CHARACTERS
        if filled and (starts or filled + length > MAX_CHARACTERS):
            kept = _without_heading(page)
            yield kept
            page = page[len(kept) :]
            filled = len(text_of(page))
        page.append(piece)
        filled += length
    yield page


def _without_heading(page: list[Block]) -> list[Block]:
    """Return the page without the headings at its end, which belong to what follows them."""
    end = len(page)
    while end > 1 and _is_heading(page[end - 1]):
        end -= 1
    return page[:end]


def _is_heading(block: Block) -> bool:
    return isinstance(block, Paragraph) and block.heading > 0


def _pieces(block: Block) -> Iterator[Block]:
    """Cut a long table between rows, and a long paragraph between lines."""
    if isinstance(block, TableBlock):
        yield from _table_parts(block)
    elif isinstance(block, Paragraph) and len(block.text) > MAX_CHARACTERS:
        lines = block.text.split("\n")
        yield from (Paragraph(line, block.heading) for line in lines)
    else:
        yield block


def _table_parts(table: TableBlock) -> Iterator[TableBlock]:
    """Cut a table where no cell goes on into the next row. The parts have its number, and the first its caption."""
    rows: dict[int, int] = {}
    for cell in table.cells:
        rows[cell.row] = rows.get(cell.row, 0) + len(text_of(cell.blocks))
    bounds, filled = [0], 0
    for row in sorted(rows):
        crossed = any(cell.row < row < cell.row + cell.row_span for cell in table.cells)
        if filled and filled + rows[row] > MAX_CHARACTERS and not crossed:
            bounds.append(row)
            filled = 0
        filled += rows[row]
    for index, (top, bottom) in enumerate(zip(bounds, [*bounds[1:], None], strict=True)):
        cells = [
            replace(cell, row=cell.row - top) for cell in table.cells if top <= cell.row < (bottom or cell.row + 1)
        ]
        last = bottom is None
        has_caption = index == 0 if table.caption_above else last
        yield replace(table, cells=cells, caption=table.caption if has_caption else [])
