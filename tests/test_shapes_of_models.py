"""Language models of other shapes, tiny: with a vision tower, with GPT-2's layers, or kept in fp32 in part."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_inputs, precision_of, resolved_params
from test_export import PROMPTS, TEMPLATE, make_adapter
from test_loading import lora, model_params, params_of
from test_prompts import example
from test_seq2seq import save_t5

from pagetune.errors import UserError
from pagetune.export.merge import Merging, export_merged
from pagetune.jsonl import write_json
from pagetune.model.decoding import why_no_fast_decoding
from pagetune.model.language_model import linear_modules, outside_language_model
from pagetune.model.loading import load_base, load_tokenizer, load_tuned
from pagetune.model.manifest import describe_external, read_manifest
from pagetune.model.template import TemplateRecord
from pagetune.params import Lora
from pagetune.plan.shapes import adapter_parameters, shape_of
from pagetune.predict.answers import generate
from pagetune.train.adapter import check_modules, lora_config, save_adapter
from pagetune.train.backend import load_for_training
from pagetune.train.loop import fit
from pagetune.train.preflight import check_adapter

PARAMS = resolved_params()
SHORT = PARAMS.model_copy(update={"predict": PARAMS.predict.model_copy(update={"max_new_tokens": 12})})
ROWS = [example(question, answer) for question, answer in (("주소?", "서울"), ("전화?", "02-555"), ("요금?", "9만 원"))]


def gemma3(tokenizer: Any) -> Any:
    """Return a tiny Gemma 3: a language model whose layers have the same names as those of its vision tower."""
    from transformers import Gemma3Config

    text = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention"], "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.eos_token_id,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": 28, "patch_size": 14,
    }  # fmt: skip
    ids = {"image_token_index": 5, "boi_token_index": 6, "eoi_token_index": 7}
    return Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, **ids)


def gpt2(tokenizer: Any) -> Any:
    from transformers import GPT2Config

    eos = tokenizer.eos_token_id
    return GPT2Config(
        vocab_size=len(tokenizer), n_embd=64, n_layer=2, n_head=2, n_positions=256, bos_token_id=eos, eos_token_id=eos
    )


def save(config: Any, tokenizer: Any, folder: Path) -> Path:
    """Save a model with random weights, and its manifest beside it; return the folder of the manifest."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    manifest = describe_external(model_params(str(folder / "model")))
    write_json(folder / "manifest.json", manifest.model_dump())
    return folder


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(read_manifest(tiny_base))


@pytest.fixture(scope="module")
def seeing(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(gemma3(tokenizer), tokenizer, tmp_path_factory.mktemp("gemma3"))


@pytest.fixture(scope="module")
def transposed(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(gpt2(tokenizer), tokenizer, tmp_path_factory.mktemp("gpt2"))


def tuned_on(base: Path, chosen: Lora, precision: str = "fp32", epochs: int = 1) -> tuple[Any, Any]:
    """Return what was trained and the model with its adapter."""
    job = make_inputs(base, params_of(lora=chosen, precision=precision, epochs=epochs), ROWS)
    model = load_for_training(job, False)
    fit(job, model, job.plan(8 * 2**30), None)
    return job, model


def lora_layers(model: Any) -> set[str]:
    return {
        name.split(".lora_A")[0].removeprefix("base_model.model.") for name in model.state_dict() if "lora_A" in name
    }


def exported(base: Path, precision: str = "fp32") -> dict[str, Any]:
    manifest = read_manifest(base)
    merging = Merging(manifest, SHORT, precision, TemplateRecord.for_base(TEMPLATE, manifest), PROMPTS)
    return export_merged(merging, Path("merged"))[0]


# A model that also sees.


@pytest.mark.parametrize("targets", ["all-linear", ["q_proj", "v_proj"], r".*\.q_proj", ["q_proj", "lm_head"]])
def test_only_the_language_model_of_a_seeing_model_gets_lora(targets: Any, seeing: Path) -> None:
    chosen = lora(target_modules=targets)
    model = load_for_training(make_inputs(seeing, params_of(lora=chosen), ROWS), False)
    layers = lora_layers(model)
    assert all(name.startswith("model.language_model.") or name == "lm_head" for name in layers)
    assert ("lm_head" in layers) == ("lm_head" in targets)
    assert len(layers) == {"all-linear": 14, r".*\.q_proj": 2}.get(
        str(targets), len(targets) * 2 - ("lm_head" in targets)
    )
    assert f"{len(layers)} LoRA modules" in check_adapter(model, chosen)
    assert adapter_parameters(shape_of(model.config), chosen) == model.get_nb_trainable_parameters()[0]


def test_a_layer_of_the_vision_tower_alone_is_not_a_target(seeing: Path) -> None:
    model = load_base(read_manifest(seeing), precision_of("fp32"))
    assert not any("vision" in name or "projector" in name for name in linear_modules(model))
    with pytest.raises(UserError, match="target_modules: fc1: the model has no such layer"):
        check_modules(lora(target_modules=["fc1"]), linear_modules(model))


def test_lora_that_another_library_put_on_the_vision_tower_is_found(seeing: Path) -> None:
    from peft import LoraConfig, get_peft_model

    model = load_base(read_manifest(seeing), precision_of("fp32"))
    model = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    with pytest.raises(UserError, match=r"2 outside the language model \(first base_model\.model\.model\.vision_tower"):
        check_adapter(model, lora(target_modules=["q_proj"]))


def test_a_seeing_model_learns_from_text_alone_and_answers_after_loading(seeing: Path, tmp_path: Path) -> None:
    job, model = tuned_on(seeing, lora(r=16), epochs=2)
    save_adapter(model, tmp_path)
    tuned = load_tuned(job.manifest, tmp_path, precision_of("fp32"))
    assert lora_layers(tuned) == lora_layers(model)
    prompts = [row.prompt for row in ROWS]
    tokenizer = load_tokenizer(job.manifest)
    assert generate(tuned, tokenizer, prompts, SHORT.predict) == generate(model, tokenizer, prompts, SHORT.predict)


def test_the_window_of_a_seeing_model_is_that_of_its_language_model(seeing: Path) -> None:
    model = load_base(read_manifest(seeing), precision_of("fp32"))
    window = model.config.get_text_config().sliding_window
    assert why_no_fast_decoding(model, window + 1) == "some of its layers do not attend to the whole text"


@pytest.mark.parametrize("on", [["q_proj", "down_proj"], ["v_proj", "lm_head"]])
def test_a_seeing_model_is_exported_and_loads_again_equal(
    on: list[str], seeing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = load_base(read_manifest(seeing), precision_of("fp32"))
    make_adapter(seeing, tmp_path, on=on, exclude_modules=outside_language_model(model))
    proof = exported(seeing)
    assert proof["fp32"]["same_answers"] == len(PROMPTS)
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0


def test_a_tower_within_the_decoder_gets_no_lora() -> None:
    from transformers import AutoModelForCausalLM, Phi4MultimodalConfig

    text = {
        "vocab_size": 90,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    audio = {"hidden_size": 32, "intermediate_size": 64, "num_blocks": 1, "num_attention_heads": 2}
    config = Phi4MultimodalConfig(
        **text, num_key_value_heads=2, vision_config=vision, audio_config=audio, pad_token_id=0
    )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    assert {name.split(".")[1] for name in linear_modules(model) if name != "lm_head"} == {"layers"}


def test_a_model_that_no_class_of_causal_models_loads_is_one_line(tokenizer: Any, tmp_path: Path) -> None:
    from transformers import Mistral3Config

    Mistral3Config().save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(UserError, match="which cannot be loaded: Unrecognized configuration class") as caught:
        describe_external(model_params(str(tmp_path)))
    assert "\n" not in str(caught.value)


def test_an_adapter_on_a_model_of_text_alone_excludes_nothing(tiny_base: Path) -> None:
    model = load_base(read_manifest(tiny_base), precision_of("fp32"))
    assert outside_language_model(model) is None
    assert lora_config(lora(), model).target_modules == "all-linear"


# GPT-2's layers.


@pytest.mark.parametrize("targets", ["all-linear", ["c_attn"], ["attn.c_proj"]])
def test_gpt2_gets_lora_on_its_transposed_layers_without_a_warning(targets: Any, transposed: Path) -> None:
    chosen = lora(target_modules=targets)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, model = tuned_on(transposed, chosen)
    assert model.peft_config["default"].fan_in_fan_out
    assert len(lora_layers(model)) == (8 if targets == "all-linear" else 2)
    assert adapter_parameters(shape_of(model.config), chosen) == model.get_nb_trainable_parameters()[0]
    assert check_adapter(model, chosen)


@pytest.mark.parametrize("precision", ["fp32", "4bit", "8bit"])
def test_gpt2_is_merged_and_loads_again_equal_in_every_precision(
    precision: str, transposed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bitsandbytes makes linear layers of Conv1D, which have to be turned back before the model is saved."""
    from transformers import AutoModelForCausalLM

    monkeypatch.chdir(tmp_path)
    _, model = tuned_on(transposed, lora(r=8), precision, epochs=20)
    assert bool(model.peft_config["default"].fan_in_fan_out) == (precision != "8bit")
    save_adapter(model, Path("models/adapter"))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="fan_in_fan_out")
        proof = exported(transposed, precision)
    assert proof["fp32"]["largest_logit_difference"] < 1e-4
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0
    again = AutoModelForCausalLM.from_pretrained("merged")
    assert type(again.transformer.h[0].attn.c_attn).__name__ == "Conv1D"


@pytest.mark.parametrize("changes", [{"use_dora": True}, {"target_modules": ["c_attn", "lm_head"]}], ids=str)
def test_gpt2_with_dora_or_an_adapter_on_its_head_is_merged_equal(
    changes: dict[str, Any], transposed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, model = tuned_on(transposed, lora(r=8, **changes), epochs=20)
    save_adapter(model, Path("models/adapter"))
    proof = exported(transposed)
    assert proof["fp32"]["largest_logit_difference"] < 1e-4
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0


def test_lora_is_not_fused_into_transposed_layers(transposed: Path) -> None:
    from pagetune.model.fused_lora import fuse

    model = load_for_training(make_inputs(transposed, params_of(), ROWS), False)
    fuse(model)
    assert not any("forward" in module.__dict__ for module in model.modules())


# Kept in fp32.


def test_a_t5_keeps_its_fp32_layers_in_the_export(
    tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForSeq2SeqLM

    monkeypatch.chdir(tmp_path)
    save_t5(tmp_path / "t5", tokenizer)
    manifest = describe_external(model_params(str(tmp_path / "t5")))
    write_json(tmp_path / "manifest.json", manifest.model_dump())
    make_adapter(tmp_path, tmp_path, scale=3.0, on=["q", "v", "wo"])
    proof = exported(tmp_path)
    assert proof["sixteen_bit"] | {"dtype": "float16", "reloaded_logit_difference": 0} == proof["sixteen_bit"]
    again = AutoModelForSeq2SeqLM.from_pretrained("merged", dtype="auto")
    kinds = {name.rsplit(".", 2)[-2]: weight.dtype for name, weight in again.named_parameters()}
    assert (kinds["wo"], kinds["wi"]) == (torch.float32, torch.float16)
    assert json.loads(Path("merged/config.json").read_text(encoding="utf-8"))["dtype"] == "float16"


def test_a_base_that_also_sees_is_known_without_transformers(seeing: Path, tiny_base: Path) -> None:
    """Unsloth has to be imported before transformers, so that the backend is chosen from config.json alone."""
    from pagetune.model.loading import has_towers

    assert has_towers(read_manifest(seeing))
    assert not has_towers(read_manifest(tiny_base))


def test_the_planner_knows_that_peft_trains_a_model_that_also_sees(seeing: Path) -> None:
    from pagetune.commands.plan import look_ahead

    prospect = look_ahead(params_of(backend="auto"), 24.0, str(seeing / "model"), "bf16")
    assert prospect.hardware.backend == "peft"
