"""Which number format the base model is loaded in, and why."""

import importlib.util
from dataclasses import dataclass
from typing import Any, Literal

import torch

from pagetune.errors import UserError
from pagetune.params import Quantization

Precision = Literal["4bit", "8bit", "fp16", "bf16", "fp32"]
#: Beside the weights: activations, adapter, optimiser. 16 bit is chosen where this many times the weights fit.
HEADROOM = 1.5


@dataclass(frozen=True)
class Choice:
    precision: Precision
    reason: str


def resolve_precision(wanted: str, parameters: int) -> Choice:
    """What `precision:` in params.yaml means on this machine, for a model with so many parameters.

    `auto` never fails. Raises UserError where the machine cannot do what was asked for.
    """
    if wanted == "auto":
        return _automatic(parameters)
    if wanted == "fp16" and not torch.cuda.is_available():
        raise UserError(
            "params.yaml: precision: fp16 needs a GPU, and PyTorch sees none. Use auto, 4bit, bf16 or fp32."
        )
    if wanted in ("4bit", "8bit") and not _has_bitsandbytes():
        raise UserError(
            f"params.yaml: precision: {wanted} needs bitsandbytes, which is not installed. Use bf16 or fp32."
        )
    return Choice(wanted, "asked for")  # type: ignore[arg-type]


def _automatic(parameters: int) -> Choice:
    if not torch.cuda.is_available():
        if _has_bitsandbytes():
            return Choice("4bit", "no GPU; bitsandbytes trains 4-bit NF4 on the CPU")
        return Choice("fp32", "no GPU and no bitsandbytes")
    # All of the card's memory, not what is free just now: base and tuned must resolve to the same.
    card_gib, needed_gib = torch.cuda.get_device_properties(0).total_memory / 2**30, 2 * parameters * HEADROOM / 2**30
    if needed_gib > card_gib:
        return Choice("4bit", f"16 bit would need about {needed_gib:.0f} GiB and the card has {card_gib:.0f} GiB")
    half: Precision = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return Choice(half, f"16 bit needs about {needed_gib:.1f} GiB and the card has {card_gib:.0f} GiB")


def _has_bitsandbytes() -> bool:
    return importlib.util.find_spec("bitsandbytes") is not None


_DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}


def compute_dtype(precision: Precision, options: Quantization) -> torch.dtype:
    """The type of activations: that of 16-bit weights; for quantised ones bf16 from Ampere on, fp32 on a CPU."""
    if precision in _DTYPES:
        return _DTYPES[precision]
    if precision == "4bit" and options.bnb_4bit_compute_dtype != "auto":
        return _DTYPES[options.bnb_4bit_compute_dtype]
    if not torch.cuda.is_available():
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def quantization(precision: Precision, options: Quantization, sharded: bool = False) -> Any:
    """The BitsAndBytesConfig of a 4-bit or 8-bit model; None for the others.

    FSDP cuts up floating-point weights alone: for it the 4-bit ones are stored as if they were of the compute type.
    """
    from transformers import BitsAndBytesConfig

    if precision == "4bit":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type=options.bnb_4bit_quant_type,
            bnb_4bit_use_double_quant=options.bnb_4bit_use_double_quant,
            bnb_4bit_compute_dtype=compute_dtype(precision, options),
            **({"bnb_4bit_quant_storage": compute_dtype(precision, options)} if sharded else {}),
        )
    return BitsAndBytesConfig(load_in_8bit=True) if precision == "8bit" else None
