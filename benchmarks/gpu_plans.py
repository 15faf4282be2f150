"""What `plan` chooses for GPUs and models, independent of params.yaml, for benchmarks.gpu_guide."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pagetune.commands.plan import Prospect, look_ahead
from pagetune.errors import UserError
from pagetune.params import Params, load_params
from pagetune.plan.memory import GIB, Plan

ROOT = Path(__file__).parent.parent
LOW_MEMORY = ROOT / "presets" / "low_memory.yaml"
#: Memory of GPUs as they are sold, in GB.
GPU_SIZES = (8, 12, 16, 24, 48, 80, 141)
#: A GB in GiB where a maker counts in thousands; ECC takes about as much.
LEAST = 10**9 / GIB
#: Everything that a plan depends on, as params.yaml is shipped.
SETTINGS: dict[str, Any] = {
    "seed": 42,
    "precision": "auto",
    "quantization": {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
    "lora": {"r": "auto", "dropout": 0.0, "target_modules": "all-linear", "rank_pattern": {}},
    "train": {
        "backend": "auto", "processes": "auto", "epochs": "auto", "effective_batch_size": "auto",
        "learning_rate": "auto", "optim": "adamw_torch",
        "fp8": False, "max_length": 512, "group_by_length": True, "memory": "auto",
        "per_device_train_batch_size": "auto", "packing": "auto", "gradient_checkpointing": "auto",
    },
}  # fmt: skip
PEFT: dict[str, Any] = {"train": {"backend": "peft"}}
#: Sizes that the search for the smallest GPU tries, in tenths of a GiB.
TENTHS = range(1, 4000)


@dataclass(frozen=True)
class Cell:
    """The choice for one GPU and model. Where nothing fits, `plan` is None and `missing_gib` is what is missing."""

    precision: str
    plan: Plan | None
    missing_gib: float = 0.0


def merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with `changes`, which may name a part of a section."""
    sections = {key: merged(values[key], value) for key, value in changes.items() if isinstance(value, dict) and value}
    return values | changes | sections


def params_of(changes: dict[str, Any]) -> Params:
    shipped = load_params(ROOT / "params.yaml").model_dump()
    return Params.model_validate(merged(merged(shipped, SETTINGS), changes))


def low_memory() -> dict[str, Any]:
    """Return the keys of presets/low_memory.yaml."""
    return dict(YAML(typ="safe", pure=True).load(LOW_MEMORY.read_text(encoding="utf-8")))


AS_SET = params_of({})


def cell_of(gib: float, model: str) -> Cell:
    """Return what `python -m pagetune plan --gpu-gib GIB --model MODEL` chooses."""
    prospect = look_ahead(AS_SET, gib, model, None)
    precision = prospect.setup.precision
    if plan := _plan(prospect):
        return Cell(precision, plan)
    return Cell(precision, None, round(smallest_gpu(model, precision) - gib, 1))


def _plan(prospect: Prospect) -> Plan | None:
    try:
        return prospect.plan(prospect.params.train.memory)
    except UserError:
        return None


@cache
def smallest_gpu(model: str, precision: str) -> float:
    """Return the GiB of the smallest GPU on which any plan fits, to a tenth."""
    return smallest_gpu_with(AS_SET, model, precision)


def smallest_gpu_with(params: Params, model: str, precision: str) -> float:
    return _first(lambda gib: _plan(look_ahead(params, gib, model, precision)) is not None)


def smallest_for_16_bits(model: str) -> float:
    """Return the GiB of the smallest GPU on which `precision: auto` takes 16 bits, to a tenth."""
    return _first(lambda gib: look_ahead(AS_SET, gib, model, None).setup.precision == "bf16")


@cache
def smallest_at_full_speed(model: str, precision: str) -> float:
    """Return the GiB of the smallest GPU that runs a whole step at once without checkpointing, to a tenth."""

    def at_once(gib: float) -> bool:
        plan = _plan(look_ahead(AS_SET, gib, model, precision))
        return plan is not None and plan.gradient_accumulation_steps == 1 and not plan.gradient_checkpointing

    return _first(at_once)


def _first(holds: Callable[[float], bool]) -> float:
    return TENTHS[bisect_left(TENTHS, True, key=lambda tenths: holds(tenths / 10))] / 10
