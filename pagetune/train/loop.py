"""The run itself, which goes on after a kill or a lack of memory."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.model.manifest import ADAPTER
from pagetune.model.prompts import IGNORED
from pagetune.plan.memory import Plan
from pagetune.train.adapter import forward_options
from pagetune.train.batches import EncodedRow, micro_batches
from pagetune.train.checkpoints import Store, step_of
from pagetune.train.distributed import gather_from_all, log_once, sharded
from pagetune.train.inputs import Job, autocast_dtype, validation_batches
from pagetune.train.oom import is_out_of_memory, shrink_after_oom
from pagetune.train.quick_rouge import QUICK


@dataclass(frozen=True)
class LossPoint:
    """Mean training loss since the point before, validation loss where there was one just then, both in nats; and the
    scores of evaluate.quick, where that is on."""

    step: int
    epoch: float
    train_loss: float
    validation_loss: float | None
    learning_rate: float
    quick: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """`points` are the memory curve, `seconds` and `speed` those since the last start."""

    curve: list[LossPoint]
    points: list[dict[str, float]]
    plan: Plan
    seconds: float
    speed: dict[str, float | None]
    #: That train, and all of them; counted before FSDP cuts them up.
    parameters: tuple[int, int]


def fit(job: Job, model: Any, plan: Plan, store: Store | None) -> Outcome:
    """Train `model` in place. Continues from the newest checkpoint of `store`, prints so, and takes less at once where
    memory runs out."""
    parameters = model.get_nb_trainable_parameters()
    began, checkpoint = time.monotonic(), gather_from_all(store.latest() if store else None)[0]
    while True:
        trainer, progress = build_trainer(job, model, plan, store)
        try:
            return _run(job, trainer, progress, plan, checkpoint, began, parameters)
        except RuntimeError as error:
            if not is_out_of_memory(error) or job.processes > 1:
                raise
            problem = str(error).split("\n")[0]
        # Outside the handler: the traceback holds the tensors of the micro-batch that did not fit.
        checkpoint = _broken_off(trainer, store, checkpoint, problem)
        plan = shrink_after_oom(job, model, plan, trainer, problem)
        del trainer, progress


def _run(
    job: Job,
    trainer: Any,
    progress: Any,
    plan: Plan,
    checkpoint: Path | None,
    began: float,
    parameters: tuple[int, int],
) -> Outcome:
    if checkpoint:
        log_once(f"resuming from step {step_of(checkpoint)}")
        trainer.add_callback(_taking_up(trainer, checkpoint))
        if _had_stopped(checkpoint):
            trainer.batches.train = trainer.batches.train[
                : step_of(checkpoint) * plan.gradient_accumulation_steps * job.processes
            ]
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if job.params.train.load_best_model_at_end and trainer.state.best_global_step:
        _load_best(trainer)
    if sharded():  # no process holds it whole, so that all have to save it
        _save_sharded(trainer)
    speed = {"tokens_per_second": round(progress.tokens_per_second(), 1), "mfu": _rounded(progress.mfu())}
    curve = loss_curve(trainer.state.log_history, job.steps_per_epoch)
    return Outcome(curve, trainer.memory, plan, time.monotonic() - began, speed, parameters)


def _save_sharded(trainer: Any) -> None:
    trainer.save_model(str(ADAPTER))
    (ADAPTER / "training_args.bin").unlink(missing_ok=True)  # names this machine's folders


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _had_stopped(checkpoint: Path) -> bool:
    """At its end or early; transformers would train on until the next evaluation."""
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return bool(state["stateful_callbacks"]["TrainerControl"]["args"]["should_training_stop"])


def _taking_up(trainer: Any, checkpoint: Path) -> Any:
    from transformers import TrainerCallback

    class TakingUp(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            trainer.take_up(checkpoint)

    return TakingUp()


def _load_best(trainer: Any) -> None:
    from peft import load_peft_weights, set_peft_model_state_dict

    best = trainer.state.best_global_step
    log_once(f"taking step {best}, whose validation loss {trainer.state.best_metric:.4f} was the lowest")
    weights = load_peft_weights(str(trainer.store.folder_of(best)), device=str(trainer.model.device))
    set_peft_model_state_dict(trainer.accelerator.unwrap_model(trainer.model), weights)


def _broken_off(trainer: Any, store: Store | None, before: Path | None, problem: str) -> Path | None:
    """Where to go on from: the last whole step, whose weights are still there unless the optimiser had begun.

    `before` is where it had begun itself; memory may run out while that is loaded.
    """
    if not trainer.began_step:
        return before
    if trainer.state.global_step == 0 and not trainer.stepping:
        return None
    if store is not None and not trainer.stepping and before != store.folder_of(trainer.state.global_step):
        trainer.save_where_it_broke()
    checkpoint = store.latest() if store else None
    if checkpoint is None:
        raise UserError(f"out of memory ({problem}), and no checkpoint to go on from. Lower lora.r, or free the card.")
    return checkpoint


def build_trainer(job: Job, model: Any, plan: Plan, store: Store | None) -> tuple[Any, Any]:
    """The trainer, and the callback that knows its speed."""
    from transformers import PrinterCallback, ProgressCallback

    from pagetune.train import callbacks
    from pagetune.train.step_trainer import Batches, StepTrainer

    train, memory = job.params.train, []  # type: ignore[var-annotated]
    parts = plan.gradient_accumulation_steps * job.processes
    batches = Batches(
        train_rows=job.train_rows,
        validation_rows=job.validation_rows,
        train=micro_batches(job.steps, job.lengths, parts, plan.packing),
        validation=validation_batches(job, plan),
        collator=job.collator(plan.packing),
        options=forward_options(model),
        quick=job.quick,
    )
    trainer = StepTrainer(batches, store, memory, model=model, args=_arguments(job, plan, store))
    progress = callbacks.Progress(4 * job.setup.shape.linear_parameters, lambda: trainer.tokens_seen, job.processes)
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    for added in (
        callbacks.Health(train.learning_rate, train.max_grad_norm),
        callbacks.Memory(memory, train.empty_cache_threshold),
        progress,
        *_early_stopping(job),
    ):
        trainer.add_callback(added)
    return trainer, progress


def _early_stopping(job: Job) -> list[Any]:
    from transformers import EarlyStoppingCallback

    patience = job.params.train.early_stopping_patience
    return [EarlyStoppingCallback(patience)] if patience and job.validation_rows else []


def _arguments(job: Job, plan: Plan, store: Store | None) -> Any:
    import torch
    from transformers import TrainingArguments

    train, dtype = job.params.train, autocast_dtype(job)
    arguments = TrainingArguments(
        output_dir=str(store.folder) if store else "models/.trainer",  # the store's own checkpoints lie there
        save_strategy="steps" if store else "no",
        save_steps=job.eval_steps,
        restore_callback_states_from_checkpoint=True,
        num_train_epochs=1,  # of transformers': the batches of all epochs, see StepTrainer
        learning_rate=train.learning_rate,
        lr_scheduler_type=train.lr_scheduler_type,
        warmup_steps=train.warmup_fraction,  # below 1 it is a share of all steps
        weight_decay=train.weight_decay,
        max_grad_norm=train.max_grad_norm,
        optim=train.optim,
        per_device_train_batch_size=plan.per_device_train_batch_size,
        gradient_accumulation_steps=plan.gradient_accumulation_steps,
        use_cpu=not torch.cuda.is_available(),
        bf16=dtype == torch.bfloat16,
        fp16=dtype == torch.float16,
        logging_steps=job.logging_steps,
        logging_nan_inf_filter=False,  # it would hide what Health stops, and wait for the card at each micro-batch
        eval_strategy="steps" if job.validation_rows else "no",
        eval_steps=job.eval_steps,
        metric_for_best_model="loss" if job.validation_rows else None,
        greater_is_better=False,
        prediction_loss_only=True,
        remove_unused_columns=False,
        report_to=train.report_to or "none",
        disable_tqdm=True,
        dataloader_num_workers=train.dataloader_num_workers,
        dataloader_pin_memory=torch.cuda.is_available(),
        torch_empty_cache_steps=train.torch_empty_cache_steps,
        ddp_find_unused_parameters=False,
        seed=job.params.seed,
    )
    # Of several visible cards one process takes its own; transformers would spread it over all by nn.DataParallel.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


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


def trained_tokens(rows: list[EncodedRow]) -> int:
    """Tokens that the loss is on, in one epoch."""
    return sum(label != IGNORED for row in rows for label in row["labels"])
