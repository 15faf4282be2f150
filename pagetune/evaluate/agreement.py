"""What a language model said of the answers, in numbers, and how far it agrees with `fact_match`.

Both are read as right or not right. An unsupported answer is not right, and an answer without a verdict does not count.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from pagetune.evaluate.comparable import MODELS, OPEN_MODELS
from pagetune.evaluate.evaluation import Evaluation, members
from pagetune.evaluate.tables import TableRow, verdict

VERDICTS = ("right", "wrong", "unsupported")
#: Why an answer has no verdict: the reply could not be read, or the request failed.
NO_VERDICT = ("unreadable", "failed")


@dataclass(frozen=True)
class Opinion:
    """A language model's verdict on an answer and the reason in one sentence; without a verdict, what went wrong."""

    verdict: Literal["right", "wrong", "unsupported", "unreadable", "failed"]
    reason: str


#: By model, in the order of its answers.
Opinions = dict[str, list[Opinion]]


def judge_metrics(evaluation: Evaluation, opinions: Opinions) -> dict[str, Any]:
    """Return the shares of every set by model, and the agreement with fact_match over all sets."""
    shares = {
        model: {
            name: _shares([own[index] for index in members(evaluation.answers[model], name)])
            for name in evaluation.sets
        }
        for model, own in opinions.items()
    }
    both_said = {model: _both_said(evaluation, opinions, model) for model in opinions}
    both_said["all"] = [said for model in opinions for said in both_said[model]]
    return shares | {"agreement": {name: agreement(said) for name, said in both_said.items()}}


def _shares(opinions: list[Opinion]) -> dict[str, float | int | None]:
    """Return how many answers have a verdict, the share of each verdict among them, and how many have none."""
    counts: Counter[str] = Counter(opinion.verdict for opinion in opinions)
    judged = sum(counts[name] for name in VERDICTS)
    shares = {name: round(counts[name] / judged, 6) if judged else None for name in VERDICTS}
    return {"n": judged, **shares, **{name: counts[name] for name in NO_VERDICT}}


def _both_said(evaluation: Evaluation, opinions: Opinions, model: str) -> list[tuple[bool, bool]]:
    """Return whether an answer is right by the language model and by fact_match, for each answer with a verdict."""
    return [
        (opinion.verdict == "right", verdict(scores) == "right")
        for opinion, scores in zip(opinions[model], evaluation.scores[model], strict=True)
        if opinion.verdict in VERDICTS
    ]


def agreement(said: list[tuple[bool, bool]]) -> dict[str, float | int | None]:
    """Return the four counts of (right by the judge, right by fact_match), the share of equal ones, and kappa."""
    counts = Counter(said)
    equal = counts[True, True] + counts[False, False]
    return {
        "n": len(said),
        "both_right": counts[True, True],
        "only_judge_right": counts[True, False],
        "only_fact_match_right": counts[False, True],
        "neither_right": counts[False, False],
        "observed": round(equal / len(said), 6) if said else None,
        "kappa": cohens_kappa(said),
    }


def cohens_kappa(said: list[tuple[bool, bool]]) -> float | None:
    """Return (observed - chance) / (1 - chance), from -1 to 1.

    `chance` is the agreement of two judges who say right as often as these two, but at random. None where it is 1,
    because both say the same of every answer and kappa is 0 / 0, and where there is no answer.
    """
    n = len(said)
    first, second = sum(one for one, _ in said), sum(other for _, other in said)
    chance = first * second + (n - first) * (n - second)  # times n², so that the test for 1 is exact
    equal = sum(one == other for one, other in said)
    return None if chance == n * n else round((n * equal - chance) / (n * n - chance), 6)


def add_opinions(rows: list[TableRow], opinions: Opinions) -> list[TableRow]:
    """Return the rows of metrics/per_example.csv with `judge` and `judge_reason`, which are empty for the controls."""
    waiting = {model: iter(own) for model, own in opinions.items()}
    return [row | _columns(next(waiting[row["model"]]) if row["model"] in waiting else None) for row in rows]


def _columns(opinion: Opinion | None) -> TableRow:
    return {"judge": opinion.verdict if opinion else "", "judge_reason": opinion.reason if opinion else ""}


def agreement_line(metrics: dict[str, Any]) -> str:
    """Return one line for the terminal, from `judge` of metrics/eval.json."""
    overall, models = metrics["agreement"]["all"], [name for name in (*MODELS, *OPEN_MODELS) if name in metrics]
    lacking = {name: sum(own[name] for model in models for own in metrics[model].values()) for name in NO_VERDICT}
    without = f"unreadable replies: {lacking['unreadable']}, failed requests: {lacking['failed']}"
    if not overall["n"]:
        return f"{metrics['model']} judged no answer; {without}"
    kappas = ", ".join(f"{_kappa(metrics['agreement'][model])} on {model}" for model in models)
    agrees = f"it agrees with fact_match on {overall['observed']:.0%}, kappa {kappas}"
    return f"{metrics['model']} judged {overall['n']} answers; {agrees}; {without}"


def _kappa(row: dict[str, Any]) -> str:
    return "not defined" if row["kappa"] is None else f"{row['kappa']:.2f}"
