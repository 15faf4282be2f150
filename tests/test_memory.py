"""The memory planner agrees with measured peaks, and keeps its promises about the steps that it cuts."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from conftest import resolved_params, shared
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.errors import UserError
from pagetune.params import Lora, Train
from pagetune.plan import memory
from pagetune.plan.memory import GIB, Estimate, Plan, Setup, estimate, make_plan, shape_of
from pagetune.plan.shapes import LLAMA_3, adapter_parameters
from pagetune.plan.steps import largest_micro_batch, plan_steps, split_step

PARAMS = resolved_params()
R16 = PARAMS.lora.model_copy(update={"r": 16})
BUDGET = 130 * GIB


def setup(precision: Any = "bf16", backend: Any = "unsloth", **changes: Any) -> Setup:
    return replace(Setup(LLAMA_3["8b"], precision, True, R16, backend, True), **changes)


def train(**changes: Any) -> Train:
    return PARAMS.train.model_copy(update={"effective_batch_size": 64, **changes})


def parts_of(tokens: int) -> Callable[[int], int]:
    return lambda accumulation: -(-tokens // accumulation)


def plan(memory: str = "auto", budget: float = BUDGET, tokens: int = 16_384, **changes: Any) -> Plan:
    return make_plan(setup("4bit"), train(memory=memory, **changes), parts_of(tokens), int(budget), True)


#: Peaks in GiB that PyTorch reserved on an H200, benchmarks/train_gpu.txt: 8B Llama shape, r=16 on all projections.
MEASURED = [
    (setup("bf16"), 7_993, False, 43.23),
    (setup("bf16"), 15_225, False, 67.22),
    (setup("bf16"), 15_978, False, 69.82),
    (setup("bf16"), 29_577, False, 114.94),
    (setup("4bit"), 15_064, False, 56.79),
    (setup("4bit"), 15_225, False, 57.73),
    (setup("4bit"), 15_064, True, 9.03),
    (setup("4bit"), 3_768, True, 7.12),
    (setup("4bit"), 3_027, True, 7.02),
    (setup("4bit", optim="adamw_8bit"), 3_768, True, 6.74),
    (setup("bf16", "peft"), 15_225, False, 101.18),
    (setup("bf16", "peft", liger=True), 14_904, False, 78.88),
]

#: Peaks of runs after the constants were set.
MEASURED_LATER = [
    (setup("bf16"), 15_064, False, 66.34),
    (setup("4bit"), 15_064, False, 56.81),
    (setup("4bit"), 7_534, True, 7.73),
    (setup("4bit"), 5_033, True, 7.34),
    (setup("4bit", optim="adamw_8bit"), 5_033, True, 6.96),
    (setup("4bit"), 3_768, True, 7.16),
    (setup("bf16", "peft", liger=True), 15_064, False, 78.95),
    (setup("bf16", "peft", liger=True), 3_768, False, 31.65),
    (setup("bf16", "peft", liger=True), 964, False, 19.87),
    (setup("bf16", "peft", liger=True), 964, True, 16.21),
    (setup("bf16", "peft", liger=True), 29_808, True, 27.86),
    (setup("4bit", "peft", liger=True), 15_064, False, 70.14),
    (setup("4bit", "peft", liger=True), 3_768, True, 7.87),
    (setup("4bit", "peft", liger=True), 1_886, True, 7.10),
    (setup("4bit", "peft", liger=True), 433, True, 6.56),
]


@pytest.mark.parametrize(("trained", "tokens", "checkpointing", "peak"), MEASURED)
def test_the_estimate_is_within_a_twentieth_of_what_was_measured(
    trained: Setup, tokens: int, checkpointing: bool, peak: float
) -> None:
    assert estimate(trained, tokens, checkpointing).total / GIB == pytest.approx(peak, rel=0.05)


@pytest.mark.parametrize(("trained", "tokens", "checkpointing", "peak"), MEASURED_LATER)
def test_the_estimate_is_within_a_tenth_of_what_was_measured_later(
    trained: Setup, tokens: int, checkpointing: bool, peak: float
) -> None:
    assert estimate(trained, tokens, checkpointing).total / GIB == pytest.approx(peak, rel=0.1)


def test_the_estimate_of_a_gpu_that_holds_half_the_model_is_within_a_tenth_of_what_was_measured() -> None:
    shape = replace(LLAMA_3["70b"], num_hidden_layers=10)
    trained = setup("4bit", "peft", liger=True, shape=shape, shards=2)
    assert estimate(trained, 3_892, True).total / GIB == pytest.approx(13.29, rel=0.1)


SETUPS = [
    setup("bf16"),
    setup("4bit"),
    setup("bf16", "peft"),
    setup("8bit", "peft"),
    setup("4bit", "peft", on_gpu=False),
    setup("fp32", "peft", on_gpu=False, shape=LLAMA_3["1b"]),
    setup("bf16", shape=replace(LLAMA_3["1b"], num_hidden_layers=1)),
]


@given(st.sampled_from(SETUPS), st.integers(1, 100_000), st.integers(0, 100_000), st.booleans())
def test_more_tokens_never_take_less_memory(setup: Setup, tokens: int, more: int, checkpointing: bool) -> None:
    assert estimate(setup, tokens, checkpointing).total <= estimate(setup, tokens + more, checkpointing).total


@given(st.sampled_from(SETUPS), st.integers(1, 100_000))
def test_checkpointing_never_takes_more_memory(setup: Setup, tokens: int) -> None:
    assert estimate(setup, tokens, True).total <= estimate(setup, tokens, False).total


def test_a_cpu_holds_small_4bit_models_in_floating_point_and_large_ones_in_4_bits() -> None:
    tiny = replace(LLAMA_3["8b"], num_hidden_layers=1, hidden_size=512, intermediate_size=1024, vocab_size=2000)
    for shape, as_fp32 in ((tiny, True), (LLAMA_3["8b"], False)):
        weights = [
            estimate(setup(precision, "peft", shape=shape, on_gpu=False), 100, True).weights
            for precision in ("4bit", "fp32")
        ]
        assert (weights[0] == weights[1]) is as_fp32


def test_fewer_bits_take_less_memory() -> None:
    totals = [estimate(setup(bits, "peft"), 1000, True).total for bits in ("4bit", "8bit", "bf16", "fp32")]
    assert totals == sorted(totals)
    plain = estimate(setup("4bit", double_quant=False), 1000, True).weights
    # 0.373 bits a weight, as params.yaml says
    assert (plain - estimate(setup("4bit"), 1000, True).weights) * 8 / LLAMA_3["8b"].linear_parameters == pytest.approx(
        0.373, abs=1e-3
    )


def test_the_parts_are_the_total() -> None:
    assert Estimate(1, 2, 3, 4, 5, 6, 7).total == 28


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(2, 900), min_size=1, max_size=60),
    effective=st.integers(1, 40),
    processes=st.integers(1, 4),
    way=st.sampled_from(["auto", "low", "fast"]),
    at_once=st.just("auto") | st.integers(1, 50),
    packed=st.booleans(),
    spare=st.floats(1.06, 4),
)
def test_the_effective_batch_is_kept_whatever_the_memory(
    lengths: list[int], effective: int, processes: int, way: str, at_once: Any, packed: bool, spare: float
) -> None:
    steps = plan_steps(lengths, effective, 2, True, 0)
    wanted = train(effective_batch_size=effective, memory=way, per_device_train_batch_size=at_once)
    budget = spare * estimate(setup("4bit"), effective * 900, True).total
    result = make_plan(
        setup("4bit"),
        wanted,
        lambda parts: largest_micro_batch(steps, lengths, parts * processes, packed),
        int(budget),
        packed,
        processes,
    )
    parts = result.gradient_accumulation_steps * processes
    for step in steps:
        assert sorted(chain.from_iterable(split_step(step, lengths, parts, packed))) == sorted(step)
    assert parts * result.per_device_train_batch_size >= effective
    assert parts * (result.per_device_train_batch_size - 1) < effective
    assert result.tokens == largest_micro_batch(steps, lengths, parts, packed)
    assert result.predicted.total <= memory.TIGHT * budget


@pytest.mark.parametrize("gib", [7.5, 8, 12, 16, 24, 48, 80, 130])
def test_low_takes_no_more_than_auto_and_fast(gib: float) -> None:
    low, auto, fast = (plan(way, gib * GIB) for way in ("low", "auto", "fast"))
    assert low.predicted.total <= auto.predicted.total
    assert low.predicted.total <= fast.predicted.total
    assert auto.predicted.total <= memory.TIGHT * gib * GIB


@pytest.mark.parametrize("memory", ["auto", "fast"])
def test_more_memory_never_makes_a_slower_plan(memory: str) -> None:
    least = estimate(setup("4bit"), 16_384 // 64, True).total
    budgets = [least * share / 1000 for share in range(1060, 1500, 5)]
    parts = [plan(memory, budget, gradient_checkpointing=True).gradient_accumulation_steps for budget in budgets]
    assert parts == sorted(parts, reverse=True)
    assert parts[0] > parts[-1]


def test_a_large_card_takes_whole_steps_without_checkpointing() -> None:
    assert (plan().gradient_accumulation_steps, plan().gradient_checkpointing) == (1, False)


def test_a_small_card_is_fitted_by_checkpointing() -> None:
    assert plan(budget=8 * GIB).gradient_checkpointing
    assert plan(budget=8 * GIB).predicted.total < 0.9 * 8 * GIB


def test_fast_keeps_less_in_reserve_than_auto() -> None:
    whole = estimate(setup("4bit"), 16_384, False).total
    assert not plan("fast", whole / 0.94).gradient_checkpointing
    assert plan("fast", whole / 0.94).gradient_accumulation_steps == 1
    assert plan("auto", whole / 0.94).gradient_accumulation_steps > 1


def test_on_a_small_card_whole_steps_with_checkpointing_beat_small_ones_without() -> None:
    """Launching the kernels of a micro-batch takes a third of a second, however few tokens it has."""
    assert plan("auto", 12 * GIB).gradient_checkpointing
    assert plan("auto", 12 * GIB).gradient_accumulation_steps == 1


def test_of_ways_that_compute_as_fast_the_one_of_fewest_parts_is_taken() -> None:
    """16-bit weights need no dequantising, and four parts of 4,096 tokens keep the GPU as busy as one of 16,384."""
    chosen = make_plan(setup("bf16"), train(), parts_of(16_384), BUDGET, True)
    assert (chosen.gradient_accumulation_steps, chosen.gradient_checkpointing) == (1, False)


def test_where_all_that_fits_fits_tightly_the_fastest_of_it_is_taken() -> None:
    """433 tokens at once took half a GiB less than 1,886, and five times as long."""
    least = estimate(setup("4bit"), 16_384 // 64, True).total
    assert plan(budget=least / 0.93, gradient_checkpointing=True).gradient_accumulation_steps < 64


def test_low_does_not_crawl_for_nothing() -> None:
    assert plan("low").tokens >= 500
    assert plan("low").predicted.total <= memory.NEAR_LEAST * estimate(setup("4bit"), 16_384 // 64, True).total


@pytest.mark.parametrize("checkpointing", [True, False])
def test_a_users_own_checkpointing_is_honoured(checkpointing: bool) -> None:
    for way in ("auto", "low", "fast"):
        assert plan(way, gradient_checkpointing=checkpointing).gradient_checkpointing is checkpointing


@pytest.mark.parametrize(("at_once", "processes", "accumulation"), [(8, 1, 8), (5, 1, 13), (8, 2, 4), (100, 1, 1)])
def test_a_users_own_micro_batch_is_honoured(at_once: int, processes: int, accumulation: int) -> None:
    for way in ("auto", "low", "fast"):
        wanted = train(memory=way, per_device_train_batch_size=at_once)
        result = make_plan(setup("4bit"), wanted, parts_of(16_384), BUDGET, True, processes)
        assert result.gradient_accumulation_steps == accumulation
        assert result.per_device_train_batch_size <= at_once


def test_the_reason_is_one_line_with_figures() -> None:
    for way in ("auto", "low", "fast"):
        reason = plan(way).reason
        assert reason.startswith(way)
        assert f"about {plan(way).predicted.total / GIB:.1f} GiB" in reason
        assert "of 130.0 GiB" in reason
        assert "\n" not in reason


def test_what_does_not_fit_is_one_line_that_says_what_to_do() -> None:
    with pytest.raises(UserError) as caught:
        make_plan(setup("bf16"), train(gradient_checkpointing=False), parts_of(16_384), 16 * GIB, True)
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "15.0 weights",
        "16.0 GiB",
        "4bit",
        "gradient_checkpointing: auto",
        "max_length",
        "lora.r",
        "a GPU of 24 GiB",
    ):
        assert part in message


def refusal(trained: Setup, gib: float) -> str:
    """Return why this training does not fit on such a GPU."""
    with pytest.raises(UserError) as caught:
        make_plan(trained, train(), parts_of(16_384), int(gib * GIB) - memory.CONTEXT_BYTES, True)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def fits(trained: Setup, gib: float) -> bool:
    try:
        return bool(make_plan(trained, train(), parts_of(16_384), int(gib * GIB) - memory.CONTEXT_BYTES, True))
    except UserError:
        return False


SEVENTY = setup("bf16", shape=LLAMA_3["70b"])


@pytest.mark.parametrize(
    ("trained", "gib", "named"),
    [
        (setup("bf16"), 8, 24),
        (setup("4bit"), 4, 8),
        (SEVENTY, 24, 192),
        (setup("8bit", "peft"), 8, 12),
        (setup("4bit", shape=LLAMA_3["70b"]), 16, 48),
    ],
)
def test_where_the_weights_alone_exceed_the_gpu_the_smallest_that_holds_them_is_named(
    trained: Setup, gib: float, named: int
) -> None:
    message = refusal(trained, gib)
    assert "The weights alone exceed that. Try " in message
    assert f"a GPU of {named} GiB, the smallest that holds this training" in message
    assert fits(trained, named)
    assert not any(fits(trained, size) for size in memory.GPU_SIZES if size < named)


@pytest.mark.parametrize(("shape", "gib", "fitting"), [("8b", 8, True), ("70b", 80, True), ("70b", 24, False)])
def test_whether_4_bits_fit_on_the_same_gpu_is_said(shape: str, gib: float, fitting: bool) -> None:
    message = refusal(setup("bf16", shape=LLAMA_3[shape]), gib)
    assert ("precision: 4bit, which fits here" in message) == fitting
    assert ("4bit does not fit here either, but on a GPU of 48 GiB." in message) != fitting
    assert fits(setup("4bit", shape=LLAMA_3[shape]), gib) == fitting


def test_a_model_that_no_gpu_holds_is_said_to_be_too_large() -> None:
    huge = replace(LLAMA_3["70b"], num_hidden_layers=500)
    assert "a smaller model, as no single GPU holds this training" in refusal(setup("4bit", shape=huge), 80)
    assert refusal(setup("bf16", shape=huge), 80).endswith("; 4bit does not fit here either.")


def test_without_a_gpu_none_is_named() -> None:
    message = refusal(setup("fp32", "peft", on_gpu=False), 8)
    assert "GPU" not in message
    assert "a machine with more memory" in message


def test_the_shape_of_a_real_model() -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = shared("models", "stories260K")
    shape = shape_of(AutoConfig.from_pretrained(folder))
    model = AutoModelForCausalLM.from_pretrained(folder)
    linear = [m.weight.numel() for n, m in model.named_modules() if type(m).__name__ == "Linear" and "lm_head" not in n]
    assert shape.linear_parameters == sum(linear)
    assert shape.embedding_parameters == model.get_input_embeddings().weight.numel()
    widths = {n.rsplit(".", 1)[-1]: (m.in_features, m.out_features) for n, m in model.named_modules() if "proj" in n}
    assert shape.modules == widths


def families() -> list[Any]:
    import transformers as t

    small = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "vocab_size": 50}
    small |= {"num_attention_heads": 4, "num_key_value_heads": 2}
    return [
        t.LlamaConfig(**small),
        t.MistralConfig(**small),
        t.Qwen2Config(**small),
        t.Qwen3Config(**small, head_dim=32),
        t.GemmaConfig(**small, head_dim=32),
        t.Gemma3TextConfig(**small, head_dim=32),
        t.PhiConfig(**small),
        t.GPT2Config(n_embd=64, n_layer=2, n_head=4, vocab_size=50),
    ]


@pytest.mark.parametrize("config", families(), ids=lambda config: config.model_type)
def test_the_shape_counts_the_parameters_of_each_family(config: Any) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    matrices = sum(p.numel() for n, p in model.named_parameters() if p.dim() == 2 and "wpe" not in n)
    assert shape_of(config).parameters == matrices


def lora(**changes: Any) -> Lora:
    return R16.model_copy(update=changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target_modules": ["q_proj", "v_proj"]},
        {"target_modules": r".*\.[01]\.mlp\..*_proj"},
        {"target_modules": ["q_proj", "lm_head"], "rank_pattern": {"lm_head": 4}},
        {"rank_pattern": {"q_proj": 32, r"layers\.0\..*down_proj": 2}},
    ],
    ids=str,
)
def test_the_adapter_is_as_large_as_pefts(changes: dict[str, Any]) -> None:
    import torch
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM, LlamaConfig

    from pagetune.train.adapter import lora_config

    config = LlamaConfig(
        hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2
    )
    with torch.device("meta"):
        model = get_peft_model(AutoModelForCausalLM.from_config(config), lora_config(lora(**changes)))
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert adapter_parameters(shape_of(config), lora(**changes)) == trained
