"""Pages from PDFs: reading order, paragraphs, tables, headers, and the outcome of each page."""

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, shared
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from benchmarks.extract import TABLE, character_error_rate, korean_paragraphs, right_joins
from benchmarks.typeset import FONT, Layout, typeset
from pagetune.extract.pages import read_documents
from pagetune.extract.symbols import as_shown
from pagetune.params import Extract, load_params
from pagetune.records import BadFile, Page
from samples.typeset import read_sample

RAW = ROOT / "data/raw"
PARAMS: Extract = load_params(ROOT / "params.yaml").extract

#: Where a font is not embedded, PDFium measures its characters with a font of the machine.
HAS_KOREAN_FONT = any(Path("/usr/share/fonts").rglob("Nanum*")) or any(Path("/usr/share/fonts").rglob("*CJK*"))


def read(folder: Path, params: Extract = PARAMS) -> tuple[dict[str, list[Page]], dict[str, BadFile]]:
    """Return the pages by document, and the bad files by name."""
    pages: dict[str, list[Page]] = {}
    bad: dict[str, BadFile] = {}
    for found in read_documents(folder, params):
        if isinstance(found, Page):
            pages.setdefault(found.doc_id, []).append(found)
        elif isinstance(found, BadFile):
            bad[found.file] = found
    return pages, bad


@pytest.fixture(scope="module")
def pages() -> dict[str, list[Page]]:
    return read(RAW)[0]


def korean_font() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    return FONT


def folded(text: str) -> str:
    return re.sub(r"\s+", "", text)


def source_paragraphs(name: str) -> list[str]:
    _, blocks = read_sample(ROOT / "samples" / f"{name}.txt")
    return [re.sub(r"^#+ ", "", block) for block in blocks if not block.startswith("|")]


def source_cells(name: str) -> list[str]:
    _, blocks = read_sample(ROOT / "samples" / f"{name}.txt")
    lines = [line for block in blocks if block.startswith("|") for line in block.splitlines()]
    return [cell.strip() for line in lines for cell in line.strip("| ").split(" | ")]


SAMPLES = sorted(path.stem for path in (ROOT / "samples").glob("*.txt"))


@pytest.mark.parametrize("name", SAMPLES)
def test_what_was_typeset_is_read_back(pages: dict[str, list[Page]], name: str) -> None:
    """No character of the document is lost, doubled or out of order, columns included; spaces are not compared."""
    read = "".join(folded(page.text) for page in pages[name])
    for paragraph in source_paragraphs(name):
        assert folded(paragraph) in read


@pytest.mark.parametrize("name", SAMPLES)
def test_nine_of_ten_paragraphs_come_back_with_every_space(pages: dict[str, list[Page]], name: str) -> None:
    """Kiwi decides whether a line broke inside a Korean word. A page break always splits a paragraph."""
    read = {line for page in pages[name] for line in page.text.split("\n")}
    paragraphs = source_paragraphs(name)
    assert sum(paragraph in read for paragraph in paragraphs) >= 0.85 * len(paragraphs)


@pytest.mark.parametrize("name", [name for name in SAMPLES if source_cells(name)])
def test_table_cells_come_back_and_stay_out_of_the_text(pages: dict[str, list[Page]], name: str) -> None:
    cells = {folded(cell) for page in pages[name] for table in page.tables for row in table.rows for cell in row}
    assert {folded(cell) for cell in source_cells(name)} <= cells
    assert "|" not in "".join(page.text for page in pages[name])
    assert "02-555-0144" not in "".join(page.text for page in pages[name])


def test_a_table_has_the_line_above_it_as_caption(pages: dict[str, list[Page]]) -> None:
    assert pages["training_notice"][0].tables[0].caption == "금융보안교육센터"


def test_running_headers_and_page_numbers_are_gone(pages: dict[str, list[Page]]) -> None:
    for page in pages["boiler_guide"]:
        assert "NB-700 사용 안내서" not in page.text
        assert not re.search(r"^- \d+ -$", page.text, re.MULTILINE)
        assert page.quality["headers_removed"] == 2


def test_the_address_is_on_one_line(pages: dict[str, list[Page]]) -> None:
    text = pages["training_notice"][0].text
    assert "금융보안교육센터의 주소는 서울특별시 영등포구 의사당대로 143 금융투자빌딩 12층입니다." in text


def typeset_pages(folder: Path, paragraphs: list[str], layout: Layout, **changes: Any) -> list[Page]:
    typeset(folder / "typeset.pdf", paragraphs, layout)
    return read(folder, PARAMS.model_copy(update=changes))[0]["typeset"]


def test_a_title_below_the_header_that_repeats_it_stays(tmp_path: Path) -> None:
    paragraphs = ["누리홈 이용 안내서", *("가나다라 마바사아 자차카타 파하. " * 40 for _ in range(6))]
    pages = typeset_pages(tmp_path, paragraphs, Layout(header="누리홈 이용 안내서"))
    assert len(pages) >= 3
    assert [page.text.count("누리홈 이용 안내서") for page in pages] == [1, *[0] * (len(pages) - 1)]


@pytest.mark.parametrize(
    ("layout", "most"),
    [
        (Layout(header="새솔 규정집"), 0.01),
        (Layout(header="새솔 규정집", table=TABLE), 0.01),
        (Layout(2, 44, "새솔 규정집"), 0.02),
        (Layout(2, 44, "새솔 규정집", TABLE), 0.02),
        (Layout(3, 48, "새솔 규정집"), 0.02),
    ],
    ids=["one column", "one column, tables", "two columns", "two columns, tables", "three columns"],
)
def test_typeset_korean_is_read_with_few_wrong_letters(tmp_path: Path, layout: Layout, most: float) -> None:
    """Lines end inside words. Every page has a running header, a page number and, in some layouts, a table."""
    rate, pages = character_error_rate(layout, PARAMS)
    assert pages > 5
    assert rate <= most


def test_typeset_tables_come_back_as_rows_on_every_page(tmp_path: Path) -> None:
    for page in typeset_pages(tmp_path, korean_paragraphs(), Layout(2, 44, "규정집", TABLE)):
        assert [[list(row) for row in TABLE]] == [table.rows for table in page.tables]
        assert "12,000원" not in page.text


def test_at_least_97_of_100_known_breaks_are_joined_right() -> None:
    right, count = right_joins()
    assert count == 2000
    assert right >= 0.97 * count


def test_columns_in_a_band_of_the_page_are_read_one_after_the_other(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "band.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    canvas.drawString(60, 780, "이 줄은 두 단의 위에 걸쳐 쪽의 온 너비를 차지하는 머리글이며 먼저 읽어야 합니다.")
    for line in range(6):
        canvas.drawString(60, 740 - 16 * line, f"왼쪽 단의 {line}번째 줄은 왼쪽에서 읽습니다.")
        canvas.drawString(320, 740 - 16 * line, f"오른쪽 단의 {line}번째 줄은 나중에 읽습니다.")
    canvas.drawString(60, 600, "이 줄은 두 단의 아래에 걸쳐 쪽의 온 너비를 차지하는 맺음말이며 마지막에 읽어야 합니다.")
    canvas.save()
    text = read(tmp_path)[0]["band"][0].text
    order = [text.index(part) for part in ("머리글", "왼쪽 단의 5", "오른쪽 단의 0", "오른쪽 단의 5", "맺음말")]
    assert order == sorted(order)


@pytest.mark.skipif(HAS_KOREAN_FONT, reason="the heights of these lines are those of PDFium's own font")
def test_short_columns_are_told_from_labels_and_values_by_the_heights_of_their_lines(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "short.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 10)
    for line in range(8):
        canvas.drawString(60, 780 - 13 * line, f"분류 A0{line}F 21/3{line}")
    for line, text in enumerate(("이하늘", "새솔시 나루구 한결로 64번길 49 다솜관", "가람관 10층")):
        canvas.drawString(325, 779 - 12 * line, text)
    for line, (label, value) in enumerate(
        (("출원번호", "10-2021-0175798"), ("출원일", "2021. 12. 9."), ("청구항", "12"))
    ):
        canvas.drawString(60, 640 - 13 * line, label)
        canvas.drawString(140, 640 - 13 * line, value)
    canvas.save()
    [page] = read(tmp_path)[0]["short"]
    assert page.text.index("이하늘") > page.text.rindex("분류")
    assert [table.rows[0] for table in page.tables] == [["출원번호", "10-2021-0175798"]]


@pytest.mark.skipif(not HAS_KOREAN_FONT, reason="no Korean font is installed (Debian: fonts-nanum)")
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_page_reads_as_the_upright_one(tmp_path: Path, degrees: int) -> None:
    for name, turn in (("upright", 0), ("rotated", degrees)):
        canvas = Canvas(str(tmp_path / f"{name}.pdf"), pagesize=A4)
        canvas.setPageRotation(turn)
        if turn == 90:  # text that runs upwards, on a page turned clockwise
            canvas.translate(A4[0], 0)
            canvas.rotate(90)
        if turn == 270:  # text that runs downwards, on a page turned the other way
            canvas.translate(0, A4[1])
            canvas.rotate(270)
        draw_notice(canvas)
        canvas.save()
    pages = read(tmp_path)[0]
    assert "접수 기간은 3월 2일부터 3월 20일까지입니다." in pages["upright"][0].text
    assert pages["rotated"][0].text == pages["upright"][0].text
    assert pages["rotated"][0].tables == pages["upright"][0].tables != []


def draw_notice(canvas: Canvas) -> None:
    canvas.setFont(korean_font(), 11)
    for line, text in enumerate(("수강생 모집 안내", "접수 기간은 3월 2일부터 3월 20일까지입니다.", "수강료 안내")):
        canvas.drawString(60, 500 - 20 * line, text)
    for row, cells in enumerate(TABLE):
        for column, cell in enumerate(cells):
            canvas.rect(60 + 100 * column, 420 - 20 * row, 100, 20)
            canvas.drawString(64 + 100 * column, 426 - 20 * row, cell)


def test_letter_spaced_headings_doubled_letters_and_bullets_are_read_as_meant(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "letters.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 12)
    canvas.drawString(60, 780, "제   1   장        총   칙")
    canvas.drawString(60, 750, "발 의 자 : 김서연")
    canvas.drawString(60, 720, "월 화 수 목 금")
    for offset in (0, 0.3):
        canvas.drawString(60 + offset, 690, "굵게 보이도록 두 번 쓴 줄입니다.")
    canvas.drawString(60, 660, "\uf0b7 첫째 항목")
    canvas.drawString(60, 630, "쪽을 채우는 보통의 글이 여기 한 줄 더 있고, 이 줄은 다른 줄보다 길어야 합니다.")
    canvas.save()
    lines = read(tmp_path)[0]["letters"][0].text.split("\n")
    assert "제1장 총칙" in lines
    assert "발의자 : 김서연" in lines
    assert "월 화 수 목 금" in lines
    assert "굵게 보이도록 두 번 쓴 줄입니다." in lines
    assert "• 첫째 항목" in lines


def footed_page(folder: Path, feet: list[str]) -> list[Page]:
    """Return one page for each of `feet`, with a header in which only the page number changes."""
    canvas = Canvas(str(folder / "footed.pdf"), pagesize=A4)
    for number, foot in enumerate(feet, 1):
        canvas.drawString(60, 800, f"Reading room, page {number + 4} of 40")
        for line in range(8):
            canvas.drawString(
                60, 740 - 20 * line, f"Line {line} of what page {'abcdefgh'[number]} has to say about it."
            )
        canvas.drawString(60, 40, foot)
        canvas.showPage()
    canvas.save()
    return read(folder)[0]["footed"]


def test_a_sum_at_the_foot_of_every_page_is_kept_and_a_page_number_is_removed(tmp_path: Path) -> None:
    feet = [f"Total due: {value} won" for value in ("17,000", "48,000", "9,500", "21,000", "1,200")]
    for page, foot in zip(footed_page(tmp_path, feet), feet, strict=True):
        assert foot in page.text
        assert "Reading room" not in page.text


def test_a_number_at_the_edge_of_a_page_is_kept_unless_it_is_the_page_s_own(tmp_path: Path) -> None:
    pages = footed_page(tmp_path, ["- 1 -", "-15"])
    assert "- 1 -" not in pages[0].text
    assert "-15" in pages[1].text


def test_a_stamp_along_the_margin_is_a_paragraph_of_its_own(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "stamped.pdf"), pagesize=A4)
    for line in range(4):
        canvas.drawString(60, 740 - 14 * line, "These lines are all as wide as one another here")
    canvas.rotate(90)
    canvas.drawString(300, -30, "Downloaded by a reader in May")
    canvas.save()
    lines = read(tmp_path)[0]["stamped"][0].text.split("\n")
    assert lines[-1] == "Downloaded by a reader in May"


def test_a_ruled_row_of_wrapped_cells_stays_one_row(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "wrapped.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 9)
    for row in range(2):
        for column in range(4):
            canvas.rect(60 + 80 * column, 600 - 50 * row, 80, 50)
            for line, text in enumerate(("첫째 줄이", "둘째 줄과", "셋째 줄로")):
                canvas.drawString(64 + 80 * column, 638 - 50 * row - 14 * line, text)
    canvas.save()
    assert [len(table.rows) for table in read(tmp_path)[0]["wrapped"][0].tables] == [2]


def test_the_same_bytes_come_from_any_number_of_processes_and_from_ray(tmp_path: Path) -> None:
    typeset(tmp_path / "long.pdf", korean_paragraphs() * 4, Layout(header="규정집"), pages=40)
    typeset(tmp_path / "short.pdf", korean_paragraphs(), Layout(), pages=2)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
    (tmp_path / "notes.md").write_text("# 안내\n\n열람실은 평일 9시에 엽니다.\n", encoding="utf-8")
    runs = [
        list(read_documents(tmp_path, PARAMS.model_copy(update=changes)))
        for changes in ({"processes": 1}, {"processes": 3}, {"engine": "ray"})
    ]
    assert runs[0][0] == 43
    assert runs[0] == runs[1]
    assert runs[0] == runs[2]


#: For each file of ../shared/pdfs, the outcome that its row in SOURCES.md calls for: the reason of a bad file, or the
#: status or reason of page 1, with what its text must contain and what it must not.
OUTCOMES = {
    "ar_kbo_table_text": ("ok", ["제22조 경기시간 제한", "* 어린이날 - 14:00"], []),
    "autorag_ko_texts2": ("ok", ["2. 지급사유 관련 용어", "마. 피보험자: 보험사고의 대상이 되는 사람을 말합니다."], []),
    "docqa_faq": ("ok", ["There are 5 projects in this course that build upon each other."], []),
    "fsi_ko_law_efin": ("ok", ["제1조(목적)", "기반조성을 함으로써"], ["국가법령정보센터"]),
    "fsi_ko_law_esign": ("ok", ["제1조(목적)"], ["국가법령정보센터"]),
    "fsi_ko_reg_efin": ("ok", ["전자금융감독규정", "제1조(목적) 이 규정은 「전자금융거래법」"], []),
    "korquad_ko_paper_2col": ("ok", ["기존 질의응답 표준 데이터인 KorQuAD 1.0과의 차이점은", "1. 서론"], []),
    "miner_rc4_40": ("no_text", ["Secret!"], []),
    "miner_vertical": ("ok", ["Test", "Vertical", "Layout"], []),
    "odl_empty_0byte": ("empty_file", [], []),
    "odl_en_arxiv_2col": ("ok", ["Modern code completion engines, powered by large language models"], []),
    "odl_fake_jpg": ("not_a_pdf", [], []),
    "odl_invalid_chars": ("unreadable_font", [], []),
    "odl_ko_bill": ("ok", ["탄소중립기본계획 및 주요 정책 등을 심의ㆍ의결하기 위하여", "발의자 : 이수진"], ["- 1 -"]),
    "odl_ko_cid_no_tounicode": ("unreadable_font", [], []),
    "odl_ko_fund_dbchina": ("ok", ["신탁재산의 60%이상을 중국관련 주식에 투자하는"], ["KEB"]),
    "odl_ko_fund_kyobo_sm": ("ok", ["2023년09월30일기준", "(단위 : %)"], []),
    "odl_ko_patent": ("ok", ["공개특허 10-2023-0087131", "(43) 공개일자 2023년06월16일"], []),
    "odl_ko_rfp2": ("ok", ["제안요청서(RFP)"], []),
    "pdfjs_empty_page": ("no_text", [], []),
    "pdfjs_empty_protected": ("no_text", [], []),
    "pdfjs_scan_bad": ("needs_ocr", [], []),
    "plumber_duplicate_chars": (
        "ok",
        ["UE 8. Circulation - Métabolismes", "OBJECTIFS"],
        ["OBJECTIFS OBJECTIFS", "UUEE"],
    ),
    "plumber_en_scotus": ("ok", ["STEVEN E. MERCER, ESQ., Deputy Attorney General, Los"], []),
    "plumber_en_senate_table": ("ok", [], ["\ufffd"]),
    "plumber_malformed932": ("needs_ocr", [], []),
    "plumber_password": ("ok", [], []),
    "plumber_rotated_table": ("ok", [], []),
    "wandb_en_faq": ("ok", ["• Apparel"], ["¥"]),
    "wf_ko_openapi": ("ok", [], ["\ufffd"]),
    "wf_ko_privacy_commentary": ("ok", [], ["\ufffd"]),
}


@pytest.fixture(scope="module")
def real() -> tuple[dict[str, list[Page]], dict[str, BadFile]]:
    folder = shared("pdfs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAGETUNE_PASSWORDS", '{"plumber_password.pdf": "test", "miner_rc4_40.pdf": "foo"}')
        return read(folder)


def test_the_table_of_outcomes_names_every_real_file() -> None:
    assert {path.stem for path in shared("pdfs").glob("*.pdf")} == set(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_real_file_has_the_outcome_its_source_calls_for(
    real: tuple[dict[str, list[Page]], dict[str, BadFile]], name: str
) -> None:
    outcome, wanted, unwanted = OUTCOMES[name]
    pages, bad = real
    if name not in pages:
        assert bad[f"{name}.pdf"].reason == outcome
        return
    page = pages[name][0]
    assert (page.reason or page.status) == outcome
    assert [part for part in wanted if part not in page.text] == []
    assert [part for part in unwanted if part in page.text] == []


@pytest.mark.parametrize(
    ("name", "caption", "row"),
    [
        ("odl_ko_fund_dbchina", "자산별 구성비", ["해외주식", "87.9"]),
        ("odl_ko_fund_dbchina", "상위보유종목", ["TENCENT HOLDINGS LTD", "10.1"]),
        ("odl_ko_fund_dbchina", "▶ 펀드개요", ["운용대상", "중국주식 60% 이상 채권 40% 이하"]),
        ("odl_ko_bill", "", ["의안번호", "25318"]),
        ("plumber_en_senate_table", "", ["DOCUMENT NO.", "DATE POSTED", "PAYEE NAME"]),
    ],
)
def test_tables_of_real_files_come_out_as_rows(
    real: tuple[dict[str, list[Page]], dict[str, BadFile]], name: str, caption: str, row: list[str]
) -> None:
    tables = real[0][name][0].tables
    assert any(table.caption == caption and row in [found[: len(row)] for found in table.rows] for table in tables)


def test_a_rotated_table_of_a_real_file_is_parted_into_its_rows(
    real: tuple[dict[str, list[Page]], dict[str, BadFile]],
) -> None:
    rows = [row for table in real[0]["plumber_rotated_table"][0].tables for row in table.rows]
    assert [row[1] for row in rows if row[0] == "Alabama"] == ["18,870"]


def test_a_real_statute_comes_out_article_by_article(real: tuple[dict[str, list[Page]], dict[str, BadFile]]) -> None:
    lines = [line for page in real[0]["fsi_ko_law_efin"] for line in page.text.split("\n")]
    assert any(line.startswith("제6조(접근매체의 선정과 사용 및 관리)") for line in lines)
    assert not any("국가법령정보센터" in line for line in lines)


def test_a_real_two_column_paper_is_not_interleaved(real: tuple[dict[str, list[Page]], dict[str, BadFile]]) -> None:
    assert "두 개의 단락에 대해 멀티홉 추론을 해야 하는 HotpotQA" in real[0]["korquad_ko_paper_2col"][1].text


def test_white_letters_are_read_on_a_coloured_ground_and_nowhere_else(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "white.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 12)
    canvas.drawString(60, 760, "이 줄은 검은 글자로 쓴 줄이며 보통의 글입니다.")
    canvas.setFillColorRGB(0.1, 0.2, 0.5)
    canvas.rect(50, 690, 300, 30, stroke=0, fill=1)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(60, 700, "진한 바탕에 흰 글자로 쓴 제목")
    canvas.drawString(60, 650, "아무도 보지 못하는 흰 글자")
    canvas.save()
    text = read(tmp_path)[0]["white"][0].text
    assert "진한 바탕에 흰 글자로 쓴 제목" in text
    assert "아무도" not in text


def test_the_numbers_of_lines_in_the_margin_are_left_out(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "numbered.pdf"), pagesize=A4)
    canvas.setFont(korean_font(), 11)
    canvas.drawString(100, 760, "② 변론 조서")
    for line, item in enumerate("가나다라마바사아자차카타"):
        canvas.drawRightString(70, 740 - 20 * line, str(line + 1))
        canvas.drawString(100, 740 - 20 * line, f"원고는 {item} 항의 사실을 다투며 이를 증명할 서류를")
    canvas.save()
    text = read(tmp_path)[0]["numbered"][0].text
    assert text.count("원고는") == 12
    assert re.findall(r"[0-9]+", text) == []


@pytest.mark.parametrize(
    ("text", "font", "shown"),
    [
        ("m", "INPILL+Wingdings-Regular", "❍"),
        ("m", "NanumGothic", "m"),
        ("\x93", "Wingdings3", "↑"),
        ("Z", "Wingdings", "Z"),
    ],
)
def test_letters_of_symbol_fonts_are_read_as_what_they_show(text: str, font: str, shown: str) -> None:
    assert as_shown(text, font) == shown
