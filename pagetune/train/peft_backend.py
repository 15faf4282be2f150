"""Training through transformers, PEFT and bitsandbytes: any model, any machine."""

import importlib.util
from typing import Any

from pagetune.errors import UserError
from pagetune.model import fp8, fused_lora
from pagetune.model.loading import load_base
from pagetune.model.manifest import Manifest
from pagetune.model.precision import resolve_precision
from pagetune.params import Params
from pagetune.train.adapter import check_modules, fuse_the_head, linear_modules, lora_config, see_through_fsdp
from pagetune.train.distributed import launched, sharded
from pagetune.train.packed_attention import Kernel


def load(manifest: Manifest, params: Params, kernel: Kernel, checkpointing: bool) -> Any:
    """The base model, frozen, with a fresh adapter."""
    from peft import get_peft_model

    parted = sharded()
    if parted:
        see_through_fsdp()
    if params.train.fp8:
        _check_fp8(resolve_precision(params.precision, manifest.parameters).precision)
    model, choice = load_base(manifest, params.precision, params.quantization, parted)
    check_modules(params.lora, linear_modules(model))
    if kernel.name:
        model.set_attn_implementation(kernel.name)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    if not model.config.is_encoder_decoder:
        take_liger(model)
    fused = fuse_the_head(model, params.lora)
    # FSDP flattens a layer's weights into one, so that base and adapter need one type.
    tuned = get_peft_model(
        model, lora_config(params.lora, model.config.is_encoder_decoder), autocast_adapter_dtype=not parted
    )
    if choice.precision != "fp32" and model.device.type == "cuda":
        _cast_inputs(tuned, False)
        if not parted:
            _fuse_lora(tuned, params.train.fp8)
    tuned.fused_lm_head = fused
    set_checkpointing(tuned, checkpointing)
    return tuned


def _check_fp8(precision: str) -> None:
    problem = fp8.why_no_fp8(precision, alone=not launched())
    if problem:
        raise UserError(f"params.yaml: train.fp8: {problem}. Set false.")


def _fuse_lora(model: Any, in_fp8: bool) -> None:
    folded = fused_lora.fuse(model, in_fp8)
    if in_fp8 and not folded:
        raise UserError(
            "params.yaml: train.fp8: none of the adapter's layers can go that way: it takes lora.dropout: 0, and "
            "linear layers whose sides 16 divides. Set false."
        )


def take_liger(model: Any) -> None:
    """Liger's fused norms, rotary embedding and MLP on a card, where it is installed and knows the model."""
    if model.device.type != "cuda" or importlib.util.find_spec("liger_kernel") is None:
        return
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    _apply_liger_kernel_to_instance(model, cross_entropy=False, fused_linear_cross_entropy=False)


def set_checkpointing(model: Any, checkpointing: bool) -> None:
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    else:
        model.gradient_checkpointing_disable()


def for_inference(model: Any) -> None:
    """Generation runs without autocast, so that inputs have to be cast again."""
    fused_lora.unfuse(model)
    _cast_inputs(model, True)
    model.eval()


def _cast_inputs(model: Any, enabled: bool) -> None:
    """PEFT would copy every input to the adapter's fp32 and keep the copy for the backward pass.

    Autocast casts the adapter's few weights instead; as peft.helpers.disable_input_dtype_casting does.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    for module in model.modules():
        if isinstance(module, BaseTunerLayer):
            module.cast_input_dtype_enabled = enabled
