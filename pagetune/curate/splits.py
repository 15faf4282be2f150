"""Divide pairs into splits, as a pure function of seed and content.

Documents are held out whole. The facts of all others are trained on; for some facts one wording is held back for
`recall` or `validation`.
"""

from collections.abc import Callable

from pagetune.curate.duplicates import fact_ids, families, near_duplicates, where, without_duplicates
from pagetune.curate.heldout import hash_fraction, heldout_units, ids_on_both_sides, units_of
from pagetune.curate.last_checks import settle
from pagetune.curate.look_alikes import divide_by_name
from pagetune.curate.question_patterns import Wordings, requested_wordings
from pagetune.curate.rows import Row, Splits
from pagetune.errors import UserError
from pagetune.ledger import Ledger
from pagetune.params import Curate
from pagetune.records import NEW_WORDING, Pair, Rejected, Split

#: Returns the wordings of a pair, "original" and `NEW_WORDING` among them.
WordingsOf = Callable[[Pair], Wordings]
#: Makes the wordings of the pairs that are trained on, and returns those that it rejected.
Reword = Callable[[list[Pair]], tuple[WordingsOf, list[Rejected]]]


def make_splits(
    pairs: list[Pair], params: Curate, seed: int, ledger: Ledger, reword: Reword, rows_alone: bool = True
) -> Splits:
    """Divide the pairs into train, validation, recall and heldout.

    With `rows_alone` a user's own rows are held out one by one, otherwise by document. Raises UserError where nothing
    is heldout, nothing is left to train on, or a trained pair is too similar to a heldout one.
    """
    asked = {pair.pair_id: names for pair in pairs if (names := requested_wordings(pair, params.recall_questions))}
    threshold = params.near_duplicate_similarity
    groups, look_alikes = divide_by_name(pairs, threshold) if rows_alone else (families(pairs, threshold), set[str]())
    unit_of = units_of(pairs, rows_alone)
    splits = Splits(heldout=heldout_units(groups, unit_of, set(asked), params, seed), template_rows=len(look_alikes))
    kept = distinct(pairs, groups, ids_on_both_sides(groups, unit_of, splits.heldout), params, ledger)
    splits.rows["heldout"] = [Row.of(pair) for pair in kept if unit_of[pair.pair_id] in splits.heldout]
    trained = [pair for pair in kept if unit_of[pair.pair_id] not in splits.heldout]
    wordings_of, rejected = reword(trained)
    purposes = _purposes(trained, fact_ids(groups), set(asked), params, seed)
    del groups, unit_of, kept  # a million pairs leave no room for them beside their wordings
    for pair in trained:
        _add_wordings(splits, pair, wordings_of(pair), purposes[pair.pair_id], asked.get(pair.pair_id, []), seed)
    settle(splits, rejected, look_alikes, params, ledger)
    check_enough(splits, len(pairs))
    return splits


def distinct(
    pairs: list[Pair], groups: list[list[Pair]], on_both_sides: set[str], params: Curate, ledger: Ledger
) -> list[Pair]:
    """Return the pairs without duplicates, contradictions, near-duplicates and those on both sides of the split."""
    kept, rejected = without_duplicates(pairs)
    ledger.add("duplicates", len(pairs), len(kept), rejected)
    apart = [pair for pair in kept if pair.pair_id not in on_both_sides]
    both = [Rejected.of(pair, "in_heldout_and_training") for pair in kept if pair.pair_id in on_both_sides]
    ledger.add("split", len(kept), len(apart), both)
    ids = {pair.pair_id for pair in apart}
    repeated: dict[str, Pair] = {}
    for group in groups:
        # Two rows of one's own that are the same have one id: as near-duplicates of each other both would be lost.
        own = list({pair.pair_id: pair for pair in group if pair.pair_id in ids}.values())
        repeated |= near_duplicates(own, params.near_duplicate_similarity)
    unique = [pair for pair in apart if pair.pair_id not in repeated]
    near = [Rejected.of(p, "near_duplicate", where(repeated[p.pair_id])) for p in apart if p.pair_id in repeated]
    ledger.add("near_duplicates", len(apart), len(unique), near)
    return unique


def _purposes(
    pairs: list[Pair], fact_of: dict[str, str], asked: set[str], params: Curate, seed: int
) -> dict[str, Split]:
    """Return the split that each pair's fact is asked in, by pair_id: recall, validation, or only train."""
    asked_facts = {fact_of[pair_id] for pair_id in asked}
    purposes: dict[str, Split] = {}
    for pair in pairs:
        position = hash_fraction(seed, "purpose", fact_of[pair.pair_id])
        if fact_of[pair.pair_id] in asked_facts or position < params.recall_fraction:
            purposes[pair.pair_id] = "recall"
        else:
            in_validation = position < params.recall_fraction + params.validation_fraction
            purposes[pair.pair_id] = "validation" if in_validation else "train"
    return purposes


def _add_wordings(splits: Splits, pair: Pair, wordings: Wordings, purpose: Split, asked: list[str], seed: int) -> None:
    """Train on every wording except those held back, never on `NEW_WORDING`. An only wording is not held back."""
    new_wording = {name: text for name, text in wordings.items() if name == NEW_WORDING and purpose == "recall"}
    rows = {name: Row(pair, name, text) for name, text in wordings.items() if name != NEW_WORDING}
    if rows.keys() <= set(asked):
        raise UserError(
            f"curate.recall_questions: {pair.instruction!r} has no other wording to train on. "
            "Raise curate.paraphrases, or remove the question."
        )
    if purpose != "train" and len(rows) > 1:
        for name in [name for name in asked if name in rows] or [_choose_held_back(list(rows), pair, seed)]:
            splits.rows[purpose].append(rows.pop(name))
    splits.rows["recall"] += [Row(pair, name, text) for name, text in new_wording.items()]
    splits.rows["train"] += rows.values()


def _choose_held_back(names: list[str], pair: Pair, seed: int) -> str:
    return names[int(hash_fraction(seed, "wording", pair.pair_id) * len(names))]


def check_enough(splits: Splits, pairs: int) -> None:
    if not splits.rows["train"]:
        raise UserError(
            f"none of {pairs} pairs is left to train on: all are heldout or rejected. Lower curate.heldout_fraction, "
            "or name fewer documents in curate.heldout_documents."
        )
    if not splits.rows["heldout"]:
        parts = ", ".join(" ".join(filter(None, unit)) for unit in sorted(splits.heldout)[:5])
        raise UserError(
            f"every pair of the heldout documents ({parts}) was rejected, so no score would show what the tuning does "
            "to other documents. Name further documents in curate.heldout_documents."
        )
