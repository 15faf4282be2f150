"""Split dialogues by topic, so that what is scored as unseen is of a topic that training never saw."""

from pagetune.curate.duplicates import families
from pagetune.curate.heldout import Unit, hash_fraction, heldout_units, ids_on_both_sides
from pagetune.curate.rows import Row, Splits
from pagetune.curate.splits import check_enough, distinct
from pagetune.ledger import Ledger
from pagetune.params import Curate
from pagetune.records import Pair


def split_dialogues(pairs: list[Pair], params: Curate, seed: int, ledger: Ledger) -> Splits:
    """Hold out whole topics, keep others whole for `validation`, and train on the rest, with a row for each summary.

    `recall` is a sample of the trained dialogues, unchanged, to tell memorising from learning. Raises UserError where
    nothing is heldout or nothing is left to train on.
    """
    groups = families(pairs, params.near_duplicate_similarity)
    unit_of: dict[str, Unit] = {pair.pair_id: (pair.doc_id, "") for pair in pairs}
    splits = Splits(heldout=heldout_units(groups, unit_of, set(), params, seed))
    apart = splits.heldout | _validation_topics(unit_of, splits.heldout, params, seed)
    on_both_sides = ids_on_both_sides(groups, unit_of, splits.heldout) | ids_on_both_sides(groups, unit_of, apart)
    kept = distinct(pairs, groups, on_both_sides, params, ledger)
    for pair in kept:
        unit = unit_of[pair.pair_id]
        if unit in splits.heldout:
            splits.rows["heldout"].append(Row.of(pair))
        elif unit in apart:
            splits.rows["validation"].append(Row.of(pair))
        else:
            splits.rows["train"] += map(Row.of, _row_for_each_summary(pair))
            if hash_fraction(seed, "recall", pair.pair_id) < params.recall_fraction:
                splits.rows["recall"].append(Row.of(pair))
    check_enough(splits, len(pairs))
    return splits


def _validation_topics(
    unit_of: dict[str, Unit], heldout: dict[Unit, str], params: Curate, seed: int
) -> dict[Unit, str]:
    """Choose `validation_fraction` of the other topics, but at least one.

    A threshold for the hash of each topic might choose none of a few dozen.
    """
    units = sorted(set(unit_of.values()) - heldout.keys(), key=lambda unit: hash_fraction(seed, "validation", *unit))
    count = max(1, round(params.validation_fraction * len(units))) if params.validation_fraction else 0
    return dict.fromkeys(units[:count], "validation")


def _row_for_each_summary(pair: Pair) -> list[Pair]:
    """Return rows of one summary each, without further references. The first row keeps the pair's id."""
    others = [
        pair.model_copy(
            update={
                "pair_id": f"{pair.pair_id}-s{number}",
                "output": summary,
                "references": [],
                "wording": f"s{number}",
                "parent_id": pair.pair_id,
            }
        )
        for number, summary in enumerate(pair.references, 2)
    ]
    return [pair.model_copy(update={"references": []}), *others]


def dialogue_texts(train: list[Row]) -> list[str]:
    """Return the text for the built-in models: each trained dialogue once, and none of its summaries."""
    return list({row.fact: row.instruction for row in train}.values())
