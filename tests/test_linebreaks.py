"""The lines of a paragraph are joined with or without a space, as they were written."""

import re
from math import log

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.line_joins import korean_texts, wrap_at_words
from benchmarks.typeset import wrap
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.spacing import habit, seen


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["결제비밀번호, 인증서, 생체정", "보를 말한다."], "결제비밀번호, 인증서, 생체정보를 말한다."),
        (["회원증은 주소를 확인한", "뒤에 발급합니다."], "회원증은 주소를 확인한 뒤에 발급합니다."),
        (["매일 오전 9", "시부터 엽니다."], "매일 오전 9시부터 엽니다."),
        (["전화는 02-555-", "0143입니다."], "전화는 02-555-0143입니다."),
        (["요금은 1,", "200원입니다."], "요금은 1,200원입니다."),
        (["요금은 1", ",200원입니다."], "요금은 1,200원입니다."),
        (["압력은 3", ".5바입니다."], "압력은 3.5바입니다."),
        (["In 2023", "15 people came."], "In 2023 15 people came."),
        (["at the end of 2023,", "15 people"], "at the end of 2023, 15 people"),
        (["It closed in 2023.", "2024 was better."], "It closed in 2023. 2024 was better."),
        (["결제금액의 0.", "5퍼센트를"], "결제금액의 0.5퍼센트를"),
        (["the charg-", "ing port"], "the charging port"),
        (["the charging", "port"], "the charging port"),
        (["신청합니다.", "남은 자리는"], "신청합니다. 남은 자리는"),
        (["02-555-0143", "02-555-0144"], "02-555-0143 02-555-0144"),
        (["기간은 2020–", "2024년"], "기간은 2020–2024년"),
        (["매일 09:00~", "18:00에"], "매일 09:00~18:00에"),
        (["3월", "~5월에"], "3월~5월에"),
        (["the years 2020 –", "2024"], "the years 2020 – 2024"),
        (["https://www.foo.or.kr/boar", "d/view.do?id=3 에서"], "https://www.foo.or.kr/board/view.do?id=3 에서"),
        (["https:", "//doi.org/10.1145/3605"], "https://doi.org/10.1145/3605"),
        (["https://a.kr/self-", "help"], "https://a.kr/self-help"),
        (["see https://a.com/page", "for details"], "see https://a.com/page for details"),
        (["go to www.a.com.", "The next step"], "go to www.a.com. The next step"),
        (["문의: hong@kor", "ea.kr로"], "문의: hong@korea.kr로"),
        (["문의: hong@", "korea.kr로"], "문의: hong@korea.kr로"),
        (["문의: hong@korea.", "kr로"], "문의: hong@korea.kr로"),
        (["전화는 02-", "555-0143입니다."], "전화는 02-555-0143입니다."),
        (["COVID-", "19 환자"], "COVID-19 환자"),
        (["22일(", "현지시간) 보도"], "22일(현지시간) 보도"),
        (["스크린의 행(500)", "에 의해"], "스크린의 행(500)에 의해"),
        (["어머니와 아버지", "송근영 씨가"], "어머니와 아버지 송근영 씨가"),
        (["전국 38", "곳으로"], "전국 38곳으로"),
        (["", "한 줄", ""], "한 줄"),
        ([], ""),
    ],
)
def test_a_break_is_closed_as_it_was_meant(lines: list[str], joined: str) -> None:
    assert join_lines(lines) == joined


@settings(deadline=None)  # the first example loads Kiwi
@given(st.lists(st.text("가나다라 abc 019.,-()", max_size=12), max_size=5))
def test_joining_loses_no_letter(lines: list[str]) -> None:
    """Joining changes only spaces, and removes the hyphen of a hyphenated word."""
    before, after = (re.sub(r"[\s-]", "", text) for text in ("".join(lines), join_lines(lines)))
    assert before == after


def test_a_name_is_joined_as_the_document_writes_it_elsewhere() -> None:
    left, right = "그 무렵 나리", "샘터가 문을 열었다."
    assert join_lines([left, right], "우리 나리샘터는 작은 곳이다.\n" * 3) == left + right
    assert join_lines([left, right], "우리 나리 샘터는 작은 곳이다.\n" * 3) == f"{left} {right}"


def test_in_a_document_that_breaks_at_spaces_names_are_not_glued() -> None:
    texts = [text for path in sorted((ROOT / "samples").glob("*.txt")) for text in korean_texts(path)]
    at_spaces = "\n".join(line for text in texts for line in wrap_at_words(text, 30)[0])
    inside_words = "\n".join(line for text in texts for line in wrap(text, 30)[0])
    assert join_lines(["세 번째 멤버인 크리스", "드레야는"], at_spaces) == "세 번째 멤버인 크리스 드레야는"
    assert habit(at_spaces) > 0
    assert habit(inside_words) == 0


#: The last letter has the lower 16 bits of the first.
LETTERS = "가나다\U0001ac00"


@given(st.text(LETTERS, min_size=1, max_size=4), st.text(LETTERS, min_size=1, max_size=4), st.text(f"{LETTERS} \n"))
def test_a_spelling_is_counted_wherever_the_document_has_it(left: str, right: str, evidence: str) -> None:
    for before, after in ((3, 2), (2, 3), (2, 2), (2, 1), (1, 2)):
        if before <= len(left) and after <= len(right):
            apart, together = (count(left[-before:] + gap + right[:after], evidence) for gap in (" ", ""))
            if apart or together:
                odds = log((apart + 0.3) / (together + 0.3))
                assert seen(left, right, evidence) == {f"seen {before}+{after}": odds}
                return
    assert seen(left, right, evidence) == {}


def count(part: str, text: str) -> int:
    return sum(text.startswith(part, place) for place in range(len(text)))
