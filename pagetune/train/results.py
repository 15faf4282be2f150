"""The stage train as a whole, and what it leaves: models/adapter, metrics/train.json and the curves beside it."""

import csv
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pagetune.jsonl import atomic_write, write_json
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.template import CARRIED, read_template
from pagetune.params import Params
from pagetune.train.adapter import save_adapter
from pagetune.train.cost import describe_cost
from pagetune.train.distributed import count_processes, launch, launched, log_once, sharded
from pagetune.train.inputs import Job
from pagetune.train.loop import LossPoint, Outcome, trained_tokens
from pagetune.train.tune import needs_sharding, prepare, store_of, tune

METRICS = Path("metrics")


def train_adapter(params: Params) -> None:
    """Train on data/prompts and write all that the stage train writes. On several cards a process for each is started.

    Raises UserError where the rows, the settings or the machine do not allow it.
    """
    # Blocks that can grow: less memory is lost between tensors whose sizes change with every batch.
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    manifest = read_manifest()
    processes = count_processes(params.train.processes, params.train.effective_batch_size)
    if processes > 1 and not launched():
        launch(processes, needs_sharding(params, manifest))
        return
    job = prepare(params, manifest, processes)
    with store_of(job) as store:
        model, outcome = tune(job, store)
        if os.environ.get("RANK", "0") == "0":
            _write(job, model, outcome)
            store.finish()


def _write(job: Job, model: Any, outcome: Outcome) -> None:
    if not sharded():
        save_adapter(model, ADAPTER)
    write_json(ADAPTER / CARRIED, read_template().model_dump())
    write_points(METRICS / "loss.csv", [_row(point) for point in outcome.curve])
    write_points(METRICS / "memory.csv", outcome.points)
    metrics = train_metrics(job, outcome)
    write_json(METRICS / "train.json", metrics)
    predicted = outcome.plan.predicted.total
    cost = describe_cost(outcome.seconds, outcome.points, predicted, outcome.speed, outcome.plan)
    write_json(METRICS / "cost.json", cost)
    log_once(
        f"{metrics['rows']} rows, {metrics['steps']} steps, {outcome.seconds:.0f} s, loss {metrics['train_loss']:.3f}"
    )


def _row(point: LossPoint) -> dict[str, Any]:
    """With a column for each score of evaluate.quick, where that is on."""
    row = asdict(point)
    return row | {f"quick_{name}": value for name, value in row.pop("quick").items()}


def train_metrics(job: Job, outcome: Outcome) -> dict[str, Any]:
    """metrics/train.json: what was trained and how it ended, the same wherever and however often it was interrupted."""
    trainable, total = outcome.parameters
    validation = [point.validation_loss for point in outcome.curve if point.validation_loss is not None]
    best = job.params.train.load_best_model_at_end
    kept = (min(validation) if best else validation[-1]) if validation else None
    return {
        "backend": job.backend.name,
        "backend_reason": job.backend.reason,
        "lora_alpha": job.params.lora.resolved_alpha,
        "rows": len(job.train_rows),
        "steps": outcome.curve[-1].step,
        "effective_batch_size": job.params.train.effective_batch_size,
        "trained_tokens_per_epoch": trained_tokens(job.train_rows),
        "train_loss": round(outcome.curve[-1].train_loss, 6),
        **({"validation_loss": round(kept, 6)} if kept is not None else {}),
        "precision": job.choice.precision,
        "trainable_parameters": trainable,
        "trainable_share": round(trainable / total, 6),
    }


def write_points(path: Path, points: list[dict[str, Any]]) -> None:
    with atomic_write(path) as file:
        writer = csv.DictWriter(file, fieldnames=list(points[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(points)
