"""Lay out the cells of tables whose files do not say in which row and column each stands."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TypeVar

T = TypeVar("T")

#: A cell covers no more columns, as in Word and browsers. A damaged or hostile file may say any number.
MAX_COLUMNS = 1000


def free_columns(rows: Sequence[list[tuple[T, int, int]]]) -> Iterator[tuple[T, tuple[int, int, int, int]]]:
    """Yield each cell with its row, column, and the rows and columns that it covers.

    A cell is given with how many rows and columns it covers, and stands in the first column that no cell above covers.
    It ends with the table's last row.
    """
    free_from: dict[int, int] = {}  # for each column the first row that no cell covers
    for row, cells in enumerate(rows):
        column = 0
        for cell, tall, wide in cells:
            tall, wide = max(1, min(tall, len(rows) - row)), max(1, min(wide, MAX_COLUMNS))
            column = next(at for at in count(column) if free_from.get(at, 0) <= row)
            for at in range(column, column + wide):
                free_from[at] = max(free_from.get(at, 0), row + tall)
            yield cell, (row, column, tall, wide)
