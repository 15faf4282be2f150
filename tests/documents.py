"""Read a document as the stage does, in this process."""

from pathlib import Path

from conftest import ROOT

from pagetune.extract.files import InputFile, SourceFile, inspect_file
from pagetune.extract.pages import page_ranges, read_pages
from pagetune.params import Extract, load_params
from pagetune.records import BadFile, Page

PARAMS: Extract = load_params(ROOT / "params.yaml").extract


def inspect(path: Path, password: str | None = None) -> SourceFile | BadFile:
    return inspect_file(InputFile(path, password))


def read(path: Path, password: str | None = None) -> list[Page]:
    """Return the pages of a document that can be read."""
    source = inspect(path, password)
    assert isinstance(source, SourceFile), source
    pages = [page for part in page_ranges(source, PARAMS) for page in read_pages(part)]
    assert [page.page_number for page in pages] == list(range(1, source.page_count + 1))
    return pages


def text_of(pages: list[Page]) -> str:
    return "\n".join(page.text for page in pages)


def rows_of(page: Page) -> list[list[list[str]]]:
    return [table.rows for table in page.tables]
