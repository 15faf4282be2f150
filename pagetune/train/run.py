"""One training run: examples in, adapter and loss curve out."""

import resource
import sys
import time
from dataclasses import dataclass
from typing import Any

from pagetune.errors import UserError
from pagetune.params import Train
from pagetune.precision import Precision
from pagetune.prompts import IGNORED, encode_example
from pagetune.records import Example

#: Points on the loss curve.
CURVE_POINTS = 20


@dataclass(frozen=True)
class LossPoint:
    """Mean training loss since the point before, validation loss (None without validation rows), both in nats."""

    step: int
    epoch: float
    train_loss: float
    validation_loss: float | None
    learning_rate: float


def encode_examples(examples: list[Example], tokenizer: Any, max_length: int) -> list[dict[str, list[int]]]:
    """Raises UserError where a row would be cut: a cut answer has no EOS, and the model would learn not to stop."""
    rows = [encode_example(example, tokenizer) for example in examples]
    too_long = [len(row["input_ids"]) for row in rows if len(row["input_ids"]) > max_length]
    if too_long:
        raise UserError(
            f"data/prompts: {len(too_long)} of {len(rows)} rows are longer than train.max_length={max_length} tokens, "
            f"the longest has {max(too_long)}. Raise train.max_length or lower qa.max_answer_characters."
        )
    return rows


def count_steps(rows: int, params: Train) -> int:
    """Optimiser steps of the whole run."""
    effective = params.per_device_train_batch_size * params.gradient_accumulation_steps
    return params.epochs * -(-rows // effective)


def fit(
    model: Any,
    tokenizer: Any,
    train_rows: list[dict[str, list[int]]],
    validation_rows: list[dict[str, list[int]]],
    params: Train,
    precision: Precision,
    seed: int,
) -> list[LossPoint]:
    """Train `model` in place with TRL's SFTTrainer and return the loss curve."""
    from datasets import Dataset
    from transformers import PrinterCallback

    steps = count_steps(len(train_rows), params)
    trainer = _trainer_class()(
        model=model,
        args=_config(params, steps, precision, bool(validation_rows), seed),
        train_dataset=Dataset.from_list(train_rows),
        eval_dataset=Dataset.from_list(validation_rows) if validation_rows else None,
        processing_class=tokenizer,
        callbacks=[_progress(steps)],
    )
    trainer.remove_callback(PrinterCallback)  # prints every log as a dictionary
    trainer.train()
    return loss_curve(trainer.state.log_history)


def _trainer_class() -> Any:
    """TRL's SFTTrainer; its loss is a Triton kernel, in whose place a CPU takes transformers' own, equal loss."""
    import torch
    from transformers import Trainer
    from trl import SFTTrainer

    class CpuSFTTrainer(SFTTrainer):  # type: ignore[misc]
        compute_loss = Trainer.compute_loss

    return SFTTrainer if torch.cuda.is_available() else CpuSFTTrainer


def _config(params: Train, steps: int, precision: Precision, has_validation: bool, seed: int) -> Any:
    import torch
    from trl import SFTConfig

    every = max(1, steps // CURVE_POINTS)
    on_gpu = torch.cuda.is_available()
    return SFTConfig(
        output_dir="models/.trainer",  # nothing is saved there, see save_strategy
        save_strategy="no",
        num_train_epochs=params.epochs,
        learning_rate=params.learning_rate,
        lr_scheduler_type=params.lr_scheduler_type,
        warmup_steps=params.warmup_fraction,  # below 1 it is a share of all steps
        weight_decay=params.weight_decay,
        max_grad_norm=params.max_grad_norm,
        per_device_train_batch_size=params.per_device_train_batch_size,
        per_device_eval_batch_size=params.per_device_train_batch_size,
        gradient_accumulation_steps=params.gradient_accumulation_steps,
        gradient_checkpointing=params.gradient_checkpointing,
        max_length=params.max_length,
        train_sampling_strategy="group_by_length",
        # Rows come as token ids with labels: nothing may be cut, re-tokenised or given a second EOS.
        dataset_kwargs={"skip_prepare_dataset": True},
        bf16=on_gpu and precision not in ("fp16", "fp32") and torch.cuda.is_bf16_supported(including_emulation=False),
        fp16=on_gpu and precision == "fp16",
        logging_steps=every,
        eval_strategy="steps" if has_validation else "no",
        eval_steps=every,
        prediction_loss_only=True,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=on_gpu,
        seed=seed,
    )


def _progress(steps: int) -> Any:
    from transformers import TrainerCallback

    class Progress(TrainerCallback):  # type: ignore[misc]
        """A line now and then: the trainer's own output is a dictionary a step."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.began = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
            if "loss" in logs:
                left = (time.monotonic() - self.began) / state.global_step * (steps - state.global_step)
                print(
                    f"train: step {state.global_step} of {steps}, loss {logs['loss']:.3f}, {left:.0f} s left",
                    flush=True,
                )

    return Progress()


def loss_curve(log_history: list[dict[str, float]]) -> list[LossPoint]:
    """Join the trainer's training and evaluation logs by step."""
    validation = {int(log["step"]): log["eval_loss"] for log in log_history if "eval_loss" in log}
    return [
        LossPoint(
            step=int(log["step"]),
            epoch=log["epoch"],
            train_loss=log["loss"],
            validation_loss=validation.get(int(log["step"])),
            learning_rate=log["learning_rate"],
        )
        for log in log_history
        if "loss" in log
    ]


def trained_tokens(rows: list[dict[str, list[int]]]) -> int:
    """Tokens that the loss is on, in one epoch."""
    return sum(label != IGNORED for row in rows for label in row["labels"])


def peak_memory_gib() -> float:
    """The GPU's peak if there is one, else the process's."""
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_reserved()) / 2**30
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 2**20 if sys.platform != "darwin" else kib / 2**30
