"""Matrix products with a frozen base in 8-bit floats.

Inputs and weights are scaled row by row; sums and the adapter stay in 16 bits. The recipe is torchao's row-wise float8
training (https://github.com/pytorch/ao) without the weight gradient, which a frozen base does not need.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor

from pagetune.language import Remark

E4M3 = torch.float8_e4m3fn
#: The compute capability of Ada, the first architecture that multiplies 8-bit floats; Hopper has 9.0.
CAPABILITY = (8, 9)


class Fp8Weight:
    """A weight (out, in) in 8-bit floats, stored once for `x @ weight.T` and once for `grad @ weight`."""

    def __init__(self, weight: Tensor) -> None:
        self.rows, self.row_scales = to_fp8(weight)
        self.columns, self.column_scales = to_fp8(weight.t().contiguous())

    def through(self, x: Tensor) -> Tensor:
        """Return `x @ weight.T`: x (tokens, in) -> (tokens, out)."""
        return _product(x, self.rows, self.row_scales)

    def back(self, grad: Tensor) -> Tensor:
        """Return `grad @ weight`: grad (tokens, out) -> (tokens, in)."""
        return _product(grad, self.columns, self.column_scales)


def why_no_fp8(precision: str, alone: bool) -> str | None:
    """Return why `train.fp8: true` cannot work on this machine, or None. `alone`: the training is one process."""
    if not torch.cuda.is_available() or torch.cuda.get_device_capability() < CAPABILITY:
        return Remark("it needs a GPU that computes in 8-bit floats (Ada, Hopper or newer)")
    if precision != "bf16":
        return Remark("it needs a bf16 base, and this one is {precision}", precision=precision)
    return None if alone else Remark("it works in a single process only (train.processes: 1)")


def fold(layer: Any) -> bool:
    """Convert the base of a LoRA layer to 8 bits; return False where its shape does not allow that.

    The two 8-bit copies take as much memory as the 16-bit weight did.
    """
    base = layer.base_layer
    if type(base) is not torch.nn.Linear or any(side % 16 for side in base.weight.shape):
        return False
    base.fp8 = Fp8Weight(base.weight.data)
    # A view of the same memory, so that code that counts parameters still sees the shape.
    base.weight = torch.nn.Parameter(base.fp8.rows, requires_grad=False)
    return True


def unfold(layer: Any) -> None:
    """Restore 16-bit weights from the rounded 8-bit ones, which the adapter was trained on."""
    base = layer.base_layer
    if hasattr(base, "fp8"):
        weight = (base.fp8.rows.float() * base.fp8.row_scales).to(torch.bfloat16)
        base.weight = torch.nn.Parameter(weight, requires_grad=False)
        del base.fp8


def to_fp8(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the matrix in 8-bit floats and the scales (rows, 1) that undo its scaling.

    Each row is scaled so that its largest magnitude becomes the largest 8-bit float.
    """
    return (_compiled() if matrix.is_cuda else _quantize)(matrix)


@cache
def _compiled() -> Any:
    """Compile `_quantize`, which fuses four passes over the activations into one."""
    return torch.compile(_quantize, dynamic=True)


def _quantize(matrix: Tensor) -> tuple[Tensor, Tensor]:
    largest = torch.finfo(E4M3).max
    scales = matrix.abs().amax(dim=1, keepdim=True).float().clamp(min=1e-12) / largest
    return (matrix.float() / scales).clamp(-largest, largest).to(E4M3), scales


def _product(rows: Tensor, matrix: Tensor, scales: Tensor) -> Tensor:
    quantized, row_scales = to_fp8(rows.contiguous())
    return torch._scaled_mm(
        quantized, matrix.t(), scale_a=row_scales, scale_b=scales.t(), out_dtype=rows.dtype, use_fast_accum=True
    )
