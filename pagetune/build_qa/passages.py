"""Passages, which a language model is shown one at a time: a stretch of one section of one page, or rows of a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pagetune.build_qa.draft import SENTENCE_GAP, Document, Paragraph
from pagetune.build_qa.instructing import find_orders
from pagetune.records import Place, Table


@dataclass(frozen=True)
class Passage:
    doc_id: str
    title: str
    section: str
    page_number: int
    text: str
    #: The order to a language model because of which the passage is set aside.
    order: str | None = None


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
            texts = [text for p in told for text in _split_long(p.text, max_characters)]
            for text in _stretches(texts, max_characters):
                yield Passage(doc_id, document.title, section, page.page_number, text, order)
        for number, table in enumerate(page.tables):
            order = orders.spoil(page.page_number, Place(table=number, row=None, start=0, end=0))
            yield from (
                Passage(doc_id, document.title, table.caption, page.page_number, text, order)
                for text in _table_texts(table, max_characters)
            )


def _split_long(text: str, max_characters: int) -> list[str]:
    """Return the paragraph, or its sentences where it is longer than `max_characters`."""
    return [text] if len(text) <= max_characters else SENTENCE_GAP.split(text)


def _unless_all_headings(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """Return nothing where there are only headings, which say nothing to ask about."""
    return [] if all(p.is_heading for p in paragraphs) else paragraphs


def _table_texts(table: Table, max_characters: int) -> Iterator[str]:
    """Yield stretches of rows, each below the header row. Cells are joined by " | "."""
    header, *rows = (" | ".join(row) for row in table.rows)
    for text in _stretches(list(rows), max_characters):
        yield "\n".join([header, text])


def _stretches(texts: list[str], max_characters: int) -> Iterator[str]:
    """Join texts, one a line, into stretches of nearly equal length."""
    whole = sum(map(len, texts))
    parts = max(1, -(-whole // max_characters))
    stretch: list[str] = []
    for text in texts:
        if stretch and sum(map(len, stretch)) + len(text) / 2 > whole / parts:
            yield "\n".join(stretch)
            stretch = []
        stretch.append(text)
    if stretch:
        yield "\n".join(stretch)
