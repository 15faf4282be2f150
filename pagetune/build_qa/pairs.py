"""How every source makes a pair: its id, and the evidence that it takes from the page."""

import hashlib

from pagetune.records import Kind, Page, Pair, Place
from pagetune.text.evidence import quote


def make_id(*parts: str) -> str:
    """Return 12 hex digits that identify a pair by its content, the same on every machine."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def pair_from_page(
    page: Page,
    place: Place,
    kind: Kind,
    question: str,
    answer: str,
    context: str | None = None,
    topic: str | None = None,
) -> Pair:
    """Return a pair whose evidence is the text at `place` on the page."""
    return Pair.original(
        make_id(page.doc_id, str(page.page_number), question, answer),
        question,
        answer,
        kind,
        page.doc_id,
        page_number=page.page_number,
        evidence=quote(page, place),
        place=place,
        context=context,
        topic=topic,
    )
