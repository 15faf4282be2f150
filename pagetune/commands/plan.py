"""`python -m pagetune plan`: what memory a training will take on a card that may not be here, and how it fits in."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal, get_args

from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.model.manifest import BASE, read_manifest
from pagetune.model.precision import HEADROOM, Precision, resolve_precision
from pagetune.model.prompts import encode_example
from pagetune.params import Params, load_params
from pagetune.plan.known_shapes import KNOWN_SHAPES, full_name
from pagetune.plan.memory import CONTEXT_BYTES, GIB, Plan, Setup, make_plan
from pagetune.plan.shapes import Shape, known_shape
from pagetune.records import Example

ROWS = Path("data/prompts/train.jsonl")
#: Short questions and answers, for want of the real ones: as in benchmarks/train_gpu.py.
ASSUMED_ROWS, ASSUMED_MEDIAN, ASSUMED_SPREAD = 1000, 110, 0.5


@dataclass(frozen=True)
class Hardware:
    """Where the training is to run; `budget_bytes` of a card, or of the machine's memory without one."""

    on_gpu: bool
    budget_bytes: int
    processes: int
    backend: Literal["unsloth", "peft"]
    words: str


@dataclass(frozen=True)
class PlannedModel:
    """`location` is what its tokenizer is loaded from, at `revision`; None where there is none."""

    name: str
    shape: Shape
    location: str | None
    revision: str | None = None


@dataclass(frozen=True)
class Prospect:
    """A training that is not begun. `largest` as in `make_plan`; `rows` says whose lengths it has."""

    params: Params
    place: Hardware
    model: PlannedModel
    setup: Setup
    packing: bool
    largest: Callable[[int], int]
    rows: str

    def plan(self, memory: str) -> Plan:
        """With this `train.memory`. Raises UserError where nothing fits."""
        train = self.params.train.model_copy(update={"memory": memory})
        place = self.place
        return make_plan(self.setup, train, self.largest, place.budget_bytes, self.packing, place.processes)


def look_ahead(params: Params, gpu_gib: float | None, model: str | None, precision: str | None) -> Prospect:
    """What would be trained, and where. Raises UserError where the model cannot be found or a number makes no sense."""
    wanted = _model(params, model)
    place = _place(params, gpu_gib, wanted.shape.cross_layers > 0)
    setup = _setup(params, place, wanted.shape, _precision(params, place, wanted.shape, precision))
    lengths, rows = _lengths(params, wanted)
    packing = place.on_gpu and not wanted.shape.cross_layers
    packing = packing if params.train.packing == "auto" else params.train.packing
    return Prospect(params, place, wanted, setup, packing, _largest(params, lengths, packing, place.processes), rows)


def plan_lines(gpu_gib: float | None, model: str | None, precision: str | None) -> list[str]:
    """What to print. Raises UserError as `look_ahead` does, and where nothing fits."""
    prospect = look_ahead(load_params(), gpu_gib, model, precision)
    params, place = prospect.params, prospect.place
    head = [_describe(prospect.model, prospect.setup), f"plan: on {place.words}", f"plan: {prospect.rows}", ""]
    chosen = prospect.plan(params.train.memory)
    ways = [_way(memory, prospect.plan(memory), params.train.memory) for memory in ("auto", "low", "fast")]
    return [*head, *_table(chosen, params, place), "", *ways, "", f"why: {chosen.reason}"]


def _place(params: Params, gpu_gib: float | None, encoder: bool) -> Hardware:
    """The card of --gpu-gib, else those that are here, else the CPU."""
    import torch

    from pagetune.train.tune import budget_bytes

    if gpu_gib is not None:
        processes = params.train.processes if params.train.processes != "auto" else 1
        words = f"a card of {gpu_gib:g} GiB, {CONTEXT_BYTES / GIB:.1f} of it CUDA's own" + _cards(processes)
        backend = _backend(params, processes, False, encoder)
        return Hardware(True, int(gpu_gib * GIB) - CONTEXT_BYTES, processes, backend, words)
    budget = budget_bytes(params)
    if not torch.cuda.is_available():
        words = f"the CPU, for want of a card (--gpu-gib plans for one), {budget / GIB:.1f} GiB of its memory"
        return Hardware(False, budget, 1, "peft", words)
    processes = params.train.processes if params.train.processes != "auto" else torch.cuda.device_count()
    words = f"{torch.cuda.get_device_name()}, {budget / GIB:.1f} GiB of it" + _cards(processes)
    return Hardware(True, budget, processes, _backend(params, processes, True, encoder), words)


def _cards(processes: int) -> str:
    return f", {processes} of them" if processes > 1 else ""


def _backend(params: Params, processes: int, here: bool, encoder: bool) -> Literal["unsloth", "peft"]:
    """As the training would choose; a card that is not here is one that Unsloth runs on."""
    from pagetune.train.backend import why_peft

    return "peft" if why_peft(params, processes, here, encoder) else "unsloth"


def _model(params: Params, wanted: str | None) -> PlannedModel:
    if wanted in KNOWN_SHAPES:
        return PlannedModel(full_name(wanted), KNOWN_SHAPES[wanted], None)
    if wanted is not None:
        return PlannedModel(wanted, known_shape(_config(wanted, None, params.model.trust_remote_code), wanted), wanted)
    if not (BASE / "manifest.json").exists():
        raise UserError(f"{BASE}/manifest.json is not there. Run `dvc repro base_model`, or name one: --model 8b.")
    manifest = read_manifest()
    config = _config(manifest.location, manifest.revision, manifest.trust_remote_code)
    return PlannedModel(manifest.id, known_shape(config, manifest.id), manifest.location, manifest.revision)


def _config(location: str, revision: str | None, trust_remote_code: bool) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(location, revision=revision, trust_remote_code=trust_remote_code)
    except Exception as error:  # the hub has many: not found, gated, offline, no config, unknown architecture
        seen = str(error).strip().split("\n")[0]
        raise UserError(
            f"plan: the model {location} has no configuration that transformers reads ({seen}). Name a folder with "
            f"config.json, a hub id, or one of {', '.join(KNOWN_SHAPES)}."
        ) from None


def _precision(params: Params, place: Hardware, shape: Shape, wanted: str | None) -> Precision:
    """What `precision` means on that card, as pagetune.model.precision resolves it on one that is here."""
    asked = wanted or params.precision
    if asked != "auto" and asked not in get_args(Precision):
        raise UserError(f"plan: --precision {asked} is none of auto, {', '.join(get_args(Precision))}.")
    if not place.on_gpu:
        return resolve_precision(asked, shape.parameters).precision
    if asked != "auto":
        return asked  # type: ignore[return-value]
    return "bf16" if 2 * shape.parameters * HEADROOM <= place.budget_bytes else "4bit"


def _setup(params: Params, place: Hardware, shape: Shape, precision: Precision) -> Setup:
    double_quant = params.quantization.bnb_4bit_use_double_quant
    # As where requirements-gpu.txt is installed, which has Liger.
    liger = place.on_gpu and place.backend == "peft"
    return Setup(shape, precision, double_quant, params.lora, place.backend, place.on_gpu, params.train.optim, liger)


def _lengths(params: Params, model: PlannedModel) -> tuple[list[int], str]:
    """Tokens of each training row, and where they come from."""
    tokenizer = _tokenizer(model, params.model.trust_remote_code) if ROWS.exists() else None
    if tokenizer is None:
        why = f"{ROWS} is not there" if not ROWS.exists() else "there is no tokenizer to count with"
        lengths = _assumed_lengths()
        words = f"{ASSUMED_ROWS} assumed rows, half of them below {ASSUMED_MEDIAN} tokens ({why})"
    else:
        lengths = [
            len(encode_example(row, tokenizer, model.shape.cross_layers > 0)["input_ids"])
            for row in read_records(ROWS, Example)
        ]
        words = f"{len(lengths)} rows of {ROWS}"
    if not lengths:
        raise UserError(f"{ROWS} holds no rows; metrics/curate.json says why. Add documents or pairs.")
    cut = [min(length, params.train.max_length) for length in lengths]
    return cut, f"{words}, {sum(cut) / len(cut):.0f} tokens on average, {max(cut)} at most"


def _assumed_lengths() -> list[int]:
    """Log-normal, without chance: one row at each quantile."""
    logarithms = NormalDist(math.log(ASSUMED_MEDIAN), ASSUMED_SPREAD)
    return [round(math.exp(logarithms.inv_cdf((row + 0.5) / ASSUMED_ROWS))) for row in range(ASSUMED_ROWS)]


def _tokenizer(model: PlannedModel, trust_remote_code: bool) -> Any:
    from transformers import AutoTokenizer

    if model.location is None:
        return None
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            model.location, revision=model.revision, trust_remote_code=trust_remote_code
        )
    except Exception:  # a folder with config.json alone is enough to plan with
        return None
    return tokenizer if tokenizer.eos_token else None


def _largest(params: Params, lengths: list[int], packed: bool, processes: int) -> Callable[[int], int]:
    train = params.train
    order = (train.effective_batch_size, train.epochs, train.group_by_length, params.seed)
    return _largest_of(tuple(lengths), order, packed, processes)


@cache
def _largest_of(
    lengths: tuple[int, ...], order: tuple[int, int, bool, int], packed: bool, processes: int
) -> Callable[[int], int]:
    """Asked for by several plans, with the same answers."""
    from pagetune.train.batches import largest_micro_batch, plan_steps

    rows = list(lengths)
    steps = plan_steps(rows, *order)
    return cache(lambda parts: largest_micro_batch(steps, rows, parts * processes, packed))


def _describe(model: PlannedModel, setup: Setup) -> str:
    number = setup.shape.parameters
    size = f"{number / 1e9:.1f} billion" if number >= 1e9 else f"{number / 1e6:.1f} million"
    return f"plan: {model.name} ({size} parameters) at {setup.precision}, LoRA r={setup.lora.r}, with {setup.backend}"


def _table(plan: Plan, params: Params, place: Hardware) -> list[str]:
    predicted = plan.predicted
    parts = ("weights", "adapter", "gradients", "moments", "activations", "logits", "overhead", "total")
    memory = [f"  {part:<12}{getattr(predicted, part) / GIB:8.2f} GiB" for part in parts]
    rows, cut = plan.per_device_train_batch_size, plan.gradient_accumulation_steps
    cards = f" on each of {place.processes} cards" if place.processes > 1 else ""
    return [
        *memory,
        "",
        f"  effective batch         {params.train.effective_batch_size} rows, in {cut} parts{cards}"
        f" (gradient_accumulation_steps: {cut})",
        f"  micro-batch             {rows} rows, {plan.tokens} tokens, {'packed' if plan.packing else 'padded'}",
        f"  gradient checkpointing  {'on' if plan.gradient_checkpointing else 'off'}",
    ]


def _way(memory: str, plan: Plan, current: str) -> str:
    mark, checkpointing = ("*" if memory == current else " "), "on" if plan.gradient_checkpointing else "off"
    return (
        f"{mark} train.memory: {memory:<5} {plan.predicted.total / GIB:6.2f} GiB, "
        f"{plan.gradient_accumulation_steps} x {plan.per_device_train_batch_size} rows, checkpointing {checkpointing}"
    )
