"""Replaces a word of a question with another one, and the particle behind it with the one that this takes."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pagetune.text.korean import TWO_FORMS, with_particle


class Change(NamedTuple):
    """A text of a question, what takes its place, and the new word that no training and evaluation share."""

    old: str
    new: str
    key: str


def replaced(text: str, change: Change) -> str:
    """Return the text with the change made, and the particle behind it in the form that the new word takes."""
    return "".join(_pieces(text, change))


def _pieces(text: str, change: Change) -> Iterator[str]:
    first, *others = text.split(change.old)
    yield first
    for piece in others:
        yield change.new
        yield _with_fitting_particle(change, piece)


def _with_fitting_particle(change: Change, following: str) -> str:
    for pair in TWO_FORMS:
        old, new = (with_particle(word, pair).removeprefix(word) for word in (change.old, change.new))
        if old != new and re.match(rf"{old}(?![가-힣])", following):
            return new + following[len(old) :]
    return following
