"""`pagetune results`: the scores, and whether they are of a run of this folder."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT

from pagetune.commands.results import results


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the scores that Git has, as in a fresh clone."""
    (tmp_path / "metrics").mkdir()
    shutil.copy(ROOT / "metrics/eval.json", tmp_path / "metrics")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_fresh_clone_says_that_its_scores_are_of_no_run_here(folder: Path) -> None:
    first, table = results()
    assert "has not run in this folder" in first
    assert "recall_new_wording" in table


def test_after_a_run_the_scores_stand_alone_with_the_report(folder: Path) -> None:
    (folder / "data/predictions").mkdir(parents=True)
    (folder / "data/predictions/tuned.jsonl").touch()
    (folder / "metrics/report.html").touch()
    table, report = results()
    assert "recall_new_wording" in table
    assert report == "report: metrics/report.html"
