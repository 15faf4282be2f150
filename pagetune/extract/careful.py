"""Read a page with pdfplumber: tables, and a second opinion on letters that PDFium got wrong."""

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

from pagetune.extract.columns import WordRow, rows_of
from pagetune.extract.letters import clean_line, join_spaced_letters
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.word_boxes import Box, Word


@dataclass
class FoundTable:
    """The texts of the cells row by row, where the table lies, and where each cell does."""

    rows: list[list[str]]
    box: Box
    cells: list[Box]


@dataclass
class CarefulPage:
    """`unmapped_share` is the share of letters whose font does not say which letter a glyph is, 0 to 1."""

    words: list[Word]
    tables: list[FoundTable]
    unmapped_share: float


class CarefulReader:
    """The pages of one PDF; the file is opened at the first page that is asked for."""

    def __init__(self, path: Path, password: str, page_numbers: list[int], x_tolerance_ratio: float) -> None:
        self._open: Callable[[], Any] = partial(pdfplumber.open, path, password=password, pages=page_numbers)
        self._pdf: Any = None
        self._x_tolerance_ratio = x_tolerance_ratio

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pdf is not None:
            with suppress(Exception):  # closing looks through all pages once more, and stumbles over broken ones
                self._pdf.close()

    def read(self, page_number: int, turn: int, shown: Box, *, doubled: bool) -> CarefulPage:
        """The part `shown` of the page (left, bottom, right, top as the file counts), turned by `turn` degrees.

        Of letters `doubled` at one place, one. Raises whatever a broken page brings about in pdfminer.
        """
        if self._pdf is None:
            self._pdf = self._open()
        listed = next(page for page in self._pdf.pages if page.page_number == page_number)
        listed.page_obj.rotate = listed.page_obj.attrs["Rotate"] = turn  # as the text runs, whatever the file says
        left, bottom, right, top = shown
        listed.page_obj.mediabox = list(shown)  # pdfminer subtracts its corner, pdfplumber adds that of the attribute
        listed.page_obj.attrs["MediaBox"] = [0, 0, right - left, top - bottom]
        listed.page_obj.attrs.pop("CropBox", None)
        page: Any = Page(self._pdf, listed.page_obj, page_number)
        try:
            return self._read(page.dedupe_chars() if doubled else page)
        finally:
            page.close()  # it keeps every character of every page otherwise

    def _read(self, page: Any) -> CarefulPage:
        words = [
            Word(word["text"], word["x0"], word["x1"], word["top"], word["bottom"])
            for word in page.extract_words(x_tolerance_ratio=self._x_tolerance_ratio)
        ]
        found = [table for table in page.find_tables() if not cuts_words(table, words)]
        tables = [FoundTable(read_table_rows(table, words), table.bbox, table.cells) for table in found]
        return CarefulPage(words, [table for table in tables if is_table(table.rows)], _unmapped_share(page))


#: So many lines in three columns are rows of their own: text in a cell is shorter.
MIN_ROWS_IN_A_ROW = 6


def read_table_rows(table: Any, words: list[Word]) -> list[list[str]]:
    """The texts of the table's cells, empty rows left out; a row that is many, with no line between them, is parted."""
    inner = [word for word in words if word.inside(table.bbox)]
    rows = []
    for row in table.rows:
        cells = [rows_of([word for word in inner if cell and word.inside(cell)]) for cell in row.cells]
        if _is_many_rows([lines for lines in cells if lines]):
            rows += _parted(cells)
        else:
            rows.append([clean_line(join_lines([join_spaced_letters(line) for line in lines])) for lines in cells])
    return _with_closed_columns([row for row in rows if any(row)])


def _is_many_rows(cells: list[list[WordRow]]) -> bool:
    """Whether no lines part the rows of a table: columns with more lines than a cell holds, or as many numbers each."""
    if sum(len(lines) >= MIN_ROWS_IN_A_ROW for lines in cells) >= 3:
        return True
    tallest = max(map(len, cells), default=0)
    numbers = [lines for lines in cells if len(lines) == tallest and all(_is_number(line) for line in lines)]
    return tallest >= 3 and len(numbers) >= 3


def _is_number(line: WordRow) -> bool:
    return len(line) == 1 and line[0].text[-1].isdigit()


def _with_closed_columns(rows: list[list[str]]) -> list[list[str]]:
    """Without columns that hold nothing; a head that double lines set beside its column comes back above it."""
    columns = [list(column) for column in zip(*rows, strict=True) if any(column)]
    closed: list[list[str]] = []
    for column in columns:
        before = closed[-1] if closed else column
        if closed and bool(before[0]) != bool(column[0]) and not (any(before[1:]) and any(column[1:])):
            closed[-1] = [one or other for one, other in zip(before, column, strict=True)]
        else:
            closed.append(column)
    return [list(row) for row in zip(*closed, strict=True)]


def _parted(cells: list[list[WordRow]]) -> list[list[str]]:
    """One row of texts for each height at which words stand."""
    column = {word: index for index, lines in enumerate(cells) for line in lines for word in line}
    parted = []
    for row in rows_of(list(column)):
        texts = [""] * len(cells)
        for word in row:
            texts[column[word]] = f"{texts[column[word]]} {word.text}".strip()
        parted.append([clean_line(text) for text in texts])
    return parted


def cuts_words(table: Any, words: list[Word]) -> bool:
    """Whether sides of cells go through more than a tenth of the words: then it is no table but boxes behind text."""
    inner = [word for word in words if word.inside(table.bbox)]
    sides = {(cell[2], cell[1], cell[3]) for cell in table.cells}
    cut = {word for word in inner for x, top, end in sides if word.x0 + 1 < x < word.x1 - 1 and top < word.middle < end}
    return len(cut) > 0.1 * len(inner)


def is_table(rows: list[list[str]]) -> bool:
    """More than a frame around running text: two columns that hold something."""
    return len({index for row in rows for index, text in enumerate(row) if text}) > 1


def _unmapped_share(page: Any) -> float:
    fonts = _fonts(page)
    unmapped = {name for name, font in fonts.items() if _is_unmapped(font)}
    letters = [character["fontname"] for character in page.chars if not character["text"].isspace()]
    return sum(name in unmapped for name in letters) / len(letters) if letters else 0.0


def _fonts(page: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for reference in (resolve1(page.page_obj.resources.get("Font")) or {}).values():
        font = resolve1(reference)
        if isinstance(font, dict) and "BaseFont" in font:
            found[_name(font["BaseFont"])] = font
    return found


def _is_unmapped(font: dict[str, Any]) -> bool:
    """A composite font whose codes are the font's own numbers, with no table from them to Unicode."""
    if "ToUnicode" in font or not _name(font.get("Encoding")).startswith("Identity"):
        return False
    descendant = resolve1((resolve1(font.get("DescendantFonts")) or [{}])[0])
    ordering = resolve1(resolve1(descendant.get("CIDSystemInfo", {})).get("Ordering", b"Identity"))
    return ordering in (b"Identity", "Identity")


def _name(value: Any) -> str:
    return str(getattr(resolve1(value), "name", resolve1(value)))
