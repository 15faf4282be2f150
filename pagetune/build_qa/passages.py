"""What a language model is shown at a time: a stretch of one section of one page, or a table's rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pagetune.build_qa.draft import Document, Paragraph
from pagetune.records import Table


@dataclass(frozen=True)
class Passage:
    doc_id: str
    title: str
    section: str
    page_number: int
    text: str


def passages(document: Document, max_characters: int) -> Iterator[Passage]:
    """Every paragraph and every row of the document, in order. Pages are not mixed, since evidence is a page's.

    A section longer than `max_characters` is cut into stretches of nearly equal length, between paragraphs.
    """
    doc_id = document.pages[0].doc_id
    for page in document.pages:
        paragraphs = [p for p in document.paragraphs if p.page_number == page.page_number]
        for section, own in groupby(paragraphs, key=lambda p: p.section):
            sentences = [text for p in _with_content(list(own)) for text in _short(p.text, max_characters)]
            for text in _stretches(sentences, max_characters):
                yield Passage(doc_id, document.title, section, page.page_number, text)
        for table in page.tables:
            yield from (
                Passage(doc_id, document.title, table.caption, page.page_number, text)
                for text in _table_texts(table, max_characters)
            )


def _short(text: str, max_characters: int) -> list[str]:
    """A paragraph; one that is too long by itself as its sentences."""
    return [text] if len(text) <= max_characters else re.split(r"(?<=[.?!])\s+", text)


def _with_content(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """A heading alone asks nothing."""
    return [] if all(p.is_heading for p in paragraphs) else paragraphs


def _table_texts(table: Table, max_characters: int) -> Iterator[str]:
    """Rows with their cells joined by " | ", each stretch below the header row."""
    header, *rows = (" | ".join(row) for row in table.rows)
    for text in _stretches(list(rows), max_characters):
        yield "\n".join([header, text])


def _stretches(texts: list[str], max_characters: int) -> Iterator[str]:
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
