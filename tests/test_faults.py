"""benchmarks/faults.py attacks a real project, and what it is there to find does not pass as held."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from benchmarks.fault_artifacts import damage, is_detectable
from benchmarks.fault_project import Lab, Project, prepare
from benchmarks.fault_runs import Done
from benchmarks.fault_servers import WAYS
from benchmarks.faults import KINDS, Result, planned, run_trial, table

SEED = 0


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """Prepare two stages with two documents; the folder's name is short, because sockets are made below it."""
    with TemporaryDirectory(prefix="faults-") as folder:
        yield prepare(Path(folder, "lab"), ("extract", "build_qa"), ("tablet_faq.pdf", "training_notice.pdf"))


@pytest.fixture
def home(lab: Lab) -> Iterator[Path]:
    with TemporaryDirectory(prefix="faults-") as folder:
        yield Path(folder)


@pytest.fixture
def project(lab: Lab, home: Path) -> Project:
    return Project(shutil.copytree(lab.folder, home / "p", symlinks=True), lab, home)


#: A stage that does one thing, and that wrong.
PLANTED = """
import os, subprocess, time
from pathlib import Path
from pagetune.errors import run_stage

def main():
    {code}

run_stage("build_qa", main)
"""


def run_planted(project: Project, code: str, **limits: object) -> Done:
    """Run build_qa with other code in it."""
    project.path("stages/build_qa.py").write_text(PLANTED.format(code=code), encoding="utf-8")
    return project.stage("build_qa", **limits)


@pytest.mark.parametrize(
    ("kind", "number"), [("servers", list(WAYS).index("JSON cut off")), ("pdfs", 1), ("artifacts", 0), ("disk", 0)]
)
def test_a_trial_of_a_kind_holds(lab: Lab, home: Path, kind: str, number: int) -> None:
    result = run_trial(lab, home, kind, number, SEED)
    assert not result.problems, result
    assert result.fault
    assert not list(home.iterdir()), "the trial's folder is removed"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("raise RuntimeError('planted')", "traceback of `python -m stages.build_qa`: RuntimeError: planted"),
        ("os.write(1, os.environ['OPENAI_API_KEY'].encode())", "leak: the key is in the output"),
        ("Path('data/kept.txt').write_text(os.environ['HF_TOKEN'])", "leak: the key is in kept.txt"),
        ("subprocess.Popen(['sleep', '30'], start_new_session=True)", "orphans: 1"),
        ("Path('data/.qa.jsonl.1.part').touch()", "part file left: .qa.jsonl.1.part"),
        ("p = Path('data/qa.jsonl'); p.write_bytes(p.read_bytes().partition(b'\\n')[2])", "lost rows: build_qa: "),
        ("Path('data/qa.jsonl').touch(); Path('data/qa.jsonl').write_text('')", "planted other bytes than undisturbed"),
    ],
)
def test_a_planted_fault_is_found(project: Project, monkeypatch: pytest.MonkeyPatch, code: str, problem: str) -> None:
    monkeypatch.setattr("benchmarks.kills.ORPHAN_SECONDS", 1.0)
    assert project.check() == []
    run_planted(project, code)
    project.compare("build_qa", "planted")
    assert any(line.startswith(problem) for line in project.check()), project.check()


def test_a_stage_that_fails_on_an_input_that_was_changed_names_it(project: Project) -> None:
    with project.path("data/pages.jsonl").open("a", encoding="utf-8") as pages:
        pages.write("\n")
    done = run_planted(project, "raise RuntimeError('planted')")
    assert done.in_one_line("build_qa"), done
    assert done.last_line.startswith("build_qa: data/pages.jsonl cannot be used (RuntimeError: planted)")
    assert project.check() == []


def test_a_stage_that_hangs_is_ended_and_found(project: Project) -> None:
    assert run_planted(project, "time.sleep(60)", seconds=2.0).hung
    assert any(found.startswith("hang: ") for found in project.check())


def test_what_a_format_tells_is_asked_without_the_projects_readers() -> None:
    rows = b'{"id": "1", "n": 7}\n{"id": "2", "n": 8}\n'
    assert not is_detectable("rows.jsonl", rows, rows.replace(b'"1"', b'"3"')), "another letter"
    assert not is_detectable("rows.jsonl", rows, rows[20:]), "a row less"
    for damaged in (
        b"",
        rows[:-1],
        rows[:-5],
        rows.replace(b'"id"', b'"ie"'),
        rows.replace(b"7", b'"7"'),
        b"\xff" + rows,
    ):
        assert is_detectable("rows.jsonl", rows, damaged), damaged
    csv = b"step,loss\n1,2.5\n2,2.0\n"
    assert not is_detectable("loss.csv", csv, csv.replace(b"2.5", b"3.5"))
    for damaged in (csv.replace(b"2.5", b"2;5"), csv.replace(b"1,", b"1"), csv.replace(b"loss", b"lose"), csv[:-4]):
        assert is_detectable("loss.csv", csv, damaged), damaged


def test_the_same_seed_gives_the_same_damage() -> None:
    rows = b'{"id": "1"}\n{"id": "2"}\n{"id": "3"}\n'
    assert damage("rows.jsonl", rows, Random("0 7")) == damage("rows.jsonl", rows, Random("0 7"))


def test_the_kinds_have_their_shares_and_one_can_be_run_alone() -> None:
    assert len(planned(200)) == 200
    assert {kind for kind, _ in planned(6)} == set(KINDS)
    assert planned(200, "pdfs") == [("pdfs", number) for number in range(50)]


def test_the_table_counts_what_failed_and_says_why() -> None:
    results = [Result("disk", 0), Result("disk", 1, "train, disk limited", ["half written: models/adapter"])]
    shown = table(results)
    assert "disk               2       1       1" in shown
    assert "disk 1: train, disk limited\n    half written: models/adapter" in shown
