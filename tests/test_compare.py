"""`pagetune compare`: two runs on the same questions, and which one is better."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import commit, run

from pagetune.commands.compare import check_comparable, compare, comparison_lines, read_run
from pagetune.commands.origin import origin_lines
from pagetune.errors import UserError
from pagetune.evaluate.evaluation import SETS
from pagetune.report.language import Language
from pagetune.report.two_runs import RunRecord, compare_runs
from pagetune.report.two_runs_page import render_comparison

SETTINGS = "seed: 1\nlora:\n  r: {rank}\n"


def scores(right: int, asked: int) -> dict[str, Any]:
    """Return metrics/eval.json where `right` of validation's questions are right."""
    empty = {"n": 0, "facts": 0, "fact_match": None}
    share = right / asked
    known = {"n": asked, "facts": asked, "fact_match": share, "fact_match_ci95_low": 0.0, "fact_match_ci95_high": 1.0}
    return {"base": {}, "tuned": {**dict.fromkeys(SETS, empty), "validation": known}}


def answers(right: int, asked: int, first: int = 0) -> list[dict[str, str]]:
    return [
        {"set": "validation", "model": model, "pair_id": str(first + number), "kind": "faq", "doc_id": "a",
         "fact_match": str(float(number < right)), "invented": "0.0"}
        for model in ("base", "tuned") for number in range(asked)
    ]  # fmt: skip


def record(name: str, right: int, asked: int = 60, **changes: Any) -> RunRecord:
    values = {"name": name, "origin": name, "scores": scores(right, asked), "training": {}, "params": {},
              "answers": answers(right, asked), "sources": {}}  # fmt: skip
    return RunRecord(**{**values, **changes})


def said(first: RunRecord, second: RunRecord) -> str:
    return "\n".join(comparison_lines(compare_runs(first, second), Language("en")))


def write_run(folder: Path, rank: int, right: int, first: int = 0) -> Path:
    """Write what `compare` reads of a run into a folder."""
    table = io.StringIO()
    rows = answers(right, 60, first)
    writer = csv.DictWriter(table, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    (folder / "metrics").mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(SETTINGS.format(rank=rank), encoding="utf-8")
    (folder / "metrics/eval.json").write_text(json.dumps(scores(right, 60)), encoding="utf-8")
    (folder / "metrics/per_example.csv").write_text(table.getvalue(), encoding="utf-8")
    return folder


def test_a_difference_that_is_measurable_names_the_better_run() -> None:
    text = said(record("old", 20), record("new", 50))
    assert "new is better than old: on 60 questions of validation the difference is +0.500 [" in text
    (row,) = [line for line in text.splitlines() if line.startswith("validation")]
    assert row.split()[2] == "0.333"
    assert row.endswith("60")
    assert "]*" in row


def test_the_first_run_can_be_the_better_one() -> None:
    text = said(record("old", 50), record("new", 20))
    assert "old is better than new: on 60 questions of validation the difference is +0.500 [+0." in text


def test_a_difference_that_may_be_0_says_that_it_is_not_known() -> None:
    text = said(record("old", 30), record("new", 31))
    assert "Which one is better is not known: on 60 questions of validation the difference may be 0 (+0.017 [" in text
    assert "]*" not in text


def test_few_questions_in_common_decide_nothing() -> None:
    few = record("new", 10, answers=answers(10, 10, first=55))
    assert "validation has only 5 facts in common (fewer than 30)" in said(record("old", 50), few)


def test_only_questions_that_both_answered_are_compared() -> None:
    later = record("new", 60, answers=answers(60, 60, first=20))
    (line,) = compare_runs(record("old", 20), later).lines
    assert line.shared == 40
    assert line.difference is not None
    assert line.difference.value == 1.0


def test_settings_and_files_that_differ_are_named() -> None:
    old = record("old", 20, params={"lora.r": "auto", "seed": 1}, training={"lora_r": 16}, sources={"data/raw": "a"})
    new = record("new", 20, params={"lora.r": 64, "seed": 1}, training={"lora_r": 64}, sources={"data/raw": "b"})
    text = said(old, new)
    assert "lora.r: auto -> 64" in text
    assert "train.json: lora_r: 16 -> 64" in text
    assert "seed" not in text
    assert "The runs read other files: data/raw." in text


def test_without_the_answers_the_scores_are_shown_and_no_difference() -> None:
    text = said(record("old", 20, answers=None), record("new", 50))
    assert "0.333" in text
    assert "not known: no answers of both" in text
    assert "The answers of old are not in DVC's cache" in text


def test_runs_that_share_no_question_or_task_are_refused_in_one_line() -> None:
    with pytest.raises(UserError, match="old and new answered other questions, none in common") as caught:
        check_comparable(record("old", 20), record("new", 20, answers=answers(20, 60, first=99)))
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="differ in their task: old has qa, new summarization"):
        check_comparable(record("old", 20), record("new", 20, scores=scores(20, 60) | {"task": "summarization"}))


def test_two_folders_are_compared_and_the_page_asks_nothing_of_a_network(tmp_path: Path) -> None:
    old, new = (write_run(tmp_path / name, rank, right) for name, rank, right in (("old", 4, 20), ("<b>", 64, 50)))
    page = tmp_path / "page.html"
    lines = compare(str(old), str(new), page)
    assert lines[-1] == f"compare: {page}"
    html = page.read_text(encoding="utf-8")
    assert "lora.r" in html
    assert "<b>" not in html
    assert "http" not in html.replace("http-equiv", "")
    korean = render_comparison(compare_runs(read_run(str(old)), read_run(str(new))), Language("ko"))
    assert "두 실행 비교" in korean
    assert "낫습니다" in korean


def test_revisions_and_experiments_are_read_from_git_and_the_cache_of_dvc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["git", "init", "-q", "-b", "main"], ["git", "config", "user.name", "A Tester"],
                  ["git", "config", "user.email", "tester@example.com"], ["dvc", "init", "-q"]):  # fmt: skip
        run(tmp_path, *words)
    for rank, right in ((4, 20), (64, 50)):
        write_run(tmp_path, rank, right)
        run(tmp_path, "dvc", "add", "-q", "metrics/per_example.csv")
        commit(tmp_path)
    run(tmp_path, "git", "update-ref", "refs/exps/ab/cd/brave-try", "HEAD")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics/per_example.csv").unlink()
    lines = compare("HEAD~1", "brave-try", None)
    assert lines[0].startswith("HEAD~1: ")
    assert lines[0].endswith("State of the test")
    assert "lora.r: 4 -> 64" in lines
    assert any(line.startswith("brave-try is better than HEAD~1: on 60 questions") for line in lines)


def test_results_name_the_commit_of_the_scores_and_its_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_run(tmp_path, 4, 20))
    scores_file = Path("metrics/eval.json")
    assert origin_lines(scores_file) == []
    for words in (["init", "-q"], ["config", "user.name", "A Tester"], ["config", "user.email", "tester@example.com"]):
        run(tmp_path, "git", *words)
    assert origin_lines(scores_file) == ["scores: not committed yet; metrics/eval.json has changed"]
    commit(tmp_path)
    assert re.fullmatch(r"scores: committed as [0-9a-f]+ \(\d{4}-\d\d-\d\d\)", *origin_lines(scores_file))


def test_what_is_no_run_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"nope is not a folder with metrics/eval\.json, and this folder is not in a Git"
    ):
        read_run("nope")
    run(tmp_path, "git", "init", "-q", "-b", "main")
    with pytest.raises(UserError, match=r"nope is neither a folder with .* nor a Git revision nor an experiment"):
        read_run("nope")
    for words in (["config", "user.name", "A Tester"], ["config", "user.email", "tester@example.com"]):
        run(tmp_path, "git", *words)
    (tmp_path / "a").touch()
    commit(tmp_path)
    with pytest.raises(UserError, match=r"HEAD \(.* State of the test\) has no metrics/eval\.json\. Run `dvc repro`"):
        read_run("HEAD")
