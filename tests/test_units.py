"""Units that are written in more than one way are the same in claims and in facts."""

import pytest

from pagetune.text.claims import claims, unsupported
from pagetune.text.fact_match import fact_match

SAME = [
    ("5kg", "5킬로그램"),
    ("5 kg", "5kg"),
    ("5kgs", "5킬로그램"),
    ("5퍼센트", "5프로"),
    ("5%", "5프로"),
    ("3차례", "3회"),
    ("3번", "3차례"),
    ("3사람", "3인"),
    ("5와트", "5W"),
    ("5킬로와트", "5kW"),
    ("5미터", "5m"),
    ("5센티미터", "5cm"),
    ("5밀리미터", "5mm"),
    ("5킬로미터", "5km"),
    ("5그램", "5g"),
    ("5리터", "5L"),
    ("5밀리리터", "5ml"),
    ("5달러", "5 USD"),
    ("5,000원", "5,000 KRW"),
    ("5,000원", "5000 won"),
    ("2주일", "2주"),
    ("2주간", "2주"),
    ("3일간", "3일"),
    ("3달", "3개월"),
]


@pytest.mark.parametrize("frame", ["{}", "모두 {}입니다.", "{} 이내에 알립니다"])
@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_unit_is_the_same_in_either_spelling(one: str, other: str, frame: str) -> None:
    one, other = frame.format(one), frame.format(other)
    assert claims(one) == claims(other)
    assert unsupported(one, other) == unsupported(other, one) == []
    assert fact_match(one, other) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5kg", "5g"),
        ("5m", "5mm"),
        ("5ms", "5m"),
        ("5프로", "5프로그램"),
        ("3주", "3와트"),
        ("3차", "3차례"),
        ("5달러", "5유로"),
    ],
)
def test_another_unit_is_another_claim(one: str, other: str) -> None:
    assert claims(one) != claims(other)


def test_a_letter_behind_a_code_is_not_its_unit() -> None:
    assert "nb-700" in claims("NB-700 W형입니다").codes
