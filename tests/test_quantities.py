"""Quantities are the same however they are written, and say what they are about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.text.korean import is_korean
from pagetune.text.quantities import Quantity, quantities
from pagetune.text.readable import readable

EQUAL = [
    ("90분", "1시간 30분"), ("14일", "2주"), ("2주", "이주일"), ("1년", "12개월"), ("6개월", "반년"),
    ("분기마다", "3개월마다"),
    ("1.5kg", "1,500g"), ("1m", "100cm"), ("0.3km", "300m"), ("500mL", "500cc"), ("0.06㎥", "60리터"),
    ("2㎡", "2제곱미터"),
    ("2.4GHz", "2400메가헤르츠"), ("5,200mAh", "5.2Ah"), ("0.1헥타르", "1,000㎡"), ("2GB", "2,000MB"),
    ("50%", "절반"), ("1/3", "3분의 1"), ("0.1%", "1,000ppm"), ("3.5%", "3.5퍼센트"),
    ("15시", "오후 3시"), ("15:30", "오후 세 시 반"), ("12시", "정오"), ("0시", "자정"), ("16:30", "4:30 p.m."),
    ("13:30 to 14:00", "1:30 to 2pm"), ("18시", "저녁 6시"),
    ("2024년 9월 15일", "'24. 9. 15."), ("9월 15일", "9/15"), ("2024-09-15", "Sept 15, 2024"),
    ("35,000원", "₩35,000"), ("12억 5천만 원", "1,250,000,000원"), ("1백50만 원", "1,500,000원"), ("0원", "무료"),
    ("$0.50", "50 cents"), ("150 pages", "one hundred and fifty pages"), ("45 minutes", "three quarters of an hour"),
    ("25명", "스물다섯 명"), ("2명", "두 분"), ("3회", "세 차례"), ("15일", "보름"), ("2~3회", "두세 번"),
    ("2~8℃", "2도에서 8도"),
]  # fmt: skip
DIFFERENT = [
    ("90분", "1시간 20분"), ("3주", "20일"), ("1.5kg", "150g"), ("오전 9시", "오후 9시"), ("3일", "3영업일"),
    ("3개", "3개월"),
    ("5시", "5시간"), ("1/3", "1/4"), ("5명", "5분"), ("9월 15일", "9월 16일"), ("직무상 3일", "무상"),
]  # fmt: skip
ABOUT = [
    ("월 10,000원", "", "month"), ("연 3.5%", "", "year"), ("1인당 5만 원", "", "person"), ("$5 per hour", "", "hour"),
    ("한 가구에 12만 원", "", "household"), ("$120 annually", "", "year"), ("100 requests per minute", "", "minute"),
    ("최소 8시간", "min", ""), ("8시간 이상", "min", ""), ("3일 이내", "max", ""), ("3만 원을 초과", "over", ""),
    ("13세 미만", "under", ""), ("사용일 7일 전까지", "before", ""), ("90일이 지난 뒤", "after", ""),
    ("no more than 21 days", "max", ""), ("at least 21 days", "min", ""), ("within 60 days after it", "max", ""),
]  # fmt: skip


def values(text: str) -> list[tuple[object, str]]:
    return [(one.value, one.unit) for one in quantities(text)]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_the_same_quantity_in_another_form_is_equal(one: str, other: str) -> None:
    assert sorted(values(one)) == sorted(values(other)) != []
    if is_korean(one + other):
        assert values(f"{one}입니다.") == values(f"{other}입니다.")


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_quantity_is_not(one: str, other: str) -> None:
    assert values(one) != values(other)


@pytest.mark.parametrize(("text", "bound", "per"), ABOUT)
def test_a_quantity_knows_its_bound_and_its_rate(text: str, bound: str, per: str) -> None:
    last = quantities(text)[-1]
    assert (last.bound, last.per) == (bound, per)


@given(st.integers(1, 48), st.integers(1, 59))
def test_hours_and_minutes_are_their_sum(hours: int, minutes: int) -> None:
    assert values(f"{hours}시간 {minutes}분") == values(f"{60 * hours + minutes}분")


@given(st.integers(1, 10**6))
def test_kilometres_are_metres(metres: int) -> None:
    assert values(f"{metres:,}m") == values(f"{metres / 1000:.3f}km")


def test_rates_of_time_are_compared_by_the_second() -> None:
    (hourly,), (*_, minutely) = quantities("시간당 120mL"), quantities("1분에 2mL")
    assert hourly.is_like(minutely)
    assert not Quantity(hourly.value, hourly.unit, per="day").is_like(minutely)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<think>한도를 찾자</think>5천만 원", "5천만 원"),
        ("**5천만 원**[1] (출처: 안내서 3쪽)", "5천만 원"),
        ("$35{,}000$원", "35,000원"),
        ("５００원", "500원"),
        ("5천\u200b만 원</s>", "5천만 원"),
        ("# 한도\n- `8443`", "한도\n8443"),
        ("https://www.example.com", "example.com"),
        ("costs $120 a year or $10 a month", "costs $120 a year or $10 a month"),
    ],
)
def test_an_answer_is_read_without_its_markup(written: str, read: str) -> None:
    assert " ".join(readable(written).split(" ")).strip() == read
