"""Find lines of text that are drawn as shapes, so that no reader finds their letters."""

from itertools import pairwise
from typing import NamedTuple

from pagetune.extract.word_boxes import Box, Word

#: The height of a letter or a word, in points.
HEIGHTS = 4.0, 40.0
#: The least number of points of its outline; a box, a tick or an arrow has fewer.
MIN_POINTS = 12
#: The largest gap between the words of a line, and the least length of a line, in heights of its highest shape. A row
#: of icons has wider gaps, and a logo is shorter.
MAX_GAP, MIN_LENGTH = 1.2, 8.0
#: A line has at least this many shapes of different outlines; a pattern repeats one.
MIN_KINDS = 3
#: Tesseract misreads letters that touch the edge of its picture: a paragraph has a margin of this many points.
MARGIN = 3.0
#: Shapes that are covered by read words to this share are those words once more.
COVERED = 0.3


class Shape(NamedTuple):
    """A filled or drawn path: its box in points from the top left of the page, and the number of its points."""

    x0: float
    top: float
    x1: float
    bottom: float
    points: int

    @property
    def height(self) -> float:
        return self.bottom - self.top


def may_be_letters(width: float, height: float, points: int) -> bool:
    """Return whether a path could be a letter or a word."""
    return HEIGHTS[0] <= height <= HEIGHTS[1] and points >= MIN_POINTS and width > 1


def outlined_lines(shapes: list[Shape], words: list[Word]) -> list[Box]:
    """Return the boxes of the lines that are drawn as shapes and are not among the words, from top to bottom."""
    rows: list[list[Shape]] = []
    for shape in sorted(shapes, key=lambda shape: (shape.top + shape.bottom) / 2):
        if rows and rows[-1][0].top < (shape.top + shape.bottom) / 2 < rows[-1][0].bottom:
            rows[-1].append(shape)
        else:
            rows.append([shape])
    lines = [line for row in rows for line in _lines(sorted(row))]
    return [box for box in map(_box, filter(_is_text, lines)) if not _is_covered(box, words)]


def _lines(row: list[Shape]) -> list[list[Shape]]:
    """Split the shapes at one height, from left to right, where the gap is wider than between words."""
    height = max(shape.height for shape in row)
    lines = [row[:1]]
    for before, shape in pairwise(row):
        if shape.x0 - before.x1 > MAX_GAP * height:
            lines.append([])
        lines[-1].append(shape)
    return lines


def _is_text(line: list[Shape]) -> bool:
    left, top, right, bottom = _box(line)
    return right - left >= MIN_LENGTH * (bottom - top) and len({shape.points for shape in line}) >= MIN_KINDS


def _box(line: list[Shape]) -> Box:
    return (
        min(shape.x0 for shape in line),
        min(shape.top for shape in line),
        max(shape.x1 for shape in line),
        max(shape.bottom for shape in line),
    )


def _is_covered(box: Box, words: list[Word]) -> bool:
    covered = sum(max(0.0, min(word.x1, box[2]) - max(word.x0, box[0])) for word in words if _at_height(word, box))
    return covered > COVERED * (box[2] - box[0])


def _at_height(word: Word, box: Box) -> bool:
    return word.top < (box[1] + box[3]) / 2 < word.bottom


def paragraphs_of(lines: list[Box]) -> list[Box]:
    """Join lines that follow each other without a gap as high as a line, and add a margin to each paragraph."""
    joined: list[Box] = []
    for box in lines:
        last = joined[-1] if joined else None
        if last and box[1] - last[3] < box[3] - box[1] and box[0] < last[2] and last[0] < box[2]:
            joined[-1] = (min(last[0], box[0]), last[1], max(last[2], box[2]), max(last[3], box[3]))
        else:
            joined.append(box)
    return [(x0 - MARGIN, top - MARGIN, x1 + MARGIN, bottom + MARGIN) for x0, top, x1, bottom in joined]
