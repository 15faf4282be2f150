"""Fit the cells of a grid to the words on the page: cells follow the words, never the other way round."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, pairwise
from operator import attrgetter

from pagetune.extract.columns import WordLine, group_into_lines
from pagetune.extract.grid import Cell, Grid, Rule, covered, words_by_cell
from pagetune.extract.rows import with_rows_between_lines
from pagetune.extract.word_boxes import Word, words_inside

#: A word reaches out of its cell if it does by at least this share of its height.
REACHES_OUT = 0.5
#: A gap between words that is less wide than this, in font sizes, is a space.
SPACE = 0.45
#: In lines with wider spaces, a gap of less than this times another one is a space too.
WIDER = 1.6
#: Where more than this share of lines runs from one cell into the next, the ruling lines are artwork.
THROUGH = 0.5
#: The largest share of the words in a cell that may cross the columns of the row above.
MAX_CUT = 0.1
#: An underline has words along at least this share of it.
MARKED = 0.9
#: A column or row without text that is narrower than this, in points, comes from lines that nearly meet.
NARROW = 12.0
#: A gap between words that is at least this wide, in font sizes, parts columns.
WIDE_GAP = 0.9
#: A cell below a row of several cells with at least this many lines may hold rows of its own.
MIN_LINES_BELOW = 3


def fit(grid: Grid, words: list[Word]) -> list[Grid]:
    """Return the grids that the words inside of the lines show: none if the lines are artwork, or several."""
    inner = words_inside(words, grid.box)
    if not inner:
        return []
    if _runs_through(grid, inner):
        return []
    whole = _with_usual_columns(without_cut_words(grid, inner), inner)
    whole = _with_names_below(whole, inner)
    parts = [
        _compact(_with_lines_in_gaps(_with_columns_below(part, inner), inner), inner) for part in _parts(whole, inner)
    ]
    return [with_rows_between_lines(part, inner) for part in parts]


def without_underlines(horizontal: list[Rule], words: list[Word]) -> list[Rule]:
    """Leave out the lines that underline or strike out words: these touch words all along."""
    if not horizontal:
        return []
    by_height = sorted(words, key=attrgetter("middle"))
    tallest = max((word.size for word in words), default=0.0)
    return [rule for rule in horizontal if not _marks_words(rule, _around(by_height, rule.at, tallest))]


def _around(words: list[Word], height: float, within: float) -> list[Word]:
    """Return the words of a list sorted by height whose middle is within this distance of a height."""
    first = bisect_left(words, height - within, key=attrgetter("middle"))
    return words[first : bisect_right(words, height + within, key=attrgetter("middle"))]


def _marks_words(rule: Rule, words: list[Word]) -> bool:
    touched = [
        word
        for word in words
        if word.top + 0.3 * word.size < rule.at < word.bottom + 1 and word.x1 > rule.start and word.x0 < rule.end
    ]
    along = [Rule(rule.at, word.x0 - SPACE * word.size, word.x1 + SPACE * word.size) for word in touched]
    return covered(along, rule.start, rule.end) > MARKED * (rule.end - rule.start)


def _runs_through(grid: Grid, words: list[Word]) -> bool:
    """Return whether most lines of text go on from one cell to the next: the lines are artwork around the text."""
    inside = words_by_cell(grid, words)
    beginning = {column: [cell for cell in grid.cells if cell.left == column] for column in range(len(grid.xs))}
    goes_on = [
        found
        for left in grid.cells
        for right in beginning[left.right]
        if left.top < right.bottom and right.top < left.bottom
        for found in _lines_go_on(inside[left], inside[right])
    ]
    return sum(goes_on) > THROUGH * len(goes_on)


def _lines_go_on(left: list[Word], right: list[Word]) -> Iterator[bool]:
    """Yield for each line with words in two cells whether the gap between them is like one between other words."""
    begins = {id(word) for word in right}
    for line in group_into_lines([*left, *right]) if left and right else []:
        goes_over = [id(before) not in begins and id(after) in begins for before, after in pairwise(line)]
        gaps = {over: after.x0 - before.x1 for over, (before, after) in zip(goes_over, pairwise(line), strict=True)}
        if True in gaps:
            yield False in gaps and gaps[True] < max(SPACE * line[0].size, WIDER * gaps[False])


def without_cut_words(grid: Grid, words: list[Word]) -> Grid:
    """Join the cells whose side cuts a word."""
    rows: dict[tuple[int, int], list[Cell]] = {}
    for cell in grid.cells:
        rows.setdefault((cell.top, cell.bottom), []).append(cell)
    for cell, inner in words_by_cell(grid, words).items():
        own = (cell.top, cell.bottom)
        for word in [word for word in inner if _reaches_out(word, grid, cell)]:
            rows[own] = _united(rows[own], [other for other in rows[own] if _overlaps(word, grid, other)])
    return replace(grid, cells=sorted(chain.from_iterable(rows.values()), key=lambda cell: (cell.top, cell.left)))


def _reaches_out(word: Word, grid: Grid, cell: Cell) -> bool:
    """Return whether the word reaches into the next cell; out of the grid it may."""
    x0, _, x1, _ = grid.box_of(cell)
    most = REACHES_OUT * word.size
    return (cell.left > 0 and word.x0 < x0 - most) or (cell.right < len(grid.xs) - 1 and word.x1 > x1 + most)


def _overlaps(word: Word, grid: Grid, cell: Cell) -> bool:
    x0, top, x1, bottom = grid.box_of(cell)
    return top <= word.middle <= bottom and min(word.x1, x1) - max(word.x0, x0) > REACHES_OUT * word.size


def _united(cells: list[Cell], crossed: list[Cell]) -> list[Cell]:
    """Return the cells of the same rows with `crossed`, and what is between, as one."""
    if len(crossed) < 2:
        return cells
    first, last = min(crossed, key=lambda cell: cell.left), max(crossed, key=lambda cell: cell.right)
    one = Cell(first.top, first.left, first.bottom, last.right)
    return [one if cell == first else cell for cell in cells if cell == first or not one.left <= cell.left < one.right]


def _with_usual_columns(grid: Grid, words: list[Word]) -> Grid:
    """Part cells at the lines that most rows have, where a gap between words shows that a line is only not drawn."""
    if not _has_wide_cells(grid, 2):
        return grid
    rows = len(grid.ys) - 1
    counts = Counter(cell.left for cell in grid.cells for _ in range(cell.top, cell.bottom))
    usual = {column for column, count in counts.items() if count > rows / 2}
    inside = words_by_cell(grid, words)
    return replace(grid, cells=[part for cell in grid.cells for part in _parted_at(grid, cell, usual, inside[cell])])


def _with_names_below(grid: Grid, words: list[Word]) -> Grid:
    """Part a row in two where cells have a name over several columns and each column's own name on their last line."""
    wide = [cell for cell in grid.cells if cell.bottom - cell.top == 1 and cell.right - cell.left > 1]
    inside = words_by_cell(grid, words) if wide else {}
    for row in sorted({cell.top for cell in wide}, reverse=True):  # a new row moves none of those above it
        lines = {cell: group_into_lines(inside[cell]) for cell in wide if cell.top == row}
        named = [cell for cell, found in lines.items() if len(found) > 1 and _names_columns(grid, cell, found)]
        if named:
            height = min(lines[cell][-1][0].top for cell in named)
            grid = _with_second_row(grid, row, height, named)
            inside = words_by_cell(grid, words)
    return grid


def _names_columns(grid: Grid, cell: Cell, lines: list[WordLine]) -> bool:
    inner = [grid.xs[column] for column in range(cell.left + 1, cell.right)]
    return all(_in_a_gap(x, lines[-1:]) for x in inner) and not any(_in_a_gap(x, lines[:1]) for x in inner)


def _with_second_row(grid: Grid, row: int, height: float, named: list[Cell]) -> Grid:
    """Return the grid with a row below `row` from `height` on, in which the columns of `named` have their own cells."""
    cells = []
    for cell in grid.cells:
        top, bottom = cell.top + (cell.top > row), cell.bottom + (cell.bottom > row)
        if cell in named:
            cells += [cell._replace(bottom=row + 1)]
            cells += [Cell(row + 1, column, row + 2, column + 1) for column in range(cell.left, cell.right)]
        else:
            cells.append(cell._replace(top=top, bottom=bottom))
    return Grid(grid.xs, [*grid.ys[: row + 1], height, *grid.ys[row + 1 :]], cells)


def _has_wide_cells(grid: Grid, columns: int) -> bool:
    """Return whether a cell reaches over at least this many columns."""
    return any(cell.right - cell.left >= columns for cell in grid.cells)


def _parted_at(grid: Grid, cell: Cell, usual: set[int], words: list[Word]) -> list[Cell]:
    lines = group_into_lines(words) if cell.right - cell.left > 1 else []
    inner = [column for column in range(cell.left + 1, cell.right) if column in usual]
    lefts = [cell.left, *(column for column in inner if lines and _in_a_gap(grid.xs[column], lines))]
    return [Cell(cell.top, left, cell.bottom, right) for left, right in pairwise([*lefts, cell.right])]


def _in_a_gap(x: float, lines: list[WordLine]) -> bool:
    """Return whether each line has words on both sides of `x`, with a gap around it that is wider than a space."""
    for line in lines:
        before, after = [word for word in line if word.x1 <= x + 1], [word for word in line if word.x0 >= x - 1]
        if not before or not after or len(before) + len(after) < len(line) or _is_spaced(line):
            return False
        if after[0].x0 - before[-1].x1 < WIDE_GAP * line[0].size:
            return False
    return True


def _is_spaced(line: WordLine) -> bool:
    """Return whether the letters of a word stand apart, as in "구   분"."""
    return all(len(word.text) == 1 and word.text.isalpha() for word in line)


def _parts(grid: Grid, words: list[Word]) -> Iterator[Grid]:
    """Part a grid at rows and columns without text that run through it as one: these lie between tables."""
    for rows in _stretches(_gap_rows(grid, words), len(grid.ys) - 1):
        part = _cropped(grid, rows, (0, len(grid.xs) - 1))
        for columns in _stretches(_gap_columns(part, words), len(part.xs) - 1):
            yield _cropped(part, (0, len(part.ys) - 1), columns)


def _gap_rows(grid: Grid, words: list[Word]) -> set[int]:
    """Return the rows that are one empty cell from side to side, between other rows."""
    whole = [cell for cell in grid.cells if (cell.left, cell.right) == (0, len(grid.xs) - 1)]
    inside = words_by_cell(grid, words) if whole else {}
    return {row for cell in whole if not inside[cell] for row in range(cell.top, cell.bottom)}


def _gap_columns(grid: Grid, words: list[Word]) -> set[int]:
    """Return the columns without text that are one empty cell from top to bottom."""
    if len(grid.ys) < 4:  # in a table of two rows any column may be empty
        return set()
    whole = [cell for cell in grid.cells if (cell.top, cell.bottom) == (0, len(grid.ys) - 1)]
    inside = words_by_cell(grid, words) if whole else {}
    return {column for cell in whole if not inside[cell] for column in range(cell.left, cell.right)}


def _stretches(gaps: set[int], count: int) -> list[tuple[int, int]]:
    """Return the first and one after the last index of each stretch without gaps."""
    bounds = [-1, *sorted(gaps), count]
    return [(left + 1, right) for left, right in pairwise(bounds) if right - left > 1]


def _cropped(grid: Grid, rows: tuple[int, int], columns: tuple[int, int]) -> Grid:
    """Return the part of a grid with these rows and columns. Cells that reach out of it are cut off."""
    (top, bottom), (left, right) = rows, columns
    cells = [
        Cell(
            max(cell.top, top) - top,
            max(cell.left, left) - left,
            min(cell.bottom, bottom) - top,
            min(cell.right, right) - left,
        )
        for cell in grid.cells
        if cell.top < bottom and cell.bottom > top and cell.left < right and cell.right > left
    ]
    return Grid(grid.xs[left : right + 1], grid.ys[top : bottom + 1], cells)


def _compact(grid: Grid, words: list[Word]) -> Grid:
    """Leave out the lines at which no cell begins, and narrow columns and rows without text."""
    filled = [cell for cell, inner in words_by_cell(grid, words).items() if inner]
    across, down = {(cell.left, cell.right) for cell in filled}, {(cell.top, cell.bottom) for cell in filled}
    columns = _kept_lines([(cell.left, cell.right) for cell in grid.cells], grid.xs, across)
    rows = _kept_lines([(cell.top, cell.bottom) for cell in grid.cells], grid.ys, down)
    cells = [Cell(rows[cell.top], columns[cell.left], rows[cell.bottom], columns[cell.right]) for cell in grid.cells]
    return Grid(
        _at_kept(grid.xs, columns), _at_kept(grid.ys, rows), [c for c in cells if c.left < c.right and c.top < c.bottom]
    )


def _kept_lines(spans: list[tuple[int, int]], at: list[float], with_text: set[tuple[int, int]]) -> list[int]:
    """Return for each line its number among those that are kept.

    `spans` are the first and last line of each cell along one axis, and `with_text` those of the cells with text.
    """
    starts = {start for start, _ in spans} | {len(at) - 1}
    numbers, number, last = [], -1, 0
    for line in range(len(at)):
        narrow = line > 0 and at[line] - at[last] < NARROW and not any(last <= a and b <= line for a, b in with_text)
        if line == 0 or (line in starts and not narrow):
            number, last = number + 1, line
        numbers.append(number)
    return numbers


def _at_kept(at: list[float], numbers: list[int]) -> list[float]:
    kept = [at[numbers.index(number)] for number in range(numbers[-1] + 1)]
    return [*kept[:-1], at[-1]]


def _with_columns_below(grid: Grid, words: list[Word]) -> Grid:
    """Part a cell as the row above it is parted, where none of its lines crosses those columns.

    Such a cell holds rows without lines between them.
    """
    inside = words_by_cell(grid, words) if _has_wide_cells(grid, 3) else {}
    cells: list[Cell] = []
    for cell in sorted(grid.cells, key=lambda cell: (cell.top, cell.left)):
        wide = cell.right - cell.left > 2 and len(group_into_lines(inside[cell])) >= MIN_LINES_BELOW
        cells += _parted(grid, cell, cells, inside[cell]) if wide else [cell]
    return replace(grid, cells=cells)


def _parted(grid: Grid, cell: Cell, above: list[Cell], words: list[Word]) -> list[Cell]:
    above = [other for other in above if other.bottom == cell.top and cell.left <= other.left < cell.right]
    parts = sorted((Cell(cell.top, o.left, cell.bottom, o.right) for o in above), key=lambda part: part.left)
    side_by_side = [cell.left, *(part.right for part in parts)] == [*(part.left for part in parts), cell.right]
    if len(parts) < 3 or not side_by_side:
        return [cell]
    crossing = [word for word in words if sum(_overlaps(word, grid, part) for part in parts) > 1]
    return [cell] if len(crossing) > MAX_CUT * len(words) else parts


def _with_lines_in_gaps(grid: Grid, words: list[Word]) -> Grid:
    """Move a line between columns that text runs through to the nearest gap: only the header is ruled there."""
    inside, xs = words_by_cell(grid, words), list(grid.xs)
    beside = {(cell.top, cell.bottom, cell.left): cell for cell in grid.cells}
    for left in grid.cells:
        right = beside.get((left.top, left.bottom, left.right))
        if right is not None and any(_lines_go_on(inside[left], inside[right])):
            gap = _nearest_gap(xs[left.right], [*inside[left], *inside[right]])
            xs[left.right] = xs[left.right] if gap is None else gap
    return replace(grid, xs=xs)


def _nearest_gap(x: float, words: list[Word]) -> float | None:
    """Return the middle of the gap nearest to `x` that goes through all lines of the words, or None."""
    ends = sorted((word.x0, word.x1) for word in words)
    reached, gaps = ends[0][1], list[float]()
    for start, end in ends:
        if start - reached > SPACE * words[0].size:
            gaps.append((start + reached) / 2)
        reached = max(reached, end)
    return min(gaps, key=lambda gap: abs(gap - x), default=None)
