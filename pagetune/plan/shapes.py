"""The widths of a model and of its adapter, read from the configuration; no weight is loaded."""

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from pagetune.errors import UserError
from pagetune.plan.recipe import ResolvedLora

MLP = ("gate_proj", "up_proj", "down_proj", "fc1", "fc2")


@dataclass(frozen=True)
class Shape:
    """A decoder's widths. `tied`: lm_head is the embedding; `gated`: the MLP has gate_proj; `experts` in each MLP.

    The layers of an encoder-decoder are those of both halves, and `cross_layers` of them attend to the encoder too.
    """

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    tied: bool
    gated: bool = True
    experts: int = 1
    cross_layers: int = 0
    #: Rows of both halves' learned position embeddings.
    positions: int = 0
    #: GPT-2's names, whose c_attn is the three projections of the attention in one.
    joined: bool = False

    @property
    def query_size(self) -> int:
        return self.num_attention_heads * self.head_dim

    @property
    def key_value_size(self) -> int:
        return self.num_key_value_heads * self.head_dim

    @property
    def modules(self) -> dict[str, tuple[int, int]]:
        """Return the (in, out) of a layer's projections by their names in Llama, GPT-2, or BART (encoder-decoders)."""
        hidden, query, pair, middle = self.hidden_size, self.query_size, self.key_value_size, self.intermediate_size
        if self.joined:
            mlp = {"mlp.c_fc": (hidden, middle), "mlp.c_proj": (middle, hidden)}
            return {"attn.c_attn": (hidden, 3 * hidden), "attn.c_proj": (hidden, hidden)} | mlp
        attention = {"q_proj": (hidden, query), "k_proj": (hidden, pair), "v_proj": (hidden, pair)}
        if self.cross_layers:
            mlp = {"fc1": (hidden, middle), "fc2": (middle, hidden)}
            return attention | {"out_proj": (query, hidden)} | mlp
        gate = {"gate_proj": (hidden, middle)} if self.gated else {}
        mlp = gate | {"up_proj": (hidden, middle), "down_proj": (middle, hidden)}
        return attention | {"o_proj": (query, hidden)} | mlp

    @property
    def linear_parameters(self) -> int:
        """Count what bitsandbytes quantises in all layers: not lm_head, norms and biases."""
        copies = dict.fromkeys(MLP, self.experts)
        layer = sum(copies.get(name, 1) * width * out for name, (width, out) in self.modules.items())
        return self.num_hidden_layers * layer + self.cross_layers * sum(map(math.prod, self.attention.values()))

    @property
    def attention(self) -> dict[str, tuple[int, int]]:
        """Return those of `modules` that do not belong to the MLP."""
        return {name: widths for name, widths in self.modules.items() if name not in MLP}

    @property
    def embedding_parameters(self) -> int:
        """Count the embedding and lm_head, which may be one matrix, and learned position embeddings."""
        return (self.vocab_size * (1 if self.tied else 2) + self.positions) * self.hidden_size

    @property
    def parameters(self) -> int:
        return self.linear_parameters + self.embedding_parameters


def shape_of(config: Any) -> Shape:
    """Return the shape of a transformers PretrainedConfig, of its text model where it has several.

    Where the config does not say, GPT-2 is the model: as many key heads as heads, an MLP four times as wide.
    """
    if config.is_encoder_decoder:
        return _encoder_decoder_shape(config)
    text = config.get_text_config()
    hidden, heads = text.hidden_size, getattr(text, "num_attention_heads", None) or 1
    experts = getattr(text, "num_local_experts", None) or getattr(text, "num_experts", None) or 1
    expert_size = getattr(text, "moe_intermediate_size", None) if experts > 1 else None
    # EXAONE 3.5, which brings its own code, has an activation_function and no rms_norm_eps.
    activations = [getattr(text, name, None) for name in ("hidden_act", "hidden_activation", "activation_function")]
    return Shape(
        hidden_size=hidden,
        intermediate_size=expert_size or getattr(text, "intermediate_size", None) or 4 * hidden,
        num_hidden_layers=text.num_hidden_layers,
        num_attention_heads=heads,
        num_key_value_heads=getattr(text, "num_key_value_heads", None) or heads,
        head_dim=getattr(text, "head_dim", None) or hidden // heads,
        vocab_size=text.vocab_size,
        tied=bool(getattr(text, "tie_word_embeddings", False)),
        gated="silu" in activations or hasattr(text, "rms_norm_eps"),
        experts=experts,
        joined=text.model_type == "gpt2",
    )


def _encoder_decoder_shape(config: Any) -> Shape:
    """Read BART's names, or T5's where they differ."""
    heads, hidden = config.num_attention_heads, config.hidden_size
    encoder = getattr(config, "encoder_layers", None) or config.num_layers
    decoder = getattr(config, "decoder_layers", None) or config.num_decoder_layers
    return Shape(
        hidden_size=hidden,
        intermediate_size=getattr(config, "encoder_ffn_dim", None) or config.d_ff,
        num_hidden_layers=encoder + decoder,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        head_dim=getattr(config, "d_kv", None) or hidden // heads,
        vocab_size=config.vocab_size,
        tied=bool(getattr(config, "tie_word_embeddings", True)),
        gated=False,
        cross_layers=decoder,
        positions=2 * getattr(config, "max_position_embeddings", 0),
    )


def adapter_parameters(shape: Shape, lora: ResolvedLora) -> int:
    """Count the adapter's parameters: r·(in + out) of each layer it sits on, and its out for DoRA."""
    named = [
        (_full_name(layer, name), widths)
        for layer in range(shape.num_hidden_layers)
        for name, widths in shape.modules.items()
    ]
    named += [
        (f"model.decoder.layers.{layer}.encoder_attn.{name}", widths)
        for layer in range(shape.cross_layers)
        for name, widths in shape.attention.items()
    ]
    head = ("lm_head", (shape.hidden_size, shape.vocab_size))
    targets = [(name, widths) for name, widths in [*named, head] if is_target(name, lora)]
    # Other families have other names; all projections are then the best guess.
    return sum(_rank(name, lora) * sum(widths) + lora.use_dora * widths[1] for name, widths in targets or named)


def _full_name(layer: int, name: str) -> str:
    """Return the name of a projection in the whole model, which expressions in params.yaml may match."""
    if "." in name:
        return f"transformer.h.{layer}.{name}"
    return f"model.layers.{layer}.{'mlp' if name in MLP else 'self_attn'}.{name}"


def is_target(name: str, lora: ResolvedLora) -> bool:
    """Return whether a layer with this full name gets an adapter."""
    if lora.target_modules == "all-linear":
        return name != "lm_head"
    if isinstance(lora.target_modules, list):
        return any(f".{name}".endswith(f".{target}") for target in lora.target_modules)
    return _matches(lora.target_modules, name)


def _rank(name: str, lora: ResolvedLora) -> int:
    """Return the rank as PEFT looks it up: that of the first pattern that matches the end of the name."""
    return next((rank for key, rank in lora.rank_pattern.items() if _matches(rf"(.*\.)?({key})", name)), lora.r)


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:
        return False  # check_modules reports it


#: Llama 3 by billions of parameters, from the config.json on the hub, to plan without a network.
LLAMA_3 = {
    "1b": Shape(2048, 8192, 16, 32, 8, 64, 128_256, tied=True),
    "3b": Shape(3072, 8192, 28, 24, 8, 128, 128_256, tied=True),
    "8b": Shape(4096, 14_336, 32, 32, 8, 128, 128_256, tied=False),
    "70b": Shape(8192, 28_672, 80, 64, 8, 128, 128_256, tied=False),
}


def known_shape(config: Any, name: str) -> Shape:
    """Return `shape_of` the config. Raises UserError for a model that is made of other parts."""
    try:
        shape = shape_of(config)
        return replace(shape, intermediate_size=int(shape.intermediate_size))
    except Exception as error:  # transformers raises its own errors for values that differ from layer to layer
        raise UserError(
            "params.yaml: model.base: the planner cannot tell what {name} ({kind}) is made of ({error}). "
            "Take a model whose layers are all alike.",
            name=name,
            kind=type(config).__name__,
            error=type(error).__name__,
        ) from None
