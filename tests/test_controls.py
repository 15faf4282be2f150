"""Answers that need no model."""

import pytest
from conftest import ROOT
from test_prompts import TEMPLATE, example

from pagetune.errors import UserError
from pagetune.evaluate.controls import echo, instruction_of, lookup
from pagetune.params import load_params


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("금융보안교육센터의 주소?", "금융보안교육센터의 주소입니다."),
        ("센터의 주소는 무엇인가요?", "센터의 주소입니다."),
        ("정보보호팀의 전화번호는 몇 번인가요?", "정보보호팀의 전화번호입니다."),
        ("주차는 몇 시간까지 되나요?", "주차는 시간까지 됩니다."),
        ("정산은 어디에서 하고 있나요?", "정산은 하고 있습니다."),
        ("회의실은 어디에서 예약합니까?", "회의실은 예약합니다."),
        ("센터의 주소를 알려 주세요.", "센터의 주소입니다."),
        ("최고 온도가 궁금합니다.", "최고 온도입니다."),
        ("왜관역은 어디인가요?", "왜관역입니다."),
        ("언제나 이용할 수 있나요?", "언제나 이용할 수 있습니다."),
        ("가방이 크니까 어디에 두나요?", "가방이 크니까 둡니다."),
        ("몇 층인가요?", "몇 층인가요입니다."),
        ("What is the fee for late returns?", "It is the fee for late returns."),
    ],
)
def test_an_echo_has_the_questions_words_and_no_others(question: str, answer: str) -> None:
    assert echo(question) == answer


def test_the_question_is_what_the_template_holds() -> None:
    template = load_params(ROOT / "params.yaml").prompt.template
    assert instruction_of(template.replace("{instruction}", "A: 주소?"), template) == "A: 주소?"


def test_lookup_gives_the_answer_of_the_training_question_most_like_it() -> None:
    train = [example("센터의 전화?", "02-555"), example("센터의 주소는?", "서울"), example("요금?", "9만 원")]
    assert lookup(["센터의 주소가 어디?", "요금은 얼마?"], train, TEMPLATE) == [
        train[1].completion,
        train[2].completion,
    ]


def test_lookup_of_more_questions_than_are_compared_at_once_keeps_their_order() -> None:
    train = [example(f"{i}번 창구는?", f"{i}층") for i in range(300)]
    assert lookup([f"{i}번 창구는?" for i in range(300)], train, TEMPLATE) == [row.completion for row in train]


def test_lookup_without_training_rows_is_one_line() -> None:
    with pytest.raises(UserError, match=r"train\.jsonl has no rows"):
        lookup(["a"], [], TEMPLATE)
