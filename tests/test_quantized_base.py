"""A base that is quantised already: bitsandbytes trains and merges here, every other method is refused by name."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_inputs, resolved_params
from safetensors.torch import load_file, save_file
from test_export import exported, make_adapter
from test_loading import model_params, params_of
from test_prompts import example

from pagetune.errors import UserError
from pagetune.jsonl import write_json
from pagetune.model.loading import load_base
from pagetune.model.manifest import Manifest, describe_external
from pagetune.model.precision import resolve_precision

PARAMS = resolved_params()


def quantize(base: Path, folder: Path, bits: int) -> Path:
    """Save a base as `…-bnb-4bit` models are published."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    how = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
    config = BitsAndBytesConfig(**(how if bits == 4 else {"load_in_8bit": True}))
    options = {"device_map": {"": "cpu"}, "dtype": torch.bfloat16}
    AutoModelForCausalLM.from_pretrained(base, quantization_config=config, **options).save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def described(folder: Path) -> Manifest:
    """Describe a folder as the stage does, manifest included."""
    manifest = describe_external(model_params(str(folder)))
    write_json(folder / "manifest.json", manifest.model_dump(exclude_defaults=True))
    return manifest


@pytest.fixture(scope="module", params=[4, 8])
def packed(request: pytest.FixtureRequest, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quantize(tiny_base, tmp_path_factory.mktemp(f"packed{request.param}"), request.param)


def edited(folder: Path, target: Path, config: dict[str, Any], drop: str = "\0") -> str:
    """Copy a model with other values in its config.json, and without the tensors that contain `drop`."""
    shutil.copytree(folder, target)
    values = json.loads((target / "config.json").read_text(encoding="utf-8"))
    (target / "config.json").write_text(json.dumps(values | config), encoding="utf-8")
    tensors = {name: tensor for name, tensor in load_file(target / "model.safetensors").items() if drop not in name}
    save_file(tensors, target / "model.safetensors", {"format": "pt"})
    return str(target)


def refused(base: str) -> str:
    with pytest.raises(UserError) as caught:
        describe_external(model_params(base))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_base_quantised_by_bitsandbytes_learns_and_is_exported_verified(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pagetune.train.backend import load_for_training
    from pagetune.train.loop import fit

    manifest = described(packed)
    assert manifest.quantized in ("4bit", "8bit")
    rows = [example("주소?", "서울"), example("전화?", "02-555")] * 4
    job = make_inputs(packed, params_of(precision="auto", epochs=20), rows)
    assert (job.choice.precision, job.choice.reason) == (manifest.quantized, "the base is quantised so")
    curve = fit(job, load_for_training(job, False), job.plan(8 * 2**30), None).curve
    assert curve[-1].train_loss < 0.5 * curve[0].train_loss
    monkeypatch.chdir(tmp_path)
    make_adapter(packed, tmp_path)
    proof = exported(packed, "auto")
    assert proof["fp32"]["same_answers"] == 4
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0
    assert proof["as_trained"]["precision"] == manifest.quantized
    assert "quantization_config" not in json.loads(Path("merged/config.json").read_text(encoding="utf-8"))


def test_its_layers_compute_in_the_resolved_dtype_not_in_the_one_of_the_checkpoint(packed: Path) -> None:
    manifest = described(packed)
    choice = resolve_precision("auto", manifest.parameters, PARAMS.quantization, manifest.quantized)
    model = load_base(manifest, choice)
    assert {module.compute_dtype for module in model.modules() if hasattr(module, "compute_dtype")} <= {choice.dtype}


def test_another_precision_than_that_of_the_checkpoint_is_one_line() -> None:
    with pytest.raises(UserError, match=r"precision is bf16, and model\.base is quantised to 4bit already\. Set"):
        resolve_precision("bf16", 10**6, PARAMS.quantization, "4bit")
    assert resolve_precision("4bit", 10**6, PARAMS.quantization, "4bit").quantization_config() is None


def test_a_packed_layer_without_its_scales_or_of_another_shape_is_named(packed: Path, tmp_path: Path) -> None:
    part = "nested_absmax" if described(packed).quantized == "4bit" else "SCB"
    beside = f"0.mlp.up_proj.{part}" if part == "SCB" else f"0.mlp.up_proj.weight.{part}"
    assert f"is quantised and lacks its {part}" in refused(edited(packed, tmp_path / "scales", {}, beside))
    wrong = refused(edited(packed, tmp_path / "shape", {"intermediate_size": 512}))
    assert "down_proj.weight has the shape (128, 256), and config.json describes (128, 512)" in wrong


@pytest.mark.parametrize(
    ("config", "method"),
    [
        ({"quant_method": "awq", "bits": 4}, "AWQ"),
        ({"quant_method": "gptq", "bits": 4}, "GPTQ"),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "FP8"),
        ({"quant_method": "compressed-tensors", "format": "pack-quantized"}, "compressed-tensors"),
        ({"quant_method": "mxfp4"}, "MXFP4"),
        ({"quant_method": "modelopt"}, "modelopt"),
        ({"group_size": 64, "bits": 4}, "an unnamed method"),
    ],
)
def test_every_other_method_is_refused_by_name(
    tiny_base: Path, tmp_path: Path, config: dict[str, Any], method: str
) -> None:
    base = edited(tiny_base, tmp_path / "Tiny-Instruct", {"quantization_config": config})
    said = refused(base)
    assert f"whose weights are quantised ({method}), and only 16-bit or bitsandbytes weights" in said
    assert said.endswith("Set the 16-bit model that it was made from.")


@pytest.mark.parametrize(
    ("name", "readme", "original"),
    [
        ("Tiny-AWQ", "", "its 16-bit original, by its name Tiny"),
        ("Tiny-Instruct-GPTQ-Int4", "# No header", "its 16-bit original, by its name Tiny-Instruct"),
        ("Tiny-unsloth-bnb-4bit", "---\nbase_model:\n- acme/Tiny-AWQ\n---\n", "its 16-bit original, by its name Tiny"),
        ("Tiny-FP8-dynamic", "---\nbase_model:\n- acme/Tiny\n---\n", "its 16-bit original, acme/Tiny"),
        ("Tiny.w4a16", 'base_model: "acme/Tiny"\n', "its 16-bit original, acme/Tiny"),
        (
            "Tiny",
            "---\nlicense: mit\nbase_model: [acme/Tiny]\n---\nbase_model: other/one",
            "its 16-bit original, acme/Tiny",
        ),
    ],
)
def test_the_original_is_named_by_the_readme_or_by_the_models_own_name(
    tiny_base: Path, tmp_path: Path, name: str, readme: str, original: str
) -> None:
    base = edited(tiny_base, tmp_path / name, {"quantization_config": {"quant_method": "awq"}})
    (tmp_path / name / "README.md").write_text(readme, encoding="utf-8")
    assert refused(base).endswith(f"Set {original}.")


def test_quantised_weights_whose_config_does_not_say_so_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    layer = "model.layers.0.mlp.up_proj.weight"
    base = edited(tiny_base, tmp_path / "scaled", {})
    tensors = load_file(f"{base}/model.safetensors")
    save_file(tensors | {f"{layer}_scale": torch.ones(1)}, f"{base}/model.safetensors", {"format": "pt"})
    assert f"whose weights are quantised ({layer}_scale) although config.json does not say how" in refused(base)
    save_file(tensors | {layer: tensors[layer].to(torch.int8)}, f"{base}/model.safetensors", {"format": "pt"})
    assert f"whose weights hold whole numbers (I8) in {layer}" in refused(base)
