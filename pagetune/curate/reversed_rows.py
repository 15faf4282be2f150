"""Choose which reversed questions are asked in the evaluation and never trained, and which are trained."""

from collections.abc import Collection

from pagetune.curate.heldout import hash_fraction, lowest
from pagetune.ledger import Ledger
from pagetune.params import Curate
from pagetune.records import Pair, Rejected


def reversed_apart(
    pairs: list[Pair], pinned: Collection[str], params: Curate, seed: int, ledger: Ledger
) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to train on, and the reversed questions that are only asked.

    A question is only asked where the pair that it reverses is trained on. `pinned` are ids that the user's own recall
    questions ask for; their wordings are divided like those of any pair.
    """
    trained = {pair.pair_id for pair in pairs}
    turned = [pair for pair in pairs if pair.kind == "reversed" and pair.pair_id not in pinned]
    positions = {
        pair.pair_id: hash_fraction(seed, "reversed", pair.reverses) for pair in turned if pair.reverses in trained
    }
    asked = lowest(positions, params.reversed_fraction)
    left_out = set() if params.train_reversed else {pair.pair_id for pair in turned} - asked
    kept = [pair for pair in pairs if pair.pair_id not in left_out]
    ledger.add(
        "reversed", len(pairs), len(kept), [Rejected.of(p, "not_trained") for p in pairs if p.pair_id in left_out]
    )
    return [pair for pair in kept if pair.pair_id not in asked], [pair for pair in kept if pair.pair_id in asked]
