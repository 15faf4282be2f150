"""dvc.yaml says what the stages do: each runs under an `open` audit hook, and the two are compared."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, run
from ruamel.yaml import YAML


def stages_of(file: str) -> Any:
    return YAML(typ="safe", pure=True).load((ROOT / file).read_text(encoding="utf-8"))["stages"]


#: `push` does nothing that could be looked at where no repository is named: tests/test_hub.py pushes.
EXPORT = stages_of("export/dvc.yaml")
DVC = stages_of("dvc.yaml") | {"export": EXPORT["export"]}

#: In every stage, and without a say in any result: `params` values are tracked by `params:`, the others carry them.
SHARED_MODULES = {
    "pagetune/__init__.py",
    "pagetune/errors.py",
    "pagetune/jsonl.py",
    "pagetune/params/__init__.py",
    "pagetune/params/rules.py",
    "pagetune/records.py",
    "stages/__init__.py",
}
#: Tracked by `params:`, and what the training looks at to see whether DVC has recorded it.
UNTRACKED = {"params.yaml", "dvc.lock"}
GPU_LOCK = {"pagetune/train/__init__.py", "pagetune/train/gpu_lock.py", "pagetune/train/lock.py"}
#: Imported for one definition that does not change what the stage writes.
ALLOWED = {
    # The package of sentences.py, a docstring.
    "extract": {"pagetune/text/__init__.py"},
    # Of manifest.py, which imports nothing of the kind: where the model lies, and its record.
    "format": {"pagetune/model/manifest.py"},
    # Which GPU a job of a queue takes, with the lock on it.
    "baseline": {"pagetune/model/manifest.py", *GPU_LOCK},
    "train": {"pagetune/model/manifest.py"},
    "predict": {"pagetune/model/manifest.py", *GPU_LOCK},
    "export": {"pagetune/model/manifest.py", *GPU_LOCK},
    # The package of draft.py, a docstring.
    "report": {"pagetune/build_qa/__init__.py"},
}


@pytest.fixture(scope="module")
def audited(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished pipeline, since a stage that runs writes its outputs anew."""
    folder = tmp_path_factory.mktemp("audited") / "copy"
    shutil.copytree(pipeline, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def audited_summaries(summaries: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for the other task. Without evaluate.quick: what answers and scores changes nothing that is trained."""
    folder = tmp_path_factory.mktemp("audited_summaries") / "copy"
    shutil.copytree(summaries, folder, symlinks=True)
    edit_params(folder, {"evaluate.quick": 0})
    return folder


def declared(stage: str, *kinds: str) -> set[str]:
    entries = [entry for kind in kinds for entry in DVC[stage].get(kind, [])]
    return {next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries}


def sections(stage: str) -> set[str]:
    """Of params.yaml: `qa.source` is of qa."""
    return {name.split(".")[0] for name in declared(stage, "params")}


def audit(folder: Path, stage: str, script: str | None = None) -> dict[str, Any]:
    result = folder / ".dvc" / "tmp" / f"audit-{stage}.json"
    run(folder, "python", str(ROOT / "tests" / "audit_stage.py"), script or f"stages.{stage}", str(result))
    return dict(json.loads(result.read_text(encoding="utf-8")))


def covered(path: str, entries: set[str]) -> bool:
    return any(path == entry or path.startswith(f"{entry}/") for entry in entries)


def undeclared(stage: str, seen: dict[str, Any]) -> dict[str, list[str]]:
    """What a stage did and dvc.yaml does not say."""
    deps, outs = declared(stage, "deps"), declared(stage, "outs", "metrics", "plots")
    modules = set(seen["modules"]) - SHARED_MODULES - ALLOWED.get(stage, set())
    return {
        "reads": [path for path in seen["reads"] if not covered(path, deps | outs | UNTRACKED)],
        "writes": [path for path in seen["writes"] if not covered(path, outs)],
        "modules": sorted(module for module in modules if not covered(module, deps)),
        "params": sorted(set(seen["params"]) - sections(stage)),
    }


def together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {what: [*one[what], *other[what]] for what in one}


def superfluous(stage: str, seen: dict[str, Any]) -> dict[str, list[str]]:
    """What dvc.yaml says and a stage did not do, for either task."""
    done = [*seen["reads"], *seen["modules"], *seen["data_files"], *seen["listed"]]
    return {
        "deps": sorted(dep for dep in declared(stage, "deps") if not any(covered(path, {dep}) for path in done)),
        "outs": sorted(
            out
            for out in declared(stage, "outs", "metrics", "plots")
            if not any(covered(path, {out}) for path in seen["writes"])
        ),
        "params": sorted(sections(stage) - set(seen["params"])),
    }


@pytest.mark.parametrize("stage", list(DVC))
def test_a_stage_does_what_dvc_yaml_says(audited: Path, audited_summaries: Path, stage: str) -> None:
    seen = together(audit(audited, stage), audit(audited_summaries, stage))
    assert not any(undeclared(stage, seen).values()), undeclared(stage, seen)
    assert not any(superfluous(stage, seen).values()), superfluous(stage, seen)


def test_a_planted_undeclared_read_is_found(audited: Path, tmp_path: Path) -> None:
    script = tmp_path / "planted.py"
    script.write_text(
        "from pathlib import Path\nfrom stages.evaluate import main as evaluate\n"
        "def main():\n    evaluate()\n    Path('data/pages.jsonl').read_text(encoding='utf-8')\n",
        encoding="utf-8",
    )
    assert undeclared("evaluate", audit(audited, "evaluate", str(script)))["reads"] == ["data/pages.jsonl"]


def test_a_planted_undeclared_parameter_is_found(audited: Path, tmp_path: Path) -> None:
    script = tmp_path / "planted.py"
    script.write_text(
        "from pagetune.params import load_params\nfrom stages.evaluate import main as evaluate\n"
        "def main():\n    evaluate()\n    load_params().lora\n",
        encoding="utf-8",
    )
    assert undeclared("evaluate", audit(audited, "evaluate", str(script)))["params"] == ["lora"]


def test_every_stage_has_a_script_and_every_script_a_stage() -> None:
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"} == set(DVC) | set(EXPORT)
