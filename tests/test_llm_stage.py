"""The stage with a language model behind it: killed in the middle, run again, and nothing asked twice."""

import json
import os
import re
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


@pytest.fixture(params=[""])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    """Start a server in a process of its own: its base_url, and its log with a line for each answered request."""
    log = tmp_path / "requests.jsonl"
    command = [sys.executable, str(ROOT / "tests" / "llm_server.py"), str(log), *request.param.split()]
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


@pytest.mark.parametrize("server", ["lazy"], indirect=True)
def test_a_kill_in_the_second_round_loses_nothing_and_changes_no_pair(
    project: Path, server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page has two sentences, and the model asks about the first that it is shown."""
    edit_params(project, {"qa.characters_per_question": 20})
    text = "안내\n{0}번 창구의 담당자는 {0}호 직원입니다.\n{0}번 문은 {0}시에 열립니다."
    pages = [page_of(n).model_copy(update={"text": text.format(n)}) for n in range(1, PAGES + 1)]
    write_records(project / "data/pages.jsonl", pages)
    command = [sys.executable, "-m", "stages.build_qa"]
    environment = os.environ | {"PYTHONPATH": str(project)}
    with subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE) as stage:
        deadline = time.monotonic() + 60
        while len(asked(server[1])) < 2.5 * PAGES and time.monotonic() < deadline:
            time.sleep(0.01)
        stage.send_signal(signal.SIGKILL)
    time.sleep(0.5)  # the server finishes what it had begun
    kept = len(list((tmp_path / "cache").rglob("*.json")))
    assert kept > 2 * PAGES

    done = run(project, "python", "-m", "stages.build_qa")
    assert f"({kept} from the cache)" in done.stdout
    files = [project / f"data/{name}.jsonl" for name in ("qa", "qa_rejected")]
    resumed = [path.read_bytes() for path in files]
    asking = json.loads((project / "metrics/build_qa.json").read_text(encoding="utf-8"))["asking"]
    assert (asking["rounds"], asking["uncovered_before"], asking["uncovered_after"]) == (2, 0.5, 0.0)
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "another"))
    run(project, "python", "-m", "stages.build_qa")
    assert [path.read_bytes() for path in files] == resumed


def test_a_fault_in_an_example_or_a_topic_stops_the_stage_before_anything_is_asked(
    project: Path, server: tuple[str, Path]
) -> None:
    (project / "data/examples.jsonl").write_text('{"question": "어디인가요?", "answer": "종로"}\n{"question": "왜?"}\n')
    edit_params(project, {"qa.examples": "data/examples.jsonl"})
    done = run(project, "python", "-m", "stages.build_qa", check=False)
    assert done.stderr == "build_qa: data/examples.jsonl:2 has no answer. Write {question: …, answer: …}.\n"
    edit_params(project, {"qa.examples": [], "qa.topics": ["그것"]})
    done = run(project, "python", "-m", "stages.build_qa", check=False)
    assert done.stderr.startswith("build_qa: params.yaml: qa.topics: '그것' has no word")
    edit_params(project, {"qa.topics": [], "qa.examples": [{"question": "어디인가요?", "answer": ""}]})
    done = run(project, "python", "-m", "stages.build_qa", check=False)
    assert re.fullmatch(
        r"build_qa: params\.yaml:\d+: qa\.examples: row 1 has no text in answer, got ''.*\n", done.stderr
    )
    assert asked(server[1]) == []


def test_topics_are_counted_and_one_without_a_pair_is_named(project: Path) -> None:
    (project / "data/examples.jsonl").write_text('{"question": "어디인가요?", "answer": "종로"}\n')
    edit_params(project, {"qa.topics": ["창구 담당자", "해외 송금"]})
    done = run(project, "python", "-m", "stages.build_qa")
    metrics = json.loads((project / "metrics/build_qa.json").read_text(encoding="utf-8"))
    assert metrics["topics"] == {
        "창구 담당자": {"passages": PAGES, "pairs": PAGES},
        "해외 송금": {"passages": 0, "pairs": 0},
    }
    assert "qa.topics: no pair is about '해외 송금'. No passage has its words" in done.stdout
    assert "data/examples.jsonl has rows that are not shown" in done.stdout


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
