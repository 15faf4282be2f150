"""Lay out the cells of tables whose files do not say in which row and column each stands."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import TypeVar

T = TypeVar("T")


def free_columns(rows: Iterable[list[tuple[T, int, int]]]) -> Iterator[tuple[T, tuple[int, int, int, int]]]:
    """Yield each cell with its row, column, and the rows and columns that it covers.

    A cell is given with how many rows and columns it covers, and stands in the first column that no cell above covers.
    """
    taken: set[tuple[int, int]] = set()
    for row, cells in enumerate(rows):
        for cell, tall, wide in cells:
            tall, wide = max(1, tall), max(1, wide)
            column = next(at for at in count() if (row, at) not in taken)
            taken |= {(row + down, column + right) for down in range(tall) for right in range(wide)}
            yield cell, (row, column, tall, wide)
