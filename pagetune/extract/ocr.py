"""Read a page's picture with Tesseract."""

import os
from typing import Any

import pypdfium2 as pdfium

from pagetune.errors import UserError
from pagetune.extract.word_boxes import Word

INSTALL = "Install them (Debian, Ubuntu: apt-get install tesseract-ocr tesseract-ocr-kor), or set extract.ocr: off."


#: Tesseract's own layout analysis loses half of a Korean page with a table; columns are found from the words' places.
ONE_BLOCK = "--psm 6"
#: Tesseract takes each Hangul syllable for a word; a gap from this share of the line's height on is a space.
SPACE = 0.17


def check_tesseract(languages: str) -> None:
    """Raises UserError where Tesseract or one of `languages`, written "kor+eng", is not installed."""
    import pytesseract

    try:
        installed = pytesseract.get_languages()
    except pytesseract.TesseractNotFoundError:
        raise UserError(f"extract.ocr is auto, and tesseract is not installed. {INSTALL}") from None
    missing = [language for language in languages.split("+") if language not in installed]
    if missing:
        seen = ", ".join(installed)
        raise UserError(f"tesseract has no language data for {', '.join(missing)} (it has {seen}). {INSTALL}")


def read_picture(page: pdfium.PdfPage, languages: str, dpi: int, timeout_seconds: float) -> tuple[list[Word], float]:
    """The words on the picture of the page, in points from the top left, and Tesseract's mean confidence, 0 to 1.

    Raises RuntimeError when the time is over.
    """
    import pytesseract

    os.environ["OMP_THREAD_LIMIT"] = "1"  # the pages are what runs side by side
    picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
    found = pytesseract.image_to_data(
        picture, lang=languages, config=ONE_BLOCK, output_type=pytesseract.Output.DICT, timeout=timeout_seconds
    )
    return _words(found, 72 / dpi), _confidence(found)


def _words(found: dict[str, list[Any]], scale: float) -> list[Word]:
    """All words of a line get the line's height, as letters of a font have; the box of "은" and of "." differ."""
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
        if words and word.x0 - words[-1].x1 < SPACE * word.size:
            words[-1] = Word(words[-1].text + word.text, words[-1].x0, word.x1, top, bottom)
        else:
            words.append(word)
    return words


def _confidence(found: dict[str, list[Any]]) -> float:
    """Weighted by letters."""
    words = [
        (len(text.strip()), float(conf))
        for text, conf in zip(found["text"], found["conf"], strict=True)
        if text.strip() and float(conf) >= 0
    ]
    letters = sum(length for length, _ in words)
    return sum(length * conf for length, conf in words) / (100 * letters) if letters else 0.0
