"""Whether a training goes wrong for good, judged by the same mixture of rows each time.

A step may hold short rows only, or long ones, whose losses differ by several nats; so single points of the curve say
little. The validation rows are always the same, and so is an epoch of the training rows.
"""

from collections.abc import Sequence
from statistics import fmean

#: A loss this many times the first one, and a nat above it, twice in a row, will not come down again.
FACTOR = 1.5
#: The logs of transformers' trainer: points of the curve with `loss`, evaluations with `eval_loss`, each with `step`.
#: The evaluation of step 0 is that of the base.
History = Sequence[dict[str, float]]


def find_divergence(history: History, steps_per_epoch: int, warmup_steps: float) -> tuple[float, float] | None:
    """Return the first loss and the last one where the training diverges, else None.

    It does where the loss is twice in a row far above the first one, unless the steps in between are better than that:
    then the model learns its rows by heart, and errs on others. Where there are no two validations after the warm-up,
    the means of an epoch are judged.
    """
    for curve in (_validations(history), _epochs(history, steps_per_epoch)):
        judged = [point for point in curve[1:] if point[0] > warmup_steps]
        if len(judged) >= 2:
            return _compare(history, curve[0][1], *judged[-2:])
    return None


def _compare(
    history: History, first: float, before: tuple[int, float], now: tuple[int, float]
) -> tuple[float, float] | None:
    """Return the first loss and the last one where both judged ones, (step, loss), are far above the first."""
    limit = max(FACTOR * first, first + 1)
    diverges = min(before[1], now[1]) > limit and _mean(history, before[0], now[0]) > first
    return (first, now[1]) if diverges else None


def _validations(history: History) -> list[tuple[int, float]]:
    """Return (step, loss) of each validation."""
    return [(int(log["step"]), log["eval_loss"]) for log in history if "eval_loss" in log]


def _epochs(history: History, steps_per_epoch: int) -> list[tuple[int, float]]:
    """Return (step, loss) of the epoch up to each point of the curve, from the first whole one on."""
    steps = [int(log["step"]) for log in history if "loss" in log]
    return [(step, _mean(history, step - steps_per_epoch, step)) for step in steps if step >= steps_per_epoch]


def _mean(history: History, after: int, until: int) -> float:
    """Return the mean training loss of the points after one step and until another."""
    losses = [log["loss"] for log in history if "loss" in log and after < log["step"] <= until]
    return fmean(losses) if losses else float("inf")
