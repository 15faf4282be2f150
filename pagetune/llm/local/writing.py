"""Write replies token by token, in rows that are refilled as replies end, or by transformers' `generate`."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pagetune.llm.local.grammar import Grammar
from pagetune.llm.local.reply import Writing, add_tokens
from pagetune.llm.local.rows import Rows
from pagetune.llm.local.sampling import choose, to_device
from pagetune.llm.local.steps import Steps
from pagetune.model.decoding import left_padded

#: Steps after which ended replies make room for the next, on a GPU and on a CPU. On a GPU, to start the reading of one
#: prompt takes as long as that of several.
_REFILLED_ON_GPU, _REFILLED_ON_CPU = 8, 1

#: Returns further replies to write, at most the number that it is given.
Admit = Callable[[int], list[Writing]]
#: Is told of the replies under way after each token, and stops the writing by False.
Watch = Callable[[list[Writing]], bool]


def write_in_rows(steps: Steps, grammar: Grammar | None, admit: Admit, watch: Watch) -> None:
    """Write what is admitted, until nothing is under way and nothing more is admitted.

    The next step begins before anything else is done with a token, so that a GPU need not wait for the grammar. A row
    whose reply has ended is thus computed once more.
    """
    every = _REFILLED_ON_GPU if steps.rows.model.device.type == "cuda" else _REFILLED_ON_CPU
    text = _UnderWay(steps.rows)
    count = 0
    while True:
        if not text.replies or count % every == 0:
            text.begin(admit(len(steps.rows.free)))
        if not text.replies:
            return
        count += 1
        tokens = choose(text.logits, text.replies, grammar)
        chosen = _on_its_way(tokens)
        text.logits = steps.advance(text.places, text.positions(), tokens)
        add_tokens(text.replies, chosen(), grammar)
        if not watch(text.replies):
            return
        text.drop_ended()


class _UnderWay:
    """The replies that are written, the row of each, and the logits of its next token."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.replies: list[Writing] = []
        self.places: list[int] = []
        self.logits = torch.empty(0)

    def begin(self, new: list[Writing]) -> None:
        if not new:
            return
        places, logits = self._rows.take([reply.prompt for reply in new])
        self.logits = torch.cat([self.logits, logits]) if self.replies else logits
        self.replies, self.places = self.replies + new, self.places + places

    def positions(self) -> list[int]:
        """Return where the next token of each reply goes."""
        return [len(reply.prompt) + len(reply.ids) for reply in self.replies]

    def drop_ended(self) -> None:
        left = [at for at, reply in enumerate(self.replies) if not reply.ended]
        if len(left) == len(self.replies):
            return
        self._rows.free.extend(place for place, reply in zip(self.places, self.replies, strict=True) if reply.ended)
        self.logits = self.logits.index_select(0, to_device(torch.tensor(left, dtype=torch.long), self.logits.device))
        self.replies, self.places = [self.replies[at] for at in left], [self.places[at] for at in left]


def _on_its_way(tokens: Tensor) -> Callable[[], list[int]]:
    """Begin to copy tokens from the GPU; what is returned waits for them, but not for what the GPU is given later."""
    if not tokens.is_cuda:
        return lambda: list(tokens.tolist())
    here = torch.empty(tokens.shape, dtype=tokens.dtype, pin_memory=True)
    here.copy_(tokens, non_blocking=True)
    copied = torch.cuda.Event()
    copied.record()

    def wait() -> list[int]:
        copied.synchronize()
        found: list[int] = here.tolist()
        return found

    return wait


def write_by_generate(model: Any, pad_id: int, replies: list[Writing], grammar: Grammar | None, watch: Watch) -> None:
    """Write with transformers' `generate`, for models whose layers do not all attend to the whole text."""
    ids, mask = left_padded([reply.prompt for reply in replies], pad_id, model.device)
    stopped = False

    def force(_: Tensor, scores: Tensor) -> Tensor:
        nonlocal stopped
        under_way = [at for at, reply in enumerate(replies) if not reply.ended]
        left = [replies[at] for at in under_way]
        index = torch.tensor(under_way, device=scores.device)
        tokens = choose(scores[index], left, grammar)
        add_tokens(left, tokens.tolist(), grammar)
        stopped = not watch(left)
        forced = torch.full_like(scores, float("-inf"))
        forced[:, pad_id] = 0.0
        forced[index] = torch.full_like(scores[index], float("-inf")).scatter_(1, tokens[:, None], 0.0)
        return forced

    def done(input_ids: Tensor, _: Any, **__: Any) -> Tensor:
        return torch.tensor([stopped or reply.ended for reply in replies], device=input_ids.device)

    model.generate(
        input_ids=ids, attention_mask=mask.long(), max_new_tokens=max(reply.limit for reply in replies),
        do_sample=False, logits_processor=[force], stopping_criteria=[done], eos_token_id=None, pad_token_id=pad_id,
    )  # fmt: skip
