"""The amounts in a Korean sentence, and the words that ask for them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.build_qa.sentences.amounts import amounts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("자본금은 50억원 이상", ["50억원 얼마"]),
        ("1만 5천원으로 한다", ["1만 5천원 얼마"]),
        ("착수일로부터 180일로", ["180일 며칠"]),
        ("신청일부터 5영업일 이내에", ["5영업일 몇 영업일"]),
        ("2026년 5월 1일부터 시행", ["2026년 5월 1일 언제"]),
        ("매월 첫째 금요일에 점검", ["매월 첫째 금요일 언제"]),
        ("매년 7월과 9월에 부과", ["매년 7월과 9월 언제"]),
        ("기본재산의 100분의 10 이상", ["100분의 10 얼마"]),
        ("위원 다섯 명으로", ["다섯 명 몇 명"]),
        ("연 0.5퍼센트의", ["0.5퍼센트 몇 퍼센트"]),
        ("무게는 1,200kg이다", ["1,200kg 몇 kg"]),
    ],
)
def test_an_amount_is_asked_by_its_unit(text: str, words: list[str]) -> None:
    assert [f"{text[found.start : found.end]} {found.word}" for found in amounts(text)] == words


@pytest.mark.parametrize(
    "text",
    ["제3조제1항의 규정", "24시간 접수센터에 신고", "1일 결제한도", "세대에 배부한다", "한 번에 빌린다", "2대1동"],
)
def test_what_is_not_an_amount_is_not_asked(text: str) -> None:
    assert list(amounts(text)) == []


@given(st.text(alphabet="0123456789년월일원명시간분의 이상한두세만억.,", max_size=40))
def test_amounts_lie_in_the_text_and_apart(text: str) -> None:
    found = list(amounts(text))
    assert all(text[one.start : one.end].strip() for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
