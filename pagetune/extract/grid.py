"""Find grids among the ruling lines of a page: rows, columns, and the cells that lines leave open to each other."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from pagetune.extract.word_boxes import Box, Word

#: Lines nearer to each other than this, in points, are one: double lines, and the ends of lines that meet.
SNAP = 3.0
#: The longest gap between dashes, and the longest dash, in points.
DASH_GAP, MAX_DASH = 5.0, 20.0
#: A line shorter than this, once its dashes are joined, does not part cells.
MIN_LENGTH = 6.0
#: A side of a cell is there where lines cover at least this share of it.
COVERED = 0.6
#: A grid with more fields than this is a drawing, such as a map.
MAX_FIELDS = 10_000
#: An open side of a grid is farther than this from its outermost line.
OPEN_SIDE = 9.0


class Rule(NamedTuple):
    """A ruling line `at` a height (or an x), from `start` to `end`, in points."""

    at: float
    start: float
    end: float


class Cell(NamedTuple):
    """A cell from row `top` and column `left` up to, but not including, row `bottom` and column `right`."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Grid:
    """Heights `ys` and positions `xs` of a table's lines, in points from the top left of the page, and its cells."""

    xs: list[float]
    ys: list[float]
    cells: list[Cell]

    @cached_property
    def owners(self) -> dict[tuple[int, int], Cell]:
        """Return the cell of each field, which is a row and a column."""
        return {
            (row, column): cell
            for cell in self.cells
            for row in range(cell.top, cell.bottom)
            for column in range(cell.left, cell.right)
        }

    @property
    def box(self) -> Box:
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    def box_of(self, cell: Cell) -> Box:
        return self.xs[cell.left], self.ys[cell.top], self.xs[cell.right], self.ys[cell.bottom]


def find_rules(rulings: Iterable[Box], boxes: Iterable[Box]) -> tuple[list[Rule], list[Rule]]:
    """Return the horizontal and the vertical lines, from thin boxes and from the edges of filled `boxes`.

    An edge beside a line is left out: the colour of a cell often ends a little inside of its lines.
    """
    across, down = _by_direction(rulings)
    horizontal, vertical = _merged(across), _merged(down)
    edges = [edge for box in boxes for edge in _edges(box)]
    more_across, more_down = _by_direction(edges)
    horizontal = _merged([*horizontal, *(edge for edge in more_across if not _is_beside(edge, horizontal))])
    vertical = _merged([*vertical, *(edge for edge in more_down if not _is_beside(edge, vertical))])
    return [rule for rule in horizontal if _is_long(rule)], [rule for rule in vertical if _is_long(rule)]


def _is_long(rule: Rule) -> bool:
    return rule.end - rule.start >= MIN_LENGTH


def _by_direction(boxes: Iterable[Box]) -> tuple[list[Rule], list[Rule]]:
    """Return thin boxes as horizontal and as vertical lines. A dot is both."""
    across, down = [], []
    for x0, top, x1, bottom in boxes:
        if bottom - top < SNAP:
            across.append(Rule((top + bottom) / 2, x0, x1))
        if x1 - x0 < SNAP:
            down.append(Rule((x0 + x1) / 2, top, bottom))
    return across, down


def _edges(box: Box) -> Iterator[Box]:
    x0, top, x1, bottom = box
    yield from ((x0, top, x1, top), (x0, bottom, x1, bottom), (x0, top, x0, bottom), (x1, top, x1, bottom))


def _is_beside(edge: Rule, rules: list[Rule]) -> bool:
    """Return whether lines within two snaps of the edge cover most of it; the lines are sorted."""
    return covered(_near(rules, edge.at, 2 * SNAP), edge.start, edge.end) >= COVERED * (edge.end - edge.start)


def _near(rules: list[Rule], at: float, within: float) -> list[Rule]:
    """Return the lines of a sorted list that are near to a place."""
    first = bisect_left(rules, at - within, key=attrgetter("at"))
    return rules[first : bisect_right(rules, at + within, key=attrgetter("at"))]


def _merged(rules: Iterable[Rule]) -> list[Rule]:
    """Return the lines, sorted, with those joined at nearly the same place that overlap or follow each other."""
    merged: list[Rule] = []
    group: list[Rule] = []
    for rule in sorted(rules):
        if group and rule.at - group[0].at > SNAP:
            merged += _joined(group)
            group = []
        group.append(rule)
    return sorted(merged + (_joined(group) if group else []))


def _joined(group: list[Rule]) -> list[Rule]:
    """Join the lines of one place, which gets the longest one's position."""
    if len(group) == 1:
        return group
    joined: list[Rule] = []
    (at, first, last), *others = sorted(group, key=attrgetter("start"))
    longest = last - first
    for place, start, end in others:
        length = end - start
        # Dashes are farther from each other than lines that meet.
        if start - last > (DASH_GAP if length < MAX_DASH else SNAP):
            joined.append(Rule(at, first, last))
            at, first, last, longest = place, start, end, length
            continue
        if length > longest:
            at, longest = place, length
        if end > last:
            last = end
    return [*joined, Rule(at, first, last)]


def find_grids(horizontal: list[Rule], vertical: list[Rule]) -> list[Grid]:
    """Return a grid for each group of lines that touch one another, if it has at least two cells."""
    grids = [_grid(across, down) for across, down in _groups(horizontal, vertical)]
    return [grid for grid in grids if grid is not None]


def _groups(horizontal: list[Rule], vertical: list[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Return sorted lines in groups: those of one group touch one another, directly or through others."""
    owner = list(range(len(horizontal) + len(vertical)))

    def root(index: int) -> int:
        while owner[index] != index:
            owner[index] = owner[owner[index]]
            index = owner[index]
        return index

    for one, across in enumerate(horizontal):
        first = bisect_left(vertical, across.start - SNAP, key=attrgetter("at"))
        last = bisect_right(vertical, across.end + SNAP, key=attrgetter("at"))
        for other in range(first, last):
            if vertical[other].start - SNAP <= across.at <= vertical[other].end + SNAP:
                owner[root(one)] = root(other + len(horizontal))
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for index, rule in enumerate([*horizontal, *vertical]):
        groups.setdefault(root(index), ([], []))[index >= len(horizontal)].append(rule)
    return [(across, down) for across, down in groups.values() if across and down]


def _grid(horizontal: list[Rule], vertical: list[Rule]) -> Grid | None:
    """Return the grid of lines that touch. Where lines go on beyond the outermost line across them, a side is open."""
    xs = _places(vertical, horizontal)
    ys = _places(horizontal, vertical)
    if len(xs) < 2 or len(ys) < 2 or len(xs) + len(ys) < 5 or len(xs) * len(ys) > MAX_FIELDS:
        return None
    return Grid(xs, ys, _cells(xs, ys, horizontal, vertical))


def _places(rules: list[Rule], crossing: list[Rule]) -> list[float]:
    """Return where the lines are, and the ends of the lines that cross them where those reach farther."""
    places: list[float] = []
    for rule in sorted(rules):
        if not places or rule.at - places[-1] > SNAP:
            places.append(rule.at)
    first, last = min(rule.start for rule in crossing), max(rule.end for rule in crossing)
    before = [first] if first < places[0] - OPEN_SIDE else []
    after = [last] if last > places[-1] + OPEN_SIDE else []
    return before + places + after


def _cells(xs: list[float], ys: list[float], horizontal: list[Rule], vertical: list[Rule]) -> list[Cell]:
    """Return the cells: neighbours without a line between them are one."""
    beside = [_sides(_near(vertical, x, SNAP), ys) for x in xs[1:-1]]
    below = [_sides(_near(horizontal, y, SNAP), xs) for y in ys[1:-1]]
    by_row = [[column[row] for column in beside] for row in range(len(ys) - 1)]
    return _open_regions(len(ys) - 1, len(xs) - 1, by_row, below)


def _sides(near: list[Rule], places: list[float]) -> list[bool]:
    """Return for each stretch between two places whether lines cover it."""
    return [covered(near, start, end) >= COVERED * (end - start) for start, end in pairwise(places)]


def covered(rules: list[Rule], start: float, end: float) -> float:
    """Return how much of the stretch from `start` to `end` the lines cover, each part counted once."""
    covered, reached = 0.0, start
    for rule in sorted(rules, key=lambda rule: rule.start):
        covered += max(0.0, min(rule.end, end) - max(rule.start, reached))
        reached = max(reached, rule.end)
    return covered


def _open_regions(rows: int, columns: int, beside: list[list[bool]], below: list[list[bool]]) -> list[Cell]:
    """Return rectangles of fields without a side between them, from top to bottom and left to right.

    A region that is not a rectangle is parted into some.
    """
    taken = [[False] * columns for _ in range(rows)]
    cells = []
    for top in range(rows):
        for left in range(columns):
            if taken[top][left]:
                continue
            right = left + 1
            while right < columns and not beside[top][right - 1] and not taken[top][right]:
                right += 1
            bottom = top + 1
            while bottom < rows and _goes_on(bottom, left, right, beside, below, taken):
                bottom += 1
            for row in range(top, bottom):
                taken[row][left:right] = [True] * (right - left)
            cells.append(Cell(top, left, bottom, right))
    return cells


def _goes_on(
    row: int, left: int, right: int, beside: list[list[bool]], below: list[list[bool]], taken: list[list[bool]]
) -> bool:
    """Return whether the fields of this row belong to the rectangle above them, which is open to all of them."""
    if any(taken[row][left:right]) or any(below[row - 1][left:right]):
        return False
    return not any(beside[row][left : right - 1])


def words_by_cell(grid: Grid, words: Iterable[Word]) -> dict[Cell, list[Word]]:
    """Return the words of each cell: those whose centre is in it."""
    found: dict[Cell, list[Word]] = {cell: [] for cell in grid.cells}
    inside = {place: found[cell] for place, cell in grid.owners.items()}
    xs, ys = grid.xs, grid.ys
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        # A word in the middle of the last line is inside of it.
        row, column = bisect_right(ys, y) - 1 - (y == ys[-1]), bisect_right(xs, x) - 1 - (x == xs[-1])
        if (held := inside.get((row, column))) is not None:
            held.append(word)
    return found
