"""The curves of a training: metrics/loss.csv, validation.csv and memory.csv, each with a point only where it was
measured."""

import csv
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pagetune.jsonl import atomic_write
from pagetune.language import Remark
from pagetune.params import StopOn
from pagetune.train.quick_scores import QUICK

METRICS = Path("metrics")


@dataclass(frozen=True)
class Followed:
    """The score by which train.stop_on decides: its name in the trainer's log after eval_, and what it is in words."""

    name: str
    higher_is_better: bool
    words: str


FOLLOWED: dict[StopOn, Followed] = {
    "loss": Followed("loss", False, Remark("validation loss")),
    "quick": Followed("quick_rouge_combined_f1", True, Remark("ROUGE of the quick answers")),
    "invented": Followed("quick_wrong", False, Remark("share of wrong quick answers")),
}


@dataclass(frozen=True)
class LossPoint:
    """A point of the curve, losses in nats: the mean training loss since the point before, the validation loss and the
    scores of evaluate.quick where there was an evaluation at this step."""

    step: int
    epoch: float
    train_loss: float
    validation_loss: float | None
    learning_rate: float
    quick: dict[str, float | None] = field(default_factory=dict)


def loss_curve(log_history: list[dict[str, float]], steps_per_epoch: int) -> list[LossPoint]:
    """Join the trainer's training and evaluation logs by step."""
    evaluations = {int(log["step"]): log for log in log_history if "eval_loss" in log}
    validation = {step: log["eval_loss"] for step, log in evaluations.items()}
    names = {name for log in evaluations.values() for name in log if name.startswith(QUICK)}
    return [
        LossPoint(
            step=int(log["step"]),
            epoch=round(int(log["step"]) / steps_per_epoch, 4),
            train_loss=log["loss"],
            validation_loss=validation.get(int(log["step"])),
            learning_rate=log["learning_rate"],
            quick={name.removeprefix(QUICK): evaluations.get(int(log["step"]), {}).get(name) for name in sorted(names)},
        )
        for log in log_history
        if "loss" in log
    ]


def best_point(evaluated: Sequence[LossPoint], stop_on: StopOn) -> LossPoint | None:
    """Return the first of the best evaluations, as the trainer keeps it."""

    followed = FOLLOWED[stop_on]

    def badness(point: LossPoint) -> float:
        scores = {"loss": point.validation_loss, **{f"quick_{name}": value for name, value in point.quick.items()}}
        value = scores[followed.name]
        return math.inf if value is None else -value if followed.higher_is_better else value

    return min(evaluated, key=badness, default=None)


def write_curve(curve: Sequence[LossPoint], folder: Path = METRICS) -> None:
    """Write loss.csv, and validation.csv with the evaluations alone: an empty cell would be drawn as a zero."""
    rows = [asdict(point) for point in curve]
    write_points(folder / "loss.csv", ["step", "epoch", "train_loss", "learning_rate"], rows)
    quick = sorted({name for point in curve for name in point.quick})
    evaluated = [
        row | {f"quick_{name}": row["quick"].get(name) for name in quick}
        for row in rows
        if row["validation_loss"] is not None
    ]
    columns = ["step", "epoch", "validation_loss", *(f"quick_{name}" for name in quick)]
    write_points(folder / "validation.csv", columns, evaluated)


def write_points(path: Path, columns: Sequence[str], points: Sequence[dict[str, Any]]) -> None:
    """Write these columns of the points as CSV."""
    with atomic_write(path) as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(points)
