"""Remove running headers, footers and page numbers, which repeat at the top and bottom of a document's pages."""

import re
from collections import Counter

from pagetune.extract.columns import Line

#: The largest number of lines at the top, and at the bottom, of a page that a header or footer may take.
EDGE_LINES = 3
#: With fewer pages than this, no line counts as repeated.
MIN_PAGES = 3
#: A page number is looked for in this many characters of a line.
MAX_LENGTH = 200

_NUMBER = re.compile(r"\d+")
#: A page number in the form of one; a bare number could be anything.
_PAGE_NUMBER = re.compile(r"[-–—] ?(\d+) ?[-–—]|Page (\d+)(?: of \d+)?", re.IGNORECASE)


def without_headers(pages: list[list[Line]], first_number: int, share: float) -> list[list[Line]]:
    """Return the lines of each page without those that repeat at the edge of at least `share` of the pages, 0 to 1.

    Repeated lines are equal, or differ in one number that goes up with the page number, which counts from
    `first_number`. A line that differs in another way, such as the total at the foot of each invoice, is kept. A line
    that is only its page's own number is always removed.
    """
    keys = [
        [[(line, _keys(line.text, number)) for line in edge] for edge in _edges(lines)]
        for number, lines in enumerate(pages, first_number)
    ]
    repeated = _repeated([{key for edge in edges for _, found in edge for key in found} for edges in keys], share)
    removed = {id(line) for edges in keys for edge in edges for line in _outermost(edge, repeated)}
    return [
        [line for line in lines if id(line) not in removed and not _is_own_number(line, lines, number)]
        for number, lines in enumerate(pages, first_number)
    ]


def _outermost(edge: list[tuple[Line, set[str]]], repeated: set[str]) -> list[Line]:
    """Return the repeated lines of an edge, each text once.

    On the first page a title may follow the running header that repeats it; only the header, which is further out, is
    returned.
    """
    found: dict[str, Line] = {}
    for line, keys in edge:
        for key in keys & repeated:
            found.setdefault(key, line)
    return list(found.values())


def _keys(text: str, page_number: int) -> set[str]:
    """Return the text itself, and once for each number in it the text with that number less the page number."""
    relative = {
        f"{text[: found.start()]}#{int(found.group()) - page_number}#{text[found.end() :]}"
        for found in _NUMBER.finditer(text[:MAX_LENGTH])
    }
    return {text} | relative


def _repeated(pages: list[set[str]], share: float) -> set[str]:
    if len(pages) < MIN_PAGES:
        return set()
    counts = Counter(key for keys in pages for key in keys)
    return {key for key, count in counts.items() if count >= max(2, share * len(pages))}


def _edges(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """Return the lines at the top and those at the bottom, each from the outside in."""
    by_height = sorted(lines, key=lambda line: line.top)
    return by_height[:EDGE_LINES], by_height[::-1][:EDGE_LINES]


def _is_own_number(line: Line, lines: list[Line], page_number: int) -> bool:
    found = _PAGE_NUMBER.fullmatch(line.text)
    if found is None or not any(line in edge for edge in _edges(lines)):
        return False
    return int(found.group(1) or found.group(2)) == page_number
