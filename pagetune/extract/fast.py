"""Read a page's words with PDFium: some thirty times as fast as pdfplumber, and blind to tables."""

import math
import re
from collections import Counter
from ctypes import byref
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pagetune.extract.words import Word

#: PDFium puts this in place of a hyphen at a line's end, and takes the line break away.
BREAK_HYPHENS = "\ufffe\x02"
_WORD = re.compile(rf"[^\s{BREAK_HYPHENS}]+[{BREAK_HYPHENS}]?|[{BREAK_HYPHENS}]")
#: A line is thinner than this, in points.
_THIN = 3.0
#: So many small paths on a page without letters are letters drawn as outlines.
_OUTLINES = 100

#: left, bottom, right, top in points from the bottom left of the page as it is stored.
Box = tuple[float, float, float, float]


@dataclass
class FastPage:
    """Words of the page turned by `turn` degrees clockwise, which sets its main text upright.

    `aside` are words that run in other directions: stamps along a margin. `ruled` says that lines are drawn on the
    page that could be a table's; `image_share` is how much of the page images cover, 0 to 1, and 1 where letters are
    drawn as outlines.
    """

    width: float
    height: float
    turn: int
    words: list[Word]
    aside: list[Word]
    ruled: bool
    image_share: float


def read_fast(page: pdfium.PdfPage) -> FastPage:
    """Raises PdfiumError where the page cannot be loaded."""
    left, bottom, right, top = _sorted_box(page.get_mediabox())
    placed = _placed_words(page.get_textpage(), (left, bottom))
    turn = _main_turn(placed)
    width, height = right - left, top - bottom
    upright = [_turned(word, turn, width, height) for word in placed if word[2] == turn]
    aside = [_turned(word, word[2], width, height) for word in placed if word[2] != turn]
    ruled, image_share = _survey(page, width * height)
    if turn in (90, 270):
        width, height = height, width
    return FastPage(width, height, turn, upright, aside, ruled, image_share)


def _sorted_box(box: Box) -> Box:
    """Some files write a box's corners the wrong way round."""
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


#: Text, box, and the turn that sets it upright.
Placed = tuple[str, Box, int]


def _placed_words(textpage: pdfium.PdfTextPage, origin: tuple[float, float]) -> list[Placed]:
    text = _text(textpage)
    placed: list[Placed] = []
    for found in _WORD.finditer(text):
        first, last = _box(textpage, found.start()), _box(textpage, found.end() - 1)
        turn = _turn(textpage, found.start(), first, last) if found.end() - found.start() > 1 else None
        if turn is None:
            turn = placed[-1][2] if placed else 0
        word = re.sub(f"[{BREAK_HYPHENS}]", "-", found.group())
        placed.append((word, _union(first, last, origin), turn))
    return placed


def _text(textpage: pdfium.PdfTextPage) -> str:
    """One character for each of the page's, so that positions in it are PDFium's own."""
    count = textpage.count_chars()
    text = str(textpage.get_text_range()) if count else ""
    if len(text) == count:
        return text
    codes = (raw.FPDFText_GetUnicode(textpage.raw, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 else "\ufffd" for code in codes)


def _box(textpage: pdfium.PdfTextPage, index: int) -> Box:
    """The character's box by its font's height, so that all letters of a line are as high."""
    rectangle = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage.raw, index, byref(rectangle))
    return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top


def _turn(textpage: pdfium.PdfTextPage, index: int, first: Box, last: Box) -> int | None:
    """The direction from the first letter to the last one, as the clockwise turn that makes it run to the right."""
    x = first[0] + first[2] - last[0] - last[2]
    y = first[1] + first[3] - last[1] - last[3]
    if x == y == 0 or last[0] == last[2] == 0:
        return None
    if abs(y) > abs(x):
        return 90 if y < 0 else 270
    if x <= 0:
        return 0
    # Arabic and Hebrew run to the left without being upside down.
    return 180 if abs(raw.FPDFText_GetCharAngle(textpage.raw, index) - math.pi) < 0.1 else 0


def _union(first: Box, last: Box, origin: tuple[float, float]) -> Box:
    if last[0] == last[2] == 0:  # a hyphen that PDFium made up has no box
        last = first
    x, y = origin
    return (
        min(first[0], last[0]) - x,
        min(first[1], last[1]) - y,
        max(first[2], last[2]) - x,
        max(first[3], last[3]) - y,
    )


def _main_turn(placed: list[Placed]) -> int:
    letters: Counter[int] = Counter()
    for text, _, turn in placed:
        letters[turn] += len(text)
    return letters.most_common(1)[0][0] if letters else 0


def _turned(word: Placed, turn: int, width: float, height: float) -> Word:
    text, (left, bottom, right, top), _ = word
    x0, x1, y0, y1 = {
        0: (left, right, height - top, height - bottom),
        90: (bottom, top, left, right),
        180: (width - right, width - left, bottom, top),
        270: (height - top, height - bottom, width - right, width - left),
    }[turn]
    return Word(text, x0, x1, y0, y1)


def _survey(page: pdfium.PdfPage, area: float) -> tuple[bool, float]:
    """Whether enough lines are drawn for a table of two cells, and how much of the page images cover."""
    level = upright = small = 0
    covered = 0.0
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            covered += max(0.0, right - left) * max(0.0, top - bottom)
            continue
        small += right - left < 40 and top - bottom < 40
        lines = _lines_in(item, right - left, top - bottom)
        level, upright = level + lines[0], upright + lines[1]
    image_share = 1.0 if small >= _OUTLINES else min(1.0, covered / area) if area else 0.0
    return level >= 2 and upright >= 2 and level + upright >= 5, image_share


def _lines_in(path: Any, width: float, height: float) -> tuple[int, int]:
    """How many level and upright lines a path can hold: a box has two of each, a longer path may be a whole table."""
    if width < _THIN and height < _THIN:
        return 0, 0
    if height < _THIN:
        return 1, 0
    if width < _THIN:
        return 0, 1
    return (2, 2) if raw.FPDFPath_CountSegments(path.raw) <= 5 else (3, 3)
