"""Read a page with pdfplumber: a second reading of text that PDFium may have got wrong."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pdfplumber
from pdfminer.pdftypes import resolve1
from pdfplumber.page import Page

from pagetune.extract.word_boxes import PdfBox, Word


@dataclass
class CarefulPage:
    """A page as pdfplumber reads it.

    `unmapped_share` is the share of characters, 0 to 1, whose font does not map its glyphs to Unicode.
    """

    words: list[Word]
    unmapped_share: float


class CarefulReader:
    """A reader of one PDF's pages; it opens the file when the first page is read."""

    def __init__(self, path: Path, password: str, page_numbers: list[int], x_tolerance_ratio: float) -> None:
        self._open: Callable[[], Any] = partial(pdfplumber.open, path, password=password, pages=page_numbers)
        self._pdf: Any = None
        self._x_tolerance_ratio = x_tolerance_ratio

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pdf is not None:
            with suppress(Exception):  # closing goes through all pages again, and fails on broken ones
                self._pdf.close()

    def read(self, page_number: int, turn: int, shown: PdfBox, *, doubled: bool) -> CarefulPage:
        """Read the part `shown` of a page, turned clockwise by `turn` degrees.

        Where `doubled`, characters drawn more than once in the same place are read once. On a broken page pdfminer may
        raise any exception.
        """
        if self._pdf is None:
            self._pdf = self._open()
        listed = next(page for page in self._pdf.pages if page.page_number == page_number)
        listed.page_obj.rotate = listed.page_obj.attrs["Rotate"] = turn  # follow the text, not the file's own rotation
        left, bottom, right, top = shown
        listed.page_obj.mediabox = list(shown)  # pdfminer subtracts its corner, pdfplumber adds that of the attribute
        listed.page_obj.attrs["MediaBox"] = [0, 0, right - left, top - bottom]
        listed.page_obj.attrs.pop("CropBox", None)
        page: Any = Page(self._pdf, listed.page_obj, page_number)
        try:
            return self._read(page.dedupe_chars() if doubled else page)
        finally:
            page.close()  # otherwise pdfplumber keeps every character of every page in memory

    def _read(self, page: Any) -> CarefulPage:
        words = [
            Word(word["text"], word["x0"], word["x1"], word["top"], word["bottom"])
            for word in page.extract_words(x_tolerance_ratio=self._x_tolerance_ratio)
        ]
        return CarefulPage(words, _unmapped_share(page))


def _unmapped_share(page: Any) -> float:
    fonts = _fonts(page)
    unmapped = {name for name, font in fonts.items() if _is_unmapped(font)}
    names = [character["fontname"] for character in page.chars if not character["text"].isspace()]
    return sum(name in unmapped for name in names) / len(names) if names else 0.0


def _fonts(page: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for reference in (resolve1(page.page_obj.resources.get("Font")) or {}).values():
        font = resolve1(reference)
        if isinstance(font, dict) and "BaseFont" in font:
            found[_name(font["BaseFont"])] = font
    return found


def _is_unmapped(font: dict[str, Any]) -> bool:
    """Return whether a composite font's codes are its own glyph numbers, without a map from them to Unicode."""
    if "ToUnicode" in font or not _name(font.get("Encoding")).startswith("Identity"):
        return False
    descendant = resolve1((resolve1(font.get("DescendantFonts")) or [{}])[0])
    ordering = resolve1(resolve1(descendant.get("CIDSystemInfo", {})).get("Ordering", b"Identity"))
    return ordering in (b"Identity", "Identity")


def _name(value: Any) -> str:
    return str(getattr(resolve1(value), "name", resolve1(value)))
