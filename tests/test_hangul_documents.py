"""HWP and HWPX documents: what a reader sees in Hangul is read, and nothing else."""

import struct
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import shared
from documents import inspect, read, rows_of, text_of

from pagetune.extract.formats.hwp_records import tree
from pagetune.extract.formats.printed_pages import PrintedPages
from pagetune.records import BadFile

OWPML = "http://www.hancom.co.kr/hwpml/2011/"


def test_lists_have_the_numbers_that_hangul_counts() -> None:
    pages = read(shared("docs/pyhwp_lists.hwp"))
    first, second, third = (page.text.splitlines() for page in pages)
    assert first[:4] == ["글머리표", "• 1", "• 2", "• 3"]
    at = first.index("3. 3")
    assert first[at : at + 4] == ["3. 3", "가. 3-1", "나. 3-2", "1) 3-2-1"]
    assert "I. 1" in first
    assert "5. 5" in second  # the list goes on after other text
    assert third[:4] == ["제1장 1", "제2장 2", "제1절 2-1", "제3장 3"]


def test_footnotes_stand_at_the_end_of_their_page_with_their_numbers() -> None:
    (page,) = read(shared("docs/pyhwp_footnote-endnote.hwp"))
    assert page.text.splitlines() == [
        "각주참조",
        "미주참조",
        "1) 각주입니다.",
        "2) 각주 두 번째입니다.",
        "1) 미주입니다.",
        "2) 미주 두 번째입니다.",
    ]


def test_running_headers_and_footers_are_left_out_and_counted() -> None:
    (page,) = read(shared("docs/pyhwp_headerfooter.hwp"))
    assert (page.text, page.quality["headers_removed"]) == ("첫 페이지", 2)


def test_tables_keep_their_captions_with_the_numbers_that_are_counted() -> None:
    first, _ = read(shared("docs/pyhwp_sample-5017.hwp"))
    assert rows_of(first)[0] == [["A0", "B0"], ["A1", "B10 B11"]]
    assert "표 3 2x2짜리표" in first.text
    captions = read(shared("docs/pyhwp_table-caption.hwp"))[0].text.splitlines()
    assert captions[:2] == ["표 1 위 캡션", "표 2 아래 캡션"]


def test_text_boxes_and_captions_of_pictures_are_text() -> None:
    (page,) = read(shared("docs/pyhwp_textbox.hwp"))
    assert page.text.splitlines() == ["글상자", "그림 1 캡션"]


def test_an_explicit_page_break_begins_a_page_and_a_frame_around_text_is_text() -> None:
    last = read(shared("docs/pyhwp_multicolumns-layout.hwp"))[-1]
    assert last.text.startswith("두 번 째 페이지")
    assert "표 셀 안의 다단" in last.text
    assert not last.tables


@pytest.mark.parametrize(
    ("heights", "columns", "begins"),
    [
        ([[0, 20], [40], [0]], 1, [False, False, True]),
        ([[0, 20, 0], [20]], 1, [False, True]),  # a paragraph stays where it begins
        ([[0], [40], [0], [40], [0]], 2, [False, False, False, False, True]),
        ([[], [], []], 1, [False, False, False]),
    ],
)
def test_a_page_begins_where_a_line_is_higher_than_the_one_before(
    heights: list[list[int]], columns: int, begins: list[bool]
) -> None:
    pages = PrintedPages(columns)
    assert [pages.begins_page(lines, is_broken=False, in_new_columns=False) for lines in heights] == begins


def test_a_real_hwpx_is_read_whole_and_in_its_order() -> None:
    pages = read(shared("docs/kordoc_open.hwpx"))
    text = text_of(pages)
    hangul = sum("가" <= letter <= "힣" for page in pages for letter in page.model_dump_json())
    assert hangul > 16_000
    assert max(len(page.text) for page in pages) < 3_500
    assert text.index("97 안내문") < text.index("사용 환경") < text.index("문서 호환성")


def test_an_hwpx_without_the_parts_that_hangul_writes_is_read() -> None:
    (page,) = read(shared("docs/kordoc_dummy.hwpx"))
    assert rows_of(page) == [[["항목", "내용"], ["자문위원", "홍길동"]]]
    assert "해당 사업은 적정하게 추진되고 있으며" in page.text


def write_hwpx(path: Path, body: str, header: str = "") -> Path:
    with ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/hwp+zip")
        package.writestr("Contents/header.xml", f'<hh:head xmlns:hh="{OWPML}head">{header}</hh:head>')
        package.writestr(
            "Contents/section0.xml",
            f'<hs:sec xmlns:hs="{OWPML}section" xmlns:hp="{OWPML}paragraph">{body}</hs:sec>',
        )
    return path


def run(text: str) -> str:
    return f"<hp:p><hp:run><hp:t>{text}</hp:t></hp:run></hp:p>"


def test_text_that_was_deleted_in_a_tracked_change_is_not_text(tmp_path: Path) -> None:
    deleted = (
        '수수료는 <hp:deleteBegin Id="1"/>오백 원<hp:deleteEnd Id="1"/><hp:insertBegin/>천 원<hp:insertEnd/>입니다.'
    )
    path = write_hwpx(tmp_path / "changed.hwpx", run(deleted) + run("민원실은 본관 일 층에 있습니다."))
    assert read(path)[0].text.splitlines()[0] == "수수료는 천 원입니다."


def test_comments_and_hidden_explanations_are_not_text(tmp_path: Path) -> None:
    hidden = f"<hp:ctrl><hp:hiddenComment><hp:subList>{run('숨은 설명')}</hp:subList></hp:hiddenComment></hp:ctrl>"
    memo = f'<hp:ctrl><hp:fieldBegin type="MEMO"><hp:subList>{run("메모")}</hp:subList></hp:fieldBegin></hp:ctrl>'
    shown = "도서관은 오전 아홉 시에 문을 엽니다."
    body = f"<hp:p><hp:run>{hidden}{memo}<hp:t>{shown}</hp:t></hp:run></hp:p>"
    assert read(write_hwpx(tmp_path / "notes.hwpx", body))[0].text == shown


def test_a_long_document_without_pages_is_cut_at_its_headings(tmp_path: Path) -> None:
    header = '<hh:paraPr id="1"><hh:heading type="OUTLINE" idRef="0" level="0"/></hh:paraPr>'
    sentence = "이 조례는 시립 도서관의 운영에 필요한 사항을 정하는 것을 목적으로 한다. " * 10
    chapters = [
        f'<hp:p paraPrIDRef="1"><hp:run><hp:t>제{number}장</hp:t></hp:run></hp:p>' + run(sentence) * 3
        for number in range(1, 9)
    ]
    pages = read(write_hwpx(tmp_path / "long.hwpx", "".join(chapters), header))
    assert len(pages) > 2
    assert all(page.text.startswith("제") and len(page.text) <= 3_000 for page in pages)
    assert [line for line in text_of(pages).splitlines() if line.endswith("장")] == [f"제{n}장" for n in range(1, 9)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pyhwp_password-12345.hwp", "locked"),
        ("kordoc_password.hwpx", "no_password"),
        ("kordoc_hwp3_password.hwp", "not_read"),
    ],
)
def test_a_file_that_cannot_be_opened_is_named(name: str, reason: str) -> None:
    bad = inspect(shared("docs", name))
    assert isinstance(bad, BadFile)
    assert bad.reason == reason


def test_a_password_opens_an_hwpx_and_a_wrong_one_does_not() -> None:
    path = shared("docs/kordoc_password.hwpx")
    assert len(text_of(read(path, "123456"))) > 100
    bad = inspect(path, "654321")
    assert isinstance(bad, BadFile)
    assert bad.reason == "wrong_password"


def test_an_hwp_that_is_really_something_else_is_read_as_what_it_is(tmp_path: Path) -> None:
    really_hwpx = write_hwpx(tmp_path / "a.hwp", run("이 문서는 이름과 달리 새 형식으로 저장되었습니다."))
    assert "새 형식" in read(really_hwpx)[0].text
    web_page = tmp_path / "b.hwp"
    web_page.write_bytes(
        "<html><body><p>웹에서 내려받은 공고문입니다. 누구나 신청합니다.</p></body></html>".encode("cp949")
    )
    assert "웹에서 내려받은 공고문" in read(web_page)[0].text


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95])
def test_a_cut_off_file_is_named_and_never_read_in_part(tmp_path: Path, keep: float) -> None:
    for name in ("pyhwp_lists.hwp", "kordoc_letter_form.hwpx"):
        content = shared("docs", name).read_bytes()
        path = tmp_path / name
        path.write_bytes(content[: int(keep * len(content))])
        bad = inspect(path)
        assert isinstance(bad, BadFile), name
        assert bad.reason == "broken_file"


def test_a_record_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(ValueError, match="cut off"):
        tree(struct.pack("<I", 66 | 40 << 20) + b"\0" * 8)


def test_check_boxes_are_read_with_their_captions(tmp_path: Path) -> None:
    boxes = "".join(
        f'<hp:p><hp:run><hp:checkBtn caption="{caption}" value="{value}"/></hp:run></hp:p>'
        for caption, value in (("R&amp;&amp;D 과제", "CHECKED"), ("일반 과제입니다만 해당하지 않음", "UNCHECKED"))
    )
    text = read(write_hwpx(tmp_path / "form.hwpx", boxes))[0].text
    assert text.splitlines() == ["☑ R&D 과제", "☐ 일반 과제입니다만 해당하지 않음"]


def test_a_heading_in_a_frame_is_text_and_a_form_is_a_table(tmp_path: Path) -> None:
    def table(*texts: str) -> str:
        cells = "".join(f"<hp:tc><hp:subList>{run(text)}</hp:subList></hp:tc>" for text in texts)
        return f"<hp:p><hp:run><hp:tbl><hp:tr>{cells}</hp:tr></hp:tbl></hp:run></hp:p>"

    body = table("Ⅰ", "사업 개요") + table("담당자", "김서연", "전화", "02-123-4567") + table("알리는 글입니다.")
    (page,) = read(write_hwpx(tmp_path / "frames.hwpx", body))
    assert page.text.splitlines() == ["Ⅰ 사업 개요", "알리는 글입니다."]
    assert rows_of(page) == [[["담당자", "김서연", "전화", "02-123-4567"]]]


def test_cells_that_claim_to_cover_a_billion_rows_are_read(tmp_path: Path) -> None:
    def cell(text: str, place: str, covered: str) -> str:
        return f"<hp:tc><hp:subList>{run(text)}</hp:subList><hp:cellAddr {place}/><hp:cellSpan {covered}/></hp:tc>"

    large, small = 'rowSpan="2000000000" colSpan="2000000000"', 'rowSpan="1" colSpan="1"'
    first = cell("구분", 'rowAddr="0" colAddr="0"', large) + cell("금액", 'rowAddr="0" colAddr="2000000000"', small)
    second = cell("발급 수수료", 'rowAddr="2000000000" colAddr="0"', small)
    second += cell("1,000원", 'rowAddr="2000000000" colAddr="2000000000"', small)
    table = f"<hp:tbl><hp:tr>{first}</hp:tr><hp:tr>{second}</hp:tr></hp:tbl>"
    body = run("민원 수수료는 다음 표와 같이 정해져 있습니다.") + f"<hp:p><hp:run>{table}</hp:run></hp:p>"
    (page,) = read(write_hwpx(tmp_path / "large.hwpx", body))
    assert page.tables[0].rows == [["구분", "금액"], ["발급 수수료", "1,000원"]]
