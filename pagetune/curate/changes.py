"""Replaces a word of a question with another one, and the particle behind it with the one that this takes."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pagetune.text.korean import with_particle

_PARTICLES = ("은/는", "이/가", "을/를", "과/와", "으로/로", "이란/란", "이나/나")
#: The number of the final consonant ㄹ.
_RIEUL = 8


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
    for pair in _PARTICLES:
        old, new = (_particle_after(word, pair) for word in (change.old, change.new))
        if old != new and re.match(rf"{old}(?![가-힣])", following):
            return new + following[len(old) :]
    return following


def _particle_after(word: str, pair: str) -> str:
    """Return the particle of a pair that follows a word; 로 follows ㄹ, as in 서울로."""
    if pair == "으로/로" and "가" <= word[-1:] <= "힣" and (ord(word[-1]) - ord("가")) % 28 == _RIEUL:
        return "로"
    return with_particle(word, pair).removeprefix(word)
