"""What a first run says: what is held out, why pairs were rejected, and advice that leads to success."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from test_curate import document

import stages.build_qa
from pagetune.curate.console import heldout_line, nothing_left, split_lines
from pagetune.errors import UserError
from pagetune.ledger import Ledger
from pagetune.params import Params, load_params
from pagetune.params.asking import RecallQuestion
from pagetune.records import Page, Pair
from stages.curate import curate

PARAMS = load_params(ROOT / "params.yaml")


def changed(**sections: dict[str, Any]) -> Params:
    """Return the shipped parameters with some keys of some sections changed."""
    new = {name: getattr(PARAMS, name).model_copy(update=keys) for name, keys in sections.items()}
    return PARAMS.model_copy(update=new)


def own(question: str, answer: str) -> Pair:
    return Pair.original(f"own/{question}/{answer}", question, answer, "user", "own")


def from_page(question: str, answer: str, doc_id: str = "문서") -> Pair:
    more = {"page_number": 1, "evidence": answer}
    return Pair.original(f"{doc_id}/{question}/{answer}", question, answer, "faq", doc_id, **more)


def said(pairs: list[Pair], params: Params) -> list[str]:
    splits, ledger, _, _ = curate(pairs, params)
    return split_lines(splits, ledger, params)


def refusal(pairs: list[Pair], params: Params) -> str:
    with pytest.raises(UserError) as caught:
        curate(pairs, params)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_question_about_a_document_that_is_not_here_is_told_apart_from_one_without_a_fact() -> None:
    questions = [RecallQuestion(question="주소?", doc_id="요금"), RecallQuestion(question="주소?", doc_id="갑")]
    params = changed(curate={"recall_questions": questions, "min_grade": 0.0})
    lines = [line for line in said([*document("갑", 30), *document("을", 20)], params) if "recall_questions" in line]
    assert lines == [
        "'주소?' of curate.recall_questions is not asked: 요금, its document, is not here",
        "no fact answers '주소?' of curate.recall_questions",
    ]


def test_the_heldout_documents_and_their_pairs_are_counted() -> None:
    pairs = [*document("갑", 30), *document("을", 20), *document("병", 10)]
    params = changed(curate={"heldout_fraction": 0.001, "recall_questions": [], "min_grade": 0.0})
    splits, ledger, _, _ = curate(pairs, params)
    name = next(iter(splits.heldout))[0]
    count = {"갑": 30, "을": 20, "병": 10}[name]
    assert heldout_line(splits) == f"heldout 1 of 3 documents: {name} ({count} of 60 pairs)"
    [_, why] = split_lines(splits, ledger, params)
    assert "no document that can be held out has a hash below curate.heldout_fraction (0.001)" in why
    assert why.endswith(f"unless you set curate.heldout_documents: [{name}]")


def test_a_heldout_set_that_leaves_little_to_train_on_is_pointed_out() -> None:
    pairs = [*document("갑", 30), *document("을", 4)]
    params = changed(curate={"heldout_documents": ["갑"], "recall_questions": [], "min_grade": 0.0})
    assert any("most pairs are heldout, and 4 are left to train on" in line for line in said(pairs, params))


def test_pages_and_rows_are_called_what_they_are() -> None:
    params = changed(curate={"heldout_fraction": 0.5, "recall_questions": [], "min_grade": 0.0})
    pages, *_ = said(document("책", 40, pages=4), params)
    assert "of 4 pages: 책 " in pages
    rows, *_ = said([own(f"{word.instruction}", word.output) for word in document("own", 20)], params)
    assert "of 20 rows: own (" in rows


@pytest.mark.parametrize(
    ("pairs", "change", "says"),
    [
        (document("한 쪽", 4), {}, "all pairs are from one page. Add documents, or rows of your own."),
        (document("가", 9) + document("나", 9), {"heldout_fraction": 0.0}, "curate.heldout_fraction is 0. Raise it"),
        (
            [*(row.model_copy(update={"doc_id": "나"}) for row in document("가", 3)), from_page("갑?", "을.", "가")],
            {"heldout_documents": ["가"]},
            "",
        ),
    ],
)
def test_an_empty_heldout_set_is_explained(pairs: list[Pair], change: dict[str, Any], says: str) -> None:
    params = changed(curate={"recall_questions": [], "min_grade": 0.0, **change})
    lines = said(pairs, params)
    assert ("heldout is empty" in " ".join(lines)) == bool(says)
    assert any(says in line for line in lines)


OFFICES = "총무과 인사과 재무과 홍보과 감사과 기획과 법무과 복지과 교육과 안전과 건축과 도로과 환경과 "
OFFICES += "위생과 세무과 징수과 민원과 정보과 통계과 문화과 체육과 관광과 농업과 산림과 수산과 축산과"
LONG = f"{', '.join(OFFICES.split())}의 사무실은 어느 건물에 있나요?"
#: Pairs that one setting rejects, what the message says, and what it tells to set.
LOST: list[tuple[list[Pair], str, dict[str, dict[str, Any]]]] = [
    ([own("어디인가요?", "가" * 640)], "Set predict.max_new_tokens to 494", {"predict": {"max_new_tokens": 494}}),
    ([own("Where is it?", "a sale " * 120)], "to 367.", {"predict": {"max_new_tokens": 367}}),
    ([from_page(LONG, "3층입니다.")], "Set it to 146", {"curate": {"max_question_characters": 146}}),
    ([own("どこですか?", "東京です。")], "Add kana, han to it", {"curate": {"scripts": ["kana", "han"]}}),
    ([own("কোথায়?", "ঢাকায়।")], "Remove wrong_script from curate.filters", {"curate": {"filters": []}}),
    ([own("누구인가요?", "알 수 없습니다.")], "Remove refusal from curate.filters", {"curate": {"filters": []}}),
    ([own("전화는?", "010-1234-5678입니다.")], "personal_data to mask", {"curate": {"personal_data": "mask"}}),
]


@pytest.mark.parametrize(("pairs", "says", "advice"), LOST, ids=[says for _, says, _ in LOST])
def test_the_advice_leads_out(pairs: list[Pair], says: str, advice: dict[str, dict[str, Any]]) -> None:
    said = refusal(pairs, PARAMS)
    assert said.startswith("data/qa.jsonl: none of 1 pairs is left to train on. 1 pair is ")
    assert says in said
    assert curate(pairs, changed(**advice))[0].rows["train"]


def test_contradictions_are_shown_with_both_answers() -> None:
    said = refusal([own("몇 층인가요?", "3층입니다."), own("몇 층인가요?", "5층입니다.")], PARAMS)
    assert "2 pairs are contradiction: one question has different answers, such as '몇 층인가요?' in own" in said
    assert "3층입니다." in said
    assert "5층입니다." in said


def test_a_low_grade_is_shown_with_the_best_pair() -> None:
    said = refusal([from_page("그는 누구인가요?", "그 사람")], changed(curate={"min_grade": 1.0}))
    assert "'그는 누구인가요?' (0.4, self-contained: the answer points at" in said
    assert "curate.min_grade is 1.0. Lower it to keep such pairs" in said


@pytest.mark.parametrize(
    ("documents", "pinned", "says"),
    [
        (
            "가나",
            ["가", "나"],
            "every document that has pairs (가, 나), so that nothing is left to train on. Remove one",
        ),
        ("가", ["가"], "(가), so that nothing is left to train on. Set it to [], or add documents."),
        ("가나", ["다"], "names 다, which has no pairs. Choose from 가, 나."),
    ],
)
def test_pinned_documents_that_cannot_be_held_out_are_named(documents: str, pinned: list[str], says: str) -> None:
    pairs = [row for name in documents for row in document(name, 4)]
    assert says in refusal(pairs, changed(curate={"heldout_documents": pinned, "min_grade": 0.0}))


def test_a_pinned_document_whose_pairs_were_rejected_says_why() -> None:
    pairs = [*document("가", 4), from_page("누구인가요?", "가" * 900, "나")]
    said = refusal(pairs, changed(curate={"heldout_documents": ["나"], "min_grade": 0.0}))
    assert "names 나, which has no pairs (rejected: {'too_long': 1}). Choose from 가." in said


def test_versions_of_a_pinned_document_that_hold_out_everything_are_named() -> None:
    pairs = [*document("초판", 4)]
    pairs += [row.model_copy(update={"doc_id": "개정판", "pair_id": f"2{row.pair_id}"}) for row in pairs]
    params = changed(curate={"heldout_documents": ["초판"], "min_grade": 0.0, "recall_questions": []})
    said = refusal(pairs, params)
    assert "the heldout documents and their versions (개정판, 초판) have all" in said
    assert curate(pairs, changed(curate={"min_grade": 0.0}))[0].rows["train"]


def test_what_is_left_of_nothing_is_said_without_a_remedy() -> None:
    ledger = Ledger()
    ledger.add("personal_data", 0, 0, [])
    assert nothing_left(ledger, None, PARAMS) == "none of 0 pairs is left to train on. {}"


def test_documents_that_give_no_pair_are_named_before_the_stage_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "아무 말이나 길게 이어지는 글 " * 40
    page = Page(
        doc_id="빈 책", source_sha256="", page_number=1, text=text, tables=[], quality={}, status="ok", reason=None
    )
    monkeypatch.chdir(tmp_path)
    read: Callable[..., list[Page]] = lambda path, kind: [page]  # noqa: E731
    monkeypatch.setattr(stages.build_qa, "read_records", read)
    monkeypatch.setattr(stages.build_qa, "load_params", lambda: PARAMS)
    Path("data/raw").mkdir(parents=True)
    with pytest.raises(UserError, match=r"no pair was kept.*qa\.generator: llm"):
        stages.build_qa.main()
    assert "build_qa: 빈 책 gives no pair (1 page). What would help:" in capsys.readouterr().out
