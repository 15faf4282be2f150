"""Find rows that have no ruling lines between them, from the heights of the lines of text in their columns."""

from collections.abc import Iterator
from itertools import chain, pairwise
from typing import NamedTuple

from pagetune.extract.columns import WordLine, group_into_lines
from pagetune.extract.grid import Cell, Grid, words_by_cell
from pagetune.extract.word_boxes import Word

#: A column may list values if it has at least this many lines, most of which end although the next word would have
#: fitted, or this many in any case, as narrow columns of labels do.
MIN_EARLY, MIN_ANY = 4, 6
#: Columns of numbers need fewer lines, but there must be three of them.
MIN_NUMBERS, MIN_NUMBER_COLUMNS = 3, 3
#: The least share of lines that end early, and of lines at the height of a line in the other column.
MOSTLY = 0.7
#: Labels of rows begin within this many font sizes of the leftmost one.
LABEL_WITHIN = 4.0
#: What a cell keeps free beside its text, in points.
PADDING = 8.0


class Band(NamedTuple):
    """The rows of a grid from `top` up to, but not including, `bottom`, and the words of each row that is there."""

    top: int
    bottom: int
    rows: list[WordLine]


def with_rows_between_lines(grid: Grid, words: list[Word]) -> Grid:
    """Part the rows of a grid that are really several rows."""
    inside = words_by_cell(grid, words)
    bands = [Band(top, bottom, _rows_in(grid, top, bottom, inside)) for top, bottom in _bands(grid)]
    return _with_rows(grid, [band for band in bands if len(band.rows) > 1])


def _bands(grid: Grid) -> Iterator[tuple[int, int]]:
    """Yield the first row and one after the last of the parts of a grid that no cell connects to the others."""
    inner = {row for cell in grid.cells for row in range(cell.top + 1, cell.bottom)}
    top = 0
    for row in range(1, len(grid.ys)):
        if row not in inner:
            yield top, row
            top = row


#: The cells of a band by the first and one after the last column of the grid that they cover, each with its words.
Columns = dict[tuple[int, int], list[list[Word]]]


def _rows_in(grid: Grid, top: int, bottom: int, inside: dict[Cell, list[Word]]) -> list[WordLine]:
    """Return the words of each row of a band, or nothing where it is one row."""
    cells = [cell for cell in grid.cells if top <= cell.top < bottom]
    columns: Columns = {(cell.left, cell.right): [] for cell in cells}
    if sum(right - left for left, right in columns) != len(grid.xs) - 1:
        return []
    for cell in cells:
        columns[cell.left, cell.right].append(inside[cell])
    if not _lists_rows(grid, columns):
        return []
    rows = _rows({span: list(chain.from_iterable(found)) for span, found in columns.items()})
    return rows if _have_labels(rows) else []


def _have_labels(rows: list[WordLine]) -> bool:
    """Return whether most rows have a word where the leftmost of their words begin."""
    left = min(word.x0 for row in rows for word in row)
    width = max(word.size for row in rows for word in row)
    return sum(min(word.x0 for word in row) < left + LABEL_WITHIN * width for row in rows) >= MOSTLY * len(rows)


def _lists_rows(grid: Grid, columns: Columns) -> bool:
    lines = {span: max(map(group_into_lines, cells), key=len) for span, cells in columns.items()}
    numbers = [found for found in lines.values() if len(found) >= MIN_NUMBERS and all(map(_is_number, found))]
    if len(numbers) >= MIN_NUMBER_COLUMNS and len({len(found) for found in numbers}) == 1:
        return True
    early = [
        len(found) >= MIN_EARLY and _ends_early(found, grid.xs[right] - grid.xs[left])
        for (left, right), found in lines.items()
    ]
    listing = [found for found, ends in zip(lines.values(), early, strict=True) if ends or len(found) >= MIN_ANY]
    return any(early) and len(listing) > 1 and all(_at_same_heights(one, other) for one, other in pairwise(listing))


def _ends_early(lines: list[WordLine], width: float) -> bool:
    """Return whether most lines end although the first word of the next one would have fitted."""
    early = [
        line[-1].x1 - line[0].x0 + below[0].x1 - below[0].x0 + 0.3 * line[0].size < width - PADDING
        for line, below in pairwise(lines)
    ]
    return sum(early) >= MOSTLY * len(early)


def _is_number(line: WordLine) -> bool:
    return len(line) == 1 and line[0].text[-1].isdigit()


def _at_same_heights(one: list[WordLine], other: list[WordLine]) -> bool:
    fewer, more = sorted((one, other), key=len)
    beside = [any(abs(line[0].middle - found[0].middle) < 0.4 * line[0].size for found in more) for line in fewer]
    return sum(beside) >= MOSTLY * len(fewer)


def _rows(columns: dict[tuple[int, int], list[Word]]) -> list[WordLine]:
    """Return the words of each row: a line that only goes on with a later column belongs to the row above."""
    column = {word: span for span, words in columns.items() for word in words}
    first = min(columns)
    rows: list[WordLine] = []
    for line in group_into_lines(list(column)):
        spans = {column[word] for word in line}
        if rows and len(spans) == 1 and first not in spans and spans <= {column[word] for word in rows[-1]}:
            rows[-1] += line
        else:
            rows.append(list(line))
    return rows


def heights_between(rows: list[WordLine]) -> list[float]:
    """Return the heights, in points, in the middle between the words of neighbouring rows."""
    return [
        (max(word.bottom for word in above) + min(word.top for word in below)) / 2 for above, below in pairwise(rows)
    ]


def _with_rows(grid: Grid, bands: list[Band]) -> Grid:
    """Return the grid with the rows of each band in the place of its own."""
    ys = list(grid.ys)
    more = [
        sum(len(band.rows) - band.bottom + band.top for band in bands if band.bottom <= row) for row in range(len(ys))
    ]
    parted = {row for band in bands for row in range(band.top, band.bottom)}
    cells = [_moved_down(cell, more[cell.top]) for cell in grid.cells if cell.top not in parted]
    for top, bottom, rows in reversed(bands):
        ys[top + 1 : bottom] = heights_between(rows)
        spans = sorted({(cell.left, cell.right) for cell in grid.cells if top <= cell.top < bottom})
        first = top + more[top]
        cells += [Cell(row, left, row + 1, right) for row in range(first, first + len(rows)) for left, right in spans]
    return Grid(grid.xs, ys, cells)


def _moved_down(cell: Cell, rows: int) -> Cell:
    return Cell(cell.top + rows, cell.left, cell.bottom + rows, cell.right) if rows else cell
