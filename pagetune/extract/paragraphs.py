"""Lines into paragraphs."""

import re

from pagetune.extract.columns import Line
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

#: What opens a paragraph of its own wherever it stands at a line start: FAQ markers, articles, numbered items.
_OPENS = re.compile(
    r"(문|답|Q|A|질문|답변)\s?\d*[.):：]|제\d+조(의\d+)?\s?\(|제\d+[장절관] |\d{1,2}\. |[•●○■□◦▪▶➔※-] |[①-⑳]"
)
#: "가. 나. 다." number items too, but "다." is also how a broken sentence ends.
_ITEM = re.compile(rf"[{ITEM_LETTERS}]\. ")


def paragraphs(lines: list[Line]) -> list[list[Line]]:
    """Group lines in reading order into paragraphs."""
    groups: list[list[Line]] = []
    item = ""
    for line in lines:
        if groups and not _is_next_item(item, line) and _continues(groups[-1][-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
            item = line.text[0] if _ITEM.match(line.text) else item
    return groups


def _is_next_item(item: str, line: Line) -> bool:
    """Whether "라." follows on "다."."""
    return bool(item and _ITEM.match(line.text)) and ITEM_LETTERS.find(item + line.text[0]) >= 0


def _continues(previous: Line, line: Line) -> bool:
    """Whether `line` goes on where `previous` broke off at its right margin, in the same column or the next."""
    if _OPENS.match(line.text) or abs(previous.size - line.size) > 0.05 * line.size:
        return False
    if _ITEM.match(line.text) and ends_sentence(previous.text):
        return False
    if line.column != previous.column:
        return _is_full(previous) and not ends_sentence(previous.text)
    if line.x0 > previous.x0 + 0.7 * line.size and ends_sentence(previous.text):
        return False  # indented
    usual = min(max(previous.pitch, 1.2 * line.size), 2.2 * line.size)  # where a table was, few lines are left to tell
    return line.top - previous.top < 1.3 * usual and _is_full(previous)


def _is_full(line: Line) -> bool:
    """A line that a word of ordinary length would not have fitted behind; Latin words are longer."""
    slack = 2.5 if re.search("[가-힣]", line.text) else 8
    return line.x1 > line.right_edge - slack * line.size
