"""Put the blocks of a document on pages: those that the file knows, and parts of bounded length where it knows none."""

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from pagetune.extract.formats.flow import PAGE_BREAK, Block, Cell, Paragraph, TableBlock, text_of

#: No part of a long text is longer than this, in characters. It is cut before a heading after this many.
MAX_CHARACTERS, MIN_CHARACTERS = 3000, 1000
#: A page that ends at a page break is cut only if it has more: a printed page of two columns may have 4,000.
MAX_PRINTED = 6000
_SENTENCE_END = re.compile(r"""[.?!…。][)\]"'’”」』]*\s""")


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
        if (starts or filled + length > MAX_CHARACTERS) and text_of(page):
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
        lines = (part for line in block.text.split("\n") for part in _line_parts(line))
        yield from (Paragraph(line, block.heading) for line in lines)
    else:
        yield block


def _line_parts(line: str) -> Iterator[str]:
    """Cut a line that is too long for a page at the last end of a sentence, else at the last space, else anywhere."""
    start = 0
    while len(line) - start > MAX_CHARACTERS:
        end = start + MAX_CHARACTERS
        sentences = [found.end() for found in _SENTENCE_END.finditer(line, start + MIN_CHARACTERS, end)]
        cut = sentences[-1] if sentences else line.rfind(" ", start, end) + 1
        cut = cut if cut > start else end
        yield line[start:cut].strip()
        start = cut
    yield line[start:]


def _table_parts(table: TableBlock) -> Iterator[TableBlock]:
    """Cut a table where no cell goes on into the next row. The parts have its number, and the first its caption."""
    bounds = _bounds(table)
    parts: list[list[Cell]] = [[] for _ in bounds]
    for cell in table.cells:
        part = bisect(bounds, cell.row) - 1
        parts[part].append(replace(cell, row=cell.row - bounds[part]))
    with_caption = parts[0] if table.caption_above else parts[-1]
    for cells in parts:
        yield replace(table, cells=cells, caption=table.caption if cells is with_caption else [])


def _bounds(table: TableBlock) -> list[int]:
    """Return the rows at which the parts of a table begin, with at most MAX_CHARACTERS where its cells allow it."""
    lengths: dict[int, int] = {}
    ends: dict[int, int] = {}
    for cell in table.cells:
        lengths[cell.row] = lengths.get(cell.row, 0) + len(text_of(cell.blocks))
        ends[cell.row] = max(ends.get(cell.row, 0), cell.row + cell.row_span)
    bounds, filled, reach = [0], 0, 0
    for row in sorted(lengths):
        if filled and filled + lengths[row] > MAX_CHARACTERS and reach <= row:
            bounds.append(row)
            filled = 0
        filled += lengths[row]
        reach = max(reach, ends[row])
    return bounds
