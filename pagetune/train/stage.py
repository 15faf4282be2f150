"""The stage train as a whole: from the files of the pipeline to a tuned adapter, its metrics and its curves."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.jsonl import read_records, write_json
from pagetune.language import Remark, tr
from pagetune.model.loading import load_config
from pagetune.model.manifest import ADAPTER, BASE, Manifest, read_manifest
from pagetune.model.precision import PrecisionChoice, resolve_precision
from pagetune.model.template import CARRIED, read_template
from pagetune.params import Params
from pagetune.plan.budget import budget_bytes, cap_gpu_memory, needs_sharding
from pagetune.plan.memory import Plan
from pagetune.plan.recipe import ResolvedParams, describe_corpus, describe_recipe, resolve_recipe
from pagetune.plan.shapes import known_shape
from pagetune.records import Example
from pagetune.train.adapter import save_adapter
from pagetune.train.asked import OPEN_ROWS
from pagetune.train.backend import load_for_training
from pagetune.train.checkpoints import Store, open_store, run_key, state_folder
from pagetune.train.cost import BEGAN, Stopwatch, describe_cost
from pagetune.train.curve import METRICS, best_point, write_curve, write_points
from pagetune.train.distributed import (
    UNSHARDED,
    World,
    count_processes,
    gather_from_all,
    leave,
    log_once,
    run_processes,
    speaks_first,
)
from pagetune.train.inputs import PROMPTS, STOPPING, TrainingInputs, prepare
from pagetune.train.loop import Outcome, fit, trained_tokens
from pagetune.train.oom import (
    launch_until_it_fits,
    plan_with_shortages,
    probe_largest_batch,
    reporting_out_of_memory,
)
from pagetune.train.packed_attention import Kernel, rows_stay_apart
from pagetune.train.preflight import check_adapter
from pagetune.train.replay import ROWS
from pagetune.train.shortage import empty_cache

#: Settings that say how a training is fitted into the machine; when one of them changes it goes on where it was.
NO_RESULT = {
    "processes", "memory", "gpu_memory_gib", "per_device_train_batch_size", "packing", "gradient_checkpointing",
    "dataloader_num_workers", "torch_empty_cache_steps", "empty_cache_threshold", "report_to", "checkpoint_minutes",
}  # fmt: skip


#: The libraries that the result follows from. The last two need not be installed.
LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "unsloth", "liger-kernel")


def train_adapter(params: Params) -> None:
    """Train on data/prompts and write everything that the stage train writes; on several GPUs start a process for each.

    Raises UserError where the rows, the settings or the machine do not allow it.
    """
    # Segments that can grow: less memory is lost between tensors whose sizes change with every batch.
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    stopwatch, manifest, world = Stopwatch(), read_manifest(), World.from_environment()
    if world.sharded:  # by a launcher that is not ours, too
        os.environ.update(UNSHARDED)
    resolved, recipe = settle(params, manifest)
    processes = count_processes(resolved.train.processes, resolved.train.effective_batch_size)
    set_cuda_device(world)
    choice = resolve_precision(params.precision, manifest.parameters, params.quantization, manifest.quantized)
    if processes > world.processes:
        launch(resolved, manifest, choice, processes)
        return
    log_once(recipe)
    try:
        train_here(resolved, manifest, choice, world, stopwatch)
    except (UserError, OSError):
        if not speaks_first():
            sys.exit(1)
        raise
    leave()


def train_here(
    params: ResolvedParams, manifest: Manifest, choice: PrecisionChoice, world: World, stopwatch: Stopwatch
) -> None:
    """Train in this process, alone or as one of several."""
    inputs = prepare(params, manifest, choice, world, stopwatch)
    with store_of(inputs) as store:
        model, outcome = tune(inputs, store)
        if world.is_first:
            write_results(inputs, model, outcome)
            store.finish()


def settle(params: Params, manifest: Manifest) -> tuple[ResolvedParams, str]:
    """Return the settings with the recipe for this base and these rows, and the line that says what it is."""
    corpus = describe_corpus(read_records(PROMPTS / "train.jsonl", Example))
    resolved = resolve_recipe(params, corpus, manifest.parameters, manifest.source == "builtin")
    return resolved, describe_recipe(params, resolved, corpus, manifest.parameters)


def set_cuda_device(world: World) -> None:
    """Give each process its own GPU, before anything asks for memory and takes some of the first one's."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(world.local_rank)


def launch(params: ResolvedParams, manifest: Manifest, choice: PrecisionChoice, processes: int) -> None:
    """Run the stage in several processes, again with less where memory ran out in one of them."""
    began = {BEGAN: str(time.time())}
    sharded = needs_sharding(params, known_shape(load_config(manifest), manifest.id), choice)
    launch_until_it_fits(lambda environment: run_processes(processes, sharded, environment | began), processes)


@contextmanager
def store_of(inputs: TrainingInputs) -> Iterator[Store]:
    """Open the checkpoints of this training; the first of several processes holds them, the others know the folder."""
    if inputs.world.is_first:
        with open_store(training_key(inputs)) as store:
            yield store
    else:
        yield Store(state_folder() / training_key(inputs))


def training_key(inputs: TrainingInputs) -> str:
    """Return a hash of all that the result follows from: rows, settings, base model, libraries, code."""
    params, manifest = inputs.params, inputs.manifest
    parts = {
        "params": {
            "seed": params.seed,
            "lora": params.lora.model_dump(),
            "train": params.train.model_dump(exclude=NO_RESULT),
        },
        "quick": params.evaluate.quick,  # its scores are in the curve
        "quantization": params.quantization.model_dump(),
        "precision": inputs.choice.precision,
        "backend": inputs.backend.name,
        "manifest": manifest.model_dump(exclude={"location"}),
        "versions": {name: _version(name) for name in LIBRARIES},
        "sharded": inputs.world.sharded,
    }
    files = [
        PROMPTS / "train.jsonl",
        PROMPTS / "validation.jsonl",
        STOPPING,
        OPEN_ROWS,
        ROWS,
        *_code(),
        *_scoring(params),
    ]
    base = BASE if manifest.source == "builtin" else Path(manifest.location)
    return run_key(parts, files if manifest.source == "hub" else [*files, base])


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _code() -> list[Path]:
    package = Path(__file__).parents[1]
    names = ("fp8", "fused_lora", "language_model", "loading", "precision", "prompts")
    model = [package / "model" / f"{name}.py" for name in names]
    return [*sorted((package / "train").glob("*.py")), *model, package / "plan" / "steps.py"]


def _scoring(params: Params) -> list[Path]:
    """Return the code by which answers decide when a training stops, if they do."""
    package = Path(__file__).parents[1]
    decides = params.train.stop_on != "loss"
    return [*sorted((package / "text").glob("*.py")), package / "evaluate/scoring.py"] if decides else []


def tune(inputs: TrainingInputs, store: Store) -> tuple[Any, Outcome]:
    """Return the tuned model, and how the training went."""
    budget = shared_budget(inputs)
    plan = plan_with_shortages(inputs, budget)
    # Beside the checkpoints, which go when the training is done.
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(state_folder().parent / "runs" / store.folder.name))
    with reporting_out_of_memory():
        with inputs.stopwatch.measure("load"):
            model = load_for_training(inputs, plan.gradient_checkpointing)
            log_once(check_adapter(model, inputs.params.lora))
            empty_cache()  # of what loading needed
        with inputs.stopwatch.measure("probe"):
            inputs, plan = pad_if_rows_leak(inputs, model, plan, budget)
            log_once(tr("{plan}; {packing}", plan=plan.reason, packing=_packing(inputs, plan)))
            if inputs.setup.on_gpu and not inputs.world.sharded:
                plan = probe_largest_batch(inputs, model, plan)
        log_once(describe_watch(inputs))
        return model, fit(inputs, model, plan, store)


def shared_budget(inputs: TrainingInputs) -> int:
    """Return the bytes that every process may take: GPUs need not be equally free, and all cut their steps alike."""
    limit = inputs.params.train.gpu_memory_gib
    cap_gpu_memory(limit)
    budget = budget_bytes(limit)
    # Once the processes have joined, transformers loads a base for FSDP whole: with FSDP each decides by itself.
    return budget if inputs.world.sharded else min(gather_from_all(budget, inputs.world))


def pad_if_rows_leak(inputs: TrainingInputs, model: Any, plan: Plan, budget: int) -> tuple[TrainingInputs, Plan]:
    """Pad after all where the kernel, as it runs here with this model, lets a row see its neighbour."""
    if not plan.packing or inputs.world.sharded or rows_stay_apart(model, inputs.collator(True), inputs.train_rows):
        return inputs, plan
    leaky = Kernel(None, Remark("{kernel} let one row see the next in a test", kernel=inputs.kernel.reason))
    padding = replace(inputs, kernel=leaky)
    return padding, plan_with_shortages(padding, budget)


def _packing(inputs: TrainingInputs, plan: Plan) -> str:
    if plan.packing:
        return tr("rows are packed, {kernel} keeps them apart", kernel=inputs.kernel.reason)
    why = inputs.kernel.reason if inputs.kernel.name is None else "train.packing: false"
    return tr("rows are padded ({why})", why=why)


def describe_watch(inputs: TrainingInputs) -> str:
    """Return what is seen of the training while it runs, and what a kill costs."""
    steps, minutes = len(inputs.steps), inputs.params.train.checkpoint_minutes
    watch = tr("checkpoints {minutes:g} minutes apart: a kill costs no more than that and a step", minutes=minutes)
    if not inputs.validation_rows:
        return watch
    return tr("an evaluation every {every} of {steps} steps, ", every=inputs.eval_steps, steps=steps) + watch


def write_results(inputs: TrainingInputs, model: Any, outcome: Outcome) -> None:
    """Write models/adapter, metrics/train.json and cost.json, and the curves of loss and memory."""
    with inputs.stopwatch.measure("save"):
        save_adapter(model, ADAPTER, inputs.world.sharded)
        write_json(ADAPTER / CARRIED, read_template().model_dump())
    write_curve(outcome.curve)
    write_points(METRICS / "memory.csv", list(outcome.points[0]), outcome.points)
    metrics = train_metrics(inputs, outcome)
    write_json(METRICS / "train.json", metrics)
    predicted = outcome.plan.predicted.total
    cost = describe_cost(inputs.stopwatch, outcome.points, predicted, outcome.speed, outcome.plan)
    write_json(METRICS / "cost.json", cost)
    said = {
        "rows": metrics["rows"],
        "steps": metrics["steps"],
        "seconds": cost["seconds"],
        "loss": metrics["train_loss"],
    }
    log_once(tr("{rows} rows, {steps} steps, {seconds:.0f} s, loss {loss:.3f}", **said))


def train_metrics(inputs: TrainingInputs, outcome: Outcome) -> dict[str, Any]:
    """Return metrics/train.json: the same wherever the training ran and however often it was interrupted."""
    trainable, total = outcome.parameters
    train = inputs.params.train
    evaluated = [point for point in outcome.curve if point.validation_loss is not None]
    best = best_point(evaluated, train.stop_on) if train.load_best_model_at_end else None
    kept = (best or evaluated[-1]).validation_loss if evaluated else None
    return {
        "backend": inputs.backend.name,
        "backend_reason": inputs.backend.reason,
        "lora_r": inputs.params.lora.r,
        "lora_alpha": inputs.params.lora.resolved_alpha,
        "epochs": inputs.params.train.epochs,
        "learning_rate": inputs.params.train.learning_rate,
        "rows": len(inputs.train_rows),
        "steps": outcome.curve[-1].step,
        "effective_batch_size": inputs.params.train.effective_batch_size,
        "trained_tokens_per_epoch": trained_tokens(inputs.train_rows),
        "train_loss": round(outcome.curve[-1].train_loss, 6),
        **({"validation_loss": round(kept, 6)} if kept is not None else {}),
        "precision": inputs.choice.precision,
        "trainable_parameters": trainable,
        "trainable_share": round(trainable / total, 6),
    }
