"""What a training took: time by part, memory, and how that compares with what was planned."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pagetune.parent_process import is_stage

#: From the launcher of several processes: when it began itself, in seconds since the epoch.
BEGAN = "PAGETUNE_BEGAN"
#: The parts that come before the first step; `probe` tries the plan on the GPU, `base` is the base's validation loss.
BEFORE_STEPS = ("imports", "rows", "load", "probe", "base", "other")


class Stopwatch:
    """Seconds of a stage by part, from the start of its process on; a part inside another counts for itself only."""

    def __init__(self) -> None:
        self._parts, self._since = ["other"], time.time()
        #: The process has imported what is imported at its start.
        self.seconds = {"imports": self._since - _process_began(), "other": 0.0}

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Count the time until the end as `part`, and what the GPU still had to do before as the part around it."""
        _wait_for_gpu()
        self._count()
        self._parts.append(part)
        try:
            yield
        finally:
            _wait_for_gpu()
            self._count()
            self._parts.pop()

    def until_first_step(self) -> float:
        """Return the seconds of all that comes before the first step."""
        return sum(self.seconds.get(part, 0.0) for part in BEFORE_STEPS)

    def _count(self) -> None:
        now, part = time.time(), self._parts[-1]
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self._since
        self._since = now


def _process_began() -> float:
    """Return when the stage began, or the launcher above it, in seconds since the epoch; in a notebook that is now."""
    import psutil

    if not is_stage():
        return time.time()
    return float(os.environ.get(BEGAN) or psutil.Process().create_time())


def _wait_for_gpu() -> None:
    torch = sys.modules.get("torch")  # what has not been imported has given the GPU nothing to do
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def peak_process_bytes() -> int:
    """Return the most that this process has held in main memory. Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def peak_gib(points: list[dict[str, float]]) -> dict[str, float]:
    """Return the highest of a training's memory points, in GiB."""
    highest = {name: max(point[name] for point in points) for name in ("peak_mib", "peak_reserved_mib")}
    return {
        "peak_allocated_gib": round(highest["peak_mib"] / 1024, 2),
        "peak_reserved_gib": round(highest["peak_reserved_mib"] / 1024, 2),
    }


def describe_cost(
    stopwatch: Stopwatch,
    points: list[dict[str, float]],
    predicted_bytes: int,
    speed: dict[str, float | None],
    plan: Any,
) -> dict[str, Any]:
    """Return metrics/cost.json, the only tracked figures that are measured with a clock or a meter."""
    measured = peak_gib(points)
    predicted = predicted_bytes / 2**30
    return {
        "seconds": round(sum(stopwatch.seconds.values()), 1),
        "seconds_to_first_step": round(stopwatch.until_first_step(), 1),
        "seconds_by_part": {part: round(seconds, 1) for part, seconds in stopwatch.seconds.items()},
        **{name: value for name, value in speed.items() if value is not None},
        **measured,
        "predicted_gib": round(predicted, 2),
        "predicted_to_measured": round(predicted / max(0.01, measured["peak_reserved_gib"]), 3),
        "per_device_train_batch_size": plan.per_device_train_batch_size,
        "gradient_accumulation_steps": plan.gradient_accumulation_steps,
        "largest_micro_batch_tokens": plan.tokens,
        "packing": plan.packing,
        "gradient_checkpointing": plan.gradient_checkpointing,
        "plan": plan.reason,
    }
