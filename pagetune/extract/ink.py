"""Tell a page with text in its picture from a blank page, and from one whose few words are read."""

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pagetune.extract.columns import Line

#: A step between neighbouring pixels, of 256 levels of grey, that is the edge of a stroke.
STROKE = 60
#: A row of pixels through a word has at least this many edges, and a word has at least this many such rows. The
#: outlines of coloured areas have fewer edges in a row.
EDGES, ROWS = 8, 4
#: The largest width or height, in pixels; pages have a pixel a point unless they are larger.
MAX_PIXELS = 2000
#: Read words are left out with a margin of this many points.
MARGIN = 2


def shows_more_than(page: pdfium.PdfPage, lines: list[Line]) -> bool:
    """Return whether the page shows what could be a word and is not in the boxes of the lines.

    The lines of an invisible text layer, which a scanner's software lays over a picture, are not taken for all of it.
    """
    scale = min(1.0, MAX_PIXELS / max(page.get_size()))
    pixels = page.render(scale=scale, grayscale=True).to_numpy()
    edges = np.abs(np.diff(pixels.reshape(pixels.shape[:2]).astype(np.int16), axis=1)) > STROKE
    for line in [] if _has_invisible_text(page) else lines:
        left, top = (max(0, int(scale * (end - MARGIN))) for end in (line.x0, line.top))
        right, bottom = (int(scale * (end + MARGIN)) + 1 for end in (line.x1, line.bottom))
        edges[top:bottom, left:right] = False
    return int((edges.sum(axis=1) >= EDGES).sum()) >= ROWS


def _has_invisible_text(page: pdfium.PdfPage) -> bool:
    texts = page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=3)
    return any(raw.FPDFTextObj_GetTextRenderMode(text.raw) == raw.FPDF_TEXTRENDERMODE_INVISIBLE for text in texts)
