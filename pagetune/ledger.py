"""A count of what each step took, kept and rejected, and why: nothing is dropped silently."""

from collections import Counter
from collections.abc import Sequence

from pagetune.records import Reason, Rejected


class Ledger:
    def __init__(self) -> None:
        self.rejected: list[Rejected] = []
        self._steps: dict[str, dict[str, object]] = {}
        self._taken: dict[str, int] = {}
        self._told: dict[str, object] = {}

    def add(self, step: str, taken: int, kept: int, rejected: Sequence[Rejected]) -> None:
        """Add the counts of a step. Raise RuntimeError where in is not out + rejected, which is a bug."""
        if taken != kept + len(rejected):
            raise RuntimeError(f"{step}: {taken} in is not {kept} out and {len(rejected)} rejected")
        self._steps[step] = {"in": taken, "out": kept, "rejected": count_reasons(rejected)}
        self._taken[step] = taken
        self.rejected += rejected

    def tell(self, name: str, value: object) -> None:
        """Put what a step has to say beside its counts into the metrics."""
        self._told[name] = value

    @property
    def total(self) -> int:
        """Return how many the first step took."""
        return next(iter(self._taken.values()))

    def metrics(self) -> dict[str, object]:
        return {"rejected": count_reasons(self.rejected), "steps": self._steps} | self._told


def count_reasons(rejected: Sequence[Rejected]) -> dict[Reason, int]:
    """Count the rejected rows by reason, in alphabetical order."""
    return dict(sorted(Counter(row.reason for row in rejected).items()))
