"""How often fact match errs, on answers that people have labelled: tests/data/fact_cases.jsonl."""

import json
from dataclasses import dataclass
from pathlib import Path

from pagetune.errors import UserError
from pagetune.shipped import shipped
from pagetune.text.fact_match import fact_match

CASES = shipped("tests/data/fact_cases.jsonl")
#: What the rules were made with; what nobody read, but whose counts were looked at meanwhile; and what was written once
#: the rules stood, by somebody who did not know them.
PARTS = ("seen", "aside", "fresh")


@dataclass(frozen=True)
class Case:
    """A labelled answer. `reason` says why it is right or wrong; `part` is one of `PARTS`."""

    name: str
    kind: str
    language: str
    part: str
    question: str
    reference: str
    prediction: str
    right: bool
    reason: str
    evidence: str = ""

    @property
    def found_right(self) -> bool:
        """Return the verdict of fact match."""
        return bool(fact_match(self.prediction, self.reference, self.question, self.evidence))


@dataclass(frozen=True)
class Rates:
    """How many right answers were accepted, and how many wrong ones refused."""

    accepted: int
    right: int
    refused: int
    wrong: int

    @property
    def shares(self) -> tuple[float, float]:
        return self.accepted / max(1, self.right), self.refused / max(1, self.wrong)


def read_cases(path: Path = CASES) -> list[Case]:
    """Read the labelled cases. Raises UserError where the file is not there."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(
            "score: {path} cannot be read: {error}. Run it in a clone of the project.", path=path, error=error
        ) from None
    return [Case(**json.loads(line)) for line in lines if line.strip()]


def rates(cases: list[Case]) -> Rates:
    right, wrong = ([case.found_right for case in cases if case.right is label] for label in (True, False))
    return Rates(sum(right), len(right), len(wrong) - sum(wrong), len(wrong))


def self_test() -> str:
    """Return the table: for each part and kind, the right answers that were accepted and the wrong ones refused."""
    cases = read_cases()
    lines = [f"{'':<32}{'right, accepted':>18}{'wrong, refused':>18}"]
    for part in PARTS:
        own = [case for case in cases if case.part == part]
        lines.append(_line(part, rates(own)))
        for kind in sorted({case.kind for case in own}):
            lines.append(_line(f"  {kind}", rates([case for case in own if case.kind == kind])))
    return "\n".join(lines)


def _line(name: str, found: Rates) -> str:
    accepted, refused = found.shares
    right, wrong = f"{found.accepted}/{found.right} {accepted:4.0%}", f"{found.refused}/{found.wrong} {refused:4.0%}"
    return f"{name:<32}{right:>18}{wrong:>18}"
