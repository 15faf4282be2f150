"""Passages, which a language model is shown one at a time: a stretch of one section of one page, or rows of a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pagetune.build_qa.draft import SENTENCE_GAP, Document, Paragraph
from pagetune.build_qa.instructing import find_orders
from pagetune.records import Place, Table


@dataclass(frozen=True)
class Piece:
    """A paragraph, a sentence of a long one, or a row of a table, and its place on the page."""

    text: str
    place: Place
    is_heading: bool = False


@dataclass(frozen=True)
class Passage:
    """Pieces of one page. `header` is the row that names the columns of a table's rows, None above text."""

    doc_id: str
    title: str
    section: str
    page_number: int
    pieces: tuple[Piece, ...]
    header: str | None = None
    #: The order to a language model because of which the passage is set aside.
    order: str | None = None

    @property
    def text(self) -> str:
        """Return what is shown: one piece a line, below the header."""
        above = [] if self.header is None else [self.header]
        return "\n".join([*above, *(piece.text for piece in self.pieces)])

    @property
    def shown(self) -> str:
        """Return all of a document that the requests about the passage show."""
        return "\n".join([self.title, self.section, self.text])


def passages(document: Document, max_characters: int) -> Iterator[Passage]:
    """Yield every paragraph and every table row of the document, in order, in passages.

    A passage stays on one page, because evidence does. A section longer than `max_characters` is cut between paragraphs
    into stretches of nearly equal length.
    """
    doc_id, orders = document.pages[0].doc_id, find_orders(document)
    for page in document.pages:
        paragraphs = [p for p in document.paragraphs if p.page_number == page.page_number]
        for section, own in groupby(paragraphs, key=lambda p: p.section):
            told = _unless_all_headings(list(own))
            order = next((found for p in told if (found := orders.spoil(page.page_number, p.place()))), None)
            pieces = [piece for p in told for piece in _pieces(p, max_characters)]
            for stretch in _stretches(pieces, max_characters):
                yield Passage(doc_id, document.title, section, page.page_number, stretch, None, order)
        for number, table in enumerate(page.tables):
            order = orders.spoil(page.page_number, Place(table=number, row=None, start=0, end=0))
            header, *rows = _rows(number, table)
            for stretch in _stretches(rows, max_characters):
                title, caption = document.title, table.caption
                yield Passage(doc_id, title, caption, page.page_number, stretch, header.text, order)


def _pieces(paragraph: Paragraph, max_characters: int) -> list[Piece]:
    """Return the paragraph, or its sentences where it is longer than `max_characters`."""
    parts = [paragraph] if len(paragraph.text) <= max_characters else paragraph.split(SENTENCE_GAP)
    return [Piece(part.text, part.place(), part.is_heading) for part in parts]


def _unless_all_headings(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """Return nothing where there are only headings, which say nothing to ask about."""
    return [] if all(p.is_heading for p in paragraphs) else paragraphs


def _rows(number: int, table: Table) -> Iterator[Piece]:
    """Yield the rows of the page's table `number`, the header first. Cells are joined by " | "."""
    for row, cells in enumerate(table.rows):
        text = " | ".join(cells)
        yield Piece(text, Place(table=number, row=row, start=0, end=len(text)))


def _stretches(pieces: list[Piece], max_characters: int) -> Iterator[tuple[Piece, ...]]:
    """Yield the pieces in stretches of nearly equal length."""
    whole = sum(len(piece.text) for piece in pieces)
    parts = max(1, -(-whole // max_characters))
    stretch: list[Piece] = []
    for piece in pieces:
        if stretch and sum(len(one.text) for one in stretch) + len(piece.text) / 2 > whole / parts:
            yield tuple(stretch)
            stretch = []
        stretch.append(piece)
    if stretch:
        yield tuple(stretch)
