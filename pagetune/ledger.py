"""What went in, what came out and what was rejected why, step by step: nothing is lost in silence."""

from collections import Counter
from collections.abc import Sequence

from pagetune.records import Reason, Rejected


class Ledger:
    def __init__(self) -> None:
        self.rejected: list[Rejected] = []
        self._steps: dict[str, dict[str, object]] = {}

    def add(self, step: str, taken: int, kept: int, rejected: Sequence[Rejected]) -> None:
        """Raises RuntimeError where in is not out + rejected: an error of ours."""
        if taken != kept + len(rejected):
            raise RuntimeError(f"{step}: {taken} in is not {kept} out and {len(rejected)} rejected")
        self._steps[step] = {"in": taken, "out": kept, "rejected": count_reasons(rejected)}
        self.rejected += rejected

    def metrics(self) -> dict[str, object]:
        return {"rejected": count_reasons(self.rejected), "steps": self._steps}


def count_reasons(rejected: Sequence[Rejected]) -> dict[Reason, int]:
    """By reason, in alphabetical order."""
    return dict(sorted(Counter(row.reason for row in rejected).items()))
