"""Numbers in words are the same numbers in claims and in facts."""

import pytest

from pagetune.text.claims import claims
from pagetune.text.evidence import not_proven
from pagetune.text.fact_match import fact_match
from pagetune.text.numerals import few_in_digits, in_digits


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


COUNTERS = ("명", "개", "번", "시간", "달", "살", "권", "대")
NATIVE = {
    2: "두", 3: "세", 5: "다섯", 7: "일곱", 9: "아홉", 11: "열한", 12: "열두", 20: "스무", 25: "스물다섯", 33: "서른세",
    48: "마흔여덟",
}  # fmt: skip
SINO = {
    12: "십이",
    15: "십오",
    30: "삼십",
    45: "사십오",
    120: "백이십",
    250: "이백오십",
    3600: "삼천육백",
    35_000: "삼만 오천",
}
DAYS = {2: "이틀", 3: "사흘", 4: "나흘", 10: "열흘", 15: "보름"}
UNITS = ("원", "일", "회")
COUNTED = list(zip(NATIVE.items(), COUNTERS * 2, strict=False))
#: (as the page says it, the same in another form, another number in that form).
PLANTED = [
    *((f"{word} {c}입니다.", f"{n}{c}입니다.", f"{n + 1}{c}입니다.") for (n, word), c in COUNTED),
    *((f"{n}{c}까지 됩니다.", f"{word} {c}까지 됩니다.", f"네 {c}까지 됩니다.") for (n, word), c in COUNTED),
    *((f"{n:,}{u}이다.", f"{word} {u}이다.", f"{n + 10}{u}이다.") for n, word in SINO.items() for u in UNITS),
    *((f"{word} 안에 냅니다.", f"{n}일 안에 냅니다.", f"{n + 1}일 안에 냅니다.") for n, word in DAYS.items()),
    *((f"{n}일까지 냅니다.", f"{word}까지 냅니다.", f"{n + 2}일까지 냅니다.") for n, word in DAYS.items()),
    *((f"2024년 {m}월 {m + 9}일", f"2024. {m}. {m + 9}.", f"2024. {m}. {m + 10}.") for m in range(1, 13)),
    *((f"{k}만 {k}천 원", f"{k * 11_000:,}원", f"{k * 11_000 + 1000:,}원") for k in range(1, 10)),
    *((f"오후 {h}시", f"{h + 12}시", f"{h + 13}시") for h in range(1, 8)),
    *((f"{word} 명이에요", f"{n}명이에요", f"{n + 5}명이에요") for n, word in NATIVE.items()),
    *((f"{n}번이라고 합니다", f"{word} 번이라고 합니다", "여섯 번이라고 합니다") for n, word in NATIVE.items()),
]  # fmt: skip


def test_every_planted_number_is_proved_and_every_wrong_one_refused() -> None:
    assert len(PLANTED) >= 100
    assert [right for page, right, _ in PLANTED if not_proven(right, page) is not None] == []
    assert [wrong for page, _, wrong in PLANTED if not_proven(wrong, page) is None] == []


@pytest.mark.parametrize(
    "text",
    [
        "100점 만점에 70점",
        "만일의 경우",
        "천장이 높습니다",
        "만인의 연인",
        "한 개인이",
        "한 회의에서",
        "네 분야",
        "하루 종일",
        "만 14세",
    ],
)
def test_words_that_begin_like_a_number_stay(text: str) -> None:
    assert few_in_digits(in_digits(text)) == text


def test_each_english_number_is_read_by_itself() -> None:
    assert in_digits("between five and ten") == "between 5 and 10"
    assert in_digits("만 십구 세 이상") == "만 19세 이상"
    assert in_digits("hundred " * 2500) == "hundred " * 2500
