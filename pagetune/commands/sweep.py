"""`python -m pagetune sweep`: the smallest rank within noise of the best, among the experiments that DVC knows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pagetune.commands.experiments import Experiment, comparable
from pagetune.errors import UserError
from pagetune.evaluate.evaluation import VIEWS
from pagetune.jsonl import atomic_write
from pagetune.language import tr
from pagetune.params import Task

PICTURE = Path("metrics/sweep.svg")
#: The only set that decides, by the main metric of the task; the other sets are looked at afterwards.
CHOSEN_BY = "validation"
HOW = "`dvc exp run --queue -S 'lora.r=4,8,16,32,64'`, then `dvc queue start`"
CHOSEN_COLOUR, OTHER_COLOUR = "#1f6feb", "#9aa5b1"


@dataclass(frozen=True)
class Score:
    """A share of right answers from 0 to 1, its 95% interval, and the number of facts asked for, in any wording."""

    value: float
    low: float
    high: float
    facts: int


@dataclass(frozen=True)
class Rank:
    rank: int
    runs: list[Experiment]
    score: Score


@dataclass(frozen=True)
class Sweep:
    """The `ranks` from the smallest up, compared by `metric`, and a line for each experiment that does not count."""

    ranks: list[Rank]
    chosen: Rank
    best: Rank
    left_out: list[str]
    metric: str


def compare(runs: list[Experiment], left_out: list[str]) -> Sweep:
    """Compare the ranks of the runs. Raise UserError where there are fewer than two, or no scores to compare."""
    runs, others = comparable(runs)
    left_out, metric = [*left_out, *others], _metric(runs)
    ranks = [
        _rank(rank, [run for run in runs if run.rank == rank], metric) for rank in sorted({run.rank for run in runs})
    ]
    if len(ranks) < 2:
        seen = tr("only r={rank} has scores", rank=ranks[0].rank) if ranks else tr("no rank has scores")
        names = tr(" (left out: {names})", names="; ".join(left_out)) if left_out else ""
        raise UserError(
            "sweep: {seen} among the experiments of this commit{names}. Make a sweep: {commands}.",
            seen=seen,
            names=names,
            commands=HOW,
        )
    chosen, best = choose_rank([rank.score for rank in ranks])
    if not ranks[best].score.value:
        raise UserError(
            "sweep: no rank answers a question of `{chosen_by}`, {metric} is 0. Raise train.epochs first.",
            chosen_by=CHOSEN_BY,
            metric=metric,
        )
    return Sweep(ranks, ranks[chosen], ranks[best], left_out, metric)


def _metric(runs: list[Experiment]) -> str:
    """Return the main metric of the task, which is the same for all comparable runs."""
    task: Task = next((run.params["task"] for run in runs if "task" in run.params), "qa")
    return VIEWS[task].headline


def _rank(rank: int, runs: list[Experiment], metric: str) -> Rank:
    scores = [score for run in runs if (score := score_of(run.tuned[CHOSEN_BY], metric))]
    if len(scores) < len(runs):
        raise UserError(
            "sweep: `{chosen_by}` is empty (n is 0), and ranks are chosen only by it. Raise "
            "curate.validation_fraction or curate.paraphrases, and train again.",
            chosen_by=CHOSEN_BY,
        )
    return Rank(rank, runs, pool(scores))


def choose_rank(scores: Sequence[Score]) -> tuple[int, int]:
    """Return the indices of the chosen and the best score; `scores` go from the smallest rank up.

    The best is the first of the highest; the chosen one is the first within noise of it.
    """
    best = max(range(len(scores)), key=lambda index: scores[index].value)
    return next(index for index, score in enumerate(scores) if within_noise(score, scores[best])), best


def within_noise(score: Score, best: Score) -> bool:
    """Return whether one of the scores is inside the other's interval."""
    return score.low <= best.value <= score.high or best.low <= score.value <= best.high


def score_of(scores: dict[str, Any], metric: str) -> Score | None:
    """Read the score of one set in metrics/eval.json; return None where the set is empty."""
    if not scores["n"]:
        return None
    value, low, high = (float(scores[f"{metric}{end}"]) for end in ("", "_ci95_low", "_ci95_high"))
    return Score(value, low, high, int(scores["facts"]))


def pool(scores: Sequence[Score]) -> Score:
    """Combine several runs of one rank: take the means of their scores and of both ends of their intervals.

    An interval from the lowest end to the highest would be wide enough for anything where one run failed.
    """
    value = math.fsum(score.value for score in scores) / len(scores)
    low, high = (math.fsum(ends) / len(scores) for ends in zip(*((s.low, s.high) for s in scores), strict=True))
    return Score(value, low, high, min(score.facts for score in scores))


def sweep_lines(sweep: Sweep) -> list[str]:
    """Return the lines to print: the table, the choice, its scores on the test sets, and what was left out."""
    chosen, best = sweep.chosen, sweep.best
    score = f"{sweep.metric} on {CHOSEN_BY}"
    head = f"  rank  {score:<26}{'noise':<8}{'seconds':>9}{'GiB':>8}{'tokens/s':>10}  experiments"
    choice = tr(
        "sweep: r={rank} is the smallest rank within noise of the best (r={best}, {facts} facts)",
        rank=chosen.rank,
        best=best.rank,
        facts=best.score.facts,
    )
    tests = [
        f"  {name:<20}{_test_score(chosen, name, sweep.metric)}" for name in chosen.runs[0].tuned if name != CHOSEN_BY
    ]
    left_out = [tr("sweep: left out: {line}", line=line) for line in sweep.left_out]
    return [head, *(_row(rank, sweep) for rank in sweep.ranks), choice, *tests, *left_out]


def _row(rank: Rank, sweep: Sweep) -> str:
    mark = "*" if rank is sweep.chosen else " "
    noise = "within" if within_noise(rank.score, sweep.best.score) else "below"
    seconds, gib, speed = (cost(rank, key) for key in ("seconds", "peak_reserved_gib", "tokens_per_second"))
    measured = f"{_number(seconds, 1):>9}{_number(gib, 2):>8}{_number(speed, 0):>10}"
    return f"{mark}{rank.rank:>5}  {_with_interval(rank.score):<26}{noise:<8}{measured}  " + ", ".join(
        r.name for r in rank.runs
    )


def cost(rank: Rank, key: str) -> float | None:
    """Return a value of metrics/cost.json: the mean over runs, the highest of peaks, None where none was measured."""
    values = [run.cost[key] for run in rank.runs if run.cost.get(key) is not None]
    if not values:
        return None
    return float(max(values) if key.startswith("peak") else math.fsum(values) / len(values))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _with_interval(score: Score) -> str:
    return f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"


def _test_score(rank: Rank, name: str, metric: str) -> str:
    scores = [score for run in rank.runs if (score := score_of(run.tuned.get(name, {"n": 0}), metric))]
    return f"{_with_interval(pool(scores))} ({pool(scores).facts} facts)" if scores else "empty"


def draw_sweep(sweep: Sweep, picture: Path = PICTURE) -> None:
    """Draw an SVG without a date and with fixed ids, so that the same numbers give the same bytes."""
    import matplotlib

    matplotlib.use("svg")
    style = {"svg.hashsalt": "pagetune", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with matplotlib.rc_context(style):
        from matplotlib import pyplot

        ratios = {"width_ratios": [2, 1, 1]}
        figure, axes = pyplot.subplots(1, 3, figsize=(9.6, 3.4), layout="constrained", gridspec_kw=ratios)
        _draw_scores(axes[0], sweep)
        _draw_cost(axes[1], sweep, "seconds", "training time in s")
        _draw_cost(axes[2], sweep, "peak_reserved_gib", "peak memory in GiB")
        with atomic_write(picture) as file:
            figure.savefig(file, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def _draw_scores(axes: Any, sweep: Sweep) -> None:
    best = sweep.best.score
    axes.axhspan(best.low, best.high, color=OTHER_COLOUR, alpha=0.2, linewidth=0, label="interval of the best")
    for position, rank in enumerate(sweep.ranks):
        score, colour = rank.score, _colour(rank, sweep)
        reach = [[score.value - score.low], [score.high - score.value]]
        label = f"r={rank.rank}, chosen" if rank is sweep.chosen else None
        axes.errorbar(position, score.value, yerr=reach, fmt="o", color=colour, capsize=3, label=label)
    lowest = max(0.0, min(rank.score.low for rank in sweep.ranks) - 0.05)
    axes.set_ylim(lowest, 1.02)
    axes.set_ylabel(f"{sweep.metric} on {CHOSEN_BY}, 95% interval")
    axes.legend(frameon=False, loc="lower right")
    _mark_ranks(axes, sweep)


def _draw_cost(axes: Any, sweep: Sweep, key: str, label: str) -> None:
    values = [cost(rank, key) or 0.0 for rank in sweep.ranks]
    axes.bar(range(len(values)), values, color=[_colour(rank, sweep) for rank in sweep.ranks], width=0.6)
    axes.set_ylabel(label)
    _mark_ranks(axes, sweep)


def _colour(rank: Rank, sweep: Sweep) -> str:
    return CHOSEN_COLOUR if rank is sweep.chosen else OTHER_COLOUR


def _mark_ranks(axes: Any, sweep: Sweep) -> None:
    axes.set_xticks(range(len(sweep.ranks)), [str(rank.rank) for rank in sweep.ranks])
    chosen = axes.get_xticklabels()[sweep.ranks.index(sweep.chosen)]
    chosen.set(color=CHOSEN_COLOUR, fontweight="bold")
    axes.set_xlabel("lora.r")
