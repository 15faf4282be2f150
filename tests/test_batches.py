"""Steps and micro-batches hold every row once and give the same gradient however a step is cut; rows stay apart."""

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, make_inputs
from hypothesis import given
from hypothesis import strategies as st
from test_loading import params_of
from test_prompts import example

from pagetune.errors import UserError
from pagetune.model.prompts import IGNORED
from pagetune.params import load_params
from pagetune.plan.steps import (
    largest_micro_batch,
    micro_batches,
    plan_steps,
    split_step,
    steps_between_evaluations,
    tokens_at_once,
)  # fmt: skip
from pagetune.train import packed_attention
from pagetune.train.backend import load_for_training
from pagetune.train.batches import Collator, Sampler

PARAMS = load_params(ROOT / "params.yaml")
LENGTHS = st.lists(st.integers(2, 200), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 9), st.integers(1, 3), st.booleans(), st.integers(0, 5))
def test_each_epoch_asks_every_row_once_in_steps_of_the_effective_batch(
    lengths: list[int], effective: int, epochs: int, grouped: bool, seed: int
) -> None:
    steps = plan_steps(lengths, effective, epochs, grouped, seed)
    per_epoch = -(-len(lengths) // effective)
    assert len(steps) == epochs * per_epoch
    for epoch in range(epochs):
        of_epoch = steps[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert sorted(row for step in of_epoch for row in step) == list(range(len(lengths)))
        assert sum(len(step) != effective for step in of_epoch) <= 1
        assert max(map(len, of_epoch)) <= effective


@given(st.integers(1, 5_000), st.integers(1, 10**7), st.integers(0, 10**7))
def test_there_are_4_to_20_evaluations_and_more_than_4_take_3_percent_at_most(
    steps: int, trained: int, evaluated: int
) -> None:
    between = steps_between_evaluations(steps, trained, evaluated)
    count = -(-steps // between)
    assert min(steps, 4) <= count <= 20
    if count > 4 and steps >= 30:
        assert (count - 1) * evaluated <= 0.03 * 2 * trained


def test_a_training_that_may_stop_early_is_evaluated_often_enough_to_do_so() -> None:
    assert steps_between_evaluations(54, 849_000, 9_100, fewest=15) == 3


def test_the_samples_on_a_large_model_are_evaluated_four_times_and_on_the_built_in_one_oftener() -> None:
    assert steps_between_evaluations(54, 849_000, 9_100) == 14
    assert steps_between_evaluations(3270, 390_000, 2_170) == 364


@given(LENGTHS, st.integers(1, 12), st.booleans())
def test_a_step_is_cut_into_just_so_many_parts_and_loses_no_row(lengths: list[int], parts: int, packed: bool) -> None:
    step = list(range(len(lengths)))
    cut = split_step(step, lengths, parts, packed)
    assert len(cut) == parts
    assert sorted(row for part in cut for row in part) == step
    if not packed:
        assert max(map(len, cut)) == -(-len(lengths) // parts)


@given(LENGTHS, st.integers(1, 12), st.booleans())
def test_more_parts_never_make_a_larger_micro_batch(lengths: list[int], parts: int, packed: bool) -> None:
    steps = plan_steps(lengths, 16, 1, True, 0)
    whole = largest_micro_batch(steps, lengths, 1, packed)
    assert largest_micro_batch(steps, lengths, parts, packed) <= whole
    assert max(lengths) <= largest_micro_batch(steps, lengths, parts, packed)


@given(LENGTHS, st.integers(1, 4), st.integers(1, 4))
def test_the_processes_of_a_step_share_its_rows(lengths: list[int], parts: int, processes: int) -> None:
    steps = plan_steps(lengths, 8, 2, False, 0)
    batches = micro_batches(steps, lengths, parts * processes, True)
    shares = [list(Sampler(batches, process, processes)) for process in range(processes)]
    assert {len(share) for share in shares} == {len(steps) * parts}
    for number, step in enumerate(steps):
        mine = [row for share in shares for part in share[number * parts : (number + 1) * parts] for row in part]
        assert sorted(mine) == sorted(step)


def test_packed_parts_hold_about_as_many_tokens_each() -> None:
    lengths = [100, 90, 50, 40, 30, 30, 20, 20, 10, 10]
    sizes = [tokens_at_once(part, lengths, True) for part in split_step(list(range(10)), lengths, 4, True)]
    assert sum(sizes) == 400
    assert max(sizes) <= 4 / 3 * 100


def test_the_batches_depend_on_the_seed_alone() -> None:
    lengths = list(range(10, 90))
    assert plan_steps(lengths, 8, 2, True, 3) == plan_steps(lengths, 8, 2, True, 3)
    assert plan_steps(lengths, 8, 2, True, 3) != plan_steps(lengths, 8, 2, True, 4)


def rows() -> list[dict[str, list[int]]]:
    return [
        {"input_ids": [5, 6, 7, 8], "labels": [IGNORED, IGNORED, 7, 8]},
        {"input_ids": [9, 10, 11], "labels": [IGNORED, 10, 11]},
    ]


def test_a_packed_batch_says_where_each_row_begins() -> None:
    batch = Collator(pad_token_id=1, packed=True)(rows())
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9, 10, 11]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 0, 1, 2]]
    assert batch["cu_seq_lens_q"].tolist() == [0, 4, 7]
    assert batch["max_length_q"] == 4
    assert batch["shift_labels"].tolist() == [[IGNORED, 7, 8, IGNORED, 10, 11, IGNORED]]


def test_a_padded_batch_trains_on_no_padding_even_where_the_pad_token_is_the_eos() -> None:
    batch = Collator(pad_token_id=8, packed=False)(rows())
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert batch["shift_labels"].tolist() == [[IGNORED, 7, 8, IGNORED], [10, 11, IGNORED, IGNORED]]
    assert int((batch["labels"] != IGNORED).sum()) == 4


@pytest.mark.parametrize("packed", [True, False])
def test_a_process_without_a_row_takes_part_and_trains_on_nothing(packed: bool) -> None:
    batch = Collator(pad_token_id=1, packed=packed)([])
    assert int((batch["shift_labels"] != IGNORED).sum()) == 0
    assert batch["input_ids"].numel() > 0


EXAMPLES = [
    example("주소?", "서울"),
    example("센터의 전화는 어떻게 됩니까?", "02-555"),
    example("요금?", "9만 원 입니다"),
]


@pytest.fixture(scope="module")
def model_and_job(tiny_base: Path) -> tuple[Any, Any]:
    job = make_inputs(tiny_base, params_of(), EXAMPLES)
    model = load_for_training(job, False)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:  # zero at the start, when the gradient reaches nothing below it
            torch.nn.init.normal_(parameter, std=0.05, generator=torch.Generator().manual_seed(0))
    return model.train(), job


def gradients(model: Any, batches: list[dict[str, Any]]) -> torch.Tensor:
    trained = sum(int((batch["shift_labels"] != IGNORED).sum()) for batch in batches)
    model.zero_grad()
    for batch in batches:
        model(**batch, use_cache=False, num_items_in_batch=torch.tensor(trained)).loss.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def logits(model: Any, collator: Collator, members: list[Any]) -> torch.Tensor:
    batch = {name: value for name, value in collator(members).items() if "labels" not in name}
    with torch.no_grad():
        found = model(**batch, use_cache=False).logits
    if collator.packed:
        return found[0]
    return torch.cat([row[: len(member["input_ids"])] for row, member in zip(found, members, strict=True)])


def loop_over_rows(query: Any, key: Any, value: Any, starts: Any, longest: Any, scale: Any, window: Any) -> Any:
    """Compute what the kernel does, row by row; (tokens, heads, head_dim) in and out."""
    assert window == (-1, 0)
    out = []
    for begin, end in zip(starts.tolist()[:-1], starts.tolist()[1:], strict=True):
        states = (tensor[begin:end].transpose(0, 1)[None].float() for tensor in (query, key, value))
        attended = torch.nn.functional.scaled_dot_product_attention(*states, is_causal=True, scale=scale)
        out.append(attended[0].transpose(0, 1))
    return torch.cat(out)


@pytest.fixture
def with_kernel(model_and_job: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the model our attention; a loop over the rows stands in for the kernel, which needs a GPU."""
    model, job = model_and_job
    packed_attention.register_varlen()
    monkeypatch.setattr(packed_attention, "_varlen_attn", loop_over_rows)
    before = model.config._attn_implementation
    model.get_base_model().set_attn_implementation(packed_attention.VARLEN)
    yield model, job
    model.get_base_model().set_attn_implementation(before)


def close(one: torch.Tensor, other: torch.Tensor, share: float) -> bool:
    return bool((one - other).abs().max() <= share * other.abs().max())


def test_packed_rows_get_the_logits_and_gradients_of_rows_alone(with_kernel: tuple[Any, Any]) -> None:
    model, job = with_kernel
    packed, padded = job.collator(True), job.collator(False)
    apart = torch.cat([logits(model, padded, [row]) for row in job.train_rows])
    # The kernel computes in 16 bits.
    assert close(logits(model, packed, job.train_rows), apart, 0.02)
    alone = gradients(model, [padded([row]) for row in job.train_rows])
    together = gradients(model, [packed(job.train_rows)])
    assert torch.nn.functional.cosine_similarity(together, alone, dim=0) > 0.999
    assert packed_attention.rows_stay_apart(model, packed, job.train_rows)


def test_a_kernel_that_lets_a_row_see_its_neighbour_is_found(
    with_kernel: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, job = with_kernel

    def leaking(query: Any, key: Any, value: Any, starts: Any, *rest: Any) -> Any:
        return loop_over_rows(query, key, value, starts[[0, -1]], *rest)

    monkeypatch.setattr(packed_attention, "_varlen_attn", leaking)
    assert not packed_attention.rows_stay_apart(model, job.collator(True), job.train_rows)


def test_the_gradient_of_a_step_is_the_same_however_it_is_cut(model_and_job: tuple[Any, Any]) -> None:
    model, job = model_and_job
    collator = job.collator(False)
    whole = gradients(model, [collator(job.train_rows)])
    for parts in (2, 3):
        cut = split_step([0, 1, 2], job.lengths, parts, False)
        assert close(gradients(model, [collator([job.train_rows[n] for n in part]) for part in cut]), whole, 1e-4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_asking_for_packing_where_no_kernel_keeps_rows_apart_is_one_line(tiny_base: Path) -> None:
    job = make_inputs(tiny_base, params_of(packing=True), EXAMPLES)
    with pytest.raises(UserError, match=r"train\.packing: true, but PyTorch sees no GPU\. Use auto, which pads"):
        job.plan(2**33)


def test_padded_rows_and_generation_go_through_our_attention_as_through_transformers_own(
    model_and_job: tuple[Any, Any],
) -> None:
    model, job = model_and_job
    batch = {name: value for name, value in job.collator(False)(job.train_rows).items() if "labels" not in name}
    packed_attention.register_varlen()
    model.eval()
    with torch.no_grad():
        expected = model(**batch).logits
        model.get_base_model().set_attn_implementation(packed_attention.VARLEN)
        assert close(model(**batch).logits, expected, 1e-5)
        said = model.generate(**batch, max_new_tokens=4, do_sample=False)
        model.get_base_model().set_attn_implementation("sdpa")
        assert said.tolist() == model.generate(**batch, max_new_tokens=4, do_sample=False).tolist()
    model.train()
