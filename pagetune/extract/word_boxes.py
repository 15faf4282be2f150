"""A word with its place on the page."""

from typing import NamedTuple

#: left, top, right, bottom in points from the top left of the upright page.
Box = tuple[float, float, float, float]


class Word(NamedTuple):
    """Letters without a space between them, with their box in points from the top left of the upright page."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float

    @property
    def size(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def inside(self, box: Box) -> bool:
        return box[0] <= (self.x0 + self.x1) / 2 <= box[2] and box[1] <= self.middle <= box[3]
