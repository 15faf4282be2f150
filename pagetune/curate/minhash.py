"""Find texts that share most of their letters in nearly linear time: MinHash by rensa, bands by NumPy."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from rensa import RMinHash

from pagetune.curate.shingles import Sketches, hash_shingles

PERMUTATIONS, SEED = 120, 0
#: The share of pairs exactly at the threshold that is found at least. More similar pairs are found more often.
MIN_FOUND = 0.995
#: In a band that many texts share, each is compared with this many that follow it in sorted order. With 3,000
#: near-duplicates planted among 60,000 texts of one pattern, 4 find 99.93%, 8 find 99.97%, and 24 find all.
NEIGHBOURS = 8
#: Texts that are handled at a time, because rensa returns signatures as Python lists.
_CHUNK = 10_000


def similar_pairs(
    texts: list[str], threshold: float, joined: Callable[[Any, Any], Any] | None = None
) -> Iterator[tuple[int, int]]:
    """Yield pairs of positions in `texts` that may be as similar as `threshold`.

    These are candidates for an exact comparison. Where many texts are alike, not every pair is among them, but enough
    to join all of them into one group. `joined` tells of two arrays of positions which pairs need no comparison any
    more, because they already belong together.
    """
    signatures = _signatures(texts)
    sketches = Sketches.of(texts)
    rank = np.argsort(np.argsort(np.array(texts, dtype=object), kind="stable"))
    seen = np.empty(0, dtype=np.int64)
    for band in _bands(threshold):
        for left, right in _in_one_band(signatures[:, band], rank):
            if joined is not None:
                apart = ~joined(left, right)
                left, right = left[apart], right[apart]
            near = sketches.may_reach(threshold, left, sketches, right)
            found = left[near] << 32 | right[near]
            new = found[~np.isin(found, seen)]
            if len(new):
                seen = np.concatenate([seen, new])
                yield from zip((new >> 32).tolist(), (new & 0xFFFFFFFF).tolist(), strict=True)


@cache
def _rows_per_band(threshold: float) -> int:
    """Return the most rows that still find `MIN_FOUND` of the pairs at the threshold: more rows, fewer candidates."""
    divisors = (12, 10, 8, 6, 5, 4, 3, 2)
    return next(rows for rows in divisors if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= MIN_FOUND)


def _bands(threshold: float) -> list[slice]:
    rows = _rows_per_band(threshold)
    return [slice(start, start + rows) for start in range(0, PERMUTATIONS - rows + 1, rows)]


def _signatures(texts: list[str]) -> Any:
    """Return the signatures, uint32 of shape (texts, PERMUTATIONS)."""
    signatures = np.empty((len(texts), PERMUTATIONS), dtype=np.uint32)
    for start in range(0, len(texts), _CHUNK):
        hashes = hash_shingles(texts[start : start + _CHUNK])
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(*hashes, PERMUTATIONS, SEED)
        signatures[start : start + _CHUNK] = matrix.to_rows()
    return signatures


def _in_one_band(rows: Any, rank: Any) -> Iterator[tuple[Any, Any]]:
    """Yield positions (left < right) that agree in a band: neighbours in the order of the band, then of the text."""
    key = rows.astype(np.uint64) @ _multipliers(rows.shape[1])
    order = np.lexsort((rank, key))
    key = key[order]
    for distance in range(1, NEIGHBOURS + 1):
        same = np.flatnonzero(key[distance:] == key[:-distance])
        if not len(same):
            return
        one, other = order[same], order[same + distance]
        yield np.minimum(one, other).astype(np.int64), np.maximum(one, other).astype(np.int64)


@cache
def _multipliers(count: int) -> Any:
    """Return odd 64-bit numbers, the same on every machine."""
    return np.random.default_rng(SEED).integers(2**63, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
