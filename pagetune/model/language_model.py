"""Which layers of a model read text. One that also sees or hears gets its adapter on its language model alone."""

import re
from typing import Any


def linear_modules(model: Any) -> list[str]:
    """Return the full names of the layers that an adapter can sit on: GPT-2's Conv1D is a transposed linear layer."""
    outside = outside_language_model(model)
    names = _linear_names({module: name for name, module in model.named_modules()})
    return [name for name in names if outside is None or not re.fullmatch(outside, name)]


def has_conv1d(model: Any) -> bool:
    """Tell whether the model has layers whose weights are (in, out), as GPT-2's are."""
    return any(isinstance(module, _conv1d()) for module in model.modules())


def _conv1d() -> Any:
    from transformers.pytorch_utils import Conv1D

    return Conv1D


def outside_language_model(model: Any) -> str | None:
    """Return an expression for the layers that no text goes through, as PEFT's `exclude_modules` takes it.

    These are vision and audio towers and their projections. None stands for a model that only reads text.
    """
    if model.config.is_encoder_decoder or not hasattr(model, "get_decoder"):
        return None
    decoder, names = model.get_decoder(), {module: name for name, module in model.named_modules()}
    within, towers = names.get(decoder, ""), [names[child] for child in decoder.children() if _has_tower(child)]
    outside = [rf"{re.escape(tower)}\..*" for tower in towers]
    if within and model.config.get_text_config() is not model.config:
        head = names.get(model.get_output_embeddings(), "lm_head")
        outside.append(rf"(?!{re.escape(within)}\.|{re.escape(head)}$).*")
    pattern = "|".join(outside)
    return pattern if pattern and any(re.fullmatch(pattern, name) for name in _linear_names(names)) else None


def _linear_names(names: dict[Any, str]) -> list[str]:
    from torch.nn import Linear

    return [name for module, name in names.items() if isinstance(module, (Linear, _conv1d()))]


def _has_tower(part: Any) -> bool:
    """Tell whether a part of the decoder holds a model that reads something else than text, as in Phi-4."""
    return any("text" not in getattr(module, "input_modalities", "text") for module in part.modules())
