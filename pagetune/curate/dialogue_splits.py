"""Which dialogue goes where: topics stay together, and what is scored as unseen is of one that training never saw."""

from pagetune.curate.duplicates import families
from pagetune.curate.heldout import Unit, crossing, heldout_units, share
from pagetune.curate.splits import Splits, check_enough, distinct
from pagetune.ledger import Ledger
from pagetune.params import Curate
from pagetune.records import Pair


def split_dialogues(pairs: list[Pair], params: Curate, seed: int, ledger: Ledger) -> Splits:
    """Topics are held out whole, others whole for `validation`; what is left is trained on, a row for each summary.

    `recall` is a sample of the trained dialogues as they stand, so that what was learnt by heart can be told from what
    was learnt. Raises UserError where nothing is heldout or left to train on.
    """
    groups = families(pairs, params.near_duplicate_similarity)
    unit_of: dict[str, Unit] = {pair.pair_id: (pair.doc_id, "") for pair in pairs}
    splits = Splits(heldout=heldout_units(groups, unit_of, set(), params, seed))
    apart = splits.heldout | _for_validation(unit_of, splits.heldout, params, seed)
    on_both_sides = crossing(groups, unit_of, splits.heldout) | crossing(groups, unit_of, apart)
    kept = distinct(pairs, groups, on_both_sides, params, ledger)
    for pair in kept:
        unit = unit_of[pair.pair_id]
        if unit in splits.heldout:
            splits.rows["heldout"].append(pair)
        elif unit in apart:
            splits.rows["validation"].append(pair)
        else:
            splits.rows["train"] += _row_for_each_summary(pair)
            if share(seed, "recall", pair.pair_id) < params.recall_fraction:
                splits.rows["recall"].append(pair)
    check_enough(splits, len(pairs))
    return splits


def _for_validation(unit_of: dict[str, Unit], heldout: dict[Unit, str], params: Curate, seed: int) -> dict[Unit, str]:
    """So many of the other topics, one at least: of a few dozen the hash might fall on none."""
    units = sorted(set(unit_of.values()) - heldout.keys(), key=lambda unit: share(seed, "validation", *unit))
    count = max(1, round(params.validation_fraction * len(units))) if params.validation_fraction else 0
    return dict.fromkeys(units[:count], "validation")


def _row_for_each_summary(pair: Pair) -> list[Pair]:
    """The first keeps the pair's id; one training row has one summary, and no further reference."""
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


def dialogue_texts(train: list[Pair]) -> list[str]:
    """What the built-in models read: each trained dialogue once, and none of its summaries."""
    return list({row.parent_id or row.pair_id: row.instruction for row in train}.values())
