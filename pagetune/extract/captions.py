"""Find the line that names a table: a numbered caption, a title in brackets, or the heading above."""

import re
from collections.abc import Callable

from pagetune.extract.columns import Line
from pagetune.extract.word_boxes import Box
from pagetune.text.sentences import ends_sentence

#: The largest distance from a caption to its table, in font sizes of the caption.
WITHIN = 4.0
#: A longer line is running text.
MAX_CHARACTERS = 80
#: A line that is numbered as a table's name, or a title in brackets.
_NUMBERED = re.compile(r"[\[<〈《【(（]?\s*(?:(?:별표|서식|표)\s*\d|(?:Table|TABLE|Tab\.)\s*\d)")
_BRACKETED = re.compile(r"[\[<〈《【].+[\]>〉》】]")
#: A unit or a date, which stands between a caption and its table.
_UNIT = re.compile(r"[\[(（<※*]?\s*(?:단위|기준일?)\b.*|\(.{1,12}\)|[\[(（]?.{0,20}(?:기준|현재)\s*[\])）]?")


def caption(box: Box, groups: list[list[Line]], others: list[Box]) -> str:
    """Return the text that names the table in `box`, or "".

    `groups` are the page's lines, paragraph by paragraph, without running headers and without what stands in tables.
    `others` are the boxes of the other tables: a line beyond one of them names that one.
    """
    above = _nearest(box, groups, others, lambda line: box[1] - line.bottom)
    if above and _names(above):
        return above[-1].text
    below = _nearest(box, groups, others, lambda line: line.top - box[3])
    if below and _NUMBERED.match(below[0].text) and not _is_above_a_table(below[0], others):
        return below[0].text
    return ""


def _nearest(
    box: Box, groups: list[list[Line]], others: list[Box], distance: Callable[[Line], float]
) -> list[Line] | None:
    """Return the paragraph with the line nearest to the box, without units, or None if none is near."""
    near = [
        (distance(line), group)
        for group in groups
        for line in group
        if -3 <= distance(line) <= WITHIN * line.size and _overlaps(line, box) and not _UNIT.fullmatch(line.text)
    ]
    _, group = min(near, key=lambda found: found[0], default=(0.0, None))
    hidden = group and any(_is_between(other, group[-1], box) for other in others)
    return None if hidden else group


def _overlaps(line: Line, box: Box) -> bool:
    return line.x0 < box[2] and line.x1 > box[0]


def _is_between(other: Box, line: Line, box: Box) -> bool:
    """Return whether another table stands between the line and the table in `box`."""
    first, last = sorted([(line.top, line.bottom), (box[1], box[3])])
    return first[1] - 3 <= other[1] and other[3] <= last[0] + 3 and other[0] < box[2] and other[2] > box[0]


def _is_above_a_table(line: Line, others: list[Box]) -> bool:
    return any(_overlaps(line, other) and -3 <= other[1] - line.bottom <= WITHIN * line.size for other in others)


def _names(group: list[Line]) -> bool:
    """Return whether a paragraph is a name: one line that is numbered, in brackets, or at least not a sentence."""
    text = group[-1].text
    if len(group) > 1 or len(text) > MAX_CHARACTERS:
        return False
    return bool(_NUMBERED.match(text) or _BRACKETED.fullmatch(text)) or not ends_sentence(text)
