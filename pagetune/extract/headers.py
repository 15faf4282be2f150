"""Find running headers, footers and page numbers, which stand at the same height outside the body of the pages."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from pagetune.extract.columns import Line
from pagetune.extract.word_boxes import Box

#: The largest number of rows at the top, and at the bottom, of a page that headers or footers may take.
EDGE_ROWS = 4
#: With fewer pages than this, no line counts as repeated.
MIN_PAGES = 3
#: A page number is looked for in this many characters of a line.
MAX_LENGTH = 200
#: Lines whose middles are at most this far apart, in points, are at the same height; ends this far apart are aligned.
SAME_HEIGHT, ALIGNED = 2.5, 4.0
#: A larger line than this, in sizes of the body, is a title.
MAX_SIZE = 1.3
#: The least distance to the body, in sizes of the line, and in usual distances between lines: a table's header row or
#: the last row of a table is nearer.
MIN_GAP, MIN_USUAL_GAPS = 0.8, 1.3
#: A line smaller than this, in sizes of the body, needs no more distance than its own size: no table has such a row.
SMALL = 0.9
#: A run of pages with this share of headers is enough where the rest of the pages have none, if it is this long.
RUN_SHARE, RUN_PAGES = 0.8, 4
#: A line that is a header elsewhere may be this far from its usual height, in points, such as on a landscape page.
SHIFTED = 40.0

#: A whole number, or a Roman one that is a word; letters before or after make "II형" or "A4" part of a name.
_NUMBER = re.compile(r"\d+|(?<![^\W\d])[ivxlc]+(?![^\W\d])|(?<![^\W\d])[IVXLC]+(?![^\W\d])")
#: A sum or an amount of money differs from page to page, or is worth keeping if it does not.
_SUM = re.compile(
    r"(?:합|총|소|누) ?계(?![가-힣])|\btotal\b.*\d|\d,\d{3}(?!\d)"
    r"|\d ?(?:만 ?)?(?:원(?![가-힣])|won\b|달러)|[₩$€£] ?\d",
    re.IGNORECASE,
)
#: A page number in the form of one; a bare number could be anything.
_PAGE_NUMBER = re.compile(
    r"[-–—] ?(\d+) ?[-–—]"
    r"|(?:page|p\.) ?(\d+)(?: ?(?:of|/) ?\d+)?"
    r"|제? ?(\d+) ?(?:쪽|페이지)"
    r"|(\d+) ?/ ?\d+ ?(?:쪽|페이지|pages?)?",
    re.IGNORECASE,
)
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def header_lines(pages: list[list[Line]], tables: list[list[Box]], first_number: int, share: float) -> list[list[Line]]:
    """Return for each page its running headers, footers and page numbers, which are the same objects as in `pages`.

    They stand at a height at which at least `share` of the pages, 0 to 1, or of the left or right pages, have a line
    outside the body, and most of these lines are the same as another page's. Lines are the same if they are equal, or
    differ in a number that goes up with the page number, which counts from `first_number`. A line of another text, such
    as the name of a short chapter, belongs to them where it has their height, size and alignment. `tables` holds the
    boxes of the tables of each page, whose words are not among the lines. A line that is only its page's own number is
    always returned.
    """
    spread = _Spread(pages, tables, first_number)
    removed = {id(line) for at_top in (True, False) for line in _running_lines(spread, at_top, share)}
    return [
        [line for line in lines if id(line) in removed or _is_own_number(line, lines, number)]
        for number, lines in enumerate(pages, first_number)
    ]


@dataclass
class _Spread:
    """The pages that are compared with each other."""

    pages: list[list[Line]]
    tables: list[list[Box]]
    first_number: int

    @cached_property
    def with_text(self) -> list[int]:
        return [at for at, lines in enumerate(self.pages) if lines]

    @cached_property
    def half(self) -> float:
        """Return the middle height of the pages, in points."""
        return max(line.bottom for lines in self.pages for line in lines) / 2

    @cached_property
    def body_size(self) -> float:
        sizes: Counter[float] = Counter()
        for lines in self.pages:
            for line in lines:
                sizes[round(line.size, 1)] += len(line.text)
        return _weighted_median(sizes)

    @cached_property
    def usual_gap(self) -> float:
        """Return the median distance, in points, between neighbouring lines of a paragraph or a list."""
        gaps = [
            below.top - above.bottom
            for lines in self.pages
            for above, below in pairwise(lines)
            if above.column == below.column and 0 < below.top - above.bottom < 2 * above.size
        ]
        return median(gaps) if gaps else 0.0

    @cached_property
    def is_form(self) -> bool:
        """Return whether most lines inside the pages are the same on several: filled-in copies of one form."""
        inner = [line for lines in self.pages for line in sorted(lines, key=_middle)[EDGE_ROWS:-EDGE_ROWS]]
        copies = Counter((line.text, round(_middle(line) / SAME_HEIGHT)) for line in inner)
        repeated = sum(count for count in copies.values() if count > 1)
        return repeated > max(len(self.pages), len(inner) / 2)

    def keys(self, line: Line, page: int) -> set[str]:
        return _keys(line.text, self.first_number + page, is_form=self.is_form)


def _weighted_median(sizes: Counter[float]) -> float:
    half, passed = sizes.total() / 2, 0
    for size in sorted(sizes):
        passed += sizes[size]
        if passed >= half:
            return size
    return 0.0


@dataclass
class _Slot:
    """The lines at one height at one edge of the pages, each with the position of its page and what it is compared by.

    `same` holds those whose text another page has too.
    """

    at_top: bool
    lines: list[tuple[int, Line, set[str]]]

    @cached_property
    def same(self) -> list[tuple[int, Line]]:
        counts = Counter(key for _, key in {(page, key) for page, _, keys in self.lines for key in keys})
        return [(page, line) for page, line, keys in self.lines if any(counts[key] > 1 for key in keys)]

    @cached_property
    def pages(self) -> list[int]:
        return sorted({page for page, _ in self.same})

    @cached_property
    def middle(self) -> float:
        return median(_middle(line) for _, line, _ in self.lines)


def _running_lines(spread: _Spread, at_top: bool, share: float) -> Iterator[Line]:
    """Yield the running lines at one edge of all pages."""
    slots = _running_slots(spread, at_top, share)
    for slot in slots:
        yield from (line for _, line in slot.same)
        yield from _others(slot, slots, spread)
        yield from _shifted(slot, spread)


def _running_slots(spread: _Spread, at_top: bool, share: float) -> list[_Slot]:
    """Return the slots of an edge that hold running lines, from the body outwards."""
    if len(spread.with_text) < MIN_PAGES:
        return []
    slots = [slot for slot in _slots(spread, at_top) if _repeats(slot, spread, share)]
    slots.sort(key=lambda slot: -slot.middle if at_top else slot.middle)
    for innermost in range(len(slots)):
        outer = slots[innermost:]
        if _is_outside(outer, spread):
            return outer
    return []


def _slots(spread: _Spread, at_top: bool) -> Iterator[_Slot]:
    """Yield the candidates at an edge of the pages, gathered by height."""
    found = [
        (page, line, spread.keys(line, page))
        for page in spread.with_text
        for line in _edge(spread.pages[page], at_top)
        if not _SUM.search(line.text)
        and line.size <= MAX_SIZE * spread.body_size
        and (_middle(line) < spread.half) == at_top
    ]
    found.sort(key=lambda candidate: _middle(candidate[1]))
    slot: list[tuple[int, Line, set[str]]] = []
    for candidate in found:
        if slot and _middle(candidate[1]) > _middle(slot[0][1]) + SAME_HEIGHT:
            yield _Slot(at_top, slot)
            slot = []
        slot.append(candidate)
    if slot:
        yield _Slot(at_top, slot)


def _edge(lines: list[Line], at_top: bool) -> list[Line]:
    """Return the lines of the outermost rows of a page, from the outside in."""
    edge: list[Line] = []
    rows, height = 0, 0.0
    middles = [_middle(line) for line in lines]
    for at in sorted(range(len(lines)), key=middles.__getitem__, reverse=not at_top):
        if not edge or abs(middles[at] - height) > SAME_HEIGHT:
            rows, height = rows + 1, middles[at]
        if rows > EDGE_ROWS:
            break
        edge.append(lines[at])
    return edge


def _middle(line: Line) -> float:
    return (line.top + line.bottom) / 2


def _keys(text: str, page_number: int, *, is_form: bool) -> set[str]:
    """Return the text, and for each of its numbers the text with that number less the page number.

    Equal numbers, as in "3 | Contents | 3", are replaced together. All text of a form is the same on each page, so that
    only a number tells its footer.
    """
    numbers = [(found.span(), _value(found.group())) for found in _NUMBER.finditer(text[:MAX_LENGTH])]
    keys = set() if is_form else {text}
    for value in {value for _, value in numbers}:
        key, end = "", 0
        for (start, stop), _ in (number for number in numbers if number[1] == value):
            key, end = f"{key}{text[end:start]}#{value - page_number}#", stop
        keys.add(key + text[end:])
    return keys


def _value(number: str) -> int:
    """Return the value of an Arabic or Roman number."""
    if number.isdecimal():
        return int(number)
    digits = [_ROMAN[letter] for letter in number.lower()]
    return sum(-one if one < after else one for one, after in zip(digits, [*digits[1:], 0], strict=True))


def _repeats(slot: _Slot, spread: _Spread, share: float) -> bool:
    """Return whether most lines of the slot are the same as another page's, on enough of the pages.

    Enough is `share` of the pages with text, more of the left or right pages alone, and nearly all of a short run.
    """
    pages = slot.pages
    if len(slot.same) < 2 or 2 * len(slot.same) < len(slot.lines):
        return False
    parities = {(spread.first_number + page) % 2 for page in pages}
    beside = [page for page in spread.with_text if (spread.first_number + page) % 2 in parities]
    run = [page for page in beside if pages[0] <= page <= pages[-1]]
    least = share if len(parities) == 2 else min(1.0, 1.5 * share)
    return len(pages) >= least * len(beside) or (len(pages) >= RUN_PAGES and len(pages) >= RUN_SHARE * len(run))


def _is_outside(slots: list[_Slot], spread: _Spread) -> bool:
    """Return whether the slots, the innermost first, are outside the body of nearly all pages, and far from it."""
    innermost = slots[0]
    members = _same(slots) | {id(line) for slot in slots for line in _others(slot, slots, spread)}
    inner = median(_span(line, innermost.at_top)[1] for _, line in innermost.same)
    beyond = sum(
        any(id(line) not in members and _span(line, innermost.at_top)[0] < inner - 1 for line in spread.pages[page])
        for page in spread.with_text
    )
    if beyond > max(1, 0.2 * len(innermost.pages)):
        return False
    gap = median(_gap(line, page, members, spread, innermost.at_top) for page, line in innermost.same)
    size = median(line.size for _, line in innermost.same)
    is_small = size < SMALL * spread.body_size
    return gap >= max(MIN_GAP * size, 0.0 if is_small else MIN_USUAL_GAPS * spread.usual_gap)


def _gap(line: Line, page: int, members: set[int], spread: _Spread, at_top: bool) -> float:
    """Return the distance from a line inwards to the next line or table that is not a member, infinite without one."""
    inner = _span(line, at_top)[1]
    starts = [_span(other, at_top)[0] for other in spread.pages[page] if id(other) not in members and other is not line]
    starts += [box[1] if at_top else -box[3] for box in spread.tables[page]]
    return min((start - inner for start in starts if start >= inner - SAME_HEIGHT), default=math.inf)


def _span(line: Line, at_top: bool) -> tuple[float, float]:
    """Return the outer and the inner end of a line's height, as distances that grow from the edge inwards."""
    return (line.top, line.bottom) if at_top else (-line.bottom, -line.top)


def _same(slots: list[_Slot]) -> set[int]:
    return {id(line) for slot in slots for _, line in slot.same}


def _others(slot: _Slot, slots: list[_Slot], spread: _Spread) -> Iterator[Line]:
    """Yield the slot's other lines that have the size and the alignment of one in `same`, and are far from the body."""
    same = _same(slots)
    if len(slot.pages) < MIN_PAGES:
        return
    for page, line, _ in slot.lines:
        is_like = id(line) not in same and any(_is_like(line, one) for _, one in slot.same)
        if is_like and _gap(line, page, same, spread, slot.at_top) > MIN_GAP * line.size:
            yield line


def _is_like(line: Line, other: Line) -> bool:
    """Return whether two lines of one height have the same size, and one end or the centre in common."""
    ends = line.x0 - other.x0, line.x1 - other.x1, (line.x0 + line.x1 - other.x0 - other.x1) / 2
    return abs(line.size - other.size) < 0.05 * other.size and min(map(abs, ends)) < ALIGNED


def _shifted(slot: _Slot, spread: _Spread) -> Iterator[Line]:
    """Yield lines with a text of the slot that are a little higher or lower, on pages without a line in the slot."""
    texts = {key for page, line in slot.same for key in spread.keys(line, page)}
    for page in set(spread.with_text) - {page for page, _, _ in slot.lines}:
        outermost = _edge(spread.pages[page], slot.at_top)[0]
        is_near = abs(_middle(outermost) - slot.middle) < SHIFTED
        if is_near and texts & spread.keys(outermost, page):
            yield outermost


def _is_own_number(line: Line, lines: list[Line], page_number: int) -> bool:
    found = _PAGE_NUMBER.fullmatch(line.text)
    if found is None or not any(line is one for at_top in (True, False) for one in _edge(lines, at_top)):
        return False
    return next(int(number) for number in found.groups() if number) == page_number
