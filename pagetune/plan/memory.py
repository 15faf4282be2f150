"""How much memory LoRA training takes, and how to cut its steps so that it fits.

Everything is estimated before a weight is loaded. The constants count what each library keeps for its backward pass;
tests/test_memory.py compares the estimates with peaks measured on an H200 (8B Llama shape).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.model.precision import FLOAT_ON_CPU, Precision
from pagetune.plan.recipe import ResolvedLora, ResolvedTrain
from pagetune.plan.shapes import Shape, adapter_parameters, is_target, shape_of

__all__ = ["CONTEXT_BYTES", "Estimate", "Plan", "Setup", "Shape", "estimate", "make_plan", "shape_of"]

GIB = 2**30
#: What CUDA itself holds of a GPU beside PyTorch's tensors: its context and libraries.
CONTEXT_BYTES = int(0.6 * GIB)
#: Memory of GPUs that one can have, in GiB.
GPU_SIZES = (8, 12, 16, 24, 32, 40, 48, 80, 96, 141, 192)


@dataclass(frozen=True)
class Widths:
    """Bytes per token and per unit of a layer's widths: the residual, all query heads, key or value, the MLP."""

    hidden: int = 0
    query: int = 0
    key_value: int = 0
    intermediate: int = 0


@dataclass(frozen=True)
class Kept:
    """What the backward pass of a layer needs: kept by the forward pass, kept where checkpointed (bytes per unit of the
    hidden size), and taken for a moment while a layer's gradients are computed."""

    layer: Widths
    checkpoint: int
    working: Widths


#: Both norms' inputs and outputs; queries and attention output; keys, values; gate and up. All are 16 bit, and fused
#: kernels recompute the rest. "unsloth" checkpointing moves the layers' inputs to the machine's memory.
UNSLOTH = Kept(
    Widths(hidden=4 * 2, query=2 * 2, key_value=2 * 2, intermediate=2 * 2), 0, Widths(hidden=3 * 2, intermediate=2)
)
#: Both norms' inputs in fp32 and their 16-bit outputs, which the lora_A of several layers share (see
#: train/peft_backend.py; PEFT's own copies would be 3 more of hidden); queries, attention output and its layout for
#: o_proj; keys, values; gate, silu(gate), up and their product. A checkpoint is a layer's 16-bit input.
PEFT = Kept(
    Widths(hidden=2 * 4 + 2 * 2, query=3 * 2, key_value=2 * 2, intermediate=4 * 2), 2, Widths(hidden=2, intermediate=8)
)
#: With Liger's kernels norms keep only their 16-bit inputs, and the MLP gate, up and their product.
PEFT_LIGER = Kept(
    Widths(hidden=4 * 2, query=2 * 2, key_value=2 * 2, intermediate=3 * 2), 2, Widths(hidden=2, intermediate=6)
)
#: fp32 throughout needs no copies: both norms' inputs and outputs; queries and attention output, which is copied for
#: o_proj; keys, values; gate, silu(gate), up and their product.
FULL_PRECISION = Kept(
    Widths(hidden=4 * 4, query=3 * 4, key_value=2 * 4, intermediate=4 * 4), 4, Widths(hidden=8, intermediate=16)
)

#: TRL's fused head (kernels/chunked_logprob.py) has 16-bit tiles of this many tokens × entries of the vocabulary.
TRL_TILE = 4096 * 32_768 * 2
#: transformers' own head, without a GPU or with an adapter on it: logits, their log-softmax and gradient in fp32.
PLAIN_LOGIT_BYTES = 3 * 4

#: Bits per weight of NF4: 4, and for blocks of 64 an fp32 constant, or an 8-bit one with an fp32 for 256 of them
#: (QLoRA, arXiv:2305.14314, section 3).
NF4_BITS, NF4_DOUBLE_QUANTIZED_BITS = 4 + 32 / 64, 4 + 8 / 64 + 32 / (64 * 256)
#: The adapter is fp32; each of its parameters has a gradient and two moments of Adam, in fp32 or 8 bits.
ADAPTER_BYTES, GRADIENT_BYTES = 4, 4
MOMENTS_BYTES = {"adamw_torch": 8, "adamw_8bit": 2, "paged_adamw_8bit": 2}
#: Workspaces, buffers for dequantised weights and what else the allocator holds, as measured in
#: benchmarks/train_gpu.txt; and a process with torch, transformers, TRL and datasets, as in metrics/cost.json for the
#: built-in model.
GPU_OVERHEAD, CPU_OVERHEAD = int(0.4 * GIB), int(0.6 * GIB)

#: Shares of the budget: `auto` and `low` leave a tenth for fragmentation, `fast` a twentieth. They do so too where
#: nothing else fits, or where what fits is very slow.
SAFE, TIGHT = 0.9, 0.95
#: A plan within this factor of the least memory is as good as the least: a few rows at a time save half a GiB and take
#: five times as long (benchmarks/train_gpu.txt).
NEAR_LEAST = 1.08

#: The H200's 16-bit FLOP/s (data sheet), the share that benchmarks/train_gpu.txt reached, bytes written per second.
PEAK_FLOPS, UTILIZATION, WRITTEN_PER_SECOND = 989e12, 0.5, 3e12
#: Seconds that the CPU takes to launch a layer's kernels, forward and backward, while the GPU computes: below some
#: thousand tokens at once they decide. From micro-batches of 1,086 tokens, 0.33 s for 32 layers three times.
LAUNCH_SECONDS = 7e-3
#: Share of it that nothing hides, the first kernels of a micro-batch: of two equally fast plans, fewer parts win.
UNHIDDEN = 0.1
#: Bytes that a GPU gathers from the others a second, over NVLink, and the seconds to prepare that for a layer.
GATHERED_PER_SECOND, GATHER_SECONDS = 1.5e11, 1e-3
#: FLOP/s of a few cores without a GPU, by order of magnitude: it only weighs computing against launching.
CPU_FLOPS = 1e11


@dataclass(frozen=True)
class Setup:
    """What is trained and how."""

    shape: Shape
    precision: Precision
    double_quant: bool
    lora: ResolvedLora
    backend: Literal["unsloth", "peft"]
    on_gpu: bool
    optim: Literal["adamw_torch", "adamw_8bit", "paged_adamw_8bit"] = "adamw_torch"
    #: Liger's kernels under PEFT.
    liger: bool = False
    #: GPUs that hold a part of the weights each.
    shards: int = 1

    @property
    def quantized(self) -> bool:
        return self.precision in ("4bit", "8bit")


@dataclass(frozen=True)
class Estimate:
    """Bytes of each part. `moments` are Adam's; `logits` is what the loss takes beyond what the backward pass through a
    layer takes after it."""

    weights: int
    adapter: int
    gradients: int
    moments: int
    activations: int
    logits: int
    overhead: int

    @property
    def total(self) -> int:
        return sum(asdict(self).values())


def estimate(setup: Setup, tokens: int, checkpointing: bool) -> Estimate:
    """Estimate the bytes at the peak. `tokens`: those of the largest micro-batch, padding included, all trained on."""
    shape, kept, adapter = setup.shape, _kept(setup), adapter_parameters(setup.shape, setup.lora)
    layer, working = _bytes_per_token(shape, kept.layer), tokens * _bytes_per_token(shape, kept.working)
    layer += _dora_bytes_per_token(setup)
    # A recomputed layer holds its own input, and does not exist while the loss is computed.
    momentary = working + (tokens * layer if checkpointing else 0)
    others = (shape.num_hidden_layers - 1) * (kept.checkpoint * shape.hidden_size if checkpointing else layer)
    return Estimate(
        weights=_weight_bytes(setup),
        adapter=ADAPTER_BYTES * adapter,
        gradients=GRADIENT_BYTES * adapter,
        moments=MOMENTS_BYTES[setup.optim] * adapter,
        activations=tokens * (others + layer) + working,
        logits=max(0, _loss_bytes(setup, tokens) - momentary),
        overhead=_overhead_bytes(setup),
    )


def _kept(setup: Setup) -> Kept:
    if not setup.on_gpu or setup.precision == "fp32":
        return FULL_PRECISION
    if setup.backend == "unsloth":
        return UNSLOTH
    return PEFT_LIGER if setup.liger else PEFT


def _bytes_per_token(shape: Shape, widths: Widths) -> int:
    attention = widths.query * shape.query_size + widths.key_value * shape.key_value_size
    return widths.hidden * shape.hidden_size + attention + widths.intermediate * shape.intermediate_size


def _layer_bytes(setup: Setup) -> float:
    """Count the weights of all layers."""
    nf4 = NF4_DOUBLE_QUANTIZED_BITS if setup.double_quant else NF4_BITS
    linear = {"4bit": nf4 / 8, "8bit": 1, "fp32": 4}.get(setup.precision, 2)
    if setup.precision == "4bit" and not setup.on_gpu and setup.shape.parameters <= FLOAT_ON_CPU:
        linear = 4
    return linear * setup.shape.linear_parameters


def _weight_bytes(setup: Setup) -> int:
    """Count the weights: only the layers are quantised, and the rest is 16 bit then, or fp32 without a GPU."""
    rest = 4 if setup.precision == "fp32" or (setup.quantized and not setup.on_gpu) else 2
    layers, ends = _layer_bytes(setup), rest * setup.shape.embedding_parameters
    if setup.shards == 1:
        return int(layers + ends)
    # FSDP gathers a layer while it computes and fetches the next; embedding and head stay whole.
    return int((layers + ends) / setup.shards + ends + 2 * layers / setup.shape.num_hidden_layers)


def _loss_bytes(setup: Setup, tokens: int) -> int:
    logits = tokens * setup.shape.vocab_size
    if not setup.on_gpu or is_target("lm_head", setup.lora) or setup.shape.cross_layers:
        return PLAIN_LOGIT_BYTES * logits
    return TRL_TILE + 4 * tokens * setup.shape.hidden_size


def _overhead_bytes(setup: Setup) -> int:
    """Count what neither weights nor activations are; quantised weights are dequantised one layer at a time."""
    if not setup.on_gpu:
        return CPU_OVERHEAD
    largest = max(map(math.prod, setup.shape.modules.values()))
    # DoRA adds adapter and weights in fp32, and takes the norms of the sum.
    return GPU_OVERHEAD + (2 * largest if setup.quantized else 0) + (3 * 4 * largest if setup.lora.use_dora else 0)


def _dora_bytes_per_token(setup: Setup) -> int:
    """Count what DoRA keeps of each layer for the backward pass: the outputs of base and adapter, apart."""
    if not setup.lora.use_dora:
        return 0
    size = 4 if setup.precision == "fp32" or not setup.on_gpu else 2
    return 2 * size * sum(out for _, out in setup.shape.modules.values())


@dataclass(frozen=True)
class Plan:
    """How each step is cut. `per_device_train_batch_size`: most rows at once on a GPU (on average where packed);
    `tokens`: those of the largest micro-batch, padding included."""

    gradient_accumulation_steps: int
    per_device_train_batch_size: int
    tokens: int
    packing: bool
    gradient_checkpointing: bool
    predicted: Estimate
    reason: str


@dataclass(frozen=True)
class Candidate:
    accumulation: int
    tokens: int
    checkpointing: bool
    predicted: Estimate
    seconds: float

    @property
    def total(self) -> int:
        return self.predicted.total


def make_plan(
    setup: Setup,
    train: ResolvedTrain,
    largest: Callable[[int], int],
    budget_bytes: int,
    packing: bool,
    processes: int = 1,
) -> Plan:
    """Choose by `train.memory`, within what the user has set. Raises UserError where nothing fits.

    `largest` returns the tokens of the training's largest micro-batch where each GPU's steps are cut into that many
    parts. `budget_bytes` is what the training may take of one GPU.
    """
    candidates = _candidates(setup, train, largest, processes)
    least = _least(candidates)
    if not _fits(least, budget_bytes):
        quantized = _least(_candidates(replace(setup, precision="4bit"), train, largest, processes))
        raise UserError(_nothing_fits(setup, train, least, quantized, budget_bytes))
    best, why = _choose(train.memory, candidates, least, budget_bytes)
    return Plan(
        gradient_accumulation_steps=best.accumulation,
        per_device_train_batch_size=-(-train.effective_batch_size // (best.accumulation * processes)),
        tokens=best.tokens,
        packing=packing,
        gradient_checkpointing=best.checkpointing,
        predicted=best.predicted,
        reason=Remark(
            "{why}: {memory} of {budget:.1f} GiB, {tokens} tokens at once",
            why=why,
            memory=_in_words(best.predicted),
            budget=budget_bytes / GIB,
            tokens=best.tokens,
        ),
    )


def _candidates(setup: Setup, train: ResolvedTrain, largest: Callable[[int], int], processes: int) -> list[Candidate]:
    whole, fixed = largest(1), train.gradient_checkpointing
    candidates = []
    for accumulation in _accumulations(train, processes):
        tokens = largest(accumulation)
        for checkpointing in (False, True) if fixed == "auto" else (fixed,):
            seconds = _seconds(setup, min(whole, accumulation * tokens), accumulation, checkpointing)
            predicted = estimate(setup, tokens, checkpointing)
            candidates.append(Candidate(accumulation, tokens, checkpointing, predicted, seconds))
    return candidates


def _accumulations(train: ResolvedTrain, processes: int) -> list[int]:
    """Return an accumulation for each number of rows at once that makes a difference."""
    rows, at_once = -(-train.effective_batch_size // processes), train.per_device_train_batch_size
    return sorted({-(-rows // n) for n in range(1, rows + 1)}) if at_once == "auto" else [-(-rows // at_once)]


def _seconds(setup: Setup, tokens: int, accumulation: int, checkpointing: bool) -> float:
    """Estimate the seconds of a step. Frozen weights need no gradient: each weight and token costs 2 FLOP forward, 2
    backward, and 2 to recompute."""
    shape, passes = setup.shape, 3 if checkpointing else 2
    weights = shape.linear_parameters + shape.hidden_size * shape.vocab_size
    computing = 2 * passes * weights * tokens / (PEAK_FLOPS * UTILIZATION if setup.on_gpu else CPU_FLOPS)
    launching = shape.num_hidden_layers * LAUNCH_SECONDS * passes / 2
    dequantising = passes * 2 * shape.linear_parameters / WRITTEN_PER_SECOND if setup.precision == "4bit" else 0
    computing += accumulation * dequantising
    launching *= accumulation
    if setup.shards > 1:  # every pass gathers the weights of every layer
        gathered = passes * _layer_bytes(setup) / GATHERED_PER_SECOND
        launching = accumulation * (gathered + passes * shape.num_hidden_layers * GATHER_SECONDS) + launching
    return max(computing, launching) + UNHIDDEN * launching if setup.on_gpu else computing + launching


def _least(candidates: list[Candidate]) -> Candidate:
    return min(candidates, key=lambda candidate: (candidate.total, candidate.seconds))


def _fits(candidate: Candidate, budget: int) -> bool:
    return candidate.total <= TIGHT * budget


def _choose(memory: str, candidates: list[Candidate], least: Candidate, budget: int) -> tuple[Candidate, Remark]:
    safe = max(SAFE * budget, NEAR_LEAST * least.total)
    limit = TIGHT * budget if memory == "fast" else min(safe, TIGHT * budget)
    fitting = [candidate for candidate in candidates if candidate.total <= limit]
    if memory == "low":
        near = [candidate for candidate in fitting if candidate.total <= NEAR_LEAST * least.total]
        return _fastest(near), Remark("low takes the fastest within 8% of the least memory")
    return _fastest(fitting), Remark(
        "{memory} takes the fastest of {fitting} that fit out of {count}",
        memory=memory,
        fitting=len(fitting),
        count=len(candidates),
    )


def _fastest(candidates: list[Candidate]) -> Candidate:
    return min(candidates, key=lambda candidate: (candidate.seconds, candidate.total))


def _in_words(predicted: Estimate) -> Remark:
    return Remark(
        "about {total:.1f} GiB ({weights:.1f} weights, {adapter:.1f} adapter and optimizer, {activations:.1f} "
        "activations)",
        total=predicted.total / GIB,
        weights=predicted.weights / GIB,
        adapter=(predicted.adapter + predicted.gradients + predicted.moments) / GIB,
        activations=predicted.activations / GIB,
    )


def _nothing_fits(setup: Setup, train: ResolvedTrain, least: Candidate, quantized: Candidate, budget: int) -> str:
    """Say what is missing and what would help. `quantized` is the least that training takes with 4 bits."""
    seen = tr(
        "params.yaml: train.memory: at {precision} this training takes {memory} at least, for {tokens} tokens at once, "
        "and {budget:.1f} GiB are free for it (a twentieth is kept back)",
        precision=setup.precision,
        memory=_in_words(least.predicted),
        tokens=least.tokens,
        budget=budget / GIB,
    )
    if setup.on_gpu and least.predicted.weights > budget:
        advice = _for_a_bigger_gpu(setup, least, quantized, budget)
        return tr("{seen}. The weights alone exceed that. {advice}.", seen=seen, advice=advice)
    return tr("{seen}. Try {settings}.", seen=seen, settings=", ".join(_smaller_settings(setup, train, least)))


def _smaller_settings(setup: Setup, train: ResolvedTrain, least: Candidate) -> Iterator[str]:
    if setup.precision != "4bit":
        yield "precision: 4bit"
    if train.gradient_checkpointing is False:
        yield "train.gradient_checkpointing: auto"
    if train.per_device_train_batch_size != "auto":
        yield "train.per_device_train_batch_size: auto"
    yield tr("a shorter train.max_length")
    yield tr("a smaller lora.r")
    yield (_smallest_gpu(least) or tr("a bigger GPU")) if setup.on_gpu else tr("a machine with more memory")


def _for_a_bigger_gpu(setup: Setup, least: Candidate, quantized: Candidate, budget: int) -> str:
    """Advise where no other setting can help, because the weights alone are too large."""
    gpu, smaller = _smallest_gpu(least), _smallest_gpu(quantized)
    bigger = (
        tr("{gpu}, the smallest that holds this training", gpu=gpu)
        if gpu
        else tr("a smaller model, as no single GPU holds this training")
    )
    if setup.precision == "4bit":
        return tr("Try {bigger}", bigger=bigger)
    if _fits(quantized, budget):
        return tr("Try precision: 4bit, which fits here, or {bigger}", bigger=bigger)
    if smaller:
        return tr("Try {bigger}; 4bit does not fit here either, but on {smaller}", bigger=bigger, smaller=smaller)
    return tr("Try {bigger}; 4bit does not fit here either", bigger=bigger)


def _smallest_gpu(least: Candidate) -> str | None:
    fitting = (gib for gib in GPU_SIZES if _fits(least, gib * GIB - CONTEXT_BYTES))
    return next((tr("a GPU of {gib} GiB", gib=gib) for gib in fitting), None)
