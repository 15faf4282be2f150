"""Attention of tokens that are packed into one sequence, each to the row of a cache that it belongs to.

Every row has as many slots, of which it sees those that it has filled. PyTorch's flash kernel reads no others, so that
a row costs as much as it is long; without the kernel rows are attended to one by one, or on a GPU through a mask.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from pagetune.model.decoding import ROWS, grouped_attention


@dataclass(frozen=True)
class Span:
    """Tokens of one row: `tokens` of them, the first at `position`."""

    row: int
    position: int
    tokens: int


@dataclass(frozen=True)
class Pass:
    """What is read in one pass. The slots of all rows are counted through; `most_…` are upper limits.

    slots (tokens) is where each token goes; offsets (rows + 1) where each row's tokens begin; starts (rows + 1) its
    first slot, and one that nothing reads; filled (rows) its slots that are seen. `spans` is empty for a graph.
    """

    slots: Tensor
    offsets: Tensor
    starts: Tensor
    filled: Tensor
    most_tokens: int
    most_filled: int
    spans: list[Span]


class PassAttention:
    """What transformers calls in every layer. It has no argument for the pass, which is set here before each."""

    under_way: Pass

    @contextmanager
    def used_in(self, model: Any) -> Iterator[None]:
        from transformers import AttentionInterface

        before = model.config._attn_implementation
        # No mask is registered under this name, so that transformers makes none.
        AttentionInterface.register(ROWS, self)
        model.set_attn_implementation(ROWS)
        try:
            yield
        finally:
            model.set_attn_implementation(before)

    def __call__(
        self, module: Any, query: Tensor, key: Tensor, value: Tensor, _mask: Any, **options: Any
    ) -> tuple[Tensor, None]:
        """Attend. query (1, heads, tokens, width), key and value (slots, key heads, width)."""
        scale = options.get("scaling")
        if flash_reads(key, value):
            return _by_flash(self.under_way, query, key, value, scale), None
        attend = _one_by_one if self.under_way.spans else _by_mask
        return attend(self.under_way, module, query, key, value, scale), None


class RowLayer:
    """One layer's keys and values of all slots, with the methods of transformers' cache layers."""

    is_sliding, is_compileable = False, True

    def __init__(self, slots: int, attention: PassAttention) -> None:
        self._slots, self._attention = slots, attention
        self.is_initialized = False
        self.keys = self.values = torch.empty(0)

    def update(self, keys: Tensor, values: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Write those of a pass, (1, heads, tokens, width), and return those of all slots, (slots, heads, width)."""
        if not self.is_initialized:
            self.keys, self.values = self._empty(keys), self._empty(values)
            self.is_initialized = True
        slots = self._attention.under_way.slots
        self.keys.index_copy_(0, slots, keys[0].transpose(0, 1))
        self.values.index_copy_(0, slots, values[0].transpose(0, 1))
        return self.keys, self.values

    def _empty(self, like: Tensor) -> Tensor:
        return like.new_zeros((self._slots, like.shape[1], like.shape[3]))

    def copy(self, sources: Tensor, targets: Tensor) -> None:
        """Copy slots; all are read before the first is written."""
        self.keys.index_copy_(0, targets, self.keys.index_select(0, sources))
        self.values.index_copy_(0, targets, self.values.index_select(0, sources))

    def get_seq_length(self) -> int:
        return 0

    def get_max_length(self) -> int:
        return self._slots

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return query_length, 0


def pass_of(spans: list[Span], slots_per_row: int, device: Any) -> tuple[Pass, Tensor]:
    """Return the pass that reads these spans, and the position of each of its tokens."""
    counts = torch.tensor([span.tokens for span in spans])
    firsts = torch.tensor([span.position for span in spans])
    starts = torch.tensor([span.row * slots_per_row for span in spans])
    offsets = torch.tensor([0, *accumulate(span.tokens for span in spans)])
    within = torch.arange(int(offsets[-1])) - offsets[:-1].repeat_interleave(counts)
    positions = firsts.repeat_interleave(counts) + within
    slots = starts.repeat_interleave(counts) + positions
    filled = firsts + counts
    ends = torch.cat([starts, starts[-1:]])
    pass_ = Pass(
        slots.to(device), offsets.int().to(device), ends.int().to(device), filled.int().to(device),
        int(counts.max()), int(filled.max()), spans,
    )  # fmt: skip
    return pass_, positions.to(device)


def flash_reads(keys: Tensor, values: Tensor) -> bool:
    """Tell whether PyTorch's flash kernel can read these keys and values."""
    return (
        keys.is_cuda
        and keys.dtype in (torch.float16, torch.bfloat16)
        and keys.shape == values.shape
        and keys.shape[-1] <= 256
        and keys.shape[-1] % 8 == 0
        and torch.cuda.get_device_capability(keys.device)[0] >= 8
        and torch.backends.cuda.is_flash_attention_available()
    )


def _by_flash(under_way: Pass, query: Tensor, key: Tensor, value: Tensor, scale: float | None) -> Tensor:
    """Attend with the kernel of `torch.nn.attention.varlen`, whose public form knew no `seqused_k` before 2.13.

    With fewer tokens than slots its causal mask is that of the last tokens.
    """
    output: Tensor = torch.ops.aten._flash_attention_forward(
        query[0].transpose(0, 1), key, value, under_way.offsets, under_way.starts, under_way.most_tokens,
        under_way.most_filled, 0.0, under_way.most_tokens > 1, False, scale=scale, seqused_k=under_way.filled,
    )[0]  # fmt: skip
    return output[None]


def _one_by_one(under_way: Pass, module: Any, query: Tensor, key: Tensor, value: Tensor, scale: float | None) -> Tensor:
    parts, first = [], 0
    for span, start in zip(under_way.spans, under_way.starts.tolist(), strict=False):
        own = slice(start, start + span.position + span.tokens)
        keys, values = (part[own].transpose(0, 1)[None] for part in (key, value))
        mask = None
        if span.tokens > 1 and span.position:
            mask = torch.ones(span.tokens, keys.shape[2], dtype=torch.bool, device=key.device).tril(span.position)
        part, _ = grouped_attention(module, query[:, :, first : first + span.tokens], keys, values, mask, scaling=scale)
        parts.append(part)
        first += span.tokens
    return torch.cat(parts, dim=1)


def _by_mask(under_way: Pass, module: Any, query: Tensor, key: Tensor, value: Tensor, scale: float | None) -> Tensor:
    """Attend with one token a row to a copy of the rows."""
    reach = torch.arange(under_way.most_filled, device=key.device)
    slots = under_way.starts[:-1, None] + reach
    keys, values = (part[slots].transpose(1, 2) for part in (key, value))
    seen = (reach < under_way.filled[:, None])[:, None, None]
    output, _ = grouped_attention(module, query[0].transpose(0, 1)[:, :, None], keys, values, seen, scaling=scale)
    return output.transpose(0, 1)
