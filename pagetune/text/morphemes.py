"""Kiwi's morphemes, which are analysed once for each text and kept for the next caller."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from pagetune.text.notation import nfc

#: Texts whose morphemes are kept, and how many of the oldest make room for new ones; a set is scored in pieces of fewer
#: texts than are left.
_KEPT, _DROPPED = 24_000, 8_000
#: Half of a character (a surrogate), which Kiwi refuses.
_HALF = re.compile(r"[\ud800-\udfff]")


class Morpheme(NamedTuple):
    """`tag` is Kiwi's (Sejong tag set); `start` and `end` count the characters of the text in lower case."""

    form: str
    tag: str
    start: int
    end: int


_known: dict[str, list[Morpheme]] = {}


def morphemes(text: str) -> list[Morpheme]:
    """Return the morphemes of `text` in NFC and lower case. Callers share the list and must not change it."""
    text = nfc(text).lower()
    if text not in _known:
        learn_morphemes([text])
    return _known[text]


def learn_morphemes(texts: Iterable[str]) -> None:
    """Analyse many texts at once, on all cores, for `morphemes` to look up."""
    if len(_known) > _KEPT:
        for text in list(islice(_known, _DROPPED)):
            del _known[text]
    new = [text for text in {nfc(text).lower(): None for text in texts} if text not in _known]
    whole = [_HALF.sub("\ufffd", text) for text in new]
    for text, found in zip(new, kiwi().tokenize(whole), strict=True):
        _known[text] = [Morpheme(token.form, token.tag, token.start, token.end) for token in found]


@cache
def kiwi() -> Any:
    """Return the one Kiwi of this process; it takes seconds to load, and some 500 MiB."""
    from kiwipiepy import Kiwi

    return Kiwi()
