"""What single words make of a question or an answer: two texts, an example that is copied, a place to fill in."""

import pytest
from test_build_qa import page

from pagetune.build_qa.asking.compared import names_the_texts
from pagetune.build_qa.asking.examples import copies_example
from pagetune.build_qa.debris import is_debris
from pagetune.build_qa.draft import to_document
from pagetune.build_qa.surroundings import Claim
from pagetune.params.asking import ShownExample
from pagetune.text.evidence import find_evidence


@pytest.mark.parametrize(
    "text",
    [
        "두 글의 차이는 무엇인가요?",
        "두 표에서 수수료는 어떻게 다른가요?",
        "각 표는 무엇을 보여 주나요?",
        "앞 글과 뒤 글을 비교해 주세요.",
        "첫 번째 지문에 따르면 얼마인가요?",
        "What do the two texts have in common?",
    ],
)
def test_the_two_texts_are_recognised(text: str) -> None:
    assert names_the_texts(text)


@pytest.mark.parametrize(
    "text",
    [
        "두 상품은 모두 표준약관을 따르나요?",
        "A와 B는 각각 표면 온도가 몇 도인가요?",
        "두 표준약관의 해지 기간은 어떻게 다른가요?",
        "각 표본의 크기는 얼마인가요?",
        "두 글로벌 펀드의 보수는 어떻게 다른가요?",
        "두 표시 방법은 어떻게 다른가요?",
        "두 본문화재단은 어떻게 다른가요?",
        "건물 앞 표지판과 뒤 표지판은 어떻게 다른가요?",
    ],
)
def test_words_that_begin_like_a_table_or_a_text_name_none(text: str) -> None:
    assert not names_the_texts(text)


SHOWN = "신청서는 어디에 내나요?"


@pytest.mark.parametrize(
    ("example", "question", "copies"),
    [
        (SHOWN, "신청서는 어디로 내나요?", True),
        (SHOWN, "신청서를 어디에 내야 합니까?", True),
        (SHOWN, "신청서는 언제 내나요?", False),
        (SHOWN, "신청서는 누가 내나요?", False),
        (SHOWN, "신청서는 어떻게 내나요?", False),
        ("신청서는 언제까지 내나요?", "신청서는 언제부터 내나요?", False),
        ("신청서는 누가 내나요?", "신청서는 누구가 내야 하나요?", True),
        ("회비는 얼마인가요?", "회비는 얼마죠?", True),
        ("회비는 왜 내나요?", "회비는 얼마나 내나요?", False),
        ("Where is the hall?", "Where's the hall?", True),
        ("Where is the hall?", "Who is in the hall?", False),
    ],
)
def test_a_copy_asks_for_the_same_of_the_same_subject(example: str, question: str, copies: bool) -> None:
    shown = [ShownExample(question=example, answer="답")]
    assert copies_example(question, shown, "안내") is copies


def debris_of(answer: str) -> str | None:
    source = page("안내", answer)
    place = find_evidence(answer, source)
    assert place
    return is_debris(Claim("회비는 얼마인가요?", answer, place, source, to_document([source])))


@pytest.mark.parametrize(
    "answer",
    [
        "○ 월 회비는 5,000원입니다.",
        "○월 회비는 5,000원입니다.",
        "○ 일 1회 운영합니다.",
        "○ 년 2회 점검합니다.",
        "회비는 다음과 같습니다. ○ 월 5,000원입니다.",
        "ㅇ 일 이용료는 3천 원입니다.",
        "5월 1일",
    ],
)
def test_the_mark_of_an_item_is_not_a_place_to_fill_in(answer: str) -> None:
    assert debris_of(answer) is None


@pytest.mark.parametrize(
    "answer", ["20oo년 o월 o일", "○월 ○일", "○ 월 ○ 일까지", "매월 ○일", "2026년 ○월", "○○년", "접수는 o월 중입니다."]
)
def test_a_date_to_fill_in_is_not_an_answer(answer: str) -> None:
    assert debris_of(answer)
