"""The last check before anything is written: is a trained row a near-duplicate of a heldout one?

Every near-duplicate is found, however many rows are alike.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from pagetune.curate.duplicates import compared_text
from pagetune.curate.rows import Asked
from pagetune.curate.shingles import CHUNK, Sketches, distinct_shingles, similarity

Own = TypeVar("Own", bound=Asked)
Other = TypeVar("Other", bound=Asked)
#: Candidates that are looked at in one go.
_CANDIDATES = 4_000_000
#: Places in a set are compared as whole numbers, in steps this much smaller.
_STEPS = 1024


def leaks(heldout: Sequence[Own], others: Sequence[Other], threshold: float) -> list[tuple[Own, Other]]:
    """Return (heldout pair, other pair) where both share at least `threshold` of the shingles of question and answer.

    Each of the others is returned at most once.
    """
    own = [compared_text(pair) for pair in heldout]
    index = _Index(own, threshold) if own else None
    found: list[tuple[Own, Other]] = []
    for start in range(0, len(others) if index else 0, CHUNK):
        part = others[start : start + CHUNK]
        texts = [compared_text(row) for row in part]
        first: dict[int, int] = {}
        for right, left in index.candidates(texts) if index else ():
            if right not in first and similarity(own[left], texts[right]) >= threshold:
                first[right] = left
        found += [(heldout[left], part[right]) for right, left in sorted(first.items())]
    return found


class _Index:
    """Texts by their rarest shingles, to find every similar one (prefix filtering: Chaudhuri, Ganti, Kaushik, 2006).

    Two sets of n and m members share at least a share t of their union only if they have t/(1+t)·(n+m) in common. A
    common member at place i of one, from 0, and at place j of the other, both sorted from the rarest shingle on, leaves
    room for at most min(n-i, m-j) in common. So a phrase that all texts share is hardly ever looked up.
    """

    def __init__(self, texts: list[str], threshold: float) -> None:
        self._threshold = threshold
        self._sketches = Sketches.of(texts)
        parts = [distinct_shingles(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK)]
        hashes = np.concatenate([own for _, own in parts])
        text = np.concatenate([own + number * CHUNK for number, (own, _) in enumerate(parts)])
        self._vocabulary, position, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        self._rank = np.empty(len(counts), dtype=np.int64)
        self._rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
        text, place, rank = self._prefixes(text, self._rank[position], self._sketches.sizes)
        key = rank << 32 | self._last_key(self._room(self._sketches.sizes[text], place))
        order = np.argsort(key, kind="stable")
        self._key, self._text = key[order], text[order]

    def candidates(self, texts: list[str]) -> Iterator[tuple[int, int]]:
        """Yield (position in `texts`, position in the index) of what may be similar, each once, in order."""
        sketches = Sketches(len(texts), self._sketches.words)
        text, hashes = distinct_shingles(texts)
        sketches.add(0, text, hashes)
        at = np.minimum(np.searchsorted(self._vocabulary, hashes), len(self._vocabulary) - 1)
        known = self._vocabulary[at] == hashes
        text, place, rank = self._prefixes(text, np.where(known, self._rank[at], -1), sketches.sizes)
        text, place, rank = text[rank >= 0], place[rank >= 0], rank[rank >= 0]
        first = np.searchsorted(self._key, rank << 32)
        counts = np.searchsorted(self._key, rank << 32 | self._last_key(self._needed(sketches.sizes[text])), "right")
        counts -= first
        room = self._room(sketches.sizes[text], place)
        found = []
        for part in _parts(counts):
            left, source = _spread(first[part], counts[part])
            left, source = self._text[left], source + part.start
            fits = room[source] >= self._needed(self._sketches.sizes[left])
            left, right = left[fits], text[source[fits]]
            near = sketches.may_reach(self._threshold, right, self._sketches, left)
            found.append(np.unique(right[near] << 32 | left[near]))
        pairs = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
        yield from zip((pairs >> 32).tolist(), (pairs & 0xFFFFFFFF).tolist(), strict=True)

    def _prefixes(self, text: Any, rank: Any, sizes: Any) -> tuple[Any, Any, Any]:
        """Return (text, place, rank) of the shingles among which a similar text has one; unknown ones rank first."""
        key = np.sort(text << 32 | (rank + 1))
        text, rank = key >> 32, (key & 0xFFFFFFFF) - 1
        starts = np.cumsum(sizes) - sizes
        place = np.arange(len(text)) - starts[text]
        # A similar text is at least `threshold` times as long, so this many must be in common.
        kept = sizes[text] - place >= np.ceil(self._threshold * sizes[text] - 1e-9)
        return text[kept], place[kept], rank[kept]

    def _room(self, sizes: Any, place: Any) -> Any:
        """Return n/(1+t) - i, which must be at least t/(1+t)·m for a text of m shingles."""
        return np.floor((sizes / (1 + self._threshold) - place) * _STEPS).astype(np.int64)

    def _needed(self, sizes: Any) -> Any:
        return np.floor(sizes * self._threshold / (1 + self._threshold) * _STEPS).astype(np.int64) - 1

    def _last_key(self, room: Any) -> Any:
        """Return the room as the lower half of a key: what has most room comes first."""
        return (1 << 31) - room


def _parts(counts: Any) -> Iterator[slice]:
    """Divide the texts so that each part has about `_CANDIDATES` candidates."""
    total = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = total[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(total, before + _CANDIDATES, "right")))
        yield slice(start, end)
        start = end


def _spread(first: Any, counts: Any) -> tuple[Any, Any]:
    """Return `counts` positions from each of `first` on, and which of them each belongs to."""
    source = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return np.arange(len(source)) - before[source] + first[source], source
