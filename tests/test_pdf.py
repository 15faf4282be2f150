"""Pages from PDFs: order, paragraphs, tables, headers, and what cannot be read."""

import re
from pathlib import Path

import pytest
from conftest import ROOT, shared

from pagetune.errors import UserError
from pagetune.params import Extract, load_params
from pagetune.pdf import read_document, read_documents
from pagetune.records import Page
from samples.typeset import read_sample

RAW = ROOT / "data/raw"
PARAMS: Extract = load_params(ROOT / "params.yaml").extract


@pytest.fixture(scope="module")
def pages() -> dict[str, list[Page]]:
    found: dict[str, list[Page]] = {}
    for page in read_documents(RAW, PARAMS):
        found.setdefault(page.doc_id, []).append(page)
    return found


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
    """Compared without spaces over the whole document: no letter lost, doubled or out of order, columns included."""
    read = "".join(folded(page.text) for page in pages[name])
    for paragraph in source_paragraphs(name):
        assert folded(paragraph) in read


@pytest.mark.parametrize("name", SAMPLES)
def test_nine_of_ten_paragraphs_come_back_with_every_space(pages: dict[str, list[Page]], name: str) -> None:
    """Where a line broke inside a Korean word or between two, Kiwi judges; a page break parts a paragraph for good."""
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


def test_the_address_stands_on_one_line(pages: dict[str, list[Page]]) -> None:
    text = pages["training_notice"][0].text
    assert "금융보안교육센터의 주소는 서울특별시 영등포구 의사당대로 143 금융투자빌딩 12층입니다." in text


def test_a_broken_pdf_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"not a pdf")
    with pytest.raises(UserError, match=r"broken\.pdf: is no readable PDF"):
        list(read_documents(tmp_path, PARAMS))


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(UserError, match=r"empty\.pdf: is no readable PDF"):
        list(read_documents(tmp_path, PARAMS))


def test_a_protected_pdf_says_so() -> None:
    with pytest.raises(UserError, match="protected by a password"):
        read_document(shared("pdfs", "plumber_password.pdf"), PARAMS)


def test_a_page_without_text_is_set_aside() -> None:
    page = read_document(shared("pdfs", "pdfjs_empty_page.pdf"), PARAMS)[0]
    assert (page.status, page.reason) == ("quarantined", "no_text")


def test_a_real_statute_comes_out_article_by_article() -> None:
    pages = read_document(shared("pdfs", "fsi_ko_law_efin.pdf"), PARAMS)
    lines = [line for page in pages for line in page.text.split("\n")]
    assert any(line.startswith("제1조(목적)") for line in lines)
    assert not any("국가법령정보센터" in line for line in lines)


def test_a_real_two_column_paper_is_not_interleaved() -> None:
    text = read_document(shared("pdfs", "korquad_ko_paper_2col.pdf"), PARAMS)[1].text
    assert "두 개의 단락에 대해 멀티홉 추론을 해야 하는 HotpotQA" in text
