"""Characters are normalised to what was meant."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.extract.letters import clean_line, join_spaced_letters
from pagetune.extract.word_boxes import Word


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
        ("비 고", "비고"),
        ("배 점", "배점"),
        ("환 경 보 건 법", "환경보건법"),
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


def spaced(*words: tuple[str, float]) -> list[Word]:
    """Return a line of words of 10 points, each with the gap after it in points."""
    line, x = [], 0.0
    for text, gap in words:
        line.append(Word(text, x, x + 10 * len(text), 0.0, 10.0))
        x += 10 * len(text) + gap
    return line


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (spaced(("성", 20), ("명", 10), ("김서연", 0)), "성명 김서연"),
        (spaced(("비", 12), ("고", 30), ("없음", 0)), "비고 없음"),
        (
            spaced(("이번", 3), ("환", 3), ("경", 3), ("보", 3), ("건", 3), ("법", 3), ("개정안", 0)),
            "이번 환경보건법 개정안",
        ),
        (spaced(("남", 40), ("여", 40), ("합계", 0)), "남 여 합계"),
        (spaced(("그", 3), ("수", 3), ("있는", 0)), "그 수 있는"),
        (spaced(("할", 3), ("수", 3), ("있다", 0)), "할 수 있다"),
    ],
)
def test_syllables_set_apart_are_one_word_if_they_are_a_noun(line: list[Word], text: str) -> None:
    assert join_spaced_letters(line) == text


@settings(deadline=None)  # the first example may load Kiwi
@given(st.text(max_size=40))
def test_a_clean_line_stays_as_it_is(text: str) -> None:
    once = clean_line(text)
    assert clean_line(once) == once
    assert unicodedata.is_normalized("NFC", once)
