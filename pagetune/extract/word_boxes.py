"""A word and its position on the page."""

from typing import NamedTuple

#: left, top, right, bottom in points from the top left corner of the upright page.
Box = tuple[float, float, float, float]
#: left, bottom, right, top in points from the bottom left corner of the page as the PDF stores it.
PdfBox = tuple[float, float, float, float]


class Word(NamedTuple):
    """Characters without a space between them, and their box in points from the top left of the upright page.

    The value of a form's field is one word too, with its spaces and line feeds. `ends_line` says that what is below a
    line does not continue it where this is its last word: a form's value, or the label of an empty field.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    ends_line: bool = False

    @property
    def size(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def inside(self, box: Box) -> bool:
        """Return whether the word's centre is inside `box`."""
        return box[0] <= (self.x0 + self.x1) / 2 <= box[2] and box[1] <= self.middle <= box[3]


def words_inside(words: list[Word], box: Box) -> list[Word]:
    """Return the words whose centre is inside `box`."""
    left, upper, right, lower = box
    return [
        word
        for word in words
        if upper <= (word.top + word.bottom) / 2 <= lower and left <= (word.x0 + word.x1) / 2 <= right
    ]


def words_outside(words: list[Word], boxes: list[Box]) -> list[Word]:
    """Return the words that are in none of the boxes."""
    return [word for word in words if not any(word.inside(box) for box in boxes)] if boxes else words
