"""Answers that a real model of 1.5 billion parameters wrote, and others of their kinds: which of them are kept."""

import pytest
from test_build_qa import page

from pagetune.build_qa.answer_kinds import fault_of_claim, wrong_kind
from pagetune.build_qa.draft import to_document
from pagetune.build_qa.soundness import Fault, fault_of_answer, fault_of_question, without_number
from pagetune.build_qa.surroundings import Claim
from pagetune.records import Page, Table
from pagetune.text.evidence import find_evidence

LAW = page(
    "전자서명 규정",
    "제17조(시정명령) 장관은 사업자에게 기간을 정하여 시정을 명할 수 있다. <개정 2021. 10. 19.>",
    "제18조(보고) 사업자는 다음 각 호의 사항을 적은 보고서를 매년 3월 10일까지 제출하여야 한다.",
)
FAQ = page("태블릿 안내", "Q12. Which charging port does the tablet use?", "A. It has a single USB-C port.")
FORM = Table(
    caption="투자 신탁",
    rows=[
        ["설정일", "2016. 5. 2.", "설정액", "96억 원"],
        ["환매수수료", "해당사항없음", "선취수수료", "납입금액의 1% 이내"],
    ],
    layout="form",
)
STAFF = Table(
    caption="보건소 연락처",
    rows=[
        ["부서", "담당자", "전화번호"],
        ["보건행정팀", "옥지안 팀장", "031-555-0221"],
        ["감염병대응팀", "모해린 주무관", "031-555-0222"],
    ],
)
TABLES = page("안내").model_copy(update={"tables": [FORM, STAFF]})


def fault_of(source: Page, question: str, answer: str, evidence: str) -> Fault | None:
    place = find_evidence(evidence, source)
    assert place
    claim = Claim(question, answer, place, source, to_document([source]))
    return fault_of_question(question) or fault_of_answer(question, answer, evidence) or fault_of_claim(claim)


@pytest.mark.parametrize(
    ("question", "answer", "evidence", "reason"),
    [
        ("시정을 명할 수 있는 기간은 어떻게 정하나요?", "10. 19.", LAW.text.split("\n")[1], "not_in_evidence"),
        (
            "사업자는 시정명령을 어기면 어떻게 되나요?",
            "사업자는 법적 처분을 받습니다.",
            "시정을 명할 수 있다",
            "not_in_evidence",
        ),
        (
            "사업자는 무엇을 제출하나요?",
            "다음 각 호의 사항을 적은 보고서",
            LAW.text.split("\n")[2],
            "passage_dependent",
        ),
        ("사업자는 언제까지 제출하여야 하나요?", "보고서", LAW.text.split("\n")[2], "not_about_question"),
        ("사업자는 보고서를 언제까지 제출하나요?", "매년 3월 10일까지", LAW.text.split("\n")[2], None),
        ("전자서명 규정 제17조는 언제 개정되었나요?", "2021. 10. 19.", LAW.text.split("\n")[1], None),
    ],
)
def test_an_answer_rests_on_its_evidence(question: str, answer: str, evidence: str, reason: str | None) -> None:
    found = fault_of(LAW, question, answer, evidence)
    assert (found and found[0]) == reason


@pytest.mark.parametrize(
    ("question", "answer", "row", "is_kept"),
    [
        ("투자 신탁의 설정일은 언제인가요?", "설정일은 96억 원입니다.", FORM.rows[0], False),
        ("투자 신탁의 설정일은 언제인가요?", "2016. 5. 2.", FORM.rows[0], True),
        ("투자 신탁의 환매수수료는 어떤 기준으로 청구되나요?", "납입금액의 1% 이내", FORM.rows[1], False),
        ("투자 신탁의 선취수수료는 얼마인가요?", "납입금액의 1% 이내", FORM.rows[1], True),
        ("보건소의 전화번호는 무엇인가요?", "031-555-0221", STAFF.rows[1], False),
        ("보건행정팀의 전화번호는 무엇인가요?", "031-555-0221", STAFF.rows[1], True),
        ("보건행정팀의 전화번호는 무엇인가요?", "옥지안 팀장", STAFF.rows[1], False),
    ],
)
def test_an_answer_is_from_the_row_and_the_label_that_are_asked_for(
    question: str, answer: str, row: list[str], is_kept: bool
) -> None:
    assert (fault_of(TABLES, question, answer, " | ".join(row)) is None) is is_kept


@pytest.mark.parametrize(
    ("question", "answer", "evidence", "reason"),
    [
        (
            "Which charging port does the tablet use?",
            "Yes",
            "Q12. Which charging port does the tablet use?",
            "not_in_evidence",
        ),
        (
            "What is the name of the section?",
            "Q12",
            "Q12. Which charging port does the tablet use?",
            "passage_dependent",
        ),
        (
            "When you charge it, use the USB-C port. It has a single one",
            "USB-C",
            "A. It has a single USB-C port.",
            "not_a_question",
        ),
        ("What port does the tablet have?", "a single USB-C port", "A. It has a single USB-C port.", None),
    ],
)
def test_a_text_is_asked_about_and_answered_by_what_it_says(
    question: str, answer: str, evidence: str, reason: str | None
) -> None:
    found = fault_of(FAQ, question, answer, evidence)
    assert (found and found[0]) == reason


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What happens when a notebook reaches 999 pages?", False),
        ("책을 언제든지 반납할 수 있나요?", False),
        ("When does the library open?", True),
        ("도서관은 언제 여나요?", True),
    ],
)
def test_only_a_question_for_a_time_wants_one(question: str, asks: bool) -> None:
    place = find_evidence("A. It has a single USB-C port.", FAQ)
    assert place
    claim = Claim(question, "USB-C", place, FAQ, to_document([FAQ]))
    assert (wrong_kind(claim) is not None) is asks


@pytest.mark.parametrize(
    ("headers", "first", "second"),
    [
        (("1분기", "2분기"), "1분기", "2분기"),
        (("1 분기", "2 분기"), "1분기", "2분기"),
        (("2023년", "2024년"), "2023년", "2024년"),
        (("2023", "2024"), "2023년", "2024년"),
        (("2023년(억 원)", "2024년(억 원)"), "2023년", "2024년"),
        (("1월", "11월"), "1월", "11월"),
        (("1주차", "12주차"), "1주차", "12주차"),
        (("Q1", "Q2"), "Q1", "Q2"),
    ],
)
def test_the_value_of_another_period_is_refused(headers: tuple[str, str], first: str, second: str) -> None:
    rows = [["지점", *headers], ["종로점", "31억 원", "47억 원"], ["마포점", "12억 원", "25억 원"]]
    source = page("매출 안내").model_copy(update={"tables": [Table(caption="매출", rows=rows)]})
    for asked, right, wrong in ((first, "31억 원", "47억 원"), (second, "47억 원", "31억 원")):
        question = f"종로점의 {asked} 매출은 얼마인가요?"
        assert fault_of(source, question, right, " | ".join(rows[1])) is None
        assert fault_of(source, question, wrong, " | ".join(rows[1]))


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("연락처가 바뀌면 며칠 이내에 신고해야 하나요?", False),
        ("전화번호를 바꾸려면 어디로 가야 하나요?", False),
        ("전화번호를 잘못 적으면 어떻게 되나요?", False),
        ("연락처는 누가 관리하나요?", False),
        ("비상 연락처는 몇 명까지 등록하나요?", False),
        ("전화번호 변경은 어디에서 하나요?", False),
        ("What happens when your phone number changes?", False),
        ("Who keeps the telephone number of a guest?", False),
        ("보건소의 전화번호는 무엇인가요?", True),
        ("담당자 연락처를 알려 주세요.", True),
        ("접수처 연락처는?", True),
        ("총무과 전화 번호가 어떻게 되나요?", True),
        ("관리사무소 전화번호 좀 알려 줘", True),
        ("민원은 몇 번으로 전화하나요?", True),
        ("문의 전화번호는 몇 번인가요?", True),
        ("What is the phone number of the desk?", True),
        ("Which telephone number is for refunds?", True),
    ],
)
def test_only_a_question_for_a_telephone_number_wants_one(question: str, asks: bool) -> None:
    place = find_evidence("A. It has a single USB-C port.", FAQ)
    assert place
    claim = Claim(question, "USB-C 3개월 이내", place, FAQ, to_document([FAQ]))
    assert (wrong_kind(claim) is not None) is asks


def test_a_document_as_a_whole_is_not_asked_about() -> None:
    found = fault_of(
        LAW, "전자서명 규정에 대해 설명해 줘", "기간을 정하여 시정을 명할 수 있다", "기간을 정하여 시정을 명할 수 있다"
    )
    assert found
    assert found[0] == "not_about_question"


def test_a_question_is_not_its_own_answer_with_a_number_before_it() -> None:
    question = without_number("Q12. Which charging port does the tablet use?")
    assert question == "Which charging port does the tablet use?"
    found = fault_of(FAQ, question, f"Q12. {question}", f"Q12. {question}")
    assert found
    assert found[0] == "answer_in_question"


@pytest.mark.parametrize("question", ["2026년 요금은 얼마인가요?", "3D 안경은 얼마인가요?", "Quota는 얼마인가요?"])
def test_numbers_that_belong_to_a_question_stay(question: str) -> None:
    assert without_number(question) == question


def test_yes_does_not_answer_in_korean() -> None:
    found = fault_of(LAW, "장관은 시정을 명할 수 있나요?", "Yes", "시정을 명할 수 있다")
    assert found
    assert found[0] == "other_language"
