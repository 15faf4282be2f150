"""What curate made of each pair in its last run: its grade, the splits it is in, or why it was rejected."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pagetune.records import Pair, fact_id

SPLITS = Path("data/splits")
_NAMES = ("train", "validation", "recall", "heldout")


@dataclass
class Outcome:
    """All is empty where curate has not run since build_qa."""

    grade: float | None = None
    splits: list[str] = field(default_factory=list)
    reason: str | None = None
    detail: str | None = None


class Outcomes:
    """The outcomes by pair. Rejected rows have no id, so that they are found by their texts."""

    def __init__(self) -> None:
        self._by_id: dict[str, Outcome] = {}
        self._rejected: dict[tuple[str, str, str], dict[str, Any]] = {}

    @classmethod
    def read(cls, folder: Path = SPLITS) -> "Outcomes":
        found = cls()
        for name in _NAMES:
            for row in _rows(folder / f"{name}.jsonl"):
                outcome = found._by_id.setdefault(fact_id(row["pair_id"]), Outcome(row["grade"]))
                if name not in outcome.splits:
                    outcome.splits.append(name)
        for row in _rows(folder / "rejected.jsonl"):
            found._rejected.setdefault((row["doc_id"], row["instruction"], row["output"]), row)
        return found

    def of(self, *forms: Pair) -> Outcome:
        """Return the outcome of a pair, which may have been edited before or after curate ran: `forms` are both."""
        rows = (self._rejected.get((pair.doc_id, pair.instruction, pair.output)) for pair in forms)
        if row := next(filter(None, rows), None):
            grade = row["detail"].split(",")[0] if row["reason"] == "low_grade" else None
            return Outcome(float(grade) if grade else None, [], row["reason"], row["detail"])
        return self._by_id.get(forms[0].pair_id, Outcome())


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows as they are: reading hundreds of thousands into records would take too long to wait for."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.strip())
