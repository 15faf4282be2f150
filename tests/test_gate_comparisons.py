"""Answers that compare the rows of a table are computed, and answers that a surer passage contradicts are refused."""

import pytest

from pagetune.records import Page, Table
from pagetune.search.comparisons import compared
from pagetune.search.support import Evidence

BOATS = Table(
    caption="배 대여",
    rows=[
        ["배", "대여료", "정원", "점검일"],
        ["카약", "2만 원", "2명", "2026년 4월 2일"],
        ["오리배", "3만 원", "4명", "2026년 3월 9일"],
        ["큰 보트", "7만 원", "6명", "2026년 4월 20일"],
        ["작은 보트", "5만 원", "4명", "2026년 5월 1일"],
    ],
)
TICKETS = Table(
    caption="Tickets",
    rows=[["Ticket", "Price", "Duration"], ["Day pass", "$12", "8 hours"], ["Evening pass", "$7", "3 hours"]],
)


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("대여료가 가장 비싼 배는 무엇인가요?", "큰 보트", "카약"),
        ("빌리는 데 제일 싼 배가 뭐예요?", "카약입니다.", "오리배입니다."),
        ("카약이랑 오리배 중에 뭐가 더 비싸요?", "오리배", "카약"),
        ("큰 보트와 작은 보트 가운데 어느 쪽이 더 저렴해요?", "작은 보트", "큰 보트"),
        ("정원이 가장 많은 배는요?", "큰 보트", "작은 보트"),
        ("카약과 오리배 중 먼저 점검하는 것은 무엇입니까?", "오리배", "카약"),
        ("카약과 오리배의 대여료 차이는 얼마인가요?", "10,000원", "2만 원"),
        ("큰 보트하고 카약은 정원이 몇 명 차이 나요?", "4명", "2명"),
    ],
)
def test_rows_are_compared_as_the_question_asks(question: str, right: str, wrong: str) -> None:
    found = compared(question, right, BOATS)
    assert found is not None
    assert found.agrees
    other = compared(question, wrong, BOATS)
    assert other is None or not other.agrees


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("Which ticket has the lowest price?", "Evening pass", "Day pass"),
        ("Which ticket is the cheapest?", "The evening pass", "The day pass"),
        ("What is the difference in price between Day pass and Evening pass?", "$5", "$7"),
    ],
)
def test_english_rows_are_compared(question: str, right: str, wrong: str) -> None:
    found = [compared(question, answer, TICKETS) for answer in (right, wrong)]
    assert [one.agrees if one else None for one in found] == [True, False]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("카약의 대여료는 얼마인가요?", "2만 원"),
        ("정원이 가장 많은 배는요?", "나룻배"),
        ("먼저 무엇을 해야 하나요?", "카약"),
        ("가장 예쁜 배는 무엇인가요?", "카약"),
    ],
)
def test_nothing_is_compared_where_no_row_or_no_number_is_asked_for(question: str, answer: str) -> None:
    assert compared(question, answer, BOATS) is None


def test_rows_that_tie_are_no_answer_by_themselves() -> None:
    tied = BOATS.model_copy(update={"rows": [*BOATS.rows, ["뗏목", "7만 원", "3명", "2026년 6월 1일"]]})
    found = compared("대여료가 가장 비싼 배는 무엇인가요?", "큰 보트", tied)
    assert found is not None
    assert not found.agrees


RULES = """물소리나루 이용 규칙
제1조(대여) 배는 출발 10분 전까지 대여소에서 빌린다.
제2조(이용 기간) 이용권은 마지막으로 이용한 날부터 5년이 지나면 소멸한다.
제3조(적립금) 적립금은 쌓인 날부터 2년 동안 이용하지 않으면 소멸한다."""
HOURS = Table(
    caption="선착장",
    rows=[
        ["선착장", "운영시간", "위치", "연락처"],
        ["은빛 선착장", "오전 9시~오후 6시", "1층 서쪽", "031-555-0111"],
        ["금빛 선착장", "오전 10시~오후 5시", "2층 동쪽", "031-555-0112"],
        ["낚시 상담실", "오전 11시~오후 3시", "3층 302호", "031-555-0113"],
    ],
)
LANDING = Table(
    caption="물소리나루",
    rows=[["항목", "내용"], ["대표전화", "031-555-0100"], ["팩스번호", "031-555-0101"]],
)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence(
        [
            Page(
                doc_id="나루",
                source_sha256="",
                page_number=1,
                text=RULES,
                tables=[BOATS, HOURS, LANDING],
                quality={},
                status="ok",
                reason=None,
            )
        ]
    )


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("물소리나루에서 대여료가 가장 비싼 배는 무엇인가요?", "큰 보트", "카약"),
        ("카약과 오리배의 대여료 차이는 얼마인가요?", "1만 원", "2만 원"),
        ("물소리나루 이용권은 안 쓰면 몇 년 지나서 소멸하나요?", "5년", "2년"),
        ("물고기 낚는 거 상담받고 싶은데 몇 층으로 가요?", "3층 302호", "2층 동쪽"),
        ("팩스번호가 031-555-0101인 곳은 어디인가요?", "물소리나루", "은빛 선착장"),
        ("은빛 선착장의 운영시간은요?", "오전 9시~오후 6시", "오전 10시~오후 5시"),
    ],
)
def test_the_gate_tells_the_answer_that_fits_from_its_neighbour(
    evidence: Evidence, question: str, right: str, wrong: str
) -> None:
    assert evidence.support(question, right).verdict == "supported"
    assert evidence.support(question, wrong).verdict != "supported"


def test_the_hours_are_no_answer_to_another_time(evidence: Evidence) -> None:
    assert evidence.support("은빛 선착장의 점심 휴게 시간은 언제인가요?", "오전 9시~오후 6시").verdict != "supported"
    assert evidence.support("은빛 선착장의 점심시간은 언제예요?", "오전 9시~오후 6시").verdict != "supported"
    assert evidence.support("은빛 선착장의 영업시간은 언제인가요?", "오전 9시~오후 6시").verdict == "supported"


def test_a_computed_answer_about_a_foreign_subject_is_not_supported(evidence: Evidence) -> None:
    answer = "오전 10시~오후 5시"
    assert evidence.support("금빛 선착장의 운영시간은요?", answer).verdict == "supported"
    assert evidence.support("구리빛 선착장에서 대여료가 가장 비싼 배는 무엇인가요?", "큰 보트").verdict != "supported"
