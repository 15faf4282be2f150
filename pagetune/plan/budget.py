"""How much memory a training may take on this machine, and whether one GPU holds its base model."""

import importlib.util
from typing import Literal

from pagetune.errors import UserError
from pagetune.model.precision import PrecisionChoice
from pagetune.plan.memory import CONTEXT_BYTES, GIB, Setup, estimate
from pagetune.plan.recipe import ResolvedParams
from pagetune.plan.shapes import Shape

#: Share of the machine's memory that a training on the CPU may take.
CPU_SHARE = 0.5
#: Share of one GPU that an estimate may reach before the model is sharded over several.
ONE_GPU_SHARE = 0.95

MemoryLimit = Literal["auto"] | float


def training_setup(
    params: ResolvedParams,
    shape: Shape,
    choice: PrecisionChoice,
    backend: Literal["unsloth", "peft"],
    on_gpu: bool,
    liger: bool,
    shards: int = 1,
) -> Setup:
    """Return what the planner has to know of a training. `shards`: GPUs that hold a part of the weights each."""
    return Setup(
        shape=shape,
        precision=choice.precision,
        double_quant=params.quantization.bnb_4bit_use_double_quant,
        lora=params.lora,
        backend=backend,
        on_gpu=on_gpu,
        optim=params.train.optim,
        liger=liger,
        shards=shards,
    )


def has_liger() -> bool:
    """Return whether Liger's kernels will run under PEFT here."""
    import torch

    return torch.cuda.is_available() and importlib.util.find_spec("liger_kernel") is not None


def budget_bytes(limit: MemoryLimit) -> int:
    """Return what the training may take of this GPU beside CUDA's own share, on a CPU of the machine's memory.

    `limit` is `train.gpu_memory_gib`; `auto` is what is free.
    """
    import torch

    if not torch.cuda.is_available():
        import psutil

        return int(psutil.virtual_memory().total * CPU_SHARE if limit == "auto" else limit * GIB)
    free = int(torch.cuda.mem_get_info()[0])
    return free if limit == "auto" else min(_without_context(limit), free)


def cap_gpu_memory(limit: MemoryLimit) -> None:
    """Make PyTorch refuse what goes beyond `train.gpu_memory_gib`, where that is a number and there is a GPU."""
    import torch

    if limit != "auto" and torch.cuda.is_available():
        total = torch.cuda.mem_get_info()[1]
        torch.cuda.set_per_process_memory_fraction(max(0.0, min(1.0, _without_context(limit) / total)))


def _without_context(gib: float) -> int:
    return int(gib * GIB) - CONTEXT_BYTES


def needs_sharding(params: ResolvedParams, shape: Shape, choice: PrecisionChoice) -> bool:
    """Return whether the base model leaves too little of one GPU to train beside it.

    Raises UserError where it does and cannot be sharded with these settings.
    """
    import torch

    setup = training_setup(params, shape, choice, "peft", on_gpu=True, liger=has_liger())
    total, limit = torch.cuda.get_device_properties(0).total_memory, params.train.gpu_memory_gib
    usable = (total if limit == "auto" else min(total, int(limit * GIB))) - CONTEXT_BYTES
    if estimate(setup, params.train.max_length, checkpointing=True).total <= ONE_GPU_SHARE * usable:
        return False
    if choice.prequantized:
        raise UserError(
            "params.yaml: model.base is quantised already; it does not fit on one GPU, and such weights cannot be "
            "sharded over several. Set model.base to its 16-bit original."
        )
    if choice.precision not in ("4bit", "bf16"):
        raise UserError(
            "params.yaml: precision: at {precision} the model does not fit on one GPU, and it can be "
            "sharded over several only with precision 4bit or bf16. Take one of them.",
            precision=choice.precision,
        )
    return True
