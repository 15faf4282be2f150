"""Running headers, footers and page numbers: what repeats along the edges of a document's pages."""

import re
from collections import Counter

from pagetune.extract.columns import Line

#: How many lines at the top and at the bottom of a page may be a running header or footer.
EDGE_LINES = 3
#: Below this many pages nothing can be said to repeat.
MIN_PAGES = 3

_PAGE_NUMBER = re.compile(r"(?:Page\s+)?[-–—\[(]?\s*(\d+)\s*[-–—\])]?(?:\s*(?:/|of)\s*\d+)?", re.IGNORECASE)


def without_headers(pages: list[list[Line]], share: float) -> list[list[Line]]:
    """The lines of each page but those that, digits masked, stand at the edge of `share` or more of the pages.

    A page's own number goes in any case.
    """
    repeated = _repeated([_edges(lines) for lines in pages], share)
    return [_kept(lines, repeated) for lines in pages]


def _kept(lines: list[Line], repeated: set[str]) -> list[Line]:
    edges = {id(line) for line in _edges(lines)}
    return [line for line in lines if id(line) not in edges or not (_mask(line) in repeated or is_page_number(line))]


def _repeated(edges: list[list[Line]], share: float) -> set[str]:
    if len(edges) < MIN_PAGES:
        return set()
    counts = Counter(text for lines in edges for text in {_mask(line) for line in lines})
    return {text for text, count in counts.items() if count >= max(2, share * len(edges))}


def _edges(lines: list[Line]) -> list[Line]:
    by_height = sorted(lines, key=lambda line: line.top)
    return by_height[:EDGE_LINES] + by_height[-EDGE_LINES:]


def _mask(line: Line) -> str:
    """Digits and Roman page numbers as #."""
    return re.sub(r"\d+|^[ivxlc]+$", "#", line.text)


def is_page_number(line: Line) -> bool:
    """A number alone counts only with what is drawn around it: "- 3 -", "3 / 12", "Page 3"."""
    return _PAGE_NUMBER.fullmatch(line.text) is not None and not line.text.isdigit()
