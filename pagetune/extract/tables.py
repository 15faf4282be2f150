"""Read the tables of a page: which grids are tables, the text of each cell, merged cells, tables inside of cells."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pagetune.extract.cells import fit, without_underlines
from pagetune.extract.columns import WordLine, group_into_lines
from pagetune.extract.grid import Cell, Grid, find_grids, find_rules
from pagetune.extract.letters import clean_line, join_spaced_letters
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.word_boxes import Box, Word

#: What starts an item of a list in a cell; lines are joined up to the next one.
_ITEM = re.compile(r"[•●○◯◎■□◦▪▶▷◇◆➔⇒☞※ㅇ*-] ?|[①-⑳]|\d{1,2}[.)] |[가-하][.)] |\(\d{1,2}\) ")


@dataclass
class FoundTable:
    """A table on a page: the texts of its cells row by row, its box, and the boxes of its cells with text.

    `xs` are the positions of its columns' sides, in points. `filled` holds the row and column of each text that a
    merged cell above or to the left repeats, `shaded` those of the cells that are coloured. `inside` is the index of
    the table in one of whose cells this one stands.
    """

    rows: list[list[str]]
    box: Box
    cells: list[Box]
    xs: list[float]
    filled: set[tuple[int, int]] = field(default_factory=set)
    shaded: set[tuple[int, int]] = field(default_factory=set)
    inside: int | None = None


def find_tables(words: list[Word], rulings: Iterable[Box], boxes: list[Box]) -> list[FoundTable]:
    """Return the tables among the ruling lines and filled boxes, from top to bottom, an outer one before its inner."""
    horizontal, vertical = find_rules(rulings, boxes)
    grids = find_grids(without_underlines(horizontal, words), vertical)
    grids = [part for grid in grids for part in fit(grid, words)]
    grids = [grid for grid in grids if _is_table(grid, words)]
    grids.sort(key=lambda grid: (round(grid.ys[0]), grid.xs[0], -grid.ys[-1]))
    outer = [_outer(grid, grids) for grid in grids]
    return [_read(grid, number, grids, outer, words, boxes) for number, grid in enumerate(grids)]


def _is_table(grid: Grid, words: list[Word]) -> bool:
    """Return whether at least two columns and two rows hold text; a frame around running text has one."""
    inner = [word for word in words if word.inside(grid.box)]
    with_text = [cell for cell in grid.cells if any(word.inside(grid.box_of(cell)) for word in inner)]
    if len({cell.left for cell in with_text}) < 2:
        return False
    return len({cell.top for cell in with_text}) > 1 or _is_label_and_value(grid, with_text)


def _is_label_and_value(grid: Grid, cells: list[Cell]) -> bool:
    """Return whether a single row has two cells side by side, such as a number and its name in a form."""
    return len(cells) == 2 and len(grid.cells) == 2


def _outer(grid: Grid, grids: list[Grid]) -> int | None:
    """Return the index of the smallest grid that has this one in a cell, or None."""
    around = [index for index, other in enumerate(grids) if _cell_around(grid, other) is not None]
    return min(around, key=lambda index: _area(grids[index].box), default=None)


def _cell_around(grid: Grid, other: Grid) -> Cell | None:
    x0, top, x1, bottom = grid.box
    for cell in other.cells:
        box = other.box_of(cell)
        if box[0] < x0 and box[1] < top and x1 < box[2] and bottom < box[3]:
            return cell
    return None


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _read(
    grid: Grid, number: int, grids: list[Grid], outer: list[int | None], words: list[Word], boxes: list[Box]
) -> FoundTable:
    inner = [(index, grids[index]) for index, owner in enumerate(outer) if owner == number]
    own = [word for word in words if word.inside(grid.box) and not any(word.inside(part.box) for _, part in inner)]
    own += [_pointer(index, part) for index, part in inner]
    texts = [(cell, _lines_in(grid, cell, own)) for cell in grid.cells]
    table = FoundTable([], grid.box, [grid.box_of(cell) for cell, lines in texts if lines], grid.xs)
    table.inside = outer[number]
    _fill(table, grid, texts, boxes)
    return table


def _pointer(index: int, grid: Grid) -> Word:
    """Return a word in the place of an inner table, which names it by its number on the page, counted from 1."""
    x0, top, x1, bottom = grid.box
    middle = (top + bottom) / 2
    return Word(f"[표 {index + 1}]", x0, x1, middle - 4, middle + 4)


def _lines_in(grid: Grid, cell: Cell, words: list[Word]) -> list[WordLine]:
    box = grid.box_of(cell)
    return group_into_lines([word for word in words if word.inside(box)])


#: A cell of a grid and the lines of words in it.
CellLines = tuple[Cell, list[WordLine]]


def _fill(table: FoundTable, grid: Grid, texts: list[CellLines], boxes: list[Box]) -> None:
    """Write the rows of the table: each text once in every row and column of its cell, marked as filled."""
    columns = len(grid.xs) - 1
    rows = [[""] * columns for _ in range(len(grid.ys) - 1)]
    for cell, lines in texts:
        text, shaded = _text(lines), _is_shaded(grid.box_of(cell), boxes)
        places = [(row, column) for row in range(cell.top, cell.bottom) for column in range(cell.left, cell.right)]
        for row, column in places:
            rows[row][column] = text
        table.filled.update(places[1:] if text else [])
        table.shaded.update(places if shaded else [])
    table.rows = rows


def _text(lines: list[WordLine]) -> str:
    """Return the text of a cell: its lines joined, those that begin an item after a space."""
    items: list[list[str]] = []
    for line in lines:
        text = join_spaced_letters(line)
        if items and not _ITEM.match(text):
            items[-1].append(text)
        else:
            items.append([text])
    return " ".join(clean_line(join_lines(item)) for item in items)


def _is_shaded(box: Box, boxes: list[Box]) -> bool:
    """Return whether a filled box lies behind the middle of a cell."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(x0 <= x <= x1 and top <= y <= bottom for x0, top, x1, bottom in boxes)
