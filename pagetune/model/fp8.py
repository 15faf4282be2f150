"""Products with the frozen base in 8-bit floats: input and weight are scaled row by row, sums and adapter stay 16 bit.

The recipe is the row-wise one of torchao's float8 training (https://github.com/pytorch/ao), less the weight's gradient,
which a frozen base has not.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor

E4M3 = torch.float8_e4m3fn
#: Ada and Hopper multiply in 8-bit floats.
CAPABILITY = (8, 9)


class Fp8Weight:
    """A weight (out, in) as 8-bit floats: laid out once for `x @ weight.T` and once for `grad @ weight`."""

    def __init__(self, weight: Tensor) -> None:
        self.rows, self.row_scales = to_fp8(weight)
        self.columns, self.column_scales = to_fp8(weight.t().contiguous())

    def through(self, x: Tensor) -> Tensor:
        """x (tokens, in) -> (tokens, out)."""
        return _product(x, self.rows, self.row_scales)

    def back(self, grad: Tensor) -> Tensor:
        """grad (tokens, out) -> (tokens, in)."""
        return _product(grad, self.columns, self.column_scales)


def why_no_fp8(precision: str, alone: bool) -> str | None:
    """What stands in the way of `train.fp8: true` here."""
    if not torch.cuda.is_available() or torch.cuda.get_device_capability() < CAPABILITY:
        return "it takes a card that computes in 8-bit floats, Ada, Hopper or newer"
    if precision != "bf16":
        return f"it is for a bf16 base, and this one is {precision}"
    return None if alone else "several processes cannot share such a base, train.processes: 1 is one"


def fold(layer: Any) -> bool:
    """Put the base of a LoRA layer into 8 bits, where its sides allow it. Takes as much memory as 16 bits did."""
    base = layer.base_layer
    if type(base) is not torch.nn.Linear or any(side % 16 for side in base.weight.shape):
        return False
    base.fp8 = Fp8Weight(base.weight.data)
    # Keeps its shape for whoever counts parameters, and is the same memory.
    base.weight = torch.nn.Parameter(base.fp8.rows, requires_grad=False)
    return True


def unfold(layer: Any) -> None:
    """Back to 16 bits, as 8 bits rounded them: what the adapter was trained on."""
    base = layer.base_layer
    if hasattr(base, "fp8"):
        weight = (base.fp8.rows.float() * base.fp8.row_scales).to(torch.bfloat16)
        base.weight = torch.nn.Parameter(weight, requires_grad=False)
        del base.fp8


def to_fp8(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The matrix with each row's largest number at the largest float of 8 bits, and (rows, 1) what to multiply by."""
    return (_compiled() if matrix.is_cuda else _quantize)(matrix)


@cache
def _compiled() -> Any:
    """Four passes over the activations become one."""
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
