"""Every YAML file means the same to a reader of YAML 1.1 (PyYAML, most programs) and to ours, of YAML 1.2."""

import difflib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from dvc.exceptions import InvalidArgumentError
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import modify_yaml
from pydantic import BaseModel
from ruamel.yaml import YAML

from pagetune.commands.init import init
from pagetune.commands.presets import apply_preset
from pagetune.params import Params, load_params

#: DVC writes dvc.lock, and only DVC reads it.
WRITTEN_BY_DVC = {"dvc.lock"}
FILES = sorted(
    name
    for name in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.yaml", "*.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    if name and (ROOT / name).is_file() and name not in WRITTEN_BY_DVC
)


def flat(node: Any, above: str = "") -> dict[str, tuple[str, Any]]:
    """Return the type and the value of every leaf, by its place; the keys with their types too."""
    if isinstance(node, dict):
        return {place: leaf for key, inner in node.items() for place, leaf in flat(inner, f"{above}.{key!r}").items()}
    if isinstance(node, list):
        return {place: leaf for i, inner in enumerate(node) for place, leaf in flat(inner, f"{above}[{i}]").items()}
    return {above: (type(node).__name__, node)}


def differences(text: str) -> list[str]:
    """Return what the two readers read differently."""
    new = [flat(document) for document in YAML(typ="safe", pure=True).load_all(text)]
    try:
        old = [flat(document) for document in yaml.safe_load_all(text)]
    except yaml.YAMLError as error:
        return [f"YAML 1.1: {error}"]
    return [
        f"{place}: {one.get(place)} is {other.get(place)} in YAML 1.1"
        for one, other in zip(new, old, strict=True)
        for place in sorted(one.keys() | other.keys())
        if one.get(place) != other.get(place)
    ]


def test_the_files_are_found() -> None:
    assert {"params.yaml", "dvc.yaml", "export/dvc.yaml", "presets/fast.yaml", "docs/workflows/scores.yml"} <= set(
        FILES
    )


@pytest.mark.parametrize("name", FILES)
def test_a_file_means_the_same_to_both_readers(name: str) -> None:
    assert differences((ROOT / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["params.yaml", *(name for name in FILES if name.startswith("presets/"))])
def test_a_file_still_does_once_dvc_has_written_it(name: str, tmp_path: Path) -> None:
    """`dvc exp run -S` writes params.yaml again, and leaves out quotes that YAML 1.2 does not need."""
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    before = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    with modify_yaml(path) as values:
        values["seed"] = 7
    text = path.read_text(encoding="utf-8")
    assert YAML(typ="safe", pure=True).load(text) == before | {"seed": 7}
    assert differences(text) == []


def set_by_dvc(path: Path, *settings: str) -> list[str]:
    """Set what `dvc exp run -S` would set, and return the lines that are new and those that are gone."""
    before = path.read_text(encoding="utf-8").splitlines()
    apply_overrides(path, list(settings))
    after = path.read_text(encoding="utf-8").splitlines()
    return [line for line in difflib.ndiff(before, after) if line[0] in "+-"]


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith("#")]


def leaves(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name of each setting, and which types it may have."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{above}{name}.")
        else:
            yield f"{above}{name}", str(field.annotation)


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


def test_dvc_changes_the_line_of_a_setting_and_no_other(params: Path) -> None:
    assert set_by_dvc(params, "lora.r=32") == ["-   r: auto", "+   r: 32"]
    assert set_by_dvc(params, 'qa.style="짧게"') == ["-   style:", "+   style: 짧게"]
    assert set_by_dvc(params, "qa.style=null", "lora.r=auto")
    assert params.read_text(encoding="utf-8") == (ROOT / "params.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("preset", sorted((ROOT / "presets").glob("*.yaml")), ids=lambda path: path.stem)
def test_dvc_changes_one_line_after_a_preset_too(preset: Path, params: Path) -> None:
    apply_preset(preset, params)
    assert len(set_by_dvc(params, "seed=7")) == 2


@pytest.mark.parametrize("empty", [True, False])
def test_dvc_changes_one_line_in_a_new_project_too(empty: bool, tmp_path: Path) -> None:
    init(tmp_path / "project", empty)
    assert len(set_by_dvc(tmp_path / "project/params.yaml", "seed=7")) == 2


@pytest.mark.parametrize(
    ("value", "kind"), [("[one,two]", "list["), ("[]", "list["), ("null", ""), (r'"a\nb"', "str"), ("0.5", "float")]
)
def test_no_comment_is_lost_whatever_is_set(value: str, kind: str, params: Path) -> None:
    """DVC drops a comment that stands right below a list, when it writes the file for the second time."""
    before = comments(params.read_text(encoding="utf-8"))
    assert set_by_dvc(params, *(f"{name}={value}" for name, types in leaves(Params) if kind in types))
    set_by_dvc(params, "seed=7")
    assert comments(params.read_text(encoding="utf-8")) == before


def quoted() -> dict[str, str]:
    """Return the settings of docs/project.md by key, as the shell gives them to DVC."""
    page = (ROOT / "docs/project.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    dvc exp run (-S .+)$", page, flags=re.MULTILINE)
    script = "\n".join(f"printf '%s\\0' {command.replace('-S ', '', 1)}" for command in commands)
    settings = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    return dict(setting.split("=", 1) for setting in settings.split("\0") if setting)


def test_the_quoting_in_the_docs_gives_names_and_line_breaks(params: Path) -> None:
    given = quoted()
    assert {"qa.topics", "curate.heldout_documents", "model.base", "prompt.template"} <= set(given)
    for key, value in given.items():
        apply_overrides(params, [f"{key}={value}"])
    read = load_params(params)
    assert read.qa.topics == ["연회비", "분실 신고"]
    assert read.curate.heldout_documents == ["2024년 안내서 (개정)"]
    assert read.model.base == "/srv/models/한국어-8b"
    assert read.prompt.template == "질문: {instruction}\n답변: "


@pytest.mark.parametrize("setting", ["qa.topics=[연회비,분실 신고]", "model.base=/srv/models/한국어-8b"])
def test_without_quotes_dvc_refuses_korean(setting: str, params: Path) -> None:
    with pytest.raises(InvalidArgumentError):
        apply_overrides(params, [setting])


@pytest.mark.parametrize(
    "planted",
    ["ocr: off", "use: yes", "on: push", "rate: 1e-5", "code: 0o14", "code: 012", "time: 12:30:45", "ask: [주소?]"],
)
def test_a_planted_difference_is_found(planted: str) -> None:
    assert differences(f"{planted}\n")
