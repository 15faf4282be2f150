"""Greedy decoding of a batch with a static cache, so that on a GPU each step is one CUDA graph.

A decoding step of an 8B model is a thousand small kernels, and `generate` waits for Python between them. Here cache,
mask and answers keep their addresses, so that a step is captured once and then replayed.
"""

import inspect
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pagetune.language import Remark, tr
from pagetune.model.fused_lora import fuse

#: Steps between two checks whether every answer has ended; each check waits for the GPU.
_CHECK_EVERY = 8
#: Lengths are rounded up to a multiple of this: fewer graphs, and the alignment that attention kernels want of masks.
_ALIGNED = 64
#: Steps that run before the capture, in which libraries initialise themselves.
WARM_STEPS = 2
#: The names under which the attention below is registered with transformers, and that of `pagetune.llm.local`.
GROUPED, ROWS = "pagetune_grouped", "pagetune_rows"


def why_no_fast_decoding(model: Any, tokens: int) -> str | None:
    """Return why a model cannot use this decoding and has to go through `generate`, or None.

    `tokens` is the longest text with its answer: up to its window, a sliding layer attends to the whole text.
    """
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = inner.config
    if config.is_encoder_decoder:
        return Remark("its prompts go through an encoder")
    if not getattr(inner, "_can_compile_fullgraph", False):
        return Remark("{kind} has no static cache", kind=type(inner).__name__)
    text = config.get_text_config()
    kinds = set(getattr(text, "layer_types", None) or ["full_attention"])
    window = getattr(text, "sliding_window", None) or aligned(tokens)
    if kinds - {"full_attention", "sliding_attention"} or window < aligned(tokens):
        return Remark("some of its layers do not attend to the whole text")
    if getattr(text, "alibi", False):
        return Remark("its attention uses ALiBi")
    if config._attn_implementation not in ("sdpa", GROUPED, ROWS):
        return Remark("its attention implementation is {name}", name=config._attn_implementation)
    if "position_ids" not in inspect.signature(inner.forward).parameters:
        return Remark("it takes no position_ids")
    return None


class Decoder:
    """Decodes batch after batch with one model; a batch of the same shape as the last one reuses its graph."""

    def __init__(self, model: Any, eos_ids: list[int], pad_id: int) -> None:
        self.model, self.pad_id = model, pad_id
        attend_in_groups(model)
        if model.device.type == "cuda":
            fold_adapter(model)
        self.eos = torch.tensor(eos_ids, device=model.device)
        self._state: _State | None = None

    def decode(self, prompts: list[list[int]], max_new_tokens: int) -> list[list[int]]:
        """Return `max_new_tokens` new token ids for each prompt; those after an EOS are padding."""
        with torch.inference_mode():
            return self._decode(prompts, max_new_tokens)

    def _decode(self, prompts: list[list[int]], max_new_tokens: int) -> list[list[int]]:
        width = max(map(len, prompts))
        shape = (len(prompts), aligned(width + max_new_tokens), max_new_tokens)
        if self._state is None or self._state.shape != shape:
            self._state = None  # freed before the next one is made: both would not fit into memory
            self._state = _State(self.model, shape, self.eos, self.pad_id)
        self._state.begin(prompts, width)
        for step in range(1, max_new_tokens):
            if step % _CHECK_EVERY == 0 and bool(self._state.done.all()):
                break
            self._state.advance()
        answers: list[list[int]] = self._state.answers.tolist()
        return answers


def attend_in_groups(model: Any) -> None:
    """Make the model use `grouped_attention`."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(GROUPED, grouped_attention)
    AttentionMaskInterface.register(GROUPED, sdpa_mask)
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    inner.set_attn_implementation(GROUPED)


def grouped_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Attend with the heads that share a key as if they were positions of the query.

    For a single token this avoids copying the keys for each head; for more tokens it is transformers' own attention.
    query (rows, heads, tokens, width), key and value (rows, key heads, slots, width). Slots beyond the mask are unused.
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if attention_mask is not None:
        key, value = (cached[:, :, : attention_mask.shape[-1]] for cached in (key, value))
    rows, heads, tokens, width = query.shape
    if tokens > 1 or heads == key.shape[1]:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return output, None
    grouped = query.reshape(rows, key.shape[1], heads // key.shape[1], width)
    scale = options.get("scaling")
    output = functional.scaled_dot_product_attention(grouped, key, value, attn_mask=attention_mask, scale=scale)
    return output.reshape(rows, 1, heads, width), None


def fold_adapter(model: Any) -> None:
    """Cast the adapter to the dtype that autocast used in training, and fuse its sums into the base's products."""
    dtype = model.dtype if model.dtype.is_floating_point else torch.bfloat16
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.to(dtype)
    fuse(model)


class _State:
    """The tensors of one batch, of `shape` (rows, slots in the cache, new tokens)."""

    def __init__(self, model: Any, shape: tuple[int, int, int], eos: Tensor, pad_id: int) -> None:
        from transformers import StaticCache

        rows, slots, new_tokens = self.shape = shape
        empty = partial(torch.zeros, device=model.device)
        self.model, self.eos, self.pad_id = model, eos, pad_id
        self.cache = StaticCache(config=without_windows(model.config), max_cache_len=slots)
        self.last = empty((rows, 1), dtype=torch.long)
        self.positions = empty((rows, 1), dtype=torch.long)
        self.visible = empty((rows, 1, 1, slots), dtype=torch.bool)
        self.done = empty(rows, dtype=torch.bool)
        self.answers = empty((rows, new_tokens), dtype=torch.long)
        self.slot, self.count = empty(1, dtype=torch.long), empty(1, dtype=torch.long)
        # A graph needs tensors of one size. Without one, attending to the used slots alone takes half of the time.
        self._fixed = model.device.type == "cuda"
        self._capturing, self._graph, self._steps, self._begun, self._used = self._fixed, None, 0, False, 0

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
        self.slot.fill_(width)
        self._used = width
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        self.positions.copy_(positions[:, -1:])
        self._write(self._forward(ids, _causal(mask, self.shape[1]), positions))

    def advance(self) -> None:
        """Add one token to each answer."""
        if self._graph is not None:
            self._graph.replay()
            return
        self._steps += 1
        if not self._capturing or self._steps <= WARM_STEPS:
            self._step()
            return
        self._graph = capture(self._step, "predict")
        self._capturing = self._graph is not None
        self.advance()

    def _step(self) -> None:
        self.visible.index_fill_(3, self.slot, True)
        self.positions.add_(1)
        self.slot.add_(1)
        self._used += 1
        self._write(self._forward(self.last, self.visible, self.positions))

    def _forward(self, ids: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return the logits of the token that follows each row, (rows, vocabulary)."""
        if not self._fixed:
            mask = mask[..., : self._used]
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


def capture(step: Callable[[], None], speaker: str, pool: Any = None) -> Any:
    """Return a step as a CUDA graph, or None where it waits for the GPU: it cannot be captured and runs without one."""
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, pool=pool):
            step()
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        print(
            tr(
                "{speaker}: no CUDA graph ({error}); decoding without one",
                speaker=speaker,
                error=str(error).splitlines()[0],
            ),
            flush=True,
        )
        return None
    return graph


def without_windows(config: Any) -> Any:
    """Return the text model's config with full attention in every layer: no text here is longer than a window."""
    text = deepcopy(config.get_text_config())
    text.sliding_window = None
    if getattr(text, "layer_types", None):
        text.layer_types = ["full_attention"] * len(text.layer_types)
    return text


def left_padded(prompts: list[list[int]], pad_id: int, device: Any) -> tuple[Tensor, Tensor]:
    """Return token ids and the mask of real tokens, both (rows, tokens of the longest prompt), the mask of bools."""
    width = max(map(len, prompts))
    ids = [[pad_id] * (width - len(prompt)) + prompt for prompt in prompts]
    mask = [[False] * (width - len(prompt)) + [True] * len(prompt) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def right_padded(prompts: list[list[int]], pad_id: int, device: Any) -> tuple[Tensor, Tensor]:
    """Return the same as `left_padded` with the padding on the right, as an encoder reads it."""
    width = max(map(len, prompts))
    ids = [prompt + [pad_id] * (width - len(prompt)) for prompt in prompts]
    mask = [[True] * len(prompt) + [False] * (width - len(prompt)) for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _causal(mask: Tensor, slots: int) -> Tensor:
    """Return which slots of the cache each prompt token sees, (rows, 1, width, slots). Padding sees itself."""
    width = mask.shape[1]
    earlier = torch.ones(width, width, dtype=torch.bool, device=mask.device).tril()
    itself = torch.eye(width, dtype=torch.bool, device=mask.device)
    seen = (earlier & mask[:, None, None, :]) | itself
    return functional.pad(seen, (0, slots - width))


def aligned(length: int) -> int:
    return -(-length // _ALIGNED) * _ALIGNED


def bytes_per_row(config: Any, tokens: int) -> int:
    """Estimate the bytes of a row of `tokens`: every layer's keys and values in 16 bits, and one layer's activations.

    Returns 1 for a model without attention heads: it starts with the largest batch, which is halved until it fits.
    """
    if getattr(config, "num_attention_heads", None) is None:
        return 1
    return tokens * (bytes_in_cache(config) + bytes_in_pass(config))


def bytes_in_cache(config: Any) -> int:
    """Estimate the bytes of a token's keys and values in all layers, in 16 bits."""
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    shared = getattr(config, "num_key_value_heads", None) or heads
    return int(4 * config.num_hidden_layers * shared * width)


def bytes_in_pass(config: Any) -> int:
    """Estimate the bytes of a token's activations in one layer, in 16 bits."""
    return int(2 * (8 * config.hidden_size + 4 * getattr(config, "intermediate_size", 4 * config.hidden_size)))
