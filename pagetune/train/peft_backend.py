"""Training through transformers, PEFT and bitsandbytes: any model, any machine."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from pagetune.errors import UserError
from pagetune.model import fp8, fused_lora
from pagetune.model.language_model import linear_modules
from pagetune.model.loading import load_base
from pagetune.train.adapter import check_modules, fuse_the_head, lora_config, see_through_fsdp
from pagetune.train.rotary import Rotary

if TYPE_CHECKING:
    from pagetune.train.inputs import TrainingInputs

#: The name of the rotary embedding in transformers' modules.
ROTARY = "apply_rotary_pos_emb"


def load(inputs: "TrainingInputs", checkpointing: bool) -> Any:
    """Return the frozen base model with a fresh adapter."""
    lora, in_fp8, sharded = inputs.params.lora, inputs.params.train.fp8, inputs.world.sharded
    if sharded:
        see_through_fsdp()
    if in_fp8:
        _check_fp8(inputs)
    model = load_base(inputs.manifest, inputs.choice, inputs.world.local_rank, sharded)
    check_modules(lora, linear_modules(model))
    fused = _prepare_base(model, inputs)
    tuned = _with_adapter(model, lora_config(lora, model))
    if inputs.choice.precision != "fp32" and torch.cuda.is_available():  # a model to be sharded is not on it yet
        _cast_inputs(tuned, False)
        _fuse_lora(tuned, in_fp8)
    tuned.fused_lm_head = fused
    set_checkpointing(tuned, checkpointing)
    return tuned


def _prepare_base(model: Any, inputs: "TrainingInputs") -> bool:
    """Freeze the base and give it the faster kernels; return whether its head is fused."""
    if inputs.kernel.name:
        model.set_attn_implementation(inputs.kernel.name)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    if not model.config.is_encoder_decoder:
        take_liger(model)
    return fuse_the_head(model, inputs.params.lora)


def _with_adapter(model: Any, config: Any) -> Any:
    from peft import get_peft_model

    return get_peft_model(model, config)


def _check_fp8(inputs: "TrainingInputs") -> None:
    problem = fp8.why_no_fp8(inputs.choice.precision, alone=not inputs.world.launched)
    if problem:
        raise UserError("params.yaml: train.fp8: {problem}. Set false.", problem=problem)


def _fuse_lora(model: Any, in_fp8: bool) -> None:
    folded = fused_lora.fuse(model, in_fp8)
    if in_fp8 and not folded:
        raise UserError(
            "params.yaml: train.fp8: none of the adapter's layers can compute in fp8: that needs lora.dropout: 0, and "
            "linear layers whose sides are multiples of 16. Set false."
        )


def take_liger(model: Any) -> None:
    """Use Liger's fused norms and MLP in this model, where it is installed, knows the model, and there is a GPU.

    Liger also replaces names in transformers' module, which every model of the family in this process would follow: on
    a CPU it would crash. These names are put back, but for the rotary embedding, see train/rotary.py.
    """
    if not torch.cuda.is_available() or importlib.util.find_spec("liger_kernel") is None:
        return
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    module: Any = sys.modules[type(model).__module__]
    exact: Any = getattr(module, ROTARY, None)
    with _names_kept(module):
        _apply_liger_kernel_to_instance(model, cross_entropy=False, fused_linear_cross_entropy=False)
        fused = getattr(module, ROTARY, None)
    if fused is not None and fused is not exact and not isinstance(exact, Rotary):
        setattr(module, ROTARY, Rotary(exact, fused))


@contextmanager
def _names_kept(module: Any) -> Iterator[None]:
    """Restore what the module's names stand for at the end."""
    names = dict(vars(module))
    try:
        yield
    finally:
        vars(module).update(names)


def set_checkpointing(model: Any, checkpointing: bool) -> None:
    """Turn gradient checkpointing on or off."""
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    else:
        model.gradient_checkpointing_disable()


def for_inference(model: Any) -> None:
    """Undo what training needs: generation runs without autocast, so that inputs have to be cast again."""
    fused_lora.unfuse(model)
    _cast_inputs(model, True)
    model.eval()


def _cast_inputs(model: Any, enabled: bool) -> None:
    """Let PEFT cast the inputs of its layers to the adapter's fp32, or keep it from that.

    In training it would keep a copy of every input for the backward pass. Autocast casts the adapter's few weights
    instead, as peft.helpers.disable_input_dtype_casting does.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    for module in model.modules():
        if isinstance(module, BaseTunerLayer):
            module.cast_input_dtype_enabled = enabled
