"""`curate.open_book_fraction`: the training rows that are asked with passages, in place of the same rows without."""

from collections.abc import Iterable
from pathlib import Path

from pagetune.errors import UserError
from pagetune.records import Example

#: Written by the stage open_book, which makes these rows (train/raft.py).
OPEN_ROWS = Path("data/asked/train.jsonl")


def put_in_place(rows: list[Example], open_rows: Iterable[Example]) -> list[Example]:
    """Return the rows, each one that is asked with passages in place of the one of its pair_id.

    Raises UserError where there is no such row: the two files are then of different runs.
    """
    by_id = {row.pair_id: row for row in open_rows}
    if unknown := by_id.keys() - {row.pair_id for row in rows}:
        raise UserError(
            "{path}: pair {pair} is not in data/prompts/train.jsonl, which was written later. Run `dvc "
            "repro open_book`.",
            path=OPEN_ROWS,
            pair=min(unknown),
        )
    return [by_id.get(row.pair_id, row) for row in rows]
