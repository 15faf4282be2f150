"""Typeset known text as users' PDFs are: hard line ends inside words, columns, running headers, tables.

The font is a Korean one that every reader of PDFs knows by name; no font file is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FONT = "HYGothic-Medium"
MARGIN, GUTTER, LEADING, PARAGRAPH_GAP = 60.0, 20.0, 16.0, 7.0


@dataclass(frozen=True)
class Layout:
    """`characters` a line, over all columns of the page; `table` stands at the top of each first column."""

    columns: int = 1
    characters: int = 45
    header: str = ""
    table: tuple[tuple[str, ...], ...] = ()

    @property
    def width(self) -> float:
        return float(A4[0] - 2 * MARGIN - (self.columns - 1) * GUTTER) / self.columns

    @property
    def size(self) -> float:
        """Such that the line's Hangul letters, each as wide as high, fill the column."""
        return self.width / (self.characters // self.columns)


def wrap(paragraph: str, characters: int) -> tuple[list[str], list[bool]]:
    """Lines of so many characters, wherever a word stands, and for each break whether a space stood there."""
    lines, spaces = [], []
    while len(paragraph) > characters:
        line, rest = paragraph[:characters], paragraph[characters:]
        lines.append(line.rstrip())
        spaces.append(line.endswith(" ") or rest.startswith(" "))
        paragraph = rest.lstrip()
    return [*lines, paragraph], spaces


def typeset(path: Path, paragraphs: list[str], layout: Layout, pages: int | None = None) -> int:
    """Write the paragraphs to `path`, or as many pages of them as wanted; how many pages there are."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    lines = _lines(paragraphs, layout)
    number, left = 0, next(lines, None)
    while left is not None and (pages is None or number < pages):
        number += 1
        left = _set_page(canvas, number, layout, left, lines)
        canvas.showPage()
    canvas.save()
    return number


#: A line and whether it is its paragraph's last.
Line = tuple[str, bool]


def _lines(paragraphs: list[str], layout: Layout) -> Iterator[Line]:
    for paragraph in paragraphs:
        lines, _ = wrap(paragraph, layout.characters // layout.columns)
        yield from ((line, index == len(lines) - 1) for index, line in enumerate(lines))


def _set_page(canvas: Canvas, number: int, layout: Layout, line: Line | None, lines: Iterator[Line]) -> Line | None:
    """Set one page from `line` on; the line that did not fit."""
    canvas.setFont(FONT, 8)
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
    canvas.setFont(FONT, layout.size)
    # The font's Latin letters and spaces are half as wide; full lines still end at the margin, as set by hand.
    written = canvas.beginText(x, y)
    full = len(text) >= layout.characters // layout.columns - 1
    slack = layout.width - pdfmetrics.stringWidth(text, FONT, layout.size)
    written.setCharSpace(slack / len(text) if full else 0)
    written.textOut(text)
    canvas.drawText(written)


def _set_table(canvas: Canvas, layout: Layout, x: float, y: float) -> float:
    width = layout.width / len(layout.table[0])
    canvas.setFont(FONT, 9)
    for row in layout.table:
        for column, cell in enumerate(row):
            canvas.rect(x + column * width, y - 6, width, 18)
            canvas.drawString(x + column * width + 4, y, cell)
        y -= 18
    return y - LEADING
