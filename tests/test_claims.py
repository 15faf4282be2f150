"""What a text claims: numbers with units, codes, joined numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.text.claims import claims, unsupported


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ("3만 원", "요금은 30,000원"),
        ("30,000원", "요금은 3만원"),
        ("5천만원 이하", "5천만원 이하의 벌금"),
        ("2024년 9월 15일", "2024. 9. 15. 시행"),
        ("2024년 9월 15일", "2024-09-15"),
        ("9시 30분", "09:30"),
        ("02-555-0143", "전화 02-555-0143, 팩스 02-555-0144"),
        ("1.5퍼센트", "연 1.5%"),
        ("VPN으로 접속", "vpn에 접속합니다"),
        ("50명", "정원 50"),
        ("제3조", "제3조제1항"),
        ("The store is open.", "closed"),
        ("1:30-2pm", "closed 1:30-2pm daily"),
        ("무게는 10kg 이하입니다.", "무게 10kg 이하의 수하물"),
        ("It can hold 5GB of data.", "The plan allows up to 5GB."),
        ("정격은 220V입니다", "220V, 60Hz"),
        ("오후 2시에 시작합니다", "14:00 시작"),
        ("오전 9시입니다", "09:00 시작"),
        ("It is open from 9:00 to 18:00.", "Open 9:00-18:00"),
        ("It takes 30 minutes.", "Allow 30 min."),
        ("두 번 됩니다", "2회"),
        ("3만 5천원", "35,000원"),
    ],
)
def test_what_the_evidence_holds_is_supported(answer: str, evidence: str) -> None:
    assert unsupported(answer, evidence) == []


@pytest.mark.parametrize(
    ("answer", "evidence", "missing"),
    [
        ("5원", "5천만원", "5원"),
        ("5일", "5개월", "5일"),
        ("15", "5와 1", "15"),
        ("1.5%", "1% 또는 5%", "1.5%"),
        ("02-555-0144", "02-555-0143", "02-555-0144"),
        ("NB-701", "NB-700", "nb-701"),
        ("OTP가 필요", "비밀번호가 필요", "otp"),
        ("GPU needs ECC", "The GPU needs memory", "ecc"),
        ("AI", "MAIL", "ai"),
        ("5원", "15원", "5원"),
        ("3", "3.5", "3"),
        ("500원", "1,500원", "500원"),
        ("2024년 9월 16일", "2024. 9. 15.", "16일"),
        ("3만 원", "3만 5천원", "30000원"),
        ("555-0143", "02-555-0143", "555-0143"),
        ("NB-700", "NB-700-2", "nb-700"),
        ("5도", "-5도", "5도"),
        ("오전 9시", "오후 9시", "9시"),
        ("5 days", "5 months", "5day"),
        ("두 시간", "세 시간", "2시간"),
        ("십만 원", "백만 원", "100000원"),
    ],
)
def test_what_the_evidence_does_not_hold_is_named(answer: str, evidence: str, missing: str) -> None:
    assert unsupported(answer, evidence) == [missing]


@given(st.text("가나 12.,-만원AB:/%", max_size=40), st.text("가나 12.,-만원AB:/%", max_size=20))
def test_any_part_of_a_text_is_supported_by_it(text: str, more: str) -> None:
    assert unsupported(text, f"{text}\n가 {more}") == []
    assert unsupported(text, f"{more} 나\n{text}") == []


@given(st.integers(0, 10**12))
def test_a_number_is_the_same_with_and_without_commas(number: int) -> None:
    assert claims(f"{number:,}원") == claims(f"{number} 원") != claims(f"{number + 1}원")


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("1" * 20_000, True),
        ("1" + ",000" * 1500, True),
        ("a " * 5000, False),
        ("a1 " * 3000, True),
        ("3만 5천 " * 2000, True),
    ],
)
def test_a_model_that_loops_is_read_to_its_end(text: str, claimed: bool) -> None:
    assert bool(unsupported(text, "9만 원")) == claimed
