"""metrics/summary.json: the same few numbers for each run, whatever was asked."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run
from ruamel.yaml import YAML
from test_evaluation import ADDRESS
from test_evaluation import prediction as asked
from test_evaluation import scored as scored_questions
from test_summaries import SUMMARY
from test_summaries import scored as scored_summaries

from pagetune.evaluate.summary import summarize_run

COST = {"seconds": 3.5, "seconds_by_part": {"steps": 3.0}}


def summary_of(scores: dict[str, Any]) -> dict[str, float | None]:
    return summarize_run(scores, {"validation_loss": 0.5}, COST)


def question(answer: str, name: str, **changes: Any) -> Any:
    return asked(answer, name, kind="question", pair_id=f"{name} {answer}", **changes)


def test_sets_written_by_hand_are_one_number_over_their_questions() -> None:
    right, wrong = (question(answer, "우리 질문") for answer in (ADDRESS, "서울 1층"))
    others = [question("서울 2층", "다른 질문"), question("서울 3층", "다른 질문")]
    rows = [right, wrong, *others, asked(ADDRESS)]
    summary = summary_of(scored_questions(rows, rows))
    assert summary["written"] == 0.25
    assert summary["recall"] == summary["base"] == summary["rougeL"] == 1


def test_what_the_documents_do_not_say_is_counted_apart() -> None:
    silent = [question(answer, "없는 것", answerable=False) for answer in ("알 수 없습니다.", "02-555-0199입니다.")]
    summary = summary_of(scored_questions(silent, silent))
    assert (summary["written"], summary["abstained"], summary["invented"]) == (None, 0.5, 0.5)


def test_general_questions_are_not_among_those_about_the_documents() -> None:
    general = [question(ADDRESS, "상식", general=True)]
    summary = summary_of(scored_questions(general, general))
    assert (summary["written"], summary["general"]) == (None, 1)


def test_summaries_are_summed_up_by_rouge() -> None:
    scores = scored_summaries(SUMMARY)
    summary = summary_of(scores)
    assert summary["heldout"] == scores["tuned"]["heldout"]["rougeL"] > 0
    assert summary["written"] is None


def test_every_run_has_the_same_keys_in_the_same_order() -> None:
    rows = [asked(ADDRESS)]
    runs = [
        scored_summaries(SUMMARY),
        scored_questions(rows, rows),
        json.loads((ROOT / "metrics/eval.json").read_text()),
    ]
    keys = [list(summarize_run(scores, {}, COST)) for scores in runs]
    assert keys[0] == keys[1] == keys[2]
    assert 10 <= len(keys[0]) <= 15


def test_the_answers_to_passages_have_a_column_of_their_own() -> None:
    rows = [asked(ADDRESS)]
    scores = scored_questions(rows, rows)
    assert summary_of(scores)["open"] is None
    scores |= {"tuned_open": {"recall": {"n": 1, "fact_match": 0.75}}}
    assert summary_of(scores)["open"] == 0.75


def test_the_summary_is_the_only_metric_that_dvc_lists() -> None:
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert {name: stage["metrics"] for name, stage in stages.items() if "metrics" in stage} == {
        "summary": [{"metrics/summary.json": {"cache": False}}]
    }


def small_project(folder: Path) -> Path:
    """Make a project whose only stage writes metrics/summary.json with other numbers for each rank, and commit it."""
    rows = [asked(ADDRESS)]
    (folder / "numbers.json").write_text(json.dumps(summary_of(scored_questions(rows, rows))), encoding="utf-8")
    (folder / "work.py").write_text(
        "import json, re\nfrom pathlib import Path\n"
        "rank = int(re.search(r'r: (\\d+)', Path('params.yaml').read_text())[1])\n"
        "numbers = json.loads(Path('numbers.json').read_text())\n"
        "changed = {key: rank + 1 / 3 for key in numbers if key not in ('base', 'open')}\n"
        "Path('data').mkdir(exist_ok=True)\n"
        "for name in ('work', 'predictions'):\n    Path(f'data/{name}.txt').write_text(str(rank))\n"
        "Path('summary.json').write_text(json.dumps(numbers | changed))\n",
        encoding="utf-8",
    )
    (folder / "params.yaml").write_text("lora:\n  r: 8\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(
        "stages:\n  work:\n    cmd: python work.py\n    deps: [work.py, numbers.json]\n    params: [lora]\n"
        "    outs: [data/work.txt, data/predictions.txt]\n"
        "    metrics: [{summary.json: {cache: false}}]\n"
        "  later:\n    cmd: cp data/work.txt copy\n    deps: [data/work.txt, data/predictions.txt]\n    outs: [copy]\n",
        encoding="utf-8",
    )
    run(folder, "git", "init", "-q")
    run(folder, "git", "config", "user.name", "A Tester")
    run(folder, "git", "config", "user.email", "tester@example.com")
    run(folder, "dvc", "init", "-q")
    run(folder, "dvc", "repro", "-q")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "Start")
    return folder


def test_the_table_of_a_queue_of_ranks_fits_a_wide_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_project(tmp_path)
    run(folder, "dvc", "exp", "run", "-q", "--queue", "-S", "lora.r=16,32")
    run(folder, "dvc", "exp", "run", "-q", "--run-all", "-j", "1")
    monkeypatch.setenv("COLUMNS", "200")
    show = ("dvc", "exp", "show", "--only-changed", "--drop", ".*/", "--no-pager")
    shown = run(folder, *show, warm=False).stdout.splitlines()
    # DVC cuts what does not fit.
    assert "…" not in "".join(shown)
    assert [len(re.findall(r"\b\d+\.333", line)) for line in shown if "[" in line] == [10, 10]
