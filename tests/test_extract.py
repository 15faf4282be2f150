"""Pages from PDFs: order, paragraphs, tables, headers, and what cannot be read."""

import re
from pathlib import Path

import pytest
from conftest import ROOT

from pagetune.extract.pages import read_documents
from pagetune.params import Extract, load_params
from pagetune.records import BadFile, Page
from samples.typeset import read_sample

RAW = ROOT / "data/raw"
PARAMS: Extract = load_params(ROOT / "params.yaml").extract


def read(folder: Path, params: Extract = PARAMS) -> tuple[dict[str, list[Page]], dict[str, BadFile]]:
    """Pages by document, and bad files by name."""
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
