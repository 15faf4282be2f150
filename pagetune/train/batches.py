"""From the rows of a micro-batch to the tensors that go through the model."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from pagetune.model.prompts import IGNORED

#: `input_ids` and `labels` of equal length, as `encode_example` gives them.
EncodedRow = dict[str, list[int]]


class Sampler:
    """The micro-batches of one process: in every step, every `processes`-th of them."""

    def __init__(self, batches: list[list[int]], process: int = 0, processes: int = 1) -> None:
        self.batches = batches[process::processes]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


@dataclass(frozen=True)
class Collator:
    """Turns rows into tensors. Labels come shifted too, so that no row predicts the first token of the next one.

    Packed rows are (1, tokens), with positions that start from 0 in each row and with the row boundaries under the
    names that transformers' flash attention and Unsloth read. Padded rows are (rows, longest row) with an attention
    mask. With `decoder_start_token_id` the encoder gets the padded prompts, and the decoder what precedes each token.
    """

    pad_token_id: int
    packed: bool
    for_unsloth: bool = False
    decoder_start_token_id: int | None = None

    def __call__(self, rows: list[EncodedRow]) -> dict[str, Any]:
        rows = rows or [self._empty_row()]
        if self.decoder_start_token_id is not None:
            return self._encoder_decoder(rows, self.decoder_start_token_id)
        return self._pack(rows) if self.packed else self._pad(rows)

    def _empty_row(self) -> EncodedRow:
        """Return a row for a process that has none in this step: without one it would leave the others waiting."""
        return {"input_ids": [self.pad_token_id] * 2, "labels": [IGNORED] * 2}

    def _pack(self, rows: list[EncodedRow]) -> dict[str, Any]:
        import torch

        lengths = torch.tensor([len(row["input_ids"]) for row in rows], dtype=torch.int32)
        batch: dict[str, Any] = {
            "input_ids": torch.tensor([[token for row in rows for token in row["input_ids"]]]),
            "position_ids": torch.tensor([[position for row in rows for position in range(len(row["input_ids"]))]]),
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

    def _encoder_decoder(self, rows: list[EncodedRow], start: int) -> dict[str, Any]:
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
    """Return a tensor of (rows, longest row)."""
    import torch

    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def prompt_length(row: EncodedRow) -> int:
    """Count the tokens before the first one that the loss is on."""
    return sum(1 for _ in takewhile(lambda label: label == IGNORED, row["labels"]))


def _shifted(row: EncodedRow) -> list[int]:
    """Return for each token the label of the next one, as the loss expects it; nothing follows the last."""
    return [*row["labels"][1:], IGNORED]
