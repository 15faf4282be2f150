"""Words of a page into lines in reading order, column by column, also where only a band of the page has columns."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from statistics import median

from pagetune.extract.letters import clean_line, join_spaced_letters
from pagetune.extract.word_boxes import Box, Word

WordRow = list[Word]
#: A stretch of a row without a gap as wide as a gutter: its two ends in points.
Stretch = tuple[float, float]

#: How wide a gutter is at least, in heights of a letter, and in spaces between words: justified lines stretch them.
GUTTER_WIDTH, WIDER_THAN_SPACES = 0.8, 1.6
#: Rows of text that stand on either side of a gutter at least.
MIN_ROWS = 3
#: How far the beginnings of a column's lines may be apart, in points.
STEP = 3.0
#: How much of the region's width either side takes up at least: a column of labels or numbers is narrower.
MIN_SIDE_WIDTH = 0.2
#: How full the lines are at least, on average, on either side and on both together: cells of a table are emptier.
MIN_FILL, MIN_FILL_TOGETHER = 0.35, 1.1


@dataclass
class Line:
    """A line of text with its box in points from the page's top left.

    `column` tells the blocks of a page apart in reading order; `right_edge` is how far the lines of this block that
    start at the same x and have the same size reach: a line that ends there is full. `pitch` is the usual distance from
    the top of a line of this block to the next.
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


@dataclass
class Gutter:
    """A gutter at `x` that parts the rows from `first` up to `last`, exclusive."""

    x: float
    first: int
    last: int


#: Where a table lies, and its cells.
Grid = tuple[Box, list[Box]]


def reading_order(words: list[Word], tables: Sequence[Grid] = ()) -> list[Line]:
    """Lines top to bottom, the columns of a band from left to right, without the words in the cells of `tables`.

    A table is a solid block there: its columns are none of the page's, and it shows where the page's are.
    """
    blocks = list(_blocks([_filled(word, tables) for word in words] if tables else words))
    if tables:
        blocks = [[[word for word in row if word.text] for row in rows] for rows in blocks]
    return [line for column, rows in enumerate(blocks) for line in _lines([row for row in rows if row], column)]


def _filled(word: Word, tables: Sequence[Grid]) -> Word:
    """A word of a cell as a stretch over the table's width, without text."""
    for box, cells in tables:
        if word.inside(box) and any(word.inside(cell) for cell in cells):
            return Word("", box[0], box[2], word.top, word.bottom)
    return word


def _blocks(words: list[Word]) -> Iterator[list[WordRow]]:
    """The columns of the page, as rows of words. A gutter is looked for again on each side of a gutter."""
    rows = rows_of(words)
    split = find_split(rows)
    if split is None:
        if rows:
            yield rows
        return
    band = [word for row in rows[split.first : split.last] for word in row]
    yield from _blocks([word for row in rows[: split.first] for word in row])
    yield from _blocks([word for word in band if word.x1 <= split.x])
    yield from _blocks([word for word in band if word.x1 > split.x])
    yield from _blocks([word for row in rows[split.last :] for word in row])


def rows_of(words: list[Word]) -> list[WordRow]:
    """Words whose vertical middles lie within each other's height, left to right."""
    rows: list[WordRow] = []
    top = bottom = 0.0
    for word in sorted(words, key=attrgetter("middle")):
        if top < word.middle < bottom:
            rows[-1].append(word)
        else:
            rows.append([word])
            top, bottom = word.top, word.bottom
    return [_without_copies(sorted(row, key=attrgetter("x0"))) for row in rows]


def _without_copies(row: WordRow) -> WordRow:
    """A word drawn twice on nearly the same place, as a cheap bold, counts once."""
    copies = {
        index
        for index, (word, after) in enumerate(pairwise(row))
        if word.text == after.text and after.x0 - word.x0 < 0.3 * word.size
    }
    return [word for index, word in enumerate(row) if index not in copies]


def find_split(rows: list[WordRow]) -> Gutter | None:
    """The gutter that has the most rows of text on its poorer side, with the band of rows that it parts."""
    if len(rows) < MIN_ROWS:
        return None
    width = _gutter_width(rows)
    runs = [_runs(row, width) for row in rows]
    best, most = None, 0
    for x in _candidates(runs, width):
        for split in _bands(runs, x, width):
            poorer = _rows_on_the_poorer_side(runs[split.first : split.last], x)
            if poorer > most:
                best, most = split, poorer
    return best and _without_far_end(best, rows, runs)


def _without_far_end(split: Gutter, rows: list[WordRow], runs: list[list[Stretch]]) -> Gutter:
    """The band without rows of one side that stand well below the others: a heading of what follows."""
    last = split.last
    pitches = [below[0].top - above[0].top for above, below in pairwise(rows[split.first : last])]
    usual = median(pitches)
    while last - split.first > MIN_ROWS and pitches[last - split.first - 2] > 1.6 * usual and len(runs[last - 1]) == 1:
        last -= 1
    return Gutter(split.x, split.first, last)


def _gutter_width(rows: list[WordRow]) -> float:
    gaps = [right.x0 - left.x1 for row in rows for left, right in pairwise(row)]
    return max(GUTTER_WIDTH * median([row[0].size for row in rows]), WIDER_THAN_SPACES * median(gaps) if gaps else 0.0)


def _runs(row: WordRow, width: float) -> list[Stretch]:
    runs = [(row[0].x0, row[0].x1)]
    for word in row[1:]:
        if word.x0 - runs[-1][1] < width:
            runs[-1] = (runs[-1][0], max(runs[-1][1], word.x1))
        else:
            runs.append((word.x0, word.x1))
    return runs


def _candidates(runs: list[list[Stretch]], width: float) -> list[float]:
    """Where a gutter could lie: just left of where several rows start anew behind a gap."""
    starts = Counter(round(x0 / STEP) for row in runs for x0, _ in row)
    behind_gaps = {round(right[0] / STEP) for row in runs for _, right in pairwise(row)}
    often = [step for step in sorted(behind_gaps) if starts[step - 1] + starts[step] + starts[step + 1] >= MIN_ROWS]
    return [step * STEP - width / 2 for step in often]


def _bands(runs: list[list[Stretch]], x: float, width: float) -> Iterator[Gutter]:
    """The longest stretches of rows in which nothing lies on the gutter at `x`."""
    first = 0
    for index in range(len(runs) + 1):
        if index == len(runs) or any(x0 < x + width / 2 - 2 and x1 > x - width / 2 + 2 for x0, x1 in runs[index]):
            if index - first >= MIN_ROWS:
                yield Gutter(x, first, index)
            first = index + 1


def _rows_on_the_poorer_side(runs: list[list[Stretch]], x: float) -> int:
    """0 where one of the sides is no column of text."""
    left = [(row[0][0], max(x1 for _, x1 in row if x1 <= x)) for row in runs if row[0][1] <= x]
    right = [(min(x0 for x0, _ in row if x0 >= x), row[-1][1]) for row in runs if row[-1][0] >= x]
    if min(len(left), len(right)) < MIN_ROWS:
        return 0
    whole = max(x1 for _, x1 in right) - min(x0 for x0, _ in left)
    fills = [_fill(side, MIN_SIDE_WIDTH * whole) for side in (left, right)]
    are_columns = min(fills) >= MIN_FILL and sum(fills) >= MIN_FILL_TOGETHER
    return min(len(left), len(right)) if are_columns else 0


def _fill(lines: list[Stretch], min_width: float) -> float:
    """How much of the side's width its lines take up, on average; 0 for a side that is too narrow."""
    width = max(x1 for _, x1 in lines) - min(x0 for x0, _ in lines)
    return sum(x1 - x0 for x0, x1 in lines) / len(lines) / width if width >= min_width > 0 else 0.0


def _lines(rows: list[WordRow], column: int) -> list[Line]:
    styles = _styles(rows)
    reach: dict[Style, list[float]] = {}
    for style, row in zip(styles, rows, strict=True):
        reach.setdefault(style, []).append(row[-1].x1)
    # A line alone of its kind, a heading or the first of a paragraph, is measured against the others.
    farthest = max((row[-1].x1 for row in rows), default=0.0)
    edges = {style: max(ends) if len(ends) > 1 else farthest for style, ends in reach.items()}
    pitches = [below[0].top - above[0].top for above, below in pairwise(rows)]
    pitch = sorted(pitches)[len(pitches) // 4] if pitches else 0.0  # most others part paragraphs, or a table is between
    return [_line(row, column, edges[style], pitch) for style, row in zip(styles, rows, strict=True)]


#: Where a line starts, in steps of 4 points, and how big its letters are, as a rank among the block's sizes.
Style = tuple[int, int]


def _styles(rows: list[WordRow]) -> list[Style]:
    """What sets body text apart from headers and headings. A font's letters differ in height by a few hundredths."""
    ranks: dict[float, int] = {}
    rank, smallest = 0, 0.0
    for size in sorted(row[0].size for row in rows):
        if size > 1.04 * smallest:
            rank, smallest = rank + 1, size
        ranks[size] = rank
    return [(round(row[0].x0 / 4), ranks[row[0].size]) for row in rows]


def _line(row: WordRow, column: int, right_edge: float, pitch: float) -> Line:
    return Line(
        text=clean_line(join_spaced_letters(row)),
        x0=row[0].x0,
        x1=row[-1].x1,
        top=min([word.top for word in row]),
        bottom=max([word.bottom for word in row]),
        size=max([word.size for word in row]),
        column=column,
        right_edge=right_edge,
        pitch=pitch,
    )
