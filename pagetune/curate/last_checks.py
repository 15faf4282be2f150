"""What is checked once all rows have their split: no question is in two, and no trained row is nearly a heldout one."""

from collections.abc import Iterator

import numpy as np

from pagetune.curate.duplicates import where
from pagetune.curate.leaks import leaks
from pagetune.curate.rows import Row, Splits
from pagetune.ledger import Ledger
from pagetune.params import Curate
from pagetune.records import Rejected, Split
from pagetune.text.claims import normal_form

_ORDER: tuple[Split, ...] = ("heldout", "recall", "validation", "train")


def settle(splits: Splits, rejected: list[Rejected], look_alikes: set[str], params: Curate, ledger: Ledger) -> None:
    """Reject rows so that no question is in two splits, and no other row is a near-duplicate of a heldout one.

    Rows of a template (`look_alikes`) are not compared with each other, because what they name tells them apart.
    An original question that is such a near-duplicate is rejected with its wordings.
    """
    taken = sum(map(len, splits.rows.values())) + len(rejected)
    lost = [*rejected, *_clashes(splits)]
    near: dict[str, Row] = {}
    for heldout, row in _leaks(splits, look_alikes, params.near_duplicate_similarity):
        near[row.pair_id] = heldout
    for name in _ORDER[1:] if near else ():
        lost += _reject_near(splits.rows[name], near)
    ledger.add("wordings", taken, sum(map(len, splits.rows.values())), lost)


def _leaks(splits: Splits, look_alikes: set[str], threshold: float) -> list[tuple[Row, Row]]:
    heldout = splits.rows["heldout"]
    others = [row for name, rows in splits.rows.items() if name != "heldout" for row in rows]
    if not look_alikes:
        return leaks(heldout, others, threshold)
    alike = [row for row in heldout if row.pair.pair_id in look_alikes]
    different = [row for row in heldout if row.pair.pair_id not in look_alikes]
    unlike = [row for row in others if row.pair.pair_id not in look_alikes]
    return leaks(different, others, threshold) + leaks(alike, unlike, threshold)


def _reject_near(rows: list[Row], near: dict[str, Row]) -> list[Rejected]:
    """Remove and return the rows that are in `near`, which names the heldout row, and the wordings of such rows."""
    lost: list[Rejected] = []
    kept: list[Row] = []
    for row in rows:
        heldout = near.get(row.pair_id) or near.get(row.pair.pair_id)
        if heldout is None:
            kept.append(row)
        else:
            lost.append(Rejected.of(row.record(), "in_heldout_and_training", where(heldout.pair)))
    rows[:] = kept
    return lost


def _clashes(splits: Splits) -> list[Rejected]:
    """Remove and return rows whose question is in an earlier split, or earlier in this one with another answer.

    Two facts can share a wording although their original questions differ.
    """
    taken: dict[str, tuple[Split, str]] = {}
    clashes: list[Rejected] = []
    repeated = _asks_again(splits)
    for split in _ORDER:
        kept = []
        for row in splits.rows[split]:
            own = (split, row.output)
            if not next(repeated) or taken.setdefault(normal_form(row.asked), own) == own:
                kept.append(row)
            else:
                clashes.append(Rejected.of(row.record(), "duplicate"))
        splits.rows[split] = kept
    return clashes


def _asks_again(splits: Splits) -> Iterator[bool]:
    """Tell of each row, in order, whether another asks the same. All questions would not fit into memory."""
    questions = (normal_form(row.asked) for split in _ORDER for row in splits.rows[split])
    hashes = np.fromiter(map(hash, questions), dtype=np.int64)
    _, position, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    return iter((counts[position] > 1).tolist())
