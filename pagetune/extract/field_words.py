"""Put the values of a form's fields among the words of the page, where a reader sees them."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

from pagetune.extract.columns import group_into_lines
from pagetune.extract.forms import Field, letters_of
from pagetune.extract.word_boxes import Word

#: What forms print where a pen would write, and where it would tick.
_BLANK, _PRINTED_BOX = re.compile(r"[_＿]{2,}|[.·‥…]{3,}|…"), re.compile("[□☐○◯▢❏❑■☑☒✓✔✕✗✘●◉]")
#: The font size, in points, of a value where neither the field nor a word beside it says one.
_USUAL_SIZE = 10.0
#: The largest distance from a label to its field on its right, in font sizes.
LABEL_WITHIN = 15
#: How far, in points, a field may overlap a printed word that is not below its value.
_OVERLAP = 2.0


def add_fields(words: list[Word], fields: list[Field], *, in_cells: bool = False) -> list[Word]:
    """Return the words of an upright page with a word for each field that is not empty.

    A field whose value the page's own text has in the same place is left out, and so is what the form prints below a
    value: a line to write on, or a box to tick. The word reaches to the label on its left, so that no gutter is seen
    between them; `in_cells` it stays within the field, which decides in which cell of a table it is, and is one line.
    """
    printed, added = list(words), list[Word]()
    for field in sorted(fields, key=lambda field: (field.box[1], field.box[0])):
        near = [word for word in chain(printed, added) if word.top < field.box[3] and word.bottom > field.box[1]]
        if not field.text:
            label = _label(_word(field, near), near)
            printed = [word._replace(ends_line=True) if word == label else word for word in printed]
            continue
        below = [word for word in near if _is_below(word, field)]
        if not field.is_tick_box and _is_printed(field.text, below):
            continue
        covered = {word: list(_uncovered(word, field)) for word in below}
        printed = [part for word in printed for part in covered.get(word, [word])] if covered else printed
        near = [part for word in near for part in covered.get(word, [word])]
        word = _word(field, near)
        label = None if in_cells or field.is_tick_box else _label(word, near)
        added.append(word._replace(x0=min(word.x0, label.x1 + 0.25 * word.size)) if label else word)
    if in_cells:
        added = [word._replace(text=word.text.replace("\n", " ")) for word in added]
    return printed + added


def replace_by_fields(words: list[Word], fields: list[Field]) -> list[Word]:
    """Return the words that were read from a picture of the page, with those in fields replaced by the fields' own."""
    filled = [field for field in fields if field.text]
    return add_fields([word for word in words if not any(word.inside(field.box) for field in filled)], fields)


def _is_below(word: Word, field: Field) -> bool:
    left, top, right, bottom = field.box
    overlaps = word.x0 < right - _OVERLAP and word.x1 > left + _OVERLAP
    return overlaps and top - _OVERLAP < word.middle < bottom + _OVERLAP


def _is_printed(text: str, below: list[Word]) -> bool:
    """Return whether the words below a field contain its text, as they do where a form was flattened."""
    value, words = letters_of(text), [letters_of(word.text) for line in group_into_lines(below) for word in line]
    return value in "".join(words) if len(value) > 2 else value in ("".join(words), *words)


def _uncovered(word: Word, field: Field) -> Iterator[Word]:
    """Yield the parts of a printed word without the blank, or the box to tick, that the field covers."""
    start = 0
    for blank in (_PRINTED_BOX if field.is_tick_box else _BLANK).finditer(word.text):
        covered = _part(word, *blank.span())
        if covered.x0 < field.box[2] and covered.x1 > field.box[0]:
            if start < blank.start():
                yield _part(word, start, blank.start())
            start = blank.end()
    if start < len(word.text):
        yield _part(word, start, len(word.text))


def _part(word: Word, start: int, end: int) -> Word:
    """Return the characters `start` to `end` of a word, each as wide as the widths of its kind say."""
    whole = _width(word.text) or 1.0
    scale = (word.x1 - word.x0) / whole
    x0 = word.x0 + scale * _width(word.text[:start])
    return word._replace(text=word.text[start:end], x0=x0, x1=x0 + scale * _width(word.text[start:end]))


def _width(text: str) -> float:
    """Return the width of a text in font sizes, roughly."""
    return sum(1.0 if unicodedata.east_asian_width(character) in "WF" else 0.5 for character in text)


def _word(field: Field, near: list[Word]) -> Word:
    """Return the field's text as a word at the height of the nearest printed word in the field's rows.

    A text that begins at the top of its box stands beside the first word on its left. The word ends where its longest
    line does.
    """
    x0, top, x1, bottom = field.box
    beside = [word for word in near if top < word.middle < bottom and not x0 < (word.x0 + word.x1) / 2 < x1]
    size = min(field.size or _USUAL_SIZE, bottom - top)
    if field.from_top:
        beside = sorted((word for word in beside if word.x0 < x0), key=lambda word: word.top)[:1]
        bottom = top + size
    if beside:
        nearest = min(beside, key=lambda word: max(x0 - word.x1, word.x0 - x1))
        top, bottom = nearest.top, nearest.bottom
    else:
        top, bottom = (top + bottom - size) / 2, (top + bottom + size) / 2
    longest = max(map(_width, field.text.split("\n"))) * (bottom - top)
    return Word(field.text, x0, max(x0 + 1, min(x1, x0 + longest)), top, bottom, ends_line=True)


def _label(word: Word, near: list[Word]) -> Word | None:
    """Return the printed word just to the left of a field's, unless it is far away."""
    before = [other for other in near if other.x1 < word.x0 + _OVERLAP and word.top < other.middle < word.bottom]
    label = max(before, key=lambda other: other.x1, default=None)
    if label is None or label.ends_line or word.x0 - label.x1 > LABEL_WITHIN * word.size:
        return None
    return label
