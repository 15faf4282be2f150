"""The LoRA configuration, checked against the model: PEFT ignores a pattern that matches nothing."""

import re
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.model.language_model import has_conv1d, linear_modules, outside_language_model
from pagetune.params import Lora
from pagetune.plan.recipe import ResolvedLora


def check_modules(params: Lora, modules: list[str]) -> None:
    """Raise UserError naming every target module and pattern that matches none of `modules`."""
    wanted = [] if isinstance(params.target_modules, str) else params.target_modules
    missing = [f"target_modules: {name}" for name in wanted if not any(_ends_with(m, name) for m in modules)]
    if isinstance(params.target_modules, str) and params.target_modules != "all-linear":
        matches = _any_full_match(params.target_modules, modules)
        missing += (
            []
            if matches
            else [Remark("target_modules: {pattern} (a name alone is written [name])", pattern=params.target_modules)]
        )
    for key, patterns in (("rank_pattern", params.rank_pattern), ("alpha_pattern", params.alpha_pattern)):
        missing += [f"{key}: {pattern}" for pattern in patterns if not _matches_pattern(pattern, modules)]
    if missing:
        known = ", ".join(sorted({module.rsplit(".", 1)[-1] for module in modules}))
        raise UserError(
            "params.yaml: lora.{layers}: the model has no such layer. It has {known}.",
            layers="; lora.".join(missing),
            known=known,
        )


def _ends_with(module: str, name: str) -> bool:
    return module == name or module.endswith(f".{name}")


def _any_full_match(pattern: str, modules: list[str]) -> bool:
    return any(_matches(pattern, module) for module in modules)


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False  # "*_proj" is a glob, not a regular expression


def _matches_pattern(pattern: str, modules: list[str]) -> bool:
    """Match as PEFT matches the keys of rank_pattern: the end of the full name, from a dot on."""
    return any(_matches(rf"(.*\.)?({pattern})", module) for module in modules)


def lora_config(params: ResolvedLora, model: Any = None) -> Any:
    """Return PEFT's configuration of an adapter for `model`, or for any decoder-only model of text."""
    from peft import LoraConfig

    encoder = model is not None and model.config.is_encoder_decoder
    outside = None if model is None else outside_language_model(model)
    return LoraConfig(
        r=params.r,
        lora_alpha=params.resolved_alpha,
        lora_dropout=params.dropout,
        target_modules=params.target_modules if outside is None else _targets_in_text(params, model),
        exclude_modules=outside,
        fan_in_fan_out=model is not None and has_conv1d(model),
        rank_pattern=dict(params.rank_pattern),
        alpha_pattern=_alpha_pattern(params),
        use_rslora=params.use_rslora,
        use_dora=params.use_dora,
        init_lora_weights=params.init_lora_weights,
        bias="none",
        task_type="SEQ_2_SEQ_LM" if encoder else "CAUSAL_LM",
    )


def _targets_in_text(params: Lora, model: Any) -> Any:
    """Return the target modules of a model that also sees or hears: PEFT's all-linear would name its towers' too."""
    if params.target_modules != "all-linear":
        return params.target_modules
    head = model.get_output_embeddings()
    names = [name for name in linear_modules(model) if model.get_submodule(name) is not head]
    return sorted({name.rsplit(".", 1)[-1] for name in names})


def check_variant(params: Lora, precision: str, fp8: bool = False, sharded: bool = False) -> None:
    """Raise UserError for a variant of LoRA that cannot train in this precision or on sharded weights."""
    problems = {
        Remark("use_dora: PEFT computes DoRA on no 8-bit base. Set false, or precision: 4bit"): precision == "8bit",
        Remark("use_dora: train.fp8 computes plain LoRA only. Set one of the two to false"): fp8,
        Remark("use_dora: the model is sharded over several GPUs, where only plain LoRA trains. Set false"): sharded,
    }
    found = [problem for problem, seen in problems.items() if seen and params.use_dora]
    if params.init_lora_weights == "orthogonal":
        odd = [rank for rank in (params.r, *params.rank_pattern.values()) if rank % 2]
        found += (
            [Remark("init_lora_weights: orthogonal needs even ranks, got {rank}. Set true", rank=odd[0])] if odd else []
        )
        seen = Remark(
            "init_lora_weights: orthogonal needs weights in floating point, and precision is {precision}",
            precision=precision,
        )
        found += [Remark("{seen}. Set true or gaussian", seen=seen)] if precision in ("4bit", "8bit") else []
    if found:
        raise UserError("params.yaml: lora.{problems}.", problems="; lora.".join(found))


def _alpha_pattern(params: Lora) -> dict[str, int]:
    """Keep the scale of 2 with `alpha: auto` in a layer whose rank differs, unless its alpha is given."""
    automatic = {name: 2 * rank for name, rank in params.rank_pattern.items()} if params.alpha == "auto" else {}
    # PEFT takes the first key that matches, so the user's own come first.
    return {**params.alpha_pattern, **{name: a for name, a in automatic.items() if name not in params.alpha_pattern}}


def fuse_the_head(model: Any, params: Lora) -> bool:
    """Use TRL's fused head, which makes only the logits of trained tokens, a tile at a time; return whether it is used.

    It is a Triton kernel, so it needs a GPU, and it reads the head's weight, so it would ignore an adapter on the head.
    """
    import torch

    if not torch.cuda.is_available() or _adapts_the_head(params) or model.config.is_encoder_decoder:
        return False
    from trl.trainer.utils import add_fused_lm_head

    add_fused_lm_head(model, outputs=("log_probs",))
    return True


def forward_options(model: Any) -> dict[str, Any]:
    """Return the arguments of the model's forward beside the batch: the fused head, where it has one."""
    return {"fused_lm_head": True} if getattr(model, "fused_lm_head", False) else {}


def _adapts_the_head(params: Lora) -> bool:
    targets = params.target_modules
    if isinstance(targets, str):
        return targets != "all-linear" and _matches(targets, "lm_head")
    return any(name.endswith("lm_head") for name in targets)


def save_adapter(model: Any, folder: Path, sharded: bool = False) -> None:
    """Save the adapter, the same bytes each time: PEFT keeps the target modules in a set, whose order varies.

    With `sharded` layers it is taken from its own weights, because their base would be gathered from all processes.
    """
    for config in model.peft_config.values():
        if isinstance(config.target_modules, set):
            config.target_modules = sorted(config.target_modules)
    model.save_pretrained(str(folder), **({"state_dict": trained_weights(model)} if sharded else {}))


def trained_weights(model: Any) -> dict[str, Any]:
    """Return the weights that train by their names, which FSDP and DDP leave as they were."""
    names = ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad)
    return {name.replace("_fsdp_wrapped_module.", "").removeprefix("module."): weight for name, weight in names}


def adapter_state(model: Any) -> dict[str, Any]:
    """Return the adapter's own weights by the names under which PEFT saves them."""
    from peft import get_peft_model_state_dict

    return dict(get_peft_model_state_dict(model, trained_weights(model), save_embedding_layers=False))


def load_weights(model: Any, folder: Path) -> None:
    """Copy a saved adapter into the model's, whatever its layers are wrapped in. Raises RuntimeError for another one.

    accelerate would load the adapter of a sharded model only in the first process (accelerate 1.15, PEFT 0.21.2).
    """
    from safetensors.torch import load_file

    saved, named = load_file(folder / "adapter_model.safetensors"), adapter_state(model)
    if unknown := named.keys() - saved.keys():
        raise RuntimeError(
            Remark("{folder} holds no adapter of this model: {first} is missing", folder=folder, first=min(unknown))
        )
    for name, weight in named.items():
        weight.data.copy_(saved[name])


def see_through_fsdp() -> None:
    """Make PEFT find the adapter in layers that FSDP has wrapped.

    PEFT (0.21.2) removes FSDP's name only at the front of a layer's name; without this it would save no adapter.
    """
    from peft.tuners import tuners_utils

    found = tuners_utils._get_tuner_state_dict_key_prefixes

    def without_fsdp(model: Any, adapter_name: str | None = None) -> set[str]:
        return {prefix.replace("_fsdp_wrapped_module.", "") for prefix in found(model, adapter_name)}

    tuners_utils._get_tuner_state_dict_key_prefixes = without_fsdp
