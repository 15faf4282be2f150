"""Put the words of a page into lines in reading order, column by column, even where only a band has columns."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from operator import attrgetter
from statistics import median

from pagetune.extract.letters import clean_line, join_spaced_letters
from pagetune.extract.word_boxes import Box, Word

#: Words at one height, left to right. Until the page is split into columns, it may run across several of them.
WordLine = list[Word]
#: The left and right end, in points, of neighbouring words without a gap as wide as a gutter.
Span = tuple[float, float]

#: The least width of a gutter, in font sizes, and in spaces between words, which are wide in justified lines.
GUTTER_WIDTH, WIDER_THAN_SPACES = 0.8, 1.6
#: The least number of lines on either side of a gutter, and where the lines are at the same heights on both sides, as
#: three labels and their values are.
MIN_LINES, MIN_LINES_ALIKE = 3, 5
#: How far apart, in points, the left ends of a column's lines may be.
STEP = 3.0
#: The least share of the region's width on either side of a gutter: a column of labels or numbers is narrower.
MIN_SIDE_WIDTH = 0.2
#: How far apart, in points, lines of one style start; how many lines of a style are running text; and what share of the
#: block's width fewer lines reach if they are.
STYLE_STEP, MANY_LINES, WRAPPED_WIDTH = 4, 4, 0.6
#: From this many distances on, the lines of one font size have a usual distance of their own.
MIN_PITCHES = 2
#: How much of a side's width its lines fill on average, at least: on each side, and summed over both. Table cells are
#: emptier, but they are at the same heights: where the lines of the sides are not, less is enough.
MIN_FILL, MIN_FILL_TOGETHER = 0.35, 1.1
MIN_FILL_APART, MIN_FILL_TOGETHER_APART = 0.25, 0.7
#: The steps in height across a gutter are alike if they differ by no more than this, in font sizes.
OTHER_HEIGHT = 0.05


@dataclass
class Line:
    """A line of text with its box in points from the top left of the page.

    `column` numbers the blocks of a page in reading order. `right_edge` is how far to the right the lines of the block
    reach that start at the same x and have the same size: a line that ends there is full. It is infinite for a line
    that no other continues. `pitch` is the usual distance from the top of a line of its size to the top of the next.
    `sizes` are those of its words: a bullet may be larger than the text, and a note at its end smaller.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    column: int
    right_edge: float
    pitch: float
    sizes: tuple[float, ...] = ()


@dataclass
class Gutter:
    """A gutter at `x` that splits the lines from `first` up to, but not including, `last`."""

    x: float
    first: int
    last: int


def reading_order(words: list[Word], tables: Sequence[Box] = ()) -> list[Line]:
    """Return the lines from top to bottom, and within a band column by column from left to right.

    Words in the boxes `tables` are left out. A table counts as one solid block, so that its columns are not taken
    for columns of the page, and its edges help to find those.
    """
    blocks = list(_blocks([_blank_cell_word(word, tables) for word in words] if tables else words))
    if tables:
        blocks = [[[word for word in line if word.text] for line in lines] for lines in blocks]
    filled = ([line for line in lines if line] for lines in blocks)
    return [line for column, lines in enumerate(filled) for line in measured_lines(lines, column)]


def _blank_cell_word(word: Word, tables: Sequence[Box]) -> Word:
    """Replace a word in a table by one without text that is as wide as the table."""
    x, y = (word.x0 + word.x1) / 2, word.middle
    for left, top, right, bottom in tables:
        if left <= x <= right and top <= y <= bottom:
            return Word("", left, right, word.top, word.bottom)
    return word


def _blocks(words: list[Word]) -> Iterator[list[WordLine]]:
    """Split the page into blocks in reading order: at a gutter, and then again on each side of it."""
    lines = group_into_lines(words)
    split = find_gutter(lines)
    if split is None:
        if lines:
            yield lines
        return
    band = [word for line in lines[split.first : split.last] for word in line]
    yield from _blocks([word for line in lines[: split.first] for word in line])
    yield from _blocks([word for word in band if word.x1 <= split.x])
    yield from _blocks([word for word in band if word.x1 > split.x])
    yield from _blocks([word for line in lines[split.last :] for word in line])


def group_into_lines(words: list[Word]) -> list[WordLine]:
    """Group words into lines, top to bottom. Each word's middle is within the height of its line's first word."""
    if len(words) < 2:
        return [list(words)] if words else []
    lines: list[WordLine] = []
    top = bottom = 0.0
    middles = [(top + bottom) / 2 for _, _, _, top, bottom, _ in words]  # faster than each word's `middle`
    for at in sorted(range(len(words)), key=middles.__getitem__):
        if top < middles[at] < bottom:
            lines[-1].append(words[at])
        else:
            lines.append([words[at]])
            top, bottom = words[at].top, words[at].bottom
    return [_without_copies(sorted(line, key=attrgetter("x0"))) for line in lines]


def _without_copies(line: WordLine) -> WordLine:
    """Drop the copies of words that were drawn twice in nearly the same place to look bold."""
    if len({word.text for word in line}) == len(line):
        return line
    copies = {
        index
        for index, (word, after) in enumerate(pairwise(line))
        if word.text == after.text and after.x0 - word.x0 < 0.3 * word.size
    }
    return [word for index, word in enumerate(line) if index not in copies]


def find_gutter(lines: list[WordLine]) -> Gutter | None:
    """Return the gutter with the most lines on its shorter side, or None where no gutter is found."""
    if len(lines) < MIN_LINES:
        return None
    width = _gutter_width(lines)
    spans = [_spans(line, width) for line in lines]
    best, most = None, 0
    for x in _gutter_candidates(spans, width):
        for gutter in _gutters_at(spans, x, width):
            band = spans[gutter.first : gutter.last]
            shorter = _lines_on_the_shorter_side(band, x, apart=True)
            if shorter > most and (
                _lines_on_the_shorter_side(band, x, apart=False) or _are_apart(lines[gutter.first : gutter.last], x)
            ):
                best, most = gutter, shorter
    return best and _without_detached_end(best, lines, spans)


def _without_detached_end(gutter: Gutter, lines: list[WordLine], spans: list[list[Span]]) -> Gutter:
    """Shorten the band by lines at its end that are on one side only, well below the others.

    Such a line is the heading of what follows.
    """
    last = gutter.last
    pitches = [below[0].top - above[0].top for above, below in pairwise(lines[gutter.first : last])]
    far = 1.6 * median(pitches)
    while last - gutter.first > MIN_LINES and pitches[last - gutter.first - 2] > far and len(spans[last - 1]) == 1:
        last -= 1
    return Gutter(gutter.x, gutter.first, last)


def _gutter_width(lines: list[WordLine]) -> float:
    gaps = [right.x0 - left.x1 for line in lines for left, right in pairwise(line)]
    size = median([line[0].size for line in lines])
    return max(GUTTER_WIDTH * size, WIDER_THAN_SPACES * median(gaps) if gaps else 0.0)


def _spans(line: WordLine, width: float) -> list[Span]:
    spans = [(line[0].x0, line[0].x1)]
    for word in line[1:]:
        if word.x0 - spans[-1][1] < width:
            spans[-1] = (spans[-1][0], max(spans[-1][1], word.x1))
        else:
            spans.append((word.x0, word.x1))
    return spans


def _gutter_candidates(lines: list[list[Span]], width: float) -> list[float]:
    """Return the x at which a gutter could be: just left of where several lines start, some of them after a gap."""
    starts = Counter(round(x0 / STEP) for line in lines for x0, _ in line)
    after_gaps = {round(right[0] / STEP) for line in lines for _, right in pairwise(line)}
    often = [step for step in sorted(after_gaps) if starts[step - 1] + starts[step] + starts[step + 1] >= MIN_LINES]
    return [step * STEP - width / 2 for step in often]


def _gutters_at(lines: list[list[Span]], x: float, width: float) -> Iterator[Gutter]:
    """Yield a gutter at `x` for each longest run of lines in which no text crosses it."""
    first = 0
    for index in range(len(lines) + 1):
        if index == len(lines) or any(x0 < x + width / 2 - 2 and x1 > x - width / 2 + 2 for x0, x1 in lines[index]):
            if index - first >= MIN_LINES:
                yield Gutter(x, first, index)
            first = index + 1


def _are_apart(lines: list[WordLine], x: float) -> bool:
    """Return whether the words on the two sides of `x` are at other heights from line to line, unlike a table's.

    Two fonts of a table differ in height by the same step in each line.
    """
    steps = []
    for line in lines:
        left, right = [word for word in line if word.x1 <= x], [word for word in line if word.x0 >= x]
        if left and right and abs(left[-1].size - right[0].size) < 0.04 * left[-1].size:
            steps.append((left[-1].bottom - right[0].bottom) / left[-1].size)
    return len(steps) > 1 and sum(abs(step - median(steps)) > OTHER_HEIGHT for step in steps) > len(steps) / 3


def _lines_on_the_shorter_side(lines: list[list[Span]], x: float, *, apart: bool) -> int:
    """Return how many lines the side with fewer lines has, 0 where either side is not a column of text.

    `apart` says that the lines of the sides are not at the same heights.
    """
    left = [(line[0][0], max(x1 for _, x1 in line if x1 <= x)) for line in lines if line[0][1] <= x]
    right = [(min(x0 for x0, _ in line if x0 >= x), line[-1][1]) for line in lines if line[-1][0] >= x]
    if min(len(left), len(right)) < (MIN_LINES if apart else MIN_LINES_ALIKE):
        return 0
    whole = max(x1 for _, x1 in right) - min(x0 for x0, _ in left)
    fills = [_fill(side, MIN_SIDE_WIDTH * whole) for side in (left, right)]
    least, together = (MIN_FILL_APART, MIN_FILL_TOGETHER_APART) if apart else (MIN_FILL, MIN_FILL_TOGETHER)
    are_columns = min(fills) >= least and sum(fills) >= together
    return min(len(left), len(right)) if are_columns else 0


def _fill(lines: list[Span], min_width: float) -> float:
    """Return the mean share of the side's width that its lines fill, 0 for a side that is too narrow."""
    width = max(x1 for _, x1 in lines) - min(x0 for x0, _ in lines)
    return sum(x1 - x0 for x0, x1 in lines) / len(lines) / width if width >= min_width > 0 else 0.0


#: Where a line starts, in steps of STYLE_STEP points, and the rank of its font size among the sizes of the block.
Style = tuple[int, int]


def measured_lines(lines: list[WordLine], column: int = 0) -> list[Line]:
    """Return the lines of a block with what the others say about them: how far they reach, and their distance."""
    styles = _styles(lines)
    reach: dict[Style, list[float]] = {}
    for style, line in zip(styles, lines, strict=True):
        reach.setdefault(style, []).append(line[-1].x1)
    # A few short lines of a style, such as headings or an indented first line, are measured against all lines.
    farthest = max((line[-1].x1 for line in lines), default=0.0)
    edges = {style: max(ends) if _are_wrapped(style, ends, farthest) else farthest for style, ends in reach.items()}
    pitches = _pitches(lines, styles)
    return [_line(line, column, edges[style], pitches[style[1]]) for style, line in zip(styles, lines, strict=True)]


def _are_wrapped(style: Style, ends: list[float], farthest: float) -> bool:
    """Return whether lines of a style could be running text: many, or two that reach far enough to the right."""
    start = style[0] * STYLE_STEP
    return len(ends) >= MANY_LINES or (len(ends) > 1 and max(ends) - start > WRAPPED_WIDTH * (farthest - start))


def _pitches(lines: list[WordLine], styles: list[Style]) -> dict[int, float]:
    """Return the usual distance from line to line for each rank of font size, or the block's where few lines have it.

    It is the lower quartile, because larger distances are mostly gaps between paragraphs or where a table was.
    """
    steps: dict[int, list[float]] = {}
    for (above, below), (style, other) in zip(pairwise(lines), pairwise(styles), strict=True):
        if style[1] == other[1]:
            steps.setdefault(style[1], []).append(below[0].top - above[0].top)
    every = [below[0].top - above[0].top for above, below in pairwise(lines)]
    found = {rank: few if len(few := steps.get(rank, [])) >= MIN_PITCHES else every for _, rank in styles}
    return {rank: sorted(some)[len(some) // 4] if some else 0.0 for rank, some in found.items()}


def _styles(lines: list[WordLine]) -> list[Style]:
    """Return each line's style, which tells body text from headers and headings.

    Sizes within 4% count as one: the letters of one font differ in height by a few hundredths.
    """
    ranks: dict[float, int] = {}
    rank, smallest = 0, 0.0
    for size in sorted(line[0].size for line in lines):
        if size > 1.04 * smallest:
            rank, smallest = rank + 1, size
        ranks[size] = rank
    return [(round(line[0].x0 / STYLE_STEP), ranks[line[0].size]) for line in lines]


def text_of(words: WordLine) -> str:
    """Return the text of a line of words."""
    return clean_line(join_spaced_letters(words))


def _line(words: WordLine, column: int, right_edge: float, pitch: float) -> Line:
    sizes = {word.size for word in words}
    return Line(
        text=text_of(words),
        x0=words[0].x0,
        x1=words[-1].x1,
        top=min([word.top for word in words]),
        bottom=max([word.bottom for word in words]),
        size=max(sizes),
        column=column,
        right_edge=inf if words[-1].ends_line else right_edge,
        pitch=pitch,
        sizes=tuple(sizes),
    )
