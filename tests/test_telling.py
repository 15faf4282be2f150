"""Sentences that only order what to say, and those that say what people have to do: which of them prove an answer."""

import pytest
from test_build_qa import page

from pagetune.build_qa.draft import to_document
from pagetune.build_qa.surroundings import Claim
from pagetune.build_qa.telling import only_ordered
from pagetune.text.evidence import find_evidence


def is_ordered(question: str, answer: str, evidence: str) -> bool:
    source = page("안내", evidence)
    place = find_evidence(evidence, source)
    assert place
    return only_ordered(Claim(question, answer, place, source, to_document([source]))) is not None


@pytest.mark.parametrize(
    ("question", "answer", "evidence"),
    [
        ("계약 기간은 얼마인가요?", "1년", "계약 기간은 1년으로 할 것."),
        ("요금은 무엇으로 납부하나요?", "이체", "요금은 이체로 하는 것을 원칙으로 합니다."),
        ("회의는 어디에서 하나요?", "대회의실", "회의 장소는 대회의실로 할 것."),
        ("사고는 언제까지 신고하나요?", "3일 이내", "사고는 3일 이내로 신고하는 것을 원칙으로 한다."),
        ("When is an accident due?", "within 24 hours", "Drivers must report accidents within 24 hours."),
        ("How is a reason given?", "in writing", "Members must state the reason in writing."),
        ("What is due to the bank?", "the loss", "Report the loss to the bank within 24 hours."),
        ("By when is a guest heard from?", "by 5 May", "Please reply by 5 May."),
        ("How many tasks are there?", "10 questions", "Candidates must answer 10 questions in an hour."),
        ("How early is leave filed?", "2 weeks", "Staff should report 2 weeks in advance."),
        ("Who hears of a leak?", "the plant manager", "Always tell the plant manager about a leak."),
        ("What is the ink?", "black ink", "Please write in black ink."),
    ],
)
def test_what_people_have_to_do_is_stated(question: str, answer: str, evidence: str) -> None:
    assert not is_ordered(question, answer, evidence)


@pytest.mark.parametrize(
    ("question", "answer", "evidence"),
    [
        ("수수료는 얼마인가요?", "무료", "수수료는 무료로 안내할 것."),
        ("수수료는 얼마인가요?", "무료", "수수료는 무료로 답변하는 것을 원칙으로 한다."),
        ("할인은 언제부터 적용되나요?", "5월 1일", "할인은 5월 1일부터라고 적을 것."),
        ("이 제도의 목적은 무엇인가요?", "절약", "제도의 취지는 절약이라고 적을 것."),
        ("매장의 면적은 얼마인가요?", "99평", "매장은 99평이라고 안내할 것."),
        ("주말 요금은 얼마인가요?", "9원", "요금은 9원이라고 말할 것."),
        ("안내 데스크는 몇 층인가요?", "9층", "데스크는 9층이라고 안내하십시오."),
        ("쓰레기는 언제 내놓나요?", "자정", "배출 시간은 자정이라고 답할 것."),
        ("양말의 가격은 얼마인가요?", "9원", "값은 9원이라고 기재할 것."),
        ("연말 한도는 얼마인가요?", "9억", "한도는 9억이라고 적을 것."),
        ("What is the fee?", "0 won", "Always say that the fee is 0 won."),
        ("What is the fee?", "0 won", "Staff must state that the fee is 0 won."),
        ("What is the fee?", "$9", "You must report $9."),
        ("What is the fee?", "free", "You should always say free."),
        ("What is the fee?", "9 won", "Please answer with 9 won."),
        ("Is the pool open?", "the pool is open", "Tell visitors the pool is open."),
        ("What is the limit?", "three days", "When in doubt, say three days."),
    ],
)
def test_what_is_only_told_to_be_said_is_not(question: str, answer: str, evidence: str) -> None:
    assert is_ordered(question, answer, evidence)


@pytest.mark.parametrize(
    ("question", "answer", "evidence"),
    [
        ("성명란에는 무엇을 적나요?", "본명", "성명란에는 본명이라고 적을 것."),
        ("비고에는 뭐라고 써야 하나요?", "해당 없음", "비고에는 해당 없음이라고 쓸 것."),
        ("수수료는 얼마라고 안내해야 하나요?", "무료", "수수료는 무료로 안내할 것."),
        ("목적란에는 무엇을 기재하나요?", "여행", "목적은 여행이라고 기재할 것."),
        ("무엇이라고 답변을 해야 하나요?", "확인 중", "확인 중이라고 답변할 것."),
        ("What must the clerk say?", "0 won", "The clerk must say that it is 0 won."),
    ],
)
def test_an_order_answers_what_has_to_be_said(question: str, answer: str, evidence: str) -> None:
    assert not is_ordered(question, answer, evidence)
