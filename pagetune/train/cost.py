"""What a training took: time, memory, and how that compares with what was planned."""

import resource
import sys
from typing import Any


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
    seconds: float, points: list[dict[str, float]], predicted_bytes: int, speed: dict[str, float | None], plan: Any
) -> dict[str, Any]:
    """Return metrics/cost.json, the only tracked figures that are measured with a clock or a meter."""
    measured = peak_gib(points)
    predicted = predicted_bytes / 2**30
    return {
        "seconds": round(seconds, 1),
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
