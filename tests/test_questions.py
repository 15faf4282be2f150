"""Questions of one's own: read from data/questions, kept out of training, and scored by what they ask."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, word_pages

from pagetune.curate.questions import Asked, in_order, leave_out_asked, question_lines, read_questions
from pagetune.curate.rows import Row, Splits
from pagetune.errors import UserError
from pagetune.evaluate.answers import is_exact
from pagetune.evaluate.comparison import comparison_table
from pagetune.evaluate.evaluation import SETS, Evaluation, evaluate, metrics_of
from pagetune.evaluate.gate_scores import gate_metrics
from pagetune.evaluate.retrieval import search_metrics
from pagetune.evaluate.sets import set_meanings, sets_in
from pagetune.ledger import Ledger
from pagetune.params import load_params
from pagetune.predict.answers import Answer, Questions
from pagetune.predict.closed import read_closed
from pagetune.records import AskedExample, Example, Page, Pair, Prediction
from pagetune.report.cases import right_answers
from pagetune.report.findings import summary_sentences

PARAMS = load_params(ROOT / "params.yaml").evaluate.model_copy(update={"bootstrap_samples": 50})
TEMPLATE = "Q: {instruction}\nA: "
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_rows(*rows: Any, name: str = "고객") -> Path:
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return tmp_path

    return write_rows


def page(text: str, number: int = 1) -> Page:
    changes = {"doc_id": "안내", "page_number": number, "text": text, "tables": []}
    return word_pages()[0].model_copy(update=changes)


PAGES = [
    page("관람 시간은 오전 9시부터 오후 6시까지입니다.\n월요일에는 쉽니다."),
    page("주차는 두 시간까지 무료입니다.", 2),
]


def problem(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_questions(PAGES, [], folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The files.


def test_each_file_is_a_set_and_evidence_is_found_on_its_page(write: Write) -> None:
    write(
        {
            "question": "몇 시에 닫아요?",
            "references": ["6시", "오후 6시"],
            "doc_id": "안내",
            "evidence": "월요일에는 쉽니다.",
        }
    )
    both = ["주차는 두 시간까지", "무료입니다."]
    folder = write(
        {"question": "주차돼요?", "references": "두 시간", "doc_id": "안내", "evidence": both, "x": 1}, name="b"
    )
    parking, closing = read_questions(PAGES, [], folder).questions
    assert (closing.split, closing.output, closing.references) == ("고객", "6시", ["오후 6시"])
    assert (closing.page_number, closing.evidence) == (1, "월요일에는 쉽니다.")
    assert (parking.split, parking.page_number, parking.answerable) == ("b", 2, True)
    assert [number for number, _ in parking.places] == [2, 2]
    assert parking.whole_evidence.split("\n") == both


def test_a_question_without_references_is_one_that_the_documents_do_not_answer(write: Write) -> None:
    rows = [
        {"question": "사진 찍어도 돼요?"},
        {"question": "개는요?", "references": []},
        {"question": "고양이는?", "references": None},
    ]
    instead = {"question": "할인되나요?", "references": ["할인은 없습니다."], "answerable": False}
    asked = read_questions(PAGES, [], write(*rows, instead)).questions
    assert [one.answerable for one in asked] == [False] * 4
    assert [one.output for one in asked] == ["", "", "", "할인은 없습니다."]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "고객.jsonl:2 is not JSON"),
        ("[1]", "고객.jsonl:2 should be a JSON object, got [1]"),
        ({"references": ["6시"]}, "고객.jsonl:2: 'question' is missing"),
        ({"question": "  "}, "고객.jsonl:2: 'question' is"),
        ({"question": "언제?", "references": [6]}, "'references.0' is 6"),
        ({"question": "언제?", "references": [""]}, "'references.0' is"),
        ({"question": "언제?", "check": "exakt"}, "'check' is"),
        ({"question": "언제?", "answer": "6시"}, "고객.jsonl:2 has 'answer', which is not read"),
        ({"question": "언제?", "answerable": True}, "고객.jsonl:2 is answerable and has no references"),
        ({"question": "언제?", "evidence": "6시"}, "고객.jsonl:2 has a page or evidence and no doc_id"),
        ({"question": "언제?", "doc_id": "안내", "page_number": "1"}, "'page_number' is"),
        ('{"question": "\\ud800 언제?"}', "고객.jsonl:2 has half of a character"),
    ],
)
def test_a_bad_row_is_one_line_with_its_place(write: Write, row: Any, said: str) -> None:
    assert said in problem(write({"question": "주차돼요?"}, row))


def test_a_file_in_another_encoding_or_named_like_a_set_is_refused(write: Write, tmp_path: Path) -> None:
    write({"question": "언제?"}, name="Recall")
    assert "the evaluation has a set named Recall already" in problem(tmp_path)
    (tmp_path / "Recall.jsonl").unlink()
    (tmp_path / "옛것.jsonl").write_bytes('{"question": "언제?"}'.encode("cp949"))
    assert "is not UTF-8" in problem(tmp_path)


def test_an_empty_or_missing_folder_is_fine(tmp_path: Path) -> None:
    assert read_questions(PAGES, [], tmp_path).questions == []
    assert read_questions(PAGES, [], tmp_path / "nowhere").questions == []


def test_what_is_not_asked_is_counted_and_said(write: Write, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("how", encoding="utf-8")
    (tmp_path / "more.csv").write_text("question", encoding="utf-8")
    rows = [{"question": "언제 열어요?"}, {"question": "언제 열어요"}, {"question": "어디예요?", "doc_id": "없는 문서"}]
    rows.append({"question": "쉬는 날?", "references": ["월요일"], "doc_id": "안내", "evidence": "화요일에는 쉽니다."})
    asked = read_questions(PAGES, [], write(*rows))
    counts = asked.metrics()
    assert (counts["in"], counts["out"]) == (4, 2)
    assert counts["rejected"] == {"duplicate": 1, "unknown_document": 1}
    said = "\n".join(question_lines(asked, {"rejected": {}}))
    assert "more.csv, which is not read" in said
    assert "README.md" not in said
    assert "없는 문서" in said
    assert "which the page does not have" in said
    assert "고객.jsonl:4" in said


def test_a_question_about_the_document_of_an_own_row_is_asked(write: Write) -> None:
    own = Pair.original("1", "주소?", "서울", "user", "내 문서")
    assert read_questions([], [own], write({"question": "어디?", "doc_id": "내 문서"})).questions


# Training.


def trained(*questions: str) -> Splits:
    pairs = [Pair.original(str(number), text, "답", "faq", "안내") for number, text in enumerate(questions)]
    splits = Splits()
    splits.rows["train"] = [Row.of(pair) for pair in pairs]
    return splits


def test_no_training_row_asks_in_the_words_of_a_question(write: Write) -> None:
    asked = read_questions(PAGES, [], write({"question": "주차 되나요"}))
    splits, ledger = trained("주차되나요?", "주차는 얼마인가요?"), Ledger()
    leave_out_asked(splits, asked.questions, ledger)
    assert [row.instruction for row in splits.rows["train"]] == ["주차는 얼마인가요?"]
    assert ledger.metrics()["rejected"] == {"asked_by_hand": 1}
    (_, line) = question_lines(asked, ledger.metrics())
    assert "1 row leaves training" in line
    assert line.endswith("not trained on: 1")


def test_sets_about_trained_documents_come_first_and_general_ones_last(write: Write) -> None:
    write({"question": "수도는?", "references": ["서울"], "general": True}, name="a")
    write({"question": "사진 찍어도 돼요?", "doc_id": "안내"}, name="b")
    folder = write({"question": "주차돼요?", "references": ["두 시간"], "doc_id": "안내"}, name="c")
    asked: Asked = read_questions(PAGES, [], folder)
    assert [one.split for one in in_order(asked.questions, trained("주차?"))] == ["c", "b", "a"]


# The evaluation.


def prediction(answer: str, reference: str = "", **changes: Any) -> Prediction:
    own = {
        "pair_id": "1", "kind": "question", "doc_id": "안내", "page_number": None, "wording_seen": True,
        "prompt": "Q: 몇 시에 닫아요?\nA: ", "completion": f" {reference}</s>", "references": [], "split": "고객",
        "answerable": bool(reference), "eos_token": "</s>", "prediction": answer, "stopped": True, "precision": "4bit",
        "engine": "transformers",
    }  # fmt: skip
    return Prediction.model_validate(own | changes)


def evaluated(*tuned: Prediction) -> Evaluation:
    base = [row.model_copy(update={"prediction": "음"}) for row in tuned]
    train = [Example.model_validate({name: getattr(tuned[0], name) for name in Example.model_fields})]
    return evaluate({"base": base, "tuned": list(tuned)}, train, TEMPLATE, PARAMS)


def scored(*tuned: Prediction) -> dict[str, Any]:
    evaluation = evaluated(*tuned)
    nothing: Any = {name: [None] * len(tuned) for name in ("search_top1", "search_top5")}
    return metrics_of(evaluation) | search_metrics(evaluation, nothing)


def test_where_the_documents_are_silent_it_is_right_to_say_so() -> None:
    metrics = scored(prediction("모르겠습니다."), prediction("오후 7시입니다.", pair_id="2"))
    own = metrics["tuned"]["고객"]
    assert (own["n"], own["fact_match"], own["rougeL"], own["exact_match"]) == (2, 0.5, None, None)
    assert (own["silent"]["n"], own["silent"]["abstained"], own["silent"]["invented"]) == (2, 0.5, 0.5)
    assert own["silent"]["abstained_ci95_low"] < 0.5 < own["silent"]["abstained_ci95_high"]
    assert metrics["change"]["고객"]["better"] == 1


def test_what_a_page_says_instead_is_right_too() -> None:
    instead = prediction("할인은 없습니다.", "할인은 없습니다.", answerable=False)
    own = scored(instead, prediction("문서에서 찾을 수 없습니다.", pair_id="2"))["tuned"]["고객"]
    assert (own["fact_match"], own["rougeL"], own["silent"]["abstained"]) == (1.0, None, 0.5)


def test_who_abstains_from_an_answer_that_is_there_is_wrong() -> None:
    own = scored(prediction("모르겠습니다.", "오후 6시"))["tuned"]["고객"]
    assert (own["fact_match"], own["abstained"]) == (0.0, 1.0)
    assert "silent" not in own


def test_an_exact_question_is_right_by_its_letters() -> None:
    own = scored(prediction("Blue sky", "bluesky", check="exact"), prediction("bluesky.", "bluesky", check="exact"))
    assert own["tuned"]["고객"]["fact_match"] == 0.5
    assert is_exact(" 4. ", ["5", "4"])
    assert is_exact("서울입니다", ["서울입니다."])
    assert not is_exact("4 apples", ["4"])


@pytest.mark.parametrize("general", [(True, False, False), (False, False, True)])
def test_one_question_about_the_documents_makes_a_set_one_about_them_wherever_it_stands(
    general: tuple[bool, ...],
) -> None:
    metrics = scored(*(prediction("7시", "오후 6시", general=own) for own in general))
    assert sets_in(metrics, written=True) == ["고객"]
    assert "which no template wrote" in set_meanings(metrics)["고객"]


def test_sets_written_by_hand_lead_every_table_and_general_ones_end_it() -> None:
    rows = [
        prediction("서울", "서울", split="recall", kind="faq"),
        prediction("서울", "서울", split="상식", general=True),
        prediction("7시", "오후 6시", tag="시간"),
        prediction("모르겠습니다.", split="조용"),
    ]
    evaluation = evaluated(*rows)
    metrics = scored(*rows)
    assert sets_in(metrics) == ["고객", "조용", *SETS, "상식"]
    assert sets_in(metrics, written=True) == ["고객", "조용"]
    assert list(metrics["tuned"]["고객"]["by_kind"]) == ["시간"]
    table = comparison_table(metrics)
    assert table.index("고객 ") < table.index("조용 ") < table.index("recall ")
    assert "조용, what the documents do not answer (1): 100%" in table
    meanings = set_meanings(metrics)
    assert "data/questions/고객.jsonl" in meanings["고객"]
    assert "the documents do not answer" in meanings["조용"]
    assert "general questions" in meanings["상식"]
    rights = right_answers(
        {"model": name, "set": row.split, "fact_match": str(scores["fact_match"])}
        for name in evaluation.answers
        for row, scores in zip(rows, evaluation.scores[name], strict=True)
    )
    first, second, *others = summary_sentences(metrics, rights)
    assert first.startswith("Of the questions of 고객, which no template wrote, the tuned model answers 0 of 1")
    assert "that the documents do not answer (1), 100%" in second
    assert any(line.startswith("Of the questions of 상식") for line in others)


def test_the_gate_is_scored_by_what_it_keeps_and_refuses() -> None:
    question = "Q: 주차는 몇 시간까지 무료인가요?\nA: "
    rows = [
        prediction("두 시간까지 무료입니다.", "두 시간", prompt=question),
        prediction("다섯 시간까지 무료입니다.", "두 시간", prompt=question, pair_id="2"),
        prediction("모르겠습니다.", "두 시간", prompt=question, pair_id="3"),
    ]
    gate = gate_metrics(evaluated(*rows), TEMPLATE, PAGES)["고객"]
    assert (gate["n"], gate["right"], gate["right_kept"]) == (2, 1, 1.0)
    assert (gate["wrong"], gate["wrong_refused"], gate["supported"]) == (1, 1.0, 0.5)
    assert gate["contradicted"] + gate["not_found"] == 0.5


def test_without_a_readable_page_there_is_no_gate_to_score() -> None:
    assert gate_metrics(evaluated(prediction("6시", "6시")), TEMPLATE, []) == {}


def test_both_models_are_asked_every_set(tmp_path: Path) -> None:
    for name in ("validation", "recall", "heldout"):
        (tmp_path / f"{name}.jsonl").write_text("\n", encoding="utf-8")
    fields = prediction("", "6시", general=True).model_dump(include=set(AskedExample.model_fields))
    asked = AskedExample.model_validate(fields)
    (tmp_path / "questions.jsonl").write_text(asked.model_dump_json() + "\n", encoding="utf-8")
    (answered,) = Questions(read_closed(tmp_path)).answered([Answer("7시", True)], "</s>", "4bit", "vllm")
    assert (answered.split, answered.general, answered.prediction) == ("고객", True, "7시")
