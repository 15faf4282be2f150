"""Characters are normalised to what was meant."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.extract.letters import clean_line


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("ﬁnancial oﬀer, ﬂoor, oﬃce", "financial offer, floor, office"),
        ("제2\u200b조\ufeff(정의)", "제2조(정의)"),
        ("요금\u00a09만\u3000원", "요금 9만 원"),
        (unicodedata.normalize("NFD", "금융보안교육센터"), "금융보안교육센터"),
        ("\uf0b7 첫째", "• 첫째"),
        ("¥ first point", "• first point"),
        ("¥ 12,000", "¥ 12,000"),
        ("목 차", "목차"),
        ("발 의 자 : 김서연", "발의자 : 김서연"),
        ("성 명", "성명"),
        ("월 화 수 목 금", "월 화 수 목 금"),
        ("상 중 하", "상 중 하"),
        ("두 번", "두 번"),
        ("할 수", "할 수"),
        ("이 법은 그 뜻을", "이 법은 그 뜻을"),
        ("co\u00adoperate", "cooperate"),
    ],
)
def test_a_line_reads_as_it_was_meant(seen: str, meant: str) -> None:
    assert clean_line(seen) == meant


@given(st.text(max_size=40))
def test_a_clean_line_stays_as_it_is(text: str) -> None:
    once = clean_line(text)
    assert clean_line(once) == once
    assert unicodedata.is_normalized("NFC", once)
