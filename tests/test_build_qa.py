"""The rules that find questions and answers on pages, and the proof of each pair."""

import re
import unicodedata
from pathlib import Path

import pytest
from conftest import ROOT, shared
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.typeset import Layout, typeset
from pagetune.build_qa.draft import sections, to_document
from pagetune.build_qa.rules import build_pairs
from pagetune.curate.filters import is_too_long
from pagetune.extract.pages import read_documents
from pagetune.params import Params, load_params
from pagetune.records import Page, Pair, Place, Rejected, Table
from pagetune.text.evidence import find_evidence, not_proven, quote
from pagetune.text.korean import has_final_consonant

PARAMS: Params = load_params(ROOT / "params.yaml")


def page(
    *paragraphs: str, tables: tuple[Table, ...] = (), number: int = 1, status: str = "ok", doc_id: str = "문서"
) -> Page:
    return Page(
        doc_id=doc_id,
        source_sha256="",
        page_number=number,
        text="\n".join(paragraphs),
        tables=list(tables),
        quality={},
        status=status,
        reason=None,
    )


def asked(*pages: Page) -> list[tuple[str, str, str]]:
    return [(pair.kind, pair.instruction, pair.output) for pair in found(*pages)[0]]


def reasons(*pages: Page) -> list[str]:
    return [row.reason for row in found(*pages)[1]]


def found(*pages: Page) -> tuple[list[Pair], list[Rejected]]:
    return build_pairs(list(pages), PARAMS.qa.article_characters)


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
    article = page("규정", "제3조(이용시간) 9시에 연다.")
    assert reasons(article, page("다만 월요일은 쉰다.", number=2)) == ["unfinished"]


def test_an_article_over_two_pages_is_asked_about_paragraph_by_paragraph() -> None:
    first = page("규정", "제3조(이용시간) ① 9시에 연다.", "② 다음 각 호의 날은 쉰다.", "1. 일요일")
    assert asked(first, page("2. 월요일", "③ 18시에 닫는다.", number=2)) == [
        ("article", "규정 제3조(이용시간) 제1항의 내용은 무엇인가요?", "9시에 연다."),
        ("article", "규정 제3조(이용시간) 제3항의 내용은 무엇인가요?", "18시에 닫는다."),
    ]
    assert reasons(first, page("2. 월요일", "③ 18시에 닫는다.", number=2)) == ["unfinished"]


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
    assert asked(page("센터", "센터의 주소는 서울특별시 종로구입니다. 입문반의 정원은 30명입니다.")) == [
        ("key_value", "센터의 주소는 어디인가요?", "서울특별시 종로구"),
        ("key_value", "입문반의 정원은 몇 명인가요?", "30명"),
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
        ("key_value", "교육센터의 대표전화는 몇 번인가요?", "02-555-0143"),
        ("key_value", "교육센터의 주차 요금은 얼마인가요?", "800원"),
    ]


@pytest.mark.parametrize("caption", ["사업 개요표", "<사업 개요표>", "표 3. 사업 개요표", "○ 사업 개요표"])
def test_a_form_is_asked_label_by_label(caption: str) -> None:
    rows = [
        ["사업명", "자료관 개선", "담당", "문서정보부"],
        ["주소", "서울시", "서울시", "서울시"],
    ]
    table = Table(caption=caption, rows=rows, layout="form", filled=[(1, 2), (1, 3)])
    assert asked(page("제목", tables=(table,))) == [
        ("key_value", "자료관 개선 사업의 담당은 어디인가요?", "문서정보부"),
        ("key_value", "자료관 개선 사업의 주소는 어디인가요?", "서울시"),
    ]


def test_a_turned_table_is_asked_column_by_row_and_a_table_in_a_cell_is_not_an_answer() -> None:
    rows = [["모델", "한빛-10", "한빛-22"], ["무게", "1.2kg", "2.4kg"], ["전원", "12V", "[표 2]"]]
    table = Table(caption="제품 규격", rows=rows, layout="turned")
    assert [(question, answer) for _, question, answer in asked(page("제목", tables=(table,)))] == [
        ("제품 규격에서 한빛-10의 무게는 얼마인가요?", "1.2kg"),
        ("제품 규격에서 한빛-22의 무게는 얼마인가요?", "2.4kg"),
        ("제품 규격에서 한빛-10의 전원은 얼마인가요?", "12V"),
    ]


def test_a_wide_table_is_asked_row_by_column() -> None:
    table = Table(caption="과정", rows=[["과정", "수강료", "강의실"], ["입문 과정", "9만 원", "누리실"]])
    assert asked(page("제목", tables=(table,))) == [
        ("table", "입문 과정의 수강료는 얼마인가요?", "9만 원"),
        ("table", "입문 과정의 강의실은 어디인가요?", "누리실"),
    ]


def test_quarantined_pages_ask_nothing() -> None:
    assert asked(page("Q. 되나요?", "A. 됩니다.", status="quarantined")) == []


def test_a_long_article_is_asked_about_paragraph_by_paragraph() -> None:
    long = "이 규정은 " + "가나다라 마바사아 " * 20 + "정한다."
    assert [question for _, question, _ in asked(page("규정", f"제3조(목적) ① {long}", "② 월요일에 쉰다."))] == [
        "규정 제3조(목적) 제1항의 내용은 무엇인가요?",
        "규정 제3조(목적) 제2항의 내용은 무엇인가요?",
    ]


def test_a_list_that_an_article_points_at_is_part_of_its_answer() -> None:
    text = page("규정", "제3조(휴관) 다음 각 호의 날은 쉰다.", "1. 일요일", "2. 삭제 <2020. 1. 1.>", "3. 월요일")
    assert asked(text)[0][2] == "다음 각 호의 날은 쉰다. 1. 일요일 3. 월요일"


def test_a_definition_comes_with_its_list_and_with_what_it_takes_back() -> None:
    listed = page(
        "규정", '1. "회원"이란 다음 각 목의 사람을 말한다.', "가. 학생", "나. 교사", '2. "책"이란 책을 말한다.'
    )
    assert asked(listed)[0][2] == "다음 각 목의 사람을 말한다. 가. 학생 나. 교사"
    assert asked(page("규정", '1. "책"이란 종이책을 말한다. 다만, 만화를 제외한다.'))[0][2] == (
        "종이책을 말한다. 다만, 만화를 제외한다."
    )


def test_an_answer_comes_with_the_list_it_announces_and_without_the_next_heading() -> None:
    text = page("제목", "Q. 준비물은?", "A. 다음과 같습니다.", "1. 신분증", "2. 도장", "2. 이용 요금", "무료입니다.")
    assert asked(text)[0] == ("faq", "준비물은?", "다음과 같습니다. 1. 신분증 2. 도장")
    assert reasons(page("Q. 준비물은?", "A. 다음과 같습니다.", "이용 요금", "무료입니다.")) == ["refers_elsewhere"]


def test_lines_of_two_columns_that_got_mixed_make_no_pair() -> None:
    mixed = page("제목", "Q1. 되나요?", "Q2. 언제요?", "A. 됩니다.", "A. 내일입니다.")
    assert reasons(mixed) == ["unanswered", "two_answers"]
    assert reasons(page("제목", "Q1. 되나요?", "A2. 내일입니다.")) == ["unanswered"]


def test_an_answer_in_the_line_of_its_question_is_found() -> None:
    assert asked(page("Q1. 되나요? A1. 됩니다.")) == [("faq", "되나요?", "됩니다.")]


@pytest.mark.parametrize(
    ("q", "a"),
    [
        ("(Q) ", "(A) "),
        ("Q2-1. ", "A2-1. "),
        ("[질문] ", "[답변] "),
        ("Question 3: ", "Answer: "),
        ("Q.1) ", "A.1) "),
        ("<Q> ", "<A> "),
        ("【문】", "【답】"),
    ],
)
def test_real_markers_are_known(q: str, a: str) -> None:
    assert asked(page("제목", f"{q}되나요?", f"{a}됩니다.")) == [("faq", "되나요?", "됩니다.")]


def test_questions_and_answers_in_one_paragraph_are_parted() -> None:
    assert asked(page("제목", "Q1. 되나요? A1. 됩니다. Q2. 얼마인가요? A2. 천 원입니다.")) == [
        ("faq", "되나요?", "됩니다."),
        ("faq", "얼마인가요?", "천 원입니다."),
    ]


def test_an_initial_in_an_answer_is_no_marker() -> None:
    text = page(
        "FAQ", "Q1. Who wrote it?", "A. It was written for the club by Mr. A. Smith.", "Q2. When?", "A. In May."
    )
    assert asked(text)[0] == ("faq", "Who wrote it?", "It was written for the club by Mr. A. Smith.")


def test_a_request_and_its_answer_in_one_paragraph_are_parted() -> None:
    assert asked(page("제목", "Q. 예약 방법을 알려 주세요. A. 홈페이지에서 합니다.")) == [
        ("faq", "예약 방법을 알려 주세요.", "홈페이지에서 합니다.")
    ]


def test_an_answer_below_its_marker_is_read() -> None:
    assert asked(page("제목", "[질문] 되나요?", "[답변]", "됩니다.")) == [("faq", "되나요?", "됩니다.")]


def test_what_a_missing_page_may_go_on_with_is_unfinished() -> None:
    asking = page("제목", "Q1. 되나요?", "A1. 다음 조건에서"), page("Q2. 언제요?", "A2. 내일입니다.", number=3)
    assert reasons(*asking) == ["unfinished"]
    article = page("규정", "제1조(목적) ① 돕는다."), page("제2조(적용) 모두에게 적용한다.", number=3)
    assert reasons(*article) == ["unfinished"]
    assert [answer for _, _, answer in asked(*article)] == ["모두에게 적용한다."]


@pytest.mark.parametrize(
    ("paragraph", "answers"),
    [
        ('"갑"이란 회사를 뜻한다. "을"이란 고객을 말한다.', ["회사를 뜻한다.", "고객을 말한다."]),
        (
            '1. "요율"이란 이율을 말한다. 다만, 2024. 1. 1.부터는 4%로 한다.',
            ["이율을 말한다. 다만, 2024. 1. 1.부터는 4%로 한다."],
        ),
        ("제5조(자료의 삭제) 삭제하여야 한다.", ["삭제하여야 한다."]),
        ("제 3 조 (이용) 누구나 쓴다.", ["누구나 쓴다."]),
        ("제3조(의료기관)에 규정한 병원을 말한다.", []),
        ("제1조(목적) 및 제2조에 따라 정한다.", []),
        ("제4조(의료기관) 에 규정한 사항을 따른다.", []),
        (
            '2. "갑"이란 회원 및 비회원을 말하며, "을"이란 손님을 말한다.',
            ["회원 및 비회원을 말한다.", "손님을 말한다."],
        ),
        ("제1조(목적)이 규정은 목적을 정한다.", ["이 규정은 목적을 정한다."]),
    ],
)
def test_a_regulation_is_read_as_it_is_written(paragraph: str, answers: list[str]) -> None:
    assert [answer for _, _, answer in asked(page("규정", paragraph))] == answers


def test_a_definition_that_announces_a_list_comes_with_it() -> None:
    text = page("규정", '"회원"이란 다음과 같은 사람을 말한다.', "1. 학생", "2. 교사")
    assert asked(text)[0][2] == "다음과 같은 사람을 말한다. 1. 학생 2. 교사"


def test_an_article_ends_at_a_heading_and_at_one_that_is_gone() -> None:
    assert asked(page("규정", "제3조(이용) 누구나 쓴다.", "이용 안내", "매일 엽니다."))[0][2] == "누구나 쓴다."
    assert asked(page("규정", "제3조(이용) 누구나 쓴다.", "제4조 삭제 <2020. 1. 1.>"))[0][2] == "누구나 쓴다."


@pytest.mark.parametrize(
    "sentence",
    [
        "회사의 젊은 직원은 3명입니다.",
        "올해의 매출은 100억원, 작년의 매출은 200억원입니다.",
        "입문반의 수강료는 5만원이고 심화반의 수강료는 7만원입니다.",
        "신청자의 경우는 3일입니다.",
        "만약 회원의 등급은 3등급이다.",
        "[그림 4]를 보면 갑의 값은 3이다.",
    ],
)
def test_a_sentence_of_two_clauses_is_no_fact(sentence: str) -> None:
    assert "key_value" not in {kind for kind, _, _ in asked(page("제목", sentence))}


@pytest.mark.parametrize(
    "sentence",
    [
        "아카데미의 목표는 변화하는 환경에 대응하는 인재 양성입니다.",
        "환불 신청의 기한은 물건을 받은 날부터 7일입니다.",
        "새로 가입하는 회원의 연회비는 3만원입니다.",
    ],
)
def test_a_sentence_with_a_clause_before_a_noun_is_a_fact(sentence: str) -> None:
    assert len(asked(page("제목", sentence))) == 1


def test_a_table_without_a_header_row_names_nothing() -> None:
    table = Table(caption="연락처", rows=[["대표전화", "02-555-0143"], ["주소", "서울"]])
    assert reasons(page("제목", tables=(table,))) == ["unnamed_table"]
    rows = [["번호", "이름", "층"], ["1", "누리실", "3층"], ["가람실", "-", "2층"]]
    assert asked(page("제목", tables=(Table(caption="강의실", rows=rows), Table(caption="", rows=[])))) == [
        ("table", "강의실에서 누리실의 층은 몇 층인가요?", "3층")
    ]


def test_questions_that_stand_as_headings_are_asked() -> None:
    lines = (
        "Gear Store",
        "How do I pay?",
        "By card.",
        "• Visa",
        "• Amex",
        "Shipping",
        "Is it free?",
        "No.",
        "When?",
        "Now.",
    )
    assert asked(page(*lines)) == [
        ("faq", "How do I pay?", "By card. • Visa • Amex"),
        ("faq", "Is it free?", "No."),
        ("faq", "When?", "Now."),
    ]
    assert asked(page("수필", "왜 그럴까?", "아무도 모른다.")) == []


def test_a_question_that_documents_answer_differently_names_its_document() -> None:
    one = page("한빛은행 안내", "Q. 주차는 되나요?", "A. 됩니다.", doc_id="a")
    other = page("가람은행 안내", "Q. 주차는 되나요?", "A. 안 됩니다.", doc_id="b")
    assert [question for _, question, _ in asked(one, other)] == [
        "[한빛은행 안내] 주차는 되나요?",
        "[가람은행 안내] 주차는 되나요?",
    ]
    assert [question for _, question, _ in asked(one)] == ["주차는 되나요?"]


def test_a_question_that_sections_answer_differently_names_its_section() -> None:
    text = page(
        "안내", "본관", "Q. 몇 시까지 하나요?", "A. 6시입니다.", "분관", "Q. 몇 시까지 하나요?", "A. 5시입니다."
    )
    assert [question for _, question, _ in asked(text)] == ["[본관] 몇 시까지 하나요?", "[분관] 몇 시까지 하나요?"]


def test_terms_that_two_regulations_define_differently_name_their_regulation() -> None:
    one, other = (page(f"{name}규정", f'1. "회원"이란 {name}인을 말한다.', doc_id=name) for name in ("갑", "을"))
    assert [question for _, question, _ in asked(one, other)] == [
        "갑규정에서 회원이란 무엇인가요?",
        "을규정에서 회원이란 무엇인가요?",
    ]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("센터의 주소는 서울특별시 종로구입니다.", "한빛교육센터의 주소는 어디인가요?"),
        ("대표전화는 02-555-0143입니다.", "한빛교육센터의 대표전화는 무엇인가요?"),
        ("도서관의 주소는 서울특별시 종로구입니다.", "한빛교육센터 안내에서 도서관의 주소는 어디인가요?"),
        ("한빛관의 주소는 서울특별시 종로구입니다.", "한빛관의 주소는 어디인가요?"),
    ],
)
def test_a_subject_that_any_document_could_have_is_named_in_full(sentence: str, question: str) -> None:
    assert asked(page("한빛교육센터 안내", sentence))[0][1] == question


def test_a_line_of_dates_above_it_is_no_title() -> None:
    pages = [page("[시행 2024. 9. 15.] [법률 제19734호]", "제1장 총칙", "제1조(목적) 돕는다.")]
    assert asked(*pages)[0][1] == "문서 제1조(목적)의 내용은 무엇인가요?"


def test_evidence_is_what_stands_at_its_place() -> None:
    text = page("제목", "Q. 되나요?", "A. 됩니다.", "다만 월요일은 쉽니다.")
    (pair,), _ = found(text)
    assert pair.place == Place(table=None, row=None, start=11, end=31)
    assert pair.evidence == "A. 됩니다.\n다만 월요일은 쉽니다." == quote(text, pair.place)


@given(st.text("가나 다라\n|. ", min_size=1, max_size=30), st.data())
def test_whatever_stands_on_a_page_is_found_whichever_way_it_is_spaced(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    wanted = text[start : data.draw(st.integers(start, len(text)))]
    place = find_evidence(" ".join(wanted), page(text))
    if not wanted.split():
        assert place is None
    else:
        assert place is not None
        assert "".join(text[place.start : place.end].split()) == "".join(wanted.split())


def test_evidence_in_a_table_is_a_row() -> None:
    text = page("제목", tables=(Table(caption="표", rows=[["과정", "요금"], ["입문", "9만 원"]]),))
    assert find_evidence("입문 | 9만원", text) == Place(table=0, row=1, start=0, end=9)
    assert find_evidence("9만 원", text) == Place(table=0, row=1, start=5, end=9)
    assert find_evidence("요금 | 입문", text) is None


def test_every_section_and_table_is_known_by_name() -> None:
    table = Table(caption="요금표", rows=[["과정", "요금"], ["입문", "9만 원"]])
    found = sections(to_document([page("안내", "1. 이용", "무료입니다.", "2. 휴관", "월요일입니다.", tables=(table,))]))
    assert list(found) == ["1. 이용", "2. 휴관", "요금표"]


def test_typeset_questions_and_answers_come_back_exactly(tmp_path: Path) -> None:
    asked_for = draw_pairs()
    back = read_back(tmp_path, asked_for, Layout(header="자주 묻는 질문"))
    assert sum(pair in back for pair in asked_for) >= 0.98 * len(asked_for), set(asked_for) - back


def read_back(folder: Path, pairs: list[tuple[str, str]], layout: Layout) -> set[tuple[str, str]]:
    """Return what is found in a PDF of these questions and answers, and check that all of it is proven."""
    paragraphs = [text for number, (q, a) in enumerate(pairs, 1) for text in (f"Q{number}. {q}", f"A. {a}")]
    typeset(folder / "faq.pdf", ["자주 묻는 질문", *paragraphs], layout)
    pages = extracted(folder)
    found_pairs, _ = found(*pages)
    check_proofs(found_pairs, pages)
    return {(pair.instruction, pair.output) for pair in found_pairs}


def draw_pairs() -> list[tuple[str, str]]:
    """Draw two hundred of the chatbot's pairs with a fixed seed, no question twice, since its answers would differ."""
    import csv
    from random import Random

    with shared("data", "chatbot_ko.csv").open(encoding="utf-8") as file:
        rows = {row["Q"]: row["A"] for row in csv.DictReader(file)}
    return Random(0).sample(sorted(rows.items()), 200)


def test_a_statute_gives_questions_mostly_without_numbers_of_articles_that_stand_on_their_pages(tmp_path: Path) -> None:
    (tmp_path / "law.pdf").symlink_to(shared("pdfs", "fsi_ko_law_efin.pdf"))
    pages = extracted(tmp_path)
    pairs, rejected = found(*pages)
    usable = [pair for pair in pairs if not is_too_long(pair.output, PARAMS.curate, PARAMS.predict.max_new_tokens)]
    assert {pair.kind for pair in usable} == {"article", "definition", "statement", "list", "reversed"}
    assert len(usable) >= 200
    assert sum("제" in pair.instruction and "조" in pair.instruction for pair in usable) <= 0.4 * len(usable)
    assert all(pair.instruction.startswith("전자금융거래법 제") for pair in usable if pair.kind == "article")
    assert not any("<개정" in pair.output or "<신설" in pair.output for pair in pairs)
    assert {row.reason for row in rejected} <= {"unfinished", "refers_elsewhere", "repealed"}
    check_evidence(pairs, pages)
    assert all(not_proven(pair.output, pair.evidence or "") is None for pair in pairs)


def test_an_english_page_of_questions_gives_its_answers(tmp_path: Path) -> None:
    (tmp_path / "faq.pdf").symlink_to(shared("pdfs", "wandb_en_faq.pdf"))
    pairs, _ = found(*extracted(tmp_path))
    assert {pair.instruction: pair.output for pair in pairs}["Can I place a preorder online?"] == (
        "Preorders are available on select items."
    )
    assert len(pairs) >= 20


@pytest.mark.parametrize(
    ("word", "particle"), [("주소", "는"), ("기간", "은"), ("VPN", "은"), ("NB-700", "은"), ("요금(원)", "은")]
)
def test_the_particle_fits_the_last_sound(word: str, particle: str) -> None:
    assert has_final_consonant(word) == (particle == "은")


def extracted(folder: Path) -> list[Page]:
    return [page for page in read_documents(folder, PARAMS.extract) if isinstance(page, Page)]


def test_the_samples_hold_two_hundred_distinct_facts_and_all_stand_on_their_page() -> None:
    pages = extracted(ROOT / "data/raw")
    pairs, _ = found(*pages)
    assert len({(pair.instruction, pair.output) for pair in pairs}) >= 200
    assert {"faq", "definition", "key_value", "statement", "table", "reversed"} <= {pair.kind for pair in pairs}
    check_proofs(pairs, pages)


def check_proofs(pairs: list[Pair], pages: list[Page]) -> None:
    check_evidence(pairs, pages)
    assert all(map(answer_is_in_evidence, pairs))


def check_evidence(pairs: list[Pair], pages: list[Page]) -> None:
    by_place = {(page.doc_id, page.page_number): page for page in pages}
    for pair in pairs:
        assert pair.place is not None
        assert pair.evidence
        assert quote(by_place[pair.doc_id, pair.page_number or 0], pair.place) == pair.evidence


def answer_is_in_evidence(pair: Pair) -> bool:
    """Tell whether the answer is an exact part of its evidence, marks of amendments aside. Articles drop more.

    The answer about a sentence may end in another way (쓰며 -> 쓴다, 쓰십시오 -> 써야 합니다), name the document for
    "이 규정", and begin with "네" or "아니요".
    """
    if pair.kind in ("statement", "list"):
        said = re.sub(r"(?<=야) 합니다\.$|(?<=는) 안 됩니다\.$", "", re.sub("^(?:아니요|네), ", "", pair.output))
        *words, last = said.split()
        held = unicodedata.normalize("NFD", pair.whole_evidence)
        stem = unicodedata.normalize("NFD", last)[:2]
        return stem in held and all(word[:2] in f"{pair.whole_evidence} {pair.instruction}" for word in words)
    plain = re.sub(r"<[^<>]*>|\[[^\[\]]*\]|\s", "", pair.whole_evidence)
    return re.sub(r"<[^<>]*>|\s", "", pair.output) in plain or pair.kind in ("article", "list")


def test_a_heading_that_names_nothing_tells_no_questions_apart() -> None:
    text = page(
        "하수도 관리 편람",
        "1. 처리 시설",
        "“슬러지”란 처리 시설에 가라앉은 물질을 말한다.",
        "참고",
        "“슬러지”란 하수를 거른 뒤에 남은 물질을 말한다.",
    )
    questions = [question for _, question, _ in asked(text) if "슬러지" in question]
    assert questions
    assert not any("참고" in question for question in questions)
