"""HTML, Markdown and plain text; files that nobody reads; documents of one name."""

import json
import sys
from pathlib import Path

import pytest
from conftest import ROOT, run, shared
from documents import PARAMS, inspect, read, rows_of, text_of

from pagetune.errors import UserError
from pagetune.extract.files import find_documents, find_unread
from pagetune.extract.formats import opening
from pagetune.extract.pages import read_documents
from pagetune.records import BadFile, Page

SENTENCE = "도서관은 평일 오전 아홉 시부터 오후 여섯 시까지 문을 엽니다."
NEXT = "월요일과 공휴일에는 쉽니다."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"])
@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_text_is_read_in_the_encoding_it_has(tmp_path: Path, encoding: str, suffix: str) -> None:
    path = tmp_path / f"notice{suffix}"
    path.write_bytes(f"{SENTENCE}\n\n{NEXT}\n".encode(encoding))
    assert SENTENCE in read(path)[0].text


@pytest.mark.parametrize(
    "content", [b"\x81\x30 \xff\xfe\xff", "caf\u00e9 est ouvert".encode("latin-1"), b"page \x01\x02 of a program"]
)
def test_text_in_no_known_encoding_is_named_and_not_guessed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.txt").write_bytes(content)
    bad = inspect(tmp_path / "odd.txt")
    assert isinstance(bad, BadFile)
    assert bad.reason == "unknown_encoding"
    assert "line 1" in bad.seen


@pytest.mark.parametrize("stray", ["\x1a", "\x1b", "\x85", "\x00"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_stray_control_character_is_a_space(tmp_path: Path, stray: str, encoding: str) -> None:
    (tmp_path / "stray.txt").write_text(f"{SENTENCE}{stray}{NEXT}", encoding=encoding)
    assert read(tmp_path / "stray.txt")[0].text == f"{SENTENCE} {NEXT}"


def test_an_old_text_may_end_with_its_mark(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_bytes(f"{SENTENCE}\r\n\x1a".encode("cp949"))
    assert read(tmp_path / "old.txt")[0].text == SENTENCE


def test_a_byte_that_does_not_fit_is_named_where_the_best_encoding_fails(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(f"{SENTENCE}\n{NEXT}\n".encode("cp949") + b"\xff\n")
    bad = inspect(tmp_path / "bad.txt")
    assert isinstance(bad, BadFile)
    assert bad.seen == "line 3 has the byte 0xff"


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_a_text_about_pdfs_is_not_a_pdf(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"about{suffix}").write_text(f"{SENTENCE} PDF는 %PDF-1.7로 시작합니다.", encoding="utf-8")
    assert "%PDF-1.7" in read(tmp_path / f"about{suffix}")[0].text


@pytest.mark.parametrize(("part", "end"), [(SENTENCE + " ", "."), ("도서관 이용 안내 ", "안내"), ("가나다라", "")])
def test_a_line_that_is_too_long_for_a_page_is_cut(tmp_path: Path, part: str, end: str) -> None:
    (tmp_path / "line.txt").write_text(part * 1_000, encoding="utf-8")
    pages = read(tmp_path / "line.txt")
    assert len(pages) > 1
    assert all(len(page.text) <= 3_000 and page.text.endswith(end) for page in pages)
    assert "".join(text_of(pages).split()) == "".join((part * 1_000).split())


def test_a_real_page_of_html_is_read_as_a_browser_shows_it() -> None:
    (page,) = read(shared("docs/docling_html_rich_table_cells.html"))
    assert page.tables[0].caption == "Basic duck facts"
    assert page.tables[0].rows[4] == [
        "Teal",
        "• Pond • Marsh • Riverbank",
        "1. Fly south in winter 2. Build nest on ground",
    ]
    assert page.tables[3].inside == 2


def test_what_a_browser_does_not_show_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "<html><head><title>제목</title><style>p{}</style></head><body><nav>메뉴</nav><script>var a;</script>"
        f"<p hidden>감춘 글</p><p style='display:none'>감춘 글</p><p>{SENTENCE}<br>{NEXT}</p>"
        "<ol start='3'><li>신청서</li><li>신분증</li></ol></body></html>",
        encoding="utf-8",
    )
    assert read(tmp_path / "page.html")[0].text.splitlines() == [SENTENCE, NEXT, "3. 신청서", "4. 신분증"]


def read_html(folder: Path, content: str) -> Page:
    (folder / "page.html").write_text(content, encoding="utf-8")
    return read(folder / "page.html")[0]


def test_text_after_the_body_is_read(tmp_path: Path) -> None:
    page = read_html(tmp_path, f"<html><body><p>{SENTENCE}</p></body><p>{NEXT}</p></html>")
    assert page.text.splitlines() == [SENTENCE, NEXT]


@pytest.mark.parametrize(
    "rows", ["<form><tr>{0}</tr><tr>{1}</tr></form>", "<tr><form>{0}</form></tr><tr>{1}</tr>", "<tr>{0}<tr>{1}"]
)
def test_a_form_around_rows_or_cells_does_not_hide_them(tmp_path: Path, rows: str) -> None:
    table = rows.format("<td>이름<td>홍길동", "<td>나이<td>30")
    page = read_html(tmp_path, f"<body><p>{SENTENCE}</p><table>{table}</table></body>")
    assert rows_of(page) == [[["이름", "홍길동"], ["나이", "30"]]]


def test_preformatted_text_keeps_its_lines(tmp_path: Path) -> None:
    page = read_html(tmp_path, f"<body><pre>{SENTENCE}<br>가<!-- 감춘 글 --><script>x()</script>\n<b>{NEXT}</b></pre>")
    assert page.text.splitlines() == [SENTENCE, "가", NEXT]


@pytest.mark.parametrize("tag", ["<div>", "<font>", "<ul><li>", "<b>", "<table><tr><td>"])
def test_elements_may_lie_in_each_other_as_deep_as_they_like(tmp_path: Path, tag: str) -> None:
    page = read_html(tmp_path, f"<body><p>{SENTENCE}</p>" + f"{tag}" * 600 + NEXT)
    assert NEXT in page.text or NEXT in str(rows_of(page))


def test_a_cell_covers_no_more_columns_than_browsers_allow(tmp_path: Path) -> None:
    rows = "<tr><td colspan=50000000>가<td>나<tr><td>다<td>라"
    assert rows_of(read_html(tmp_path, f"<body><p>{SENTENCE}</p><table>{rows}</table>"))[0][1][:2] == ["다", "라"]


@pytest.mark.parametrize("start", ["첫 문단입니다.", "첫 문단: '닫지 않은 글"])
def test_a_rule_at_the_start_of_markdown_is_not_front_matter(tmp_path: Path, start: str) -> None:
    (tmp_path / "rule.md").write_text(f"---\n{start}\n\n---\n{SENTENCE}\n", encoding="utf-8")
    assert read(tmp_path / "rule.md")[0].text.splitlines() == [start, SENTENCE]


def test_markdown_has_its_headings_lists_and_tables(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(
        f"---\nlayout: page\n---\n# 이용 안내\n\n{SENTENCE}\n{NEXT}\n\n1. **신청서**\n2. `신분증`\n\n"
        "수수료\n\n| 구분 | 금액 |\n|---|---|\n| 발급 | 1,000원 |\n| 재발급 | 2,000원 |\n",
        encoding="utf-8",
    )
    (page,) = read(tmp_path / "notes.md")
    assert page.text.splitlines() == ["이용 안내", f"{SENTENCE} {NEXT}", "1. 신청서", "2. 신분증", "수수료"]
    assert rows_of(page) == [[["구분", "금액"], ["발급", "1,000원"], ["재발급", "2,000원"]]]
    assert page.tables[0].caption == "수수료"


def test_a_long_text_is_cut_into_pages_and_nothing_is_lost(tmp_path: Path) -> None:
    lines = [f"제{number}조 {SENTENCE}" for number in range(1, 400)]
    (tmp_path / "long.txt").write_text("\n".join(lines), encoding="utf-8")
    pages = read(tmp_path / "long.txt")
    assert text_of(pages).splitlines() == lines
    assert max(len(page.text) for page in pages) <= 3_000


def test_files_that_nobody_reads_are_named_with_what_to_do(tmp_path: Path) -> None:
    for name in (
        "old.doc",
        "scan.png",
        "pile.zip",
        "notes.xyz",
        "own.jsonl",
        ".gitignore",
        "a.pdf.dvc",
        "~$open.docx",
        "._a.docx",
        "Thumbs.db",
        "desktop.ini",
    ):
        (tmp_path / name).write_bytes(b"x")
    found = {bad.file: bad.seen for bad in find_unread(tmp_path)}
    assert sorted(found) == ["notes.xyz", "old.doc", "pile.zip", "scan.png"]
    assert "Open it in Word, and save it as .docx" in found["old.doc"]
    assert "Unpack it" in found["pile.zip"]
    assert find_documents(tmp_path) == []


def test_documents_of_one_name_are_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "규정.hwp").touch()
    (tmp_path / "규정.pdf").touch()
    with pytest.raises(UserError, match=r"규정.hwp and .*규정.pdf would both be document '규정'. Rename one of them"):
        find_documents(tmp_path)


def test_a_library_that_is_missing_is_named_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.md").write_text(SENTENCE, encoding="utf-8")
    monkeypatch.setattr(opening.importlib.util, "find_spec", lambda name: None)
    bad = inspect(tmp_path / "notes.md")
    assert isinstance(bad, BadFile)
    assert (bad.reason, bad.seen) == ("missing_library", "pip install 'pagetune[office]'")


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_named_or_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.md").write_bytes(content)
    found = inspect(tmp_path / "empty.md")
    assert (
        found.reason == "empty_file"
        if isinstance(found, BadFile)
        else read(tmp_path / "empty.md")[0].reason == "no_text"
    )


def test_the_same_bytes_come_from_any_number_of_processes(tmp_path: Path) -> None:
    for path in shared("docs").glob("*.[hd]*"):
        if path.suffix != ".md":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "notes.md").write_text(SENTENCE, encoding="utf-8")

    def output(**changes: object) -> list[str]:
        found = read_documents(tmp_path, PARAMS.model_copy(update=changes))
        return [one.model_dump_json() for one in found if isinstance(one, Page | BadFile)]

    once = output(processes=1)
    assert len(once) > 20
    assert output(processes=3) == once


def test_the_stage_names_what_it_does_not_read_and_goes_on(tmp_path: Path) -> None:
    for name in ("pagetune", "stages"):
        (tmp_path / name).symlink_to(ROOT / name)
    raw = tmp_path / "data/raw"
    raw.mkdir(parents=True)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (raw / "notes.md").write_text(SENTENCE, encoding="utf-8")
    (raw / "old.xls").write_bytes(b"x")
    done = run(tmp_path, sys.executable, "-m", "stages.extract", check=False)
    assert done.returncode == 0
    assert done.stdout == "extract: 2 files (1 bad), 1 pages: 1 ok\n"
    said = "extract: data/raw/old.xls is a .xls file, which is not read. Open it in Excel, and save it as .xlsx.\n"
    assert done.stderr == said
    assert json.loads((tmp_path / "data/bad_files.json").read_text(encoding="utf-8"))[0]["reason"] == "not_read"
