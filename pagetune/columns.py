"""Words of a page into lines in reading order, column by column."""

import unicodedata
from dataclasses import dataclass
from typing import Any

Word = dict[str, Any]

#: Where a gutter may lie, as shares of the page's width, and how wide it is at least, in points.
GUTTER_FROM, GUTTER_TO, GUTTER_WIDTH = 0.35, 0.65, 10
#: The share of words that either side of a gutter must hold.
SIDE_SHARE = 0.2
#: The share of words that may cross a gutter: titles and running headers do.
CROSSING_SHARE = 0.1


@dataclass
class Line:
    """A line of text with its box in points from the page's top left.

    `column` tells the blocks of a page apart in reading order; `right_edge` is how far the lines of this block that
    start at the same x and have the same size reach: a line that ends there is full.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    column: int
    right_edge: float


def reading_order(words: list[Word], page_width: float) -> list[Line]:
    """Lines top to bottom; where the page has a gutter, the left column before the right one.

    Lines that cross the gutter part the page into bands, each read by itself.
    """
    gutter = find_gutter(words, page_width)
    rows = _rows(words)
    if gutter is None:
        return _block(rows, 0)
    lines: list[Line] = []
    band: list[list[Word]] = []
    for row in [*rows, None]:
        if row is None or _crosses(row, gutter):
            for side in _split(band, gutter):
                lines += _block(side, _next_column(lines))
            band = []
            lines += _block([row] if row else [], _next_column(lines))
        else:
            band.append(row)
    return lines


def _next_column(lines: list[Line]) -> int:
    return lines[-1].column + 1 if lines else 0


def find_gutter(words: list[Word], page_width: float) -> float | None:
    """The middle of the vertical strip around the page's centre that the fewest words touch, if it is a gutter."""
    if not words:
        return None
    candidates = range(int(page_width * GUTTER_FROM), int(page_width * GUTTER_TO), 2)
    touching = {x: sum(w["x0"] < x + GUTTER_WIDTH and w["x1"] > x for w in words) for x in candidates}
    fewest = min(touching.values())
    best = [x for x, count in touching.items() if count == fewest]
    gutter = best[len(best) // 2] + GUTTER_WIDTH / 2
    left = sum(word["x1"] <= gutter for word in words) / len(words)
    right = sum(word["x0"] >= gutter for word in words) / len(words)
    is_gutter = min(left, right) >= SIDE_SHARE and fewest <= CROSSING_SHARE * len(words)
    return gutter if is_gutter else None


def _rows(words: list[Word]) -> list[list[Word]]:
    """Words whose vertical middles lie within each other's height, left to right."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w["top"] + w["bottom"]) / 2):
        middle = (word["top"] + word["bottom"]) / 2
        if rows and middle < rows[-1][0]["bottom"] and middle > rows[-1][0]["top"]:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda w: w["x0"]) for row in rows]


def _crosses(row: list[Word], gutter: float) -> bool:
    """A row goes over the gutter if a word lies on it, or two words stand closer across it than a gutter is wide."""
    if any(word["x0"] < gutter < word["x1"] for word in row):
        return True
    left = [word["x1"] for word in row if word["x1"] <= gutter]
    right = [word["x0"] for word in row if word["x0"] >= gutter]
    return bool(left and right) and min(right) - max(left) < GUTTER_WIDTH


def _split(rows: list[list[Word]], gutter: float) -> list[list[list[Word]]]:
    left = [[word for word in row if word["x1"] <= gutter] for row in rows]
    right = [[word for word in row if word["x0"] >= gutter] for row in rows]
    return [[row for row in side if row] for side in (left, right)]


def _block(rows: list[list[Word]], column: int) -> list[Line]:
    reach: dict[tuple[int, int], float] = {}
    for row in rows:
        reach[_style(row)] = max(reach.get(_style(row), 0.0), row[-1]["x1"])
    return [_line(row, column, reach[_style(row)]) for row in rows]


def _style(row: list[Word]) -> tuple[int, int]:
    """Start in steps of 4 points and size in half points, which set body text apart from headers and headings."""
    return round(row[0]["x0"] / 4), round(2 * max(word["size"] for word in row))


def _line(row: list[Word], column: int, right_edge: float) -> Line:
    return Line(
        text=unicodedata.normalize("NFC", " ".join(word["text"] for word in row)),
        x0=row[0]["x0"],
        x1=row[-1]["x1"],
        top=min(word["top"] for word in row),
        bottom=max(word["bottom"] for word in row),
        size=max(word["size"] for word in row),
        column=column,
        right_edge=right_edge,
    )
