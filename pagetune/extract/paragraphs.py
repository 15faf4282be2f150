"""Group lines into paragraphs."""

import re
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from pagetune.extract.columns import Line
from pagetune.extract.spacing import surely_one_word
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

#: What always starts a paragraph at the start of a line: FAQ markers, articles, items numbered "1.", circled numbers,
#: a patent's paragraphs.
_OPENS = re.compile(
    r"(문|답|Q|A|질문|답변)\s?\d*[.):：]|제\d+조(의\d+)?\s?\(|제\d+[장절관] |\d{1,2}\. |[①-⑳㉠-㉻ⓐ-ⓩ]|[Ⅰ-Ⅻ]\.? "
    r"|【|\[\d{4}\]"
)
#: Most lines start with a syllable that none of the patterns below and above begins with.
_PLAIN = re.compile("(?![문답질제])[가-힣]")
#: Bullets need no space if they are written for nothing else. Two in a row stand for a name that is left out, as in
#: "○○시"; before a digit a triangle is a minus, and a telephone introduces a number.
_BULLET = re.compile(r"(?![△▲▽▼☎☏]\s?\d)([•‣■-◿☀-➾⇒⇨⬀-⯿￭※])(?!\1)")
#: Bullets that are one only before a space, because words and numbers have them too.
_SPACED_BULLET = re.compile(r"([-*·ㆍ․‧∙⦁▸]|\*{2,3}|[oOㅇ](?= [가-힣])|o(?= [A-Z]))\)? |\*{1,3}\)?(?=[가-힣(])")
#: Any other symbol before a space, as fonts with bullets of their own have it; but no punctuation, operator or unit.
_ODD_SYMBOL = re.compile(
    r"[^\w\s\"'“”‘’«»()\[\]{}<>.,:;!?/\\|%#&@=+×÷±~…°§\-–—−∼～≤≥≠≈←-⇿∀-⋿、。，℀-⅏㈀-㏿「」『』〈〉《》] (?=\D)"
)
_LETTER = re.compile("[A-Za-z] (?=[가-힣])")
#: Bullets that are also written between the parts of a sentence or of a range.
_DASH = re.compile(r"([–—→]) ")
_HEADING_NUMBER = re.compile(r"\d{1,2}(\.\d{1,2}){1,3}\.? (?=[가-힣A-Z])")
#: A line of running text that fills its column is longer than this, in font sizes; a label or a heading is shorter.
MIN_FULL = 12
#: The number of an item, such as "가.", "1)", "(a)"; but "다." may also be the end of a broken sentence.
_LABEL = re.compile(rf"(\(?)([{ITEM_LETTERS}]|[a-z]|[A-Z]|\d{{1,2}})([.)]) ?(?=\S)")
_ALPHABETS = (ITEM_LETTERS, "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
#: Styles that only lists have; the others are also the ends of broken sentences, and initials of names.
_LIST_STYLES = ("1)", "(1)", "가)", "(가)")
#: How far apart, in points, the items of one list start.
_SAME_INDENT = 5.0


class Label(NamedTuple):
    """The number of an item: `style` is how the list's first item is numbered, such as "(a)"; `number` is from 1."""

    style: str
    number: int


def paragraphs(lines: list[Line]) -> list[list[Line]]:
    """Group lines in reading order into paragraphs."""
    groups: list[list[Line]] = []
    last: dict[str, tuple[int, float]] = {}
    bullets = _letter_bullets(lines)
    for index, line in enumerate(lines):
        label = _label(line.text)
        is_item = line.text[:2] in bullets or (label and groups and _is_item(label, groups[-1], last, lines[index:]))
        if groups and not is_item and not _opens(groups[-1], line) and _continues(groups[-1][-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
            last |= {label.style: (label.number, line.x0)} if label else {}
    return groups


def _letter_bullets(lines: list[Line]) -> set[str]:
    """Return the letters, each with a space, that several lines begin with before Hangul: bullets of a symbol font."""
    found = Counter(line.text[:2] for line in lines if _LETTER.match(line.text))
    return {letter for letter, count in found.items() if count > 1}


def _label(text: str) -> Label | None:
    found = _LABEL.match(text)
    if found is None:
        return None
    bracket, number, end = found.groups()
    if number.isdigit():
        return Label(f"{bracket}1{end}", int(number))
    letters = next(letters for letters in _ALPHABETS if number in letters)
    return Label(f"{bracket}{letters[0]}{end}", letters.index(number) + 1)


def _is_item(label: Label, group: list[Line], last: dict[str, tuple[int, float]], lines: list[Line]) -> bool:
    """Return whether a label at the start of the first of `lines` numbers an item.

    `last` has the number of the last item of each style, and where its line starts. A closing bracket that was opened
    before is not a label's.
    """
    if label.style[-1] == ")" and _has_open_bracket(group):
        return False
    number, x0 = last.get(label.style, (0, 0.0))
    hangs = abs(lines[0].x0 - x0) < _SAME_INDENT < group[-1].x0 - x0
    if number and label.number == number + 1 and (hangs or not _is_broken_word(group[-1].text, lines[0].text)):
        return True
    if label.style in _LIST_STYLES and re.search("[가-힣]", lines[0].text):
        return True
    return any(
        _label(line.text) == (label.style, label.number + 1) and abs(line.x0 - lines[0].x0) < _SAME_INDENT
        for line in lines[1:]
    )


def _has_open_bracket(group: list[Line]) -> bool:
    text = "".join(line.text for line in group)
    return text.count("(") > text.count(")")


def _is_broken_word(left: str, right: str) -> bool:
    """Return whether the end of a sentence only looks like a label: "…할 수 있" before "다. "."""
    return not ends_sentence(left) and surely_one_word(left, right)


def _opens(group: list[Line], line: Line) -> bool:
    """Return whether the line starts with something that starts a paragraph."""
    text, before = line.text, group[-1].text
    if _PLAIN.match(text):
        return False
    if _OPENS.match(text) or _BULLET.match(text) or _SPACED_BULLET.match(text) or _ODD_SYMBOL.match(text):
        return True
    if _HEADING_NUMBER.match(text):
        return ends_sentence(before)
    if (dash := _DASH.match(text)) and not (before[-1:].isdigit() and text[2:3].isdigit()):
        after_item = group[0].text.startswith(dash.group()) or before.endswith((".", ":", ";", ",", "?", "!"))
        return after_item or (dash[1] not in before and re.search("[가-힣]", text) is not None)
    return False


def _continues(previous: Line, line: Line) -> bool:
    """Return whether `line` continues the paragraph of `previous`, in the same column or the next."""
    if not _have_a_size_in_common(previous, line):
        return False
    if _label(line.text) and line.text[0] in ITEM_LETTERS and ends_sentence(previous.text):
        return False
    if line.column != previous.column:
        return _is_full(previous) and not ends_sentence(previous.text)
    if line.x0 > previous.x0 + 0.7 * line.size and ends_sentence(previous.text):
        return False  # indented
    usual = min(
        max(previous.pitch, line.pitch, 1.2 * line.size), 2.2 * line.size
    )  # few lines are left to measure where a table was
    return line.top - previous.top < 1.3 * usual and _is_full(previous)


def goes_on(last: Line, first: Line) -> bool:
    """Return whether the first line of a page goes on with the sentence of the last line of the page before."""
    return last.x1 - last.x0 > MIN_FULL * last.size and _continues(last, replace(first, column=last.column + 1))


def _have_a_size_in_common(one: Line, other: Line) -> bool:
    return any(abs(a - b) <= 0.05 * b for a in one.sizes or (one.size,) for b in other.sizes or (other.size,))


def _is_full(line: Line) -> bool:
    """Return whether a word of ordinary length would not have fitted after the line; Latin words are longer."""
    slack = 2.5 if re.search("[가-힣]", line.text) else 8
    return line.x1 > line.right_edge - slack * line.size
