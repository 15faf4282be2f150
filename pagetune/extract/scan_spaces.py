"""Find the spaces between the letters of a scanned line: wide gaps in the picture, and where Korean has a space."""

from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from pagetune.extract.scan_letters import LetterLine
from pagetune.extract.spacing import kiwi

#: A gap is a space if it is wider than the usual gap between letters by this share of what a space adds: where Kiwi
#: expects a space, and where it does not.
_EXPECTED, _UNEXPECTED = 0.35, 0.65
#: The same between two digits: a 1 has white on both sides.
_BETWEEN_DIGITS = 1.2
#: The gap between letters and what a space adds, in heights of the line, until the page's own are known.
_USUAL_GAP, _USUAL_SPACE, _LEAST_SPACE = 0.15, 0.4, 0.12
#: With fewer gaps of a kind, a line is measured by those of the whole page.
_ENOUGH = 3
_ROUNDS = 3


def find_spaces(lines: list[LetterLine], ink: Any) -> list[list[bool]]:
    """Return for each letter of each line whether a space is before it. `ink` is bool (height, width).

    The widths of gaps differ from line to line where text is justified. They are learnt from where Kiwi expects spaces,
    line by line, and then decide against Kiwi where they are clear.
    """
    gaps = [_gaps(line, ink) for line in lines]
    expected = [_expected(line) for line in lines]
    least = [_least_widths(line, hopes) for line, hopes in zip(lines, expected, strict=True)]
    found = expected
    for _ in range(_ROUNDS):
        usual = _measure(np.concatenate([np.empty(0), *gaps]), np.concatenate([np.empty(0, bool), *found]), _DEFAULT)
        found = [
            _decide(widths, hopes, thresholds, _measure(widths, spaces, usual))
            for widths, hopes, thresholds, spaces in zip(gaps, expected, least, found, strict=True)
        ]
    return [[False, *spaces.tolist()] for spaces in found]


#: The usual gap between letters, and what a space adds to it, in heights of the line.
Widths = tuple[float, float]
_DEFAULT: Widths = (_USUAL_GAP, _USUAL_SPACE)


def _gaps(line: LetterLine, ink: Any) -> Any:
    """Return the widest gap without ink between the middles of neighbouring letters, in heights of the line.

    Boxes of Tesseract often miss a part of their letter, so the gap is measured in the picture. It is NaN where the
    boxes are not in order.
    """
    tops, bottoms = [letter.top for letter in line], [letter.bottom for letter in line]
    top, bottom = int(np.percentile(tops, 20)), int(np.percentile(bottoms, 80))
    height = max(1.0, median(letter.bottom - letter.top for letter in line))
    empty = ~ink[top:bottom].any(axis=0)
    widths = [
        _longest(empty[int(left.middle) : int(right.middle)]) if right.middle > left.middle else np.nan
        for left, right in pairwise(line)
    ]
    return np.array(widths, dtype=np.float64) / height


def _longest(empty: Any) -> int:
    """Return the length of the longest run of True."""
    filled = np.flatnonzero(~np.concatenate([[False], empty, [False]]))
    return int(np.diff(filled).max()) - 1


def _expected(line: LetterLine) -> Any:
    """Return before which letters but the first a space is expected: by Kiwi, and by Tesseract in Latin words."""
    spaced = kiwi().space("".join(letter.text for letter in line), reset_whitespace=True)
    starts: list[bool] = []
    position = 0
    for letter in line:
        starts.append(spaced[position : position + 1] == " ")
        position += len(letter.text) + starts[-1]
    both_latin = [
        right.starts_word if left.starts_word is not None and right.starts_word is not None else None
        for left, right in pairwise(line)
    ]
    return np.array(
        [start if latin is None else latin for start, latin in zip(starts[1:], both_latin, strict=True)], bool
    )


def _measure(gaps: Any, spaces: Any, usual: Widths) -> Widths:
    known = ~np.isnan(gaps)
    between, wide = gaps[known & ~spaces], gaps[known & spaces]
    gap = float(np.median(between)) if len(between) >= _ENOUGH else usual[0]
    space = float(np.median(wide)) - gap if len(wide) >= _ENOUGH else usual[1]
    return gap, max(_LEAST_SPACE, space)


def _least_widths(line: LetterLine, expected: Any) -> Any:
    """Return by which share of a space each gap must be wider than between letters."""
    digits = np.array([left.text.isdigit() and right.text.isdigit() for left, right in pairwise(line)], dtype=bool)
    return np.where(digits, _BETWEEN_DIGITS, np.where(expected, _EXPECTED, _UNEXPECTED))


def _decide(gaps: Any, expected: Any, least: Any, widths: Widths) -> Any:
    return np.where(np.isnan(gaps), expected, (gaps - widths[0]) / widths[1] > least)
