"""dvc.yaml says what the stages do: each runs under an `open` audit hook, and the two are compared."""

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, run
from ruamel.yaml import YAML


def stages_of(file: str) -> Any:
    return YAML(typ="safe", pure=True).load((ROOT / file).read_text(encoding="utf-8"))["stages"]


#: `push` does nothing where no repository is named; tests/test_hub.py pushes.
EXPORT = stages_of("export/dvc.yaml")
DVC = stages_of("dvc.yaml") | {"export": EXPORT["export"]}

#: In every stage, without influence on any result: `params:` tracks the values of params.yaml.
SHARED_MODULES = {
    "pagetune/__init__.py",
    "pagetune/errors.py",
    "pagetune/failures.py",
    "pagetune/jsonl.py",
    "pagetune/language.py",
    "pagetune/masking.py",
    "pagetune/params/__init__.py",
    "pagetune/params/asking.py",
    "pagetune/params/rules.py",
    "pagetune/params/section.py",
    "pagetune/params/templates.py",
    "pagetune/params/yaml_file.py",
    "pagetune/parent_process.py",
    "pagetune/progress.py",
    "pagetune/recorded.py",
    "pagetune/records.py",
    "stages/__init__.py",
}
#: Tracked by `params:`, and read by the training to see whether DVC has recorded it.
UNTRACKED = {"params.yaml", "dvc.lock"}
#: What a stage imports to take a GPU of its own where it is a job of a queue; the package is a docstring.
GPU_LOCK = {"pagetune/train/__init__.py", "pagetune/train/gpu_lock.py", "pagetune/train/lock.py"}
#: Imported for one definition that does not change what the stage writes: where the model is, and its record.
MANIFEST = {"pagetune/model/manifest.py"}
ALLOWED = {
    "format": MANIFEST,
    # The other packages are docstrings.
    "open_book": MANIFEST | {f"pagetune/{room}/__init__.py" for room in ("build_qa", "curate", "train")},
    "baseline": MANIFEST | GPU_LOCK,
    "baseline_open": MANIFEST | GPU_LOCK,
    "replay": MANIFEST | GPU_LOCK,
    "train": MANIFEST,
    "predict": MANIFEST | GPU_LOCK,
    "predict_open": MANIFEST | GPU_LOCK,
    "export": MANIFEST | GPU_LOCK,
    # The package of draft.py is a docstring.
    "report": {"pagetune/build_qa/__init__.py"},
    "search": {"pagetune/build_qa/__init__.py"},
}
#: What stages with a language model use only with `llm.engine: local`; tests/test_local_author_stage.py runs that.
LOCAL_AUTHOR = {
    f"pagetune/model/{name}.py"
    for name in (
        "chat",
        "decoding",
        "files",
        "fp8",
        "fused_lora",
        "hub",
        "language_model",
        "loading",
        "manifest",
        "precision",
        "quantized",
        "renamed",
        "template",
        "tokens",
        "weights",
    )
}
#: Settings that a stage uses only under other settings: `replay`, where there is something to ask the base
#: (tests/test_replay.py asks it).
SOMETIMES_USED = {"replay": {"task", "precision", "quantization", "predict", "lora"}}
#: Packages whose __init__.py is a docstring.
DOCSTRINGS = {f"pagetune/{room}/__init__.py" for room in ("evaluate", "model", "plan", "text")}


@pytest.fixture(scope="module")
def audited(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the finished pipeline, because a stage that runs writes its outputs again."""
    folder = tmp_path_factory.mktemp("audited") / "copy"
    shutil.copytree(pipeline, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def audited_summaries(summaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the pipeline of the other task, without evaluate.quick: with train.stop_on: loss its code
    changes nothing that is trained."""
    folder = tmp_path_factory.mktemp("audited_summaries") / "copy"
    shutil.copytree(summaries, folder, symlinks=True)
    edit_params(folder, {"evaluate.quick": 0})
    return folder


def declared(stage: str, *kinds: str) -> set[str]:
    entries = [entry for kind in kinds for entry in DVC[stage].get(kind, [])]
    return {next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries}


def sections(stage: str) -> set[str]:
    """Return the sections of params.yaml that a stage declares: that of `qa.source` is qa."""
    return {name.split(".")[0] for name in declared(stage, "params")}


def audit(folder: Path, stage: str, script: str | None = None) -> dict[str, Any]:
    result = folder / ".dvc" / "tmp" / f"audit-{stage}.json"
    run(folder, "python", str(ROOT / "tests" / "audit_stage.py"), script or f"stages.{stage}", str(result))
    return dict(json.loads(result.read_text(encoding="utf-8")))


def covered(path: str, entries: set[str]) -> bool:
    return any(path == entry or path.startswith(f"{entry}/") for entry in entries)


def undeclared(stage: str, seen: dict[str, Any]) -> dict[str, list[str]]:
    """Return what a stage did and dvc.yaml does not declare."""
    deps, outs = declared(stage, "deps"), declared(stage, "outs", "metrics", "plots")
    modules = set(seen["modules"]) - SHARED_MODULES - DOCSTRINGS - ALLOWED.get(stage, set())
    return {
        "reads": [path for path in seen["reads"] if not covered(path, deps | outs | UNTRACKED)],
        "writes": [path for path in seen["writes"] if not covered(path, outs)],
        "modules": sorted(module for module in modules if not covered(module, deps)),
        "params": sorted(set(seen["params"]) - sections(stage)),
    }


def together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {what: [*one[what], *other[what]] for what in one}


def superfluous(stage: str, seen: dict[str, Any]) -> dict[str, list[str]]:
    """Return what dvc.yaml declares and a stage did not do, for either task."""
    done = [*seen["reads"], *seen["modules"], *seen["data_files"], *seen["listed"]]
    expected = declared(stage, "deps") - (LOCAL_AUTHOR if "llm" in sections(stage) else set())
    return {
        "deps": sorted(dep for dep in expected if not any(covered(path, {dep}) for path in done)),
        "outs": sorted(
            out
            for out in declared(stage, "outs", "metrics", "plots")
            if not any(covered(path, {out}) for path in seen["writes"])
        ),
        "params": sorted(sections(stage) - set(seen["params"]) - SOMETIMES_USED.get(stage, set())),
    }


@pytest.mark.parametrize("stage", list(DVC))
def test_a_stage_does_what_dvc_yaml_says(audited: Path, audited_summaries: Path, stage: str) -> None:
    seen = together(audit(audited, stage), audit(audited_summaries, stage))
    assert not any(undeclared(stage, seen).values()), undeclared(stage, seen)
    assert not any(superfluous(stage, seen).values()), superfluous(stage, seen)


def test_a_planted_undeclared_read_is_found(audited: Path, tmp_path: Path) -> None:
    script = tmp_path / "planted.py"
    script.write_text(
        "from pathlib import Path\nfrom stages.format import main as write_prompts\n"
        "def main():\n    write_prompts()\n    Path('data/bad_files.json').read_text(encoding='utf-8')\n",
        encoding="utf-8",
    )
    assert undeclared("format", audit(audited, "format", str(script)))["reads"] == ["data/bad_files.json"]


def test_a_planted_undeclared_parameter_is_found(audited: Path, tmp_path: Path) -> None:
    script = tmp_path / "planted.py"
    script.write_text(
        "from pagetune.params import load_params\nfrom stages.format import main as write_prompts\n"
        "def main():\n    write_prompts()\n    load_params().lora\n",
        encoding="utf-8",
    )
    assert undeclared("format", audit(audited, "format", str(script)))["params"] == ["lora"]


def test_the_packages_that_no_stage_declares_are_docstrings() -> None:
    files = [
        name
        for name in (DOCSTRINGS | GPU_LOCK | ALLOWED["report"] | ALLOWED["open_book"])
        if name.endswith("__init__.py")
    ]
    for name in files:
        (statement,) = ast.parse((ROOT / name).read_text(encoding="utf-8")).body
        assert isinstance(statement, ast.Expr), name
        assert isinstance(statement.value, ast.Constant), name


def test_every_stage_has_a_script_and_every_script_a_stage() -> None:
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"} == set(DVC) | set(EXPORT)
