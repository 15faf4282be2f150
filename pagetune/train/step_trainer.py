"""The trainers: TRL's SFTTrainer and transformers' Trainer with our steps, an exact validation loss, and checkpoints.

`Steps` has what neither can do: steps that are the same however they are cut into micro-batches, going on in the middle
of an epoch or after memory ran out, and a validation loss that does not depend on the batches.
"""

import json
import math
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback
from trl import SFTTrainer

from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.model.prompts import IGNORED
from pagetune.train.adapter import adapter_state, load_weights, trained_weights
from pagetune.train.batches import Collator, EncodedRow, Sampler
from pagetune.train.checkpoint_writer import CheckpointWriter, files_in_memory, snapshot
from pagetune.train.checkpoints import Store
from pagetune.train.cost import Stopwatch
from pagetune.train.distributed import World, gather_from_all, log_once
from pagetune.train.graphed_step import GraphedSteps
from pagetune.train.quick_scores import QUICK, Quick
from pagetune.train.shortage import empty_cache

if TYPE_CHECKING:
    _Trainer = Trainer  # what `Steps` stands in front of
else:
    _Trainer = object

#: Beside what transformers saves: the loss since the last point of the curve, and the curve of the memory.
PROGRESS = "progress.json"


@dataclass
class Batches:
    """What goes through the model: the micro-batches of all steps in order, and those of one validation."""

    train_rows: list[EncodedRow]
    validation_rows: list[EncodedRow]
    train: list[list[int]]
    validation: list[list[int]]
    collator: Collator
    #: Arguments of the model's forward beside the batch.
    options: dict[str, Any] = field(default_factory=dict)
    #: Answers a few rows at each evaluation.
    quick: Quick | None = None
    #: FSDP shards the model over several processes.
    sharded: bool = False


def to_device(batch: dict[str, Any], device: Any) -> dict[str, Any]:
    return {name: value.to(device) if isinstance(value, torch.Tensor) else value for name, value in batch.items()}


def loss_of(model: Any, batch: dict[str, Any], options: dict[str, Any], num_items_in_batch: Any) -> Any:
    """Return the sum of the trained tokens' losses, divided by `num_items_in_batch`."""
    if "decoder_input_ids" not in batch:
        return model(**batch, **options, use_cache=False, num_items_in_batch=num_items_in_batch).loss
    # Encoder-decoders ignore num_items_in_batch and divide by the tokens of the micro-batch (transformers 5.17).
    wanted = batch["shift_labels"]
    logits = model(**{name: value for name, value in batch.items() if value is not wanted}, use_cache=False).logits
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), wanted.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return losses / num_items_in_batch


def _tokens(batch: dict[str, Any]) -> int:
    """Count the tokens that go through the model, without padding; of a decoder, those it is trained on."""
    said = int((batch["shift_labels"] != IGNORED).sum()) if "decoder_input_ids" in batch else 0
    return int(batch.get("attention_mask", batch["input_ids"] >= 0).sum()) + said


class _Stepping(TrainerCallback):  # type: ignore[misc]
    def __init__(self, trainer: "Steps") -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start every process from the first one's adapter, and note the validation loss of the base, by which
        train/divergence.py judges. The curve does not have it."""
        if self.trainer.batches.sharded:
            for weight in trained_weights(self.trainer.model).values():
                torch.distributed.broadcast(weight.data, 0)
        if state.global_step > 0 or not self.trainer.batches.validation_rows:
            return
        with self.trainer.stopwatch.measure("base"):
            loss = self.trainer.validation_loss()
        if not math.isfinite(loss):
            raise UserError(
                "the validation loss of the base is {loss}, before any step: the base is broken, or "
                "overflows at this precision. Try precision: fp32.",
                loss=loss,
            )
        state.log_history.append({"step": 0, "eval_loss": loss})

    def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
        self.trainer.stepping = True

    def on_optimizer_step(self, *_: Any, **__: Any) -> None:
        self.trainer.stepping = False

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.trainer.checkpoint_is_due() and state.global_step < state.max_steps:
            control.should_save = True


class Steps(_Trainer):  # type: ignore[misc, valid-type]
    """What we add to a trainer. One epoch of transformers is the whole training, so that a step's place in it is all
    there is to resume. The loss of a step is the sum over its trained tokens, on all GPUs, divided by their number.
    """

    #: Whether it trains a causal model on TRL's configuration.
    causal = False
    control: Any
    _tr_loss: Any

    def __init__(
        self, batches: Batches, store: Store | None, memory: list[dict[str, float]], stopwatch: Stopwatch,
        checkpoint_minutes: float, **options: Any,
    ) -> None:  # fmt: skip
        self.batches, self.store, self.memory, self.stopwatch = batches, store, memory, stopwatch
        validation = Dataset.from_list(batches.validation_rows) if batches.validation_rows else None
        super().__init__(
            train_dataset=Dataset.from_list(batches.train_rows), eval_dataset=validation,
            data_collator=batches.collator, **options,
        )  # fmt: skip
        self.processing_class = None  # transformers would save it into every checkpoint
        self.model_accepts_loss_kwargs = True  # else transformers divides by the micro-batches once more
        self.tokens_seen = 0
        self.began_step: dict[str, Any] = {}
        #: The optimizer is at work: the weights are neither those before the step nor those after it.
        self.stepping = False
        #: Runs the micro-batches of a small model.
        self.graphs: GraphedSteps | None = None
        self.checkpoints = CheckpointWriter(checkpoint_minutes)
        #: Makes the micro-batches of the next step while the GPU works on this one.
        self.ahead = ThreadPoolExecutor(1)
        self.next_batches: Future[list[Any]] | None = None
        #: Connects the processes beside the GPUs, which would have to be waited for.
        self.group = torch.distributed.new_group(backend="gloo") if self.args.world_size > 1 else None
        #: With several processes, what the first one's clock said as this step began.
        self.first_is_due = False
        self.add_callback(_Stepping(self))

    def get_train_dataloader(self) -> DataLoader[Any]:
        return self._loader(self.train_dataset, self.batches.train)

    def _loader(self, rows: Any, batches: list[list[int]]) -> DataLoader[Any]:
        return DataLoader(
            rows,
            batch_sampler=Sampler(batches, self.args.process_index, self.args.world_size),
            collate_fn=self.batches.collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
        )

    def get_batch_samples(
        self, epoch_iterator: Iterator[Any], num_batches: int, device: torch.device
    ) -> tuple[list[Any], torch.Tensor]:
        """Return the micro-batches of a step, and how many trained tokens they hold on all GPUs."""
        self.begin_step()
        batches = self._batches_of_a_step(epoch_iterator, num_batches)
        trained = sum(int((batch["shift_labels"] != IGNORED).sum()) for batch in batches)
        tokens = sum(_tokens(batch) for batch in batches)
        counts = torch.tensor([trained, tokens, self.args.process_index == 0 and self.checkpoints.is_due()])
        if self.args.world_size > 1:
            torch.distributed.all_reduce(counts, group=self.group)
            tokens, self.first_is_due = int(counts[1]), bool(counts[2])
        self.tokens_seen += tokens
        return batches, counts[0].clamp(min=1).to(device, non_blocking=True)

    def _batches_of_a_step(self, micro_batches: Iterator[Any], count: int) -> list[Any]:
        batches: list[Any] = self.next_batches.result() if self.next_batches else list(islice(micro_batches, count))
        self.next_batches = self.ahead.submit(lambda: list(islice(micro_batches, count)))
        return batches

    def begin_step(self) -> None:
        """Remember what has to be restored if this step breaks off."""
        if self.graphs is not None:
            self.graphs.begin_step()
        self.began_step = {"loss": self._tr_loss.clone(), "rng": torch.get_rng_state()}

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        if self.graphs is None:
            loss = super().training_step(model, inputs, num_items_in_batch)
            if self.batches.sharded and self.accelerator.sync_gradients:
                self._average_gradients()
            return loss
        try:
            if not model.training:
                model.train()
            return self.graphs.run(inputs, num_items_in_batch)
        except RuntimeError as error:  # it decides by its values, or there is no memory for a graph
            log_once(
                tr(
                    "no CUDA graph of this model ({error}); its kernels are launched one by one",
                    error=str(error).splitlines()[0],
                )
            )
        self.graphs = None
        empty_cache()
        return super().training_step(model, inputs, num_items_in_batch)

    def _average_gradients(self) -> None:
        """Average the adapter's gradients over the processes, as DDP does: FSDP does not know the adapter."""
        gradients = [weight.grad for weight in self.model.parameters() if weight.grad is not None]
        flat = torch.nn.utils.parameters_to_vector(gradients)
        torch.distributed.all_reduce(flat)
        torch.nn.utils.vector_to_parameters(flat / self.args.world_size, gradients)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Return 0: transformers would count the parameters again for each micro-batch, and nobody reads the sum."""
        return 0

    def checkpoint_is_due(self) -> bool:
        """Return whether to save now: one process asks its clock, several follow the first one's."""
        if self.store is None:
            return False
        return self.first_is_due if self.args.world_size > 1 else self.checkpoints.is_due()

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        loss = loss_of(model, inputs, self.batches.options, num_items_in_batch)
        # DDP averages the gradients of the GPUs, and the token count is that of all of them.
        return loss * self.args.world_size if self.model.training else loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Log the validation loss, and the scores of a few answers where they are asked for."""
        with self.stopwatch.measure("evaluations"):
            metrics = {"eval_loss": self.validation_loss()} | self._quick()
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def validation_loss(self) -> float:
        """Return the mean loss per trained token of the validation rows, the same for any cut into batches."""
        self.model.eval()
        total, tokens = torch.zeros((), device=self.args.device), torch.zeros((), device=self.args.device)
        for batch in self._loader(self.eval_dataset, self.batches.validation):
            tokens += (batch["shift_labels"] != IGNORED).sum().to(tokens.device)
            with torch.no_grad(), self.compute_loss_context_manager():
                inputs = to_device(batch, self.args.device)
                total += self.compute_loss(self.model_wrapped, inputs, num_items_in_batch=torch.ones_like(total))
        self.model.train()
        total, tokens = (
            self.accelerator.reduce(torch.stack([total, tokens])) if self.args.world_size > 1 else (total, tokens)
        )
        return float(total / tokens)

    def _quick(self) -> dict[str, Any]:
        """Answer in the first process; the others wait for its scores, which may decide when all of them stop."""
        if self.batches.quick is None:
            return {}
        scores: dict[str, float | None] = {}
        if self.args.should_save:
            with self.stopwatch.measure("quick scores"), self.compute_loss_context_manager():
                scores = self.batches.quick.scores(self.accelerator.unwrap_model(self.model))
        scores = gather_from_all(scores, World.from_environment())[0]
        return {f"{QUICK}{name}": value for name, value in scores.items()}

    def _save_checkpoint(self, model: Any, trial: Any = None) -> None:
        store = self.store
        if store is None:
            return
        with self.stopwatch.measure("checkpoints"):
            world = World.from_environment()
            random = gather_from_all(files_in_memory(self._save_random), world)
            loss = fmean(gather_from_all(float(self._tr_loss), world))  # each process has that of its own rows
            if not self.args.should_save:
                return
            files, tensors = files_in_memory(partial(self._save_small, loss)), self._tensors()
            for states in random:
                files |= states
            step, keep = self.state.global_step, {self.state.best_global_step} - {None}
            write, copied = snapshot(files, tensors)
            self.checkpoints.write(lambda: store.save(step, write, keep), copied)

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """Return whether to save now; the clock's wish for a checkpoint is not lost where this step is not the best."""
        return bool(super()._determine_best_metric(metrics, trial) or self.control.should_save)

    def _tensors(self) -> dict[str, Any]:
        """Return the weights of the adapter and the state of the optimizer, which are the same in every process."""
        adapter = adapter_state(self.accelerator.unwrap_model(self.model))
        return {"adapter_model.safetensors": adapter, "optimizer.pt": self.optimizer.state_dict()}

    def _save_random(self, folder: Path) -> None:
        self._save_rng_state(str(folder))

    def _save_small(self, loss: float, folder: Path) -> None:
        """Save what a checkpoint holds beside weights and random numbers."""
        self.accelerator.unwrap_model(self.model).peft_config["default"].save_pretrained(str(folder))
        torch.save(self.lr_scheduler.state_dict(), folder / "scheduler.pt")
        self._save_scaler(str(folder))
        self.store_callbacks()
        self.state.save_to_json(str(folder / "trainer_state.json"))
        progress = {"loss": loss, "last_logged": self._globalstep_last_logged, "memory": self.memory}
        (folder / PROGRESS).write_text(json.dumps(progress), encoding="utf-8")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_weights(self.accelerator.unwrap_model(model or self.model), Path(resume_from_checkpoint))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if not self.batches.sharded or checkpoint is None:
            super()._load_optimizer_and_scheduler(checkpoint)
            return
        # transformers would look for an optimizer that is sharded too.
        for name, part in (("optimizer.pt", self.optimizer), ("scheduler.pt", self.lr_scheduler)):
            part.load_state_dict(torch.load(Path(checkpoint, name), map_location="cpu", weights_only=True))

    def store_callbacks(self) -> None:
        """Save the callbacks' state, as transformers does, so that early stopping survives a kill."""
        from transformers.trainer_callback import ExportableState

        for callback in (*self.callback_handler.callbacks, self.control):
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks[callback.__class__.__name__] = callback.state()

    def restore_progress(self, checkpoint: Path) -> None:
        """Restore the part of the loss and of the curve that transformers forgets; called as the training begins."""
        progress = json.loads((checkpoint / PROGRESS).read_text(encoding="utf-8"))
        self._tr_loss += progress["loss"]
        self._globalstep_last_logged = progress["last_logged"]
        self.memory[:] = progress["memory"]
        if self.control.should_evaluate:  # memory ran out in the validation of this step
            self._maybe_log_save_evaluate(self._tr_loss, None, self.model, None, 0, None, 0.0)

    def save_last_whole_step(self) -> None:
        """Save a checkpoint of the last whole step, after a micro-batch that did not fit."""
        self.model.zero_grad(set_to_none=True)
        logged = self._globalstep_last_logged == self.state.global_step
        self._tr_loss = torch.zeros_like(self._tr_loss) if logged else self.began_step["loss"]
        torch.set_rng_state(self.began_step["rng"])
        self._save_checkpoint(self.model)
        self.checkpoints.wait()


class StepTrainer(Steps, SFTTrainer):  # type: ignore[misc]
    """TRL's SFTTrainer, with our steps. Its loss is TRL's where its fused head runs, which needs a GPU."""

    causal = True

    def __init__(self, *arguments: Any, model: Any, **options: Any) -> None:
        with _adapter_as_it_is(model):
            super().__init__(*arguments, model=model, **options)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        if self.batches.options and self.model.training:
            return SFTTrainer.compute_loss(self, model, inputs, return_outputs, num_items_in_batch)
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)


class PlainStepTrainer(Steps, Trainer):  # type: ignore[misc]
    """transformers' Trainer with our steps: for encoder-decoders, and for an adapter on the head, which TRL refuses."""


def trainer_class(model: Any) -> type[Steps]:
    """Return the trainer for this model.

    TRL 1.15 raises "Applying a PEFT adapter to `lm_head` is not supported" in SFTTrainer.__init__, because its fused
    head would not see the adapter.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    plain = model.config.is_encoder_decoder or isinstance(model.get_output_embeddings(), BaseTunerLayer)
    return PlainStepTrainer if plain else StepTrainer


@contextmanager
def _adapter_as_it_is(model: Any) -> Iterator[None]:
    """Undo what TRL does to the adapter of a quantised base: SFTTrainer.__init__ rounds it to bf16 (TRL 1.15).

    In bf16 an update that is smaller than a 256th of a weight is lost; the plan has counted
    an adapter in fp32.
    """
    kept = [(parameter, parameter.data) for parameter in model.parameters() if parameter.requires_grad]
    yield
    for parameter, data in kept:
        parameter.data = data
