"""The lines of a paragraph are joined with or without a space, as they were written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.extract.linebreaks import join_lines


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
        (["", "한 줄", ""], "한 줄"),
        ([], ""),
    ],
)
def test_a_break_is_closed_as_it_was_meant(lines: list[str], joined: str) -> None:
    assert join_lines(lines) == joined


@given(st.lists(st.text("가나다라 abc 019.,-()", max_size=12), max_size=5))
def test_joining_loses_no_letter(lines: list[str]) -> None:
    """Joining changes only spaces, and removes the hyphen of a hyphenated word."""
    before, after = (re.sub(r"[\s-]", "", text) for text in ("".join(lines), join_lines(lines)))
    assert before == after
