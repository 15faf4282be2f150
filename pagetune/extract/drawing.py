"""Read what is drawn on a page, from PDFium's page objects: ruling lines, filled boxes, images, outlined letters."""

from collections.abc import Callable, Iterator
from ctypes import PYFUNCTYPE, addressof, c_float, c_int, c_uint, c_ulong, c_void_p, cast
from dataclasses import dataclass, field
from itertools import pairwise
from struct import Struct
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pagetune.extract.outlines import MIN_POINTS, may_be_letters
from pagetune.extract.word_boxes import Box, PdfBox

#: A box thinner than this, in points, is a ruling line.
THIN = 3.0
#: A path of more segments than this is artwork, such as a map.
MAX_SEGMENTS = 2000
#: A path that is smaller than this on both sides, in points, may be a letter drawn as an outline.
LETTER_SIZE = 40.0
#: How deep forms inside forms are read.
MAX_DEPTH = 4
#: A colour at least this light on all channels, of 255, is white.
WHITE = 250

#: a, b, c, d, e, f of the PDF's transformation: x' = a x + c y + e, y' = b x + d y + f.
Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass
class Drawing:
    """What is drawn on a page, in points from the bottom left of the page as the file stores it.

    `rulings` are thin boxes, `boxes` the filled rectangles that are not white. `letters` are the boxes of paths that
    could be letters, each with the number of its points. `grounds` are the boxes of images and of what is filled with a
    colour, on which white letters are seen. `image_area` is in square points. `texts` and `paths` are PDFium's objects,
    which last as long as the page is open, and `paths` has the transformation of the form around each.
    """

    rulings: list[PdfBox] = field(default_factory=list)
    boxes: list[PdfBox] = field(default_factory=list)
    letters: list[tuple[PdfBox, int]] = field(default_factory=list)
    grounds: list[PdfBox] = field(default_factory=list)
    image_area: float = 0.0
    texts: list[Any] = field(default_factory=list)
    paths: list[tuple[Any, Matrix]] = field(default_factory=list)


def read_drawing(page: pdfium.PdfPage) -> Drawing:
    """Read the page's paths and images, also inside forms."""
    drawing = Drawing()
    handle = cast(page.raw, c_void_p)
    for item in _items(_count_page, _page_item, handle):
        _read_item(item, _IDENTITY, drawing, 0)
    return drawing


def plain_function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """Return a function of PDFium with plain types: with pypdfium2's own, ctypes checks and wraps each argument.

    It keeps the interpreter's lock, which costs as much to give away as most functions take.
    """
    return PYFUNCTYPE(result, *arguments)(cast(getattr(raw, name), c_void_p).value or 0)


_count_page = plain_function("FPDFPage_CountObjects", c_int, c_void_p)
_page_item = plain_function("FPDFPage_GetObject", c_void_p, c_void_p, c_int)
_count_form = plain_function("FPDFFormObj_CountObjects", c_int, c_void_p)
_form_item = plain_function("FPDFFormObj_GetObject", c_void_p, c_void_p, c_ulong)
_type = plain_function("FPDFPageObj_GetType", c_int, c_void_p)
_get_matrix = plain_function("FPDFPageObj_GetMatrix", c_int, c_void_p, c_void_p)
_get_bounds = plain_function("FPDFPageObj_GetBounds", c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)
_draw_mode = plain_function("FPDFPath_GetDrawMode", c_int, c_void_p, c_void_p, c_void_p)
_fill_color = plain_function("FPDFPageObj_GetFillColor", c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)
_count_segments = plain_function("FPDFPath_CountSegments", c_int, c_void_p)
_segment = plain_function("FPDFPath_GetPathSegment", c_void_p, c_void_p, c_int)
_segment_type = plain_function("FPDFPathSegment_GetType", c_int, c_void_p)
_point = plain_function("FPDFPathSegment_GetPoint", c_int, c_void_p, c_void_p, c_void_p)
_closes = plain_function("FPDFPathSegment_GetClose", c_int, c_void_p)


#: Room for the numbers that these functions write, the addresses of each, and how they are read from there. To make
#: room for each call takes far longer.
_FLOATS, _INTS = (c_float * 6)(), (c_uint * 4)()
_point_in, _box_in, _matrix_in = (Struct(f"{count}f").unpack_from for count in (2, 4, 6))
_modes_in, _color_in = (Struct(f"{count}I").unpack_from for count in (2, 4))
_AT = [addressof(_FLOATS) + 4 * place for place in range(6)]
_AT_INTS = [addressof(_INTS) + 4 * place for place in range(4)]


def _items(count: Callable[..., int], get: Callable[..., Any], handle: Any) -> Iterator[Any]:
    return (get(handle, index) for index in range(count(handle)))


def _read_item(item: Any, matrix: Matrix, drawing: Drawing, depth: int) -> None:
    kind = _type(item)
    if kind == raw.FPDF_PAGEOBJ_TEXT:
        drawing.texts.append(item)
    elif kind == raw.FPDF_PAGEOBJ_PATH:
        drawing.paths.append((item, matrix))
        _read_path(item, matrix, drawing)
    elif kind == raw.FPDF_PAGEOBJ_IMAGE:
        left, bottom, right, top = _moved(_bounds(item), matrix)
        drawing.image_area += max(0.0, right - left) * max(0.0, top - bottom)
        drawing.grounds.append((left, bottom, right, top))
    elif kind == raw.FPDF_PAGEOBJ_SHADING:
        drawing.grounds.append(_moved(_bounds(item), matrix))
    elif kind == raw.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
        inner = _combine(_matrix(item), matrix)
        for part in _items(_count_form, _form_item, item):
            _read_item(part, inner, drawing, depth + 1)


def _read_path(path: Any, matrix: Matrix, drawing: Drawing) -> None:
    count = _count_segments(path)
    filled, stroked = _modes(path)
    colored = filled and _is_colored(path)
    if colored or count >= MIN_POINTS:  # no other path needs its box
        box = _moved(_bounds(path), matrix)
        if may_be_letters(box[2] - box[0], box[3] - box[1], count):
            drawing.letters.append((box, count))
        if colored and not _is_thin(box):
            drawing.grounds.append(box)
        if count > MIN_POINTS and _is_small(box):
            return
    if not (filled or stroked) or count > MAX_SEGMENTS:
        return
    whole = _combine(_matrix(path), matrix)
    for points in _subpaths(path, count, whole):
        _add_subpath(points, colored, filled, stroked, drawing)


def count_small_paths(drawing: Drawing) -> int:
    """Return how many paths are as small as a letter. The page must still be open."""
    return sum(_is_small(_moved(_bounds(path), matrix)) for path, matrix in drawing.paths)


def _is_small(box: PdfBox) -> bool:
    return box[2] - box[0] < LETTER_SIZE and box[3] - box[1] < LETTER_SIZE


def _add_subpath(points: list[tuple[float, float]], colored: bool, filled: bool, stroked: bool, to: Drawing) -> None:
    box = _around(points)
    if _is_thin(box):
        to.rulings.append(box)
        return
    if filled and _is_rectangle(points):
        if colored:
            to.boxes.append(box)
        elif not stroked:
            return
    if stroked:
        for start, end in pairwise(points):
            if abs(start[0] - end[0]) < 1 or abs(start[1] - end[1]) < 1:
                to.rulings.append(_around([start, end]))


def _subpaths(path: Any, count: int, matrix: Matrix) -> Iterator[list[tuple[float, float]]]:
    """Yield the corners of each subpath, with the first corner again at the end of a closed one; curves break it."""
    a, b, c, d, e, f = matrix
    at_x, at_y, *_ = _AT
    points: list[tuple[float, float]] = []
    for index in range(count):
        segment = _segment(path, index)
        kind = _segment_type(segment)
        if kind != raw.FPDF_SEGMENT_LINETO and len(points) > 1:
            yield points
            points = []
        _point(segment, at_x, at_y)
        x, y = _point_in(_FLOATS)
        point = a * x + c * y + e, b * x + d * y + f
        if kind == raw.FPDF_SEGMENT_LINETO:
            points.append(point)
        else:
            points = [point]
        if len(points) > 1 and points[0] != points[-1] and _closes(segment):
            points.append(points[0])
    if len(points) > 1:
        yield points


def _is_rectangle(points: list[tuple[float, float]]) -> bool:
    if len(points) not in (4, 5):
        return False
    return all(abs(x - u) < 1 or abs(y - v) < 1 for (x, y), (u, v) in pairwise(points))


def _is_thin(box: PdfBox) -> bool:
    """Return whether a box is a ruling line. A dot is one too: a dotted line may consist of them."""
    return box[2] - box[0] < THIN or box[3] - box[1] < THIN


def _modes(path: Any) -> tuple[bool, bool]:
    """Return whether a path is filled, and whether its outline is drawn."""
    if not _draw_mode(path, *_AT_INTS[:2]):
        return False, False
    fill, stroke = _modes_in(_INTS)
    return fill != raw.FPDF_FILLMODE_NONE, bool(stroke)


def _is_colored(path: Any) -> bool:
    if not _fill_color(path, *_AT_INTS):
        return True
    red, green, blue, alpha = _color_in(_INTS)
    return bool(alpha > 0 and min(red, green, blue) < WHITE)


def may_be_white(text: Any) -> bool:
    """Return whether an object of text has a light colour, or one that PDFium does not tell."""
    return not _fill_color(text, *_AT_INTS) or min(_color_in(_INTS)[:3]) >= WHITE


def _matrix(item: Any) -> Matrix:
    if not _get_matrix(item, _AT[0]):
        return _IDENTITY
    a, b, c, d, e, f = _matrix_in(_FLOATS)
    return a, b, c, d, e, f


def _bounds(item: Any) -> PdfBox:
    if not _get_bounds(item, *_AT[:4]):
        return 0.0, 0.0, 0.0, 0.0
    left, bottom, right, top = _box_in(_FLOATS)
    return left, bottom, right, top


def _combine(first: Matrix, second: Matrix) -> Matrix:
    """Return the transformation that does `first` and then `second`."""
    if second == _IDENTITY:
        return first
    if first == _IDENTITY:
        return second
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _moved(box: PdfBox, matrix: Matrix) -> PdfBox:
    if matrix == _IDENTITY:
        return box
    a, b, c, d, e, f = matrix
    if b == c == 0:
        left, bottom, right, top = a * box[0] + e, d * box[1] + f, a * box[2] + e, d * box[3] + f
        return min(left, right), min(bottom, top), max(left, right), max(bottom, top)
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    return _around([(a * x + c * y + e, b * x + d * y + f) for x, y in corners])


def _around(points: list[tuple[float, float]]) -> PdfBox:
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def turned(box: PdfBox, turn: int, shown: PdfBox) -> Box:
    """Return a box in points from the top left of the part `shown` of the page, turned clockwise by `turn` degrees."""
    width, height = shown[2] - shown[0], shown[3] - shown[1]
    left, bottom, right, top = box[0] - shown[0], box[1] - shown[1], box[2] - shown[0], box[3] - shown[1]
    if turn == 0:
        return left, height - top, right, height - bottom
    if turn == 90:
        return bottom, left, top, right
    if turn == 180:
        return width - right, bottom, width - left, top
    return height - top, width - right, height - bottom, width - left
