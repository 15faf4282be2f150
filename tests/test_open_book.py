"""Questions asked with passages of the documents, and what the scores of both ways say to deploy."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from report_inputs import made_up
from test_evaluation import ADDRESS, PARAMS, TEMPLATE, TRAIN, prediction
from test_retrieval import passage

from pagetune.errors import UserError
from pagetune.evaluate.advice import advice
from pagetune.evaluate.comparison import comparison_table
from pagetune.evaluate.deployment import deployment
from pagetune.evaluate.evaluation import evaluate, metrics_of
from pagetune.evaluate.retrieval import Hits, find_hits, search_metrics
from pagetune.evaluate.sources import Sources
from pagetune.evaluate.tables import per_example_rows
from pagetune.jsonl import write_json
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import read_manifest
from pagetune.model.open_book import OpenBook
from pagetune.model.template import TemplateRecord
from pagetune.params import Params, load_params
from pagetune.records import Prediction, Turn
from pagetune.report.page import render_report
from stages import open_book as stage

SETTINGS = load_params(ROOT / "params.yaml")
FOUND = [
    passage("시설 | 요금\n수영장 | 9,000원", row=1, above=["이용 안내", "2. 요금"]),
    passage("수영장은 화요일에 쉽니다.", above=["이용 안내"]),
    passage("체육관은 둘째 {instruction} 일요일에 쉽니다."),
]


def book(base: Path, **predict: Any) -> OpenBook:
    params = SETTINGS.model_copy(update={"predict": SETTINGS.predict.model_copy(update=predict)})
    manifest = read_manifest(base)
    template = TemplateRecord.for_base(TEMPLATE, manifest)
    return OpenBook(params, manifest, template, load_tokenizer(manifest, template))


def test_the_passages_stand_above_the_question_with_document_heading_and_table_header(tiny_base: Path) -> None:
    asked = book(tiny_base).ask("수영장 요금은?", FOUND)
    assert asked.passages == 3
    assert asked.lacking == ""
    assert "[1] 이용 안내 > 2. 요금\n시설 | 요금\n수영장 | 9,000원\n\n[2] 이용 안내\n수영장은" in asked.text
    assert asked.text.endswith("질문: 수영장 요금은?\nA: ")


def test_a_question_in_english_is_put_in_english(tiny_base: Path) -> None:
    assert "Question: What is the fee?" in book(tiny_base).ask("What is the fee?", FOUND[:1]).text


def test_a_passage_cannot_stand_in_for_the_question(tiny_base: Path) -> None:
    asked = book(tiny_base).ask("언제 쉬나요?", FOUND[2:])
    assert "둘째 {instruction} 일요일" in asked.text
    assert asked.text.count("언제 쉬나요?") == 1


def test_passages_that_do_not_fit_are_left_out_whole_from_the_last(tiny_base: Path) -> None:
    long = [passage(f"{number}번 " + "긴 글입니다. " * 40) for number in range(5)]
    asked = book(tiny_base).ask("몇 번인가요?", long)
    assert 0 < asked.passages < 5
    assert asked.text.count("긴 글입니다. " * 40) == asked.passages
    assert "no more fit into a prompt of" in asked.lacking
    assert "[1] 0번" in asked.text


def test_a_model_without_room_for_any_passage_is_asked_without_one(tiny_base: Path) -> None:
    asked = book(tiny_base, max_new_tokens=2048).ask("요금은?", FOUND)
    assert (asked.text, asked.passages) == ("Q: 요금은?\nA: ", 0)


def test_a_passage_with_a_special_token_is_left_out(tiny_base: Path) -> None:
    asked = book(tiny_base).ask("요금은?", [passage("끝</s>입니다."), FOUND[1]])
    assert "</s>" not in asked.text
    assert (asked.passages, asked.lacking) == (1, "they hold a special token of the model")


def test_what_was_said_before_stays_before_the_passages(tiny_base: Path) -> None:
    turns = [Turn(role="user", content="수영장이 있나요?"), Turn(role="assistant", content="네.")]
    text = book(tiny_base).ask("얼마인가요?", FOUND[:1], turns).text
    assert text.index("수영장이 있나요?") < text.index("9,000원") < text.index("질문: 얼마인가요?")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "summarization"}, "predict.book: both, but task: summarization asks no questions"),
        ({"predict": {"passages": 9}}, "Set search.passages: 9, or predict.passages: 5."),
        ({}, "no document has a readable page to search. Set predict.book: closed."),
    ],
)
def test_what_cannot_be_asked_with_passages_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_json(stage.SEARCH / "index.json", {"documents": 0, "passages": 0, "embedding": None})
    values = SETTINGS.model_dump()
    values["predict"] |= {"book": "both", **changes.get("predict", {})}
    values |= {"task": changes.get("task", "qa")}
    with pytest.raises(UserError, match=said.replace(".", r"\.")):
        stage.check_book(Params.model_validate(values))


# What to deploy.


def answers(right: int, opened: bool = False, split: str = "recall", count: int = 40) -> list[Prediction]:
    """Return answers of which the first ones are right."""
    return [
        prediction(
            ADDRESS if number < right else "모릅니다",
            split,
            pair_id=f"{split}{number}",
            open_prompt="[1] 글\nQ: 센터의 주소?\nA: " if opened else None,
        )
        for number in range(count)
    ]


def metrics(trained: tuple[int, int, int, int], unseen: tuple[int, int, int, int]) -> dict[str, Any]:
    """Return metrics/eval.json for how many of forty answers are right: base, tuned, and both with passages."""
    names = ("base", "tuned", "base_open", "tuned_open")
    predictions = {
        name: answers(known, name.endswith("open")) + answers(new, name.endswith("open"), "heldout")
        for name, known, new in zip(names, trained, unseen, strict=True)
    }
    evaluation = evaluate(predictions, TRAIN, TEMPLATE, PARAMS)
    hits = find_hits(evaluation, TEMPLATE, {row.pair_id: [] for row in evaluation.asked}, Sources())
    return metrics_of(evaluation) | search_metrics(evaluation, hits) | deployment(evaluation)


@pytest.mark.parametrize(
    ("trained", "unseen", "choice"),
    [
        ((0, 10, 10, 38), (0, 0, 10, 30), "both"),
        ((0, 38, 36, 37), (0, 0, 30, 31), "search"),
        ((0, 38, 10, 39), (0, 30, 0, 30), "tuned"),
        ((20, 20, 20, 21), (20, 20, 20, 20), "neither"),
        ((0, 38, 5, 5), (0, 0, 30, 5), None),
    ],
)
def test_the_simplest_way_is_deployed_that_no_other_beats(
    trained: tuple[int, int, int, int], unseen: tuple[int, int, int, int], choice: str | None
) -> None:
    found = metrics(trained, unseen)
    assert found["deploy"]["choice"] == choice
    assert advice(found).startswith("Deploy ")


def test_where_no_single_way_will_do_the_sentence_names_one_for_each() -> None:
    found = metrics((0, 38, 5, 5), (0, 0, 30, 5))
    said = advice(found)
    assert "the tuned model without the search for trained facts, and the base with the search for unseen" in said
    assert "base with search 0.750" in said


def test_questions_that_people_wrote_stand_for_trained_facts() -> None:
    names = ("base", "tuned", "base_open", "tuned_open")
    rights = ((0, 40, 0, 0), (0, 0, 40, 0))
    predictions = {
        name: answers(known, name.endswith("open")) + answers(spoken, name.endswith("open"), "recall_spoken")
        for name, known, spoken in zip(names, *rights, strict=True)
    }
    found = deployment(evaluate(predictions, TRAIN, TEMPLATE, PARAMS))["deploy"]
    assert (found["choice"], found["trained"]["sets"]) == ("search", ["recall_spoken"])


def test_the_terminal_shows_the_four_columns_with_intervals() -> None:
    table = comparison_table(metrics((0, 10, 10, 38), (0, 0, 10, 30)))
    assert "tuned, open book" in table
    (row,) = [line for line in table.splitlines() if line.startswith("heldout") and "0.750 [" in line]
    assert row.count("[") == 4


def test_nothing_is_advised_without_answers_of_both_kinds() -> None:
    evaluation = evaluate({"base": answers(0), "tuned": answers(9), "base_open": []}, TRAIN, TEMPLATE, PARAMS)
    assert deployment(evaluation) == {}
    assert "base_open" not in metrics_of(evaluation)


def test_answers_with_passages_alone_are_scored() -> None:
    """As with predict.book: open."""
    predictions = {"base": [], "tuned": [], "base_open": answers(3, True), "tuned_open": answers(9, True)}
    evaluation = evaluate(predictions, TRAIN, TEMPLATE, PARAMS)
    hits = find_hits(evaluation, TEMPLATE, {row.pair_id: [] for row in evaluation.asked}, Sources())
    found = metrics_of(evaluation) | search_metrics(evaluation, hits)
    assert found["tuned_open"]["recall"]["fact_match"] == pytest.approx(9 / 40)
    assert found["tuned"]["recall"]["n"] == found["change"]["recall"]["n"] == 0
    assert "0.225 [" in comparison_table(found)


@pytest.mark.parametrize("other", ["prompt", "open_prompt", "engine"])
def test_answers_to_other_questions_are_not_compared(other: str) -> None:
    changed = [row.model_copy(update={other: "anders"}) for row in answers(3, True)]
    predictions = {"base": answers(0), "tuned": answers(0), "base_open": answers(0, True), "tuned_open": changed}
    with pytest.raises(UserError, match="data/predictions"):
        evaluate(predictions, TRAIN, TEMPLATE, PARAMS)


def test_the_pipeline_counts_the_passages_of_each_prompt(pipeline: Path) -> None:
    rows = [json.loads(line) for line in (pipeline / "data/asked/open.jsonl").read_text("utf-8").splitlines()]
    closed = (pipeline / "data/asked/closed.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == len(closed)
    assert all(row["open_prompt"].count("\n[") + 1 >= row["passages"] > 0 for row in rows)


@pytest.mark.parametrize("closed", [True, False])
def test_the_report_has_the_open_book_beside_the_closed_one(closed: bool) -> None:
    inputs = made_up()
    rows = {"base": inputs.base if closed else [], "tuned": inputs.tuned if closed else []}
    opened = [row.model_copy(update={"open_prompt": f"글\n{row.prompt}"}) for row in inputs.tuned]
    evaluation = evaluate(rows | {"base_open": opened, "tuned_open": opened}, TRAIN, TEMPLATE, PARAMS)
    none: dict[str, Hits] = dict.fromkeys(("search_top1", "search_top5"), [None] * len(opened))
    scores = metrics_of(evaluation) | search_metrics(evaluation, none) | deployment(evaluation) | {"gate": {}}
    page = render_report(
        replace(
            inputs,
            metrics=inputs.metrics | {"eval": scores},
            base=rows["base"],
            tuned=rows["tuned"],
            groups=[],
            per_example=[{key: str(value) for key, value in row.items()} for row in per_example_rows(evaluation)],
        )
    )
    assert ">tuned_open</th>" in page
    assert ("<p>Deploy " in page) is closed
    assert "the tuned model with the same passages in its prompt" in page
