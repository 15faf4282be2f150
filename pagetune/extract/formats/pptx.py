"""Read PPTX presentations: a slide is a page, with the text of its shapes from top to bottom, its tables and charts.

Hidden slides, notes for the speaker, footers and slide numbers are left out.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO, Any

from pagetune.extract.formats.flow import HEADER, PAGE_BREAK, PICTURE, Block, Cell, Paragraph, TableBlock
from pagetune.extract.formats.number_formats import shown
from pagetune.extract.formats.numbering import write_number
from pagetune.extract.formats.xml_parts import attribute, child, name_of, number_of

#: Where shapes stand that repeat on every slide: the types of placeholders for date, slide number and footer.
_RUNNING = frozenset(("dt", "sldNum", "ftr", "hdr"))
#: The kinds of automatic numbers by the beginnings of their names, and what is written around them by the ends.
_KINDS = {
    "arabic": "DIGIT",
    "alphaLc": "LATIN_SMALL",
    "alphaUc": "LATIN_CAPITAL",
    "romanLc": "ROMAN_SMALL",
    "romanUc": "ROMAN_CAPITAL",
    "circleNum": "CIRCLED_DIGIT",
    "ea1": "IDEOGRAPH",
}
_AROUND = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Minus": "- {} -"}
#: Shapes whose tops differ by less than this, in EMU (a fifth of an inch), stand beside each other.
_BESIDE = 914400 // 5


def read_pptx(file: Path | IO[bytes]) -> list[Block]:
    from pptx import Presentation

    blocks: list[Block] = []
    for slide in Presentation(str(file) if isinstance(file, Path) else file).slides:
        if slide._element.get("show") == "0":
            continue
        blocks += [PAGE_BREAK, Paragraph("")]  # an empty slide is a page too
        blocks += [block for shape in _in_order(slide.shapes) for block in _shape(shape)]
    return blocks


def _in_order(shapes: Any) -> list[Any]:
    """Return shapes from top to bottom, and those beside each other from left to right; the title comes first."""
    placed = [(index, shape) for index, shape in enumerate(shapes)]
    rows: list[list[Any]] = []
    for _, shape in sorted(placed, key=lambda pair: (_top(pair[1]), pair[0])):
        if rows and _top(shape) - _top(rows[-1][0]) < _BESIDE:
            rows[-1].append(shape)
        else:
            rows.append([shape])
    found = [shape for row in rows for shape in sorted(row, key=lambda one: one.left or 0)]
    return sorted(found, key=lambda shape: not _is_title(shape))


def _top(shape: Any) -> int:
    return shape.top or 0


def _placeholder(shape: Any) -> str:
    """Return the type of a shape's placeholder, or ""."""
    found = next((part for part in shape._element.iter() if name_of(part) == "ph"), None)
    return (attribute(found, "type") or "obj") if found is not None and shape.is_placeholder else ""


def _is_title(shape: Any) -> bool:
    return _placeholder(shape) in ("title", "ctrTitle")


def _shape(shape: Any) -> Iterator[Block]:
    if _is_hidden(shape):
        return
    if _placeholder(shape) in _RUNNING:
        yield HEADER
    elif hasattr(shape, "shapes"):  # a group
        for inner in _in_order(shape.shapes):
            yield from _shape(inner)
    elif getattr(shape, "has_table", False):
        yield _table(shape.table)
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)
    elif getattr(shape, "has_text_frame", False):
        yield from _paragraphs(shape.text_frame, 1 if _is_title(shape) else 0)
    else:
        yield PICTURE


def _is_hidden(shape: Any) -> bool:
    return any(name_of(part) == "cNvPr" and part.get("hidden") == "1" for part in list(shape._element.iter())[:4])


def _paragraphs(frame: Any, heading: int) -> Iterator[Block]:
    numbers: dict[int, Iterator[int]] = {}
    for paragraph in frame.paragraphs:
        label = _label(paragraph, numbers)
        text = paragraph.text.replace("\v", "\n")
        if text.strip():
            yield Paragraph(f"{label} {text}".strip(), heading)


def _label(paragraph: Any, numbers: dict[int, Iterator[int]]) -> str:
    """Return the bullet or number that is set for the paragraph itself, and count it."""
    level, properties = paragraph.level, child(paragraph._p, "pPr")
    automatic = child(properties, "buAutoNum") if properties is not None else None
    for deeper in [other for other in numbers if other > level or (other == level and automatic is None)]:
        del numbers[deeper]
    if properties is None or not paragraph.text.strip():
        return ""
    if automatic is not None:
        counter = numbers.setdefault(level, count(number_of(automatic, "startAt", 1)))
        return _automatic(next(counter), attribute(automatic, "type") or "arabicPeriod")
    return "•" if child(properties, "buChar") is not None else ""


def _automatic(number: int, kind: str) -> str:
    form = next((form for name, form in _KINDS.items() if kind.startswith(name)), "DIGIT")
    around = next((around for name, around in _AROUND.items() if kind.endswith(name)), "{}")
    return around.format(write_number(number, form))


def _table(table: Any) -> TableBlock:
    cells: list[Cell] = []
    for row, line in enumerate(table.rows):
        for column, cell in enumerate(line.cells):
            if not cell.is_spanned:
                blocks = list(_paragraphs(cell.text_frame, 0))
                shaded = bool(table.first_row) and row == 0
                cells.append(Cell(row, column, cell.span_height, cell.span_width, blocks, shaded))
    return TableBlock(cells)


def _chart(chart: Any) -> Iterator[Block]:
    """Yield the numbers that a chart is drawn from, as a table with its title."""
    title: list[Block] = []
    if chart.has_title and chart.chart_title.has_text_frame:
        title.append(Paragraph(chart.chart_title.text_frame.text))
    try:
        plots = list(chart.plots)
        names = next(filter(None, ([str(name) for name in plot.categories] for plot in plots)), [])
        series = [[one.name or "", *map(_number, one.values)] for plot in plots for one in plot.series]
    except (IndexError, ValueError, KeyError):
        names, series = [], []
    if not names or not series:
        yield from title
        yield PICTURE
        return
    cells = [
        Cell(row, column, 1, 1, [Paragraph(text)], row == 0)
        for row, texts in enumerate([["", *names], *series])
        for column, text in enumerate(texts)
    ]
    yield TableBlock(cells, title)


def _number(value: float | None) -> str:
    return shown(value, "General")
