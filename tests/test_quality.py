"""The measured quality of a page's text, and the reason for which it is set aside."""

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from pagetune.extract.quality import measure, why_set_aside
from pagetune.params import Extract, load_params

PARAMS: Extract = load_params(ROOT / "params.yaml").extract
KOREAN = "전자금융거래의 법률관계를 명확히 하여 안전성과 신뢰성을 확보하고 국민의 금융편의를 꾀한다. " * 3
ENGLISH = "The reading room is open from nine to six on weekdays, and closes an hour before the cafe. " * 3


def reason(text: str, **shares: float) -> str | None:
    return why_set_aside(measure(text), len(text), shares.get("unmapped", 0.0), shares.get("images", 0.0), PARAMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (KOREAN, None),
        (ENGLISH, None),
        (KOREAN + ENGLISH, None),
        ("Évaluation de l’équilibre acido-basique à l’hôpital, où il a été mesuré. " * 3, None),
        ("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 4, None),
        ("Σ είναι το άθροισμα, and μ is the mean of all values that were measured. " * 3, None),
        ("\uf0b7 수강 신청 기간은 이틀입니다. " * 5, None),
        ("Ⅰ. 총칙 ················ 1 Ⅱ. 회원 ················ 7 Ⅲ. 요금 ················ 12", None),
        ("가로 20 × 세로 30, 두께 ± 2, 온도 25° 안팎에서 쓰십시오. " * 2, None),
        ("3월 2일", "no_text"),
        ("", "no_text"),
        (KOREAN + "(cid:123)" * 10, "unreadable_font"),
        (KOREAN + "\ufffd" * 10, "unreadable_font"),
        (KOREAN + "\x13\x14\x15" * 4, "unreadable_font"),
        (KOREAN + "\ue123" * 10, "unreadable_font"),
        (KOREAN + "\ue123\ue124\ue125 \ue126\ue127 " * 4, "unreadable_font"),
        (KOREAN.replace("을", "\ufffd").replace("의", "\ufffd"), "unreadable_font"),
        ("\ufffd \ue123 \x13 " * 40, "unreadable_font"),
        (KOREAN + "가격점수 = \ue0f1 × (\ue034\ue035\ue036 + \ue037) ÷ \ue038\ue039 = 20 \ue0f2 3", None),
        (KOREAN + "P(x) = \x10\x11 x \x12\x13 + \x14 y, (cid:3)(cid:4) = 2(cid:5)", None),
        ("Acidose métabolique \x94 \x94\x94\x94 Alcalose métabolique \x93\x93\x93 HCO3 \x93 Acidose " * 3, None),
        ("대출 실행일에 ö출하ñ야 합니다. " + KOREAN, "garbled"),
        ("독서 동아리에는 모Å방을 무료로 내줍니다. " + KOREAN, "garbled"),
        (
            "평점 \ue047 배점한도× \ue044최저가격 \ue06d \ue045 추정가격의\ue03b\ue03d\ue042상당가격\ue046입찰가격 "
            + KOREAN,
            None,
        ),
        ("Write times as YYMMDDhhmmss or YYMMDDhhmm, as in 980101120000. " * 2, None),
        ("ö출하여야 합니다. " + KOREAN, "garbled"),
        ("독일어의 ä처럼 소리 내는 schön의 모음을 배웁니다. " + KOREAN, None),
        ("Café를 열고 naïve한 질문을 받는 École은 Pokémon과 다릅니다. à 는 전치사입니다. " + KOREAN, None),
        (KOREAN.encode("euc-kr").decode("latin-1"), "garbled"),
        ("".join(chr(0x400 + 97 * index % 0x1800) + " " * (index % 4 == 0) for index in range(400)), "garbled"),
        ("TThhee rreeaaddiinngg rroooomm iiss ooppeenn ffrroomm nniinnee ttoo ssiixx", "garbled"),
        (KOREAN.replace(" ", ""), "garbled"),
        (ENGLISH.replace(" ", ""), "garbled"),
    ],
)
def test_a_page_is_set_aside_for_what_is_wrong_with_it(text: str, expected: str | None) -> None:
    assert reason(text) == expected


def test_little_text_on_a_full_page_image_is_a_scan() -> None:
    assert reason("pdf.js", images=1.0) == "needs_ocr"
    assert reason("pdf.js", images=0.1) == "no_text"
    assert reason("본 문서는 2024년 1월 1일에 발급된 사본입니다 (1부)", images=1.0) == "needs_ocr"
    assert reason(KOREAN, images=0.3) is None


def test_characters_of_a_font_without_a_map_to_unicode_are_not_read() -> None:
    assert reason(ENGLISH, unmapped=1.0) == "unreadable_font"


def test_the_fast_way_measures_what_the_slow_one_does() -> None:
    """A single U+FFFD sends the text the slow way."""
    fast, slow = measure(KOREAN * 40), measure(KOREAN * 40 + "\ufffd")
    assert slow.count == fast.count + 1
    assert slow.hangul == pytest.approx(fast.hangul, abs=1e-3)
    assert slow.spaces == pytest.approx(fast.spaces, abs=1e-3)
    assert slow.unreadable == pytest.approx(1 / slow.count)


@given(st.text(max_size=80))
def test_shares_are_shares(text: str) -> None:
    quality = measure(text)
    shares = (quality.hangul, quality.han, quality.unreadable, quality.private_use, quality.spaces, quality.doubled)
    assert all(0 <= share <= 1 for share in shares)
    assert quality.count <= len(text)
