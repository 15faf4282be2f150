"""rsLoRA, DoRA and other starts of the adapter: each trains, is saved and merged right, or is refused in one line."""

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_inputs, precision_of, resolved_params
from test_export import PROMPTS, TEMPLATE
from test_loading import lora, params_of
from test_prompts import example
from test_seq2seq import LAYERED

from pagetune.errors import UserError
from pagetune.export.merge import Merging, export_merged
from pagetune.model.fused_lora import fuse, unfuse
from pagetune.model.loading import load_tuned
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.template import TemplateRecord
from pagetune.params import Lora
from pagetune.plan.memory import Setup, estimate
from pagetune.plan.shapes import LLAMA_3, adapter_parameters, shape_of
from pagetune.train.adapter import check_variant, save_adapter
from pagetune.train.backend import Trained, load_for_training, why_peft
from pagetune.train.loop import fit
from pagetune.train.preflight import check_adapter

PARAMS = resolved_params()
SHORT = PARAMS.model_copy(update={"predict": PARAMS.predict.model_copy(update={"max_new_tokens": 12})})
ROWS = [example(question, answer) for question, answer in (("주소?", "서울"), ("전화?", "02-555"), ("요금?", "9만 원"))]
IDS = torch.arange(5, 25)[None]
VARIANTS: list[dict[str, Any]] = [
    {"use_rslora": True, "alpha": 8},
    {"use_dora": True},
    {"use_dora": True, "use_rslora": True, "alpha": 8},
    {"use_dora": True, "target_modules": ["q_proj", "lm_head"]},
    {"init_lora_weights": "gaussian"},
    {"init_lora_weights": "orthogonal"},
    {"init_lora_weights": False},
]


def tuned(base: Path, chosen: Lora, precision: str = "fp32", epochs: int = 10) -> Any:
    """Train an adapter, save it in models/adapter, and return the model."""
    job = make_inputs(base, params_of(lora=chosen, precision=precision, epochs=epochs), ROWS)
    model = load_for_training(job, False)
    assert check_adapter(model, chosen)
    outcome = fit(job, model, job.plan(8 * 2**30), None)
    losses = [point.train_loss for point in outcome.curve]
    assert losses[-1] < losses[0]
    save_adapter(model, ADAPTER)
    return model.eval()


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return torch.Tensor(model(input_ids=IDS).logits)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_a_variant_loads_as_it_was_saved_and_is_merged_equal(
    changes: dict[str, Any], tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model, manifest = tuned(tiny_base, lora(r=16, **changes)), read_manifest(tiny_base)
    again = load_tuned(manifest, ADAPTER, precision_of("fp32"))
    assert (logits(model) - logits(again)).abs().max() < 1e-5
    merging = Merging(manifest, SHORT, "fp32", TemplateRecord.for_base(TEMPLATE, manifest), PROMPTS)
    proof = export_merged(merging, Path("merged"))[0]
    assert proof["fp32"]["same_answers"] == len(PROMPTS)
    assert proof["fp32"]["largest_logit_difference"] < 1e-3
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0


@pytest.mark.parametrize(
    ("precision", "changes"),
    [
        ("4bit", {"use_rslora": True, "alpha": 8}),
        ("4bit", {"use_dora": True}),
        ("8bit", {"use_rslora": True, "alpha": 8}),
        ("8bit", {"init_lora_weights": "gaussian"}),
    ],
)
def test_what_a_quantised_base_allows_trains_on_it_and_loads_again(
    precision: str, changes: dict[str, Any], tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = lora(r=16, **changes)
    check_variant(chosen, precision)
    model = tuned(tiny_base, chosen, precision)
    again = load_tuned(read_manifest(tiny_base), ADAPTER, precision_of(precision))
    assert (logits(model) - logits(again)).abs().max() < 1e-4


def test_dora_trains_a_model_with_an_encoder(
    tiny_seq2seq: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = tuned(tiny_seq2seq, LAYERED.model_copy(update={"use_dora": True}))
    assert [name for name, _ in model.named_parameters() if "lora_magnitude_vector" in name]


def test_an_orthogonal_start_does_not_keep_the_adapter_off_a_4_bit_base(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without a GPU may ask an adapter that was trained in 16 bits."""
    monkeypatch.chdir(tmp_path)
    tuned(tiny_base, lora(r=16, init_lora_weights="orthogonal"))
    assert logits(load_tuned(read_manifest(tiny_base), ADAPTER, precision_of("4bit"))).isfinite().all()


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        ({"use_dora": True}, {"precision": "8bit"}, "lora.use_dora: PEFT computes DoRA on no 8-bit base"),
        ({"use_dora": True}, {"precision": "bf16", "fp8": True}, "lora.use_dora: train.fp8 computes plain LoRA only"),
        ({"use_dora": True}, {"precision": "bf16", "sharded": True}, "lora.use_dora: the model is sharded"),
        ({"init_lora_weights": "orthogonal"}, {"precision": "4bit"}, "floating point, and precision is 4bit"),
        ({"init_lora_weights": "orthogonal"}, {"precision": "8bit"}, "floating point, and precision is 8bit"),
        ({"init_lora_weights": "orthogonal", "r": 7}, {"precision": "fp32"}, "orthogonal needs even ranks, got 7"),
        (
            {"init_lora_weights": "orthogonal", "rank_pattern": {"q_proj": 5}},
            {"precision": "fp32"},
            "orthogonal needs even ranks, got 5",
        ),
    ],
)
def test_a_variant_that_cannot_train_is_one_line(changes: dict[str, Any], options: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        check_variant(lora(**changes), **options)
    assert says in str(caught.value)
    assert str(caught.value).startswith("params.yaml: lora.")
    assert "\n" not in str(caught.value)
    check_variant(lora(), **options)


def test_the_stage_refuses_a_variant_before_it_reads_a_row(tiny_base: Path) -> None:
    from pagetune.train.cost import Stopwatch
    from pagetune.train.distributed import World
    from pagetune.train.inputs import prepare

    params = params_of(lora=lora(use_dora=True), precision="8bit")
    with pytest.raises(UserError, match=r"lora\.use_dora: PEFT computes DoRA on no 8-bit base"):
        prepare(params, read_manifest(tiny_base), precision_of("8bit"), World(), Stopwatch())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"use_dora": True}, "Unsloth's fused layers do not compute lora.use_dora"),
        ({"init_lora_weights": "orthogonal"}, "lora.init_lora_weights needs peft"),
        ({"init_lora_weights": False}, "lora.init_lora_weights needs peft"),
        ({"use_rslora": True}, None),
    ],
)
def test_peft_trains_what_unsloth_does_not(changes: dict[str, Any], says: str | None) -> None:
    assert why_peft(params_of(backend="auto", lora=lora(**changes)), 1, here=False) == says


def test_peft_trains_a_model_that_also_sees() -> None:
    reason = why_peft(params_of(backend="auto"), 1, False, Trained(towers=True))
    assert reason == "Unsloth would put an adapter on the parts of the model that read images or sound"


def test_fused_layers_take_the_scale_of_rslora_and_leave_dora_alone(tiny_base: Path) -> None:
    for changes, fused in (({"use_rslora": True, "alpha": 8}, True), ({"use_dora": True}, False)):
        chosen = lora(r=16, init_lora_weights=False, **changes)
        model = load_for_training(make_inputs(tiny_base, params_of(lora=chosen), ROWS), False).eval()
        expected = logits(model)
        fuse(model)
        assert any("forward" in module.__dict__ for module in model.modules()) == fused
        assert (logits(model) - expected).abs().max() < 1e-4
        unfuse(model)


@pytest.mark.parametrize("targets", ["all-linear", ["q_proj", "lm_head"]])
def test_the_planner_counts_dora_as_peft_does(targets: Any, tiny_base: Path) -> None:
    chosen = lora(use_dora=True, target_modules=targets)
    model = load_for_training(make_inputs(tiny_base, params_of(lora=chosen), ROWS), False)
    assert adapter_parameters(shape_of(model.config), chosen) == model.get_nb_trainable_parameters()[0]


@pytest.mark.parametrize("on_gpu", [False, True])
def test_the_planner_says_that_dora_takes_more_memory(on_gpu: bool) -> None:
    setups = [Setup(LLAMA_3["8b"], "4bit", True, lora(use_dora=dora), "peft", on_gpu) for dora in (False, True)]
    plain, dora = (estimate(setup, 1024, checkpointing=False) for setup in setups)
    assert dora.activations > plain.activations
    assert dora.adapter > plain.adapter
