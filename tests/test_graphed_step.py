"""Packed rows that are filled up to one of a few lengths, for a CUDA graph of each; tests/test_gpu.py replays one."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pagetune.model.prompts import IGNORED
from pagetune.train.batches import Collator
from pagetune.train.graphed_step import fill, filled_length, pays

PAD, ROWS = 1, 6


def packed(lengths: list[int]) -> dict[str, Any]:
    rows = [{"input_ids": list(range(10, 10 + n)), "labels": [IGNORED] + [7] * (n - 1)} for n in lengths]
    return Collator(PAD, packed=True)(rows)


@given(st.integers(1, 100_000))
def test_a_micro_batch_is_filled_by_less_than_a_quarter_or_64_tokens(tokens: int) -> None:
    length = filled_length(tokens)
    assert tokens <= length < tokens + max(64, tokens / 4 + 1)
    assert filled_length(length) == length


def test_there_are_few_lengths() -> None:
    assert len({filled_length(tokens) for tokens in range(1, 8192)}) < 50


@given(st.lists(st.integers(2, 90), min_size=1, max_size=ROWS))
def test_the_filling_is_a_row_of_its_own_without_a_loss(lengths: list[int]) -> None:
    batch, tokens = packed(lengths), sum(lengths)
    filled = fill(batch, ROWS, max(lengths), PAD)
    for name in ("input_ids", "position_ids", "labels", "shift_labels"):
        assert filled[name].shape == (1, filled_length(tokens))
        assert filled[name][:, :tokens].equal(batch[name])
    assert (filled["shift_labels"][:, tokens:] == IGNORED).all()
    starts = filled["cu_seq_lens_q"]
    assert starts.dtype == torch.int32
    assert starts.tolist()[: len(lengths) + 1] == batch["cu_seq_lens_q"].tolist()
    assert len(starts) == ROWS + 2
    assert starts.diff().min() >= 0
    assert starts[-1] == filled_length(tokens)
    assert filled["max_length_q"] >= starts.diff().max()


@given(st.lists(st.integers(2, 90), min_size=1, max_size=ROWS), st.lists(st.integers(2, 90), min_size=1, max_size=ROWS))
def test_micro_batches_of_one_length_have_the_same_shapes(one: list[int], other: list[int]) -> None:
    shapes = [
        {name: getattr(value, "shape", value) for name, value in fill(packed(lengths), ROWS, 90, PAD).items()}
        for lengths in (one, other)
    ]
    assert (shapes[0] == shapes[1]) == (filled_length(sum(one)) == filled_length(sum(other)))


@pytest.mark.parametrize(
    ("parameters", "tokens", "vocabulary", "worth_it"),
    [
        (4e6, 380, 1_200, True),  # the built-in model
        (270e6, 1_000, 262_144, True),  # Gemma 3 270M
        (270e6, 4_000, 262_144, False),  # the logits of all its tokens take 12 GiB
        (8e9, 16_000, 128_256, False),
    ],
)
def test_a_graph_pays_where_launching_takes_longer_than_computing(
    parameters: float, tokens: int, vocabulary: int, worth_it: bool
) -> None:
    assert pays(4 * parameters * tokens, 989e12, tokens * vocabulary, 80 * 2**30) == worth_it
