"""What two texts share: their shingles (four characters in a row), one by one or for millions of texts at once."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

SHINGLE_CHARACTERS = 4
#: Texts that are handled at a time.
CHUNK = 50_000
#: A sketch has one word of 64 bits for this many characters of the average text, within the limits.
_CHARACTERS_PER_WORD, _FEWEST_WORDS, _MOST_WORDS = 12, 4, 16


@lru_cache(maxsize=1024)  # one text is compared with many in a row
def shingles(text: str) -> frozenset[str]:
    return frozenset(text[i : i + SHINGLE_CHARACTERS] for i in range(max(1, len(text) - SHINGLE_CHARACTERS + 1)))


def similarity(one: str, other: str) -> float:
    """Return the Jaccard similarity of the two texts' shingles, from 0 to 1."""
    left, right = shingles(one), shingles(other)
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def hash_shingles(texts: Sequence[str]) -> tuple[Any, Any]:
    """Return a 64-bit hash per shingle, and where each text's hashes begin. Shorter texts are padded to one shingle."""
    padded = [text.ljust(SHINGLE_CHARACTERS, "\0") for text in texts]
    letters = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    hashes = np.zeros(len(letters) - SHINGLE_CHARACTERS + 1, dtype=np.uint64)
    for position in range(SHINGLE_CHARACTERS):
        hashes = hashes * np.uint64(0x100000001B3) + letters[position : position + len(hashes)]
        hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    lengths = np.array([len(text) for text in padded])
    counts = lengths - SHINGLE_CHARACTERS + 1
    offsets = np.concatenate([[0], np.cumsum(counts)])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    own = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
    return hashes[own], offsets.astype(np.uint64)


def distinct_shingles(texts: Sequence[str]) -> tuple[Any, Any]:
    """Return the shingles of at most `CHUNK` texts as sets: (text, hash of 46 bits), sorted, once each."""
    hashes, offsets = hash_shingles(texts)
    text = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(offsets.astype(np.int64)))
    keys = np.sort(text << np.uint64(46) | hashes >> np.uint64(18))
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
    return (keys >> np.uint64(46)).astype(np.int64), keys & np.uint64((1 << 46) - 1)


class Sketches:
    """The size of each text's set of shingles, and a few words of bits that tell most unlike sets apart.

    Each shingle flips one bit, so two sketches differ in no more bits than the sets in shingles (the bitmap filter:
    Sandes, Teodoro, Melo, 2017).
    """

    def __init__(self, count: int, words: int) -> None:
        self.words, self.sizes = words, np.empty(count, dtype=np.int32)
        self._bits = np.empty((words, count), dtype=np.uint64)

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Sketches":
        average = sum(map(len, texts)) / max(1, len(texts))
        sketches = cls(len(texts), min(_MOST_WORDS, max(_FEWEST_WORDS, round(average / _CHARACTERS_PER_WORD))))
        for start in range(0, len(texts), CHUNK):
            sketches.add(start, *distinct_shingles(texts[start : start + CHUNK]))
        return sketches

    def add(self, start: int, text: Any, hashes: Any) -> None:
        """Add the texts from position `start` on, as `distinct_shingles` returns them."""
        first = np.flatnonzero(np.concatenate([[True], text[1:] != text[:-1]]))
        own = slice(start, start + len(first))
        self.sizes[own] = np.diff(np.append(first, len(text)))
        bit = np.uint64(1) << (hashes & np.uint64(63))
        word = (hashes >> np.uint64(6)) % np.uint64(len(self._bits))
        for number, bits in enumerate(self._bits):
            bits[own] = np.bitwise_xor.reduceat(np.where(word == number, bit, np.uint64(0)), first)

    def may_reach(self, threshold: float, left: Any, other: "Sketches", right: Any) -> Any:
        """Tell for each text of `left`, and one of `right` in `other`, whether they may be as similar as that."""
        sizes = self.sizes[left] + other.sizes[right]
        differing = np.zeros(len(left), dtype=np.int32)
        for mine, theirs in zip(self._bits, other._bits, strict=True):
            differing += np.bitwise_count(mine[left] ^ theirs[right])
        return differing <= sizes * (1 - threshold) / (1 + threshold) + 1e-9
