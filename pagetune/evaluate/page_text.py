"""The text of the page that a pair was made from, where what an answer adds to the reference is looked up."""

from collections.abc import Iterable, Mapping

from pagetune.records import Example, Page, Table
from pagetune.text.readable import readable

#: The texts of the pages by document and page number.
PageTexts = Mapping[tuple[str, int], str]


def page_texts(pages: Iterable[Page]) -> PageTexts:
    """Return the text of each page with its tables below: captions, and rows with their cells joined by " | "."""
    return {(page.doc_id, page.page_number): _text_of(page) for page in pages}


def _text_of(page: Page) -> str:
    """Return the text as `fact_match` reads it, so that its morphemes are analysed once."""
    return readable("\n".join([page.text, *map(_table_text, page.tables)]))


def _table_text(table: Table) -> str:
    return "\n".join([table.caption, *(" | ".join(row) for row in table.rows)])


def evidence_for(row: Example, texts: PageTexts) -> str:
    """Return the text of the row's page, or "" for your own rows and for dialogues, which have none."""
    return "" if row.page_number is None else texts.get((row.doc_id, row.page_number), "")
