"""Base, tuned and the controls side by side."""

from typing import Any

import pytest
from conftest import ROOT, word_pages

from pagetune.errors import UserError
from pagetune.evaluate.comparison import comparison_table
from pagetune.evaluate.evaluation import Evaluation, evaluate, metrics_of
from pagetune.evaluate.retrieval import find_hits, search_metrics
from pagetune.evaluate.sources import Sources, sources_of
from pagetune.evaluate.tables import change_rows, group_rows, per_example_rows
from pagetune.params import load_params
from pagetune.records import Example, Prediction, Split, Table, fact_id

PARAMS = load_params(ROOT / "params.yaml").evaluate.model_copy(update={"bootstrap_samples": 200})
TEMPLATE = "Q: {instruction}\nA: "
ADDRESS = "서울특별시 12층"


def prediction(answer: str, split: Split = "recall", seen: bool = True, **changes: Any) -> Prediction:
    own = {
        "pair_id": "1",
        "kind": "faq",
        "doc_id": "문서",
        "page_number": 1,
        "wording_seen": seen,
        "prompt": "Q: 센터의 주소?\nA: ",
        "completion": f"{ADDRESS}</s>",
        "references": [],
        "split": split,
        "eos_token": "</s>",
        "prediction": answer,
        "stopped": True,
        "precision": "4bit",
        "engine": "transformers",
    }
    return Prediction.model_validate(own | changes)


TRAIN = [
    Example(**prediction("").model_dump(include=set(Example.model_fields)) | {"prompt": "Q: 센터의 주소는?\nA: "}),
    Example(
        **prediction("").model_dump(include=set(Example.model_fields))
        | {"prompt": "Q: 요금은 얼마인가요?\nA: ", "completion": "9만 원</s>"}
    ),
]


def evaluated(base: list[Prediction], tuned: list[Prediction]) -> Evaluation:
    return evaluate({"base": base, "tuned": tuned}, TRAIN, TEMPLATE, PARAMS)


def scored(base: list[Prediction], tuned: list[Prediction]) -> dict[str, Any]:
    evaluation = evaluated(base, tuned)
    return metrics_of(evaluation) | search_metrics(evaluation, find_hits(evaluation, TEMPLATE, {}, Sources()))


def test_seen_and_new_wordings_are_scored_apart() -> None:
    base = [prediction("몰라요"), prediction("몰라요", seen=False)]
    metrics = scored(base, [prediction(ADDRESS), prediction("서울특별시 13층", seen=False)])
    assert metrics["base"]["recall"]["exact_match"] == 0
    assert metrics["tuned"]["recall"]["exact_match"] == 1
    assert metrics["tuned"]["recall_new_wording"]["fact_match"] == 0
    assert metrics["tuned"]["heldout"]["n"] == 0
    assert metrics["tuned"]["heldout"]["fact_match"] is None
    assert metrics["tuned"]["recall"]["by_kind"] == {
        "faq": {"n": 1, "fact_match": 1.0, "rougeL": 1.0, "exact_match": 1.0}
    }


def test_the_change_is_paired_and_says_what_got_better_worse_and_stayed() -> None:
    """A change of nothing has an interval too, since ten facts are few."""
    base = [prediction(ADDRESS if i < 5 else "몰라요", pair_id=f"fact{i}-tell") for i in range(10)]
    same = scored(base, base)["change"]["recall"]
    assert (same["fact_match"], same["fact_match_ci95_low"], same["fact_match_ci95_high"]) == pytest.approx(
        (0, -0.278, 0.278), abs=0.001
    )
    assert (same["better"], same["worse"], same["same"]) == (0, 0, 10)
    tuned = [row.model_copy(update={"prediction": "몰라요" if i < 2 else ADDRESS}) for i, row in enumerate(base)]
    change = scored(base, tuned)["change"]["recall"]
    assert (change["better"], change["worse"], change["same"]) == (5, 2, 3)
    assert change["fact_match"] == pytest.approx(0.3)
    assert change["fact_match_ci95_low"] < 0.3 < change["fact_match_ci95_high"]


def test_the_controls_are_scored_on_the_same_questions() -> None:
    metrics = scored([prediction("몰라요")], [prediction("몰라요")])
    assert metrics["lookup"]["recall"]["exact_match"] == 1
    assert metrics["echo"]["recall"]["exact_match"] == 0
    evaluation = evaluated([prediction("몰라요")], [prediction("몰라요")])
    assert evaluation.answers["echo"][0].prediction == "센터의 주소입니다."
    assert evaluation.answers["lookup"][0].prediction == ADDRESS


def test_heldout_says_how_many_abstain_invent_and_never_end() -> None:
    said = ["알 수 없습니다.", "부산광역시 7층", ADDRESS, "센터의 주소는 모르겠어요"]
    rows = [prediction(text, "heldout", stopped=text != ADDRESS) for text in said]
    heldout = scored(rows, rows)["tuned"]["heldout"]
    assert (heldout["abstained"], heldout["invented"], heldout["never_stopped"]) == (0.5, 0.25, 1)
    assert heldout["invented_ci95_high"] >= 0.25


def test_what_the_page_says_is_not_invented() -> None:
    """The page counts with its tables, for pairs that have a page."""
    table = Table(caption="이용 안내", rows=[["시설", "정원"], ["세미나실", "7명"]])
    pages = [word_pages()[0].model_copy(update={"doc_id": "문서", "page_number": 1, "text": "", "tables": [table]})]
    answer = f"{ADDRESS}이고 정원은 7명입니다."
    rows = [prediction(answer), prediction(answer, page_number=None), prediction(answer, page_number=2)]

    def invented_in(sources: Sources) -> list[float]:
        evaluation = evaluate({"base": rows, "tuned": rows}, TRAIN, TEMPLATE, PARAMS, sources=sources)
        return [row["invented"] for row in evaluation.scores["tuned"]]

    assert invented_in(sources_of([], pages)) == [0, 1, 1]
    assert invented_in(Sources()) == [1, 1, 1]


def test_a_second_number_is_a_guess_unless_the_evidence_of_the_pair_has_it() -> None:
    """Other numbers of the page support nothing: a page has many."""
    page = word_pages()[0].model_copy(
        update={"doc_id": "문서", "page_number": 1, "text": "신청은 3일, 접수는 5일 걸립니다."}
    )
    row = prediction("신청은 3일, 접수는 5일입니다.", completion="3일입니다.</s>")

    def right(sources: Sources) -> float:
        evaluation = evaluate({"base": [row], "tuned": [row]}, TRAIN, TEMPLATE, PARAMS, sources=sources)
        return evaluation.scores["tuned"][0]["fact_match"]

    assert right(sources_of([], [page])) == 0
    assert right(Sources({fact_id(row.pair_id): page.text})) == 1


def test_the_text_of_a_page_has_its_captions_and_the_cells_of_its_rows() -> None:
    table = Table(caption="이용 안내", rows=[["시설", "정원"], ["세미나실", "7명"]])
    page = word_pages()[0].model_copy(update={"text": "월요일에 쉽니다.", "tables": [table]})
    (text,) = sources_of([], [page]).pages.values()
    assert text == "월요일에 쉽니다.\n이용 안내\n시설 | 정원\n세미나실 | 7명"


def test_wordings_of_one_fact_are_drawn_together() -> None:
    rows = [prediction(ADDRESS if i < 4 else "몰라요", "validation", pair_id=f"{i // 4}-{i}") for i in range(8)]
    validation = scored(rows, rows)["tuned"]["validation"]
    assert (validation["n"], validation["facts"], validation["fact_match"]) == (8, 2, 0.5)
    assert (validation["fact_match_ci95_low"], validation["fact_match_ci95_high"]) == (0, 1)


def test_facts_with_the_same_answer_are_different_facts() -> None:
    rows = [prediction("예", completion="예</s>", pair_id=str(i), page_number=None) for i in range(9)]
    assert scored(rows, rows)["tuned"]["recall"]["facts"] == 9


def test_an_answer_that_says_what_the_reference_says_does_not_abstain() -> None:
    row = prediction("알 수 없습니다.", "heldout", completion="알 수 없습니다</s>")
    assert scored([row], [row])["tuned"]["heldout"]["abstained"] == 0


def test_several_references_count_by_their_best_or_by_their_mean() -> None:
    row = prediction("서울", references=["서울", "부산"])
    assert scored([row], [row])["tuned"]["recall"]["exact_match"] == 1
    mean = PARAMS.model_copy(update={"references": "mean"})
    metrics = metrics_of(evaluate({"base": [row], "tuned": [row]}, TRAIN, TEMPLATE, mean))
    assert metrics["tuned"]["recall"]["exact_match"] == pytest.approx(1 / 3, abs=1e-6)
    assert metrics["references"] == "mean"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"precision": "bf16"}, r"base is in \['4bit'\], tuned in \['bf16'\]\. Set precision"),
        ({"engine": "vllm"}, r"base is in \['transformers'\], tuned in \['vllm'\]\. Set predict\.engine"),
        ({"prompt": "anders"}, "base and tuned answer different prompts"),
    ],
)
def test_what_was_not_asked_alike_is_refused(changes: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        evaluated([prediction("a")], [prediction("a", **changes)])


def test_a_tokenizer_that_loses_the_reference_is_refused() -> None:
    english = PARAMS.model_copy(update={"tokenizer": "english"})
    korean = prediction("몰라요", completion="서울특별시</s>")
    with pytest.raises(UserError, match="the tokenizer english finds no token"):
        evaluate({"base": [korean], "tuned": [korean]}, TRAIN, TEMPLATE, english)


def test_the_table_shows_before_after_the_paired_interval_and_the_controls() -> None:
    table = comparison_table(scored([prediction("몰라요")], [prediction(ADDRESS)]))
    assert "0.000 -> 1.000, +1.000 [-0.587, +1.000]" in table
    assert "recall: 1 better, 0 worse, 0 unchanged; 0 hit the length limit; 0% abstain" in table
    assert "faq 1.000 (n=1)" in table
    assert "(empty)" in table


def test_every_answer_of_models_and_controls_has_a_row() -> None:
    rows = per_example_rows(evaluated([prediction("몰라요", pair_id="7")], [prediction(ADDRESS, pair_id="7")]))
    assert [(row["model"], row["pair_id"], row["fact_match"]) for row in rows] == [
        ("base", "7", 0.0),
        ("tuned", "7", 1.0),
        ("echo", "7", 0.0),
        ("lookup", "7", 1.0),
    ]


def test_a_change_is_from_right_abstaining_or_wrong_to_one_of_these() -> None:
    evaluation = evaluated(
        [prediction("부산", "heldout"), prediction("몰라요")],
        [prediction("알 수 없습니다", "heldout"), prediction(ADDRESS)],
    )
    assert [(row["before"], row["after"]) for row in change_rows(evaluation, "heldout")] == [("wrong", "abstains")]
    (row,) = change_rows(evaluation, "recall")
    assert (row["before"], row["after"], row["rougeL_tuned"]) == ("wrong", "right", 1.0)
    assert change_rows(evaluation, "validation") == []


def test_groups_are_kinds_and_documents_with_the_paired_change() -> None:
    base = [prediction("몰라요", doc_id=name, kind=kind) for name, kind in (("가", "faq"), ("나", "table"))]
    tuned = [row.model_copy(update={"prediction": ADDRESS}) for row in base[:1]] + base[1:]
    rows = group_rows(evaluated(base, tuned))
    assert [(row["by"], row["group"], row["n"], row["fact_match_base"], row["fact_match_change"]) for row in rows] == [
        ("kind", "faq", 1, 0.0, 1.0),
        ("kind", "table", 1, 0.0, 0.0),
        ("document", "가", 1, 0.0, 1.0),
        ("document", "나", 1, 0.0, 0.0),
    ]
    assert {"rougeL_tuned", "exact_match_change_ci95_low"} <= set(rows[0])
