"""Find texts that share most of their letters in nearly linear time: MinHash by rensa, bands by NumPy."""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import numpy as np
from rensa import RMinHash, RMinHashLSH

PERMUTATIONS, SEED = 120, 0
SHINGLE_CHARACTERS = 4
#: The share of pairs exactly at the threshold that is found at least. More similar pairs are found more often.
MIN_FOUND = 0.995
#: Candidates whose signatures agree this much less than the threshold are skipped: three standard deviations.
MARGIN = 0.12
#: In a band that many texts share, each is compared with this many that follow it in sorted order. With 3,000
#: near-duplicates planted among 60,000 texts of one pattern, 4 find 99.93%, 8 find 99.97%, and 24 find all.
NEIGHBOURS = 8
#: Texts that are handled at a time, because rensa returns signatures as Python lists.
CHUNK = 10_000


@lru_cache(maxsize=1024)  # one text is compared with many in a row
def shingles(text: str) -> frozenset[str]:
    return frozenset(text[i : i + SHINGLE_CHARACTERS] for i in range(max(1, len(text) - SHINGLE_CHARACTERS + 1)))


def similarity(one: str, other: str) -> float:
    """Return the Jaccard similarity of the two texts' shingles, from 0 to 1."""
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right)


def similar_pairs(texts: list[str], threshold: float) -> Iterator[tuple[int, int]]:
    """Yield, once each, pairs of positions in `texts` whose signatures agree about as much as `threshold`.

    These are candidates for an exact comparison. Where many texts are alike, not every pair is among them, but enough
    to join all of them into one group.
    """
    signatures = _signatures(texts)
    rank = np.argsort(np.argsort(np.array(texts, dtype=object), kind="stable"))
    found = [_in_one_band(signatures[:, band], rank) for band in _bands(threshold)]
    if not found:
        return
    pairs = np.unique(np.concatenate(found))
    for start in range(0, len(pairs), CHUNK):
        left, right = pairs[start : start + CHUNK] >> 32, pairs[start : start + CHUNK] & 0xFFFFFFFF
        agreement = (signatures[left] == signatures[right]).mean(axis=1)
        near = agreement >= threshold - MARGIN
        yield from zip(left[near].tolist(), right[near].tolist(), strict=True)


def may_be_similar(texts: list[str], others: list[str], threshold: float) -> Iterator[int]:
    """Yield the positions in `others` that share a band with one of `texts`: nearly all similar ones, and others."""
    bands = len(_bands(threshold))
    index = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=bands)
    for start in range(0, len(texts), CHUNK):
        matrix = _matrix(texts[start : start + CHUNK])
        # Insert twice, because rensa flags a text only where it finds two keys.
        index.insert_matrix(matrix, start)
        index.insert_matrix(matrix, len(texts) + start)
    for start in range(0, len(others), CHUNK):
        flags = index.query_duplicate_flags_matrix(_matrix(others[start : start + CHUNK]))
        yield from (start + position for position, flag in enumerate(flags) if flag)


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
    for start in range(0, len(texts), CHUNK):
        signatures[start : start + CHUNK] = _matrix(texts[start : start + CHUNK]).to_rows()
    return signatures


def _matrix(texts: list[str]) -> Any:
    """Return the signatures as a matrix of rensa's own."""
    return RMinHash.digest_matrix_from_flat_token_hashes(*_hash_shingles(texts), PERMUTATIONS, SEED)


def _hash_shingles(texts: list[str]) -> tuple[Any, Any]:
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


def _in_one_band(rows: Any, rank: Any) -> Any:
    """Return pairs that agree in a band, as left << 32 | right: neighbours in the order of the band, then the text."""
    key = rows.astype(np.uint64) @ _multipliers(rows.shape[1])
    order = np.lexsort((rank, key))
    key = key[order]
    found = []
    for distance in range(1, NEIGHBOURS + 1):
        same = np.flatnonzero(key[distance:] == key[:-distance])
        if not len(same):
            break
        one, other = order[same], order[same + distance]
        found.append(np.minimum(one, other).astype(np.int64) << 32 | np.maximum(one, other).astype(np.int64))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


@cache
def _multipliers(count: int) -> Any:
    """Return odd 64-bit numbers, the same on every machine."""
    return np.random.default_rng(SEED).integers(2**63, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
