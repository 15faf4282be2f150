"""The training loop, which goes on after a kill and with less after memory ran out."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.failures import is_from_machine
from pagetune.language import tr
from pagetune.model.prompts import IGNORED
from pagetune.parent_process import STAGE
from pagetune.plan.budget import budget_bytes
from pagetune.plan.memory import Plan
from pagetune.plan.steps import micro_batches
from pagetune.train.adapter import forward_options, load_weights
from pagetune.train.batches import EncodedRow
from pagetune.train.checkpoints import Store, step_of
from pagetune.train.curve import FOLLOWED, Followed, LossPoint, loss_curve
from pagetune.train.distributed import gather_from_all, log_once
from pagetune.train.inputs import TrainingInputs
from pagetune.train.oom import resume_point, shrink_after_oom
from pagetune.train.shortage import is_out_of_memory


@dataclass(frozen=True)
class Outcome:
    """How a training went. `points` are the memory curve; `speed` counts from the last start."""

    curve: list[LossPoint]
    points: list[dict[str, float]]
    plan: Plan
    speed: dict[str, float | None]
    #: Trainable and all parameters, counted before FSDP shards them.
    parameters: tuple[int, int]


def fit(inputs: TrainingInputs, model: Any, plan: Plan, store: Store | None) -> Outcome:
    """Train `model` in place, from the newest checkpoint of `store` on, and with less where memory runs out."""
    parameters = model.get_nb_trainable_parameters()
    checkpoint = gather_from_all(store.latest() if store else None, inputs.world)[0]
    while True:
        trainer, progress = build_trainer(inputs, model, plan, store)
        before = inputs.stopwatch.seconds.get("steps", 0.0)
        try:
            with inputs.stopwatch.measure("steps"):
                _train(inputs, trainer, plan, checkpoint)
            in_steps = trainer.tokens_seen / max(1e-9, inputs.stopwatch.seconds["steps"] - before)
            return _outcome(inputs, trainer, progress, plan, parameters, in_steps)
        except RuntimeError as error:
            if not is_out_of_memory(error) or inputs.world.launched:
                raise
            problem = str(error).split("\n")[0]
        finally:
            progress.close()
            trainer.checkpoints.settle()
        # Outside the handler: the traceback holds the tensors of the micro-batch that did not fit.
        checkpoint = resume_point(trainer, store, checkpoint, problem)
        plan = shrink_after_oom(inputs, model, plan, trainer, problem)
        del trainer, progress


def _train(inputs: TrainingInputs, trainer: Any, plan: Plan, checkpoint: Path | None) -> None:
    if checkpoint:
        log_once(tr("resuming from step {step}", step=step_of(checkpoint)))
        trainer.add_callback(_restoring(trainer, checkpoint))
        if _had_stopped(checkpoint):
            done = step_of(checkpoint) * plan.gradient_accumulation_steps * inputs.world.processes
            trainer.batches.train = trainer.batches.train[:done]
    with _naming_the_checkpoint(trainer, checkpoint):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.checkpoints.wait()
    gather_from_all(None, inputs.world)  # the others read what the first one has written
    if inputs.params.train.load_best_model_at_end and trainer.state.best_global_step:
        _load_best(trainer, FOLLOWED[inputs.params.train.stop_on])


@contextmanager
def _naming_the_checkpoint(trainer: Any, checkpoint: Path | None) -> Iterator[None]:
    """Raise UserError where a checkpoint cannot be loaded: its files have their sizes, but may hold anything."""
    try:
        yield
    except Exception as error:
        no_memory = isinstance(error, RuntimeError) and is_out_of_memory(error)
        if checkpoint is None or trainer.began_step or no_memory or is_from_machine(error):
            raise
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise UserError(
            "{checkpoint} cannot be loaded ({said}). Run `rm -r {checkpoint}` and `dvc repro`, which "
            "goes on from the one before, or starts again.",
            checkpoint=checkpoint,
            said=said,
        ) from error


def _outcome(
    inputs: TrainingInputs, trainer: Any, progress: Any, plan: Plan, parameters: tuple[int, int], in_steps: float
) -> Outcome:
    speed = {
        "tokens_per_second": round(progress.tokens_per_second(), 1),
        "step_tokens_per_second": round(in_steps, 1),
        "mfu": _rounded(progress.mfu()),
    }
    curve = loss_curve(trainer.state.log_history, inputs.steps_per_epoch)
    return Outcome(curve, trainer.memory, plan, speed, parameters)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _had_stopped(checkpoint: Path) -> bool:
    """Return whether the training had ended here; transformers would train on until the next evaluation."""
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return bool(state["stateful_callbacks"]["TrainerControl"]["args"]["should_training_stop"])


def _restoring(trainer: Any, checkpoint: Path) -> Any:
    from transformers import TrainerCallback

    class Restoring(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            trainer.restore_progress(checkpoint)

    return Restoring()


def _load_best(trainer: Any, followed: Followed) -> None:
    best, which = trainer.state.best_global_step, tr("highest") if followed.higher_is_better else tr("lowest")
    log_once(
        tr(
            "taking step {best}, whose {words} {value:.4f} was the {which}",
            best=best,
            words=followed.words,
            value=trainer.state.best_metric,
            which=which,
        )
    )
    load_weights(trainer.accelerator.unwrap_model(trainer.model), trainer.store.whole(best))


def build_trainer(inputs: TrainingInputs, model: Any, plan: Plan, store: Store | None) -> tuple[Any, Any]:
    """Return the trainer, and the callback that knows its speed."""
    from transformers import PrinterCallback, ProgressCallback

    from pagetune.train import callbacks
    from pagetune.train.step_trainer import trainer_class

    train, memory = inputs.params.train, []  # type: ignore[var-annotated]
    kind = trainer_class(model)
    trainer = kind(
        _batches(inputs, model, plan), store, memory, inputs.stopwatch, train.checkpoint_minutes,
        model=model, args=_arguments(inputs, plan, store, kind.causal), processing_class=inputs.tokenizer,
    )  # fmt: skip
    trainer.graphs = _graphs(inputs, plan, trainer)
    flops_per_token = 4 * inputs.setup.shape.linear_parameters
    progress = callbacks.Progress(flops_per_token, lambda: trainer.tokens_seen, inputs.world.processes)
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    for added in (
        callbacks.Health(train, inputs.steps_per_epoch),
        callbacks.Memory(memory, train.empty_cache_threshold),
        progress,
        *_early_stopping(inputs),
        *_live(inputs),
    ):
        trainer.add_callback(added)
    return trainer, progress


def _graphs(inputs: TrainingInputs, plan: Plan, trainer: Any) -> Any:
    """Return the CUDA graphs that run the micro-batches, None where launching them one by one costs no time."""
    from pagetune.train.callbacks import peak_flops
    from pagetune.train.graphed_step import GraphedSteps, pays
    from pagetune.train.step_trainer import loss_of

    simple = plan.packing and not plan.gradient_checkpointing and not inputs.world.launched
    plain = inputs.backend.name == "peft" and inputs.choice.precision == "bf16" and not inputs.params.train.fp8
    if not simple or not plain:
        return None
    shape = inputs.setup.shape
    flops, logits = 4 * shape.linear_parameters * plan.tokens, plan.tokens * shape.vocab_size
    if not pays(flops, peak_flops(), logits, budget_bytes(inputs.params.train.gpu_memory_gib)):
        return None

    def loss(batch: dict[str, Any], tokens: Any) -> Any:
        with trainer.compute_loss_context_manager():
            return loss_of(trainer.model_wrapped, batch, {}, tokens)

    log_once(tr("each micro-batch is one CUDA graph, because its kernels take less time than launching them"))
    sizes = max(map(len, trainer.batches.train)), max(inputs.lengths)
    return GraphedSteps(trainer.model, loss, sizes, inputs.tokenizer.pad_token_id)


def _live(inputs: TrainingInputs) -> list[Any]:
    """Return what shows the curve while DVC runs the stage; without DVC nobody reads it, and DVCLive may be missing."""
    if STAGE not in os.environ:
        return []
    from pagetune.train.callbacks import CurveFiles
    from pagetune.train.live import LiveMetrics

    return [CurveFiles(inputs.steps_per_epoch), LiveMetrics()]


def _batches(inputs: TrainingInputs, model: Any, plan: Plan) -> Any:
    from pagetune.train.step_trainer import Batches

    parts = plan.gradient_accumulation_steps * inputs.world.processes
    return Batches(
        train_rows=inputs.train_rows,
        validation_rows=inputs.validation_rows,
        train=micro_batches(inputs.steps, inputs.lengths, parts, plan.packing),
        validation=inputs.validation_batches(plan),
        collator=inputs.collator(plan.packing),
        options=forward_options(model),
        quick=inputs.quick,
        sharded=inputs.world.sharded,
    )


def _early_stopping(inputs: TrainingInputs) -> list[Any]:
    from transformers import EarlyStoppingCallback

    patience = inputs.params.train.early_stopping_patience
    return [EarlyStoppingCallback(patience)] if patience and inputs.validation_rows else []


def _arguments(inputs: TrainingInputs, plan: Plan, store: Store | None, causal: bool) -> Any:
    import torch
    from transformers import TrainingArguments
    from trl import SFTConfig

    train, dtype = inputs.params.train, inputs.autocast_dtype
    ours = {"max_length": None, "packing": False, "dataset_kwargs": {"skip_prepare_dataset": True}}  # rows are tokens
    arguments = (SFTConfig if causal else TrainingArguments)(
        output_dir=str(store.folder) if store else "models/.trainer",  # the store writes the checkpoints there
        save_strategy="best" if store and train.load_best_model_at_end else "no",  # the others follow the clock
        restore_callback_states_from_checkpoint=True,
        num_train_epochs=1,  # the batches of all our epochs are one epoch to transformers, see Steps
        learning_rate=train.learning_rate,
        lr_scheduler_type=train.lr_scheduler_type,
        warmup_steps=train.warmup_fraction,  # below 1 it is a share of all steps
        weight_decay=train.weight_decay,
        max_grad_norm=train.max_grad_norm,
        optim=_optimizer(train.optim, dtype),
        per_device_train_batch_size=plan.per_device_train_batch_size,
        gradient_accumulation_steps=plan.gradient_accumulation_steps,
        gradient_checkpointing=False,  # the backend has turned it on where the plan wants it
        use_cpu=not torch.cuda.is_available(),
        bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16,
        logging_steps=inputs.logging_steps,
        logging_nan_inf_filter=False,  # it would hide what Health stops, and wait for the GPU at each micro-batch
        eval_strategy="steps" if inputs.validation_rows else "no",
        eval_steps=inputs.eval_steps,
        metric_for_best_model=FOLLOWED[train.stop_on].name if inputs.validation_rows else None,
        greater_is_better=FOLLOWED[train.stop_on].higher_is_better,
        prediction_loss_only=True,
        remove_unused_columns=False,
        report_to=train.report_to or "none",
        disable_tqdm=True,
        log_level_replica="error",  # as TRANSFORMERS_VERBOSITY has it for the first process
        dataloader_num_workers=train.dataloader_num_workers,
        dataloader_pin_memory=torch.cuda.is_available(),
        torch_empty_cache_steps=train.torch_empty_cache_steps,
        ddp_find_unused_parameters=False,
        seed=inputs.params.seed,
        **(ours if causal else {}),
    )
    # A process uses its own GPU; transformers would spread it over all visible ones by nn.DataParallel.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def _optimizer(wanted: str, dtype: Any) -> str:
    """Return transformers' name: on a GPU PyTorch's Adam in one kernel, which a small model waits less for.

    In fp16 it is not: accelerate would not notice the steps that it skips because of an overflow.
    """
    import torch

    fused = wanted == "adamw_torch" and torch.cuda.is_available() and dtype != torch.float16
    return "adamw_torch_fused" if fused else wanted


def trained_tokens(rows: list[EncodedRow]) -> int:
    """Count the tokens that the loss is on in one epoch."""
    return sum(label != IGNORED for row in rows for label in row["labels"])
