"""Pairs that say the same thing: exact duplicates, contradictions, near-duplicate families."""

import re
from collections import defaultdict

from rensa import RMinHash, RMinHashLSH

from pagetune.records import Pair

#: MinHash permutations and LSH bands: bands of four rows find pairs from a similarity of about 0.4 on; the exact
#: similarity decides afterwards.
PERMUTATIONS, BANDS, SEED = 128, 32, 0
SHINGLE_CHARACTERS = 4


def normal_form(text: str) -> str:
    """What two questions share that differ only in case, white space and punctuation."""
    return re.sub(r"[\W_]+", "", text).lower()


def without_duplicates(pairs: list[Pair]) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Returns (kept, duplicates, contradictions).

    Of the same question with the same answer the first is kept; of the same question with different answers none.
    """
    by_question: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_question[normal_form(pair.instruction)].append(pair)
    kept, duplicates, contradictions = [], [], []
    for same in by_question.values():
        if len({normal_form(pair.output) for pair in same}) > 1:
            contradictions += same
        else:
            kept.append(same[0])
            duplicates += same[1:]
    return kept, duplicates, contradictions


def families(pairs: list[Pair], similarity: float) -> list[list[Pair]]:
    """Group pairs whose question and answer share at least `similarity` of their shingles (Jaccard), transitively."""
    shingles = [_shingles(pair) for pair in pairs]
    parent = list(range(len(pairs)))
    for left, right in _candidates(shingles):
        union = len(shingles[left] | shingles[right])
        if len(shingles[left] & shingles[right]) >= similarity * union:
            parent[_root(parent, right)] = _root(parent, left)
    groups: dict[int, list[Pair]] = defaultdict(list)
    for index, pair in enumerate(pairs):
        groups[_root(parent, index)].append(pair)
    return list(groups.values())


def _shingles(pair: Pair) -> frozenset[str]:
    text = normal_form(pair.instruction) + "\n" + normal_form(pair.output)
    return frozenset(text[i : i + SHINGLE_CHARACTERS] for i in range(max(1, len(text) - SHINGLE_CHARACTERS + 1)))


def _candidates(shingles: list[frozenset[str]]) -> set[tuple[int, int]]:
    index = RMinHashLSH(threshold=0.5, num_perm=PERMUTATIONS, num_bands=BANDS)
    found: set[tuple[int, int]] = set()
    for number, members in enumerate(shingles):
        sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
        sketch.update(sorted(members))
        found |= {(earlier, number) for earlier in index.query(sketch)}
        index.insert(number, sketch)
    return found


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index
