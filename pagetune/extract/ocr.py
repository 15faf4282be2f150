"""Read the picture of a page with Tesseract."""

import os
from itertools import pairwise
from time import monotonic
from typing import NamedTuple

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from pagetune.errors import UserError
from pagetune.extract.scan_cells import Moved, move_cells
from pagetune.extract.scan_corrections import correct
from pagetune.extract.scan_letters import SURE, Letter, LetterLine, find_turn, merge_latin, read_letters
from pagetune.extract.scan_picture import find_ink, render, straighten
from pagetune.extract.scan_rulings import Ruling, find_rulings, without_rulings
from pagetune.extract.scan_spaces import find_spaces
from pagetune.extract.word_boxes import Box, Word
from pagetune.language import Remark

INSTALL = Remark(
    "Install Tesseract and its language data (Debian, Ubuntu: apt-get install tesseract-ocr "
    "tesseract-ocr-kor), or set extract.ocr: none."
)


#: A page with a lower confidence may have been scanned sideways or upside down.
_MAY_BE_TURNED = 0.7


class Scan(NamedTuple):
    """What the picture of a page says, in points from the top left of the page that was turned straight.

    `confidence` is the share of letters that Tesseract is sure of, 0 to 1. `rulings` are the ruling lines, each a thin
    box that is horizontal or vertical.
    """

    words: list[Word]
    confidence: float
    rulings: list[Ruling]


def check_tesseract(languages: str) -> None:
    """Raise UserError unless Tesseract and all `languages`, written like "kor+eng", are installed."""
    try:
        import pytesseract
    except ModuleNotFoundError:
        raise UserError(
            "extract.ocr is auto, but pytesseract is not installed. Run `pip install pytesseract`."
        ) from None
    try:
        installed = pytesseract.get_languages()
    except pytesseract.TesseractNotFoundError:
        raise UserError("extract.ocr is auto, but tesseract is not installed. {command}", command=INSTALL) from None
    missing = [language for language in languages.split("+") if language not in installed]
    if missing:
        seen = ", ".join(installed)
        raise UserError(
            "tesseract has no language data for {missing} (it has {seen}). {command}",
            missing=", ".join(missing),
            seen=seen,
            command=INSTALL,
        )


def read_image(page: pdfium.PdfPage, languages: str, dpi: int, timeout_seconds: float, part: Box | None = None) -> Scan:
    """Render the page, or a part of it in points from its top left, and read it.

    Raise RuntimeError when the time is up.
    """
    os.environ["OMP_THREAD_LIMIT"] = "1"  # pages are already read in parallel
    end = monotonic() + timeout_seconds
    image, dots = render(page, dpi, part)
    scan = _read(image, dots, languages, end)
    if part is not None:
        return scan._replace(words=[_shifted(word, part[0], part[1]) for word in scan.words])
    if scan.confidence < _MAY_BE_TURNED and (turn := find_turn(image, end - monotonic())):
        turned = _read(straighten(image.rotate(-turn, expand=True)), dots, languages, end)
        scan = max(scan, turned, key=lambda one: one.confidence)
    return scan


def _shifted(word: Word, x: float, y: float) -> Word:
    return Word(word.text, word.x0 + x, word.x1 + x, word.top + y, word.bottom + y)


def _read(image: Image.Image, dots: float, languages: str, end: float) -> Scan:
    rulings = find_rulings(image, dots)
    moved = move_cells(without_rulings(image, rulings), rulings, dots)
    korean, others = _split_languages(languages)
    lines = read_letters(moved.image, korean or others, end - monotonic())
    if korean and others:
        lines = merge_latin(lines, read_letters(moved.image, others, end - monotonic()))
    spaces = find_spaces(lines, find_ink(moved.image))
    confidence = _confidence(lines)
    if korean:
        lines = correct(lines, spaces)
    scale = 72 / dots
    return Scan(_words(lines, spaces, moved, scale), confidence, [Ruling(*(scale * v for v in box)) for box in rulings])


def _split_languages(languages: str) -> tuple[str, str]:
    """Return "kor" or "", and the other languages: read together, each spoils the other's letters."""
    names = languages.split("+")
    return "kor" if "kor" in names else "", "+".join(name for name in names if name != "kor")


#: The height of most Hangul letters, and of digits and capital letters, as a share of the font's.
_HANGUL, _CAPITAL = 0.9, 0.75
#: Lines whose heights differ by less than this factor have the same font size.
_SAME_SIZE = 1.15


def _words(lines: list[LetterLine], spaces: list[list[bool]], moved: Moved, scale: float) -> list[Word]:
    """Return the words, each as high as the font of its line, as in a text layer. Letters are only as high as ink."""
    words = []
    for line, starts, size in zip(lines, spaces, _font_sizes(lines), strict=True):
        middle = float(np.median([(letter.top + letter.bottom) / 2 for letter in line]))
        middle -= moved.moved_by(middle)
        top, bottom = (middle - size / 2) * scale, (middle + size / 2) * scale
        bounds = [0, *(at for at, start in enumerate(starts) if start and at), len(line)]
        for first, last in pairwise(bounds):
            part = line[first:last]
            x0, x1 = min(letter.x0 for letter in part), max(letter.x1 for letter in part)
            words.append(Word("".join(letter.text for letter in part), x0 * scale, x1 * scale, top, bottom))
    return words


def _font_sizes(lines: list[LetterLine]) -> list[float]:
    """Return the font size of each line in dots, the same for lines that differ as much as their letters do."""
    sizes = [_font_size(line) for line in lines]
    groups: list[list[float]] = []
    for size in sorted(sizes):
        if groups and size < _SAME_SIZE * groups[-1][0]:
            groups[-1].append(size)
        else:
            groups.append([size])
    common = {size: group[len(group) // 2] for group in groups for size in group}
    return [common[size] for size in sizes]


def _font_size(line: LetterLine) -> float:
    syllables = [letter for letter in line if letter.is_syllable]
    return _height(syllables) / _HANGUL if syllables else _height(line) / _CAPITAL


def _height(letters: list[Letter]) -> float:
    return max(1.0, float(np.percentile([letter.bottom - letter.top for letter in letters], 75)))


def _confidence(lines: list[LetterLine]) -> float:
    """Return the share of letters that Tesseract is sure of, 0 to 1: its mean is high on pages without any text too."""
    letters = [letter.confidence for line in lines for letter in line]
    return sum(confidence >= SURE for confidence in letters) / len(letters) if letters else 0.0
