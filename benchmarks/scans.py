"""Measure how well scans are read, and print the contents of benchmarks/scans.txt.

    python -m benchmarks.scans > benchmarks/scans.txt

Pages of known Korean text are set in eight fonts, turned into pictures, spoilt in one way at a time, and read as the
whole pipeline reads them. Errors are insertions, deletions and replacements per character of the text. The fonts are
Debian's: apt-get install fonts-nanum fonts-baekmuk fonts-unfonts-core.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageFilter
from rapidfuzz.distance import Levenshtein
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from benchmarks.extract import TABLE, korean_paragraphs, source_of
from benchmarks.typeset import Layout, typeset
from pagetune.extract.ocr import read_image
from pagetune.extract.pages import page_ranges, read_pages
from pagetune.params import Extract, load_params

FONTS = Path("/usr/share/fonts/truetype")
FONT_FILES = (
    "nanum/NanumGothic.ttf",
    "nanum/NanumMyeongjo.ttf",
    "nanum/NanumBarunGothic.ttf",
    "baekmuk/batang.ttf",
    "baekmuk/dotum.ttf",
    "baekmuk/gulim.ttf",
    "unfonts-core/UnBatang.ttf",
    "unfonts-core/UnDotum.ttf",
)
#: About as many characters as fit on a page.
PAGE = 1250


@dataclass(frozen=True)
class Condition:
    """How the picture of a page is made: its dots per inch, and what is done to it."""

    name: str
    dpi: int
    spoil: Callable[[Image.Image], Image.Image]


def turned(degrees: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def noisy(image: Image.Image) -> Image.Image:
    """Blur the picture, make it paler, add noise to each dot, and blacken or whiten one in five hundred."""
    random = np.random.default_rng(0)
    grey = np.asarray(image.filter(ImageFilter.GaussianBlur(image.width / 2100)), dtype=np.float64)
    grey = grey * 0.75 + 45 + random.normal(0, 18, grey.shape)
    dots = random.random(grey.shape)
    grey[dots < 0.001], grey[dots > 0.999] = 0, 255
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).rotate(-1, Image.Resampling.BICUBIC, fillcolor=230)


def shaded(image: Image.Image) -> Image.Image:
    """Darken the picture towards the left, down to a third, as the spine of a book does."""
    grey = np.asarray(image, dtype=np.float64)
    light = 0.35 + 0.65 * np.clip(np.linspace(0, 1, grey.shape[1]), 0, 1)
    noise = np.random.default_rng(0).normal(0, 3, grey.shape)
    return Image.fromarray(np.clip(0.9 * grey * light + noise, 0, 255).astype(np.uint8))


CONDITIONS = (
    Condition("300 dpi, clean", 300, lambda image: image),
    *(Condition(f"300 dpi, turned by {angle:+d}°", 300, turned(angle)) for angle in (1, -2)),
    Condition("300 dpi, noise, turned by -1°", 300, noisy),
    Condition("300 dpi, shadow", 300, shaded),
    Condition("150 dpi, clean", 150, lambda image: image),
    Condition("150 dpi, turned by -1°", 150, turned(-1)),
    Condition("150 dpi, noise, turned by -1°", 150, noisy),
    Condition("100 dpi, clean", 100, lambda image: image),
)


def main() -> None:
    params = load_params().extract.model_copy(update={"ocr": "auto"})
    with tempfile.TemporaryDirectory() as folder:
        report_text(Path(folder), params)
        report_rulings(Path(folder), params)


def report_text(folder: Path, params: Extract) -> None:
    print(f"character errors on a page in each of {len(FONT_FILES)} fonts:")
    print(f"{'':32s} with spaces  without  worst font  seconds a page")
    for condition in CONDITIONS:
        start = time.perf_counter()
        rates = [error_rates(folder, number, condition, params) for number in range(len(FONT_FILES))]
        seconds = (time.perf_counter() - start) / len(FONT_FILES)
        spaced, plain = ([rate[at] for rate in rates] for at in (0, 1))
        print(
            f"  {condition.name:30s} {fmean(spaced):11.2%} {fmean(plain):8.2%} {max(spaced):11.2%} {seconds:15.1f}",
            flush=True,
        )


def error_rates(folder: Path, number: int, condition: Condition, params: Extract) -> tuple[float, float]:
    """Return the errors per character, with the spaces and without them."""
    file = FONTS / FONT_FILES[number]
    pdfmetrics.registerFont(TTFont(file.stem, file))
    layout = Layout(characters=45 if number % 2 else 52, font=file.stem)
    path = scan(folder, layout, tuple(page_text(11 * number)), condition)
    [page] = [page for part in page_ranges(source_of(path), params) for page in read_pages(part)]
    wanted, read = " ".join(page_text(11 * number)), page.text.replace("\n", " ")
    return error_rate(wanted, read), error_rate(wanted.replace(" ", ""), read.replace(" ", ""))


def error_rate(wanted: str, read: str) -> float:
    return Levenshtein.distance(wanted, read) / len(wanted)


def page_text(first: int) -> list[str]:
    return list(_until_full(korean_paragraphs()[first:]))


def _until_full(paragraphs: list[str]) -> Iterator[str]:
    characters = 0
    for paragraph in paragraphs:
        characters += len(paragraph)
        if characters > PAGE:
            return
        yield paragraph


def scan(folder: Path, layout: Layout, paragraphs: tuple[str, ...], condition: Condition) -> Path:
    """Write a PDF that holds only the picture of a page, compressed as scanners do."""
    text, path = folder / "text.pdf", folder / "scan.pdf"
    typeset(text, list(paragraphs), layout, pages=1)
    with pdfium.PdfDocument(text) as pdf:
        image = pdf[0].render(scale=condition.dpi / 72, grayscale=True).to_pil()
    condition.spoil(image).save(path, resolution=condition.dpi, quality=80)
    return path


def report_rulings(folder: Path, params: Extract) -> None:
    """Report how many of a table's ruling lines are found, and how many lines are found that are not there."""
    wanted = len(TABLE) + 1 + len(TABLE[0]) + 1
    print(f"\nruling lines found of the {wanted} of a table:")
    for condition in CONDITIONS:
        path = scan(folder, Layout(table=TABLE), tuple(page_text(0)), condition)
        with pdfium.PdfDocument(path) as pdf:
            found = read_image(pdf[0], "eng", params.ocr_dpi, params.ocr_timeout_seconds).rulings
        print(f"  {condition.name:30s} {len(found)}", flush=True)


if __name__ == "__main__":
    main()
