"""Score tables that a reader found against known ones: F1 of cells, and a tree similarity like TEDS.

Texts are compared without whitespace and layout markup, in NFKC, with one form for each kind of dot, dash, circle and
quotation mark. Two texts are the same if they are equal, or if they have the same digits and at least 90% of a long
text's characters are the same.

`cell_f1` aligns the rows in order, so that as many cells as possible stand in the same order in both; then the columns
in order over all aligned rows. A true cell is found if the predicted cell in its aligned row and column has the same
text. Text in a wrong row or column is thus missing in one place and wrong in another. Blank cells do not count. A
merged cell counts once, in its first row and column: readers that leave the covered cells blank, and readers that
repeat the text in them, get the same score.

`tree_similarity` is TEDS (Zhong et al. 2020) on the tree of table, rows and cells, with one restriction that makes it
quick: rows are mapped to rows. Covered cells may be blank or repeat the text.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, product
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

Rows = list[list[str]]

#: What an optional cell adds to an alignment: it decides only where the counted cells leave a choice.
OPTIONAL_GAIN = 0.01


@dataclass(frozen=True)
class Truth:
    """A known table on the pages `page` to `last_page` of a file, counted from 1.

    `rows` is the grid with the text of a merged cell in every cell that it covers; `filled` lists the covered cells
    except the first (row, column), counted from 0. `outlines` lists cells that are drawn as curves, which no text layer
    has. A reader may leave blank what these two list, or have the text there; it does not count.
    """

    file: str
    page: int
    rows: Rows
    kind: str
    last_page: int
    caption: str | None = None
    filled: frozenset[tuple[int, int]] = frozenset()
    outlines: frozenset[tuple[int, int]] = frozenset()

    @property
    def gains(self) -> list[list[float]]:
        """Return what finding each cell adds to an alignment."""
        optional = self.filled | self.outlines
        return [
            [OPTIONAL_GAIN if (row, column) in optional else 1.0 for column in range(len(cells))]
            for row, cells in enumerate(self.rows)
        ]

    @property
    def counted(self) -> int:
        pairs = zip(chain.from_iterable(self.rows), chain.from_iterable(self.gains), strict=True)
        return sum(bool(normalise(text)) and gain == 1.0 for text, gain in pairs)


def read_truths(path: Path) -> list[Truth]:
    """Read transcribed tables, one JSON object a line; the line's `note` says what is special about the table."""
    return [_truth(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _truth(row: dict[str, Any]) -> Truth:
    filled, outlines = (frozenset((one, other) for one, other in row[name]) for name in ("filled", "outlines"))
    page, caption = row["page"], row["caption"]
    return Truth(row["file"], page, row["rows"], "transcribed", page, caption, filled, outlines)


#: Characters that readers and fonts use for one another.
_SAME = {
    "·": "․‧・⦁•∙⋅ㆍ･▪",
    "-": "–—−‐‑‒―ㅡ",
    "○": "◯〇❍⃝",
    "~": "～∼〜",
    "'": "‘’′`",
    '"': "“”″",
    "「": "｢",
    "」": "｣",
}
_ONE_FORM = str.maketrans({other: one for one, others in _SAME.items() for other in others})
#: Markup that readers add: Markdown, HTML breaks, and the pointer to a nested table.
_MARKUP = re.compile(r"<br\s*/?>|\*\*|__|\[표\s*\d+\]|\\(?=[*_|<>#~-])|\s")


@lru_cache(maxsize=100_000)
def normalise(text: str) -> str:
    plain = unicodedata.normalize("NFKC", _MARKUP.sub("", text).translate(_ONE_FORM))
    return _MARKUP.sub("", plain.translate(_ONE_FORM))


#: A text of at least this many characters may have a tenth of them wrong, such as a bullet or a joined line.
LONG_TEXT = 10


@lru_cache(maxsize=1_000_000)
def same_text(one: str, other: str) -> bool:
    one, other = normalise(one), normalise(other)
    if one == other:
        return True
    if min(len(one), len(other)) < LONG_TEXT or re.findall(r"\d", one) != re.findall(r"\d", other):
        return False
    return Levenshtein.normalized_similarity(one, other) >= 0.9


def align(first: int, second: int, gain: Callable[[int, int], float]) -> list[tuple[int, int]]:
    """Return the pairs of indices, increasing in both, that have the largest total gain; pairs without gain are left.

    `first` and `second` are the lengths of the two sequences.
    """
    best = [[0.0] * (second + 1) for _ in range(first + 1)]
    gains = [[gain(one, other) for other in range(second)] for one in range(first)]
    for one, other in product(range(first), range(second)):
        pair = best[one][other] + gains[one][other]
        best[one + 1][other + 1] = max(pair, best[one][other + 1], best[one + 1][other])
    pairs = []
    one, other = first, second
    while one and other:
        if best[one][other] == best[one - 1][other]:
            one -= 1
        elif best[one][other] == best[one][other - 1]:
            other -= 1
        else:
            one, other = one - 1, other - 1
            pairs.append((one, other))
    return pairs[::-1]


def _row_gain(true: Sequence[str], gains: Sequence[float], read: Sequence[str]) -> float:
    """Return the gain of the cells of a true row that stand in a read row in the same order."""
    shared = {normalise(text) for text in true} & {normalise(text) for text in read} - {""}
    if not shared and max(map(len, true), default=0) < LONG_TEXT:
        return 0.0

    def gain(one: int, other: int) -> float:
        return gains[one] * _same_cell(true[one], read[other])

    return sum(gain(one, other) for one, other in align(len(true), len(read), gain))


def _same_cell(true: str, read: str) -> bool:
    return bool(normalise(true)) and same_text(true, read)


@dataclass(frozen=True)
class CellScore:
    """The cells found, those that the table has, and those that were read."""

    found: int
    true: int
    read: int

    @property
    def f1(self) -> float:
        return 2 * self.found / (self.true + self.read) if self.true + self.read else 0.0


def score_cells(truth: Truth, read: Rows) -> CellScore:
    """Compare a table that was read with a known one; the docstring of this module says how.

    A header of several rows may be read row by row, or as one row of joined names.
    """
    return max((_score_as(form, read) for form in _header_forms(truth)), key=lambda score: score.f1)


def _header_forms(truth: Truth) -> Iterator[Truth]:
    """Yield the table as it is printed, and with its first two or three rows joined where a name covers several."""
    yield truth
    for count in (2, 3):
        if count < len(truth.rows) and any((0, column) in truth.filled for column in range(len(truth.rows[0]))):
            joined = [" ".join(dict.fromkeys(filter(None, names))) for names in zip(*truth.rows[:count], strict=True)]
            filled, outlines = (
                frozenset((row - count + 1, column) for row, column in cells if row >= count)
                for cells in (truth.filled, truth.outlines)
            )
            yield replace(truth, rows=[joined, *truth.rows[count:]], filled=filled, outlines=outlines)


def _score_as(truth: Truth, read: Rows) -> CellScore:
    true, gains = truth.rows, truth.gains
    rows = align(len(true), len(read), lambda one, other: _row_gain(true[one], gains[one], read[other]))
    width, read_width = (max(map(len, table), default=0) for table in (true, read))

    def hits(one: int, other: int) -> list[float]:
        pairs = ((gains[row][one], true[row][one], _cell(read, read_row, other)) for row, read_row in rows)
        return [gain for gain, text, read_text in pairs if _same_cell(text, read_text)]

    columns = align(width, read_width, lambda one, other: sum(hits(one, other)))
    found = [gain for one, other in columns for gain in hits(one, other)]
    counted = sum(bool(normalise(text)) for cells in read for text in cells) - found.count(OPTIONAL_GAIN)
    return CellScore(found.count(1.0), truth.counted, counted)


def _cell(rows: Rows, row: int, column: int) -> str:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else ""


def tree_similarity(truth: Truth, read: Rows) -> float:
    """Return 1 - edit distance / nodes of the larger tree, 0 to 1; see this module's docstring."""
    true = [
        [(text, gain == OPTIONAL_GAIN) for text, gain in zip(cells, gains, strict=True)]
        for cells, gains in zip(truth.rows, truth.gains, strict=True)
    ]
    distance = _edit_distance(true, read, _row_distance, lambda row: 1 + len(row), lambda row: 1 + len(row))
    larger = max(1 + sum(1 + len(row) for row in table) for table in (true, read))
    return 1 - min(distance / larger, 1.0)


def _row_distance(true: list[tuple[str, bool]], read: list[str]) -> float:
    return _edit_distance(true, read, _text_distance, lambda _: 1, lambda _: 1)


def _text_distance(true: tuple[str, bool], read: str) -> float:
    text, optional = true
    return 0.0 if optional and not normalise(read) else _text_difference(normalise(text), normalise(read))


@lru_cache(maxsize=1_000_000)
def _text_difference(one: str, other: str) -> float:
    return Levenshtein.normalized_distance(one, other)


def _edit_distance(
    true: Sequence[Any],
    read: Sequence[Any],
    change: Callable[[Any, Any], float],
    delete: Callable[[Any], float],
    insert: Callable[[Any], float],
) -> float:
    line = [0.0]
    for item in read:
        line.append(line[-1] + insert(item))
    for one in true:
        above, line = line, [line[0] + delete(one)]
        for index, other in enumerate(read):
            line.append(
                min(above[index] + change(one, other), above[index + 1] + delete(one), line[-1] + insert(other))
            )
    return line[-1]


#: For each page (file, page counted from 1), the tables that a reader found on it.
Found = dict[tuple[str, int], list[Rows]]
#: Read tables by file, page and place on the page.
Names = tuple[tuple[str, int, int], ...]


def match_tables(truths: list[Truth], found: Found) -> tuple[list[tuple[Truth, Rows | None]], int]:
    """Give each true table the read table of its pages that fits best, and count the read tables that are left over.

    A read table belongs to one true table. A table over two pages may be read as one table, or as one on each page.
    """
    fits = []
    for number, truth in enumerate(truths):
        for names, rows in _candidates(truth, found):
            if fit := score_cells(truth, rows).f1:
                fits.append((fit, -number, names, rows))
    taken: set[tuple[str, int, int]] = set()
    chosen: dict[int, Rows] = {}
    for _, number, names, rows in sorted(fits, key=lambda fit: fit[:3], reverse=True):
        if -number not in chosen and not taken & set(names):
            chosen[-number] = rows
            taken |= set(names)
    pages = {(truth.file, page) for truth in truths for page in range(truth.page, truth.last_page + 1)}
    extra = sum(len(found.get(page, [])) for page in pages) - len(taken)
    return [(truth, chosen.get(number)) for number, truth in enumerate(truths)], extra


def _candidates(truth: Truth, found: Found) -> list[tuple[Names, Rows]]:
    """Return the tables on a truth's pages with their names (file, page, number), and joins of two over a page."""
    pages = range(truth.page, truth.last_page + 1)
    tables = [
        ((truth.file, page, number), rows)
        for page in pages
        for number, rows in enumerate(found.get((truth.file, page), []))
    ]
    joins: list[tuple[Names, Rows]] = [
        ((one, other), rows + (more[1:] if more[:1] == rows[:1] else more))
        for (one, rows), (other, more) in product(tables, tables)
        if one[1] + 1 == other[1]
    ]
    return [*(((name,), rows) for name, rows in tables), *joins]
