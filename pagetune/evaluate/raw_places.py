"""Where in a text, as it was written, something stands that was found in a normalised form of it."""

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

#: Begin and end.
Place = tuple[int, int]
_WORD = re.compile(r"\s+|\S+")


def places_in(raw: str, read: str) -> Callable[[int, int], Place]:
    """Return a function from a place in `read`, a form of `raw`, to the place in `raw`.

    A stretch that is written differently (스물다섯, 25) has the whole of the other one as its place.
    """
    if raw == read:
        return lambda start, end: (start, end)
    places = [place for block in _blocks(raw, read) for place in block]

    def place_of(start: int, end: int) -> Place:
        inside = places[start:end]
        return (min(place[0] for place in inside), max(place[1] for place in inside)) if inside else (0, 0)

    return place_of


def _blocks(raw: str, read: str) -> Iterator[list[Place]]:
    """Yield the places of the characters of `read`, stretch by stretch; whole words are compared before letters."""
    left, right = _WORD.findall(raw), _WORD.findall(read)
    starts = [0]
    for word in left:
        starts.append(starts[-1] + len(word))
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right).get_opcodes():
        written = "".join(right[j1:j2])
        if tag == "equal":
            yield [(at, at + 1) for at in range(starts[i1], starts[i2])]
        else:
            yield list(_letters(raw[starts[i1] : starts[i2]], written, starts[i1]))


def _letters(raw: str, read: str, offset: int) -> Iterator[Place]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, raw, read).get_opcodes():
        if tag == "equal":
            yield from ((offset + at, offset + at + 1) for at in range(i1, i2))
        else:
            yield from [(offset + i1, offset + i2)] * (j2 - j1)
