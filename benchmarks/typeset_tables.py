"""Typeset tables of known cells in the ways in which users' PDFs draw them, between prose, below a running header.

There is a file for each kind of table; KINDS names them. Everything is drawn with a fixed seed. The tables take turns
in the Korean fonts that this machine has, and in the one that every PDF reader knows by name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from pathlib import Path
from random import Random
from typing import Literal

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from benchmarks import table_texts as texts
from benchmarks.table_scores import Truth
from benchmarks.table_texts import LEFT, UP, Grid
from benchmarks.typeset import FONT

FONT_FILES = (
    "/usr/share/fonts/truetype/nanum/NanumGothic.ttf",
    "/usr/share/fonts/truetype/nanum/NanumMyeongjo.ttf",
    "/usr/share/fonts/truetype/baekmuk/batang.ttf",
    "/usr/share/fonts/truetype/unfonts-core/UnDotum.ttf",
)
MARGIN, SIZE, LEADING, PAD = 62.0, 9.0, 12.5, 4.0
WIDTH = float(A4[0] - 2 * MARGIN)


@dataclass(frozen=True)
class Look:
    """The rules of a table: which are drawn, and with what.

    `filled` draws rules as thin rectangles, `boxes` a rectangle around each cell. `header` draws the horizontal rules
    at the top, below the header and at the bottom only; `inner` leaves the left and right side open.
    """

    horizontal: Literal["all", "header", "none"] = "all"
    vertical: Literal["all", "inner", "none"] = "all"
    pen: Literal["stroke", "dashed", "double", "filled", "boxes"] = "stroke"
    shaded: bool = False
    header_rows: int = 1


@dataclass(frozen=True)
class Piece:
    """A table to draw. `inner` is a table in the cell (row, column) `inner_at`, below the cell's own text.

    `split` is what happens at the end of the page: nothing, or the rest follows on the next page with or without the
    header.
    """

    grid: Grid
    look: Look
    inner: "Piece | None" = None
    inner_at: tuple[int, int] = (0, 0)
    split: Literal["no", "plain", "header"] = "no"


@dataclass
class LaidOut:
    """A table with its measures in points: the sides of its columns and the heights of its rows, from the top left.

    `areas` maps the first cell of every merged or single cell to the row and column after its last.
    """

    piece: Piece
    font: str
    sides: list[float]
    heights: list[float]
    areas: dict[tuple[int, int], tuple[int, int]]
    lines: dict[tuple[int, int], list[str]]
    inner: "LaidOut | None" = None

    @property
    def tops(self) -> list[float]:
        return list(accumulate(self.heights, initial=0.0))


def lay_out(piece: Piece, width: float, font: str, sides: list[float] | None = None) -> LaidOut:
    """Choose columns as wide as their texts need (or take `sides`), wrap the texts, and make the rows high enough."""
    areas = _areas(piece.grid)
    sides = sides or _column_sides(piece, areas, width, font)
    lines = {
        (row, column): _wrap(piece.grid[row][column], sides[end] - sides[column] - 2 * PAD, font)
        for (row, column), (_, end) in areas.items()
    }
    row, column = piece.inner_at
    inner = lay_out(piece.inner, sides[areas[row, column][1]] - sides[column] - 4 * PAD, font) if piece.inner else None
    heights = [0.0] * len(piece.grid)
    for cell, (end, _) in sorted(areas.items(), key=lambda area: area[1][0] - area[0][0]):
        needed = len(lines[cell]) * LEADING + 2 * PAD
        if inner and cell == piece.inner_at:
            needed += sum(inner.heights) + 2 * PAD
        heights[end - 1] += max(0.0, needed - sum(heights[cell[0] : end]))
    return LaidOut(piece, font, sides, heights, areas, lines, inner)


def _areas(grid: Grid) -> dict[tuple[int, int], tuple[int, int]]:
    areas = {}
    for row, cells in enumerate(grid):
        for column, text in enumerate(cells):
            if text not in (LEFT, UP):
                right = next((end for end in range(column + 1, len(cells)) if cells[end] != LEFT), len(cells))
                below = next((end for end in range(row + 1, len(grid)) if grid[end][column] != UP), len(grid))
                areas[row, column] = (below, right)
    return areas


def _column_sides(piece: Piece, areas: dict[tuple[int, int], tuple[int, int]], width: float, font: str) -> list[float]:
    grid = piece.grid
    needed = [30.0] * len(grid[0])
    for (row, column), (_, end) in areas.items():
        if end == column + 1:
            text = pdfmetrics.stringWidth(grid[row][column], font, SIZE) + 2 * PAD + 2
            needed[column] = max(needed[column], min(text, width * 0.45))
    spare = (width - sum(needed)) / len(needed)
    if piece.look.horizontal == "none":
        spare = min(spare, 28.0)  # without rules, eyes follow a row only over short gaps
    widths = [one + spare for one in needed] if spare > 0 else [one * width / sum(needed) for one in needed]
    return list(accumulate(widths, initial=0.0))


def _wrap(text: str, width: float, font: str) -> list[str]:
    """Break a text where the line is full, also inside words, as Korean word processors do."""
    lines = [""]
    for character in text:
        if pdfmetrics.stringWidth(lines[-1] + character, font, SIZE) > width and lines[-1]:
            lines.append("")
        lines[-1] = (lines[-1] + character).lstrip()
    return [line.rstrip() for line in lines]


def draw_table(canvas: Canvas, table: LaidOut, left: float, top: float) -> None:
    """Draw a table whose top left corner is at (left, top), in PDF's coordinates."""
    if table.piece.look.shaded:
        _shade_header(canvas, table, left, top)
    _draw_rules(canvas, table, left, top)
    tops = table.tops
    for cell, (below, right) in table.areas.items():
        x, y = left + table.sides[cell[1]], top - tops[cell[0]]
        width, height = table.sides[right] - table.sides[cell[1]], tops[below] - tops[cell[0]]
        if table.inner and cell == table.piece.inner_at:
            _draw_lines(canvas, table, cell, (x, y, width, len(table.lines[cell]) * LEADING + 2 * PAD))
            draw_table(canvas, table.inner, x + 2 * PAD, y - len(table.lines[cell]) * LEADING - 2 * PAD)
        else:
            _draw_lines(canvas, table, cell, (x, y, width, height))


def _draw_lines(canvas: Canvas, table: LaidOut, cell: tuple[int, int], box: tuple[float, float, float, float]) -> None:
    """Draw a cell's lines in the middle of its box (left, top, width, height).

    Numbers stand at the right and short texts in the middle; keys and values without rules stand at the left.
    """
    left, top, width, height = box
    lines, look = table.lines[cell], table.piece.look
    ruled = look.horizontal != "none"
    canvas.setFont(table.font, SIZE)
    canvas.setFillGray(0)
    y = top - (height - len(lines) * LEADING) / 2 - SIZE
    for line in lines:
        if line[:1].isdigit() and cell[0] >= look.header_rows and (ruled or look.header_rows):
            canvas.drawRightString(left + width - PAD, y, line)
        elif len(lines) == 1 and len(line) < 12 and ruled:
            canvas.drawCentredString(left + width / 2, y, line)
        else:
            canvas.drawString(left + PAD, y, line)
        y -= LEADING


def _shade_header(canvas: Canvas, table: LaidOut, left: float, top: float) -> None:
    height = table.tops[table.piece.look.header_rows]
    canvas.setFillGray(0.88)
    canvas.rect(left, top - height, table.sides[-1], height, stroke=0, fill=1)


#: A rule from one point to another, both (x, y).
Rule = tuple[float, float, float, float]


def _draw_rules(canvas: Canvas, table: LaidOut, left: float, top: float) -> None:
    pen = table.piece.look.pen
    canvas.setLineWidth(0.6)
    if pen == "boxes":
        for (row, column), (below, right) in table.areas.items():
            x, width = left + table.sides[column], table.sides[right] - table.sides[column]
            canvas.rect(x, top - table.tops[below], width, table.tops[below] - table.tops[row])
        return
    for x, y, to_x, to_y in _rules(table):
        rule = (left + x, top - y, left + to_x, top - to_y)
        if pen == "filled":
            canvas.setFillGray(0)
            canvas.rect(rule[0] - 0.3, rule[3] - 0.3, to_x - x + 0.6, to_y - y + 0.6, stroke=0, fill=1)
        else:
            canvas.setDash([2, 2] if pen == "dashed" else [])
            for shift in (-0.9, 0.9) if pen == "double" else (0.0,):
                across, down = (0.0, shift) if to_y == y else (shift, 0.0)
                canvas.line(rule[0] + across, rule[1] + down, rule[2] + across, rule[3] + down)
    canvas.setDash([])


def _rules(table: LaidOut) -> Iterator[Rule]:
    """Yield every rule of the look, without the parts inside merged cells."""
    owner = {
        (row, column): first
        for first, (below, right) in table.areas.items()
        for row in range(first[0], below)
        for column in range(first[1], right)
    }
    tops, sides, look = table.tops, table.sides, table.piece.look
    rows, columns = len(tops) - 1, len(sides) - 1
    levels = {"all": range(rows + 1), "header": (0, look.header_rows, rows), "none": ()}[look.horizontal]
    for level in levels:
        between = [owner.get((level - 1, column)) != owner.get((level, column)) for column in range(columns)]
        yield from ((sides[start], tops[level], sides[end], tops[level]) for start, end in _runs(between))
    uprights = {"all": range(columns + 1), "inner": range(1, columns), "none": ()}[look.vertical]
    for side in uprights:
        between = [owner.get((row, side - 1)) != owner.get((row, side)) for row in range(rows)]
        yield from ((sides[side], tops[start], sides[side], tops[end]) for start, end in _runs(between))


def _runs(wanted: list[bool]) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each run of true values."""
    for value, group in groupby(range(len(wanted)), key=wanted.__getitem__):
        places = list(group)
        if value:
            yield places[0], places[-1] + 1


class Sheet:
    """Pages that are filled from the top: prose, captions and tables, below a running header."""

    def __init__(self, path: Path, header: str, prose: list[str], random: Random) -> None:
        self._canvas = Canvas(str(path), pagesize=A4, invariant=True)
        self._header, self._prose, self._random = header, prose, random
        self.page, self.font, self._y = 0, FONT, 0.0

    def start_page(self, font: str) -> None:
        if self.page:
            self._canvas.showPage()
        self.page, self.font, self._y = self.page + 1, font, float(A4[1] - MARGIN)
        self._canvas.setFont(font, 8)
        self._canvas.setFillGray(0)
        self._canvas.drawString(MARGIN, A4[1] - 36, self._header)
        self._canvas.drawCentredString(A4[0] / 2, 30, f"- {self.page} -")

    def save(self) -> None:
        self._canvas.showPage()
        self._canvas.save()

    def add_prose(self, paragraphs: int) -> None:
        for text in self._random.sample(self._prose, paragraphs):
            self._add_lines(_wrap(text[:200], WIDTH, self.font))
            self._y -= 6

    def add_caption(self, caption: str) -> None:
        self._add_lines([caption])
        self._y -= 2

    def _add_lines(self, lines: list[str]) -> None:
        self._canvas.setFont(self.font, SIZE)
        self._canvas.setFillGray(0)
        for line in lines:
            self._canvas.drawString(MARGIN, self._y - SIZE, line)
            self._y -= LEADING + 2

    def add_tables(self, pieces: list[Piece]) -> None:
        """Draw tables side by side."""
        width = (WIDTH - 24 * (len(pieces) - 1)) / len(pieces)
        laid = [lay_out(piece, width, self.font) for piece in pieces]
        for index, table in enumerate(laid):
            draw_table(self._canvas, table, MARGIN + index * (width + 24), self._y)
        self._y -= max(sum(table.heights) for table in laid) + 14

    def add_long_table(self, piece: Piece) -> None:
        """Draw as many rows as fit on the page, and the others in the same columns on the next one."""
        whole = lay_out(piece, WIDTH, self.font)
        fitting = max(index for index, top in enumerate(whole.tops) if self._y - top > MARGIN)
        again = piece.grid[: piece.look.header_rows] if piece.split == "header" else []
        look = piece.look if again else replace(piece.look, shaded=False)
        rest = replace(piece, grid=again + piece.grid[fitting:], look=look)
        for number, part in enumerate((replace(piece, grid=piece.grid[:fitting]), rest)):
            if number:
                self.start_page(self.font)
            table = lay_out(part, WIDTH, self.font, whole.sides)
            draw_table(self._canvas, table, MARGIN, self._y)
            self._y -= sum(table.heights) + 14


def _plain(random: Random) -> Grid:
    return texts.plain_grid(random, texts.choose_domain(random), random.randrange(3, 8))


def _grid_look(make: Callable[[Random], Grid], *looks: Look) -> Callable[[Random], list[Piece]]:
    return lambda random: [Piece(make(random), random.choice(looks))]


def _of_domain(make: Callable[[Random, texts.Domain], Grid]) -> Callable[[Random], Grid]:
    return lambda random: make(random, random.choice(texts.KOREAN))


def _nested(random: Random) -> list[Piece]:
    inner = Piece(texts.plain_grid(random, random.choice(texts.KOREAN), random.randrange(2, 4), 3), Look())
    title, *sentences = random.sample(texts.SENTENCES, 4)
    grid = [["명칭", title], ["정의", sentences[0]], ["세부 내용", sentences[1]], ["산출 정보", sentences[2]]]
    return [Piece(grid, Look(header_rows=0), inner, (2, 1))]


def _side_by_side(random: Random) -> list[Piece]:
    look = random.choice((Look(), Look(vertical="inner", shaded=True), Look(horizontal="header", vertical="none")))
    rows, domains = random.randrange(4, 8), random.sample(texts.KOREAN, 2)
    return [Piece(texts.plain_grid(random, domain, rows, 2), look) for domain in domains]


def _long(split: Literal["plain", "header"]) -> Callable[[Random], list[Piece]]:
    def make(random: Random) -> list[Piece]:
        look = random.choice((Look(), Look(shaded=True), Look(vertical="inner")))
        grid = texts.long_grid(random, random.choice(texts.KOREAN), random.randrange(36, 56))
        return [Piece(grid, look, split=split)]

    return make


OPEN = Look(vertical="inner")
FEW = Look(horizontal="header", vertical="none")
NONE = Look(horizontal="none", vertical="none")
#: For each kind, what makes the tables of one page.
KINDS: dict[str, Callable[[Random], list[Piece]]] = {
    "plain": _grid_look(_plain, Look(), Look(shaded=True)),
    "horizontal rules only": _grid_look(_plain, FEW, replace(FEW, shaded=True), Look(vertical="none")),
    "open sides": _grid_look(_plain, OPEN, replace(OPEN, shaded=True)),
    "merged over rows": _grid_look(_of_domain(texts.merged_rows), Look(), OPEN),
    "merged over columns": _grid_look(_of_domain(texts.merged_columns), Look(), OPEN),
    "two-row header": _grid_look(
        _of_domain(texts.two_row_header), *(Look(header_rows=2, shaded=shaded) for shaded in (False, True))
    ),
    "nested": _nested,
    "turned": _grid_look(_of_domain(texts.turned), Look(header_rows=0), Look(vertical="inner", header_rows=0)),
    "form": _grid_look(texts.form, Look(header_rows=0), Look(vertical="inner", header_rows=0)),
    "wrapped text": _grid_look(_of_domain(texts.wrapped), Look(), Look(shaded=True), OPEN),
    "shaded header, no inner rules": _grid_look(
        _plain, Look(horizontal="header", vertical="none", shaded=True), replace(NONE, shaded=True)
    ),
    "dashed rules": _grid_look(_plain, Look(pen="dashed")),
    "double rules": _grid_look(_plain, Look(pen="double")),
    "rules as filled rectangles": _grid_look(_plain, Look(pen="filled"), Look(pen="filled", shaded=True)),
    "a rectangle per cell": _grid_look(_plain, Look(pen="boxes"), Look(pen="boxes", shaded=True)),
    "over a page, header once": _long("plain"),
    "over a page, header repeated": _long("header"),
    "aligned list without rules": _grid_look(_plain, NONE),
    "keys and values without rules": _grid_look(texts.key_values, replace(NONE, header_rows=0)),
    "two side by side": _side_by_side,
}
TABLES_PER_KIND = 10
CAPTIONS = ("표 {number}. {caption}", "<{caption}>", "[{caption}]", "{number}. {caption}", "○ {caption}")


def write_tables(folder: Path, prose: list[str], seed: int = 0) -> Iterator[Truth]:
    """Write a file for each kind of table into `folder`, and yield the known tables in the order of their pages.

    `prose` holds the paragraphs that stand above and below the tables.
    """
    fonts = list(register_fonts())
    for number, (kind, make) in enumerate(KINDS.items()):
        random = Random(f"{seed} {kind}")
        path = folder / f"{number:02} {kind}.pdf"
        sheet = Sheet(path, f"새솔 업무 편람 {number + 1}", prose, random)
        for index in range(TABLES_PER_KIND):
            sheet.start_page(fonts[(number + index) % len(fonts)])
            yield from _set_page(sheet, make(random), index + 1, random, kind, path.name)
        sheet.save()


def register_fonts() -> Iterator[str]:
    """Yield the names of the fonts to set tables in."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    yield FONT
    for path in map(Path, FONT_FILES):
        if path.exists():
            pdfmetrics.registerFont(TTFont(path.stem, path))
            yield path.stem


def _set_page(sheet: Sheet, pieces: list[Piece], number: int, random: Random, kind: str, file: str) -> Iterator[Truth]:
    page = sheet.page
    sheet.add_prose(random.randrange(1, 3))
    titles = [title for domain in texts.KOREAN for title in domain.captions]
    caption = random.choice(CAPTIONS).format(number=number, caption=random.choice(titles))
    sheet.add_caption(caption)
    if pieces[0].split == "no":
        sheet.add_tables(pieces)
    else:
        sheet.add_long_table(pieces[0])
    sheet.add_prose(1)
    for piece in [*pieces, *(piece.inner for piece in pieces if piece.inner)]:
        rows, covered = texts.fill(piece.grid)
        below = caption if piece is pieces[0] else None
        yield Truth(file, page, rows, kind, sheet.page, below, frozenset(covered))
