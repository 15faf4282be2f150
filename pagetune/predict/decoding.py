"""Greedy decoding of a batch with a static cache, each step of which is one CUDA graph.

A decoding step of an 8B model is a thousand small kernels, and `generate` waits for Python between them. Here the
cache, the mask and the answers lie where they lie, so that on a card the step is captured once and replayed.
"""

import inspect
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pagetune.model.fused_lora import fuse

#: Steps between two looks at whether every answer has ended; each look waits for the card.
_LOOK_EVERY = 8
#: Lengths are rounded up to a multiple of it: fewer graphs, and masks as the attention kernels want them aligned.
_ALIGNED = 64
#: Steps that run before the capture: libraries set themselves up in them.
_WARM_STEPS = 2


#: The attention below, by the name under which transformers knows it.
GROUPED = "pagetune_grouped"


def why_no_fast_decoding(model: Any) -> str | None:
    """What keeps a model from this decoding, if anything does: then `generate` takes it."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = inner.config
    if config.is_encoder_decoder:
        return "an encoder reads its prompts"
    if not getattr(inner, "_can_compile_fullgraph", False):
        return f"{type(inner).__name__} has no static cache"
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"} or getattr(config, "sliding_window", None):
        return "not all of its layers see the whole text"
    if getattr(config, "alibi", False):
        return "its attention counts distances (ALiBi)"
    if config._attn_implementation not in ("sdpa", GROUPED):
        return f"its attention is {config._attn_implementation}"
    if "position_ids" not in inspect.signature(inner.forward).parameters:
        return "it takes no position_ids"
    return None


class Decoder:
    """Decodes batch after batch with one model; a batch of the same shape as the one before takes over its graph."""

    def __init__(self, model: Any, eos_ids: list[int], pad_id: int) -> None:
        self.model, self.pad_id = model, pad_id
        attend_in_groups(model)
        if model.device.type == "cuda":
            fold_adapter(model)
        self.eos = torch.tensor(eos_ids, device=model.device)
        self._state: _State | None = None

    def decode(self, prompts: list[list[int]], max_new_tokens: int) -> list[list[int]]:
        """The new token ids of each prompt, `max_new_tokens` of them: past an EOS they are padding."""
        with torch.inference_mode():
            return self._decode(prompts, max_new_tokens)

    def _decode(self, prompts: list[list[int]], max_new_tokens: int) -> list[list[int]]:
        width = max(map(len, prompts))
        shape = (len(prompts), _aligned(width + max_new_tokens), max_new_tokens)
        if self._state is None or self._state.shape != shape:
            self._state = None  # before the next one is made: both would not fit
            self._state = _State(self.model, shape, self.eos, self.pad_id)
        self._state.begin(prompts, width)
        for step in range(1, max_new_tokens):
            if step % _LOOK_EVERY == 0 and bool(self._state.done.all()):
                break
            self._state.advance()
        answers: list[list[int]] = self._state.answers.tolist()
        return answers


def attend_in_groups(model: Any) -> None:
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(GROUPED, grouped_attention)
    AttentionMaskInterface.register(GROUPED, sdpa_mask)
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    inner.set_attn_implementation(GROUPED)


def grouped_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Heads that share keys are the query's positions, so that a single token's keys are not copied for each of them.

    query (rows, heads, tokens, width), key and value (rows, heads that share, places, width); of more than one token it
    is transformers' own.
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    rows, heads, tokens, width = query.shape
    if tokens > 1 or heads == key.shape[1]:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return output, None
    together = query.reshape(rows, key.shape[1], heads // key.shape[1], width)
    scale = options.get("scaling")
    output = functional.scaled_dot_product_attention(together, key, value, attn_mask=attention_mask, scale=scale)
    return output.reshape(rows, 1, heads, width), None


def fold_adapter(model: Any) -> None:
    """The adapter in the type that autocast gave it in the training, its sums folded into the base's products."""
    dtype = model.dtype if model.dtype.is_floating_point else torch.bfloat16
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.to(dtype)
    fuse(model)


class _State:
    """Of a batch: shape (rows, places in the cache, new tokens)."""

    def __init__(self, model: Any, shape: tuple[int, int, int], eos: Tensor, pad_id: int) -> None:
        from transformers import StaticCache

        rows, places, new_tokens = self.shape = shape
        empty = partial(torch.zeros, device=model.device)
        self.model, self.eos, self.pad_id = model, eos, pad_id
        self.cache = StaticCache(config=model.config, max_cache_len=places)
        self.last = empty((rows, 1), dtype=torch.long)
        self.positions = empty((rows, 1), dtype=torch.long)
        self.visible = empty((rows, 1, 1, places), dtype=torch.bool)
        self.done = empty(rows, dtype=torch.bool)
        self.answers = empty((rows, new_tokens), dtype=torch.long)
        self.place, self.count = empty(1, dtype=torch.long), empty(1, dtype=torch.long)
        self._capturing, self._graph, self._steps, self._begun = model.device.type == "cuda", None, 0, False

    def begin(self, prompts: list[list[int]], width: int) -> None:
        """Read the prompts, padded on the left, and write the first token of each answer."""
        ids, mask = left_padded(prompts, self.pad_id, self.model.device)
        if self._begun:
            self.cache.reset()
        self._begun = True
        self.visible.zero_()
        self.visible[:, 0, 0, :width] = mask
        self.done.zero_()
        self.answers.fill_(self.pad_id)
        self.count.zero_()
        self.place.fill_(width)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        self.positions.copy_(positions[:, -1:])
        self._write(self._forward(ids, _causal(mask, self.shape[1]), positions))

    def advance(self) -> None:
        """One more token for each answer."""
        if self._graph is not None:
            self._graph.replay()
            return
        self._steps += 1
        if not self._capturing or self._steps <= _WARM_STEPS:
            self._step()
            return
        self._capture()
        self.advance()

    def _capture(self) -> None:
        """What cannot be captured, because it waits for the card, is run step by step."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._step()
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._capturing = False
            print(f"predict: no CUDA graph ({str(error).splitlines()[0]}); decoding step by step", flush=True)
        else:
            self._graph = graph

    def _step(self) -> None:
        self.visible.index_fill_(3, self.place, True)
        self.positions.add_(1)
        self.place.add_(1)
        self._write(self._forward(self.last, self.visible, self.positions))

    def _forward(self, ids: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """The logits behind each row, shape (rows, vocabulary)."""
        output = self.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=self.cache, use_cache=True,
            logits_to_keep=1,
        )  # fmt: skip
        logits: Tensor = output.logits[:, -1]
        return logits

    def _write(self, logits: Tensor) -> None:
        tokens = torch.where(self.done, self.pad_id, logits.argmax(-1))
        self.done.logical_or_(torch.isin(tokens, self.eos))
        self.answers.index_copy_(1, self.count, tokens[:, None])
        self.count.add_(1)
        self.last.copy_(tokens[:, None])


def left_padded(prompts: list[list[int]], pad_id: int, device: Any) -> tuple[Tensor, Tensor]:
    """Token ids, and where there are some: (rows, tokens of the longest prompt), the latter of bools."""
    width = max(map(len, prompts))
    ids = [[pad_id] * (width - len(prompt)) + prompt for prompt in prompts]
    mask = [[False] * (width - len(prompt)) + [True] * len(prompt) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def right_padded(prompts: list[list[int]], pad_id: int, device: Any) -> tuple[Tensor, Tensor]:
    """As `left_padded`, for an encoder, whose first place is the text's first token."""
    width = max(map(len, prompts))
    ids = [prompt + [pad_id] * (width - len(prompt)) for prompt in prompts]
    mask = [[True] * len(prompt) + [False] * (width - len(prompt)) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _causal(mask: Tensor, places: int) -> Tensor:
    """Which places of the cache each token of the prompts sees: (rows, 1, width, places). Padding sees itself."""
    width = mask.shape[1]
    earlier = torch.ones(width, width, dtype=torch.bool, device=mask.device).tril()
    itself = torch.eye(width, dtype=torch.bool, device=mask.device)
    seen = (earlier & mask[:, None, None, :]) | itself
    return functional.pad(seen, (0, places - width))


def _aligned(length: int) -> int:
    return -(-length // _ALIGNED) * _ALIGNED
