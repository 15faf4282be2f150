"""Leave out the numbers of lines in the margin, as transcripts and drafts of contracts have them."""

from itertools import pairwise

from pagetune.extract.word_boxes import Word

#: A page has at least this many numbered lines.
MIN_LINES = 10
#: The numbers stand within this many font sizes of each other's right ends, and this far from the text.
IN_LINE, GAP = 1.0, 0.5


def without_line_numbers(words: list[Word]) -> list[Word]:
    """Return the words without a column of numbers that count the lines, left of all that is written.

    A table's numbered rows are not such a column: its heading and the text around it begin as far to the left.
    """
    numbers = [word for word in words if word.text.isdecimal() and len(word.text) < 4]
    if len(numbers) < MIN_LINES:
        return words
    first = min(numbers, key=lambda word: word.x0)
    column = sorted(
        (word for word in numbers if abs(word.x1 - first.x1) < IN_LINE * first.size), key=lambda word: word.top
    )
    others = [word for word in words if word not in set(column)]
    counts = all(int(below.text) - int(above.text) == 1 for above, below in pairwise(column))
    right = max(word.x1 for word in column)
    apart = all(word.x0 >= right + GAP * first.size for word in _beside(others, column))
    return others if len(column) >= MIN_LINES and counts and apart else words


def _beside(words: list[Word], column: list[Word]) -> list[Word]:
    """Return the words between the first and the last number."""
    return [word for word in words if column[0].top <= word.middle <= column[-1].bottom]
