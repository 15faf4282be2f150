"""Filled forms: values stand at their place, once, and XFA forms without pages are named."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from conftest import ROOT
from reportlab.pdfgen.canvas import Canvas

from pagetune.extract.field_words import add_fields, replace_by_fields
from pagetune.extract.files import InputFile, SourceFile, inspect_file
from pagetune.extract.forms import Field
from pagetune.extract.pages import PageRange, read_pages
from pagetune.extract.summary import what_to_do
from pagetune.extract.word_boxes import Word
from pagetune.params import Extract, load_params
from pagetune.records import BadFile, Page

PARAMS: Extract = load_params(ROOT / "params.yaml").extract

NOTICE = "Please wait... If this message is not eventually replaced by the proper contents of the document, your PDF"


def string(text: str) -> str:
    """Return a text as a PDF writes it in UTF-16."""
    return f"<FEFF{text.encode('utf-16-be').hex()}>"


def show(x: float, y: float, text: str, size: float = 11) -> str:
    """Return the content of a page that shows a text at a place from the bottom left."""
    return f"BT /F {size} Tf {x} {y} Td <{text.encode('utf-16-be').hex()}> Tj ET\n"


def widget(x: float, y: float, kind: str, more: str, width: float = 150, height: float = 16) -> str:
    """Return a field with its lower left corner at a place; `kind` is Tx, Btn or Ch."""
    rect = f"[{x} {y} {x + width} {y + height}]"
    return f"<< /Type /Annot /Subtype /Widget /FT /{kind} /Rect {rect} /F 4 {more} >>"


def text_field(x: float, y: float, value: str, more: str = "", **size: float) -> str:
    return widget(x, y, "Tx", f"/T (f{x}.{y}) /V {string(value)} /DA (/F 11 Tf) {more}", **size)


def check_box(x: float, y: float, *, ticked: bool) -> str:
    states = f"/V /{'Yes' if ticked else 'Off'} /AS /{'Yes' if ticked else 'Off'} /AP << /N << /Yes 6 0 R >> >>"
    return widget(x, y, "Btn", f"/T (c{x}.{y}) {states}", width=12, height=12)


def drawing(content: str) -> str:
    """Return an appearance, as a stream in the font of the page."""
    return (
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 150 16] /Resources << /Font << /F 4 0 R >> >> "
        f"/Length {len(content)} >>\nstream\n{content}\nendstream"
    )


def write_form(
    path: Path, content: str, annotations: Sequence[str], *, form: str | None = "", page: str = "", catalog: str = ""
) -> Path:
    """Write a PDF with one page. Object 6 is an empty appearance, the annotations are the objects from 7.

    `form` is what the AcroForm has besides its fields, or None where there is no AcroForm.
    """
    numbers = " ".join(f"{number} 0 R" for number in range(7, 7 + len(annotations)))
    fields = f"/AcroForm << /Fields [{numbers}] {form} >>" if form is not None else ""
    font = "/Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /UniKS-UCS2-H"
    system = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >>"
    descriptor = "/FontDescriptor << /Type /FontDescriptor /FontName /HYSMyeongJo-Medium /Flags 4 /Ascent 800 "
    descendant = f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium {system} {descriptor}"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {fields} {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Annots [{numbers}] "
        f"/Resources << /Font << /F 4 0 R >> >> {page} >>",
        f"<< {font} /DescendantFonts [{descendant} /Descent -200 /ItalicAngle 0 /StemV 80 >> >>] >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        drawing(""),
        *annotations,
    ]
    written = "%PDF-1.7\n" + "".join(f"{number} 0 obj\n{each}\nendobj\n" for number, each in enumerate(objects, 1))
    path.write_text(f"{written}trailer << /Root 1 0 R /Size {len(objects) + 1} >>\n", encoding="latin-1")
    return path


def has_korean_font() -> bool:
    """Tell whether the system has a font for the text of these files, which embed none."""
    with tempfile.TemporaryDirectory() as folder:
        content = "q 0 1 -1 0 100 60 cm " + show(0, 0, "성명") + "Q\n"
        with pdfium.PdfDocument(write_form(Path(folder) / "form.pdf", content, [])) as pdf:
            return bool(pdf[0].get_textpage().count_chars())


needs_korean_font = pytest.mark.skipif(not has_korean_font(), reason="the system has no Korean font")


def only_page(folder: Path) -> Page:
    source = inspect_file(InputFile(folder / "form.pdf", None))
    assert isinstance(source, SourceFile)
    [page] = read_pages(PageRange(source, 1, 1, PARAMS))
    return page


def read_form(folder: Path, content: str, annotations: Sequence[str], **more: Any) -> Page:
    write_form(folder / "form.pdf", content, annotations, **more)
    return only_page(folder)


def test_a_filled_english_form_reads_like_its_picture(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "form.pdf"))
    canvas.setFont("Helvetica", 11)
    for y, label in ((700, "Name"), (670, "Department"), (640, "Shift"), (610, "Secret"), (580, "Inner")):
        canvas.drawString(72, y, label)
    canvas.drawString(165, 550, "I agree")
    canvas.drawString(265, 550, "I decline")
    form = canvas.acroForm
    form.textfield(name="name", value="Hong Gildong", x=150, y=695, width=200, height=18)
    form.choice(name="department", value="S", options=[("Sales", "S"), ("Legal", "L")], x=150, y=665, height=18)
    form.radio(name="shift", value="day", selected=False, x=150, y=637, size=14)
    form.radio(name="shift", value="night", selected=True, x=180, y=637, size=14)
    form.textfield(name="secret", value="hunter2", fieldFlags="password", x=150, y=605, width=200, height=18)
    form.textfield(name="inner", value="draft", annotationFlags="hidden", x=150, y=575, width=200, height=18)
    form.checkbox(name="yes", checked=True, x=148, y=548, size=13)
    form.checkbox(name="no", checked=False, x=248, y=548, size=13)
    canvas.save()
    assert only_page(tmp_path).text.split("\n") == [
        "Name Hong Gildong",
        "Department Sales",
        "Shift ☐ ☑",
        "Secret",
        "Inner",
        "☑ I agree ☐ I decline",
    ]


def test_korean_values_stand_beside_their_labels(tmp_path: Path) -> None:
    """Far labels too, which would otherwise be a column of their own."""
    rows = [
        ("성명", "홍길동"),
        ("주소", "서울특별시 영등포구 의사당대로 143"),
        ("직업", "회사원"),
        ("전화", "02-555-0144"),
    ]
    content = "".join(show(60, 700 - 30 * row, label) for row, (label, _) in enumerate(rows))
    fields = [text_field(180, 696 - 30 * row, value, width=300) for row, (_, value) in enumerate(rows)]
    page = read_form(tmp_path, content, fields)
    assert page.text.split("\n") == [f"{label} {value}" for label, value in rows]


def test_the_labels_of_empty_fields_stay_apart(tmp_path: Path) -> None:
    labels = ["성명", "주소", "직업", "전화"]
    content = "".join(show(60, 700 - 20 * row, label) for row, label in enumerate(labels))
    fields = [text_field(180, 696 - 20 * row, "", width=300) for row in range(len(labels))]
    assert read_form(tmp_path, content, fields).text.split("\n") == labels


@needs_korean_font
def test_boxes_beside_single_syllables_are_not_letterspacing(tmp_path: Path) -> None:
    content = show(77, 700, "남") + show(117, 700, "여")
    boxes = [check_box(60, 699, ticked=True), check_box(100, 699, ticked=False)]
    assert read_form(tmp_path, content, boxes).text == "☑ 남 ☐ 여"


@needs_korean_font
def test_letterspaced_labels_are_closed_before_their_values(tmp_path: Path) -> None:
    letters = zip("생년월일연락처", (60, 80, 100, 120, 300, 325, 350), strict=True)
    content = "".join(show(x, 700, letter) for letter, x in letters)
    fields = [text_field(150, 696, "1990-01-01", width=120), text_field(380, 696, "홍", width=120)]
    assert read_form(tmp_path, content, fields).text == "생년월일 1990-01-01 연락처 홍"


def test_the_lines_of_a_value_stay_apart(tmp_path: Path) -> None:
    content = show(60, 700, "신청 사유") + show(60, 560, "위와 같이 신청합니다.")
    field = text_field(150, 600, "첫째 줄\r둘째 줄\r\n셋째 줄", "/Ff 4096", width=300, height=112)
    page = read_form(tmp_path, content, [field])
    assert page.text.split("\n") == ["신청 사유 첫째 줄", "둘째 줄", "셋째 줄", "위와 같이 신청합니다."]


def test_letters_in_boxes_are_one_value(tmp_path: Path) -> None:
    field = text_field(180, 696, "20261128", "/Ff 16777216 /MaxLen 8")
    assert read_form(tmp_path, show(60, 700, "신청일"), [field]).text == "신청일 20261128"


def test_a_value_is_inherited_from_the_parent_field(tmp_path: Path) -> None:
    parent = f"<< /FT /Tx /T (name) /V {string('홍길동')} /Kids [7 0 R] >>"
    child = "<< /Type /Annot /Subtype /Widget /Rect [180 696 330 712] /F 4 /Parent 8 0 R >>"
    assert read_form(tmp_path, show(60, 700, "성명"), [child, parent]).text == "성명 홍길동"


def test_values_without_a_form_are_read(tmp_path: Path) -> None:
    """A file put together from others has fields on its pages, but often no form."""
    assert read_form(tmp_path, show(60, 700, "성명"), [text_field(180, 696, "홍길동")], form=None).text == "성명 홍길동"


def test_the_labels_of_the_chosen_options_are_read(tmp_path: Path) -> None:
    options = f"/Opt [[(a) {string('가입')}] [(b) {string('해지')}] [(c) {string('변경')}]]"
    chosen = [
        widget(180, 696, "Ch", f"/T (one) /Ff 131072 {options} /V (b)"),
        widget(180, 640, "Ch", f"/T (two) /Ff 2097152 {options} /V [(a) (c)] /I [0 2]", height=40),
        widget(180, 600, "Ch", f"/T (own) /Ff 393216 {options} /V {string('기타')}"),
    ]
    content = show(60, 700, "구분") + show(60, 665, "업무") + show(60, 604, "사유")
    assert read_form(tmp_path, content, chosen).text.split("\n") == ["구분 해지", "업무 가입", "변경", "사유 기타"]


@needs_korean_font
def test_a_box_is_ticked_by_its_value_where_no_drawing_is_chosen(tmp_path: Path) -> None:
    """Some programs that fill forms leave the drawing to the viewer."""
    values = [("예", "/V /Yes"), ("아니요", "/V /Off"), ("보류", "")]
    content = "".join(show(80, 700 - 30 * row, label) for row, (label, _) in enumerate(values))
    boxes = [
        widget(60, 699 - 30 * row, "Btn", f"/T (b{row}) {value}", width=12, height=12)
        for row, (_, value) in enumerate(values)
    ]
    assert read_form(tmp_path, content, boxes).text.split("\n") == ["☑ 예", "☐ 아니요", "☐ 보류"]


def test_values_stand_in_the_cells_of_a_ruled_table(tmp_path: Path) -> None:
    lines = [f"{x} 630 m {x} 720 l S\n" for x in (60, 160, 300, 400, 540)]
    lines += [f"60 {y} m 540 {y} l S\n" for y in (630, 660, 690, 720)]
    labels = [
        ("성명", 170, 700, "홍길동"),
        ("생년월일", 410, 700, "1990-01-01"),
        ("주소", 170, 670, "서울 영등포구\n12층"),
    ]
    content = "".join(lines) + "".join(show(x - 100, y, label) for label, x, y, _ in labels)
    content += show(310, 670, "동의") + show(70, 640, "비고") + show(310, 640, "확인")
    fields = [text_field(x - 5, y - 4, value, width=110, height=20) for _, x, y, value in labels]
    page = read_form(tmp_path, content, [*fields, check_box(450, 668, ticked=True)])
    assert page.tables[0].rows == [
        ["성명", "홍길동", "생년월일", "1990-01-01"],
        ["주소", "서울 영등포구 12층", "동의", "☑"],
        ["비고", "", "확인", ""],
    ]
    assert page.text == ""


def test_two_values_in_a_cell_are_not_one_word(tmp_path: Path) -> None:
    lines = [f"{x} 630 m {x} 690 l S\n" for x in (60, 160, 400)] + [f"60 {y} m 400 {y} l S\n" for y in (630, 670, 690)]
    content = "".join(lines) + show(70, 675, "성명") + show(70, 645, "주소")
    fields = [text_field(165, y, value, width=230) for y, value in ((672, "홍길동"), (650, "서울"), (633, "부산"))]
    page = read_form(tmp_path, content, fields)
    assert page.tables[0].rows == [["성명", "홍길동"], ["주소", "서울 부산"]]


@pytest.mark.parametrize("printed", ["홍길동", "홍 길 동"])
def test_a_value_that_was_also_printed_comes_once(tmp_path: Path, printed: str) -> None:
    content = show(60, 700, "성명") + show(182, 700, printed)
    assert read_form(tmp_path, content, [text_field(180, 696, "홍길동")]).text == "성명 홍길동"


def test_a_line_to_write_on_is_not_read_below_a_value(tmp_path: Path) -> None:
    content = (
        show(60, 700, "성명:____________________(인)") + show(60, 660, "전화: ............") + show(60, 620, "□ 동의")
    )
    fields = [text_field(95, 697, "홍길동"), check_box(60, 619, ticked=True)]
    assert read_form(tmp_path, content, fields).text.split("\n") == [
        "성명: 홍길동 (인)",
        "전화: ............",
        "☑ 동의",
    ]


def test_a_number_is_read_as_it_is_shown(tmp_path: Path) -> None:
    """A viewer's script writes the stored number in another format into the drawing of the field."""
    drawn = text_field(180, 696, "1234567", "/AP << /N 8 0 R >>")
    page = read_form(tmp_path, show(60, 700, "금액"), [drawn, drawing(show(2, 4, "1,234,567원"))])
    assert page.text == "금액 1,234,567원"


def test_a_value_that_only_its_drawing_has_is_read(tmp_path: Path) -> None:
    drawn = widget(180, 696, "Tx", "/T (name) /AP << /N 8 0 R >>")
    page = read_form(tmp_path, show(60, 700, "성명"), [drawn, drawing(show(2, 4, "홍길동"))])
    assert page.text == "성명 홍길동"


def test_typewriter_notes_are_read_and_comments_are_not(tmp_path: Path) -> None:
    annotations = [
        f"<< /Type /Annot /Subtype /{kind} /Rect [180 696 330 712] /F 4 /Contents {string(text)} /DA (/F 11 Tf) >>"
        for kind, text in (("FreeText", "접수 완료"), ("Text", "확인 바람"), ("Highlight", "강조"), ("Popup", "열림"))
    ]
    assert read_form(tmp_path, show(60, 700, "상태"), annotations).text == "상태 접수 완료"


@pytest.mark.parametrize("flag", [2, 32])
def test_a_hidden_field_is_not_read(tmp_path: Path, flag: int) -> None:
    hidden = text_field(180, 696, "비공개").replace("/F 4", f"/F {flag}")
    assert read_form(tmp_path, show(60, 700, "성명"), [hidden]).text == "성명"


@needs_korean_font
def test_values_on_a_turned_page_stand_beside_their_labels(tmp_path: Path) -> None:
    """The text runs upwards in the file, and the page is shown turned by 90 degrees."""
    content = "".join(f"q 0 1 -1 0 {x} 60 cm {show(0, 0, label)}Q\n" for x, label in ((100, "성명"), (140, "주소")))
    fields = [text_field(x - 12, 130, value, width=16, height=150) for x, value in ((100, "홍길동"), (140, "서울"))]
    assert read_form(tmp_path, content, fields, page="/Rotate 90").text.split("\n") == ["성명 홍길동", "주소 서울"]


def test_fields_on_a_turned_page_without_text_are_in_order(tmp_path: Path) -> None:
    fields = [text_field(x, 130, value, width=16, height=150) for x, value in ((100, "첫째"), (140, "둘째"))]
    assert read_form(tmp_path, "", fields, page="/Rotate 90").text.split("\n") == ["첫째", "둘째"]


def test_a_value_replaces_what_was_read_from_its_picture() -> None:
    words = [Word("성명", 60, 82, 100, 111), Word("흥길등", 150, 183, 100, 111)]
    field = Field("홍길동", (148, 98, 300, 114), 11)
    assert [word.text for word in replace_by_fields(words, [field])] == ["성명", "홍길동"]


@needs_korean_font
def test_long_values_do_not_make_text_of_a_scan(tmp_path: Path) -> None:
    scan = "q 595 0 0 842 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q\n"
    field = text_field(60, 600, "신청 사유는 다음과 같습니다. " * 30, "/Ff 4096", width=400, height=200)
    assert read_form(tmp_path, scan, [field]).reason == "needs_ocr"


def test_a_field_in_two_places_comes_twice_and_a_copy_on_top_of_it_once() -> None:
    here, there = Field("홍길동", (100, 100, 200, 114), 11), Field("홍길동", (100, 300, 200, 314), 11)
    assert [word.text for word in add_fields([], [here, here, there])] == ["홍길동", "홍길동"]


@pytest.mark.parametrize(("notice", "catalog"), [(NOTICE, ""), ("잠시 기다려 주십시오.", "/NeedsRendering true")])
def test_an_xfa_form_without_pages_is_named(tmp_path: Path, notice: str, catalog: str) -> None:
    """The notice of Adobe's forms is in the language of who made them; a button on it does not make it a page."""
    button = widget(180, 600, "Btn", "/T (print) /Ff 65536")
    write_form(tmp_path / "form.pdf", show(60, 700, notice), [button], form="/XFA [(datasets) 6 0 R]", catalog=catalog)
    bad = inspect_file(InputFile(tmp_path / "form.pdf", None))
    assert isinstance(bad, BadFile)
    assert bad.reason == "xfa_only"
    assert "print it to a PDF" in what_to_do(bad)


def test_an_xfa_form_with_pages_of_its_own_is_read(tmp_path: Path) -> None:
    xfa = "/XFA [(datasets) 6 0 R]"
    page = read_form(tmp_path, show(60, 700, "성명"), [text_field(180, 696, "홍길동")], form=xfa)
    assert page.text == "성명 홍길동"
