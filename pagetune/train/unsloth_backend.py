"""Training through Unsloth: fused kernels for the models it knows."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pagetune.language import Remark
from pagetune.model.language_model import linear_modules
from pagetune.model.loading import answer_greedily
from pagetune.params import Lora, Params
from pagetune.plan.recipe import ResolvedParams
from pagetune.train.adapter import check_modules, fuse_the_head, lora_config
from pagetune.train.packed_attention import Kernel

if TYPE_CHECKING:
    from pagetune.train.inputs import TrainingInputs

#: With a shorter max_seq_length Unsloth keeps the layers' inputs on the GPU; our packed rows are longer.
OFFLOADS_FROM = 512
#: The layers that Unsloth's fused LoRA knows by name.
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def packed_kernel() -> Kernel:
    """Return the kernel that Unsloth sends packed rows to, in the order in which it chooses."""
    from unsloth.utils import attention_dispatch as dispatch

    if dispatch.HAS_FLASH_ATTENTION:
        return Kernel("unsloth", "flash-attn")
    if dispatch.HAS_XFORMERS:
        return Kernel("unsloth", "xformers")
    _use_torch_varlen(dispatch)
    if dispatch._TORCH_VARLEN_ATTN is not None:
        return Kernel("unsloth", "PyTorch's varlen_attn")
    return Kernel(None, Remark("Unsloth finds no kernel for packed rows"))


def _use_torch_varlen(dispatch: Any) -> None:
    """Give Unsloth PyTorch's own kernel on torch 2.11, whose signature has no `enable_gqa`.

    There the kernel accepts grouped queries without it. Unsloth would go through the rows one by one at a fifth of the
    speed, without a message.
    """
    import torch
    from torch.nn.attention.varlen import varlen_attn

    known = inspect.signature(varlen_attn).parameters
    capable = torch.backends.cuda.is_flash_attention_available() and torch.cuda.get_device_capability()[0] >= 8
    if dispatch._TORCH_VARLEN_ATTN is None and "window_size" in known and "enable_gqa" not in known and capable:
        dispatch._TORCH_VARLEN_ATTN = lambda *args, enable_gqa=False, **options: varlen_attn(*args, **options)


def why_unsupported(params: Params, encoder: bool, towers: bool = False) -> str | None:
    """Return the first setting that Unsloth does not support, None where it supports all of them.

    `encoder`: the base is an encoder-decoder. `towers`: it also sees or hears.
    """
    if encoder:
        return Remark("Unsloth's fast paths do not support encoder-decoders")
    if towers:
        return Remark("Unsloth would put an adapter on the parts of the model that read images or sound")
    quantized = params.precision in ("auto", "4bit")
    options = params.quantization
    if quantized and (options.bnb_4bit_quant_type != "nf4" or not options.bnb_4bit_use_double_quant):
        return Remark("Unsloth supports only nf4 with bnb_4bit_use_double_quant")
    if params.evaluate.quick:
        return Remark("evaluate.quick needs peft")
    if params.train.fp8:
        return Remark("train.fp8 needs peft")
    if params.lora.use_dora:
        return Remark("Unsloth's fused layers do not compute lora.use_dora")
    if params.lora.init_lora_weights is not True:
        return Remark("lora.init_lora_weights needs peft")
    if isinstance(params.lora.target_modules, str) and params.lora.target_modules != "all-linear":
        return Remark("Unsloth takes lora.target_modules only as a list")
    return None


def load(inputs: "TrainingInputs", checkpointing: bool) -> Any:
    """Return the frozen base model with a fresh adapter. Unsloth finds its way to the kernel by itself."""
    from unsloth import FastLanguageModel

    manifest, params, choice = inputs.manifest, inputs.params, inputs.choice
    # A relative path looks like a Hub id to Unsloth, which asks the Hub for it.
    location = manifest.location if manifest.source == "hub" else str(Path(manifest.location).resolve())
    model, _ = FastLanguageModel.from_pretrained(
        location,
        revision=manifest.revision or "main",
        max_seq_length=max(OFFLOADS_FROM, params.train.max_length),
        dtype=choice.dtype,
        load_in_4bit=choice.precision == "4bit",
        load_in_8bit=choice.precision == "8bit",
        **choice.loading_options(),
        use_exact_model_name=True,
        trust_remote_code=manifest.trust_remote_code,
    )
    answer_greedily(model)
    check_modules(params.lora, linear_modules(model))
    fused = fuse_the_head(model, params.lora)
    tuned = _with_adapter(FastLanguageModel, model, params, checkpointing)
    tuned.fused_lm_head = fused
    return tuned


def _with_adapter(unsloth: Any, model: Any, params: ResolvedParams, checkpointing: bool) -> Any:
    config = lora_config(params.lora)
    return unsloth.get_peft_model(
        model,
        r=config.r,
        target_modules=_targets(params.lora),
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        bias="none",
        use_gradient_checkpointing="unsloth" if checkpointing else False,
        random_state=params.seed,
        rank_pattern=config.rank_pattern,
        alpha_pattern=config.alpha_pattern,
        use_rslora=config.use_rslora,
    )


def _targets(lora: Lora) -> list[str]:
    return PROJECTIONS if isinstance(lora.target_modules, str) else lora.target_modules


def set_checkpointing(model: Any, checkpointing: bool) -> None:
    """Turn Unsloth's own checkpointing on or off: it moves the layers' inputs to the machine's memory."""
    from unsloth.models._utils import apply_unsloth_gradient_checkpointing

    way = "unsloth" if checkpointing else False
    apply_unsloth_gradient_checkpointing(way, OFFLOADS_FROM, model.get_input_embeddings().weight.dtype)
    model.for_training(use_gradient_checkpointing=way)


def for_inference(model: Any) -> None:
    """Switch Unsloth's kernels to generation."""
    from unsloth import FastLanguageModel

    FastLanguageModel.for_inference(model)
