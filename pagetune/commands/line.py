"""The line before the model, which answers one question at a time: the page and programs, first come first served."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Line:
    """Those who wait for the model or have it, from several threads; the first one has it."""

    def __init__(self) -> None:
        self._waiting = deque[object]()

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def place(self) -> Iterator[Callable[[], bool]]:
        """Keep a place in the line until the end of the block; yield a function that tells whether it is its turn."""
        mine = object()
        self._waiting.append(mine)
        try:
            yield lambda: self._waiting[0] is mine
        finally:
            self._waiting.remove(mine)
