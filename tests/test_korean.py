"""Particles and question words."""

import pytest

from pagetune.text.korean import interrogative, with_particle


@pytest.mark.parametrize(
    ("word", "pair", "expected"),
    [
        ("주소", "은/는", "주소는"),
        ("정원", "은/는", "정원은"),
        ("담당자", "이/가", "담당자가"),
        ("수강료", "을/를", "수강료를"),
        ("접근매체", "이란/란", "접근매체란"),
        ("이용권", "이란/란", "이용권이란"),
        ("제5조(이용시간)", "은/는", "제5조(이용시간)는"),
        ("NB-700", "은/는", "NB-700은"),
        ("E2", "이/가", "E2가"),
        ("URL", "은/는", "URL은"),
    ],
)
def test_the_particle_follows_the_last_sound(word: str, pair: str, expected: str) -> None:
    assert with_particle(word, pair) == expected


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("센터의 주소", "어디"),
        ("팀의 담당자", "누구"),
        ("과정의 수강료", "얼마"),
        ("센터의 설립일", "언제"),
        ("과정의 정원", "몇 명"),
        ("수료증의 유효 기간", "얼마 동안"),
        ("센터의 대표전화", "무엇"),
        ("요금(1회)", "얼마"),
    ],
)
def test_the_key_asks_with_its_own_word(key: str, word: str) -> None:
    assert interrogative(key) == word
