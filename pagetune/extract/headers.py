"""Running headers, footers and page numbers: what repeats along the edges of a document's pages."""

import re
from collections import Counter

from pagetune.extract.columns import Line

#: How many lines at the top and at the bottom of a page may be a running header or footer.
EDGE_LINES = 3
#: Below this many pages nothing can be said to repeat.
MIN_PAGES = 3
#: Nobody numbers pages behind so many characters.
MAX_LENGTH = 200

_NUMBER = re.compile(r"\d+")
#: A page number that is drawn as one; a number alone may be anything.
_PAGE_NUMBER = re.compile(r"[-–—] ?(\d+) ?[-–—]|Page (\d+)(?: of \d+)?", re.IGNORECASE)


def without_headers(pages: list[list[Line]], first_number: int, share: float) -> list[list[Line]]:
    """The lines of each page but those that stand at the edge of `share` or more of the pages.

    They are alike but for one number, if it goes up with the pages, whose numbers count from `first_number`: what
    differs otherwise, a sum at the foot of each invoice, is no header. A page's own number goes in any case.
    """
    keys = [
        [[(line, _keys(line.text, number)) for line in edge] for edge in _edges(lines)]
        for number, lines in enumerate(pages, first_number)
    ]
    repeated = _repeated([{key for edge in edges for _, found in edge for key in found} for edges in keys], share)
    gone = {id(line) for edges in keys for edge in edges for line in _outermost(edge, repeated)}
    return [
        [line for line in lines if id(line) not in gone and not _is_own_number(line, lines, number)]
        for number, lines in enumerate(pages, first_number)
    ]


def _outermost(edge: list[tuple[Line, set[str]]], repeated: set[str]) -> list[Line]:
    """The repeated lines of an edge, each once: a title stands on the first page below the header that repeats it."""
    found: dict[str, Line] = {}
    for line, keys in edge:
        for key in keys & repeated:
            found.setdefault(key, line)
    return list(found.values())


def _keys(text: str, page_number: int) -> set[str]:
    """The text as it is, and with each of its numbers as its distance from the page's."""
    apart = {
        f"{text[: found.start()]}#{int(found.group()) - page_number}#{text[found.end() :]}"
        for found in _NUMBER.finditer(text[:MAX_LENGTH])
    }
    return {text} | apart


def _repeated(pages: list[set[str]], share: float) -> set[str]:
    if len(pages) < MIN_PAGES:
        return set()
    counts = Counter(key for keys in pages for key in keys)
    return {key for key, count in counts.items() if count >= max(2, share * len(pages))}


def _edges(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """The lines at the top and those at the bottom, each from the outside in."""
    by_height = sorted(lines, key=lambda line: line.top)
    return by_height[:EDGE_LINES], by_height[::-1][:EDGE_LINES]


def _is_own_number(line: Line, lines: list[Line], page_number: int) -> bool:
    found = _PAGE_NUMBER.fullmatch(line.text)
    if found is None or not any(line in edge for edge in _edges(lines)):
        return False
    return int(found.group(1) or found.group(2)) == page_number
