"""Read the tables of a page: which grids are tables, the text of each cell, merged cells, tables inside of cells."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pagetune.extract.aligned import find_aligned
from pagetune.extract.cells import fit, without_underlines
from pagetune.extract.columns import WordLine, group_into_lines, measured_lines, text_of
from pagetune.extract.grid import Cell, Grid, find_grids, find_rules, words_by_cell
from pagetune.extract.letters import clean_line
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.paragraphs import paragraphs
from pagetune.extract.word_boxes import Box, Word, words_inside, words_outside

#: The least share of cells with text in a table without letters, and in one without labels.
MOSTLY_FILLED, SPARSE = 0.8, 0.4
#: A longer text than this, in characters, stands only in the first row and column of a merged cell.
MAX_REPEATED = 300
#: The least share of columns with a name, or of rows with a label, in a table that is mostly empty.
MOSTLY_LABELLED = 0.6


@dataclass
class FoundTable:
    """A table on a page: the texts of its cells row by row, and its box.

    `xs` are the positions of its columns' sides, in points. `filled` holds the row and column of each text that a
    merged cell above or to the left repeats, `shaded` those of the cells that are coloured. `inside` is the index of
    the table in one of whose cells this one stands.
    """

    rows: list[list[str]]
    box: Box
    xs: list[float]
    filled: set[tuple[int, int]] = field(default_factory=set)
    shaded: set[tuple[int, int]] = field(default_factory=set)
    inside: int | None = None


def find_tables(
    words: list[Word], rulings: Iterable[Box], boxes: list[Box], running: list[Word] | None = None
) -> list[FoundTable]:
    """Return the tables among the ruling lines and filled boxes, from top to bottom, an outer one before its inner.

    Tables without lines are looked for among the words `running`, in which a form's values reach to their labels.
    """
    horizontal, vertical = find_rules(rulings, boxes)
    horizontal = without_underlines(horizontal, words)
    ruled = [part for grid in find_grids(horizontal, vertical) for part in fit(grid, words)]
    grids = [grid for grid in ruled if _is_table(grid, words, boxes)]
    free = words_outside(running or words, [grid.box for grid in grids])
    grids += [
        part for grid in find_aligned(free, horizontal) for part in fit(grid, free) if _is_table(part, free, boxes)
    ]
    grids = _without_overlaps(grids)
    grids.sort(key=lambda grid: (round(grid.ys[0]), grid.xs[0], -grid.ys[-1]))
    outer = [_outer(grid, grids) for grid in grids]
    return [_read(grid, number, grids, outer, words, boxes) for number, grid in enumerate(grids)]


def _without_overlaps(grids: list[Grid]) -> list[Grid]:
    """Leave out the smaller of two grids that share words without one standing in a cell of the other."""
    kept: list[Grid] = []
    for grid in sorted(grids, key=lambda grid: -_area(grid.box)):
        if all(_are_apart(grid.box, other.box) or _cell_around(grid, other) for other in kept):
            kept.append(grid)
    return kept


def _are_apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def _is_table(grid: Grid, words: list[Word], boxes: list[Box]) -> bool:
    """Return whether cells with text stand side by side and in rows; those of a frame around running text do not.

    A single row is one if lines part it from the text around it; a heading stands on a coloured ground.
    """
    texts = words_by_cell(grid, words)
    with_text = [cell for cell, found in texts.items() if found]
    if not with_text:
        return False
    if max(cell.left for cell in with_text) < min(cell.right for cell in with_text):
        return False
    if len({cell.top for cell in with_text}) == 1:
        colored = all(_is_shaded(grid.box_of(cell), boxes) for cell in with_text)
        return len(with_text) == len(grid.cells) and not colored and not _goes_on_beside(grid, words)
    return _is_filled(grid, texts)


def _goes_on_beside(grid: Grid, words: list[Word]) -> bool:
    """Return whether a single row is part of a line of text, such as words on a coloured ground."""
    x0, top, x1, bottom = grid.box
    return any(
        top < word.middle < bottom and not x0 <= word.x0 <= x1 and -2 * word.size < word.x0 - x1 < 2 * word.size
        for word in words
    ) or any(top < word.middle < bottom and 0 < x0 - word.x1 < 2 * word.size for word in words)


def _is_filled(grid: Grid, texts: dict[Cell, list[Word]]) -> bool:
    """Return whether a grid is filled with text or has the labels of a form; a chart has numbers here and there."""
    filled = sum(map(bool, texts.values())) / len(texts)
    lettered = [cell for cell, words in texts.items() if any(map(str.isalpha, "".join(word.text for word in words)))]
    if len(lettered) < 2:
        return filled > MOSTLY_FILLED
    names = [cell for cell in lettered if cell.top == 0]
    labels = {row for cell in lettered if cell.left == 0 for row in range(cell.top, cell.bottom)}
    has_names = sum(cell.right - cell.left for cell in names) > MOSTLY_LABELLED * (len(grid.xs) - 1)
    return filled > SPARSE or (has_names and len(names) > 1) or len(labels) > MOSTLY_LABELLED * (len(grid.ys) - 1)


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
    own = words_outside(words_inside(words, grid.box), [part.box for _, part in inner])
    own += [_pointer(index, part) for index, part in inner]
    texts = [(cell, group_into_lines(inner)) for cell, inner in words_by_cell(grid, own).items()]
    table = FoundTable([], grid.box, grid.xs, inside=outer[number])
    _fill(table, grid, texts, boxes)
    return table


def _pointer(index: int, grid: Grid) -> Word:
    """Return a word in the place of an inner table, which names it by its number on the page, counted from 1."""
    x0, top, x1, bottom = grid.box
    middle = (top + bottom) / 2
    return Word(f"[표 {index + 1}]", x0, x1, middle - 4, middle + 4)


#: A cell of a grid and the lines of words in it.
CellLines = tuple[Cell, list[WordLine]]


def _fill(table: FoundTable, grid: Grid, texts: list[CellLines], boxes: list[Box]) -> None:
    """Write the rows of the table: each text once in every row and column of its cell, marked as filled."""
    columns = len(grid.xs) - 1
    rows = [[""] * columns for _ in range(len(grid.ys) - 1)]
    for cell, lines in texts:
        text, shaded = _text(lines), _is_shaded(grid.box_of(cell), boxes)
        places = [(row, column) for row in range(cell.top, cell.bottom) for column in range(cell.left, cell.right)]
        repeated = places if len(text) <= MAX_REPEATED else places[:1]
        for row, column in repeated:
            rows[row][column] = text
        table.filled.update(repeated[1:] if text else [])
        table.shaded.update(places if shaded else [])
    table.rows = rows


def _text(lines: list[WordLine]) -> str:
    """Return the text of a cell: its lines joined, with a space between paragraphs.

    A label of single syllables may go on over several lines, or stand upright.
    """
    if len(lines) == 1:  # as most cells, which need no measuring
        return clean_line(text_of(lines[0]))
    letters = [word.text for line in lines for word in line]
    if all(len(letter) == 1 and letter.isalpha() for letter in letters):
        return clean_line(" ".join(letters))
    groups = paragraphs(measured_lines(lines))
    return " ".join(clean_line(join_lines([line.text for line in group])) for group in groups)


def _is_shaded(box: Box, boxes: list[Box]) -> bool:
    """Return whether a filled box lies behind the middle of a cell."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(x0 <= x <= x1 and top <= y <= bottom for x0, top, x1, bottom in boxes)
