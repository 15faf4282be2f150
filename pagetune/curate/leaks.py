"""The last check before anything is written: is a trained row a near-duplicate of a heldout one?

MinHash picks the rows to compare. Among those every near-duplicate is found, however many rows are alike.
"""

from collections import Counter, defaultdict
from math import ceil

from pagetune.curate.duplicates import compared_text
from pagetune.curate.minhash import may_be_similar, shingles, similarity
from pagetune.records import Pair


def leaks(heldout: list[Pair], others: list[Pair], threshold: float) -> list[tuple[Pair, Pair]]:
    """Return (heldout pair, other pair) where both share at least `threshold` of the shingles of question and answer.

    Each of the others is returned at most once.
    """
    own, rest = [compared_text(pair) for pair in heldout], [compared_text(pair) for pair in others]
    suspects = list(may_be_similar(own, rest, threshold))
    near = list(may_be_similar([rest[position] for position in suspects], own, threshold))
    found = _match_similar([own[position] for position in near], [rest[position] for position in suspects], threshold)
    return [(heldout[near[left]], others[suspects[right]]) for right, left in sorted(found.items())]


def _match_similar(own: list[str], rest: list[str], threshold: float) -> dict[int, int]:
    """Map positions in `rest` to the position in `own` of the first similar text.

    Two sets whose intersection is at least a share t of their union have a member in common among the (1-t)·n+1 rarest
    of each (prefix filtering: Chaudhuri, Ganti, Kaushik, 2006), so a phrase that all texts share is never looked up.
    """
    counts = Counter(shingle for text in own for shingle in shingles(text))
    by_shingle: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(own):
        for shingle in _rarest(text, counts, threshold):
            by_shingle[shingle].append(position)
    found: dict[int, int] = {}
    for position, text in enumerate(rest):
        candidates = dict.fromkeys(
            c for shingle in _rarest(text, counts, threshold) for c in by_shingle.get(shingle, ())
        )
        similar = next((c for c in candidates if similarity(own[c], text) >= threshold), None)
        if similar is not None:
            found[position] = similar
    return found


def _rarest(text: str, counts: Counter[str], threshold: float) -> list[str]:
    members = sorted(shingles(text), key=lambda shingle: (counts[shingle], shingle))
    return members[: len(members) - ceil(threshold * len(members)) + 1]
