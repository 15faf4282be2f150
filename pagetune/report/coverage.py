"""What of the documents is asked about, and which of their pages were hard to read."""

from collections import defaultdict
from dataclasses import dataclass, field

from pagetune.build_qa.draft import Span, sections, to_document
from pagetune.records import Page, Pair

#: Pages shown, the worst first.
WORST_SHOWN = 15


@dataclass
class Coverage:
    """How much of a document is asked about: `pages` are `asked`, `quarantined` or neither.

    `silent` names its sections and tables on which no pair stands.
    """

    doc_id: str
    pages: int = 0
    quarantined: int = 0
    asked: int = 0
    pairs: int = 0
    sections: int = 0
    silent: list[str] = field(default_factory=list)

    @property
    def without(self) -> int:
        """Pages that were read and on which no pair stands."""
        return self.pages - self.quarantined - self.asked


def coverage(pages: list[Page], pairs: list[Pair]) -> list[Coverage]:
    """In the order of the pages."""
    by_document: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        by_document[page.doc_id].append(page)
    own: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        own[pair.doc_id].append(pair)
    return [_cover(doc_id, document_pages, own[doc_id]) for doc_id, document_pages in by_document.items()]


def _cover(doc_id: str, pages: list[Page], pairs: list[Pair]) -> Coverage:
    found = Coverage(doc_id, len(pages), sum(page.status == "quarantined" for page in pages), pairs=len(pairs))
    readable = [page for page in pages if page.status == "ok"]
    # A user's own rows may bear a document's name, and stand on no page.
    found.asked = len({pair.page_number for pair in pairs} & {page.page_number for page in readable})
    for name, spans in (sections(to_document(readable)) if readable else {}).items():
        found.sections += 1
        if not any(_stands_in(pair, spans) for pair in pairs):
            found.silent.append(name)
    return found


def _stands_in(pair: Pair, spans: list[Span]) -> bool:
    place = pair.place
    return place is not None and any(
        (span.page_number, span.table) == (pair.page_number, place.table)
        and (span.table is not None or (place.start < span.end and span.start < place.end))
        for span in spans
    )


def worst_pages(pages: list[Page]) -> list[Page]:
    """The pages that were set aside, then those with the most letters in doubt, then those with the least text."""
    return sorted(pages, key=_worth)[:WORST_SHOWN]


def _worth(page: Page) -> tuple[bool, float, float]:
    doubts = sum(page.quality[name] for name in ("unreadable_ratio", "private_use_ratio", "garbled_ratio"))
    return page.status == "ok", -doubts - page.quality["tables_unread"], page.quality["characters"]
