"""LoRA linear layers with their sums fused into the matrix products, for training with PEFT on a GPU.

PEFT adds `scaling * lora_B(lora_A(x))` to the base's output in three kernels that each read and write the whole output,
and the backward pass takes three more. Here each sum is the addend of a matrix product, which cuBLAS adds while it
writes the product, and a layer is a single node of the autograd graph.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pagetune.model import fp8


class LoraLinear(torch.autograd.Function):  # type: ignore[misc]
    """`base(x) + scaling * x @ a.T @ b.T` with a frozen base: a (r, in), b (out, r), x (…, in)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, a: Tensor, b: Tensor, base: torch.nn.Linear, scaling: float) -> Tensor:
        rows = x.reshape(-1, x.shape[-1]).to(_compute_dtype(x))
        low = rows @ a.to(rows.dtype).t()
        out = _base_forward(base, rows).addmm_(low, b.to(rows.dtype).t(), alpha=scaling)
        ctx.save_for_backward(rows, low, a, b)
        ctx.base, ctx.scaling, ctx.shape, ctx.dtype = base, scaling, x.shape, x.dtype
        # bitsandbytes returns its input's dtype even under autocast.
        return (out.to(x.dtype) if _is_4bit(base) else out).view(*x.shape[:-1], out.shape[-1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None]:
        rows, low, a, b = ctx.saved_tensors
        grad = gradients[0].reshape(-1, b.shape[0]).to(rows.dtype)
        low_grad = (grad @ b.to(grad.dtype)).mul_(ctx.scaling)
        grad_a, grad_b = low_grad.t() @ rows, (grad.t() @ low).mul_(ctx.scaling)
        grad_x = None
        if ctx.needs_input_grad[0]:
            base_grad = _base_backward(ctx.base, grad)
            grad_x = base_grad.addmm_(low_grad, a.to(grad.dtype)).view(ctx.shape).to(ctx.dtype)
        return grad_x, grad_a.to(a.dtype), grad_b.to(b.dtype), None, None


def fuse(model: Any, in_fp8: bool = False) -> int:
    """Route every LoRA layer that `LoraLinear` supports through it; `unfuse` undoes this.

    Returns how many base layers were converted to 8-bit floats (`in_fp8`). The output head never is, because PEFT saves
    it together with its adapter.
    """
    folded, head = 0, getattr(model, "get_output_embeddings", lambda: None)()
    for layer in _lora_layers(model):
        if _fits(layer):
            layer.forward = partial(_forward, layer)
            folded += in_fp8 and layer is not head and fp8.fold(layer)
    return folded


def unfuse(model: Any) -> None:
    """Restore PEFT's own forward passes and 16-bit base weights."""
    for layer in _lora_layers(model):
        layer.__dict__.pop("forward", None)
        fp8.unfold(layer)


def _forward(layer: Any, x: Tensor) -> Tensor:
    (name,) = layer.active_adapters
    a, b = layer.lora_A[name].weight, layer.lora_B[name].weight
    return LoraLinear.apply(x, a, b, layer.base_layer, layer.scaling[name])


def _lora_layers(model: Any) -> Iterator[Any]:
    from peft.tuners.lora import LoraLayer

    return (module for module in model.modules() if isinstance(module, LoraLayer))


def _fits(layer: Any) -> bool:
    """Tell whether `LoraLinear` supports the layer: plain LoRA on a plain or 4-bit layer.

    Dropout is not supported, because it needs its own copy of the input.
    """
    from peft.tuners import lora

    plain = type(layer) is lora.Linear and type(layer.base_layer) is torch.nn.Linear
    if not plain and not _is_4bit(layer.base_layer):  # embeddings, experts, 8 bits
        return False
    names = layer.active_adapters
    dropout = any(not isinstance(module, torch.nn.Identity) for module in layer.lora_dropout.values())
    return len(names) == 1 and not (layer.lora_bias[names[0]] or layer.lora_variant or dropout)


def _is_4bit(base: Any) -> bool:
    return _quant_state(base) is not None


def _quant_state(base: Any) -> Any:
    """Return how a 4-bit weight is unpacked; FSDP's views of the weight have lost it, and the layer keeps it."""
    own = getattr(getattr(base, "weight", None), "quant_state", None)
    return getattr(base, "quant_state", None) if own is None else own


def _compute_dtype(x: Tensor) -> torch.dtype:
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def _base_forward(base: Any, rows: Tensor) -> Tensor:
    bias = None if base.bias is None else base.bias.to(rows.dtype)
    if hasattr(base, "fp8"):
        out = base.fp8.through(rows)
        return out if bias is None else out.add_(bias)
    return functional.linear(rows, _weight(base, rows.dtype), bias)


def _base_backward(base: Any, grad: Tensor) -> Tensor:
    return base.fp8.back(grad) if hasattr(base, "fp8") else grad @ _weight(base, grad.dtype)


def _weight(base: Any, dtype: torch.dtype) -> Tensor:
    """Return the base's weight (out, in), dequantised where it is 4-bit."""
    if not _is_4bit(base):
        return base.weight.to(dtype)
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(base.weight.data, _quant_state(base)).to(dtype)
