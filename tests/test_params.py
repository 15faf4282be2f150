"""params.yaml: what is accepted, and what each mistake is called."""

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, run

from pagetune.errors import UserError
from pagetune.params import load_params


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def complaint(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_params(folder / "params.yaml")
    return str(caught.value)


def test_the_shipped_file_is_valid() -> None:
    assert load_params(ROOT / "params.yaml").seed >= 0


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("lora.r", "abc", "lora.r: should be a valid integer, got 'abc'"),
        ("lora.r", 0, "lora.r: should be greater than or equal to 1, got 0"),
        ("lora.r", 16.5, "lora.r: should be a valid integer"),
        ("lora.r", True, "lora.r: should be a valid integer"),
        ("lora.alpha", "automatic", "lora.alpha: should be 'auto' or a whole number of at least 1, got 'automatic'"),
        ("lora.alpha", 0, "lora.alpha: should be 'auto' or a whole number of at least 1, got 0"),
        ("lora.dropout", 1.0, "lora.dropout: should be less than 1, got 1.0"),
        ("precision", "5bit", "precision: should be 'auto', '4bit', '8bit', 'fp16', 'bf16' or 'fp32', got '5bit'"),
        ("train.backend", "axolotl", "train.backend: should be 'auto', 'unsloth' or 'peft', got 'axolotl'"),
        ("train.learning_rate", -1, "train.learning_rate: should be greater than 0, got -1"),
        ("train.epoch", 3, "train.epoch is not a parameter. Did you mean epochs?"),
        ("train.zzz", 3, "train.zzz is not a parameter. Known here: backend, processes"),
        ("seed", 2**32, "seed: should be less than 4294967296"),
        ("model.builtin.intermediate_size", 0, "model.builtin.intermediate_size: should be greater than or equal to 1"),
        ("model.builtin.hidden_size", 250, "hidden_size must be a multiple of 2 · num_attention_heads"),
        ("lora.target_modules", [], "lora.target_modules: List should have at least 1 item"),
        ("trian", {}, "trian is not a parameter. Did you mean train?"),
        ("curate.heldout_fraction", 1.5, "curate.heldout_fraction: should be less than 1, got 1.5"),
        (
            "prompt.template",
            "no place for it",
            "prompt.template: must hold {instruction} exactly once, got",
        ),
    ],
)
def test_a_mistake_is_one_line_with_key_rule_and_value(folder: Path, key: str, value: Any, says: str) -> None:
    edit_params(folder, {key: value})
    message = complaint(folder)
    assert says in message
    assert "\n" not in message


def test_a_mistake_names_its_line(folder: Path) -> None:
    edit_params(folder, {"lora.r": 0})
    lines = (folder / "params.yaml").read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if line.strip() == "r: 0")
    assert f"params.yaml:{number}: lora.r" in complaint(folder)


def test_all_mistakes_are_named_at_once(folder: Path) -> None:
    edit_params(folder, {"lora.r": 0, "train.epochs": -1, "precision": "5bit"})
    assert len(complaint(folder).splitlines()) == 3


def test_a_missing_key_is_named(folder: Path) -> None:
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("  epochs: 6\n", ""), encoding="utf-8")
    assert "train.epochs is missing" in complaint(folder)


def test_broken_yaml_is_one_line(folder: Path) -> None:
    (folder / "params.yaml").write_text("lora: [1,\nseed: 3", encoding="utf-8")
    assert "is no YAML" in complaint(folder)


@pytest.mark.parametrize("written", ["1e-05", "0.00001", "1.0e-5", "1e-5"])
def test_a_learning_rate_is_a_number_however_dvc_writes_it(folder: Path, written: str) -> None:
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    changed = text.replace("learning_rate: 0.0005", f"learning_rate: {written}")
    assert changed != text
    (folder / "params.yaml").write_text(changed, encoding="utf-8")
    assert load_params(folder / "params.yaml").train.learning_rate == pytest.approx(1e-5)


def test_alpha_auto_keeps_the_scale_over_ranks(folder: Path) -> None:
    for rank in (4, 64):
        edit_params(folder, {"lora.r": rank})
        assert load_params(folder / "params.yaml").lora.resolved_alpha == 2 * rank


def test_a_stage_prints_the_line_and_exits_with_1(folder: Path) -> None:
    edit_params(folder, {"lora.r": 0})
    (folder / "stages").symlink_to(ROOT / "stages")
    (folder / "pagetune").symlink_to(ROOT / "pagetune")
    done = run(folder, "python", "-m", "stages.extract", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("extract: params.yaml:")
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "data").exists()
