"""Read a page's words and ruling lines with PDFium, which is several times as fast as pdfplumber."""

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator
from ctypes import byref, c_int, c_ulong, c_void_p, cast, create_string_buffer
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pagetune.extract.drawing import (
    THIN,
    WHITE,
    Drawing,
    count_small_paths,
    may_be_white,
    plain_function,
    read_drawing,
    turned,
)
from pagetune.extract.forms import Field, read_fields
from pagetune.extract.line_numbers import without_line_numbers
from pagetune.extract.outlines import Shape, outlined_lines
from pagetune.extract.symbols import as_shown
from pagetune.extract.word_boxes import Box, PdfBox, Word

#: PDFium writes one of these for a hyphen at the end of a line, and removes the line break.
BREAK_HYPHENS = "\ufffe\x02"
_WORD = re.compile(rf"[^\s{BREAK_HYPHENS}]+[{BREAK_HYPHENS}]?|[{BREAK_HYPHENS}]")
#: What is not written as PDFium returns it: those hyphens, and the halves of a character beyond 16 bits.
_NOT_PLAIN = re.compile(f"[{BREAK_HYPHENS}\ud800-\udfff]")
#: The first character of a word, and one after its last, as PDFium counts them.
Span = tuple[int, int]
#: A part of a picture whose greys differ by less than this, of 255, is blank.
FLAT = 12
#: A space that PDFium inserted is none if it is narrower than this share of the page's own, which stand after at least
#: the second share of the words.
NARROWER, OWN_SPACES = 0.5, 0.2
#: This many small paths on a page without text are characters drawn as outlines.
_OUTLINES = 100


@dataclass
class FastPage:
    """The words of a page that was turned clockwise by `turn` degrees, so that its main text is upright.

    `aside` holds the words that run in other directions, such as a stamp along the margin. `rulings` are the boxes of
    ruling lines, `boxes` those of filled rectangles. `image_share` is the share of the page that images cover, 0 to 1,
    and 1 where all characters are drawn as outlines; `outlined` holds the boxes of other lines that are drawn so.
    `fields` are those of a form, whose values are not among the words.
    """

    turn: int
    words: list[Word]
    aside: list[Word]
    rulings: list[Box]
    boxes: list[Box]
    image_share: float
    outlined: list[Box]
    fields: list[Field]


def read_fast(page: pdfium.PdfPage, index: int) -> FastPage:
    """Read the words, images, ruling lines and form fields of the page, the file's `index`-th from 0.

    Raise PdfiumError if the page cannot be loaded.
    """
    shown = left, bottom, right, top = page_box(page)
    width, height = right - left, top - bottom
    drawing = read_drawing(page)
    texts, ends = _words_and_ends(page.get_textpage(), drawing)
    turns = _turns(texts, ends)
    turn = _main_turn(texts, turns) if texts else page.get_rotation()
    boxes = _boxes(ends) - np.array([left, bottom, left, bottom])
    upright = without_line_numbers(_words(texts, boxes, turns, turn, width, height))
    aside = [
        word
        for other in (0, 90, 180, 270)
        if other != turn
        for word in _words(texts, boxes, turns, other, width, height)
    ]
    rulings, filled = ([turned(box, turn, shown) for box in found] for found in (drawing.rulings, drawing.boxes))
    fields = read_fields(page, index, shown, lambda box: turned(box, turn, shown))
    image_share = _image_share(drawing, width * height, bool(texts))
    shapes = [Shape(*turned(box, turn, shown), points) for box, points in drawing.letters if _is_shown(box, shown)]
    outlined = outlined_lines(shapes, upright) if turn == page.get_rotation() else []
    return FastPage(turn, upright, aside, rulings, filled, image_share, outlined, fields)


def _is_shown(box: PdfBox, shown: PdfBox) -> bool:
    return shown[0] <= box[0] and box[2] <= shown[2] and shown[1] <= box[1] and box[3] <= shown[3]


def page_box(page: pdfium.PdfPage) -> PdfBox:
    """Return the visible part of the page, also where it inherits its box from the page tree."""
    shown = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page.raw, byref(shown)):
        return tuple(page.get_mediabox())
    box = shown.left, shown.bottom, shown.right, shown.top
    # Some files write a box's corners the wrong way round.
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])


def _words_and_ends(textpage: pdfium.PdfTextPage, drawing: Drawing) -> tuple[list[str], Any]:
    """Return the words that are seen, and the boxes of each word's first and last character: (n, 2, 4)."""
    text, handle = _text(textpage), cast(textpage.raw, c_void_p).value
    spans = [found.span() for found in _WORD.finditer(text)]
    spans, ends = _seen(textpage.page, handle, spans, _end_boxes(handle, spans), drawing)
    spans, ends = _without_false_spaces(handle, spans, ends)
    spans, ends = _parted_by_rulings(handle, spans, ends, drawing.rulings)
    texts = [text[start:end].replace(" ", "") for start, end in spans]
    if _NOT_PLAIN.search(text):
        texts = [_join_surrogates(word).replace("\ufffe", "-").replace("\x02", "-") for word in texts]
    texts = [
        as_shown(text, _font(handle, start)) if len(text) == 1 and text < "\u0100" and not text.isdigit() else text
        for text, (start, _) in zip(texts, spans, strict=True)
    ]
    return texts, ends


def _font(handle: Any, index: int) -> str:
    """Return the name of a character's font."""
    name, flags = create_string_buffer(128), c_int()
    _read_font(handle, index, name, 128, byref(flags))
    return name.value.decode("utf-8", "replace")


def _without_false_spaces(handle: Any, spans: list[Span], ends: Any) -> tuple[list[Span], Any]:
    """Join the words between which PDFium inserted a space at a gap that is much narrower than the page's own spaces.

    It does so where letter-spaced text changes from one part of a font to another.
    """
    gaps, level = ends[1:, 0, 0] - ends[:-1, 1, 2], ends[1:, 0, 1] == ends[:-1, 1, 1]
    inserted = np.array([*map(_is_generated, repeat(handle), [end for _, end in spans[:-1]])], dtype=bool)
    if not inserted.any() or inserted.mean() > 1 - OWN_SPACES or not (~inserted & level).any():
        return spans, ends
    narrow = inserted & level & (gaps > 0) & (gaps < NARROWER * np.median(gaps[~inserted & level]))
    joined = {at for at in np.flatnonzero(narrow).tolist() if spans[at + 1][0] == spans[at][1] + 1}
    if not joined:
        return spans, ends
    firsts = [at for at in range(len(spans)) if at - 1 not in joined]
    lasts = [at for at in range(len(spans)) if at not in joined]
    whole = [(spans[first][0], spans[last][1]) for first, last in zip(firsts, lasts, strict=True)]
    return whole, np.stack([ends[firsts, 0], ends[lasts, 1]], axis=1)


def _parted_by_rulings(handle: Any, spans: list[Span], ends: Any, rulings: list[PdfBox]) -> tuple[list[Span], Any]:
    """Part words at ruling lines between two of their letters: numbers in narrow columns seem to be one."""
    if not rulings or not spans:
        return spans, ends
    boxes, lines = _boxes(ends), np.array(rulings)
    crossed = {word: places for axis in (0, 1) for word, places in _crossed(boxes, lines, axis)}
    parts = {word: _parted(handle, spans[word], places) for word, places in crossed.items()}
    counts = [len(parts.get(word, [span])) for word, span in enumerate(spans)]
    if len(spans) == sum(counts):
        return spans, ends
    parted = [part for word, span in enumerate(spans) for part in parts.get(word, [span])]
    new, ends = np.repeat(counts, counts) > 1, np.repeat(ends, counts, axis=0)
    ends[new] = _end_boxes(handle, [part for part, is_new in zip(parted, new, strict=True) if is_new])
    return parted, ends


def _crossed(boxes: Any, lines: Any, axis: int) -> Iterator[tuple[int, list[float]]]:
    """Yield the words that run along an axis, 0 for x and 1 for y, with the places of the lines that cross them."""
    other = 1 - axis
    across = lines[lines[:, axis + 2] - lines[:, axis] < THIN]
    across = across[np.argsort(across[:, axis])]
    first, last = (np.searchsorted(across[:, axis], boxes[:, axis + side] + 1 - side) for side in (0, 2))
    runs = boxes[:, axis + 2] - boxes[:, axis] > boxes[:, other + 2] - boxes[:, other]
    for word in np.flatnonzero((last > first) & runs).tolist():
        middle = (boxes[word, other] + boxes[word, other + 2]) / 2
        near = across[first[word] : last[word]]
        near = near[(near[:, other] < middle) & (middle < near[:, other + 2])]
        if len(near):
            yield word, ((near[:, axis] + near[:, axis + 2]) / 2).tolist()


def _parted(handle: Any, span: Span, places: list[float]) -> list[Span]:
    """Part a word where one of the places is between two letters, along the longer side of the word."""
    letters = _end_boxes(handle, [(at, at + 1) for at in range(*span)])[:, 0]
    axis = int(np.ptp(letters[:, 1]) > np.ptp(letters[:, 0]))
    starts, ends = letters[:, axis], letters[:, axis + 2]
    slack = 0.1 * float(np.median(ends - starts))
    cuts = [
        span[0] + at
        for at in range(1, len(letters))
        if any(
            min(ends[at - 1], ends[at]) - slack <= place <= max(starts[at - 1], starts[at]) + slack for place in places
        )
    ]
    return list(pairwise([span[0], *cuts, span[1]]))


def _seen(page: pdfium.PdfPage, handle: Any, spans: list[Span], ends: Any, drawing: Drawing) -> tuple[list[Span], Any]:
    """Leave out white words that nobody sees: those on nothing, where the picture of the page is blank."""
    if len(drawing.texts) < len(spans) and not any(map(may_be_white, drawing.texts)):
        return spans, ends  # most pages; to ask for the colour of each word takes longer
    white = _white(handle, spans)
    if not len(white):
        return spans, ends
    boxes, on = _boxes(ends[white]), np.array(drawing.grounds).reshape(-1, 4)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    bare = [
        at
        for at, (x, y) in enumerate(middles)
        if not ((on[:, 0] <= x) & (x <= on[:, 2]) & (on[:, 1] <= y) & (y <= on[:, 3])).any()
    ]
    unseen = {int(white[at]) for at, blank in zip(bare, _are_blank(page, boxes[bare]), strict=True) if blank}
    kept = [at for at in range(len(spans)) if at not in unseen]
    return [spans[at] for at in kept], ends[kept]


def _white(handle: Any, spans: list[Span]) -> Any:
    """Return which words begin with a white letter: (n,)."""
    colors = np.zeros((len(spans), 4), dtype=np.uint32)
    address = colors.ctypes.data
    channels = [range(address + at, address + at + colors.nbytes, 16) for at in (0, 4, 8, 12)]
    read = np.array([*map(_read_color, repeat(handle), [start for start, _ in spans], *channels)], dtype=bool)
    return np.flatnonzero(read & (colors[:, :3].min(axis=1) >= WHITE) & (colors[:, 3] > 0))


def _are_blank(page: pdfium.PdfPage, boxes: Any) -> list[bool]:
    """Return whether the picture of the page has one shade in each of the boxes, which are as the file stores them."""
    if not len(boxes):
        return []
    left, _, _, top = page_box(page)
    picture = page.render(scale=1, grayscale=True, rotation=-page.get_rotation() % 360).to_numpy().squeeze()
    places = np.stack([boxes[:, 0] - left, top - boxes[:, 3], boxes[:, 2] - left, top - boxes[:, 1]], axis=1)
    parts = (picture[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1] for x0, y0, x1, y1 in np.maximum(places, 0))
    return [part.size == 0 or int(part.max()) - int(part.min()) < FLAT for part in parts]


def _join_surrogates(word: str) -> str:
    """Join the UTF-16 surrogate pairs in which PDFium returns emoji, and replace a half without its other half."""
    return word.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_read_box = plain_function("FPDFText_GetLooseCharBox", c_int, c_void_p, c_int, c_void_p)
_read_font = plain_function("FPDFText_GetFontInfo", c_int, c_void_p, c_int, c_void_p, c_ulong, c_void_p)
_is_generated = plain_function("FPDFText_IsGenerated", c_int, c_void_p, c_int)
_read_color = plain_function("FPDFText_GetFillColor", c_int, c_void_p, c_int, c_void_p, c_void_p, c_void_p, c_void_p)


def _end_boxes(handle: Any, spans: list[Span]) -> Any:
    """Return the boxes of each word's first and last character: (n, 2, 4), each as left, bottom, right, top.

    The boxes are as high as the font, so that all characters of a line have the same height.
    """
    boxes = np.zeros((2 * len(spans), 4), dtype=np.float32)  # rows of raw.FS_RECTF: left, top, right, bottom
    letters = [letter for start, end in spans for letter in (start, end - 1)]
    addresses = range(boxes.ctypes.data, boxes.ctypes.data + boxes.nbytes, 16)
    deque(map(_read_box, repeat(handle), letters, addresses), maxlen=0)
    return boxes[:, [0, 3, 2, 1]].astype(np.float64).reshape(-1, 2, 4)


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
    if not any(turns):
        return 0
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
    words = map(Word, texts, x0.tolist(), x1.tolist(), y0.tolist(), y1.tolist())
    return [word for word, running in zip(words, turns, strict=True) if running == turn]


def _image_share(drawing: Drawing, area: float, has_text: bool) -> float:
    """Return the share of the page that images cover, 1 where its characters are drawn as outlines."""
    if not has_text and count_small_paths(drawing) >= _OUTLINES:
        return 1.0
    return min(1.0, drawing.image_area / area) if area else 0.0
