"""Read a page with pdfplumber: its tables, and a second reading of text that PDFium may have got wrong."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pdfplumber
from pdfminer.pdftypes import resolve1
from pdfplumber.page import Page

from pagetune.extract.columns import WordLine, group_into_lines
from pagetune.extract.field_words import add_fields
from pagetune.extract.forms import Field
from pagetune.extract.letters import clean_line, join_spaced_letters
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.word_boxes import Box, PdfBox, Word


@dataclass
class FoundTable:
    """A table on a page: the texts of its cells row by row, its box, and the boxes of its cells."""

    rows: list[list[str]]
    box: Box
    cells: list[Box]


@dataclass
class CarefulPage:
    """A page as pdfplumber reads it.

    `unmapped_share` is the share of characters, 0 to 1, whose font does not map its glyphs to Unicode.
    """

    words: list[Word]
    tables: list[FoundTable]
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

    def read(self, page_number: int, turn: int, shown: PdfBox, fields: list[Field], *, doubled: bool) -> CarefulPage:
        """Read the part `shown` of a page, turned clockwise by `turn` degrees, with the `fields` found on it.

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
            return self._read(page.dedupe_chars() if doubled else page, fields)
        finally:
            page.close()  # otherwise pdfplumber keeps every character of every page in memory

    def _read(self, page: Any, fields: list[Field]) -> CarefulPage:
        printed = [
            Word(word["text"], word["x0"], word["x1"], word["top"], word["bottom"])
            for word in page.extract_words(x_tolerance_ratio=self._x_tolerance_ratio)
        ]
        words = add_fields(printed, fields) if fields else printed
        in_cells = add_fields(printed, fields, in_cells=True) if fields else printed
        found = [table for table in page.find_tables() if not cuts_words(table, in_cells)]
        tables = [FoundTable(read_table_rows(table, in_cells), table.bbox, table.cells) for table in found]
        return CarefulPage(words, [table for table in tables if is_table(table.rows)], _unmapped_share(page))


#: Where three cells of a row have at least this many lines, each line is a row: running text in a cell is shorter.
MIN_LINES_TO_SPLIT = 6


def read_table_rows(table: Any, words: list[Word]) -> list[list[str]]:
    """Return the texts of the table's cells row by row, without empty rows and columns.

    A row that is really several rows without ruling lines between them is split.
    """
    inner = [word for word in words if word.inside(table.bbox)]
    rows = []
    for row in table.rows:
        cells = [group_into_lines([word for word in inner if cell and word.inside(cell)]) for cell in row.cells]
        if _holds_several_rows([lines for lines in cells if lines]):
            rows += _split_by_height(cells)
        else:
            rows.append([_cell_text(lines) for lines in cells])
    return _merge_split_columns([row for row in rows if any(row)])


def _cell_text(lines: list[WordLine]) -> str:
    """Return the lines of a cell as one; the value of a form's field is not continued on the next line."""
    ends = [index for index, line in enumerate(lines, 1) if line[-1].ends_line or index == len(lines)]
    parts = [lines[start:end] for start, end in pairwise([0, *ends])]
    return " ".join(clean_line(join_lines([join_spaced_letters(line) for line in part])) for part in parts)


def _holds_several_rows(cells: list[list[WordLine]]) -> bool:
    """Return whether a row is really several rows without ruling lines between them.

    It is where at least three cells have more lines than running text in a cell has, or where at least three of the
    tallest cells have nothing but a number in each line.
    """
    if sum(len(lines) >= MIN_LINES_TO_SPLIT for lines in cells) >= 3:
        return True
    tallest = max(map(len, cells), default=0)
    numbers = [lines for lines in cells if len(lines) == tallest and all(_is_number(line) for line in lines)]
    return tallest >= 3 and len(numbers) >= 3


def _is_number(line: WordLine) -> bool:
    return len(line) == 1 and line[0].text[-1].isdigit()


def _merge_split_columns(rows: list[list[str]]) -> list[list[str]]:
    """Drop empty columns, and merge two neighbours that double ruling lines made of one.

    Such a pair has its header in one column and its cells in the other.
    """
    columns = [list(column) for column in zip(*rows, strict=True) if any(column)]
    merged: list[list[str]] = []
    for column in columns:
        before = merged[-1] if merged else column
        if merged and bool(before[0]) != bool(column[0]) and not (any(before[1:]) and any(column[1:])):
            merged[-1] = [one or other for one, other in zip(before, column, strict=True)]
        else:
            merged.append(column)
    return [list(row) for row in zip(*merged, strict=True)]


def _split_by_height(cells: list[list[WordLine]]) -> list[list[str]]:
    """Return one row of texts for each height at which the cells have words."""
    column = {word: index for index, lines in enumerate(cells) for line in lines for word in line}
    rows = []
    for line in group_into_lines(list(column)):
        texts = [""] * len(cells)
        for word in line:
            texts[column[word]] = f"{texts[column[word]]} {word.text}".strip()
        rows.append([clean_line(text) for text in texts])
    return rows


def cuts_words(table: Any, words: list[Word]) -> bool:
    """Return whether the sides of cells cut more than a tenth of the words; if so, they are only boxes behind text."""
    inner = [word for word in words if word.inside(table.bbox)]
    sides = {(cell[2], cell[1], cell[3]) for cell in table.cells}
    cut = {word for word in inner for x, top, end in sides if word.x0 + 1 < x < word.x1 - 1 and top < word.middle < end}
    return len(cut) > 0.1 * len(inner)


def is_table(rows: list[list[str]]) -> bool:
    """Return whether at least two columns hold text; one column is a frame around running text."""
    return len({index for row in rows for index, text in enumerate(row) if text}) > 1


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
