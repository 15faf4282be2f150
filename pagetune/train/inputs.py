"""Everything that a training follows from, resolved once: rows, steps, backend, precision, processes."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.language import tr
from pagetune.model.loading import decoder_start, has_towers, load_config, load_generation_config, load_tokenizer
from pagetune.model.manifest import Manifest
from pagetune.model.precision import PrecisionChoice, this_gpu
from pagetune.model.template import eos_of, read_template
from pagetune.params import Params
from pagetune.plan.budget import has_liger, training_setup
from pagetune.plan.memory import Plan, Setup, estimate, make_plan
from pagetune.plan.recipe import ResolvedParams
from pagetune.plan.shapes import known_shape
from pagetune.plan.steps import (
    FEWEST_EVALUATIONS,
    largest_micro_batch,
    plan_steps,
    steps_between_evaluations,
    tokens_at_once,
)
from pagetune.records import Example, StopQuestion
from pagetune.train.adapter import check_variant
from pagetune.train.asked import OPEN_ROWS, put_in_place
from pagetune.train.backend import Backend, Trained, choose_backend, is_fast_in_peft, packed_kernel
from pagetune.train.batches import Collator, EncodedRow
from pagetune.train.cost import Stopwatch
from pagetune.train.distributed import World, log_once
from pagetune.train.packed_attention import Kernel
from pagetune.train.preflight import preflight
from pagetune.train.quick_scores import Quick, choose_quick
from pagetune.train.replay import ROWS, mixed

PROMPTS = Path("data/prompts")
STOPPING = PROMPTS / "stopping.jsonl"
#: What train.stop_on is where nothing is asked while the model trains.
LOSS = "train.stop_on: loss"
#: Points of the loss curve from one evaluation to the next.
POINTS_BETWEEN = 5
#: Evaluations for each one that train.early_stopping_patience waits: with fewer it would never stop.
EVALUATIONS_PER_PATIENCE = 3
#: What a token of all quick answers costs, in tokens that go through the model: it reads all weights for it.
TOKENS_PER_ANSWER_TOKEN = 500
#: Most rows of a validation micro-batch.
MAX_VALIDATION_ROWS = 64


@dataclass(frozen=True)
class TrainingInputs:
    """Everything that a training follows from. `steps` holds the row numbers of each step of the optimizer."""

    params: ResolvedParams
    manifest: Manifest
    backend: Backend
    choice: PrecisionChoice
    kernel: Kernel
    train_rows: list[EncodedRow]
    validation_rows: list[EncodedRow]
    tokenizer: Any
    world: World = field(default_factory=World)
    #: What the decoder of an encoder-decoder starts from.
    decoder_start_token_id: int | None = None
    #: The rows that are answered at each evaluation, if any are.
    quick: Quick | None = None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @cached_property
    def lengths(self) -> list[int]:
        """Count the tokens of each training row."""
        return [len(row["input_ids"]) for row in self.train_rows]

    @cached_property
    def steps(self) -> list[list[int]]:
        """Return the row numbers of each step of the whole training."""
        train = self.params.train
        return plan_steps(
            self.lengths, train.effective_batch_size, train.epochs, train.group_by_length, self.params.seed
        )

    @property
    def steps_per_epoch(self) -> int:
        return len(self.steps) // self.params.train.epochs

    @cached_property
    def eval_steps(self) -> int:
        """Return the steps from one evaluation to the next."""
        wanted, epochs = self.params.train.eval_steps, self.params.train.epochs
        if wanted != "auto":
            return wanted
        evaluated = sum(len(row["input_ids"]) for row in self.validation_rows)
        if self.quick:
            evaluated += self.quick.new_tokens * TOKENS_PER_ANSWER_TOKEN
        patience = self.params.train.early_stopping_patience or 0
        fewest = max(FEWEST_EVALUATIONS, EVALUATIONS_PER_PATIENCE * patience)
        return steps_between_evaluations(len(self.steps), sum(self.lengths) * epochs, evaluated, fewest)

    @property
    def logging_steps(self) -> int:
        """Return the steps from one point of the loss curve to the next."""
        return max(1, self.eval_steps // POINTS_BETWEEN)

    @cached_property
    def setup(self) -> Setup:
        """Return what the planner has to know."""
        shape = known_shape(load_config(self.manifest), self.manifest.id)
        shards = self.world.processes if self.world.sharded else 1
        on_gpu = _has_gpu()
        return training_setup(self.params, shape, self.choice, self.backend.name, on_gpu, has_liger(), shards)

    @property
    def moments_bytes(self) -> int:
        """Return the bytes of Adam's moments, which exist from the first step on."""
        return estimate(self.setup, 1, False).moments

    @property
    def autocast_dtype(self) -> Any:
        """Return the 16-bit dtype that the trainer computes in on a GPU, None for the weights' own type."""
        import torch

        return self.choice.dtype if _has_gpu() and self.choice.dtype != torch.float32 else None

    def plan(self, budget_bytes: int) -> Plan:
        """Cut the steps so that they fit into `budget_bytes` of each GPU.

        Raises UserError where no row fits, and where rows have to be packed and no kernel keeps them apart.
        """
        wanted = self.params.train.packing
        if wanted is True and self.kernel.name is None:
            raise UserError(
                "params.yaml: train.packing: true, but {reason}. Use auto, which pads.", reason=self.kernel.reason
            )
        packing = self.kernel.name is not None and wanted is not False

        def largest(parts: int) -> int:
            return largest_micro_batch(self.steps, self.lengths, parts * self.world.processes, packing)

        return make_plan(self.setup, self.params.train, largest, budget_bytes, packing, self.world.processes)

    def collator(self, packed: bool) -> Collator:
        return Collator(
            self.tokenizer.pad_token_id, packed, self.backend.name == "unsloth", self.decoder_start_token_id
        )

    def validation_batches(self, plan: Plan) -> list[list[int]]:
        """Return the rows of each validation micro-batch: of similar length, and no larger than the training's."""
        lengths = [len(row["input_ids"]) for row in self.validation_rows]
        batches: list[list[int]] = []
        for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
            last = batches[-1] if batches else []
            tokens = tokens_at_once([*last, row], lengths, plan.packing)
            if last and tokens <= plan.tokens and len(last) < MAX_VALIDATION_ROWS:
                last.append(row)
            else:
                batches.append([row])
        # Each process gets the same number: one that had none would leave the others waiting.
        return batches + [[]] * (-len(batches) % self.world.processes)


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def prepare(
    params: ResolvedParams, manifest: Manifest, choice: PrecisionChoice, world: World, stopwatch: Stopwatch
) -> TrainingInputs:
    """Read the rows, check them, and choose the backend; no weight is loaded yet.

    Raises UserError where rows, settings and model do not belong together.
    """
    check_variant(params.lora, choice.precision, params.train.fp8, world.sharded)
    with stopwatch.measure("imports"):
        fast = is_fast_in_peft(choice.precision, manifest.parameters, this_gpu(), has_liger())
        trained = Trained(manifest.parameters, fast, manifest.encoder_decoder, has_towers(manifest))
        backend = choose_backend(params, world.processes, trained)
        log_once(tr("backend {name} ({reason})", name=backend.name, reason=backend.reason))
        import pagetune.train.step_trainer  # noqa: F401 - what it imports is counted here
    with stopwatch.measure("rows"):
        return _read_rows(params, manifest, choice, world, stopwatch, backend)


def _read_rows(
    params: ResolvedParams, manifest: Manifest, choice: PrecisionChoice, world: World, stopwatch: Stopwatch,
    backend: Backend,
) -> TrainingInputs:  # fmt: skip
    template = read_template()
    tokenizer = load_tokenizer(manifest, template)
    examples = {name: read_records(PROMPTS / f"{name}.jsonl", Example) for name in ("train", "validation")}
    examples["train"] = with_passages(examples["train"])
    examples["train"] = with_replay(examples["train"], params.train.replay_fraction)
    config = load_config(manifest) if manifest.encoder_decoder else None
    rows = preflight(examples, tokenizer, template, eos_of(manifest, template.style), params.train, params.seed, config)
    stopping = read_records(STOPPING, StopQuestion)
    check_settings(params, bool(rows["validation"]), world.sharded)
    check_stop_on(params, bool(stopping))
    log_once(tr("precision {precision} ({reason})", precision=choice.precision, reason=choice.reason))
    return TrainingInputs(
        params=params,
        manifest=manifest,
        backend=backend,
        choice=choice,
        kernel=packed_kernel(backend, manifest, choice.dtype),
        train_rows=rows["train"],
        validation_rows=rows["validation"],
        tokenizer=tokenizer,
        world=world,
        decoder_start_token_id=decoder_start(config, load_generation_config(manifest)) if config else None,
        quick=choose_quick(examples["validation"], tokenizer, params, params.evaluate.quick, stopping),
        stopwatch=stopwatch,
    )


def with_passages(rows: list[Example]) -> list[Example]:
    """Return the training rows, those that the stage open_book has given passages with them, and print their number."""
    open_rows = read_records(OPEN_ROWS, Example)
    if open_rows:
        log_once(tr("{open} of {count} rows are asked with passages", open=len(open_rows), count=len(rows)))
    return put_in_place(rows, open_rows)


def with_replay(rows: list[Example], fraction: float) -> list[Example]:
    """Return the training rows with those of the stage replay mixed in, and print how many they are."""
    answers = read_records(ROWS, Example)
    together = mixed(rows, fraction, answers)
    if added := len(together) - len(rows):
        log_once(
            tr(
                "{added} of {count} rows repeat {answers} answers of the base",
                added=added,
                count=len(together),
                answers=min(added, len(answers)),
            )
        )
    return together


def check_settings(params: Params, has_validation: bool, sharded: bool = False) -> None:
    """Raise UserError for settings that are sure to fail later, before the model is loaded."""
    train = params.train
    if not has_validation and (train.load_best_model_at_end or train.early_stopping_patience):
        raise UserError(
            "params.yaml: train.load_best_model_at_end and train.early_stopping_patience need validation rows, and "
            "data/prompts/validation.jsonl has none. Raise curate.validation_fraction, or turn them off."
        )
    if not has_validation and params.evaluate.quick:
        raise UserError(
            "params.yaml: evaluate.quick needs validation rows, and data/prompts/validation.jsonl has none. Raise "
            "curate.validation_fraction, or set 0."
        )
    if params.evaluate.quick and sharded:
        raise UserError(
            "params.yaml: evaluate.quick: the model is sharded over several GPUs, so that no process can answer. Set 0."
        )
    _check_loggers(train.report_to)


def check_stop_on(params: Params, has_stop_questions: bool) -> None:
    """Raise UserError where train.stop_on decides nothing, or by scores that nobody takes."""
    wanted, key = params.train.stop_on, f"params.yaml: train.stop_on: {params.train.stop_on}"
    if wanted == "loss":
        return
    if not params.evaluate.quick:
        raise UserError(
            "{key}: it decides by the answers of evaluate.quick, which is 0. Set that to 20, or {loss}.",
            key=key,
            loss=LOSS,
        )
    if not params.train.load_best_model_at_end and params.train.early_stopping_patience is None:
        raise UserError(
            "{key}: it decides nothing without train.load_best_model_at_end and "
            "train.early_stopping_patience. Set load_best_model_at_end: true, or {loss}.",
            key=key,
            loss=LOSS,
        )
    if wanted == "invented" and not has_stop_questions:
        raise UserError(
            "{key}: {path} has no questions, because fewer than two facts are held out. Raise "
            "curate.heldout_fraction, or set stop_on: quick.",
            key=key,
            path=STOPPING,
        )


def _check_loggers(wanted: list[str]) -> None:
    from transformers.integrations.integration_utils import get_available_reporting_integrations

    known = get_available_reporting_integrations()
    if missing := [name for name in wanted if name not in known]:
        installed = tr("Installed: {names}", names=", ".join(known)) if known else tr("None is installed")
        raise UserError(
            "params.yaml: train.report_to: {missing} cannot be imported. {installed}.",
            missing=", ".join(missing),
            installed=installed,
        )
