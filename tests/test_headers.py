"""Running headers, footers and page numbers are told from the body by their position and by what repeats."""

from collections.abc import Callable

import pytest

from pagetune.extract.columns import Line
from pagetune.extract.headers import header_lines
from pagetune.extract.word_boxes import Box

#: What a page has beside its body: each text with the height of its top, in points.
Extras = list[tuple[str, float]]
TOP, BOTTOM = 40.0, 800.0


def line(text: str, top: float, size: float = 10, x0: float = 60) -> Line:
    return Line(text, x0, x0 + 5 * len(text), top, top + size, size, column=0, right_edge=530, pitch=15)


def body(page: int, lines: int = 30, start: float = 80) -> list[Line]:
    """Return lines of text that no other page has."""
    return [
        line(f"{'가나다라마바사아자차카타파하'[page % 14]}{page}쪽의 본문 {at}줄", start + 15 * at)
        for at in range(lines)
    ]


def removed(pages: list[list[Line]], first: int = 1, tables: list[list[Box]] | None = None) -> list[list[str]]:
    found = header_lines(pages, tables or [[] for _ in pages], first, share=0.4)
    return [[line.text for line in lines] for lines in found]


def with_extras(extras: Callable[[int], Extras], pages: int = 12) -> list[list[Line]]:
    """Return `pages` pages of text, each with its extras; the pages count from 1."""
    return [[*body(page), *(line(text, top) for text, top in extras(page))] for page in range(1, pages + 1)]


def test_left_and_right_pages_and_chapters_have_headers_of_their_own() -> None:
    chapters = ["Ⅰ. 개요"] * 4 + ["Ⅱ. 이용 구조"] * 2 + ["Ⅲ. 점검 항목"] * 6

    def header(page: int) -> Extras:
        return [("오픈API 안내서" if page % 2 else chapters[page - 1], TOP)]

    pages = with_extras(header)
    assert removed(pages) == [[text for text, _ in header(page)] for page in range(1, 13)]


def test_covers_and_blank_pages_do_not_hide_the_headers_of_the_others() -> None:
    pages = with_extras(lambda page: [("안내서", TOP)] if page % 2 == 0 else [])
    pages = [[line("오픈API 안내서", 300, size=30)], [], [line("목차", 90, size=16)], [], *pages, [], []]
    assert [texts for texts in removed(pages) if texts] == [["안내서"]] * 6


def test_headers_of_one_part_of_the_pages_are_found() -> None:
    pages = with_extras(lambda page: [("부록 1", TOP)] if page > 7 else [])
    assert [texts for texts in removed(pages) if texts] == [["부록 1"]] * 5


def test_a_header_between_two_columns_of_a_half_empty_page_is_removed() -> None:
    pages = with_extras(lambda page: [("학술대회 논문집", TOP), (f"{page}", BOTTOM)], pages=5)
    last = [line("첫째 단의 한 줄", 80), line("6", BOTTOM), line("학술대회 논문집", TOP), line("둘째 단", 80, x0=310)]
    assert removed([*pages, last])[-1] == ["6", "학술대회 논문집"]


@pytest.mark.parametrize(
    "number",
    [
        lambda page: f"{page}",
        lambda page: ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"][page - 1],
        lambda page: f"{page}/12",
        lambda page: f"제{page + 30}쪽",
        lambda page: f"- {page} -",
        lambda page: f"{page} | {'개요' if page < 7 else '점검 항목'}",
        lambda page: f"{(page - 1) // 4 + 1}-{(page - 1) % 4 + 1}",
        lambda page: f"{page} | 목차 | {page}",
        lambda page: f"Page {page} of 12",
    ],
)
def test_page_numbers_of_any_form_are_removed(number: Callable[[int], str]) -> None:
    pages = with_extras(lambda page: [(number(page), BOTTOM)])
    assert removed(pages) == [[number(page)] for page in range(1, 13)]


@pytest.mark.parametrize("text", ["- 3 -", "3쪽", "제3쪽", "Page 3 of 9", "3 / 9"])
def test_a_page_s_own_number_needs_no_other_page(text: str) -> None:
    assert removed([[*body(1), line(text, BOTTOM)]], first=3) == [[text]]
    assert removed([[*body(1), line(text, BOTTOM)]], first=4) == [[]]


@pytest.mark.parametrize(
    "total",
    [
        lambda page: f"합계 {page * 7},500원",
        lambda page: "합계 12,000원",
        lambda page: f"총계 {page % 5 + 11}건",
        lambda page: "Total: $ 20",
    ],
)
def test_totals_at_the_foot_of_invoices_are_kept(total: Callable[[int], str]) -> None:
    pages = with_extras(lambda page: [(total(page), BOTTOM - 60), (f"- {page} -", BOTTOM)])
    assert removed(pages) == [[f"- {page} -"] for page in range(1, 13)]


def test_the_header_row_of_a_table_without_ruling_lines_is_kept_below_a_running_header() -> None:
    pages = with_extras(lambda page: [("구분 요금 기간", 65), ("요금표", TOP)])
    assert removed(pages) == [["요금표"]] * 12


def test_a_caption_that_continues_on_each_page_is_kept_above_its_table() -> None:
    pages = [[line("표 3. 요금 (계속)", TOP), line(f"- {page} -", BOTTOM)] for page in range(1, 13)]
    tables: list[list[Box]] = [[(60, 54, 530, 700)] for _ in pages]
    assert removed(pages, tables=tables) == [[f"- {page} -"] for page in range(1, 13)]


def test_a_title_that_is_larger_than_the_text_is_kept_on_every_page() -> None:
    pages = [[line("거래명세서", TOP, size=20), *body(page, start=100)] for page in range(1, 13)]
    assert removed(pages) == [[]] * 12


def test_a_heading_in_the_body_that_many_pages_begin_with_is_kept() -> None:
    pages = [[line("참고", 80), *body(page, start=100)] if page % 3 else body(page) for page in range(1, 13)]
    assert removed(pages) == [[]] * 12


def test_the_lines_of_a_form_that_is_filled_in_on_each_page_are_kept() -> None:
    labels = [
        "신청서",
        "성명",
        "주소",
        "전화",
        "생년월일",
        "신청 과목",
        "신청 사유",
        "동의 여부",
        "서명",
        "귀하",
        "담당",
        "끝",
    ]
    form = [line(label, 60 + 55 * at) for at, label in enumerate(labels)]
    pages = [[*form, line(f"김{page}", 260, x0=200), line(f"{page}", BOTTOM)] for page in range(1, 13)]
    assert removed(pages) == [[f"{page}"] for page in range(1, 13)]


def test_the_first_line_of_a_page_without_a_header_is_kept_at_the_header_s_height() -> None:
    pages = with_extras(lambda page: [("안내서", TOP)])
    assert removed([*pages, body(13, start=TOP)])[-1] == []
