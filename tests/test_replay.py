"""The base's own answers to general requests, trained on so that the tuning forgets less."""

import json
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from report_inputs import PARAMS, prediction
from test_loading import params_of
from test_prompts import TEMPLATE, example

from pagetune.errors import UserError
from pagetune.evaluate.evaluation import evaluate, metrics_of
from pagetune.evaluate.retrieval import search_metrics
from pagetune.evaluate.tables import per_example_rows
from pagetune.jsonl import read_records, write_json, write_records
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import Manifest, read_manifest
from pagetune.model.template import TEMPLATE as TEMPLATE_FILE
from pagetune.model.template import TemplateRecord
from pagetune.predict import answers as answering
from pagetune.records import Example, Prediction
from pagetune.report.cases import right_answers
from pagetune.report.findings import summary_sentences
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean
from pagetune.train.inputs import with_replay
from pagetune.train.replay import REJECTED, ROWS, ask_base, general_prompts, mixed, why_nothing_to_keep

QUESTIONS = ROOT / "data/questions"
DOCUMENT_ROWS = [example(str(number)) for number in range(90)]


# --- What is asked


def written() -> list[str]:
    lines = (line for path in sorted(QUESTIONS.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines())
    return [str(json.loads(line)["question"]) for line in lines]


def test_the_requests_are_about_two_hundred_half_of_them_korean_and_all_different() -> None:
    requests = general_prompts()
    assert 190 <= len(requests) <= 220
    assert 0.45 <= sum(map(is_korean, requests)) / len(requests) <= 0.55
    assert len({normal_form(request) for request in requests}) == len(requests)


def test_no_request_asks_what_an_evaluation_asks_or_the_same_in_almost_the_same_words() -> None:
    alike = [
        (request, question)
        for question in written()
        for request in general_prompts()
        if abs(len(question) - len(request)) < 10 and SequenceMatcher(None, request, question).ratio() > 0.8
    ]
    assert alike == []


# --- How many are trained on


@pytest.mark.parametrize(("fraction", "added"), [(0.0, 0), (0.1, 10), (0.25, 30), (0.5, 90)])
def test_the_fraction_is_that_of_all_rows(fraction: float, added: int) -> None:
    answers = [example(f"요청 {number}") for number in range(20)]
    together = mixed(DOCUMENT_ROWS, fraction, answers)
    assert together[:90] == DOCUMENT_ROWS
    assert len(together) == 90 + added
    counts = [together.count(answer) for answer in answers]
    assert max(counts) - min(counts) <= 1, "each is repeated as often as the others"


def test_few_rows_are_spread_over_both_languages() -> None:
    answers = [example(request) for request in general_prompts()]
    chosen = mixed(DOCUMENT_ROWS, 0.1, answers)[90:]
    assert 4 <= sum(is_korean(row.prompt.removeprefix("Q: ").removesuffix("\nA: ")) for row in chosen) <= 6


def test_a_training_says_how_many_rows_repeat_the_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_records(ROWS, [example("하늘은 왜 파란가요?"), example("비는 왜 오나요?")])
    assert len(with_replay(DOCUMENT_ROWS, 0.1)) == 100
    assert "10 of 100 rows repeat 2 answers of the base" in capsys.readouterr().out
    assert with_replay(DOCUMENT_ROWS, 0.0) == DOCUMENT_ROWS
    assert capsys.readouterr().out == ""


# --- When there is nothing to keep


def manifest_of(base: Path, source: str) -> Manifest:
    return read_manifest(base).model_copy(update={"source": source})


def test_a_built_in_base_has_nothing_to_keep_and_0_asks_nothing(tiny_base: Path) -> None:
    asking = params_of(replay_fraction=0.1)
    assert why_nothing_to_keep(asking, manifest_of(tiny_base, "hub")) is None
    assert "knows nothing but the documents" in (why_nothing_to_keep(asking, manifest_of(tiny_base, "builtin")) or "")
    assert why_nothing_to_keep(params_of(), manifest_of(tiny_base, "hub")) == "train.replay_fraction is 0"


def test_a_base_that_summarises_is_not_asked_for_anything_else(tiny_base: Path) -> None:
    params = params_of(replay_fraction=0.1).model_copy(update={"task": "summarization"})
    with pytest.raises(UserError, match=r"replay_fraction: the base is asked to summarise.*\. Set 0\.") as caught:
        why_nothing_to_keep(params, manifest_of(tiny_base, "hub"))
    assert "\n" not in str(caught.value)


# --- What is kept


def answer_all(
    base: Path, said: list[tuple[str, bool]], evaluated: set[str], monkeypatch: pytest.MonkeyPatch, longest: int = 999
) -> Any:
    """Let the base give these answers in turn, each with whether it ended."""

    def predict(_: Any, adapter: Any, template: Any, questions: Any, params: Any) -> list[Prediction]:
        turns = [answering.Answer(*said[place % len(said)]) for place in range(len(questions.rows))]
        return questions.answered(turns, template.eos_token, "fp32", "test")

    monkeypatch.setattr(answering, "predict", predict)
    manifest = read_manifest(base)
    template = TemplateRecord.for_base(TEMPLATE, manifest)
    return ask_base(manifest, template, params_of(replay_fraction=0.1, max_length=longest), evaluated)


def test_every_request_is_kept_or_rejected_with_a_reason(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [("하늘은 파랗습니다.", True), ("", True), ("끝없이", False), ("긴 말 " * 99, True)]
    evaluated = {f"Q: {general_prompts()[0]}\nA: "}
    rows, rejected = answer_all(tiny_base, said, evaluated, monkeypatch, longest=200)
    assert len(rows) + len(rejected) == len(general_prompts())
    assert {row.reason for row in rejected} == {"unanswered", "unfinished", "too_long", "in_heldout_and_training"}
    assert [row.instruction for row in rejected if row.reason == "in_heldout_and_training"] == [general_prompts()[0]]
    asked = {row.instruction: row.output for row in rejected}
    assert asked[general_prompts()[2]] == "", "the second answer is the answer to the second request that was asked"


def test_what_is_kept_is_asked_as_the_documents_are_and_ends_in_one_eos(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, _ = answer_all(tiny_base, [("하늘은 파랗습니다.", True)], set(), monkeypatch)
    eos = load_tokenizer(read_manifest(tiny_base)).eos_token
    assert rows[0].prompt == f"Q: {general_prompts()[0]}\nA: "
    assert rows[0].completion == f"하늘은 파랗습니다.{eos}"


def test_a_base_that_never_ends_an_answer_is_one_line(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"none of the base's \d+ answers .*\d+ unfinished\)\. Raise") as caught:
        answer_all(tiny_base, [("끝없이", False)], set(), monkeypatch)
    assert "\n" not in str(caught.value)


def test_the_stage_writes_empty_files_where_nothing_is_replayed(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from stages import replay

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(replay, "load_params", params_of)
    monkeypatch.setattr(replay, "read_manifest", lambda: read_manifest(tiny_base))
    for name in ("validation", "recall", "heldout", "questions"):
        write_records(Path("data/prompts") / f"{name}.jsonl", [])
    write_json(TEMPLATE_FILE, TemplateRecord.for_base(TEMPLATE, read_manifest(tiny_base)).model_dump())
    replay.main()
    assert read_records(ROWS, Example) == []
    assert REJECTED.exists()
    said = f"replay: none of {len(general_prompts())} general requests is asked: train.replay_fraction is 0\n"
    assert capsys.readouterr().out == said


# --- What the report says


def sentences(lost: int) -> list[str]:
    """Return the report's findings after a tuning that loses this many of 40 general answers and learns a fact."""
    rows: dict[str, list[Prediction]] = {"base": [], "tuned": []}
    general = {"split": "retention", "kind": "question", "general": True, "doc_id": ""}
    for number in range(40):
        asked = f"r{number}", f"{number} 더하기 1은?", f"{number + 1}"
        rows["base"].append(prediction(*asked, f"{number + 1}", **general))
        rows["tuned"].append(prediction(*asked, "월요일" if number < lost else f"{number + 1}", **general))
    for model, answer in (("base", "9만 원"), ("tuned", "3만 원")):
        rows[model].append(prediction("fact", "주차 요금은?", "3만 원", answer))
    train = [Example.model_validate({name: getattr(rows["base"][-1], name) for name in Example.model_fields})]
    evaluation = evaluate(rows, train, "Q: {instruction}\nA: ", PARAMS)
    unsearched: Any = {name: [None] * 41 for name in ("search_top1", "search_top5")}
    metrics = metrics_of(evaluation) | search_metrics(evaluation, unsearched)
    assert metrics["tuned"]["retention"]["general"]
    assert "general" not in metrics["tuned"]["recall"]
    table = [{name: str(value) for name, value in row.items()} for row in per_example_rows(evaluation)]
    return summary_sentences(metrics, right_answers(table))


def test_the_report_sets_what_was_lost_beside_what_recall_gained() -> None:
    said = sentences(30)
    assert (
        "Of the questions of retention, which are not about the documents, the tuned model answers 10 of 40 correctly "
        "(before tuning: 40; 30 were lost, 0 gained)."
    ) in said
    assert "Meanwhile recall went from 0 to 1 of 1." in said
    assert any("a higher train.replay_fraction keeps more of it" in sentence for sentence in said)


def test_a_loss_within_its_interval_is_no_reason_to_replay() -> None:
    assert not any("train.replay_fraction" in sentence for sentence in sentences(2))
