"""Questions asked with passages of the documents, and what the scores of both ways say to deploy."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from test_evaluation import TEMPLATE
from test_retrieval import passage

from pagetune.errors import UserError
from pagetune.jsonl import write_json
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import read_manifest
from pagetune.model.open_book import OpenBook
from pagetune.model.template import TemplateRecord
from pagetune.params import Params, load_params
from pagetune.records import Turn
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
        stage.check_book(Params.model_validate(values), "predict.book: both", "predict.book: closed")


def test_the_pipeline_counts_the_passages_of_each_prompt(pipeline: Path) -> None:
    """No page is about a general question, which is asked without passages in either book."""
    rows = [json.loads(line) for line in (pipeline / "data/asked/open.jsonl").read_text("utf-8").splitlines()]
    closed = (pipeline / "data/asked/closed.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == len(closed)
    general = [row for row in rows if row["general"]]
    assert all((row["open_prompt"], row["passages"]) == (row["prompt"], 0) for row in general)
    others = [row for row in rows if not row["general"]]
    assert general
    assert len(others) > 100
    assert all(row["open_prompt"].count("\n[") >= row["passages"] > 0 for row in others)
