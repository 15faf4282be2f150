"""How much of the documents the questions cover, and which pages were hard to read."""

from collections import defaultdict
from dataclasses import dataclass, field

from pagetune.build_qa.draft import Span, sections, to_document
from pagetune.records import Page, Pair

#: The number of pages shown, the worst first.
WORST_SHOWN = 15


@dataclass
class Coverage:
    """How many questions a document has, and where: its `pages` have questions, have none, or are quarantined.

    `sections` counts its sections and tables, and `sections_without_questions` names some of them.
    """

    doc_id: str
    pages: int = 0
    quarantined: int = 0
    with_questions: int = 0
    pairs: int = 0
    sections: int = 0
    sections_without_questions: list[str] = field(default_factory=list)

    @property
    def without_questions(self) -> int:
        """Return the number of pages that were read but have no questions."""
        return self.pages - self.quarantined - self.with_questions


def coverage(pages: list[Page], pairs: list[Pair]) -> list[Coverage]:
    """Return the coverage of each document, in the order of the pages."""
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
    # A user's own rows may have a document's name but no page.
    asked = {page_number for pair in pairs for page_number, _ in pair.places}
    found.with_questions = len(asked & {page.page_number for page in readable})
    for name, spans in (sections(to_document(readable)) if readable else {}).items():
        found.sections += 1
        if not any(_is_in(pair, spans) for pair in pairs):
            found.sections_without_questions.append(name)
    return found


def _is_in(pair: Pair, spans: list[Span]) -> bool:
    """Tell whether the pair's evidence overlaps one of the spans."""
    return any(
        (span.page_number, span.table) == (page_number, place.table)
        and (span.table is not None or (place.start < span.end and span.start < place.end))
        for span in spans
        for page_number, place in pair.places
    )


def worst_pages(pages: list[Page]) -> list[Page]:
    """Return the quarantined pages, then those with the most doubtful letters, then those with the least text."""
    return sorted(pages, key=_badness)[:WORST_SHOWN]


def _badness(page: Page) -> tuple[bool, float, float]:
    doubts = sum(page.quality[name] for name in ("unreadable_ratio", "private_use_ratio", "garbled_ratio"))
    missing = page.quality["partly_outlined"] > 0
    return page.status == "ok", -doubts - missing, page.quality["characters"]
