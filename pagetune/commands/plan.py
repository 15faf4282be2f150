"""`python -m pagetune plan`: what memory a training will take on a GPU that may not be here, and how it fits in."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal, get_args

from rich.cells import set_cell_size

from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.language import Remark, tr
from pagetune.model.loading import TOWERS
from pagetune.model.manifest import BASE, read_manifest
from pagetune.model.precision import Gpu, Precision, PrecisionChoice, choose_precision, this_gpu
from pagetune.model.prompts import encode_example
from pagetune.params import Params, load_params
from pagetune.plan.budget import budget_bytes, has_liger, training_setup
from pagetune.plan.find_config import cached_folder, find_config
from pagetune.plan.known_shapes import KNOWN_SHAPES, find_known, full_name
from pagetune.plan.memory import CONTEXT_BYTES, GIB, Plan, Setup, make_plan
from pagetune.plan.recipe import Corpus, ResolvedParams, describe_corpus, describe_recipe, resolve_recipe
from pagetune.plan.shapes import Shape, known_shape
from pagetune.plan.steps import largest_micro_batch, plan_steps
from pagetune.records import Example
from pagetune.train.asked import OPEN_ROWS, put_in_place

ROWS = Path("data/prompts/train.jsonl")
#: The parts of an `Estimate`, as they are printed.
_PARTS = (
    Remark("weights"),
    Remark("adapter"),
    Remark("gradients"),
    Remark("moments"),
    Remark("activations"),
    Remark("logits"),
    Remark("overhead"),
    Remark("total"),
)
#: Values of model.base whose shape is known only when the stage base_model has run.
BUILTIN = ("builtin", "builtin_seq2seq")
#: Where there are no real rows: short questions and answers, as in benchmarks/train_gpu.py.
ASSUMED_ROWS, ASSUMED_MEDIAN, ASSUMED_SPREAD = 1000, 110, 0.5
#: As many facts as give these rows with curate.paraphrases: 4.
ASSUMED = Corpus(facts=200, rows=ASSUMED_ROWS)


@dataclass(frozen=True)
class Hardware:
    """Where the training is to run. `gpu` is None for the CPU; `budget_bytes` is what it may take of its memory."""

    gpu: Gpu | None
    budget_bytes: int
    processes: int
    backend: Literal["unsloth", "peft"]
    words: str


@dataclass(frozen=True)
class PlannedModel:
    """`location` is where its tokenizer is loaded from, at `revision`; None where there is none.

    `parameters` decide the precision, as they do in the training: those of the manifest where there is one.
    """

    name: str
    shape: Shape
    parameters: int
    location: str | None
    revision: str | None = None
    #: Whether it also sees or hears.
    towers: bool = False
    quantized: Precision | None = None
    builtin: bool = False

    @property
    def encoder(self) -> bool:
        return self.shape.cross_layers > 0


@dataclass(frozen=True)
class Prospect:
    """A training that has not begun. `largest` as in `make_plan`; `rows` says where their lengths come from."""

    params: ResolvedParams
    recipe: str
    hardware: Hardware
    model: PlannedModel
    setup: Setup
    packing: bool
    largest: Callable[[int], int]
    rows: str

    def plan(self, memory: str) -> Plan:
        """Plan with this `train.memory`. Raises UserError where nothing fits."""
        train = self.params.train.model_copy(update={"memory": memory})
        hardware = self.hardware
        return make_plan(self.setup, train, self.largest, hardware.budget_bytes, self.packing, hardware.processes)


def look_ahead(params: Params, gpu_gib: float | None, model: str | None, precision: str | None) -> Prospect:
    """Return what would be trained, and where.

    Raises UserError where the model cannot be found or a number makes no sense.
    """
    planned = _model(params, model)
    hardware = _hardware(params, gpu_gib)
    choice = _precision(params, hardware, planned, precision)
    hardware = replace(hardware, backend=_backend(params, hardware, gpu_gib is None, planned, choice.precision))
    examples = read_records(ROWS, Example) if ROWS.exists() else []
    corpus = describe_corpus(examples) if examples else ASSUMED
    resolved = resolve_recipe(params, corpus, planned.parameters, planned.builtin)
    recipe = describe_recipe(params, resolved, corpus, planned.parameters)
    # A GPU that is not here is assumed to have what requirements-gpu.txt installs, Liger among it.
    liger = hardware.gpu is not None and hardware.backend == "peft"
    setup = training_setup(resolved, planned.shape, choice, hardware.backend, hardware.gpu is not None, liger)
    open_rows = read_records(OPEN_ROWS, Example) if examples and OPEN_ROWS.exists() else []
    lengths, rows = _lengths(params, planned, put_in_place(examples, open_rows))
    packing = hardware.gpu is not None and not planned.encoder
    packing = packing if params.train.packing == "auto" else params.train.packing
    largest = _largest(resolved, lengths, packing, hardware.processes)
    return Prospect(resolved, recipe, hardware, planned, setup, packing, largest, rows)


def plan_lines(gpu_gib: float | None, model: str | None, precision: str | None) -> list[str]:
    """Return the lines to print. Raises UserError as `look_ahead` does, and where nothing fits."""
    prospect = look_ahead(load_params(), gpu_gib, model, precision)
    params, hardware = prospect.params, prospect.hardware
    said = tr("on {hardware}", hardware=hardware.words), prospect.rows, prospect.recipe
    head = [_describe(prospect.model, prospect.setup), *(f"plan: {line}" for line in said), ""]
    chosen = prospect.plan(params.train.memory)
    choices = [_choice(memory, prospect.plan(memory), params.train.memory) for memory in ("auto", "low", "fast")]
    return [*head, *_table(chosen, params, hardware), "", *choices, "", tr("why: {reason}", reason=chosen.reason)]


def _hardware(params: Params, gpu_gib: float | None) -> Hardware:
    """Return the GPU of --gpu-gib, else those that are here, else the CPU; the backend depends on the precision."""
    import torch

    if gpu_gib is not None:
        return _imagined(params, gpu_gib)
    budget, gpu = budget_bytes(params.train.gpu_memory_gib), this_gpu()
    if gpu is None:
        words = tr(
            "the CPU, as there is no GPU (--gpu-gib plans for one), {budget:.1f} GiB of its memory", budget=budget / GIB
        )
        return Hardware(None, budget, 1, "peft", words)
    processes = params.train.processes if params.train.processes != "auto" else torch.cuda.device_count()
    words = tr("{gpu}, {budget:.1f} GiB of it", gpu=torch.cuda.get_device_name(), budget=budget / GIB)
    words += _several(processes)
    return Hardware(gpu, budget, processes, "peft", words)


def _imagined(params: Params, gpu_gib: float) -> Hardware:
    """Return a GPU of this size, as new as Ampere: with bf16, and with Unsloth where the settings allow it."""
    processes = params.train.processes if params.train.processes != "auto" else 1
    words = tr("a GPU of {gib:g} GiB, {own:.1f} of it CUDA's own", gib=gpu_gib, own=CONTEXT_BYTES / GIB)
    words += _several(processes)
    total = int(gpu_gib * GIB)
    return Hardware(Gpu(total, has_bf16=True), total - CONTEXT_BYTES, processes, "peft", words)


def _several(processes: int) -> str:
    return tr(", {count} of them", count=processes) if processes > 1 else ""


def _backend(
    params: Params, hardware: Hardware, here: bool, model: PlannedModel, precision: str
) -> Literal["unsloth", "peft"]:
    """Return what the training would choose; Unsloth and Liger are assumed to run on a GPU that is not here."""
    from pagetune.train.backend import Trained, is_fast_in_peft, why_peft

    if hardware.gpu is None:
        return "peft"
    fast = is_fast_in_peft(precision, model.parameters, hardware.gpu, has_liger() or not here)
    trained = Trained(model.parameters, fast, model.encoder, model.towers)
    return "peft" if why_peft(params, hardware.processes, here, trained) else "unsloth"


def _model(params: Params, wanted: str | None) -> PlannedModel:
    """Return the model of --model, else that of `model.base`: out of models/base where it is there already."""
    if wanted is not None:
        return _known(wanted) or _described(wanted, None, params.model.trust_remote_code)
    manifest, base = read_manifest() if (BASE / "manifest.json").exists() else None, params.model.base
    if manifest is None or manifest.id != base:
        return _not_here_yet(params)
    config = find_config(manifest.location, manifest.revision, manifest.trust_remote_code)
    shape = known_shape(config, manifest.id)
    where = manifest.location, manifest.revision
    builtin = manifest.source == "builtin"
    towers = _sees_or_hears(config)
    return PlannedModel(manifest.id, shape, manifest.parameters, *where, towers, manifest.quantized, builtin)


def _not_here_yet(params: Params) -> PlannedModel:
    """Return the model of `model.base` where models/base holds none, or another one."""
    base, revision, trust = params.model.base, params.model.revision, params.model.trust_remote_code
    if base in BUILTIN:
        raise UserError(
            "{folder} does not hold model.base, {base}. Run `dvc repro base_model`, or name a model: --model 8b.",
            folder=BASE,
            base=base,
        )
    try:
        return _known(base) or _described(base, revision, trust)
    except UserError as error:
        raise UserError("{error} It is model.base in params.yaml.", error=error) from None


def _sees_or_hears(config: Any) -> bool:
    return any(getattr(config, name, None) for name in TOWERS)


def _known(wanted: str) -> PlannedModel | None:
    """Return a model from the table, without a network. A folder of that name is what the user means, though."""
    if Path(wanted).is_dir():
        return None
    if wanted.lower() in KNOWN_SHAPES:
        shape = KNOWN_SHAPES[wanted.lower()]
        return PlannedModel(full_name(wanted.lower()), shape, shape.parameters, None)
    if (found := find_known(wanted)) is None:
        return None
    name, model = found
    words = tr("{name}, without its vision tower", name=name) if model.vision else name
    return PlannedModel(words, model.shape, model.parameters, cached_folder(name), None, model.vision > 0)


def _described(wanted: str, revision: str | None, trust_remote_code: bool) -> PlannedModel:
    """Return a model that only its own config.json describes."""
    config = find_config(wanted, revision, trust_remote_code)
    shape = known_shape(config, wanted)
    return PlannedModel(
        wanted, shape, shape.parameters, wanted, revision, _sees_or_hears(config), _bitsandbytes(config)
    )


def _bitsandbytes(config: Any) -> Literal["4bit", "8bit"] | None:
    """Return what bitsandbytes has made of the weights; what other methods made is refused by base_model."""
    packed = getattr(config, "quantization_config", None)
    if not isinstance(packed, dict) or packed.get("quant_method") != "bitsandbytes":
        return None
    return "8bit" if packed.get("load_in_8bit") else "4bit"


def _precision(params: Params, hardware: Hardware, model: PlannedModel, wanted: str | None) -> PrecisionChoice:
    """Resolve `precision` as the training does, for hardware that may not be here."""
    asked = wanted or params.precision
    if asked != "auto" and asked not in get_args(Precision):
        names = ", ".join(get_args(Precision))
        raise UserError("plan: --precision {asked} is unknown. Use auto, {names}.", asked=asked, names=names)
    return choose_precision(asked, model.parameters, params.quantization, hardware.gpu, model.quantized)


def _lengths(params: Params, model: PlannedModel, examples: list[Example]) -> tuple[list[int], str]:
    """Return the tokens of each training row, and where the numbers come from."""
    tokenizer = _tokenizer(model, params.model.trust_remote_code) if ROWS.exists() else None
    if tokenizer is None:
        is_missing = not ROWS.exists()
        why = tr("{path} is missing", path=ROWS) if is_missing else tr("there is no tokenizer to count with")
        lengths = _assumed_lengths()
        words = tr(
            "{count} assumed rows, half of them below {median} tokens ({why})",
            count=ASSUMED_ROWS,
            median=ASSUMED_MEDIAN,
            why=why,
        )
    else:
        lengths = [len(encode_example(row, tokenizer, model.encoder)["input_ids"]) for row in examples]
        words = tr("{count} rows of {path}", count=len(lengths), path=ROWS)
    if not lengths:
        raise UserError("{path} has no rows; metrics/curate.json says why. Add documents or pairs.", path=ROWS)
    cut = [min(length, params.train.max_length) for length in lengths]
    return cut, tr(
        "{words}, {mean:.0f} tokens on average, {most} at most", words=words, mean=sum(cut) / len(cut), most=max(cut)
    )


def _assumed_lengths() -> list[int]:
    """Return log-normal lengths without chance: one row at each quantile."""
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


def _largest(params: ResolvedParams, lengths: list[int], packed: bool, processes: int) -> Callable[[int], int]:
    train = params.train
    order = (train.effective_batch_size, train.epochs, train.group_by_length, params.seed)
    return _largest_of(tuple(lengths), order, packed, processes)


@cache
def _largest_of(
    lengths: tuple[int, ...], order: tuple[int, int, bool, int], packed: bool, processes: int
) -> Callable[[int], int]:
    """Cache the answers, for which several plans ask."""
    rows = list(lengths)
    steps = plan_steps(rows, *order)
    return cache(lambda parts: largest_micro_batch(steps, rows, parts * processes, packed))


def _describe(model: PlannedModel, setup: Setup) -> str:
    number = setup.shape.parameters
    size = tr("{billions:.1f} billion", billions=number / 1e9)
    if number < 1e9:
        size = tr("{millions:.1f} million", millions=number / 1e6)
    return tr(
        "plan: {name} ({size} parameters) at {precision}, LoRA r={r}, with {backend}",
        name=model.name,
        size=size,
        precision=setup.precision,
        r=setup.lora.r,
        backend=setup.backend,
    )


def _table(plan: Plan, params: ResolvedParams, hardware: Hardware) -> list[str]:
    memory = [f"  {set_cell_size(tr(part), 12)}{getattr(plan.predicted, str(part)) / GIB:8.2f} GiB" for part in _PARTS]
    cut = plan.gradient_accumulation_steps
    gpus = tr(" on each of {count} GPUs", count=hardware.processes) if hardware.processes > 1 else ""
    effective = tr(
        "{rows} rows, in {cut} parts{gpus} (gradient_accumulation_steps: {cut})",
        rows=params.train.effective_batch_size,
        cut=cut,
        gpus=gpus,
    )
    micro = tr(
        "{rows} rows, {tokens} tokens, {how}",
        rows=plan.per_device_train_batch_size,
        tokens=plan.tokens,
        how=tr("packed") if plan.packing else tr("padded"),
    )
    return [
        *memory,
        "",
        f"  {set_cell_size(tr('effective batch'), 24)}{effective}",
        f"  {set_cell_size(tr('micro-batch'), 24)}{micro}",
        f"  {set_cell_size(tr('gradient checkpointing'), 24)}{_on(plan.gradient_checkpointing)}",
    ]


def _on(is_on: bool) -> str:
    return tr("on") if is_on else tr("off")


def _choice(memory: str, plan: Plan, current: str) -> str:
    return tr(
        "{mark} train.memory: {memory:<5} {total:6.2f} GiB, {cut} x {rows} rows, checkpointing {checkpointing}",
        mark="*" if memory == current else " ",
        memory=memory,
        total=plan.predicted.total / GIB,
        cut=plan.gradient_accumulation_steps,
        rows=plan.per_device_train_batch_size,
        checkpointing=_on(plan.gradient_checkpointing),
    )
