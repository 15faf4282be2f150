"""Find where the pages of a Hangul document begin, by the positions of its lines, which Hangul stores in the file."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class PrintedPages:
    """Follows the lines of a section down its pages.

    A line that is higher than the one before it begins the next column, or the next page after the last column. That
    is where Hangul had the page end when it saved the file. Files of other programs have no such lines.
    """

    columns: int = 1
    _last: int | None = None
    _column: int = 0
    _is_due: bool = False

    def set_columns(self, count: int) -> None:
        self.columns, self._column = max(1, count), 0

    def begins_page(self, heights: Sequence[int], *, is_broken: bool, in_new_columns: bool) -> bool:
        """Return whether the paragraph whose lines are at these heights begins a page.

        A paragraph that runs over the end of a page stays on the page where it begins. `is_broken` says that the author
        has put a page break before it; `in_new_columns`, that another number of columns begins there, from which on the
        heights are counted from 0 again.
        """
        begins = is_broken or self._is_due
        self._is_due = False
        if is_broken or in_new_columns:
            self._last, self._column = None, 0
        for index, height in enumerate(heights):
            if self._last is not None and height < self._last and self._ends_page():
                begins, self._is_due = (True, False) if index == 0 else (begins, True)
            self._last = height
        return begins

    def _ends_page(self) -> bool:
        self._column = (self._column + 1) % self.columns
        return self._column == 0
