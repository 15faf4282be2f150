"""Tables of any look come out as rows: cells follow the words, merged cells are filled, labels are told from values."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from conftest import shared
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from test_extract import PARAMS, korean_font, read
from test_ocr import needs_tesseract

from pagetune.extract.cells import fit
from pagetune.extract.grid import Cell, Grid, find_grids, find_rules, words_by_cell
from pagetune.extract.word_boxes import Word
from pagetune.records import Page, Table

WIDTH, HEIGHT = 100, 20


@dataclass(frozen=True)
class At:
    """A cell of a drawn table: its text, its row and column, and how many rows and columns it covers."""

    text: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1


def draw(canvas: Canvas, cells: Sequence[At], left: float = 60, top: float = 700, shaded: bool = False) -> None:
    canvas.setFont(korean_font(), 10)
    for cell in cells:
        x, y = left + WIDTH * cell.column, top - HEIGHT * (cell.row + cell.rows)
        if shaded and cell.row == 0:
            canvas.setFillGray(0.85)
            canvas.rect(x, y, WIDTH * cell.columns, HEIGHT * cell.rows, fill=1, stroke=0)
            canvas.setFillGray(0)
        canvas.rect(x, y, WIDTH * cell.columns, HEIGHT * cell.rows)
        canvas.drawString(x + 5, y + HEIGHT * cell.rows / 2 - 4, cell.text)


def grid_of(rows: Sequence[Sequence[str]]) -> list[At]:
    return [At(text, row, column) for row, texts in enumerate(rows) for column, text in enumerate(texts)]


def only_page(folder: Path, *drawn: Sequence[At], caption: str = "") -> Page:
    """Return the page with these tables, one below the other, and a caption above the first."""
    canvas = Canvas(str(folder / "drawn.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    canvas.drawString(60, 710, caption)
    canvas.drawString(60, 780, "이 문서는 표를 읽는 방법을 시험하려고 만든 것이며 표보다 넓은 줄이 있습니다.")
    for number, cells in enumerate(drawn):
        draw(canvas, cells, top=700 - 200 * number)
    canvas.save()
    return read(folder)[0]["drawn"][0]


def only_table(folder: Path, cells: Sequence[At], caption: str = "") -> Table:
    (table,) = only_page(folder, cells, caption=caption).tables
    return table


def test_a_merged_cell_is_filled_down_and_right_and_marked_and_a_blank_cell_stays_blank(tmp_path: Path) -> None:
    cells = [
        *grid_of([["시설", "요일", "시간", "요금"]]),
        At("체육관", 1, 0, rows=2),
        At("평일", 1, 1),
        At("09:00~18:00", 1, 2),
        At("3,000원", 1, 3),
        At("주말", 2, 1),
        At("휴관", 2, 2, columns=2),
        *[At(text, 3, column) for column, text in enumerate(("수영장", "매일", "", "5,000원"))],
    ]
    table = only_table(tmp_path, cells)
    assert table.rows == [
        ["시설", "요일", "시간", "요금"],
        ["체육관", "평일", "09:00~18:00", "3,000원"],
        ["체육관", "주말", "휴관", "휴관"],
        ["수영장", "매일", "", "5,000원"],
    ]
    assert table.filled == [(2, 0), (2, 3)]


def test_the_names_of_a_header_with_two_rows_are_joined(tmp_path: Path) -> None:
    cells = [
        At("구분", 0, 0, rows=2),
        At("개인", 0, 1, columns=2),
        At("단체", 0, 3, rows=2),
        At("성인", 1, 1),
        At("학생", 1, 2),
        *[At(text, 2, column) for column, text in enumerate(("평일", "3,000원", "2,000원", "1,500원"))],
        *[At(text, 3, column) for column, text in enumerate(("주말", "4,000원", "3,000원", "2,500원"))],
    ]
    table = only_table(tmp_path, cells)
    assert table.rows[:2] == [["구분", "개인 성인", "개인 학생", "단체"], ["평일", "3,000원", "2,000원", "1,500원"]]
    assert (table.layout, table.filled) == ("header", [])


@pytest.mark.parametrize(
    ("rows", "layout"),
    [
        ([["과정", "기간", "수강료"], ["입문", "4주", "50,000원"], ["심화", "8주", "90,000원"]], "header"),
        ([["구분", "2023년", "2024년"], ["매출", "1,200", "1,500"], ["비용", "800", "900"]], "header"),
        ([["모델", "SA-10", "SB-22"], ["무게", "1.2kg", "2.4kg"], ["전원", "12V", "220V"]], "turned"),
        ([["성명", "홍길동", "생년월일", "1990.01.02"], ["주소", "서울시 종로구", "전화", "02-123-4567"]], "form"),
        ([["사업명", "자료관 개선 사업"], ["사업기간", "2024년 1월~12월"], ["담당", "문서정보부"]], "form"),
    ],
)
def test_the_layout_says_where_the_labels_are(tmp_path: Path, rows: list[list[str]], layout: str) -> None:
    table = only_table(tmp_path, grid_of(rows))
    assert (table.rows, table.layout) == (rows, layout)


def test_a_table_in_a_cell_is_a_table_of_its_own_and_the_cell_points_to_it(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "nested.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    for y, height, label in ((660, 40, "항목"), (500, 160, "메뉴")):
        canvas.rect(60, y, 100, height)
        canvas.rect(160, y, 350, height)
        canvas.drawString(65, y + height / 2, label)
    canvas.drawString(170, 680, "편집기의 구성")
    canvas.drawString(170, 640, "아래 표를 따른다.")
    draw(canvas, grid_of([["기본", "인쇄"], ["확장", "검색"]]), left=180, top=620)
    canvas.save()
    outer, inner = read(tmp_path)[0]["nested"][0].tables
    assert outer.rows == [["항목", "편집기의 구성"], ["메뉴", "아래 표를 따른다. [표 2]"]]
    assert (inner.rows, inner.inside) == ([["기본", "인쇄"], ["확장", "검색"]], 0)


@pytest.mark.parametrize("caption", ["표 3. 이용 요금", "<이용 요금>", "[이용 요금]", "2. 이용 요금", "○ 이용 요금"])
def test_a_caption_is_the_line_above_in_any_form(tmp_path: Path, caption: str) -> None:
    assert only_table(tmp_path, grid_of([["구분", "요금"], ["성인", "3,000원"]]), caption).caption == caption


def test_a_sentence_above_a_table_is_not_its_caption(tmp_path: Path) -> None:
    rows = grid_of([["구분", "요금"], ["성인", "3,000원"]])
    assert only_table(tmp_path, rows, "요금은 다음과 같이 정하여 받습니다.").caption == ""


def test_a_line_above_another_table_names_only_that_one(tmp_path: Path) -> None:
    rows = grid_of([["구분", "요금"], ["성인", "3,000원"]])
    first, second = only_page(tmp_path, rows, rows, caption="이용 요금").tables
    assert (first.caption, second.caption) == ("이용 요금", "")


def two_pages(folder: Path, again: Sequence[Sequence[str]]) -> list[Table]:
    canvas = Canvas(str(folder / "long.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    canvas.drawString(60, 790, "부서별 연락처")
    for rows in ([["부서", "담당", "전화"], ["총무부", "김하나", "02-100-1000"]], again):
        draw(canvas, grid_of(rows), top=780, shaded=rows[0][0] == "부서")
        canvas.showPage()
    canvas.save()
    return [table for page in read(folder)[0]["long"] for table in page.tables]


@pytest.mark.parametrize("again", [[], [["부서", "담당", "전화"]]])
def test_a_table_that_goes_on_over_a_page_keeps_its_header_and_caption(tmp_path: Path, again: list[list[str]]) -> None:
    _, later = two_pages(tmp_path, [*again, ["재무부", "이두리", "02-200-2000"]])
    assert later.rows == [["부서", "담당", "전화"], ["재무부", "이두리", "02-200-2000"]]
    assert (later.caption, later.continues) == ("부서별 연락처", True)
    assert later.filled == ([] if again else [(0, 0), (0, 1), (0, 2)])


def test_a_frame_around_text_and_a_chart_are_not_tables(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "frame.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    canvas.rect(60, 600, 400, 120)
    canvas.rect(180, 710, 120, 20)
    canvas.drawString(200, 716, "추진 근거")
    for line in range(5):
        canvas.drawString(66, 690 - 18 * line, "사람을 위한 문서 관리에서 벗어나 누구나 읽을 수 있는 형태로 바꿉니다.")
    for bar, height in enumerate((40, 80, 65, 20, 90)):
        canvas.setFillGray(0.6)
        canvas.rect(80 + 60 * bar, 300, 40, height, fill=1)
        canvas.setFillGray(0)
        canvas.drawString(90 + 60 * bar, 304 + height, str(height))
    canvas.save()
    page = read(tmp_path)[0]["frame"][0]
    assert page.tables == []
    assert page.text.count("사람을 위한 문서 관리에서 벗어나") == 5


def test_underlines_in_text_do_not_become_rows(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "lined.pdf"), pagesize=A4)
    draw(canvas, grid_of([["구분", "설명"], ["첫째", ""]]))
    canvas.setFont(korean_font(), 10)
    width = canvas.stringWidth("밑줄 친 말 둘째 말", korean_font(), 10)
    canvas.drawString(162, 662, "밑줄 친 말 둘째 말")
    canvas.line(160, 661, 162 + width, 661)
    canvas.save()
    assert read(tmp_path)[0]["lined"][0].tables[0].rows == [["구분", "설명"], ["첫째", "밑줄 친 말 둘째 말"]]


@pytest.mark.parametrize("rules", [(0, 1, 4), (0, 1, 2, 3, 4), ()])
def test_a_table_without_vertical_lines_is_found_by_its_alignment(tmp_path: Path, rules: tuple[int, ...]) -> None:
    rows = [["이름", "직위", "전화"], ["김하나", "부장", "02-100-1000"], ["이두리", "과장", "02-200-2000"]]
    rows.append(["박세나", "대리", "02-300-3000"])
    canvas = Canvas(str(tmp_path / "open.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    for line in range(3):
        canvas.drawString(60, 780 - 18 * line, f"{line} 문서의 본문은 표가 아니므로 글에 남아야 하며 표보다 넓습니다.")
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            canvas.drawString(60 + 150 * column, 686 - 20 * row, text)
    for row in rules:
        canvas.line(60, 700 - 20 * row, 460, 700 - 20 * row)
    canvas.save()
    page = read(tmp_path)[0]["open"][0]
    assert [table.rows for table in page.tables] == [rows]
    assert (page.text.count("표보다 넓습니다"), "이름" in page.text) == (3, False)


def test_two_columns_of_text_are_not_a_table(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "columns.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    for line in range(12):
        canvas.drawString(60, 760 - 16 * line, "왼쪽 단의 글은 위에서 아래로 읽어 내려갑니다")
        canvas.drawString(320, 760 - 16 * line, "오른쪽 단의 글은 왼쪽 단을 다 읽고 읽습니다")
    canvas.save()
    assert read(tmp_path)[0]["columns"][0].tables == []


CUTS = st.lists(st.integers(10, 60), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(widths=CUTS, heights=CUTS)
def test_a_ruled_grid_of_any_size_has_one_cell_for_each_field(widths: list[int], heights: list[int]) -> None:
    xs = [50 + sum(widths[:index]) for index in range(len(widths) + 1)]
    ys = [50 + sum(heights[:index]) for index in range(len(heights) + 1)]
    lines = [(x, ys[0], x, ys[-1]) for x in xs] + [(xs[0], y, xs[-1], y) for y in ys]
    grids = find_grids(*find_rules(lines, []))
    fields = [Cell(row, column, row + 1, column + 1) for row in range(len(heights)) for column in range(len(widths))]
    assert [grid.cells for grid in grids] == ([fields] if len(fields) > 1 else [])


@settings(max_examples=60, deadline=None)
@given(places=st.dictionaries(st.tuples(st.integers(0, 5), st.integers(0, 3)), st.integers(1, 12), max_size=12))
def test_each_word_in_a_grid_stands_in_exactly_one_cell(places: dict[tuple[int, int], int]) -> None:
    xs, ys = [0.0, 60, 120, 180, 240], [0.0, 20, 40, 60, 80, 100, 120]
    cells = [Cell(row, column, row + 1, column + 1) for row in range(6) for column in range(4)]
    words = [
        Word(f"{row}/{column}", 60 * column + 4, min(60 * column + 4 + 9 * length, 236), 20 * row + 5, 20 * row + 15)
        for (row, column), length in places.items()
    ]
    grids = fit(Grid(xs, ys, cells), words)
    held = [word for grid in grids for found in words_by_cell(grid, words).values() for word in found]
    assert sorted(held) == sorted(words)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Page]]:
    folder = tmp_path_factory.mktemp("real")
    for name in ("odl_ko_fund_kyobo_sm", "ar_kbo_table_text", "odl_ko_rfp2"):
        (folder / f"{name}.pdf").symlink_to(shared("pdfs") / f"{name}.pdf")
    return read(folder)[0]


def test_a_real_fund_sheet_s_forms_are_read_cell_by_cell(real: dict[str, list[Page]]) -> None:
    returns, overview, fees = real["odl_ko_fund_kyobo_sm"][0].tables
    assert returns.rows[0] == ["클래스", "1개월", "3개월", "6개월", "1년", "연초후", "설정후"]
    assert returns.rows[1] == ["A1", "-6.71", "-4.39", "2.62", "13.85", "11.42", "181.23"]
    assert overview.rows[1][:4] == ["운용역", "이병수", "투자대상", "주식60% 이상, 채권40% 이하"]
    assert overview.rows[1][4] == "벤치마크"
    assert [row[0] for row in overview.rows] == ["설정일", "운용역", "환매수수료", "매입방법", "환매방법"]
    assert fees.rows[1][1:3] == ["Class C-P (연금저축)", "1.490%"]
    assert {row[0].replace(" ", "") for row in fees.rows} == {"주요클래스총보수(가입자격)"}
    assert [table.layout for table in (returns, overview, fees)] == ["header", "form", "form"]


def test_a_real_timetable_s_merged_hours_are_filled(real: dict[str, list[Page]]) -> None:
    (table,) = real["ar_kbo_table_text"][0].tables
    assert table.caption == "제21조 주·야간경기 및 경기개시 시간"
    assert table.rows == [
        ["구분", "토요일", "일요일/공휴일", "평일"],
        ["3월", "17:00", "14:00", "18:30"],
        ["4월", "17:00", "14:00", "18:30"],
        ["5월", "17:00", "14:00", "18:30"],
        ["6월", "17:00", "17:00", "18:30"],
        ["7월", "18:00", "17:00", "18:30"],
        ["8월", "18:00", "17:00", "18:30"],
        ["9월", "17:00", "14:00", "18:30"],
        ["10월", "17:00", "14:00", "18:30"],
    ]


def test_a_real_requirement_has_its_menus_once_and_in_a_table_of_their_own(real: dict[str, list[Page]]) -> None:
    page = real["odl_ko_rfp2"][14]
    first, menus, second = page.tables
    assert [row[:2] for row in first.rows] == [
        ["요구사항 분류", "요구사항 분류"],
        ["요구사항 고유번호", "요구사항 고유번호"],
        ["요구사항 명칭", "요구사항 명칭"],
        ["요구사항 상세설명", "정의"],
        ["요구사항 상세설명", "세부내용"],
        ["산출정보", "산출정보"],
        ["관련 요구사항", "관련 요구사항"],
    ]
    assert [row[2] for row in first.rows[:4]] == [
        "기능요구사항",
        "SFR-003",
        "웹편집기 화면구성",
        "문서작성, 메모보고 편집기 화면구성",
    ]
    assert "[표 2]" in first.rows[4][2]
    assert [row[2] for row in first.rows[5:]] == ["", ""]
    assert [row[0] for row in menus.rows] == ["툴바메뉴 (기본)", "리본메뉴 (기본)"]
    assert (menus.inside, second.rows[1][2]) == (0, "SFR-004")
    everything = page.text + "".join(cell for table in page.tables for row in table.rows for cell in row)
    assert everything.count("되돌리기") == 1


@needs_tesseract
def test_a_table_in_a_scan_is_a_table(tmp_path: Path) -> None:
    rows = [["시설", "이용 요금", "기간"], ["일반", "12,000원", "30일"], ["학생", "8,000원", "14일"]]
    canvas = Canvas(str(tmp_path / "drawn.pdf"), pagesize=(420, 300))
    canvas.setFont(korean_font(), 11)
    canvas.drawString(60, 270, "이용 요금 안내")
    draw(canvas, grid_of(rows), top=250)
    canvas.setFont(korean_font(), 11)
    for line in range(5):
        canvas.drawString(60, 160 - 20 * line, "접수 기간은 3월 2일부터 3월 20일까지이며 전자우편으로")
    canvas.save()
    with pdfium.PdfDocument(tmp_path / "drawn.pdf") as drawn:
        picture = drawn[0].render(scale=300 / 72, grayscale=True).to_pil()
    (tmp_path / "drawn.pdf").unlink()
    picture.save(tmp_path / "scan.pdf", resolution=300)
    [page] = read(tmp_path, PARAMS.model_copy(update={"ocr": "auto"}))[0]["scan"]
    [table] = page.tables
    assert (table.caption, table.rows[1:]) == ("이용 요금 안내", rows[1:])
    assert "12,000" not in page.text
