"""Presets change their own keys of params.yaml, and nothing else in it."""

import difflib
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run
from ruamel.yaml import YAML

from pagetune.commands.presets import apply_preset
from pagetune.errors import UserError
from pagetune.params import load_params

PRESETS = sorted((ROOT / "presets").glob("*.yaml"))


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


def values_of(path: Path) -> dict[str, Any]:
    return flat(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


def flat(node: Any, above: str = "") -> dict[str, Any]:
    """Return the values by dotted name, those of empty mappings left out, which a preset may fill."""
    if not isinstance(node, dict):
        return {above: node}
    return {key: value for name, inner in node.items() for key, value in flat(inner, f"{above}.{name}").items()}


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(preset: Path, params: Path) -> str:
    before = params.read_bytes()
    with pytest.raises(UserError) as caught:
        apply_preset(preset, params)
    assert params.read_bytes() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_there_are_presets() -> None:
    assert {path.stem for path in PRESETS} == {"summarization", "low_memory", "fast", "instruct", "one_gpu"}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_a_preset_fits_the_schema_and_changes_its_keys_alone(preset: Path, params: Path) -> None:
    before = values_of(params)
    apply_preset(preset, params)
    load_params(params)
    assert values_of(params) == before | values_of(preset)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_every_line_but_those_of_its_keys_stays_as_it_is(preset: Path, params: Path) -> None:
    before = params.read_text(encoding="utf-8")
    changes = apply_preset(preset, params)
    lines = list(difflib.ndiff(before.splitlines(), params.read_text(encoding="utf-8").splitlines()))
    # A list has a line for each item beside that of its key.
    assert len([line for line in lines if line[0] == "+" and not line.lstrip("+ ").startswith("- ")]) == len(changes)
    assert len([line for line in lines if line[0] == "-"]) == len(changes)
    assert not [line for line in lines if line[0] in "+-" and "#" in line]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_a_preset_names_the_command_that_applies_it(preset: Path) -> None:
    command = f"python -m pagetune preset presets/{preset.name}"
    assert command in preset.read_text(encoding="utf-8").split("\n\n")[0]


def test_a_second_time_changes_nothing(params: Path) -> None:
    apply_preset(PRESETS[0], params)
    once = params.read_bytes()
    assert apply_preset(PRESETS[0], params) == []
    assert params.read_bytes() == once


def test_a_misspelt_key_is_one_line_with_its_place(params: Path) -> None:
    said = refusal(write(params.parent, "train:\n  memroy: low\n"), params)
    assert "mine.yaml:2: train.memroy is not a parameter. Did you mean memory?" in said


def test_a_value_out_of_range_is_one_line(params: Path) -> None:
    said = refusal(write(params.parent, "lora:\n  r: 0\n"), params)
    assert "mine.yaml:2: lora.r: should be 'auto' or a whole number of at least 1, got 0" in said


@pytest.mark.parametrize("text", ["", "lora: 8\n", "lora:\n", "{"])
def test_a_preset_that_is_none_is_one_line(text: str, params: Path) -> None:
    assert "mine.yaml" in refusal(write(params.parent, text), params)


def test_a_preset_that_is_not_there_is_one_line(params: Path) -> None:
    assert "gone.yaml is not there" in refusal(params.parent / "gone.yaml", params)


def test_patterns_are_replaced_whole(params: Path) -> None:
    apply_preset(write(params.parent, "lora:\n  rank_pattern: {q_proj: 32}\n"), params)
    assert load_params(params).lora.rank_pattern == {"q_proj": 32}


def test_the_command_prints_what_changed(params: Path) -> None:
    preset = write(params.parent, "lora:\n  r: 12\n")
    command = ["python", "-m", "pagetune", "preset", str(preset)]
    environment_folder = params.parent
    (environment_folder / "pagetune").symlink_to(ROOT / "pagetune")
    assert "lora.r: auto -> 12" in run(environment_folder, *command).stdout
    assert "nothing to change" in run(environment_folder, *command).stdout


def test_the_comment_behind_a_list_stays(params: Path) -> None:
    before = params.read_text(encoding="utf-8")
    apply_preset(write(params.parent, "curate:\n  recall_questions: []\n  # mine\n"), params)
    after = params.read_text(encoding="utf-8")
    comments = [[line for line in text.splitlines() if "#" in line] for text in (before, after)]
    assert comments[0] == comments[1]
