"""Write many replies together. What their prompts begin with in common, such as a passage, is read once.

A batch has a static cache, as in model/decoding.py, so that on a GPU a step is one CUDA graph. The choice of a token is
outside the graph: it needs the grammar, which runs on the CPU while the GPU computes the step.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pagetune.llm.local.grammar import Grammar
from pagetune.llm.local.reply import Writing
from pagetune.model.decoding import aligned, left_padded, why_no_fast_decoding, without_windows

#: Tokens of prompts that are read in one pass; more would only take more memory.
_PASS_TOKENS = 16384
#: Prompts with fewer tokens in common are read one by one.
_SHARED_TOKENS = 64
#: Steps that run before a capture, in which libraries initialise themselves.
_WARM_STEPS = 2


def write_replies(
    model: Any,
    pad_id: int,
    replies: list[Writing],
    grammar: Grammar | None,
    temperature: float,
    step: Callable[[], bool],
) -> None:
    """Write every reply to its end. `step` is called after each token of all, and stops the writing by False."""
    longest = max(len(reply.prompt) + reply.limit for reply in replies)
    with torch.inference_mode():
        if why_no_fast_decoding(model, longest) is None:
            _write_here(model, pad_id, replies, grammar, temperature, step)
        else:
            _write_by_generate(model, pad_id, replies, grammar, temperature, step)


def _write_here(
    model: Any,
    pad_id: int,
    replies: list[Writing],
    grammar: Grammar | None,
    temperature: float,
    step: Callable[[], bool],
) -> None:
    rows = sorted(replies, key=lambda reply: reply.prompt)
    steps = _Steps(model, pad_id, [reply.prompt for reply in rows], max(reply.limit for reply in rows))
    logits = steps.logits
    while True:
        tokens = choose(logits, rows, grammar, temperature)
        for reply, token in zip(rows, tokens, strict=True):
            if not reply.ended:
                reply.add(token)
        if not step() or all(reply.ended for reply in rows):
            return
        left = [at for at, reply in enumerate(rows) if not reply.ended]
        # On a GPU a smaller batch is hardly faster, and would need a graph of its own.
        if model.device.type != "cuda" and len(left) <= len(rows) // 2:
            rows, tokens = [rows[at] for at in left], [tokens[at] for at in left]
            steps.keep(left)
        logits = steps.advance(tokens)


def choose(logits: Tensor, replies: list[Writing], grammar: Grammar | None, temperature: float) -> list[int]:
    """Return the next token of each reply: the likeliest, or with a temperature one drawn by its own numbers."""
    logits = logits.float()
    if grammar is not None:
        matchers = [None if reply.ended else reply.matcher for reply in replies]
        logits = logits.masked_fill(grammar.forbidden(matchers, logits.device), float("-inf"))
    if not temperature:
        return [int(token) for token in logits.argmax(-1).tolist()]
    # Doubles: the sum of a hundred thousand small floats would move the borders between tokens.
    sums = functional.softmax(logits / temperature, dim=-1).double().cumsum(-1)
    draws = torch.tensor([reply.draw() for reply in replies], dtype=sums.dtype, device=sums.device)
    tokens = torch.searchsorted(sums, (draws * sums[:, -1])[:, None], right=True)[:, 0]
    return [int(token) for token in tokens.clamp(max=logits.shape[1] - 1).tolist()]


def _write_by_generate(
    model: Any,
    pad_id: int,
    replies: list[Writing],
    grammar: Grammar | None,
    temperature: float,
    step: Callable[[], bool],
) -> None:
    """Write with transformers' `generate`, for models whose layers do not all attend to the whole text."""
    ids, mask = left_padded([reply.prompt for reply in replies], pad_id, model.device)
    stopped = False

    def force(_: Tensor, scores: Tensor) -> Tensor:
        nonlocal stopped
        tokens = choose(scores, replies, grammar, temperature)
        for reply, token in zip(replies, tokens, strict=True):
            if not reply.ended:
                reply.add(token)
        stopped = not step()
        forced = torch.full_like(scores, float("-inf"))
        return forced.scatter_(1, torch.tensor(tokens, device=scores.device)[:, None], 0.0)

    def done(input_ids: Tensor, _: Any, **__: Any) -> Tensor:
        return torch.tensor([stopped or reply.ended for reply in replies], device=input_ids.device)

    model.generate(
        input_ids=ids, attention_mask=mask.long(), max_new_tokens=max(reply.limit for reply in replies),
        do_sample=False, logits_processor=[force], stopping_criteria=[done], eos_token_id=None, pad_token_id=pad_id,
    )  # fmt: skip


def shared_beginnings(prompts: list[list[int]]) -> tuple[list[list[int]], list[int]]:
    """Return what neighbouring prompts begin with in common, and for each prompt which of these is its own.

    Each leaves at least a token of its prompts, because the reply needs the logits of one. The prompts are sorted.
    """
    beginnings: list[list[int]] = []
    own: list[int] = []
    for before, prompt in pairwise([[], *prompts]):
        common = _common(before, prompt)
        if own and common >= max(_SHARED_TOKENS, len(beginnings[-1]) // 2, len(prompt) // 2):
            beginnings[-1] = beginnings[-1][:common]
        else:
            beginnings.append(prompt[:-1])
        beginnings[-1] = beginnings[-1][: len(prompt) - 1]
        own.append(len(beginnings) - 1)
    return beginnings, own


def _common(one: list[int], other: list[int]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


class _Steps:
    """The cache and the inputs of a batch. `logits` are those of the first token of each reply."""

    def __init__(self, model: Any, pad_id: int, prompts: list[list[int]], new_tokens: int) -> None:
        self.model, self.pad_id = model, pad_id
        beginnings, own = shared_beginnings(prompts)
        rests = [prompt[len(beginnings[at]) :] for prompt, at in zip(prompts, own, strict=True)]
        width, tail = max(map(len, beginnings)), max(map(len, rests))
        self._slots = aligned(width + tail + new_tokens)
        index = torch.tensor(own, device=model.device)
        layers, seen = self._read(beginnings, width)
        self._fill([(keys[index], values[index]) for keys, values in layers])
        self.logits = self._read_rests(rests, seen[index])

    def _read(self, beginnings: list[list[int]], width: int) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Return each layer's keys and values of the beginnings, and which of their slots are real, (rows, width)."""
        from transformers import DynamicCache

        parts, masks = [], []
        rows = max(1, _PASS_TOKENS // max(1, width))
        for start in range(0, len(beginnings), rows):
            ids, mask = left_padded(beginnings[start : start + rows], self.pad_id, self.model.device)
            short = width - ids.shape[1]
            ids, mask = functional.pad(ids, (short, 0), value=self.pad_id), functional.pad(mask, (short, 0))
            cache = DynamicCache(config=without_windows(self.model.config))
            none = torch.zeros((len(ids), 0), dtype=torch.bool, device=ids.device)
            self._forward(ids, _visible(none, mask, width), _positions(mask), cache)
            parts.append([(layer.keys, layer.values) for layer in cache.layers])
            masks.append(mask)
        layers = [tuple(torch.cat(tensors) for tensors in zip(*own, strict=True)) for own in zip(*parts, strict=True)]
        return layers, torch.cat(masks)

    def _fill(self, layers: list[tuple[Tensor, Tensor]]) -> None:
        """Make a static cache that begins with these keys and values."""
        from transformers import StaticCache

        self._cache = StaticCache(config=without_windows(self.model.config), max_cache_len=self._slots)
        for number, (keys, values) in enumerate(layers):
            self._cache.update(keys, values, number)
        self._graph, self._steps, self._capturing = None, 0, self.model.device.type == "cuda"

    def _read_rests(self, rests: list[list[int]], seen: Tensor) -> Tensor:
        ids, mask = left_padded(rests, self.pad_id, self.model.device)
        positions = _positions(torch.cat([seen, mask], dim=1))
        logits = self._forward(ids, _visible(seen, mask, self._slots), positions[:, seen.shape[1] :], self._cache)
        used = seen.shape[1] + mask.shape[1]
        self._mask = functional.pad(torch.cat([seen, mask], dim=1), (0, self._slots - used))[:, None, None]
        self._positions = positions[:, -1:].clone()
        self._last = torch.zeros_like(self._positions)
        self._slot = torch.tensor([used], device=ids.device)
        return logits

    def advance(self, tokens: list[int]) -> Tensor:
        """Read the tokens that were chosen, and return the logits of those that follow, (rows, vocabulary)."""
        self._last.copy_(torch.tensor(tokens, device=self._last.device)[:, None])
        if self._graph is None and self._capturing and self._steps >= _WARM_STEPS:
            self._capture()
        self._steps += 1
        if self._graph is not None:
            self._graph.replay()
            return self._output
        return self._step()

    def _step(self) -> Tensor:
        self._mask.index_fill_(3, self._slot, True)
        self._positions.add_(1)
        self._slot.add_(1)
        return self._forward(self._last, self._mask, self._positions, self._cache)

    def _capture(self) -> None:
        """Capture a step as a CUDA graph; a model that waits for the GPU in it goes on without one."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._output = self._step()
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self._capturing = False
            print(f"llm: no CUDA graph ({str(error).splitlines()[0]}); writing without one", flush=True)
        else:
            self._graph = graph

    def keep(self, rows: list[int]) -> None:
        """Keep these rows alone."""
        index = torch.tensor(rows, device=self.model.device)
        used = int(self._slot)
        layers = [(layer.keys[index, :, :used], layer.values[index, :, :used]) for layer in self._cache.layers]
        self._fill(layers)
        self._mask, self._positions, self._last = self._mask[index], self._positions[index], self._last[index]

    def _forward(self, ids: Tensor, mask: Tensor, positions: Tensor, cache: Any) -> Tensor:
        output = self.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True,
            logits_to_keep=1,
        )  # fmt: skip
        logits: Tensor = output.logits[:, -1]
        return logits


def _positions(mask: Tensor) -> Tensor:
    return (mask.cumsum(-1) - 1).clamp(min=0)


def _visible(earlier: Tensor, mask: Tensor, slots: int) -> Tensor:
    """Return which slots each new token sees, (rows, 1, tokens, slots): the earlier ones, and its own up to itself."""
    tokens = mask.shape[1]
    causal = torch.ones(tokens, tokens, dtype=torch.bool, device=mask.device).tril()
    itself = torch.eye(tokens, dtype=torch.bool, device=mask.device)
    new = (causal & mask[:, None, :]) | itself
    seen = torch.cat([earlier[:, None, :].expand(-1, tokens, -1), new], dim=-1)
    return functional.pad(seen, (0, slots - seen.shape[-1]))[:, None]
