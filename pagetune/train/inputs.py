"""What a training follows from: rows, steps, and how the steps are cut to fit into memory."""

import importlib.util
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from pagetune.errors import UserError
from pagetune.model.loading import load_config
from pagetune.model.manifest import Manifest
from pagetune.model.precision import Choice, Precision
from pagetune.params import Params
from pagetune.plan.memory import Plan, Setup, estimate, make_plan
from pagetune.plan.shapes import known_shape
from pagetune.train.backend import Backend
from pagetune.train.batches import Collator, EncodedRow, largest_micro_batch, plan_steps, tokens_at_once
from pagetune.train.distributed import sharded
from pagetune.train.packed_attention import Kernel
from pagetune.train.quick_rouge import Quick

#: Evaluations and checkpoints of a training, and points of the loss curve between two of them, with eval_steps: auto.
EVALUATIONS, POINTS_BETWEEN = 20, 5
#: Rows of a validation that go through the model at once, at most.
MAX_VALIDATION_ROWS = 64


@dataclass(frozen=True)
class Job:
    """Everything that a training follows from."""

    params: Params
    manifest: Manifest
    backend: Backend
    choice: Choice
    kernel: Kernel
    train_rows: list[EncodedRow]
    validation_rows: list[EncodedRow]
    pad_token_id: int
    processes: int = 1
    #: What the decoder starts from, of a model with an encoder.
    decoder_start_token_id: int | None = None
    #: What is answered at each evaluation, if anything is.
    quick: Quick | None = None

    @cached_property
    def lengths(self) -> list[int]:
        return [len(row["input_ids"]) for row in self.train_rows]

    @cached_property
    def steps(self) -> list[list[int]]:
        train = self.params.train
        return plan_steps(
            self.lengths, train.effective_batch_size, train.epochs, train.group_by_length, self.params.seed
        )

    @property
    def steps_per_epoch(self) -> int:
        return len(self.steps) // self.params.train.epochs

    @property
    def eval_steps(self) -> int:
        wanted, auto = self.params.train.eval_steps, max(1, len(self.steps) // EVALUATIONS)
        # A multiple, so that there are points between.
        return auto - auto % min(auto, POINTS_BETWEEN) if wanted == "auto" else wanted

    @property
    def logging_steps(self) -> int:
        """Divides `eval_steps`, so that a checkpoint lies on a point of the curve."""
        return next(self.eval_steps // n for n in range(POINTS_BETWEEN, 0, -1) if self.eval_steps % n == 0)

    @cached_property
    def setup(self) -> Setup:
        shards = self.processes if sharded() else 1
        return setup_of(self.params, self.manifest, self.choice.precision, self.backend.name, shards)

    @property
    def moments_bytes(self) -> int:
        """Of Adam's moments, which there are from the first step on; the gradients there are in a trial too."""
        return estimate(self.setup, 1, False).moments

    def plan(self, budget_bytes: int) -> Plan:
        """Raises UserError where no row fits, and where rows are to be packed and no kernel keeps them apart."""
        wanted = self.params.train.packing
        if wanted is True and self.kernel.name is None:
            raise UserError(f"params.yaml: train.packing: true, but {self.kernel.reason}. Use auto, which pads.")
        packing = self.kernel.name is not None and wanted is not False

        def largest(parts: int) -> int:
            return largest_micro_batch(self.steps, self.lengths, parts * self.processes, packing)

        return make_plan(self.setup, self.params.train, largest, budget_bytes, packing, self.processes)

    def collator(self, packed: bool) -> Collator:
        return Collator(self.pad_token_id, packed, self.backend.name == "unsloth", self.decoder_start_token_id)


def setup_of(
    params: Params, manifest: Manifest, precision: Precision, backend: Literal["unsloth", "peft"], shards: int = 1
) -> Setup:
    """What the planner has to know of a training."""
    import torch

    return Setup(
        shape=known_shape(load_config(manifest), manifest.id),
        precision=precision,
        double_quant=params.quantization.bnb_4bit_use_double_quant,
        lora=params.lora,
        backend=backend,
        on_gpu=torch.cuda.is_available(),
        optim=params.train.optim,
        liger=torch.cuda.is_available() and importlib.util.find_spec("liger_kernel") is not None,
        shards=shards,
    )


def cut_into(plan: Plan, job: Job, parts: int) -> Plan:
    """The plan with each step in so many parts on each card, or one row in each."""
    rows = -(-job.params.train.effective_batch_size // job.processes)
    parts = min(parts, rows)
    tokens = largest_micro_batch(job.steps, job.lengths, parts * job.processes, plan.packing)
    return replace(
        plan,
        gradient_accumulation_steps=parts,
        per_device_train_batch_size=-(-rows // parts),
        tokens=tokens,
        reason=f"{plan.reason.split(';')[0]}; memory ran out, so {tokens} tokens at once",
        predicted=estimate(job.setup, tokens, plan.gradient_checkpointing),
    )


def validation_batches(job: Job, plan: Plan) -> list[list[int]]:
    """Rows of like length, as many at once as make up the largest micro-batch of the training."""
    lengths = [len(row["input_ids"]) for row in job.validation_rows]
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        last = batches[-1] if batches else []
        fits = tokens_at_once([*last, row], lengths, plan.packing) <= plan.tokens and len(last) < MAX_VALIDATION_ROWS
        if last and fits:
            last.append(row)
        else:
            batches.append([row])
    # As many for each process: one that had none would leave the others waiting.
    return batches + [[]] * (-len(batches) % job.processes)


def autocast_dtype(job: Job) -> Any:
    """What the trainer computes in: 16 bits on a card unless fp32 is asked for; None is the weights' own type."""
    import torch

    from pagetune.model.precision import compute_dtype

    if not torch.cuda.is_available():
        return None
    dtype = compute_dtype(job.choice.precision, job.params.quantization)
    return None if dtype == torch.float32 else dtype
