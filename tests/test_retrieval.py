"""Whether a passage states the reference's facts, and what of it goes into the scores."""

from typing import Any

import pytest
from test_evaluation import ADDRESS, TEMPLATE, evaluated, prediction

from pagetune.evaluate.containment import Source, states
from pagetune.evaluate.retrieval import find_hits, hit_rows, search_metrics
from pagetune.evaluate.sources import Sources
from pagetune.records import FoundPassage, Place

PLACE = Place(table=None, row=None, start=10, end=30)


def passage(text: str, row: int | None = None, **changes: Any) -> FoundPassage:
    place = Place(table=None if row is None else 0, row=row, start=0, end=len(text))
    own = {"doc_id": "다른 문서", "page_number": 1, "place": place, "score": 1.0, "above": [], "text": text}
    return FoundPassage.model_validate(own | changes)


def stated(text: str, reference: str, question: str, evidence: str, row: int | None = None) -> bool:
    return states(passage(text, row), reference, question, Source("문서", 1, PLACE, evidence))


@pytest.mark.parametrize(("start", "end", "right"), [(0, 40, True), (10, 30, True), (11, 40, False), (0, 29, False)])
def test_a_passage_with_all_of_the_evidence_states_it(start: int, end: int, right: bool) -> None:
    place = Place(table=None, row=None, start=start, end=end)
    found = passage("말이 다른 문장입니다.", doc_id="문서", place=place)
    assert states(found, "3일", "며칠 걸리나요?", Source("문서", 1, PLACE, "사흘 걸립니다.")) is right
    elsewhere = found.model_copy(update={"page_number": 2})
    assert not states(elsewhere, "3일", "며칠 걸리나요?", Source("문서", 1, PLACE, "사흘 걸립니다."))


HEADER = "이용 요금\n시설 | 요금 | 정원\n"


@pytest.mark.parametrize(
    ("text", "row", "right"),
    [
        ("수영장의 요금은 9,000원입니다.", None, True),
        ("문 3. 수영장 요금은 얼마인가요?\n답. 9천 원을 냅니다.", None, True),
        (HEADER + "수영장 | 9,000원 | 30명", 1, True),
        (HEADER + "체육관 | 9,000원 | 30명", 1, False),
        ("체육관의 요금은 9,000원입니다.", None, False),
        ("수영장의 요금은 8,000원입니다.", None, False),
        ("수영장은 화요일에 쉽니다. 체육관의 요금은 9,000원입니다.", None, False),
    ],
)
def test_a_value_is_stated_where_one_sentence_or_row_has_it_and_what_is_asked(
    text: str, row: int | None, right: bool
) -> None:
    assert stated(text, "9,000원", "수영장의 요금은 얼마인가요?", "수영장 | 9,000원 | 30명", row) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("다만, 인정기관은 사업자에게 업무에 필요한 비용을 징수할 수 있습니다.", True),
        ("평가기관은 사업자에게 그 업무에 드는 비용을 징수할 수 있고, 인정기관은 이를 살핀다.", False),
        ("인정기관은 사업자에게 업무에 필요한 비용을 징수할 수 없다.", False),
    ],
)
def test_a_sentence_is_stated_where_it_is_nearly_letter_by_letter(text: str, right: bool) -> None:
    """Sentences of a law share most of their words with others."""
    reference = "인정기관은 사업자에게 업무에 필요한 비용을 징수할 수 있다."
    assert stated(text, reference, "인정기관은 사업자에게 무엇을 징수할 수 있나요?", reference) is right


def test_the_numbers_of_the_question_tell_a_row_from_its_neighbours() -> None:
    question, evidence = "할인율이 25%인 제도는 무엇인가요?", "재수강 할인 | 25% | 수료증"
    header = "할인 제도\n제도 | 할인율 | 서류\n"
    assert stated(header + "재수강 할인 | 25% | 수료증 사본", "재수강 할인", question, evidence, 1)
    assert not stated(header + "재수강생 할인 | 40% | 재학 증명서", "재수강 할인", question, evidence, 1)


def hits_of(rows: list[Any], found: dict[str, list[FoundPassage]]) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    evaluation = evaluated(rows, rows)
    sources = Sources({"1": ADDRESS, "2": ADDRESS}, {}, {"1": [(1, PLACE)], "2": [(1, PLACE)]})
    hits = find_hits(evaluation, TEMPLATE, found, sources)
    return search_metrics(evaluation, hits), hit_rows(evaluation, hits), hits


OWN = passage("", doc_id="문서", place=PLACE)
OTHER = passage("주차장은 지하에 있습니다.")


def test_the_first_passage_counts_for_one_score_and_any_of_five_for_the_other() -> None:
    rows = [prediction("몰라요"), prediction("몰라요", pair_id="2")]
    metrics, table, _ = hits_of(rows, {"1": [OWN, OTHER], "2": [*[OTHER] * 4, OWN, OTHER]})
    top1, top5 = (metrics[name]["recall"] for name in ("search_top1", "search_top5"))
    assert (top1["n"], top1["facts"], top1["fact_match"]) == (2, 2, 0.5)
    assert top1["fact_match_ci95_low"] < 0.5 < top1["fact_match_ci95_high"]
    assert top5["fact_match"] == 1
    assert top5["by_kind"] == {"faq": {"n": 2, "fact_match": 1.0}}
    assert [(row["model"], row["pair_id"], row["fact_match"]) for row in table] == [
        ("search_top1", "1", 1.0), ("search_top1", "2", 0.0), ("search_top5", "1", 1.0), ("search_top5", "2", 1.0),
    ]  # fmt: skip


def test_the_sixth_passage_counts_for_nothing() -> None:
    _, _, hits = hits_of([prediction("몰라요")], {"1": [*[OTHER] * 5, OWN]})
    assert hits == {"search_top1": [False], "search_top5": [False]}


def test_a_question_without_a_page_has_no_score_and_one_without_a_passage_is_a_miss() -> None:
    own_row = prediction("몰라요", pair_id="9", page_number=None)
    metrics, table, hits = hits_of([own_row, prediction("몰라요")], {"9": [OWN], "1": []})
    assert hits["search_top1"] == [None, False]
    assert [row["pair_id"] for row in table] == ["1", "1"]
    assert (metrics["search_top5"]["recall"]["n"], metrics["search_top5"]["recall"]["fact_match"]) == (1, 0)
    empty = metrics["search_top5"]["heldout"]
    assert (empty["n"], empty["fact_match"], empty["fact_match_ci95_low"]) == (0, None, None)


def test_a_question_that_no_reference_answers_has_no_score_whatever_its_evidence() -> None:
    silent = prediction("몰라요", completion="</s>", references=[], answerable=False, split="조용")
    _, _, hits = hits_of([silent], {"1": [OWN]})
    assert hits == {"search_top1": [None], "search_top5": [None]}


HALF = passage("", doc_id="문서", place=PLACE, page_number=2)


@pytest.mark.parametrize(
    ("found", "hits"),
    [
        ([OWN, OTHER], (False, False)),
        ([HALF, HALF], (False, False)),
        ([OWN, HALF], (False, True)),
        ([*[OTHER] * 3, HALF, OWN], (False, True)),
        ([HALF, *[OTHER] * 4, OWN], (False, False)),
    ],
)
def test_a_comparison_is_found_once_both_passages_are(found: list[FoundPassage], hits: tuple[bool, bool]) -> None:
    rows = [prediction("몰라요")]
    sources = Sources({"1": ADDRESS}, {}, {"1": [(1, PLACE), (2, PLACE)]})
    assert find_hits(evaluated(rows, rows), TEMPLATE, {"1": found}, sources) == {
        "search_top1": [hits[0]],
        "search_top5": [hits[1]],
    }


def test_a_comparison_within_one_passage_is_found_by_it() -> None:
    rows = [prediction("몰라요")]
    below = Place(table=None, row=None, start=31, end=40)
    whole = passage("", doc_id="문서", place=Place(table=None, row=None, start=0, end=40))
    sources = Sources({"1": ADDRESS}, {}, {"1": [(1, PLACE), (1, below)]})
    assert find_hits(evaluated(rows, rows), TEMPLATE, {"1": [whole]}, sources)["search_top1"] == [True]
