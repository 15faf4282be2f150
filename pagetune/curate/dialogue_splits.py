"""Split dialogues by topic, so that what is scored as unseen is of a topic that training never saw."""

from pagetune.curate.duplicates import families
from pagetune.curate.heldout import choose_heldout, hash_fraction, ids_on_both_sides
from pagetune.curate.rows import Row, Splits
from pagetune.curate.splits import check_pinned, deduplicated, on_one_side
from pagetune.curate.units import Unit, parts_of
from pagetune.ledger import Ledger
from pagetune.params import Curate
from pagetune.records import Pair


def split_dialogues(pairs: list[Pair], params: Curate, seed: int, ledger: Ledger) -> Splits:
    """Hold out whole topics, keep others whole for `validation`, and train on the rest, with a row for each summary.

    `recall` is a sample of the trained dialogues, unchanged, to tell memorising from learning. `heldout` is
    empty where nothing can be held out, and `train` where everything was rejected.
    """
    check_pinned(pairs, params, ledger)
    groups = families(pairs, params.near_duplicate_similarity)
    unit_of: dict[str, Unit] = {pair.pair_id: (pair.doc_id, "") for pair in pairs}
    once = deduplicated(pairs, ledger)
    _, heldout = choose_heldout(groups, [unit_of], {pair.pair_id for pair in once}, set(), params, seed)
    splits = Splits(heldout=heldout, parts=parts_of(pairs, unit_of, heldout))
    apart = splits.heldout | _validation_topics(unit_of, splits.heldout, params, seed)
    on_both_sides = ids_on_both_sides(groups, unit_of, splits.heldout) | ids_on_both_sides(groups, unit_of, apart)
    kept = on_one_side(once, groups, on_both_sides, params, ledger)
    splits.pairs = len(kept)
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
    return splits


def _validation_topics(
    unit_of: dict[str, Unit], heldout: dict[Unit, str], params: Curate, seed: int
) -> dict[Unit, str]:
    """Choose `validation_fraction` of the other topics, but at least one.

    A threshold for the hash of each topic might choose none of a few dozen.
    """
    units = sorted(set(unit_of.values()) - heldout.keys(), key=lambda unit: hash_fraction(seed, "validation", *unit))
    wanted = max(1, round(params.validation_fraction * len(units))) if params.validation_fraction else 0
    count = min(wanted, len(units) - 1)  # one topic is left to train on
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
