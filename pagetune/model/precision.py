"""Which number format the base model is loaded in, and which one it computes in."""

import importlib.util
import re
from dataclasses import dataclass
from typing import Any, Literal

import torch

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.params import Quantization

Precision = Literal["4bit", "8bit", "fp16", "bf16", "fp32"]
#: 16 bit is chosen where this multiple of the weights fits: activations, adapter and optimizer need memory too.
HEADROOM = 1.5

_DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}

#: The most parameters of a 4-bit model whose weights a CPU holds in floating point, 1 GiB in fp32. bitsandbytes would
#: turn them into the same numbers for each pass, which takes a fifth of the time of the built-in model.
FLOAT_ON_CPU = 2**28


@dataclass(frozen=True)
class Gpu:
    """What decides the precision.

    `total_bytes` is all of the GPU's memory: base and tuned must resolve to the same precision, and what is free
    changes from stage to stage.
    """

    total_bytes: int
    has_bf16: bool


@dataclass(frozen=True)
class PrecisionChoice:
    """The weights' `precision` and why, and the `dtype` of the activations.

    `prequantized`: the checkpoint has that precision already.
    """

    precision: Precision
    reason: str
    dtype: torch.dtype
    options: Quantization
    prequantized: bool = False

    def loading_options(self, sharded: bool = False) -> dict[str, Any]:
        """Return what from_pretrained is told about quantisation.

        A checkpoint that is quantised already would be loaded as if it were not, were it given None.
        """
        return {} if self.prequantized else {"quantization_config": self.quantization_config(sharded)}

    def quantization_config(self, sharded: bool = False) -> Any:
        """Return the BitsAndBytesConfig that makes a 4-bit or 8-bit model, None where nothing is to be quantised.

        FSDP can only shard floating-point weights, so `sharded` 4-bit weights are stored as if they had `dtype`.
        """
        from transformers import BitsAndBytesConfig

        if self.prequantized:
            return None
        if self.precision == "4bit":
            return BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type=self.options.bnb_4bit_quant_type,
                bnb_4bit_use_double_quant=self.options.bnb_4bit_use_double_quant,
                bnb_4bit_compute_dtype=self.dtype,
                **({"bnb_4bit_quant_storage": self.dtype} if sharded else {}),
            )
        return BitsAndBytesConfig(load_in_8bit=True) if self.precision == "8bit" else None


def this_gpu() -> Gpu | None:
    """Return the first GPU that PyTorch sees, None where it sees none.

    Raises UserError for one that this build of PyTorch has no kernels for.
    """
    if not torch.cuda.is_available():
        return None
    _check_age()
    return Gpu(
        torch.cuda.get_device_properties(0).total_memory, torch.cuda.is_bf16_supported(including_emulation=False)
    )


def _check_age() -> None:
    """Raise UserError where the GPU is older than all that PyTorch was built for, as Volta is for CUDA 13."""
    built_for = [int(digits[0]) for name in torch.cuda.get_arch_list() if (digits := re.findall(r"\d+", name))]
    if not built_for:
        return
    major, minor = torch.cuda.get_device_capability()
    if 10 * major + minor < min(built_for):
        raise UserError(
            "{gpu} has compute capability {major}.{minor}, and PyTorch {torch} is built for {least} and "
            "newer. Set the environment variable CUDA_VISIBLE_DEVICES to nothing to compute without it, "
            "or install a PyTorch for CUDA 12.6.",
            gpu=torch.cuda.get_device_name(),
            major=major,
            minor=minor,
            torch=torch.__version__,
            least=min(built_for) / 10,
        )


def resolve_precision(
    wanted: str, parameters: int, options: Quantization, quantized: Precision | None = None
) -> PrecisionChoice:
    """Return what `precision:` in params.yaml means on this machine for a model with this many parameters.

    `quantized` is what the checkpoint has been quantised to already. Raises UserError where the machine or such a
    checkpoint cannot run the precision that is set; `auto` fails only where bitsandbytes is missing for the latter.
    """
    return choose_precision(wanted, parameters, options, this_gpu(), quantized)


def choose_precision(
    wanted: str, parameters: int, options: Quantization, gpu: Gpu | None, quantized: Precision | None = None
) -> PrecisionChoice:
    """Return what `resolve_precision` returns on a machine with this GPU, or without one (None)."""
    if quantized:
        return _as_quantized(wanted, quantized, options, gpu)
    if wanted == "fp16" and gpu is None:
        raise UserError(
            "params.yaml: precision: fp16 needs a GPU, and PyTorch sees none. Set auto, 4bit, bf16 or fp32."
        )
    if wanted in ("4bit", "8bit") and not _has_bitsandbytes():
        raise UserError(
            "params.yaml: precision: {wanted} needs bitsandbytes, which is not installed. Set bf16 or fp32.",
            wanted=wanted,
        )
    precision, reason = _automatic(parameters, gpu) if wanted == "auto" else (wanted, Remark("set in params.yaml"))
    return PrecisionChoice(precision, reason, _compute_dtype(precision, options, gpu), options)  # type: ignore[arg-type]


def _as_quantized(wanted: str, quantized: Precision, options: Quantization, gpu: Gpu | None) -> PrecisionChoice:
    """Return the precision of a checkpoint that is quantised already. Raises UserError where another one is set."""
    if wanted not in ("auto", quantized):
        raise UserError(
            "params.yaml: precision is {wanted}, and model.base is quantised to {quantized} already. Set "
            "precision: auto, or set model.base to its 16-bit original.",
            wanted=wanted,
            quantized=quantized,
        )
    if not _has_bitsandbytes():
        raise UserError(
            "params.yaml: model.base is quantised to {quantized} by bitsandbytes, which is not "
            "installed. Install it, or set model.base to its 16-bit original.",
            quantized=quantized,
        )
    return PrecisionChoice(
        quantized,
        Remark("the base is quantised so"),
        _compute_dtype(quantized, options, gpu),
        options,
        prequantized=True,
    )


def _automatic(parameters: int, gpu: Gpu | None) -> tuple[str, str]:
    if gpu is None:
        if _has_bitsandbytes():
            return "4bit", Remark("no GPU; bitsandbytes trains 4-bit NF4 on the CPU")
        return "fp32", Remark("no GPU and no bitsandbytes")
    total_gib, needed_gib = gpu.total_bytes / 2**30, 2 * parameters * HEADROOM / 2**30
    sizes = {"needed": needed_gib, "total": total_gib}
    if needed_gib > total_gib:
        return "4bit", Remark("16 bit would need about {needed:.1f} GiB and the GPU has {total:.1f} GiB", **sizes)
    if gpu.has_bf16:
        return "bf16", Remark("16 bit needs about {needed:.1f} GiB and the GPU has {total:.1f} GiB", **sizes)
    return "fp16", Remark(
        "16 bit needs about {needed:.1f} GiB and the GPU has {total:.1f} GiB, and it has no bf16", **sizes
    )


def _has_bitsandbytes() -> bool:
    return importlib.util.find_spec("bitsandbytes") is not None


def _compute_dtype(precision: str, options: Quantization, gpu: Gpu | None) -> torch.dtype:
    """Return the dtype of the 16-bit weights, or for quantised ones bf16 where the GPU has it and fp32 on a CPU."""
    if precision in _DTYPES:
        return _DTYPES[precision]
    if precision == "4bit" and options.bnb_4bit_compute_dtype != "auto":
        return _DTYPES[options.bnb_4bit_compute_dtype]
    if gpu is None:
        return torch.float32
    return torch.bfloat16 if gpu.has_bf16 else torch.float16
