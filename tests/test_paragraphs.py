"""Lines are grouped into paragraphs: each item of a list is one, and a sentence stays whole."""

import pytest

from pagetune.extract.columns import Line
from pagetune.extract.paragraphs import paragraphs


def full_lines(*texts: str) -> list[Line]:
    """Return lines that all reach the right margin, so that only what they begin with can start a paragraph."""
    return [
        Line(text, 60.0, 500.0, 100.0 + 14 * index, 110.0 + 14 * index, 10.0, 0, 500.0, 14.0)
        for index, text in enumerate(texts)
    ]


def starts(*texts: str) -> list[str]:
    return [group[0].text for group in paragraphs(full_lines(*texts))]


@pytest.mark.parametrize(
    "line",
    [
        "☞ 다른 용어를 쓸 때에도",
        "☞다른 용어를 쓸 때에도",
        "* 참고로 적은 말",
        "*참고로 적은 말",
        "◯ 첫째 항목",
        "○ 첫째 항목",
        "□ 2024년 사업",
        "❍ 첫째 항목",
        "⇒ 답변은 이렇다",
        "▪ 세부 항목",
        "￭ 세부 항목",
        "◎ 세부 항목",
        "◇ 세부 항목",
        "▷ 세부 항목",
        "✓ 확인한 것",
        "① 첫째 항은",
        "㉠ 첫째 것은",
        "– 세부 항목",
        "- 세부 항목",
        "· 세부 항목",
        "ㆍ 세부 항목",
        "ㅇ 세부 항목",
        "o 세부 항목",
        "o GeForce",
        "1) 첫째 것은",
        "(1) 첫째 것은",
        "가) 첫째 것은",
        "(가) 첫째 것은",
        "Ⅱ. 사업의 내용",
        "【참고 법규】",
        "[0086] 도 8은 본 발명의",
        "¢ a bullet of a symbol font",
        "` a bullet of a symbol font",
    ],
)
def test_an_item_starts_a_paragraph(line: str) -> None:
    assert starts("앞의 줄은 오른쪽 끝까지 차 있고 문장이 끝나지 않은", line, "이어지는 줄") == [
        "앞의 줄은 오른쪽 끝까지 차 있고 문장이 끝나지 않은",
        line,
    ]


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("그 밖에 필요한 조치를 할 수 있", "다. 다만, 그러하지 아니하다."),
        ("이 시는 ○○군과", "○○시가 함께 세운 것으로"),
        ("영업이익은 지난해보다 줄어", "△3.5%의 증가율을 보이고"),
        ("기간은 2020", "– 2024년이며 그 뒤에는"),
        ("구하는 식은 가격", "= 수량에 단가를 곱한 것이고"),
        ("따로 정한 것(제1호와 제2호의", "1) 및 그 밖의 것을 말한다)을"),
        ("네트워크 장비와 라우터", "ㆍ스위치 등의 설정 정보를"),
        ("the model that we describe here", "– which is small – does as well"),
        ("the methods of K. Simonyan and", "M. Zisserman, who showed that"),
        ("measured at a temperature of", "1.0 during optimization and"),
        ("상품의 온도는 영하 30", "℃ 이하로 지켜야 하며"),
    ],
)
def test_the_middle_of_a_sentence_starts_none(before: str, line: str) -> None:
    assert starts(before, line) == [before]


def test_letters_number_items_where_the_next_letter_follows() -> None:
    texts = ("다음 각 목의 행위를 한 자", "가. 거래를 가장한 자로서 그 금액이 큰", "나. 거래를 대행하게 한 자")
    assert starts(*texts) == list(texts)


def test_an_item_ends_before_a_sentence_that_looks_like_the_next_item() -> None:
    texts = ("가. 첫째 것은 이러하고", "나. 둘째 것은 이에 더하여 그렇게 할 수 있", "다. 다만, 그러하지 아니하다.")
    assert starts(*texts) == list(texts[:2])


def test_a_note_in_smaller_letters_does_not_end_a_paragraph_and_a_heading_does() -> None:
    before, after = full_lines("이 조의 규정은 다음 각 호의 경우에는 적용하지", "아니한다. <개정 2021. 10. 19.>")
    before.sizes, after.sizes = (10.0,), (10.0, 8.0)
    assert len(paragraphs([before, after])) == 1
    before.sizes, after.sizes = (14.0,), (10.0, 8.0)
    assert len(paragraphs([before, after])) == 2


def test_a_letter_that_lines_begin_with_is_a_bullet_of_a_symbol_font() -> None:
    texts = ("m 첫째 항목은 이러하고", "m 둘째 항목은 저러하며", "이어지는 줄")
    assert starts(*texts) == list(texts[:2])
    assert starts("길이는 모두 합하여 5", "m 이하로 한다") == ["길이는 모두 합하여 5"]
