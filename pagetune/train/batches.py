"""Which rows stand behind each step of the optimiser, and which of them go through the model at once.

The first is the experiment and follows from the parameters and the seed alone. The second is a matter of memory: a step
is cut into as many parts as it takes, and since the loss is divided by the trained tokens of the whole step, its
gradient is the same however it is cut.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from random import Random
from typing import Any

from pagetune.model.prompts import IGNORED

#: `input_ids` and `labels` of equal length, as `encode_example` gives them.
EncodedRow = dict[str, list[int]]
#: Steps whose rows are sorted by length together, as transformers' LengthGroupedSampler does.
STEPS_GROUPED = 50


def plan_steps(
    lengths: list[int], effective_batch_size: int, epochs: int, group_by_length: bool, seed: int
) -> list[list[int]]:
    """The numbers of the rows behind each step of the whole training. The last step of an epoch may be smaller."""
    steps = []
    for epoch in range(epochs):
        random = Random(f"{seed} {epoch}")  # noqa: S311 - no secret
        order = random.sample(range(len(lengths)), len(lengths))
        if group_by_length:
            order = _grouped(order, lengths, effective_batch_size * STEPS_GROUPED)
        of_epoch = [order[i : i + effective_batch_size] for i in range(0, len(order), effective_batch_size)]
        if group_by_length:
            random.shuffle(of_epoch)
        steps += of_epoch
    return steps


def _grouped(order: list[int], lengths: list[int], size: int) -> list[int]:
    groups = (order[start : start + size] for start in range(0, len(order), size))
    return [row for group in groups for row in sorted(group, key=lambda row: -lengths[row])]


def split_step(step: list[int], lengths: list[int], parts: int, packed: bool) -> list[list[int]]:
    """The rows of a step in exactly `parts` micro-batches, some of them empty where there are fewer rows.

    Packed rows are dealt out so that each part has about as many tokens; padded ones so that each has rows of like
    length, and at most a `parts`-th of the step.
    """
    by_length = sorted(step, key=lambda row: -lengths[row])
    return _dealt(by_length, lengths, parts) if packed else _cut(by_length, parts)


def _dealt(by_length: list[int], lengths: list[int], parts: int) -> list[list[int]]:
    """Longest first, each to the part with the fewest tokens (Graham's LPT rule: at most 4/3 of the best)."""
    bins: list[list[int]] = [[] for _ in range(parts)]
    heap = [(0, part) for part in range(parts)]
    for row in by_length:
        tokens, part = heapq.heappop(heap)
        bins[part].append(row)
        heapq.heappush(heap, (tokens + lengths[row], part))
    return bins


def _cut(by_length: list[int], parts: int) -> list[list[int]]:
    size = -(-len(by_length) // parts)
    return [by_length[part * size : (part + 1) * size] for part in range(parts)]


def tokens_at_once(rows: list[int], lengths: list[int], packed: bool) -> int:
    """Of a micro-batch, the padding included."""
    here = [lengths[row] for row in rows]
    return sum(here) if packed else len(here) * max(here, default=0)


def micro_batches(steps: list[list[int]], lengths: list[int], parts: int, packed: bool) -> list[list[int]]:
    """Those of all steps, one after the other: `parts` for each step."""
    return [part for step in steps for part in split_step(step, lengths, parts, packed)]


def largest_micro_batch(steps: list[list[int]], lengths: list[int], parts: int, packed: bool) -> int:
    """Tokens of the largest micro-batch of the training, the padding included."""
    return max(tokens_at_once(part, lengths, packed) for part in micro_batches(steps, lengths, parts, packed))


class Sampler:
    """Yields the micro-batches of one process: in every step, every `processes`-th of them."""

    def __init__(self, batches: list[list[int]], process: int = 0, processes: int = 1) -> None:
        self.batches = batches[process::processes]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


@dataclass(frozen=True)
class Collator:
    """Rows to tensors. Labels come shifted too, so that no row is asked for the first token of the next one.

    Packed: (1, tokens), positions from 0 in each row, and where each row begins in the words of transformers' flash
    attention and of Unsloth. Padded: (rows, tokens of the longest) and an attention mask. With what a decoder starts
    from: the prompts for the encoder, padded, and for the decoder what it has said before each token.
    """

    pad_token_id: int
    packed: bool
    for_unsloth: bool = False
    decoder_start_token_id: int | None = None

    def __call__(self, rows: list[EncodedRow]) -> dict[str, Any]:
        rows = rows or [self._nothing()]
        if self.decoder_start_token_id is not None:
            return self._part(rows, self.decoder_start_token_id)
        return self._pack(rows) if self.packed else self._pad(rows)

    def _nothing(self) -> EncodedRow:
        """For a process that has no row in this step and must not fall out of it."""
        return {"input_ids": [self.pad_token_id] * 2, "labels": [IGNORED] * 2}

    def _pack(self, rows: list[EncodedRow]) -> dict[str, Any]:
        import torch

        lengths = torch.tensor([len(row["input_ids"]) for row in rows], dtype=torch.int32)
        batch: dict[str, Any] = {
            "input_ids": torch.tensor([[token for row in rows for token in row["input_ids"]]]),
            "position_ids": torch.tensor([[place for row in rows for place in range(len(row["input_ids"]))]]),
            "labels": torch.tensor([[label for row in rows for label in row["labels"]]]),
            "shift_labels": torch.tensor([[label for row in rows for label in _shifted(row)]]),
        }
        if self.for_unsloth:
            return batch | {"packed_seq_lengths": lengths}
        starts = torch.nn.functional.pad(lengths.cumsum(0), (1, 0)).to(torch.int32)
        longest = int(lengths.max())
        return batch | {
            "cu_seq_lens_q": starts,
            "cu_seq_lens_k": starts,
            "max_length_q": longest,
            "max_length_k": longest,
        }

    def _pad(self, rows: list[EncodedRow]) -> dict[str, Any]:
        return {
            "input_ids": _filled([row["input_ids"] for row in rows], self.pad_token_id),
            "attention_mask": _filled([[1] * len(row["input_ids"]) for row in rows], 0),
            "labels": _filled([row["labels"] for row in rows], IGNORED),
            "shift_labels": _filled([_shifted(row) for row in rows], IGNORED),
        }

    def _part(self, rows: list[EncodedRow], start: int) -> dict[str, Any]:
        prompts = [row["input_ids"][: prompt_length(row)] for row in rows]
        answers = [row["labels"][prompt_length(row) :] or [IGNORED] for row in rows]
        said = [
            [start, *(self.pad_token_id if token == IGNORED else token for token in answer[:-1])] for answer in answers
        ]
        return {
            "input_ids": _filled(prompts, self.pad_token_id),
            "attention_mask": _filled([[1] * len(prompt) for prompt in prompts], 0),
            "decoder_input_ids": _filled(said, self.pad_token_id),
            "shift_labels": _filled(answers, IGNORED),
        }


def _filled(rows: list[list[int]], filler: int) -> Any:
    """A tensor of (rows, tokens of the longest)."""
    import torch

    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def prompt_length(row: EncodedRow) -> int:
    """Tokens before the first that the loss is on."""
    return sum(1 for _ in takewhile(lambda label: label == IGNORED, row["labels"]))


def _shifted(row: EncodedRow) -> list[int]:
    """At each token the one that follows, as the loss wants it; nothing follows the last."""
    return [*row["labels"][1:], IGNORED]
