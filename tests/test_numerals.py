"""Numbers in words are the same numbers in claims and in facts."""

import pytest

from pagetune.evaluate.fact_match import fact_match
from pagetune.text.claims import claims


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("스무 명", "20명"),
        ("열두 개", "12개"),
        ("두 시간", "2시간"),
        ("다섯 번", "5회"),
        ("세 사람", "3명"),
        ("이틀", "2일"),
        ("열흘 만에", "10일 만에"),
        ("백만 원", "1,000,000원"),
        ("삼만 오천 원", "35,000원"),
        ("오십 명", "50명"),
        ("2천5백만 원", "2,500만 원"),
        ("1조 2천억 원", "12,000억 원"),
        ("three days", "3 days"),
        ("one hour", "1 hour"),
    ],
)
def test_a_number_in_words_is_the_number(words: str, digits: str) -> None:
    assert claims(words) == claims(digits) != claims("")
    assert fact_match(words, digits) == 1


@pytest.mark.parametrize("text", ["이 사람", "그 일", "No one", "한 일이 없습니다", "구 서울역"])
def test_a_word_that_looks_like_a_number_is_not_one(text: str) -> None:
    assert not claims(text).numbers
