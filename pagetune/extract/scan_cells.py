"""Move the cells of a scanned table below each other, so that each is read as lines of its own.

Tesseract reads a row of cells as one line of text. Where one cell has two lines and the next has one between them, it
would read neither.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from PIL import Image

from pagetune.extract.scan_rulings import Ruling, group_rulings

#: Rulings nearer to each other, and white space between cells that were moved, in points.
_SAME, _APART = 3.0, 8.0
#: What is darker than this level of grey is not empty paper.
_INK = 160


class Moved(NamedTuple):
    """The picture with the cells below the page, and how far down, in dots, each part of it was moved.

    Each pair is the height where a part begins, and by how much it was moved, from top to bottom.
    """

    image: Image.Image
    parts: list[tuple[int, int]]

    def moved_by(self, height: float) -> int:
        """Return how far what is at this height was moved down."""
        return self.parts[bisect_right(self.parts, (height, np.inf)) - 1][1]


def move_cells(image: Image.Image, rulings: list[Ruling], dpi: float) -> Moved:
    """Return the picture with each cell that is not empty below the page. All keep their places from left to right."""
    point = dpi / 72
    grey = np.array(image)
    pieces, parts, height = [grey], [(0, 0)], len(grey)
    for x0, top, x1, bottom in _find_cells(rulings, _SAME * point):
        cell = grey[top:bottom, x0:x1].copy()
        grey[top:bottom, x0:x1] = 255
        if not (cell < _INK).any():
            continue
        piece = np.full((len(cell) + round(_APART * point), grey.shape[1]), 255, dtype=np.uint8)
        piece[: len(cell), x0 : x0 + cell.shape[1]] = cell
        pieces.append(piece)
        parts.append((height, height - top))
        height += len(piece)
    return Moved(Image.fromarray(np.concatenate(pieces)), parts)


def _find_cells(rulings: list[Ruling], slack: float) -> Iterator[tuple[int, int, int, int]]:
    """Yield left, top, right and bottom of each cell of each table, table by table and row by row."""
    for group in group_rulings(rulings, slack):
        across = [line for line in group if line.x1 - line.x0 >= line.bottom - line.top]
        down = [line for line in group if line not in across]
        if len(across) >= 2 and down:
            yield from _cells_of_table(across, down, slack)


def _cells_of_table(across: list[Ruling], down: list[Ruling], slack: float) -> Iterator[tuple[int, int, int, int]]:
    both = across + down
    xs = _positions(
        [*((line.x0 + line.x1) / 2 for line in down), min(r.x0 for r in both), max(r.x1 for r in both)], slack
    )
    ys = _positions(
        [*((line.top + line.bottom) / 2 for line in across), min(r.top for r in both), max(r.bottom for r in both)],
        slack,
    )
    columns, rows = list(pairwise(xs)), list(pairwise(ys))
    cell = {place: {place} for place in product(range(len(rows)), range(len(columns)))}
    for row, column in list(cell):
        (left, right), (top, bottom) = columns[column], rows[row]
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
        if column + 1 < len(columns) and not any(
            abs((line.x0 + line.x1) / 2 - right) <= slack and line.top <= middle_y <= line.bottom for line in down
        ):
            _join(cell, (row, column), (row, column + 1))
        if row + 1 < len(rows) and not any(
            abs((line.top + line.bottom) / 2 - bottom) <= slack and line.x0 <= middle_x <= line.x1 for line in across
        ):
            _join(cell, (row, column), (row + 1, column))
    for places in sorted({frozenset(places) for places in cell.values()}, key=min):
        yield (
            int(min(columns[column][0] for _, column in places)),
            int(min(rows[row][0] for row, _ in places)),
            int(max(columns[column][1] for _, column in places)),
            int(max(rows[row][1] for row, _ in places)),
        )


#: The row and column of a place in the grid.
Place = tuple[int, int]


def _join(cell: dict[Place, set[Place]], one: Place, other: Place) -> None:
    """Make the two places, between which there is no ruling, parts of one cell."""
    joined = cell[one] | cell[other]
    for place in joined:
        cell[place] = joined


def _positions(values: list[float], slack: float) -> list[float]:
    """Return the values in order, each group that is near together once."""
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > slack:
            kept.append(value)
    return kept
