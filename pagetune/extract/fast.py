"""Read a page's words with PDFium, which is about thirty times as fast as pdfplumber but does not find tables."""

import re
import unicodedata
from collections import Counter
from ctypes import CFUNCTYPE, byref, c_int, c_void_p, cast
from dataclasses import dataclass
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pagetune.extract.field_words import add_fields
from pagetune.extract.forms import Field, read_fields
from pagetune.extract.word_boxes import Box, PdfBox, Word

#: PDFium writes one of these for a hyphen at the end of a line, and removes the line break.
BREAK_HYPHENS = "\ufffe\x02"
_WORD = re.compile(rf"[^\s{BREAK_HYPHENS}]+[{BREAK_HYPHENS}]?|[{BREAK_HYPHENS}]")
#: A path thinner than this, in points, is a ruling line.
_THIN = 3.0
#: This many small paths on a page without text are characters drawn as outlines.
_OUTLINES = 100


@dataclass
class FastPage:
    """The words of a page that was turned clockwise by `turn` degrees, so that its main text is upright.

    `aside` holds the words that run in other directions, such as a stamp along the margin. `ruled` says that the page
    has ruling lines that could be a table's. `image_share` is the share of the page that images cover, 0 to 1, and 1
    where characters are drawn as outlines. `fields` are those of a form, whose values are among the words.
    """

    turn: int
    words: list[Word]
    aside: list[Word]
    ruled: bool
    image_share: float
    fields: list[Field]


def read_fast(page: pdfium.PdfPage, index: int) -> FastPage:
    """Read the words of the page, the file's `index`-th from 0, and look for images and ruling lines.

    Raise PdfiumError if the page cannot be loaded.
    """
    shown = left, bottom, right, top = page_box(page)
    width, height = right - left, top - bottom
    texts, ends = _words_and_ends(page.get_textpage())
    turns = _turns(texts, ends)
    turn = _main_turn(texts, turns) if texts else page.get_rotation()
    boxes = _boxes(ends) - np.array([left, bottom, left, bottom])
    upright = _words(texts, boxes, turns, turn, width, height)
    aside = [
        word
        for other in (0, 90, 180, 270)
        if other != turn
        for word in _words(texts, boxes, turns, other, width, height)
    ]
    ruled, image_share = _survey(page, width * height, bool(texts))
    fields = read_fields(page, index, shown, lambda box: _upright(box, turn, shown))
    words = add_fields(upright, fields) if fields else upright
    return FastPage(turn, words, aside, ruled, image_share, fields)


def page_box(page: pdfium.PdfPage) -> PdfBox:
    """Return the visible part of the page, also where it inherits its box from the page tree."""
    shown = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page.raw, byref(shown)):
        return tuple(page.get_mediabox())
    box = shown.left, shown.bottom, shown.right, shown.top
    # Some files write a box's corners the wrong way round.
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


def _words_and_ends(textpage: pdfium.PdfTextPage) -> tuple[list[str], Any]:
    """Return the page's words, and the boxes of each word's first and last character: (n, 2, 4)."""
    text = _text(textpage)
    spans = [found.span() for found in _WORD.finditer(text)]
    texts = [_join_surrogates(text[start:end]) for start, end in spans]
    if any(hyphen in text for hyphen in BREAK_HYPHENS):
        texts = [word.replace("\ufffe", "-").replace("\x02", "-") for word in texts]
    return texts, _end_boxes(textpage, spans).reshape(-1, 2, 4)


def _join_surrogates(word: str) -> str:
    """Join the UTF-16 surrogate pairs in which PDFium returns emoji, and replace a half without its other half."""
    if word.isascii() or not _SURROGATE.search(word):
        return word
    return word.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_SURROGATE = re.compile("[\ud800-\udfff]")

#: FPDFText_GetLooseCharBox with plain types: with pypdfium2's own, ctypes checks and wraps each argument, which takes
#: longer than the call itself.
_read_box = CFUNCTYPE(c_int, c_void_p, c_int, c_void_p)(cast(raw.FPDFText_GetLooseCharBox, c_void_p).value or 0)


def _end_boxes(textpage: pdfium.PdfTextPage, spans: list[tuple[int, int]]) -> Any:
    """Return the boxes of each word's first and last character: (2n, 4) as left, bottom, right, top.

    The boxes are as high as the font, so that all characters of a line have the same height.
    """
    boxes = np.zeros((2 * len(spans), 4), dtype=np.float32)  # rows of raw.FS_RECTF: left, top, right, bottom
    handle, address = cast(textpage.raw, c_void_p), boxes.ctypes.data
    for start, end in spans:
        _read_box(handle, start, address)
        _read_box(handle, end - 1, address + 16)
        address += 32
    return boxes[:, [0, 3, 2, 1]].astype(np.float64)


def _text(textpage: pdfium.PdfTextPage) -> str:
    """Return the page's text with one character for each that PDFium counts, so that positions are PDFium's own."""
    count = textpage.count_chars()
    text = str(textpage.get_text_range()) if count else ""
    if len(text) == count:
        return text
    codes = (raw.FPDFText_GetUnicode(textpage.raw, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 else "\ufffd" for code in codes)


def _turns(texts: list[str], ends: Any) -> list[int]:
    """Return for each word the clockwise turn, in degrees, that makes it run to the right.

    It follows from the position of the last character relative to the first. A word of one character runs like the
    word before it. Arabic and Hebrew run to the left without being upside down.
    """
    steps = ends[:, 1].reshape(-1, 2, 2).sum(axis=1) - ends[:, 0].reshape(-1, 2, 2).sum(axis=1)
    hyphen = ends[:, 1, 0] == ends[:, 1, 2]  # PDFium inserted it, so it has no box
    if not np.any(~hyphen & ((np.abs(steps[:, 1]) > np.abs(steps[:, 0])) | (steps[:, 0] < 0))):
        return [0] * len(ends)
    turns: list[int] = []
    unknowns = (hyphen | ~steps.any(axis=1)).tolist()
    for text, (x, y), unknown in zip(texts, steps.tolist(), unknowns, strict=True):
        if unknown:
            turns.append(turns[-1] if turns else 0)
        elif abs(y) > abs(x):
            turns.append(90 if y > 0 else 270)
        else:
            turns.append(180 if x < 0 and unicodedata.bidirectional(text[0]) not in ("R", "AL") else 0)
    return turns


def _main_turn(texts: list[str], turns: list[int]) -> int:
    characters: Counter[int] = Counter()
    for text, turn in zip(texts, turns, strict=True):
        characters[turn] += len(text)
    return characters.most_common(1)[0][0] if characters else 0


def _boxes(ends: Any) -> Any:
    """Return the box of each word, from its first character to its last: (n, 4)."""
    first, last = ends[:, 0], ends[:, 1]
    last = np.where((last[:, 0] == last[:, 2])[:, None], first, last)
    return np.hstack([np.minimum(first, last)[:, :2], np.maximum(first, last)[:, 2:]])


def _words(texts: list[str], boxes: Any, turns: list[int], turn: int, width: float, height: float) -> list[Word]:
    """Return the words with this turn, in points from the top left of the page turned that way."""
    if turn not in turns:
        return []
    left, bottom, right, top = boxes.T
    x0, x1, y0, y1 = {
        0: (left, right, height - top, height - bottom),
        90: (bottom, top, left, right),
        180: (width - right, width - left, bottom, top),
        270: (height - top, height - bottom, width - right, width - left),
    }[turn]
    placed = zip(texts, x0.tolist(), x1.tolist(), y0.tolist(), y1.tolist(), turns, strict=True)
    return [Word(text, a, b, c, d) for text, a, b, c, d, running in placed if running == turn]


def _upright(box: PdfBox, turn: int, shown: PdfBox) -> Box:
    """Return a box of the file in points from the top left of the page turned that way."""
    left, bottom, right, top = shown
    inner = np.array([box]) - np.array([left, bottom, left, bottom])
    [word] = _words([""], inner, [turn], turn, right - left, top - bottom)
    return word.x0, word.top, word.x1, word.bottom


def _survey(page: pdfium.PdfPage, area: float, has_text: bool) -> tuple[bool, float]:
    """Return whether there are enough ruling lines for a table of two cells, and the share of the page under images."""
    horizontal = vertical = small = 0
    covered = 0.0
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = item.get_bounds()
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            covered += max(0.0, right - left) * max(0.0, top - bottom)
            continue
        small += right - left < 40 and top - bottom < 40
        lines = _count_lines(item, right - left, top - bottom)
        horizontal, vertical = horizontal + lines[0], vertical + lines[1]
    image_share = 1.0 if small >= _OUTLINES and not has_text else min(1.0, covered / area) if area else 0.0
    return horizontal >= 2 and vertical >= 2 and horizontal + vertical >= 5, image_share


def _count_lines(path: Any, width: float, height: float) -> tuple[int, int]:
    """Return how many horizontal and vertical ruling lines a path may hold.

    A box has two of each; a longer path may be a whole table.
    """
    if width < _THIN and height < _THIN:
        return 0, 0
    if height < _THIN:
        return 1, 0
    if width < _THIN:
        return 0, 1
    return (2, 2) if raw.FPDFPath_CountSegments(path.raw) <= 5 else (3, 3)
