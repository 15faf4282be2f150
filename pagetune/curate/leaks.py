"""The last look before anything is written: is a row that is trained on nearly a heldout one?"""

from pagetune.claims import normal_form
from pagetune.curate.minhash import may_be_similar, similar_pairs, similarity
from pagetune.records import Pair


def leaks(heldout: list[Pair], others: list[Pair], threshold: float) -> list[tuple[Pair, Pair]]:
    """(heldout pair, other pair) whose questions and answers together share at least `threshold` of their shingles."""
    own, rest = [_text(pair) for pair in heldout], [_text(pair) for pair in others]
    near = list(may_be_similar(own, rest, threshold))
    texts = own + [rest[position] for position in near]
    found: dict[int, int] = {}
    for left, right in similar_pairs(texts, threshold):
        if left < len(own) <= right and similarity(texts[left], texts[right]) >= threshold:
            found.setdefault(near[right - len(own)], left)
    return [(heldout[left], others[right]) for right, left in sorted(found.items())]


def _text(pair: Pair) -> str:
    return f"{normal_form(pair.instruction)}\n{normal_form(pair.output)}"
