"""Rules that find questions and answers on pages."""

import re
from pathlib import Path

import pytest
from conftest import ROOT

from pagetune.build_qa.rules import build_pairs, stands_on_page
from pagetune.build_qa.user_rows import read_user_pairs
from pagetune.errors import UserError
from pagetune.extract.pages import read_documents
from pagetune.params import Qa, load_params
from pagetune.records import Page, Pair, Table

PARAMS: Qa = load_params(ROOT / "params.yaml").qa


def page(*paragraphs: str, tables: tuple[Table, ...] = (), number: int = 1, status: str = "ok") -> Page:
    return Page(
        doc_id="문서",
        source_sha256="",
        page_number=number,
        text="\n".join(paragraphs),
        tables=list(tables),
        quality={},
        status=status,
        reason=None,
    )


def asked(*pages: Page) -> list[tuple[str, str, str]]:
    return [(pair.kind, pair.instruction, pair.output) for pair in build_pairs(list(pages), PARAMS)[0]]


def reasons(*pages: Page) -> list[str]:
    return [row.reason for row in build_pairs(list(pages), PARAMS)[1]]


@pytest.mark.parametrize(("q", "a"), [("Q1. ", "A. "), ("문 1. ", "답. "), ("질문: ", "답변: "), ("Q)", "A)")])
def test_a_question_and_its_answer_are_paired(q: str, a: str) -> None:
    assert asked(page("제목", f"{q}주차는 되나요?", f"{a}두 시간 무료입니다.", "다음 절")) == [
        ("faq", "주차는 되나요?", "두 시간 무료입니다.")
    ]


def test_an_answer_goes_on_until_the_next_heading() -> None:
    text = page("Q. 되나요?", "A. 됩니다.", "다만 월요일은 쉽니다.", "대출 안내", "Q. 언제요?", "A. 내일입니다.")
    assert asked(text)[0] == ("faq", "되나요?", "됩니다. 다만 월요일은 쉽니다.")


def test_words_that_begin_like_a_marker_are_none() -> None:
    assert asked(page("문서를 냅니다.", "답변을 기다립니다.", "Q는 기호입니다.")) == []


def test_an_answer_cut_by_the_page_end_is_rejected() -> None:
    assert reasons(page("Q. 되나요?", "A. 신청하신 뒤에"), page("됩니다.", number=2)) == ["unfinished"]


def test_an_answer_that_goes_on_overleaf_is_rejected() -> None:
    assert reasons(page("Q. 되나요?", "A. 됩니다."), page("다만 월요일은 쉽니다.", number=2)) == ["unfinished"]
    article = page("규정", "제3조(이용시간) ① 9시에 연다.")
    assert reasons(article, page("② 18시에 닫는다.", number=2)) == ["unfinished"]


def test_a_question_of_two_lines_is_one_question() -> None:
    assert asked(page("제목", "Q. 주차장은 어디에", "있나요?", "A. 지하입니다.")) == [
        ("faq", "주차장은 어디에 있나요?", "지하입니다.")
    ]


def test_a_question_without_an_answer_is_rejected() -> None:
    assert reasons(page("Q. 되나요?", "Q. 언제요?", "A. 내일입니다.")) == ["unanswered"]


def test_a_table_that_names_nothing_is_rejected() -> None:
    nameless = Table(caption="", rows=[["항목", "내용"], ["전화", "1"]])
    twice = Table(caption="표", rows=[["과정", "요금", "요금"], ["입문", "1", "2"]])
    assert reasons(page("제목", tables=(nameless, twice))) == ["unnamed_table", "unnamed_table"]


def test_an_article_is_asked_by_document_number_and_title() -> None:
    text = page("이용규정", "제3조(이용시간) ① 9시에 연다.", "② 18시에 닫는다.", "제4조(휴관) 월요일에 쉰다.")
    assert asked(text) == [
        ("article", "이용규정 제3조(이용시간)의 내용은 무엇인가요?", "① 9시에 연다. ② 18시에 닫는다."),
        ("article", "이용규정 제4조(휴관)의 내용은 무엇인가요?", "월요일에 쉰다."),
    ]


def test_a_definition_is_asked_by_its_term() -> None:
    assert asked(page("규정", '1. "접근매체"란 거래를 지시하는 수단을 말한다.')) == [
        ("definition", "접근매체란 무엇인가요?", "거래를 지시하는 수단을 말한다.")
    ]


@pytest.mark.parametrize(
    ("paragraph", "reason"),
    [
        ("제5조(적용) 다음 각 호의 경우에 적용한다.", "refers_elsewhere"),
        ("제6조 (휴관) 삭제 <2020. 1. 1.>", "repealed"),
        ('"제2호에 해당하는 자"란 회원을 말한다.', "refers_elsewhere"),
        ('"회원"이란 다음 각 호의 사람을 말한다.', "refers_elsewhere"),
    ],
)
def test_what_cannot_stand_by_itself_is_rejected_with_its_reason(paragraph: str, reason: str) -> None:
    assert reasons(page("규정", paragraph)) == [reason]


def test_amendment_marks_are_no_part_of_the_answer() -> None:
    assert asked(page("규정", "제5조(휴관) 월요일에 쉰다. <개정 2020. 1. 1.>"))[0][2] == "월요일에 쉰다."


def test_a_fact_in_a_sentence_is_asked_with_the_fitting_word() -> None:
    assert asked(page("센터", "센터의 주소는 서울특별시 종로구입니다. 수업의 정원은 30명입니다.")) == [
        ("key_value", "센터의 주소는 어디인가요?", "서울특별시 종로구"),
        ("key_value", "수업의 정원은 몇 명인가요?", "30명"),
    ]


@pytest.mark.parametrize(
    "sentence", ["이 팀의 전화는 없는 번호입니다.", "그의 이름은 비밀입니다.", "해당 과정의 정원은 5명입니다."]
)
def test_a_sentence_that_leans_on_the_one_before_is_no_fact(sentence: str) -> None:
    assert asked(page("제목", sentence)) == []


def test_the_rest_of_a_sentence_from_the_page_before_is_no_fact() -> None:
    assert asked(page("제목", "안내 데스크와 민원"), page("창구의 위치는 1층입니다.", number=2)) == []


def test_a_key_value_table_is_asked_about_its_caption() -> None:
    table = Table(caption="교육센터", rows=[["항목", "내용"], ["대표전화", "02-555-0143"], ["주차 요금", "800원"]])
    assert asked(page("제목", tables=(table,))) == [
        ("key_value", "교육센터의 대표전화는 무엇인가요?", "02-555-0143"),
        ("key_value", "교육센터의 주차 요금은 얼마인가요?", "800원"),
    ]


def test_a_wide_table_is_asked_row_by_column() -> None:
    table = Table(caption="과정", rows=[["과정", "수강료", "강의실"], ["입문 과정", "9만 원", "누리실"]])
    assert asked(page("제목", tables=(table,))) == [
        ("table", "입문 과정의 수강료는 얼마인가요?", "9만 원"),
        ("table", "입문 과정의 강의실은 어디인가요?", "누리실"),
    ]


def test_too_long_an_answer_is_rejected() -> None:
    assert reasons(page("Q. 무엇인가요?", f"A. {'가' * 300}.")) == ["too_long"]


def test_quarantined_pages_ask_nothing() -> None:
    assert asked(page("Q. 되나요?", "A. 됩니다.", status="quarantined")) == []


def test_the_samples_hold_two_hundred_distinct_facts_and_all_stand_on_their_page() -> None:
    found = read_documents(ROOT / "data/raw", load_params(ROOT / "params.yaml").extract)
    pages = [page for page in found if isinstance(page, Page)]
    pairs, _ = build_pairs(pages, PARAMS)
    by_place = {(page.doc_id, page.page_number): page for page in pages}
    assert len({(pair.instruction, pair.output) for pair in pairs}) >= 200
    assert {"faq", "definition", "article", "key_value", "table"} == {pair.kind for pair in pairs}
    for pair in pairs:
        assert pair.evidence is not None
        assert pair.page_number is not None
        assert stands_on_page(pair.evidence, by_place[pair.doc_id, pair.page_number])
        assert answer_is_in_evidence(pair)


def answer_is_in_evidence(pair: Pair) -> bool:
    """An article's amendment marks aside, every answer is part of its evidence word for word."""
    return re.sub(r"\s", "", pair.output) in re.sub(r"\s", "", pair.evidence or "")


def test_a_file_of_ones_own_in_another_encoding_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_bytes('{"instruction": "가?", "output": "나"}'.encode("cp949"))
    with pytest.raises(UserError, match=r"own\.jsonl is no UTF-8"):
        read_user_pairs(tmp_path)


def test_own_rows_become_pairs_without_a_page(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"instruction": "뭐?", "output": "그거.", "references": ["그것."]}\n\n')
    (pair,) = read_user_pairs(tmp_path)
    assert (pair.kind, pair.doc_id, pair.page_number, pair.evidence) == ("user", "own", None, None)
    assert pair.references == ["그것."]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{oops", "own.jsonl:1 is no JSON"),
        ("[1, 2]", "own.jsonl:1 should be"),
        ('{"instruction": "a", "output": ""}', "own.jsonl:1: 'output' should be a text, got ''"),
        ('{"instruction": "a", "output": "b", "references": "c"}', "'references' should be a list of texts, got 'c'"),
    ],
)
def test_a_bad_row_of_ones_own_is_one_line(tmp_path: Path, row: str, says: str) -> None:
    (tmp_path / "own.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_user_pairs(tmp_path)
    assert says in str(caught.value)
