"""DOCX, PPTX and XLSX documents, real ones and ones that the libraries of their fields have written."""

import datetime
import io
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import docx
import msoffcrypto.format.ooxml
import openpyxl
import pptx
import pytest
from conftest import shared
from documents import inspect, read, rows_of, text_of
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from openpyxl.styles import Font
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from pagetune.extract.formats.flow import Cell, Paragraph, TableBlock
from pagetune.extract.formats.number_formats import shown
from pagetune.extract.formats.page_records import page_blocks
from pagetune.records import BadFile

SENTENCE = "도서관은 평일 오전 아홉 시부터 오후 여섯 시까지 문을 엽니다."


def test_merged_cells_of_a_real_docx_are_filled_and_marked() -> None:
    (page,) = read(shared("docs/docling_word_tables.docx"))
    wide, tall = page.tables[1], page.tables[3]
    assert wide.rows[1] == ["Cell 1.0", "Merged Cell 1.1 1.2", "Merged Cell 1.1 1.2"]
    assert wide.filled == [(1, 2), (2, 2)]
    assert [row[1] for row in tall.rows] == ["Header 0.1", *["Merged Cell 1.1 2.1"] * 2, *["Merged Cell 3.1 4.1"] * 2]
    assert page.tables[0].caption == "A uniform table"


def test_a_nested_table_of_a_real_docx_is_read_once() -> None:
    page = read(shared("docs/docling_docx_rich_cells.docx"))[0]
    assert page.tables[1].rows[2] == ["[표 3]", "Rich cell A nested table [표 4]"]
    assert [table.inside for table in page.tables] == [None, None, 1, 1, None]


def test_lists_of_a_real_docx_have_their_numbers() -> None:
    text = text_of(read(shared("docs/docling_docx_lists.docx")))
    assert "1.2 Greenhouse Shelves" in text
    assert "4. Fourth item with numId 2\n1. Single item of a new list" in text
    assert "• First item" in text  # the bullet is that of the paragraph's style


def test_text_boxes_of_a_real_docx_are_read_once() -> None:
    text = text_of(read(shared("docs/docling_textbox.docx")))
    assert text.count("Student falls ill") == 1
    assert text.count("Centers for Disease Control if necessary") == 1


def test_headings_of_a_real_docx_are_lines_in_their_order() -> None:
    lines = text_of(read(shared("docs/docling_unit_test_headers.docx"))).splitlines()
    assert [line for line in lines if line.startswith("Section")] == [
        "Section 1", "Section 1.1", "Section 1.2", "Section 1.2.3", "Section 2", "Section 2.1.1", "Section 2.1",
    ]  # fmt: skip


def add_run(paragraph: Any, xml: str) -> None:
    paragraph._p.append(parse_xml(xml.replace("<w:", "<w:", 1).replace(">", f" {nsdecls('w')}>", 1)))


def test_hidden_and_deleted_text_is_not_text(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("수수료는 ")
    add_run(paragraph, "<w:del><w:r><w:delText>오백 원</w:delText></w:r></w:del>")
    add_run(paragraph, "<w:ins><w:r><w:t>천 원</w:t></w:r></w:ins>")
    paragraph.add_run("입니다. " + SENTENCE)
    paragraph.add_run("숨긴 글").font.hidden = True
    document.sections[0].header.paragraphs[0].text = "머리말"
    document.save(str(tmp_path / "changed.docx"))
    assert read(tmp_path / "changed.docx")[0].text == f"수수료는 천 원입니다. {SENTENCE}"


def test_a_page_break_begins_a_page(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph(SENTENCE).add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("둘째 쪽입니다. " + SENTENCE)
    document.save(str(tmp_path / "pages.docx"))
    pages = read(tmp_path / "pages.docx")
    assert [page.text[:5] for page in pages] == [SENTENCE[:5], "둘째 쪽입"]


def test_a_section_says_how_it_begins_and_not_how_the_next_one_does(tmp_path: Path) -> None:
    document = docx.Document()
    document.sections[0].start_type = WD_SECTION.NEW_PAGE
    for number, start in enumerate((WD_SECTION.CONTINUOUS, WD_SECTION.NEW_PAGE, WD_SECTION.CONTINUOUS), 1):
        document.add_paragraph(f"{number}. {SENTENCE}")
        document.add_section(start)
    document.add_paragraph(f"4. {SENTENCE}")
    document.save(str(tmp_path / "sections.docx"))
    assert [[line[0] for line in page.text.splitlines()] for page in read(tmp_path / "sections.docx")] == [
        ["1", "2"],
        ["3", "4"],
    ]


def test_a_check_box_is_shown_and_what_to_enter_is_not(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph()
    for text, state in (
        ("남 ", "<w:checked/>"),
        ("여 ", '<w:checked w:val="0"/>'),
        ("단체 ", '<w:default w:val="1"/>'),
    ):
        box = f"<w:ffData><w:checkBox><w:sizeAuto/>{state}</w:checkBox></w:ffData>"
        add_run(paragraph, f'<w:r ><w:fldChar w:fldCharType="begin">{box}</w:fldChar></w:r>')
        paragraph.add_run(text)
    paragraph.add_run(SENTENCE)
    hint = "<w:r><w:t>여기를 눌러 입력하십시오.</w:t></w:r>"
    add_run(paragraph, f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{hint}</w:sdtContent></w:sdt>")
    add_run(paragraph, "<w:sdt><w:sdtContent><w:r><w:t> 끝</w:t></w:r></w:sdtContent></w:sdt>")
    document.save(str(tmp_path / "form.docx"))
    assert read(tmp_path / "form.docx")[0].text == f"☑남 ☐여 ☑단체 {SENTENCE} 끝"


def test_a_cell_of_a_docx_that_claims_millions_of_columns_is_read(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, ("가", "나", "다", "라"), strict=True):
        cell.text = text
    table._cells[0]._tc.get_or_add_tcPr().grid_span = 30_000_000
    document.save(str(tmp_path / "wide.docx"))
    assert rows_of(read(tmp_path / "wide.docx")[0])[0][1][:2] == ["다", "라"]


def test_a_chart_of_two_kinds_shows_all_its_numbers(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "매출과 증가율을 나타낸 그림입니다."
    data = CategoryChartData()
    data.categories = ["1월", "2월"]
    data.add_series("매출", (123456.78, 1234567.89))
    data.add_series("증가율", (0.153, 12))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, Inches(2), Inches(4), Inches(3), data).chart
    bars = chart.plots[0]._element
    lines = bars.makeelement(bars.tag.replace("barChart", "lineChart"))
    lines.append(bars.findall(bars.tag.replace("barChart", "ser"))[1])
    bars.addnext(lines)
    presentation.save(str(tmp_path / "two.pptx"))
    assert rows_of(read(tmp_path / "two.pptx")[0]) == [
        [["", "1월", "2월"], ["매출", "123456.78", "1234567.89"], ["증가율", "0.153", "12"]]
    ]


def test_slides_are_pages_and_hidden_ones_notes_and_footers_are_left_out() -> None:
    pages = read(shared("docs/docling_powerpoint_sample.pptx"))
    assert [page.text.splitlines()[0] for page in pages][:2] == ["Test Table Slide", "Second slide title"]
    assert pages[0].tables[0].rows[0] == ["", *["Class1"] * 3, *["Class2"] * 3]
    assert "1. List item4\n2. List item5" in pages[2].text
    assert "notes" not in text_of(pages)


def test_a_chart_on_a_slide_is_the_table_of_its_numbers(tmp_path: Path) -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "분기별 이용자 수를 나타낸 그림입니다."
    data = CategoryChartData()
    data.categories = ["1분기", "2분기"]
    data.add_series("이용자", (1200, 1350.5))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, Inches(2), Inches(4), Inches(3), data)
    hidden = presentation.slides.add_slide(presentation.slide_layouts[5])
    hidden.shapes.title.text = "숨긴 슬라이드입니다. 보이지 않습니다."
    hidden._element.set("show", "0")
    presentation.save(str(tmp_path / "chart.pptx"))
    (page,) = read(tmp_path / "chart.pptx")
    assert rows_of(page) == [[["", "1분기", "2분기"], ["이용자", "1200", "1350.5"]]]


def test_a_real_workbook_is_read_sheet_by_sheet_without_its_hidden_one() -> None:
    pages = read(shared("docs/docling_xlsx_01.xlsx"))
    assert len(pages) == 3
    assert [table.rows[0] for table in pages[1].tables] == [
        ["col-1", "col-2", "col-3", "col-4"],
        ["col-1", "col-2", "col-3"],
        ["col-1", "col-2", "col-3"],
    ]


def test_a_sheet_shows_its_cells_as_excel_does_without_hidden_ones(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "이용 현황"
    sheet["A1"] = "2024년 도서관 이용 현황"
    for row in (
        ["도서관", "이용자", "비율", "개관일", "비고"],
        ["중앙", 1234567, 0.256, datetime.date(1998, 3, 2), "x"],
    ):
        sheet.append(row)
    sheet.append(["감춘", 1, 0.1, None, None])
    sheet["B3"].number_format, sheet["C3"].number_format = '#,##0"명"', "0.0%"
    sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["E"].hidden = True
    sheet["A6"] = "※ 분관은 뺐다."
    book.create_sheet("숨김").sheet_state = "hidden"
    book.save(tmp_path / "book.xlsx")
    (page,) = read(tmp_path / "book.xlsx")
    assert rows_of(page) == [[["도서관", "이용자", "비율", "개관일"], ["중앙", "1,234,567명", "25.6%", "1998-03-02"]]]
    assert page.tables[0].caption == "2024년 도서관 이용 현황"
    assert page.text.splitlines() == ["이용 현황", "2024년 도서관 이용 현황", "※ 분관은 뺐다."]


def test_a_long_sheet_is_cut_between_rows_and_each_part_has_the_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["이름", "주소"])
    for number in range(500):
        book.active.append([f"도서관 {number}호", f"서울특별시 중구 세종대로 {number}"])
    book.save(tmp_path / "long.xlsx")
    pages = read(tmp_path / "long.xlsx")
    assert len(pages) > 3
    assert all(page.tables[0].rows[0] == ["이름", "주소"] for page in pages)
    assert sum(len(page.tables[0].rows) - 1 for page in pages) == 500


def rewrite(path: Path, part: str, old: str, new: str) -> None:
    """Change the XML of a package."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)


def test_a_formula_whose_stored_result_is_empty_shows_nothing(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["값", "두 배"], ["모름", '=IF(A2="모름","",A2*2)'], [3, "=A3*2"]):
        book.active.append(row)
    path = tmp_path / "empty.xlsx"
    book.save(path)
    rewrite(path, "xl/worksheets/sheet1.xml", '<c r="B2"><f>', '<c r="B2" t="str"><f>')
    assert rows_of(read(path)[0]) == [[["값", "두 배"], ["모름", ""], ["3", "=A3*2"]]]


def test_a_formatted_cell_far_away_costs_no_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["구분", "금액"], ["발급", 1000]):
        book.active.append(row)
    book.active.cell(1_048_576, 10).font = Font(bold=True)
    book.save(tmp_path / "far.xlsx")
    tracemalloc.start()
    (page,) = read(tmp_path / "far.xlsx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows_of(page) == [[["구분", "금액"], ["발급", "1000"]]]
    assert peak < 200 * 2**20


def test_a_workbook_is_read_under_any_name(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["구분", "금액"], ["발급", 1000]):
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    (tmp_path / "book.xlsx").rename(tmp_path / "book.docx")
    assert rows_of(read(tmp_path / "book.docx")[0]) == [[["구분", "금액"], ["발급", "1000"]]]


def test_the_time_for_a_table_grows_with_its_rows() -> None:
    """Four times the rows took sixteen times as long."""

    def seconds(rows: int) -> float:
        cells = [Cell(row, column, 1, 1, [Paragraph("값")]) for row in range(rows) for column in range(3)]
        start = time.process_time()
        page_blocks([TableBlock(cells)])
        return time.process_time() - start

    assert seconds(8_000) < 12 * seconds(2_000)


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.15, "0%", "15%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (-7, "0.0", "-7.0"),
        (3.0, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (12, '[$₩-412]#,##0', "₩12"),
        (7, "000", "007"),
        (-1500, "#,##0;(#,##0)", "(1,500)"),
        (1234567890, "000-00-00000", "123-45-67890"),
        (9001011234567, "000000-0000000", "900101-1234567"),
        (1012345678, "#-####-####", "10-1234-5678"),
        (1012345678, '000\\-0000\\-0000', "010-1234-5678"),
        (210, '0"시간" 00"분"', "2시간 10분"),
        (1500, '[>=1000]#,##0,"천";0', "1500"),
        (1e30, "#,##0", "1" + "0" * 30),
        (True, "General", "TRUE"),
        (datetime.datetime(2024, 1, 5, 9, 30), "yyyy-mm-dd hh:mm", "2024-01-05 09:30"),
    ],
)  # fmt: skip
def test_a_value_is_written_in_the_format_of_its_cell(value: Any, form: str, text: str) -> None:
    assert shown(value, form) == text


def test_a_password_opens_a_locked_office_file(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph(SENTENCE)
    document.save(str(tmp_path / "plain.docx"))
    locked = tmp_path / "locked.docx"
    plain = io.BytesIO((tmp_path / "plain.docx").read_bytes())
    with locked.open("wb") as file:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt("열려라", file)
    assert read(locked, "열려라")[0].text == SENTENCE
    for password, reason in ((None, "no_password"), ("닫혀라", "wrong_password")):
        bad = inspect(locked, password)
        assert isinstance(bad, BadFile)
        assert bad.reason == reason


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx", ".hwpx"])
def test_a_package_that_is_broken_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(b"PK\x03\x04 and no more")
    bad = inspect(path)
    assert isinstance(bad, BadFile)
    assert bad.reason == "broken_file"
