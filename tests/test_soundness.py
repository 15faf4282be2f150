"""Questions and answers of weak models, and the proof that evidence is about the question."""

import json
from pathlib import Path

import pytest
from llm_server import Body, Reply, task_of
from test_build_qa import page
from test_generate import generated

from pagetune.build_qa.soundness import fault_of_answer, fault_of_question
from pagetune.records import Page, Table


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    "question",
    [
        "센터의 주소는 어디인가요?", "주소는?", "예금자보호제도란?", "환불 규정을 설명하세요.", "환불 규정을 설명해 줘",
        "신청 자격을 알려 주세요.", "예금자 보호란 무엇인가", "누가 신청하나요", "Describe the refund policy.",
        "What is the limit", "In which year was it founded?", "Can I cancel my order?",
    ],
)  # fmt: skip
def test_what_asks_is_a_question(question: str) -> None:
    assert fault_of_question(question) is None


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("이체 한도는 9억 원입니다.", "not_a_question"),
        ("이체 한도는 9억 원입니다?", "not_a_question"),
        ("이체 한도 안내", "not_a_question"),
        ("신청서를 제출하세요.", "not_a_question"),
        ("The limit is 5 million won.", "not_a_question"),
        ("The limit is 5?", "not_a_question"),
        ("한도는 얼마이며 언제 바뀌나요?", "two_questions"),
        ("한도는 얼마인가요? 전화번호는?", "two_questions"),
        ("What is the fee and when is it due?", "two_questions"),
        ("이 글은 무엇에 대한 것인가요?", "passage_dependent"),
        ("위 표의 제목은 무엇인가요?", "passage_dependent"),
        ("What is the passage about?", "passage_dependent"),
        ("무엇인가요 무엇인가요 무엇인가요 무엇인가요?", "repeats_itself"),
    ],
)
def test_what_is_not_one_question_is_named(question: str, reason: str) -> None:
    fault = fault_of_question(question)
    assert fault is not None
    assert fault[0] == reason


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("한도는 얼마인가요?", "한도는 얼마인가요?", "answer_in_question"),
        ("한도는 무엇인가요?", "한도는", "answer_in_question"),
        ("한도는 얼마인가요?", "한도는 얼마인가요? 한도입니다.", "answer_in_question"),
        ("3% 예금의 금리는?", "3%", "answer_in_question"),
        ("What is the refund policy?", "The refund policy.", "answer_in_question"),
        ("한도는 얼마인가요?", "글에 나와 있지 않습니다.", "refusal"),
        ("What is the limit?", "I don't know", "refusal"),
        ("한도는?", '{"limit": 5}', "not_text"),
        ("한도는?", "<b>9억</b>", "not_text"),
        ("한도는?", "print(x);", "not_text"),
        ("한도는?", "9억 원, 9억 원, 9억 원, 9억 원", "repeats_itself"),
        ("한도는?", "The limit is 900 million won for a day", "other_language"),
        ("What is the limit?", "한도는 9억 원입니다.", "other_language"),
        ("한도는?", "限度是9億", "other_language"),
        ("접수 방법은?", "…", "unanswered"),
        ("주소는?", "What is the address?", "unanswered"),
    ],
)
def test_what_is_not_an_answer_is_named(question: str, answer: str, reason: str) -> None:
    fault = fault_of_answer(question, answer, "")
    assert fault is not None
    assert fault[0] == reason


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("외국인도 신청할 수 있나요?", "신청할 수 있습니다."),
        ("환불이 되나요?", "네"),
        ("A와 B 중 무엇이 유료인가요?", "B"),
        ("예금이란 무엇인가요?", "예금이란 돈을 맡기는 것입니다."),
        ("담당 부서는?", "총무과"),
        ("Who runs it?", "Kim"),
    ],
)
def test_what_answers_is_an_answer(question: str, answer: str) -> None:
    assert fault_of_answer(question, answer, "") is None


def saying(question: str, answer: str, evidence: str) -> Reply:
    def reply(body: Body, _: int) -> str:
        said = {"questions": [question]} if task_of(body) == "questions" else {"answer": answer, "evidence": evidence}
        return json.dumps(said, ensure_ascii=False)

    return reply


def reason_of(own: Page, question: str, answer: str, evidence: str) -> str | None:
    """Return why the pair is rejected, or None where it is kept."""
    pairs, ledger = generated(saying(question, answer, evidence), own)
    return None if pairs else ledger.rejected[-1].reason


BESIDE, EXAMPLE = "not_about_question", "example_only"
ACCOUNTS = page(
    "상품 안내",
    "정기예금의 가입 기간은 12개월입니다. 정기적금의 가입 기간은 36개월입니다.",
    "온라인 대출은 지점에서 신청할 수 없습니다.",
    "예를 들어 적금의 이자는 3만 원입니다.",
    "2023년 매출은 50억 원입니다. 2024년 매출은 70억 원입니다.",
)
COURSES = page(
    "과정 안내",
    tables=(
        Table(
            caption="과정표",
            rows=[["과정", "요금", "정원"], ["입문", "9만 원", "20명"], ["심화", "8만 원", "15명"]],
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("own", "question", "answer", "evidence", "reason"),
    [
        (ACCOUNTS, "정기예금의 가입 기간은 얼마인가요?", "12개월", "정기예금의 가입 기간은 12개월입니다.", None),
        (ACCOUNTS, "정기예금의 가입 기간은 얼마인가요?", "36개월", "정기적금의 가입 기간은 36개월입니다.", BESIDE),
        (ACCOUNTS, "정기예금의 가입 기간은 얼마인가요?", "12개월", "12개월", BESIDE),
        (ACCOUNTS, "온라인 대출은 어디서 신청하나요?", "지점", "온라인 대출은 지점에서 신청할 수 없습니다.", BESIDE),
        (ACCOUNTS, "적금의 이자는 얼마인가요?", "3만 원", "예를 들어 적금의 이자는 3만 원입니다.", EXAMPLE),
        (ACCOUNTS, "적금의 이자는 얼마인가요?", "3만 원", "적금의 이자는 3만 원입니다.", EXAMPLE),
        (ACCOUNTS, "2023년 매출은 얼마인가요?", "50억 원", "2023년 매출은 50억 원입니다.", None),
        (ACCOUNTS, "2023년 매출은 얼마인가요?", "70억 원", "2024년 매출은 70억 원입니다.", BESIDE),
        (COURSES, "심화 과정의 요금은 얼마인가요?", "8만 원", "심화 | 8만 원 | 15명", None),
        (COURSES, "심화 과정의 요금은 얼마인가요?", "9만 원", "입문 | 9만 원 | 20명", BESIDE),
        (COURSES, "심화 과정의 정원은 몇 명인가요?", "8만 원", "심화 | 8만 원 | 15명", BESIDE),
        (COURSES, "심화 과정의 요금은 얼마인가요?", "15명", "심화 | 8만 원 | 15명", BESIDE),
    ],
)  # fmt: skip
def test_evidence_states_what_the_question_asks_about(
    own: Page, question: str, answer: str, evidence: str, reason: str | None
) -> None:
    assert reason_of(own, question, answer, evidence) == reason


@pytest.mark.parametrize(("heading", "reason"), [("대출 한도", None), ("고객 창구", "not_about_question")])
def test_a_bare_amount_is_proof_only_below_a_heading_that_says_what_it_is(heading: str, reason: str | None) -> None:
    own = page("안내", f"2. {heading}", "9억 9천만 원까지 됩니다.")
    assert reason_of(own, "대출 한도는 얼마인가요?", "9억 9천만 원", "9억 9천만 원") == reason


def test_a_subject_named_in_the_sentence_before_is_enough_unless_another_one_is_named() -> None:
    own = page("안내", "별빛통장은 학생만 만듭니다. 가입 기간은 12개월입니다. 달빛통장의 한도는 5만 원입니다.")
    assert reason_of(own, "별빛통장의 가입 기간은 얼마인가요?", "12개월", "가입 기간은 12개월입니다.") is None
    assert (
        reason_of(own, "별빛통장의 한도는 얼마인가요?", "5만 원", "달빛통장의 한도는 5만 원입니다.")
        == "not_about_question"
    )
