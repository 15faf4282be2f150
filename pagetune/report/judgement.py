"""A language model's verdicts on the answers, beside those of `fact_match`, with the disagreements first."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pagetune.evaluate.agreement import VERDICTS
from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.evaluation import set_of
from pagetune.evaluate.sets import sets_in
from pagetune.evaluate.sources import Sources
from pagetune.report.cases import Case, explained

#: More of them are in metrics/per_example.csv.
ANSWERS_SHOWN = 50


@dataclass(frozen=True)
class Judged:
    """An answer of `model` with both verdicts. `right` says what `fact_match` found, `reasons` why."""

    model: str
    case: Case
    right: bool
    verdict: str
    reason: str

    @property
    def answer(self) -> str:
        return (self.case.tuned if self.model == "tuned" else self.case.base).prediction

    @property
    def agrees(self) -> bool:
        return self.right == (self.verdict == "right")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the sentences that explain the verdict of `fact_match`; a summary has none."""
        return self.case.reasons[MODELS.index(self.model)].sentences if self.case.reasons else ()


def judgement_values(
    scores: dict[str, Any], cases: list[Case], per_example: Iterable[dict[str, str]], sources: Sources
) -> dict[str, Any] | None:
    """Return what the section shows, or None where `evaluate.judge` was off. `scores` is metrics/eval.json."""
    if "judge" not in scores:
        return None
    sets = sets_in(scores)
    judged = sorted(_judged_answers(cases, per_example), key=lambda one: _order(one, sets))
    shown = judged[:ANSWERS_SHOWN]
    reasoned = explained([one.case for one in shown], sources, scores["tokenizer"]["name"])
    return {
        **scores["judge"],
        "answers": [replace(one, case=case) for one, case in zip(shown, reasoned, strict=True)],
        "disagreements": sum(not one.agrees for one in judged),
        "left_out": max(0, len(judged) - ANSWERS_SHOWN),
    }


def _judged_answers(cases: list[Case], per_example: Iterable[dict[str, str]]) -> list[Judged]:
    rows = {(row["model"], row["set"], row["pair_id"]): row for row in per_example}
    judged = []
    for case in cases:
        for place, model in enumerate(MODELS):
            row = rows[model, set_of(case.tuned), case.tuned.pair_id]
            if row["judge"] in VERDICTS:
                right = case.fact_match[place] > 0
                judged.append(Judged(model, case, right, row["judge"], row["judge_reason"]))
    return judged


def _order(one: Judged, sets: list[str]) -> tuple[bool, bool, int]:
    """Return the sort key: disagreements first, of these the tuned model's."""
    return one.agrees, one.model != "tuned", sets.index(one.case.set)
