"""Read the image of a page with Tesseract."""

import os
from typing import Any

import pypdfium2 as pdfium

from pagetune.errors import UserError
from pagetune.extract.word_boxes import Box, Word

INSTALL = (
    "Install Tesseract and its language data (Debian, Ubuntu: apt-get install tesseract-ocr tesseract-ocr-kor), "
    "or set extract.ocr: off."
)

#: One block of text. Tesseract's own layout analysis loses half of a Korean page with a table; columns are found later
#: from the boxes of the words.
ONE_BLOCK = "--psm 6"
#: A gap of at least this share of the line's height is a space: Tesseract returns each Hangul syllable as a word.
MIN_SPACE = 0.17


def check_tesseract(languages: str) -> None:
    """Raise UserError unless Tesseract and all `languages`, written like "kor+eng", are installed."""
    import pytesseract

    try:
        installed = pytesseract.get_languages()
    except pytesseract.TesseractNotFoundError:
        raise UserError(f"extract.ocr is auto, but tesseract is not installed. {INSTALL}") from None
    missing = [language for language in languages.split("+") if language not in installed]
    if missing:
        seen = ", ".join(installed)
        raise UserError(f"tesseract has no language data for {', '.join(missing)} (it has {seen}). {INSTALL}")


def read_image(
    page: pdfium.PdfPage, languages: str, dpi: int, timeout_seconds: float, part: Box | None = None
) -> tuple[list[Word], float]:
    """Render the page and return the words that Tesseract reads, and its mean confidence, 0 to 1.

    The words' boxes are in points from the top left, and so is `part`, outside of which nothing is read. Raise
    RuntimeError when the time is up.
    """
    import pytesseract

    os.environ["OMP_THREAD_LIMIT"] = "1"  # pages are already read in parallel
    width, height = page.get_size()
    left, top, right, bottom = part or (0, 0, width, height)
    left, top = max(0, left), max(0, top)
    crop = left, max(0, height - bottom), max(0, width - right), top
    image = page.render(scale=dpi / 72, grayscale=True, crop=crop).to_pil()
    found = pytesseract.image_to_data(
        image, lang=languages, config=ONE_BLOCK, output_type=pytesseract.Output.DICT, timeout=timeout_seconds
    )
    words = [
        Word(word.text, word.x0 + left, word.x1 + left, word.top + top, word.bottom + top)
        for word in _words(found, 72 / dpi)
    ]
    return words, _confidence(found)


def _words(found: dict[str, list[Any]], scale: float) -> list[Word]:
    """Return the words, each with the height of its line.

    Tesseract's boxes fit the ink, so that those of "은" and "." differ in height; a font's do not.
    """
    lines: dict[tuple[int, ...], list[int]] = {}
    for index, text in enumerate(found["text"]):
        if text.strip():
            key = tuple(found[name][index] for name in ("block_num", "par_num", "line_num"))
            lines.setdefault(key, []).append(index)
    return [word for indices in lines.values() for word in _line(found, indices, scale)]


def _line(found: dict[str, list[Any]], indices: list[int], scale: float) -> list[Word]:
    top = min(found["top"][index] for index in indices) * scale
    bottom = max(found["top"][index] + found["height"][index] for index in indices) * scale
    words: list[Word] = []
    for index in indices:
        x0 = found["left"][index] * scale
        word = Word(found["text"][index].strip(), x0, x0 + found["width"][index] * scale, top, bottom)
        if words and word.x0 - words[-1].x1 < MIN_SPACE * word.size:
            words[-1] = Word(words[-1].text + word.text, words[-1].x0, word.x1, top, bottom)
        else:
            words.append(word)
    return words


def _confidence(found: dict[str, list[Any]]) -> float:
    """Return the mean confidence, 0 to 1, weighted by the length of the words."""
    words = [
        (len(text.strip()), float(conf))
        for text, conf in zip(found["text"], found["conf"], strict=True)
        if text.strip() and float(conf) >= 0
    ]
    total = sum(length for length, _ in words)
    return sum(length * conf for length, conf in words) / (100 * total) if total else 0.0
