"""The fused rotary embedding stands in for transformers' only while packed rows are trained, and only if it agrees."""

from typing import Any

import pytest
import torch
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from pagetune.train.rotary import Rotary


def inputs(batch: int = 1, requires_grad: bool = True) -> list[torch.Tensor]:
    torch.manual_seed(0)
    q, k = torch.randn(batch, 4, 6, 8, requires_grad=requires_grad), torch.randn(batch, 2, 6, 8)
    angles = torch.randn(batch, 6, 4).repeat(1, 1, 2)
    return [q, k, angles.cos(), angles.sin()]


def rotary(monkeypatch: pytest.MonkeyPatch, error: float = 0.0) -> tuple[Rotary, list[str]]:
    calls: list[str] = []

    def fused(*tensors: torch.Tensor) -> Any:
        calls.append("fused")
        return tuple(rotated + error for rotated in apply_rotary_pos_emb(*tensors))

    made = Rotary(apply_rotary_pos_emb, fused)
    monkeypatch.setattr(made, "is_training", lambda q: q.requires_grad and len(q) == 1)  # as on a GPU
    return made, calls


def test_training_on_packed_rows_takes_the_fused_one_that_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    made, calls = rotary(monkeypatch)
    for _ in range(3):
        for one, other in zip(made(*inputs()), apply_rotary_pos_emb(*inputs()), strict=True):
            assert torch.equal(one, other)
    assert len(calls) == 1 + 3  # the first is the trial


def test_one_that_disagrees_is_tried_once_and_never_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    made, calls = rotary(monkeypatch, error=0.2)
    for _ in range(3):
        for one, other in zip(made(*inputs()), apply_rotary_pos_emb(*inputs()), strict=True):
            assert torch.equal(one, other)
    assert len(calls) == 1


def test_large_values_may_differ_by_more_because_their_rounding_does(monkeypatch: pytest.MonkeyPatch) -> None:
    made, calls = rotary(monkeypatch, error=0.2)
    q, k, *angles = inputs()
    for _ in range(3):
        made(100 * q, 100 * k, *angles)
    assert len(calls) == 1 + 3


@pytest.mark.parametrize("options", [{"batch": 2}, {"requires_grad": False}], ids=str)
def test_answers_and_padded_batches_keep_the_exact_one(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    made, calls = rotary(monkeypatch)
    made(*inputs(**options))
    made(*inputs(), unsqueeze_dim=1)
    assert not calls


def test_without_a_gpu_the_exact_one_stays() -> None:
    assert not Rotary(apply_rotary_pos_emb, apply_rotary_pos_emb).is_training(inputs()[0])
