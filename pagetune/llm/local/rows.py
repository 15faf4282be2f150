"""A fixed number of rows, each with slots of its own, in which replies are written independently of each other.

Each row has its own position, so that a row whose reply has ended takes the next request while the others go on. What
is read in one pass is packed into one sequence: prompts, or in a step one token of each row.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pagetune.llm.local.attention import Pass, PassAttention, RowLayer, Span, flash_reads, pass_of
from pagetune.llm.local.prefixes import Group, groups_of, nearest
from pagetune.model.decoding import why_no_fast_decoding

#: Tokens of prompts that are read in one pass; more would only take more memory.
PASS_TOKENS = 16384

Copy = tuple[int, int, int]  # from a row, to a row, the number of tokens


class Rows:
    """The keys and values of `count` rows with `slots` tokens each."""

    def __init__(self, model: Any, count: int, slots: int) -> None:
        from transformers import Cache

        self.model, self.count, self.slots = model, count, slots
        self.attention = PassAttention()
        self.free = deque(range(count))  # those that have been free for longest come first
        #: The prompts that the rows hold, also those of replies that have ended: others may begin with them.
        self._held: dict[int, list[int]] = {}
        layers: Any = [
            RowLayer((count + 1) * slots, self.attention)  # the last row is that of places that hold nothing
            for _ in range(model.config.get_text_config().num_hidden_layers)
        ]
        self._cache = Cache(layers=layers)

    def take(self, prompts: list[list[int]]) -> tuple[list[int], Tensor]:
        """Read prompts into free rows. Return these, and the logits of what follows each, (prompts, vocabulary)."""
        groups = groups_of(prompts)
        self._copy(list(self._place(groups)))
        self._read([Span(g.rows[0], g.held, len(g.beginning) - g.held) for g in groups if g.reads_beginning()], groups)
        self._copy([(g.rows[0], row, len(g.beginning)) for g in groups for row in g.rows[1:]])
        rests = [
            Span(row, group.starts(), len(prompt) - group.starts())
            for group in groups
            for row, prompt in zip(group.rows, group.prompts, strict=True)
        ]
        logits = self._read(rests, groups)
        order = sorted(range(len(prompts)), key=lambda at: prompts[at])
        back = sorted(range(len(order)), key=lambda at: order[at])
        return [rests[at].row for at in back], logits[torch.tensor(back, device=logits.device)]

    def _place(self, groups: list[Group]) -> Iterator[Copy]:
        """Give each prompt a row, the first of a group one that holds its beginning. Yield what is to be copied."""
        held = sorted((prompt, row) for row, prompt in self._held.items())
        for group in groups:
            donor, group.held = nearest(group.beginning, held)
            if group.held and donor in self.free:
                self.free.remove(donor)
                group.rows.append(donor)
            while len(group.rows) < len(group.prompts):
                group.rows.append(self.free.popleft())
            if group.held and donor != group.rows[0]:
                yield donor, group.rows[0], group.held
            self._held.update(zip(group.rows, group.prompts, strict=True))

    def _copy(self, copies: list[Copy]) -> None:
        if not copies:
            return
        device = self.model.device
        sources, targets = (
            torch.cat([copy[at] * self.slots + torch.arange(copy[2]) for copy in copies]).to(device) for at in (0, 1)
        )
        for layer in self._layers:
            layer.copy(sources, targets)

    def _read(self, spans: list[Span], groups: list[Group]) -> Tensor:
        """Read the spans of the groups' prompts, and return the logits of the last token of each."""
        prompts = {row: ids for group in groups for row, ids in zip(group.rows, group.prompts, strict=True)}
        found = []
        for part in _passes(spans):
            ids = [token for span in part for token in prompts[span.row][span.position : span.position + span.tokens]]
            pass_, positions = pass_of(part, self.slots, self.model.device)
            last = pass_.offsets[1:].long() - 1
            found.append(self.forward(torch.tensor(ids, device=self.model.device), positions, pass_, last))
        return torch.cat(found) if found else torch.empty(0)

    def forward(self, ids: Tensor, positions: Tensor, pass_: Pass, kept: Tensor | int) -> Tensor:
        """Return the logits of the tokens `kept` of a pass, 0 for all."""
        self.attention.under_way = pass_
        output = self.model(
            input_ids=ids[None], position_ids=positions[None], past_key_values=self._cache, use_cache=True,
            logits_to_keep=kept,
        )  # fmt: skip
        logits: Tensor = output.logits[0]
        return logits

    @property
    def _layers(self) -> list[RowLayer]:
        layers: list[RowLayer] = self._cache.layers
        return layers

    @property
    def read_by_flash(self) -> bool:
        return flash_reads(self._layers[0].keys, self._layers[0].values)


def why_no_rows(model: Any, tokens: int) -> str | None:
    """Return why replies of up to `tokens`, prompt included, cannot be written in rows, or None."""
    if getattr(model.config.get_text_config(), "num_kv_shared_layers", 0):
        return "some of its layers have no keys of their own"
    return why_no_fast_decoding(model, tokens)


def _passes(spans: list[Span]) -> Iterator[list[Span]]:
    """Yield spans that are read together, as many as one pass reads."""
    part: list[Span] = []
    for span in spans:
        if part and sum(own.tokens for own in part) + span.tokens > PASS_TOKENS:
            yield part
            part = []
        part.append(span)
    if part:
        yield part
