"""Where an answer is looked up beside its reference: the evidence of its pair, and the page that it was made from.

The pairs are those that were asked: a reviewer may have given them other evidence than they were built with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pagetune.records import Example, Page, Pair, Place, Table, fact_id
from pagetune.text.readable import readable


@dataclass(frozen=True)
class Sources:
    """`evidence` and its places by pair, and the texts of the pages by document and page number; your own rows and
    dialogues have none of them. A place has its page number, and a comparison has two places."""

    evidence: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[tuple[str, int], str] = field(default_factory=dict)
    places: Mapping[str, list[tuple[int, Place]]] = field(default_factory=dict)

    def evidence_for(self, row: Example) -> str:
        """Return the passage that the row's reference was taken from, or ""."""
        return self.evidence.get(fact_id(row.pair_id), "")

    def places_for(self, row: Example) -> list[tuple[int, Place]]:
        """Return on which pages the evidence is, and where: nowhere for your own rows."""
        return self.places.get(fact_id(row.pair_id), [])

    def page_for(self, row: Example) -> str:
        """Return the text of the row's page, or ""."""
        return "" if row.page_number is None else self.pages.get((row.doc_id, row.page_number), "")


def sources_of(pairs: Iterable[Pair], pages: Iterable[Page]) -> Sources:
    """Return the evidence of each pair, and each page with its tables below: captions, and rows with their cells
    joined by " | "."""
    pairs = list(pairs)
    return Sources(
        {fact_id(pair.pair_id): pair.whole_evidence for pair in pairs if pair.evidence},
        {(page.doc_id, page.page_number): _text_of(page) for page in pages},
        {fact_id(pair.pair_id): pair.places for pair in pairs if pair.places},
    )


def _text_of(page: Page) -> str:
    """Return the text as `fact_match` reads it, so that its morphemes are analysed once."""
    return readable("\n".join([page.text, *map(_table_text, page.tables)]))


def _table_text(table: Table) -> str:
    return "\n".join([table.caption, *(" | ".join(row) for row in table.rows)])
