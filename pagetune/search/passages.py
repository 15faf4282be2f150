"""Passages of documents, for a search: a few neighbouring lines of a section, or a row of a table below its header."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from pagetune.build_qa.draft import SENTENCE_GAP, Document, Paragraph, to_document
from pagetune.records import Page, Place, Table
from pagetune.search.lists import Above, above_lines, leads_on
from pagetune.text.evidence import row_place

#: Lines of a passage; the next one begins a line later, so that what belongs together is together in one of them.
LINES = 3
#: A longer line counts sentence by sentence, and a passage that is longer has fewer lines.
LONG_LINE, LONG_PASSAGE = 200, 600
#: Rows at the top of a form that may name what it is about: a number, a name, a kind.
NAMING = 3


Under = dict[tuple[int, int], Above]


@dataclass(frozen=True)
class Passage:
    """A stretch of a page's text, or a row of a table with its caption and header.

    `above` is what a reader has to know of the passage: what the document is called, the heading above the passage
    unless it begins with one, and what announces the list that it begins in. `parts` are its lines; a long line is cut
    between its sentences.
    """

    doc_id: str
    page_number: int
    place: Place
    above: tuple[str, ...]
    parts: tuple[str, ...]
    text: str

    @property
    def searched(self) -> tuple[str, ...]:
        """Return all that the words of a question are compared with."""
        return *self.above, *self.parts


def passages(pages: Iterable[Page]) -> list[Passage]:
    """Return the passages of all readable pages, document by document. Every line and every row is in one of them."""
    readable = [page for page in pages if page.status == "ok"]
    found: list[Passage] = []
    for _, own in groupby(readable, key=lambda page: page.doc_id):
        found += _of_document(to_document(list(own)))
    return found


def _of_document(document: Document) -> Iterator[Passage]:
    by_page = {number: list(own) for number, own in groupby(document.paragraphs, key=lambda p: p.page_number)}
    above = tuple(filter(None, [document.name]))
    under = above_lines(document.paragraphs)
    for page in document.pages:
        lines = by_page.get(page.page_number, [])
        for number, window in enumerate(window for block in _blocks(lines, under) for window in _windows(block, under)):
            left_open = _left_open(by_page.get(page.page_number - 1, [])) if number == 0 else ()
            yield _of_lines(window, page, (*above, *left_open), _under(window[0], lines, under))
        for number, table in enumerate(page.tables):
            yield from _of_table(table, number, page, above)


def _left_open(lines: list[Paragraph]) -> tuple[str, ...]:
    """Return the last line of a page if the next page answers it."""
    return tuple(line.text for line in lines[-1:] if leads_on(line.text))


def _under(first: Paragraph, lines: list[Paragraph], under: Under) -> Above:
    """Return what a passage stands under that begins with a line, or with a later sentence of one."""
    return under[first.page_number, max(line.start for line in lines if line.start <= first.start)]


def _blocks(paragraphs: list[Paragraph], under: Under) -> Iterator[list[Paragraph]]:
    """Yield the sections of a page, headings included. Headings right below each other begin one section: short lines,
    such as those of an address, look like headings, and so do the items of a list, which begin none."""
    block: list[Paragraph] = []
    for paragraph in paragraphs:
        is_heading = paragraph.is_heading and not under[paragraph.page_number, paragraph.start].lines
        if block and is_heading and not block[-1].is_heading:
            yield block
            block = []
        block.append(paragraph)
    if block:
        yield block


def _windows(block: list[Paragraph], under: Under) -> Iterator[list[Paragraph]]:
    """Yield stretches of about `LINES` lines, one from each line on, without those inside of the one before.

    What begins inside of a list ends with it, since other lines do not stand below what announces the list.
    """
    units = list(_units(block))
    reached = 0
    for start in range(len(units)):
        end, lines = start + 1, list(units[start])
        above = under.get((lines[0].page_number, lines[0].start))
        while end < len(units) and _fits(lines, units[end]) and _is_below(above, units[end][0], under):
            lines += units[end]
            end += 1
        if end > reached:
            yield lines
        reached = max(reached, end)


def _is_below(above: Above | None, line: Paragraph, under: Under) -> bool:
    """Tell whether a line stands below what announces a list, if there is one: as an item of it or of one in it."""
    own = under.get((line.page_number, line.start))
    return not above or not own or own.lines[: len(above.lines)] == above.lines


def _units(block: list[Paragraph]) -> Iterator[list[Paragraph]]:
    """Yield lines, and the sentences of long ones, by themselves, but what asks or announces with what follows it."""
    unit: list[Paragraph] = []
    for line in (line for p in block for line in (p.split(SENTENCE_GAP) if len(p.text) > LONG_LINE else [p])):
        unit.append(line)
        if not leads_on(line.text) or len(unit) == LINES:
            yield unit
            unit = []
    if unit:
        yield unit


def _fits(lines: list[Paragraph], more: list[Paragraph]) -> bool:
    return len(lines) + len(more) <= LINES and more[-1].end - lines[0].start <= LONG_PASSAGE


def _of_lines(lines: list[Paragraph], page: Page, above: tuple[str, ...], under: Above) -> Passage:
    first = lines[0]
    heads = (first.is_heading and not under.lines) or first.text.startswith(under.section)
    above = (*above, *(() if heads else (under.section,)), *under.lines)
    place = Place(table=None, row=None, start=first.start, end=lines[-1].end)
    parts = tuple(line.text for line in lines)
    text = page.text[place.start : place.end]
    new = tuple(line for line in dict.fromkeys(above) if line and line not in text)
    return Passage(page.doc_id, page.page_number, place, new, parts, text)


def _of_table(table: Table, number: int, page: Page, above: tuple[str, ...]) -> Iterator[Passage]:
    """Yield each row below the first one, which names the columns or, in a turned table, what the columns are about.

    The rows of a form have no header, but its first ones often name what all of them tell of; a table of one row has no
    other.
    """
    headless = table.layout == "form" or len(table.rows) == 1
    named = [_row_text(cells) for cells in table.rows[:NAMING]] if table.layout == "form" else []
    for row, cells in enumerate(table.rows):
        if (headless or row > 0) and any(cell.strip() for cell in cells):
            header = "" if headless else _row_text(table.rows[0])
            parts = tuple(filter(None, (table.caption, header, _row_text(cells))))
            over = (*above, *named[:row])
            yield Passage(page.doc_id, page.page_number, row_place(page, number, row), over, parts, "\n".join(parts))


def _row_text(cells: list[str]) -> str:
    return " | ".join(cells)
