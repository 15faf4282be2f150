"""Find the ruling lines in the picture of a scanned page, and remove them, because they disturb the reading."""

from typing import Any, NamedTuple

import numpy as np
from PIL import Image

#: The least length of a line's pieces, and the largest thickness of a line, in points.
_PIECE, _THIN = 12.0, 2.5
#: How many dots a blurred edge adds to the thickness.
_BLUR = 2
#: How much darker than both of its sides a line is, in levels of grey, 0 to 255. Lines in grey are often thin and pale.
_DARKER = 25
#: The widest break, in points, between two pieces of one line.
_BREAK = 4.0
#: What is darker than this level of grey beside a ruling is a stroke.
_STROKE = 160
#: The least length, in points, of a line that stands alone, and of lines that touch each other together. Strokes of
#: large letters are shorter.
_ALONE, _TOGETHER = 60.0, 100.0


class Ruling(NamedTuple):
    """A horizontal or vertical line as a thin box, from the top left of the picture or page."""

    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def length(self) -> float:
        return max(self.x1 - self.x0, self.bottom - self.top)

    def touches(self, other: "Ruling", slack: float) -> bool:
        return (
            self.x0 - slack <= other.x1
            and other.x0 - slack <= self.x1
            and self.top - slack <= other.bottom
            and other.top - slack <= self.bottom
        )


def find_rulings(image: Image.Image, dpi: float) -> list[Ruling]:
    """Return the rulings of a picture in grey, in dots: the horizontal ones, then the vertical ones."""
    grey, point = np.asarray(image), dpi / 72
    across = _find_horizontal(grey, point)
    turned = _find_horizontal(np.ascontiguousarray(grey.T), point)
    down = [Ruling(top, x0, bottom, x1) for x0, top, x1, bottom in turned]
    return _connected(across + down, point)


def _find_horizontal(grey: Any, point: float) -> list[Ruling]:
    """Return the thin horizontal boxes that runs of dark dots fill."""
    thin = _closed(grey, round(_THIN * point) + 1 + _BLUR) > grey.astype(np.int16) + _DARKER
    boxes: list[Ruling] = []
    growing: list[Ruling] = []
    for row, start, end in _long_runs(thin, round(_PIECE * point)):
        boxes += [box for box in growing if box.bottom < row]
        growing = [box for box in growing if box.bottom >= row]
        above = [box for box in growing if box.x0 < end and start < box.x1]
        growing = [box for box in growing if box not in above]
        joined = [Ruling(start, row, end, row + 1), *above]
        growing.append(_around(joined))
    boxes += growing
    return _join_pieces([box for box in boxes if box.bottom - box.top <= _THIN * point + _BLUR], _BREAK * point)


def _closed(grey: Any, height: int) -> Any:
    """Return the picture without what is dark and lower than `height` dots: each column's morphological closing."""
    lighter = _slide_max(grey, height)
    return 255 - _slide_max(255 - lighter[::-1], height)[::-1]


def _slide_max(values: Any, height: int) -> Any:
    """Return for each row the largest value of it and the `height` - 1 rows below, column by column."""
    largest, covered = values.copy(), 1
    while covered < min(height, len(values)):
        step = min(covered, height - covered)
        np.maximum(largest[:-step], largest[step:], out=largest[:-step])
        covered += step
    return largest


def _long_runs(dark: Any, least: int) -> list[tuple[int, int, int]]:
    """Return row, start and end of each horizontal run of at least `least` dots, from top to bottom.

    A run may step up or down by one dot, as that of a line that is not quite level does.
    """
    thick = dark.copy()
    thick[1:] |= dark[:-1]
    padded = np.zeros((dark.shape[0], dark.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = thick
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    long = ends - starts >= least
    return list(zip(rows[long].tolist(), starts[long].tolist(), ends[long].tolist(), strict=True))


def _join_pieces(boxes: list[Ruling], gap: float) -> list[Ruling]:
    """Join the pieces of a line that is broken, or that steps up or down."""
    lines: list[Ruling] = []
    for box in sorted(boxes):
        last = next((one for one in lines if one.touches(box._replace(x0=box.x0 - gap), 2)), None)
        if last is None:
            lines.append(box)
            continue
        lines.remove(last)
        lines.append(_around([last, box]))
    return lines


def _around(boxes: list[Ruling]) -> Ruling:
    x0, top, x1, bottom = zip(*boxes, strict=True)
    return Ruling(min(x0), min(top), max(x1), max(bottom))


def _connected(found: list[Ruling], point: float) -> list[Ruling]:
    """Return the rulings that are long alone or together with those that they touch."""
    kept = {
        ruling
        for group in group_rulings(found, 2 * point)
        if max(ruling.length for ruling in group) >= _ALONE * point
        or (len(group) > 1 and sum(ruling.length for ruling in group) >= _TOGETHER * point)
        for ruling in group
    }
    return [ruling for ruling in found if ruling in kept]


def group_rulings(rulings: list[Ruling], slack: float) -> list[list[Ruling]]:
    """Return the rulings in groups that touch each other, or nearly do, as those of a table."""
    groups: list[list[Ruling]] = []
    for ruling in rulings:
        touching = [group for group in groups if any(ruling.touches(other, slack) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([*(other for group in touching for other in group), ruling])
    return groups


def without_rulings(image: Image.Image, rulings: list[Ruling]) -> Image.Image:
    """Return the picture without the rulings. A stroke that crosses a ruling keeps its dots."""
    grey = np.array(image)
    strokes = grey < _STROKE
    boxes = [tuple(int(value) for value in ruling) for ruling in rulings]
    for x0, top, x1, bottom in boxes:
        strokes[max(0, top - 2) : bottom + 2, max(0, x0 - 2) : x1 + 2] = False
    for x0, top, x1, bottom in boxes:
        if x1 - x0 >= bottom - top:
            _erase(grey, strokes, x0, top, x1, bottom)
        else:
            _erase(grey.T, strokes.T, top, x0, bottom, x1)
    return Image.fromarray(grey)


def _erase(grey: Any, strokes: Any, x0: int, top: int, x1: int, bottom: int) -> None:
    """Whiten a horizontal ruling and its blurred edge, except where a stroke is on both sides of it."""
    first, last = max(0, top - 2), min(len(grey), bottom + 2)
    above, below = strokes[max(0, first - 2) : first, x0:x1].any(axis=0), strokes[last : last + 2, x0:x1].any(axis=0)
    grey[first:last, x0:x1][:, ~(above & below)] = 255
