"""Divide pairs into splits, as a pure function of seed and content.

Documents are held out whole. The facts of all others are trained on; for some facts one wording is held back for
`recall` or `validation`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pagetune.curate.duplicates import fact_ids, families, near_duplicates, where, without_duplicates
from pagetune.curate.heldout import Unit, hash_fraction, heldout_units, ids_on_both_sides, units_of
from pagetune.curate.leaks import leaks
from pagetune.curate.question_patterns import Wordings, requested_wordings
from pagetune.errors import UserError
from pagetune.ledger import Ledger
from pagetune.params import Curate
from pagetune.records import NEW_WORDING, Pair, Rejected, Split
from pagetune.text.claims import normal_form

#: Returns the wordings of a pair, "original" and `NEW_WORDING` among them.
WordingsOf = Callable[[Pair], Wordings]
#: Makes the wordings of the pairs that are trained on, and returns those that it rejected.
Reword = Callable[[list[Pair]], tuple[WordingsOf, list[Rejected]]]


@dataclass
class Splits:
    rows: dict[Split, list[Pair]] = field(
        default_factory=lambda: {"train": [], "validation": [], "recall": [], "heldout": []}
    )
    #: Why each unit is heldout: "pinned", "hash", "family of …"
    heldout: dict[Unit, str] = field(default_factory=dict)


def make_splits(
    pairs: list[Pair], params: Curate, seed: int, ledger: Ledger, reword: Reword, rows_alone: bool = True
) -> Splits:
    """Divide the pairs into train, validation, recall and heldout.

    With `rows_alone` a user's own rows are held out one by one, otherwise by document. Raises UserError where nothing
    is heldout, nothing is left to train on, or a trained pair is too similar to a heldout one.
    """
    asked = {pair.pair_id: names for pair in pairs if (names := requested_wordings(pair, params.recall_questions))}
    groups = families(pairs, params.near_duplicate_similarity)
    unit_of = units_of(pairs, rows_alone)
    splits = Splits(heldout=heldout_units(groups, unit_of, set(asked), params, seed))
    kept = distinct(pairs, groups, ids_on_both_sides(groups, unit_of, splits.heldout), params, ledger)
    splits.rows["heldout"] = [pair for pair in kept if unit_of[pair.pair_id] in splits.heldout]
    trained = [pair for pair in kept if unit_of[pair.pair_id] not in splits.heldout]
    wordings_of, rejected = reword(trained)
    purposes = _purposes(trained, fact_ids(groups), set(asked), params, seed)
    for pair in trained:
        _add_wordings(splits, pair, wordings_of(pair), purposes[pair.pair_id], asked.get(pair.pair_id, []), seed)
    _settle_wordings(splits, rejected, params, ledger)
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
        own = [pair for pair in group if pair.pair_id in ids]
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
    rows = {name: _reworded(pair, name, text) for name, text in wordings.items() if name != NEW_WORDING}
    if rows.keys() <= set(asked):
        raise UserError(
            f"curate.recall_questions: {pair.instruction!r} has no other wording to train on. "
            "Raise curate.paraphrases, or remove the question."
        )
    if purpose != "train" and len(rows) > 1:
        for name in [name for name in asked if name in rows] or [_choose_held_back(list(rows), pair, seed)]:
            splits.rows[purpose].append(rows.pop(name))
    splits.rows["recall"] += [_reworded(pair, name, text) for name, text in new_wording.items()]
    splits.rows["train"] += rows.values()


def _choose_held_back(names: list[str], pair: Pair, seed: int) -> str:
    return names[int(hash_fraction(seed, "wording", pair.pair_id) * len(names))]


def _reworded(pair: Pair, wording: str, question: str) -> Pair:
    if wording == "original":
        return pair
    own = {"pair_id": f"{pair.pair_id}-{wording}", "instruction": question, "wording": wording}
    return pair.model_copy(update=own | {"parent_id": pair.pair_id})


def _settle_wordings(splits: Splits, rejected: list[Rejected], params: Curate, ledger: Ledger) -> None:
    """Reject rows so that no question is in two splits, and no other row is a near-duplicate of a heldout one.

    Raises UserError where an original question, not a wording of it, is such a near-duplicate.
    """
    taken = sum(map(len, splits.rows.values())) + len(rejected)
    lost = [*rejected, *_clashes(splits)]
    gone: set[str] = set()
    for heldout, row in leaks(splits.rows["heldout"], _others(splits), params.near_duplicate_similarity):
        if row.parent_id is None:
            raise UserError(_leak_message(heldout, row))
        lost.append(Rejected.of(row, "in_heldout_and_training", where(heldout)))
        gone.add(row.pair_id)
    for rows in splits.rows.values():
        rows[:] = [row for row in rows if row.pair_id not in gone]
    ledger.add("wordings", taken, sum(map(len, splits.rows.values())), lost)


def _others(splits: Splits) -> list[Pair]:
    return [row for name, rows in splits.rows.items() if name != "heldout" for row in rows]


def _leak_message(heldout: Pair, row: Pair) -> str:
    return (
        f"a heldout pair has a near-duplicate in training: {heldout.instruction!r} ({where(heldout)}) and "
        f"{row.instruction!r} ({where(row)}). Name both documents in curate.heldout_documents, or remove one."
    )


def _clashes(splits: Splits) -> list[Rejected]:
    """Remove and return rows whose question is in an earlier split, or earlier in this one with another answer.

    Two facts can share a wording although their original questions differ.
    """
    taken: dict[str, tuple[Split, str]] = {}
    clashes: list[Rejected] = []
    order: tuple[Split, ...] = ("heldout", "recall", "validation", "train")
    for split in order:
        kept = []
        for row in splits.rows[split]:
            if taken.setdefault(normal_form(row.instruction), (split, row.output)) == (split, row.output):
                kept.append(row)
            else:
                clashes.append(Rejected.of(row, "duplicate"))
        splits.rows[split] = kept
    return clashes


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
