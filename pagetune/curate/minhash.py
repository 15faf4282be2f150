"""Texts that share most of their letters, in time that grows with their number: MinHash by rensa, bands by NumPy."""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import numpy as np
from rensa import RMinHash, RMinHashLSH

PERMUTATIONS, SEED = 120, 0
SHINGLE_CHARACTERS = 4
#: Of the pairs that are exactly as similar as asked for, this share at least is found; of more similar ones more.
MIN_FOUND = 0.995
#: Candidates whose signatures agree by so much less than asked for are not looked at: three standard deviations.
MARGIN = 0.12
#: In a band that many texts share, each is compared with so many that stand next to it in the order of the texts. Of
#: 3,000 near-duplicates planted among 60,000 texts of one template 4 find 99.93%, 8 find 99.97%, 24 find all.
NEIGHBOURS = 8
#: rensa hands its signatures out as Python lists, of which no more are held at a time.
CHUNK = 10_000


@lru_cache(maxsize=1024)  # one text is compared with many in a row
def shingles(text: str) -> frozenset[str]:
    return frozenset(text[i : i + SHINGLE_CHARACTERS] for i in range(max(1, len(text) - SHINGLE_CHARACTERS + 1)))


def similarity(one: str, other: str) -> float:
    """Jaccard of the two texts' shingles, from 0 to 1."""
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right)


def similar_pairs(texts: list[str], threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs of positions in `texts` whose signatures agree about as much as `threshold`, each once; not yet exact.

    Where many texts are alike not every pair is named, but enough of them to join all into one group.
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
    """Positions in `others` that share a band with one of `texts`: all that are as similar as asked for, and more."""
    bands = len(_bands(threshold))
    index = RMinHashLSH(threshold=threshold, num_perm=PERMUTATIONS, num_bands=bands)
    for start in range(0, len(texts), CHUNK):
        matrix = _matrix(texts[start : start + CHUNK])
        # Twice, because rensa flags what it finds two keys for.
        index.insert_matrix(matrix, start)
        index.insert_matrix(matrix, len(texts) + start)
    for start in range(0, len(others), CHUNK):
        flags = index.query_duplicate_flags_matrix(_matrix(others[start : start + CHUNK]))
        yield from (start + position for position, flag in enumerate(flags) if flag)


@cache
def _rows_per_band(threshold: float) -> int:
    """As many as still find `MIN_FOUND` of the pairs at the threshold: the more, the fewer candidates."""
    divisors = (12, 10, 8, 6, 5, 4, 3, 2)
    return next(rows for rows in divisors if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= MIN_FOUND)


def _bands(threshold: float) -> list[slice]:
    rows = _rows_per_band(threshold)
    return [slice(start, start + rows) for start in range(0, PERMUTATIONS - rows + 1, rows)]


def _signatures(texts: list[str]) -> Any:
    """uint32, one row of `PERMUTATIONS` a text."""
    signatures = np.empty((len(texts), PERMUTATIONS), dtype=np.uint32)
    for start in range(0, len(texts), CHUNK):
        signatures[start : start + CHUNK] = _matrix(texts[start : start + CHUNK]).to_rows()
    return signatures


def _matrix(texts: list[str]) -> Any:
    """As rensa holds them."""
    return RMinHash.digest_matrix_from_flat_token_hashes(*_hash_shingles(texts), PERMUTATIONS, SEED)


def _hash_shingles(texts: list[str]) -> tuple[Any, Any]:
    """One 64-bit hash a shingle, and where each text's begin; shorter texts are padded to one shingle."""
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
    """Pairs that agree in a band, as left << 32 | right: neighbours in a list sorted by the band, then by the text."""
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
    """Odd 64-bit numbers, the same on every machine."""
    return np.random.default_rng(SEED).integers(2**63, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
