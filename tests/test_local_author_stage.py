"""The stage build_qa with a model of its own: killed in the middle, run again, and nothing written twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, edit_params, run
from test_dvc_yaml import LOCAL_AUTHOR, declared, undeclared
from test_llm_stage import page_of
from tiny_author import make_tiny_author

from pagetune.jsonl import write_records

PAGES = 24


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose rules find pairs; what its author writes is rejected, because it writes nonsense."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("pagetune", "stages"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    changes = {"qa.generator": "rules+llm", "llm.engine": "local", "llm.max_tokens": 32, "llm.precision": "fp32"}
    edit_params(folder, changes | {"llm.model": str(make_tiny_author(tmp_path / "author"))})
    (folder / "data/raw").mkdir(parents=True)
    (folder / ".dvc/tmp").mkdir(parents=True)
    write_records(folder / "data/pages.jsonl", [page_of(number) for number in range(1, PAGES + 1)])
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))
    return folder


def kept(project: Path) -> int:
    return len(list((project.parent / "cache").rglob("*.json")))


def test_after_a_kill_nothing_is_written_twice_and_the_pairs_are_the_same(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "stages.build_qa"]
    environment = os.environ | {"PYTHONPATH": str(project)}
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.DEVNULL) as stage:
        deadline = time.monotonic() + 300
        while not kept(project) and time.monotonic() < deadline:
            time.sleep(0.01)
        stage.send_signal(signal.SIGKILL)
    survived = kept(project)
    assert 0 < survived < PAGES
    assert not (project / "data/qa.jsonl").exists()

    done = run(project, "python", "-m", "stages.build_qa")
    assert f"({survived} from the cache)" in done.stdout
    resumed = [(project / f"data/{name}.jsonl").read_bytes() for name in ("qa", "qa_rejected")]
    metrics = json.loads((project / "metrics/build_qa.json").read_text(encoding="utf-8"))
    assert metrics["llm"]["requests"] >= PAGES

    monkeypatch.setenv("PAGETUNE_CACHE", str(project.parent / "empty"))
    run(project, "python", "-m", "stages.build_qa")
    assert [(project / f"data/{name}.jsonl").read_bytes() for name in ("qa", "qa_rejected")] == resumed


def test_dvc_yaml_names_what_the_stage_uses_with_an_author_of_its_own(project: Path, tmp_path: Path) -> None:
    result = tmp_path / "seen.json"
    run(project, "python", str(ROOT / "tests" / "audit_stage.py"), "stages.build_qa", str(result))
    seen = json.loads(result.read_text(encoding="utf-8"))
    assert not any(undeclared("build_qa", seen).values()), undeclared("build_qa", seen)
    assert set(seen["modules"]) >= LOCAL_AUTHOR
    assert all(declared(stage, "deps") >= LOCAL_AUTHOR for stage in ("build_qa", "curate", "evaluate"))
