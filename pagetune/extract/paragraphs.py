"""Group lines into paragraphs."""

import re
from dataclasses import replace

from pagetune.extract.columns import Line
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

#: What always starts a paragraph at the start of a line: FAQ markers, articles, numbered items, bullets.
_OPENS = re.compile(
    r"(문|답|Q|A|질문|답변)\s?\d*[.):：]|제\d+조(의\d+)?\s?\(|제\d+[장절관] |\d{1,2}\. |[•●○■□☐☑◦▪▶➔※-] |[①-⑳]"
)
#: A line of running text that fills its column is longer than this, in font sizes; a label or a heading is shorter.
MIN_FULL = 12
#: Items are also numbered "가. 나. 다.", but "다." at the start of a line may be the end of a broken sentence.
_ITEM = re.compile(rf"[{ITEM_LETTERS}]\. ")


def paragraphs(lines: list[Line]) -> list[list[Line]]:
    """Group lines in reading order into paragraphs."""
    groups: list[list[Line]] = []
    item = ""
    for line in lines:
        if groups and not _follows_item(item, line) and _continues(groups[-1][-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
            item = line.text[0] if _ITEM.match(line.text) else item
    return groups


def _follows_item(item: str, line: Line) -> bool:
    """Return whether the line is the next item of a list, as "라." is after "다."."""
    return bool(item and _ITEM.match(line.text)) and ITEM_LETTERS.find(item + line.text[0]) >= 0


def _continues(previous: Line, line: Line) -> bool:
    """Return whether `line` continues the paragraph of `previous`, in the same column or the next."""
    if _OPENS.match(line.text) or abs(previous.size - line.size) > 0.05 * line.size:
        return False
    if _ITEM.match(line.text) and ends_sentence(previous.text):
        return False
    if line.column != previous.column:
        return _is_full(previous) and not ends_sentence(previous.text)
    if line.x0 > previous.x0 + 0.7 * line.size and ends_sentence(previous.text):
        return False  # indented
    usual = min(
        max(previous.pitch, 1.2 * line.size), 2.2 * line.size
    )  # few lines are left to measure where a table was
    return line.top - previous.top < 1.3 * usual and _is_full(previous)


def goes_on(last: Line, first: Line) -> bool:
    """Return whether the first line of a page goes on with the sentence of the last line of the page before."""
    return last.x1 - last.x0 > MIN_FULL * last.size and _continues(last, replace(first, column=last.column + 1))


def _is_full(line: Line) -> bool:
    """Return whether a word of ordinary length would not have fitted after the line; Latin words are longer."""
    slack = 2.5 if re.search("[가-힣]", line.text) else 8
    return line.x1 > line.right_edge - slack * line.size
