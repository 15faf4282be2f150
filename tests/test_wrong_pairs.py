"""Pairs of weak models that look proven and are not, kind by kind, each beside a pair of its kind that is right."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_build_qa import page

from pagetune.build_qa.answer_kinds import fault_of_claim
from pagetune.build_qa.draft import to_document
from pagetune.build_qa.parallel_clauses import of_another_part
from pagetune.build_qa.soundness import fault_of_answer, fault_of_question
from pagetune.build_qa.surroundings import Claim
from pagetune.records import Page, Table
from pagetune.text.evidence import find_evidence
from pagetune.text.pointing import points_at_passage, points_at_unnamed


def reason_of(source: Page, question: str, answer: str, evidence: str) -> str | None:
    place = find_evidence(evidence, source)
    assert place
    claim = Claim(question, answer, place, source, to_document([source]))
    fault = fault_of_question(question) or fault_of_answer(question, answer, evidence) or fault_of_claim(claim)
    return fault[0] if fault else None


@pytest.mark.parametrize(
    ("text", "question", "right", "wrong"),
    [
        ("전시실은 10시에 열고, 수장고는 13시에 엽니다.", "수장고는 몇 시에 여나요?", "13시", "10시"),
        ("어른은 8천 원이지만 어린이는 3천 원입니다.", "어린이는 얼마인가요?", "3천 원", "8천 원"),
        ("관장은 이도윤이며 부관장은 박서하이다.", "부관장은 누구인가요?", "박서하", "이도윤"),
        ("회원인 경우 5천 원, 아니면 1만 원을 냅니다.", "회원이 아니면 얼마를 내나요?", "1만 원", "5천 원"),
        ("사과와 배는 각각 3일과 5일 동안 보관합니다.", "배는 얼마 동안 보관하나요?", "5일", "3일"),
        ("철강(+2.1%), 조선(-3.4%), 화학(+0.7%)", "조선의 등락률은 얼마인가요?", "-3.4%", "+2.1%"),
        ("Adults pay 9 dollars, while children pay 4 dollars.", "How much do children pay?", "4 dollars", "9 dollars"),
        (
            "The pool and the gym cost 5 and 8 dollars, respectively.",
            "How much does the gym cost?",
            "8 dollars",
            "5 dollars",
        ),
        (
            "The east gate opens at 7 am; the west gate opens at 9 am.",
            "When does the west gate open?",
            "9 am",
            "7 am",
        ),
        ("접수(총무과), 031-555-0101 환불(재무과), 031-555-0202", "환불 전화번호는?", "031-555-0202", "031-555-0101"),
    ],
)
def test_an_answer_stands_in_the_clause_that_is_asked_about(text: str, question: str, right: str, wrong: str) -> None:
    assert of_another_part(question, right, text) is None
    assert of_another_part(question, wrong, text) is not None


_NAMES = ("수영장", "도서관", "체육관", "식물원", "미술관")


@settings(max_examples=25, deadline=None)
@given(
    st.permutations(_NAMES), st.lists(st.integers(2, 90), min_size=3, max_size=3, unique=True), st.sampled_from(",;\n")
)
def test_each_value_of_a_series_belongs_to_its_own_name(names: list[str], values: list[int], mark: str) -> None:
    text = f"{mark} ".join(f"{name}은 {value}분" for name, value in zip(names, values, strict=False))
    for asked in range(3):
        question = f"{names[asked]}은 몇 분인가요?"
        refused = [of_another_part(question, f"{value}분", text) is not None for value in values]
        assert refused == [number != asked for number in range(3)]


@pytest.mark.parametrize(
    ("question", "unnamed"),
    [
        ("이 약관은 언제부터 적용되나요?", True),
        ("여행자보험 약관은 언제부터 적용되나요?", False),
        ("제12조는 무엇에 관한 것인가요?", True),
        ("소비자기본법 제12조는 무엇에 관한 것인가요?", False),
        ("제2항에 따른 비용은 얼마인가요?", True),
        ("이 옵션을 켜면 어떻게 되나요?", True),
        ("'자동 저장' 옵션을 켜면 어떻게 되나요?", False),
        ("이 경우 수수료는 얼마인가요?", True),
        ("What does this paper propose?", True),
        ("What does Table 4 show?", True),
        ("What is the name of the printer?", True),
        ("What is the name of the paper mill in Ansan?", False),
        ("What is the cost of the other two plans?", True),
        ("Is it possible to cancel an order?", False),
    ],
)
def test_what_only_its_page_names_is_not_asked_for(question: str, unnamed: bool) -> None:
    assert (points_at_unnamed(question) is not None) is unnamed


@pytest.mark.parametrize(
    "question",
    [
        "다음 페이지로 이동하려면 어떻게 하나요?",
        "표에서 행을 추가하려면 어떻게 하나요?",
        "이 문서를 저장하려면 어떤 단추를 누르나요?",
        "위 단추를 누르면 어떻게 되나요?",
    ],
)
def test_what_is_done_in_a_program_is_not_the_passage(question: str) -> None:
    assert fault_of_question(question) is None


@pytest.mark.parametrize("question", ["표에서 가장 큰 값은 무엇인가요?", "위 표에 따르면 요금은 얼마인가요?"])
def test_a_table_that_is_read_is_the_passage(question: str) -> None:
    assert points_at_passage(question)


PAPER = page(
    "Sparse Widgets for Fast Lookup",
    "We pick K = 4 at random and fill the queue Q = init(K) { x }; // line 3",
    "Recall that n(K) grows with the depth, see Equation (7).",
    "[12] A. Kim, B. Lee, and C. Park, “Widgets for lookup,” in ICML, 2021. [Online]. Available: https://example.org",
    "The lookup of one widget takes 12 ms on a laptop.",
    "We tried depths between 2 and 40.",
    "While the queue has a fixed length, this does not limit the lookup.",
    "Several lookups have been proposed before.",
)


@pytest.mark.parametrize(
    ("question", "answer", "line", "reason"),
    [
        ("What is K?", "4", 1, "passage_dependent"),
        ("What is the final queue?", "Q = init(K) { x }; // line 3", 1, "not_text"),
        ("How does the depth grow?", "7", 2, "not_text"),
        ("What is widgets for lookup?", "A. Kim, B. Lee, and C. Park", 3, "not_text"),
        ("How long does the lookup of one widget take?", "12 ms", 4, None),
        ("What is the depth?", "40", 5, "not_about_question"),
        ("What is the limit of the queue?", "the queue has a fixed length", 6, "not_about_question"),
        ("What are the lookups?", "Several lookups have been proposed before.", 7, "not_about_question"),
    ],
)
def test_a_piece_of_a_paper_is_no_answer(question: str, answer: str, line: int, reason: str | None) -> None:
    assert reason_of(PAPER, question, answer, PAPER.text.split("\n")[line]) == reason


RULES = page(
    "한빛공원 운영규정",
    "제5조(요금) ① 요금의 산정방법은 행정안전부령으로 정한다.",
    "② 이용자는 사용일 3일 전까지 공원소장에게 신청서를 제출하여야 한다.",
    "③ 공원소장(이하 “소장”이라 한다)은 신청을 받으면 이용자에게 결과를 알려야 한다.",
    "④ 소음이 없는 행사는 밤 10시까지 열 수 있다.",
    "⑤ 위반한 자에게는 50만 원 이하의 과태료를 부과한다.",
    "⑥ 안전을 위하여 모닥불을 금지한다.",
)


@pytest.mark.parametrize(
    ("question", "answer", "line", "reason"),
    [
        ("요금의 산정방법은 무엇인가요?", "행정안전부령으로 정한다", 1, "passage_dependent"),
        ("요금의 산정방법은 무엇으로 정하나요?", "행정안전부령", 1, None),
        ("신청서는 누구에게 제출하나요?", "공원소장", 2, None),
        ("신청서는 누구에게 제출하나요?", "이용자", 2, "not_about_question"),
        ("신청서는 왜 제출하나요?", "사용일 3일 전까지", 2, "not_about_question"),
        ("신청서는 누가 제출하나요?", "사용일 3일 전", 2, "not_about_question"),
        ("소음이 있는 행사는 몇 시까지 열 수 있나요?", "밤 10시", 4, "not_about_question"),
        ("소음이 없는 행사는 몇 시까지 열 수 있나요?", "밤 10시", 4, None),
        ("위반한 자의 과태료는 얼마인가요?", "50만 원", 5, "not_about_question"),
        ("위반한 자의 과태료는 얼마인가요?", "50만 원 이하", 5, None),
        ("모닥불을 왜 금지하나요?", "안전을 위하여", 6, None),
        ("모닥불은 무엇인가요?", "안전을 위하여", 6, "not_text"),
        ("내용은 무엇인가요?", "모닥불을 금지한다", 6, "passage_dependent"),
    ],
)
def test_an_answer_is_what_the_question_word_asks_for(
    question: str, answer: str, line: int, reason: str | None
) -> None:
    assert reason_of(RULES, question, answer, RULES.text.split("\n")[line]) == reason


PRICES = page("요금").model_copy(
    update={
        "tables": [
            Table(
                caption="대관료",
                rows=[
                    ["시설", "요금 가형", "요금 나형", "주말/공휴일"],
                    ["강당", "7만 원", "9만 원", "12만 원"],
                    ["다목적실", "1만 원", "2만 원", "4만 원"],
                    ["다목적실", "3만 원", "5만 원", "6만 원"],
                ],
            )
        ]
    }
)


@pytest.mark.parametrize(
    ("question", "answer", "row", "reason"),
    [
        ("강당의 나형 요금은 얼마인가요?", "9만 원", 1, None),
        ("강당의 나형 요금은 얼마인가요?", "7만 원", 1, "not_about_question"),
        ("강당의 주말 요금은 얼마인가요?", "12만 원", 1, None),
        ("강당의 주말 요금은 얼마인가요?", "9만 원", 1, "not_about_question"),
        ("다목적실의 가형 요금은 얼마인가요?", "1만 원", 2, "not_about_question"),
    ],
)
def test_a_cell_is_of_the_one_column_and_row_that_are_asked_for(
    question: str, answer: str, row: int, reason: str | None
) -> None:
    assert reason_of(PRICES, question, answer, " | ".join(PRICES.tables[0].rows[row])) == reason


@pytest.mark.parametrize(
    ("text", "question", "answer", "is_kept"),
    [
        ("접수비는 2만 원이라고 적으시오.", "접수비는 얼마인가요?", "2만 원", False),
        ("접수비는 2만 원이라고 적으시오.", "접수비는 얼마라고 적나요?", "2만 원", True),
        ("접수비는 2만 원입니다.", "접수비는 얼마인가요?", "2만 원", True),
    ],
)
def test_an_order_to_say_something_does_not_state_it(text: str, question: str, answer: str, is_kept: bool) -> None:
    assert (reason_of(page("접수 안내", text), question, answer, text) is None) is is_kept
