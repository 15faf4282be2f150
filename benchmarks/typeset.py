"""Typeset known text the way users' PDFs look: hard line breaks inside words, columns, running headers, tables.

The font is a Korean one that every PDF reader knows by name, so that no font file is needed, or one of a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT = "HYGothic-Medium"
MARGIN, GUTTER, LEADING, PARAGRAPH_GAP = 60.0, 20.0, 16.0, 7.0


@dataclass(frozen=True)
class Layout:
    """The layout of a page: `characters` a line over all columns, and `table` at the top of each page.

    `font_file` is a TrueType font, or None for the one that needs no file.
    """

    columns: int = 1
    characters: int = 45
    header: str = ""
    table: tuple[tuple[str, ...], ...] = ()
    font_file: Path | None = None

    @property
    def font(self) -> str:
        return self.font_file.stem if self.font_file else FONT

    @property
    def width(self) -> float:
        return float(A4[0] - 2 * MARGIN - (self.columns - 1) * GUTTER) / self.columns

    @property
    def size(self) -> float:
        """Return the font size in points with which a line of Hangul, as wide as high, fills the column."""
        return self.width / (self.characters // self.columns)


def wrap(paragraph: str, characters: int) -> tuple[list[str], list[bool]]:
    """Split a paragraph into lines of `characters` each, also inside words, and say which breaks had a space."""
    lines, spaces = [], []
    while len(paragraph) > characters:
        line, rest = paragraph[:characters], paragraph[characters:]
        lines.append(line.rstrip())
        spaces.append(line.endswith(" ") or rest.startswith(" "))
        paragraph = rest.lstrip()
    return [*lines, paragraph], spaces


def typeset(path: Path, paragraphs: list[str], layout: Layout, pages: int | None = None) -> int:
    """Write the paragraphs to `path`, at most `pages` pages of them, and return the number of pages."""
    pdfmetrics.registerFont(TTFont(layout.font, layout.font_file) if layout.font_file else UnicodeCIDFont(FONT))
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    lines = _lines(paragraphs, layout)
    number, left = 0, next(lines, None)
    while left is not None and (pages is None or number < pages):
        number += 1
        left = _set_page(canvas, number, layout, left, lines)
        canvas.showPage()
    canvas.save()
    return number


#: A line, and whether it is the last of its paragraph.
TypesetLine = tuple[str, bool]


def _lines(paragraphs: list[str], layout: Layout) -> Iterator[TypesetLine]:
    for paragraph in paragraphs:
        lines, _ = wrap(paragraph, layout.characters // layout.columns)
        yield from ((line, index == len(lines) - 1) for index, line in enumerate(lines))


def _set_page(
    canvas: Canvas, number: int, layout: Layout, line: TypesetLine | None, lines: Iterator[TypesetLine]
) -> TypesetLine | None:
    """Set one page, beginning with `line`, and return the first line that does not fit."""
    canvas.setFont(layout.font, 8)
    canvas.drawString(MARGIN, A4[1] - 35, layout.header)
    canvas.drawCentredString(A4[0] / 2, 30, f"- {number} -")
    for column in range(layout.columns):
        x, y = MARGIN + column * (layout.width + GUTTER), A4[1] - MARGIN
        if layout.table and column == 0:
            y = _set_table(canvas, layout, x, y)
        while line is not None and y > MARGIN:
            text, last = line
            _set_line(canvas, text, x, y, layout)
            y -= LEADING + PARAGRAPH_GAP * last
            line = next(lines, None)
    return line


def _set_line(canvas: Canvas, text: str, x: float, y: float, layout: Layout) -> None:
    canvas.setFont(layout.font, layout.size)
    # Latin letters and spaces are half as wide; spacing makes full lines end at the margin all the same.
    written = canvas.beginText(x, y)
    full = len(text) >= layout.characters // layout.columns - 1
    slack = layout.width - pdfmetrics.stringWidth(text, layout.font, layout.size)
    written.setCharSpace(slack / len(text) if full else 0)
    written.textOut(text)
    canvas.drawText(written)


def _set_table(canvas: Canvas, layout: Layout, x: float, y: float) -> float:
    width = layout.width / len(layout.table[0])
    canvas.setFont(layout.font, 9)
    for row in layout.table:
        for column, cell in enumerate(row):
            canvas.rect(x + column * width, y - 6, width, 18)
            canvas.drawString(x + column * width + 4, y, cell)
        y -= 18
    return y - LEADING
