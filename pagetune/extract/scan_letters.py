"""Read the letters of a picture with Tesseract, and choose between its Korean and its other reading."""

import re
import xml.etree.ElementTree as ElementTree
from statistics import fmean
from typing import NamedTuple

import numpy as np
from PIL import Image

#: One block of text. Tesseract's own layout analysis loses half of a Korean page with a table; columns are found later
#: from the boxes of the words.
ONE_BLOCK = "--psm 6"
#: A Hangul syllable with a lower confidence, 0 to 100, may be a Latin letter.
#: Tesseract's Korean model knows no Latin letters and reads them as digits, signs, single vowels and rare syllables.
#: Right after a sure syllable, less is enough.
SURE, _SURE_AFTER_SURE = 97.0, 90.0
#: What is added to the confidence of the Korean reading for a whole syllable, and for what Latin letters are often read
#: as.
_FOR_SYLLABLE, _FOR_MISREAD = 3.0, -15.0
_MISREAD = "ㅅㄴㅣㅡㅌㅋ&^\\×※『#"
_SYLLABLE = re.compile("[가-힣]")
_LATIN = re.compile("[A-Za-z]")
#: "Q1." and "A2:" as the English model reads them.
_NUMBERED = re.compile(r"(?<![A-Za-z])[A-Z][lI](?=[.:)]|$)")
#: Letters that digits are read as.
_DIGITS = str.maketrans("OolI|SsZBg", "0011155289")
_NAMESPACE = "{http://www.w3.org/1999/xhtml}"
_LETTER = re.compile(r"x_bboxes (\d+) (\d+) (\d+) (\d+); x_conf ([\d.]+)")


class Letter(NamedTuple):
    """A character and its box in dots from the top left of the picture.

    `confidence` is Tesseract's own, 0 to 100. `starts_word` is what the reading says, and None where it cannot tell:
    the Korean model returns each syllable as a word.
    """

    text: str
    x0: int
    top: int
    x1: int
    bottom: int
    confidence: float
    starts_word: bool | None = None

    @property
    def middle(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def is_syllable(self) -> bool:
        return _SYLLABLE.match(self.text) is not None


#: The letters of a line, from left to right.
LetterLine = list[Letter]


def read_letters(image: Image.Image, language: str, timeout_seconds: float) -> list[LetterLine]:
    """Return the lines that Tesseract reads in one language or several. Raise RuntimeError when the time is up."""
    import pytesseract

    if timeout_seconds <= 0:
        raise RuntimeError("Tesseract process timeout")  # as pytesseract says it
    options = f"{ONE_BLOCK} -c hocr_char_boxes=1"
    hocr = pytesseract.image_to_pdf_or_hocr(
        image, lang=language, config=options, extension="hocr", timeout=timeout_seconds
    )
    return _parse(hocr, spaced="kor" not in language.split("+"))


def find_turn(image: Image.Image, timeout_seconds: float) -> int:
    """Return by how many degrees, clockwise, the picture must be turned to be upright: 0, 90, 180 or 270.

    Return 0 where Tesseract cannot tell, or has no data for it. Raise RuntimeError when the time is up.
    """
    import pytesseract

    try:
        found = pytesseract.image_to_osd(image, output_type=pytesseract.Output.DICT, timeout=max(0.1, timeout_seconds))
    except pytesseract.TesseractError:
        return 0
    return int(found["rotate"])


def _parse(hocr: bytes, *, spaced: bool) -> list[LetterLine]:
    lines: list[LetterLine] = []
    starts = True
    for element in ElementTree.fromstring(hocr).iter(_NAMESPACE + "span"):  # noqa: S314 - Tesseract wrote it
        kind, title = element.get("class"), element.get("title", "")
        if kind in ("ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"):
            lines.append([])
        elif kind == "ocrx_word":
            starts = True
        elif kind == "ocrx_cinfo" and (found := _LETTER.match(title)) and (element.text or "").strip():
            x0, top, x1, bottom = (int(value) for value in found.groups()[:4])
            text = (element.text or "").strip()
            lines[-1].append(Letter(text, x0, top, x1, bottom, float(found[5]), starts if spaced else None))
            starts = False
    return [line for line in lines if line]


def merge_latin(korean: list[LetterLine], other: list[LetterLine]) -> list[LetterLine]:
    """Return the Korean lines with what the other reading has for Latin words in them."""
    return [_merge_line(line, _beside(line, other)) for line in korean]


def _beside(line: LetterLine, others: list[LetterLine]) -> LetterLine:
    """Return the letters of the other reading that are at the height of the line."""
    top, bottom = np.median([letter.top for letter in line]), np.median([letter.bottom for letter in line])
    near = [
        letter
        for other in others
        for letter in other
        if top < (letter.top + letter.bottom) / 2 < bottom or letter.top < (top + bottom) / 2 < letter.bottom
    ]
    return sorted(near, key=lambda letter: letter.middle)


def _merge_line(line: LetterLine, beside: LetterLine) -> LetterLine:
    merged: LetterLine = []
    start = 0
    while start < len(line):
        if _is_sure(line[start]) or (start and _is_sure(line[start - 1]) and _is_sure(line[start], _SURE_AFTER_SURE)):
            merged.append(line[start])
            start += 1
            continue
        end = next((at for at in range(start, len(line)) if _is_sure(line[at])), len(line))
        left = line[start - 1].x1 if start else -np.inf
        right = line[end].x0 if end < len(line) else np.inf
        inside = [letter for letter in beside if left <= letter.middle <= right]
        merged += _better(line[start:end], inside)
        start = end
    return merged


def _is_sure(letter: Letter, least: float = SURE) -> bool:
    return letter.is_syllable and letter.confidence >= least


def _better(korean: LetterLine, other: LetterLine) -> LetterLine:
    """Return the other reading if it has Latin letters and is surer of itself than the Korean one.

    Where Korean has only whole syllables, or has digits that look like those letters, it is right.
    """
    texts = ["".join(letter.text for letter in letters) for letters in (korean, other)]
    if not _LATIN.search(texts[1]) or texts[1].translate(_DIGITS) == texts[0].translate(_DIGITS):
        return korean
    if all(letter.is_syllable for letter in korean):
        return korean
    if fmean(letter.confidence for letter in other) <= fmean(map(_credit, korean)):
        return korean
    return [_digit(at, other, korean) for at in range(len(other))]


def _credit(letter: Letter) -> float:
    return letter.confidence + (_FOR_SYLLABLE if letter.is_syllable else _FOR_MISREAD * (letter.text in _MISREAD))


def _digit(at: int, letters: LetterLine, korean: LetterLine) -> Letter:
    """Return the letter, as the digit that it looks like where it has no letter beside it, or is the 1 of "Q1."."""
    letter = letters[at]
    digit = letter.text.translate(_DIGITS)
    before, after = ("".join(one.text for one in part) for part in (letters[:at], letters[at + 1 :]))
    if digit == letter.text:
        return letter
    alone = not _LATIN.match(before[-1:]) and not _LATIN.match(after[:1])
    seen = alone and any(one.text == digit and one.x0 < letter.middle < one.x1 for one in korean)
    numbered = any(found.end() == len(before) + 1 for found in _NUMBERED.finditer(before + letter.text + after))
    return letter._replace(text=digit) if seen or numbered else letter
