"""Find tables without vertical lines: words that stand in columns, between horizontal lines or without any."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pagetune.extract.columns import Span, WordLine, group_into_lines
from pagetune.extract.grid import SNAP, Cell, Grid, Rule
from pagetune.extract.rows import heights_between
from pagetune.extract.word_boxes import Word, words_inside, words_outside

#: The least width of a gap that goes through all rows, in font sizes, and that of most gaps there: spaces are narrower.
LEAST_GAP, USUAL_GAP = 0.6, 1.5
#: Without lines, a table has at least this many rows; between lines two are enough.
MIN_ROWS, MIN_RULED_ROWS = 3, 2
#: The least share of rows that have words on both sides of a gap.
MOSTLY = 0.6
#: Rows are at most this many times as far from each other as usual.
FAR = 2.2
#: A column of running text has at least this many letters a line, and its lines fill this share of its width.
PROSE_LETTERS, PROSE_FILL = 9, 0.75
#: The labels of rows have at most this many characters on average.
LABEL_CHARACTERS = 14
#: A gap to the line above that is smaller than this share of the usual one belongs to a wrapped cell.
WRAPPED = 0.8


@dataclass(frozen=True)
class _Block:
    """Lines one below the other, and the gaps between columns that go through them."""

    lines: list[WordLine]
    gaps: list[Span]


def find_aligned(words: list[Word], horizontal: list[Rule]) -> list[Grid]:
    """Return the tables among words that stand in no grid."""
    ruled = [grid for block in _ruled_blocks(words, horizontal) if (grid := _ruled_grid(*block))]
    rest = words_outside(words, [grid.box for grid in ruled])
    return ruled + [_grid(block) for block in _blocks(group_into_lines(rest)) if _is_table(block)]


def _ruled_blocks(words: list[Word], horizontal: list[Rule]) -> Iterator[tuple[list[WordLine], list[Rule]]]:
    """Yield the lines of words between horizontal lines of the same length, and these."""
    left = sorted(horizontal)
    while left:
        rules = [rule for rule in left if _same_ends(rule, left[0])]
        left = [rule for rule in left if not _same_ends(rule, rules[0])]
        if len(rules) <= 2:
            continue
        box = rules[0].start - SNAP, rules[0].at, rules[0].end + SNAP, rules[-1].at
        lines = group_into_lines(words_inside(words, box))
        named = sum(any(map(str.isalpha, word.text)) for line in lines for word in line) > 1
        if len(lines) >= MIN_RULED_ROWS and named:
            yield lines, rules


def _same_ends(one: Rule, other: Rule) -> bool:
    return abs(one.start - other.start) <= SNAP and abs(one.end - other.end) <= SNAP


def _ruled_grid(lines: list[WordLine], rules: list[Rule]) -> Grid | None:
    """Return the grid between lines. The second of three ends the header, and each line of text is a row."""
    names = [line for line in lines if line[0].middle < rules[1].at]
    rows = [line for line in lines if line not in names]
    gaps = _between_columns(lines, _gaps_through(rows if len(rows) > 1 else lines))
    with_names = _between_columns(lines, _gaps_through(lines))
    if len(with_names) == len(gaps):  # otherwise a name stands over several columns
        gaps = with_names
    if not gaps or not rows:
        return None
    if len(rules) == 3:
        rows = _rows(_Block(rows, gaps))
        ys = [rules[0].at, rules[1].at, *heights_between(rows), rules[2].at]
    else:
        ys = [rule.at for rule in rules]
    return _plain(_sides(gaps, rules[0].start, rules[0].end), ys)


def _blocks(lines: list[WordLine]) -> Iterator[_Block]:
    """Yield the longest blocks of lines with gaps through all of them."""
    first = 0
    while first < len(lines):
        last, gaps = _extend(lines, first)
        if last - first >= MIN_ROWS:
            yield _trimmed(_Block(lines[first:last], gaps))
            first = last
        else:
            first += 1


def _extend(lines: list[WordLine], first: int) -> tuple[int, list[Span]]:
    """Return one after the last line that a block from `first` on can have, and its gaps."""
    gaps, last = _gaps_of(lines[first])[1:-1], first + 1
    size, pitches = lines[first][0].size, list[float]()
    while gaps and last < len(lines):
        pitch = lines[last][0].top - lines[last - 1][0].top
        if pitch > FAR * size and pitch > FAR * (median(pitches) if pitches else 2 * size):
            break  # farther from the line above than the lines of the block from each other
        shared = _shared(gaps, _gaps_of(lines[last]), LEAST_GAP * lines[last][0].size)
        if not shared:
            break
        gaps, last = shared, last + 1
        pitches.append(pitch)
    return last, gaps


def _gaps_of(line: WordLine) -> list[Span]:
    """Return the gaps of a line, from the left of its first word to the right of its last."""
    least = LEAST_GAP * line[0].size
    inner = [(left.x1, right.x0) for left, right in pairwise(line) if right.x0 - left.x1 >= least]
    return [(float("-inf"), line[0].x0), *inner, (line[-1].x1, float("inf"))]


def _shared(gaps: list[Span], others: list[Span], least: float) -> list[Span]:
    """Return the parts that are free in both, if they are wide enough."""
    both = [(max(a, c), min(b, d)) for a, b in gaps for c, d in others]
    return [(start, end) for start, end in both if end - start >= least]


def _gaps_through(lines: list[WordLine]) -> list[Span]:
    """Return the gaps that go through all lines with words on both sides of them in most."""
    gaps = _gaps_of(lines[0])
    for line in lines[1:]:
        gaps = _shared(gaps, _gaps_of(line), LEAST_GAP * line[0].size)
    return [gap for gap in gaps if _has_both_sides(lines, gap)]


def _has_both_sides(lines: list[WordLine], gap: Span) -> bool:
    return sum(_parts(line, gap) for line in lines) >= MOSTLY * len(lines)


def _trimmed(block: _Block) -> _Block:
    """Leave out lines at the top and the bottom that have words in one column only, and gaps beside all words."""
    gaps = [gap for gap in block.gaps if _has_both_sides(block.lines, gap)]
    lines = block.lines
    while lines and not any(_parts(lines[-1], gap) for gap in gaps):
        lines = lines[:-1]
    while lines and not any(_parts(lines[0], gap) for gap in gaps):
        lines = lines[1:]
    return _Block(lines, _between_columns(lines, gaps))


def _between_columns(lines: list[WordLine], gaps: list[Span]) -> list[Span]:
    """Leave out the gaps beside which no line has words on both sides: one column is set to the left and the right."""
    for index, gap in enumerate(gaps):
        before = gaps[index - 1][0] if index else float("-inf")
        after = gaps[index + 1][1] if index + 1 < len(gaps) else float("inf")
        if not any(
            any(before < word.x1 <= gap[0] + 1 for word in line) and any(gap[1] - 1 <= word.x0 < after for word in line)
            for line in lines
        ):
            return _between_columns(lines, gaps[:index] + gaps[index + 1 :])
    return gaps


def _parts(line: WordLine, gap: Span) -> bool:
    return line[0].x1 <= gap[0] + 1 and line[-1].x0 >= gap[1] - 1


def _is_table(block: _Block) -> bool:
    """Return whether aligned lines are rows: most gaps are wide, and the columns are not columns of running text."""
    if len(block.lines) < MIN_ROWS or not block.gaps:
        return False
    size = block.lines[0][0].size
    if not any(median(_widths_at(block.lines, gap)) >= USUAL_GAP * size for gap in block.gaps):
        return False
    labels, *others = _columns(block)
    return not _is_prose(labels) and sum(map(_is_prose, others)) < 2 and _has_labels(labels)


def _widths_at(lines: list[WordLine], gap: Span) -> list[float]:
    """Return how wide the space around a gap is in each line that has words on both sides."""
    found = []
    for line in lines:
        before, after = [w.x1 for w in line if w.x1 <= gap[0] + 1], [w.x0 for w in line if w.x0 >= gap[1] - 1]
        if before and after:
            found.append(min(after) - max(before))
    return found


def _columns(block: _Block) -> list[list[WordLine]]:
    """Return the parts of the lines in each column."""
    bounds = [float("-inf"), *(start for start, _ in block.gaps), float("inf")]
    return [
        [part for line in block.lines if (part := [word for word in line if left < word.x1 <= right + 1])]
        for left, right in pairwise(bounds)
    ]


def _is_prose(lines: list[WordLine]) -> bool:
    if not lines:
        return False
    width = max(line[-1].x1 for line in lines) - min(line[0].x0 for line in lines)
    letters = sum(sum(map(str.isalpha, word.text)) for line in lines for word in line) / len(lines)
    fill = sum(line[-1].x1 - line[0].x0 for line in lines) / len(lines) / max(width, 1.0)
    return letters >= PROSE_LETTERS and fill >= PROSE_FILL


def _has_labels(lines: list[WordLine]) -> bool:
    """Return whether a column holds labels: short, and most with a word of two letters, unlike the marks of a list."""
    named = [any(sum(map(str.isalpha, word.text)) > 1 for word in line) for line in lines]
    leaders = any("···" in word.text or "...." in word.text for line in lines for word in line)
    characters = sum(len(word.text) for line in lines for word in line) / max(1, len(lines))
    return sum(named) >= MOSTLY * len(lines) and characters <= LABEL_CHARACTERS and not leaders


def _grid(block: _Block) -> Grid:
    words = [word for line in block.lines for word in line]
    ys = [min(word.top for word in words), *heights_between(_rows(block)), max(word.bottom for word in words)]
    return _plain(_sides(block.gaps, min(word.x0 for word in words), max(word.x1 for word in words)), ys)


def _rows(block: _Block) -> list[WordLine]:
    """Return the words of each row: lines close below another that begin in a later column go on with wrapped cells."""
    pitches = [below[0].top - above[0].top for above, below in pairwise(block.lines)]
    usual = median(pitches) if pitches else 0.0
    rows = [list(block.lines[0])]
    for line, pitch in zip(block.lines[1:], pitches, strict=True):
        if line[0].x0 > block.gaps[0][0] and pitch < WRAPPED * usual:
            rows[-1] += line
        else:
            rows.append(list(line))
    return rows


def _sides(gaps: list[Span], left: float, right: float) -> list[float]:
    return [left, *((start + end) / 2 for start, end in gaps), right]


def _plain(xs: list[float], ys: list[float]) -> Grid:
    """Return a grid in which each field is a cell."""
    cells = [Cell(row, column, row + 1, column + 1) for row in range(len(ys) - 1) for column in range(len(xs) - 1)]
    return Grid(xs, ys, cells)
