"""Make the picture of a scanned page fit for reading: even background, without noise, upright."""

from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, ImageFilter

from pagetune.extract.fast import page_box
from pagetune.extract.word_boxes import Box

#: Pictures with fewer dots per inch are enlarged: letters that are too small are read badly.
MIN_DPI = 150
#: The most dots of a picture: those of an A3 page at 400 dpi. Larger pages are rendered with fewer dots per inch.
_MOST_DOTS = 31e6
#: An image that covers at least this share of the page is the scan itself.
_COVERS = 0.5
#: The median change that a median filter makes, in levels of grey, above which the picture is noisy. The filter makes
#: thin strokes unreadable, and leaves most of the background of a clean picture as it is.
_NOISE = 0.5
#: Angles that are tried, in degrees: coarse steps, then fine steps around the best.
_COARSE, _FINE = np.arange(-5, 5.01, 0.5), np.arange(-0.4, 0.41, 0.1)


def render(page: pdfium.PdfPage, dpi: int, part: Box | None = None) -> tuple[Image.Image, float]:
    """Return the page, or the part of it in points from its top left, as an upright picture, and its dots per inch.

    The picture is grey on white. A scan with fewer dots than `dpi` is rendered as it is, because enlarged noise cannot
    be removed; below MIN_DPI it is then enlarged.
    """
    width, height = page.get_size()
    left, top, right, bottom = part or (0, 0, width, height)
    # The part has a margin, which may reach over the edge of the page.
    crop = max(0, left), max(0, height - bottom), max(0, width - right), max(0, top)
    most = int((_MOST_DOTS / (width * height / 72**2)) ** 0.5)
    native = max(36, min(dpi, _scan_dpi(page), most))
    image = _flatten(page.render(scale=native / 72, grayscale=True, crop=crop).to_pil())
    if _is_noisy(image):
        image = image.filter(ImageFilter.MedianFilter(3))
    factor = max(1, min(-(-MIN_DPI // native), most // native))
    if factor > 1:
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
    return (image if part else straighten(image)), native * factor


def _scan_dpi(page: pdfium.PdfPage) -> int:
    """Return the dots per inch of the scan, or a large number where letters are drawn rather than scanned."""
    left, bottom, right, top = page_box(page)
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        x0, y0, x1, y1 = item.get_bounds()
        if (x1 - x0) * (y1 - y0) >= _COVERS * (right - left) * (top - bottom):
            return int(72 * max(item.get_px_size()) / max(x1 - x0, y1 - y0) + 0.5)
    return 10_000


def _flatten(image: Image.Image) -> Image.Image:
    """Divide by the background, which is the brightest grey nearby, so that shadows and grey paper become white."""
    small = image.resize((max(1, image.width // 16), max(1, image.height // 16)), Image.Resampling.BOX)
    background = small.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(3))
    paper = np.maximum(np.asarray(background.resize(image.size, Image.Resampling.BILINEAR), dtype=np.float32), 60)
    return Image.fromarray(np.clip(np.asarray(image) * (255 / paper), 0, 255).astype(np.uint8))


def _is_noisy(image: Image.Image) -> bool:
    changed = np.abs(np.asarray(image, dtype=np.int16) - np.asarray(image.filter(ImageFilter.MedianFilter(3))))
    return float(np.median(changed)) > _NOISE


def straighten(image: Image.Image) -> Image.Image:
    """Turn the picture by the angle, of at most 5 degrees, that makes its lines of text horizontal."""
    width = min(700, image.width)
    small = image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.BOX)
    ink = Image.fromarray(np.clip(225 - np.asarray(small, dtype=np.int16), 0, 120).astype(np.uint8))
    best = max(_COARSE, key=lambda angle: _stripes(ink, angle))
    best = max(best + _FINE, key=lambda angle: _stripes(ink, angle))
    if abs(best) < 0.05:
        return image
    return image.rotate(best, Image.Resampling.BICUBIC, fillcolor=255)


def _stripes(ink: Image.Image, angle: float) -> float:
    """Return how sharply lines of text and the space between them alternate in the turned picture."""
    rows = np.asarray(ink.rotate(angle, Image.Resampling.BILINEAR), dtype=np.float64).sum(axis=1)
    return float(np.square(np.diff(rows)).sum())


def find_ink(image: Image.Image) -> Any:
    """Return which dots are ink, bool (height, width): darker than the threshold of Otsu's method."""
    grey = np.asarray(image)
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    below, total = counts.cumsum(), (counts * np.arange(256)).cumsum()
    spread = np.zeros(256)
    split = (below > 0) & (below < below[-1])
    spread[split] = (total[-1] * below[split] / below[-1] - total[split]) ** 2 / (
        below[split] * (below[-1] - below[split])
    )
    return grey <= int(spread.argmax())
