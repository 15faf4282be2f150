"""The stage with a language model behind it: killed in the middle, run again, and nothing asked twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, edit_params, run

from pagetune.jsonl import read_records, write_records
from pagetune.records import Page, Pair

PAGES = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Start a server in a process of its own: its base_url, and its log with a line for each answered request."""
    log = tmp_path / "requests.jsonl"
    command = [sys.executable, str(ROOT / "tests" / "llm_server.py"), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), log
        process.kill()


@pytest.fixture
def project(tmp_path: Path, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("pagetune", "stages"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    changes = {"qa.generator": "llm", "llm.base_url": server[0], "llm.model": "reader", "llm.concurrency": 4}
    edit_params(folder, changes)
    (folder / "data/raw").mkdir(parents=True)
    pages = [page_of(number) for number in range(1, PAGES + 1)]
    write_records(folder / "data/pages.jsonl", pages)
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))
    return folder


def page_of(number: int) -> Page:
    return Page(
        doc_id="안내",
        source_sha256="",
        page_number=number,
        text=f"안내\n{number}번 창구의 담당자는 {number}호 직원입니다. {number}번 문은 {number}시에 열립니다.",
        tables=[],
        quality={},
        status="ok",
        reason=None,
    )


def asked(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_after_a_kill_no_finished_request_is_sent_again(project: Path, server: tuple[str, Path]) -> None:
    environment = os.environ | {"PYTHONPATH": str(project)}
    command = [sys.executable, "-m", "stages.build_qa"]
    with subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE) as stage:
        deadline = time.monotonic() + 60
        while len(asked(server[1])) < PAGES // 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        stage.send_signal(signal.SIGKILL)
    time.sleep(0.5)  # the server finishes what it had begun
    kept = len(list((project.parent / "cache").rglob("*.json")))
    before = asked(server[1])
    assert 0 < kept <= len(before) < 2 * PAGES
    assert not (project / "data/qa.jsonl").exists()

    done = run(project, "python", "-m", "stages.build_qa")
    assert f"({kept} from the cache)" in done.stdout
    twice = [body for body, count in Counter(asked(server[1])).items() if count > 1]
    assert len(twice) == len(before) - kept <= 4  # answered after the kill, when no one was listening

    again = len(asked(server[1]))
    first = (project / "data/qa.jsonl").read_bytes()
    run(project, "python", "-m", "stages.build_qa", warm=False)
    assert len(asked(server[1])) == again
    assert (project / "data/qa.jsonl").read_bytes() == first


def test_pairs_metrics_and_cost_are_told(project: Path) -> None:
    edit_params(project, {"llm.price_per_million_input_tokens": 1000.0, "qa.judge": "llm", "qa.generator": "rules+llm"})
    done = run(project, "python", "-m", "stages.build_qa")
    pairs = read_records(project / "data/qa.jsonl", Pair)
    assert {pair.kind for pair in pairs} == {"llm", "key_value", "statement"}
    assert all(pair.judgement for pair in pairs)
    assert {pair.page_number for pair in pairs} == set(range(1, PAGES + 1))
    metrics = json.loads((project / "metrics/build_qa.json").read_text(encoding="utf-8"))
    assert set(metrics["steps"]) == {"rules", "passages", "questions", "judge", "own_rows"}
    assert metrics["llm"]["requests"] == metrics["llm"]["input_tokens"] / 10 > 2 * PAGES
    assert "tokens in" in done.stdout
    assert "cost" in done.stdout


def test_a_server_that_is_down_leaves_nothing_half_written(project: Path) -> None:
    edit_params(project, {"llm.base_url": "http://127.0.0.1:9/v1", "llm.max_retries": 0})
    done = run(project, "python", "-m", "stages.build_qa", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("build_qa: llm.base_url: no connection to http://127.0.0.1:9/v1: nothing listens there.")
    assert {path.name for path in (project / "data").rglob("*") if path.is_file()} == {"pages.jsonl"}
