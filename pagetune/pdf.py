"""Read PDFs page by page: lines in reading order, tables as rows, paragraphs joined across line breaks."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from pagetune.columns import Line, reading_order
from pagetune.errors import UserError
from pagetune.linebreaks import join_lines
from pagetune.params import Extract
from pagetune.records import Page, Table
from pagetune.sentences import ends_sentence

#: How many lines at the top and at the bottom of a page may be a running header or footer.
EDGE_LINES = 3
#: Below this many pages nothing can be said to repeat.
MIN_PAGES_FOR_HEADERS = 3


@dataclass
class RawPage:
    """A page as it was read, before lines that repeat across the document are taken away."""

    page_number: int
    width: float
    lines: list[Line]
    tables: list[Table]


def read_documents(folder: Path, params: Extract) -> Iterator[Page]:
    """Yield every page of every PDF in `folder`, by file name and page number.

    Raises UserError where a file cannot be read.
    """
    for path in find_pdfs(folder):
        yield from read_document(path, params)


def find_pdfs(folder: Path) -> list[Path]:
    """`*.pdf` in any case, sorted by name."""
    return sorted(path for path in folder.glob("*") if path.suffix.lower() == ".pdf")


def read_document(path: Path, params: Extract) -> list[Page]:
    raw_pages = _read_raw_pages(path, params)
    repeated = repeated_lines(raw_pages, params.header_page_share)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    doc_id = unicodedata.normalize("NFC", path.stem)
    return [_finish_page(raw, repeated, doc_id, sha256, params) for raw in raw_pages]


def _read_raw_pages(path: Path, params: Extract) -> list[RawPage]:
    try:
        with pdfplumber.open(path) as pdf:
            return [_read_raw_page(page, params) for page in pdf.pages]
    except PdfminerException as error:
        raise UserError(f"{path}: {_why_unreadable(error)}") from None


def _why_unreadable(error: PdfminerException) -> str:
    cause = error.args[0] if error.args else error
    if isinstance(cause, PDFPasswordIncorrect):
        return "is protected by a password. Save it without one, or take it out of the folder."
    seen = f"{type(cause).__name__}: {cause}".rstrip(": ")
    return f"is no readable PDF ({seen}). Replace it, or take it out of the folder."


def _read_raw_page(page: Any, params: Extract) -> RawPage:
    found = page.find_tables()
    tables = [_table(table, page, params) for table in found]
    words = page.extract_words(x_tolerance=params.x_tolerance, keep_blank_chars=False, extra_attrs=["size"])
    outside = [word for word in words if not any(_inside(word, table.bbox) for table in found)]
    lines = reading_order(outside, page.width)
    page.close()  # pdfplumber keeps every character of every page otherwise
    return RawPage(page.page_number, page.width, lines, [table for table in tables if table.rows])


def _inside(word: dict[str, Any], box: tuple[float, float, float, float]) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _table(table: Any, page: Any, params: Extract) -> Table:
    rows = table.extract(x_tolerance=params.x_tolerance)
    texts = [[join_lines(clean(cell or "").split("\n")) for cell in row] for row in rows]
    return Table(caption=_caption(table.bbox, page, params), rows=[row for row in texts if any(row)])


def _caption(box: tuple[float, float, float, float], page: Any, params: Extract) -> str:
    """The last line above the table."""
    if box[1] <= page.bbox[1] + 1:
        return ""
    above = page.crop((page.bbox[0], page.bbox[1], page.bbox[2], box[1])).extract_text_lines(
        x_tolerance=params.x_tolerance, return_chars=False
    )
    return clean(above[-1]["text"]) if above else ""


def clean(text: str) -> str:
    """NFC, and no-break spaces as spaces."""
    return unicodedata.normalize("NFC", text.replace("\u00a0", " ")).strip()


def repeated_lines(pages: list[RawPage], share: float) -> set[str]:
    """Running headers and footers: edge lines that, digits masked, stand on `share` or more of the pages."""
    if len(pages) < MIN_PAGES_FOR_HEADERS:
        return set()
    counts = Counter(text for page in pages for text in {_mask(line) for line in _edges(page)})
    return {text for text, count in counts.items() if count >= max(2, share * len(pages))}


def _edges(page: RawPage) -> list[Line]:
    by_height = sorted(page.lines, key=lambda line: line.top)
    return by_height[:EDGE_LINES] + by_height[-EDGE_LINES:]


def _mask(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _finish_page(raw: RawPage, repeated: set[str], doc_id: str, sha256: str, params: Extract) -> Page:
    edges = {id(line) for line in _edges(raw)}
    kept = [line for line in raw.lines if not (id(line) in edges and _mask(line) in repeated)]
    text = "\n".join(join_lines([line.text for line in paragraph]) for paragraph in paragraphs(kept))
    characters = len(text) + sum(len(cell) for table in raw.tables for row in table.rows for cell in row)
    enough = characters >= params.min_characters
    return Page(
        doc_id=doc_id,
        source_sha256=sha256,
        page_number=raw.page_number,
        text=text,
        tables=raw.tables,
        quality={"characters": characters, "tables": len(raw.tables), "headers_removed": len(raw.lines) - len(kept)},
        status="ok" if enough else "quarantined",
        reason=None if enough else "no_text",
    )


#: What opens a paragraph of its own wherever it stands at a line start: FAQ markers, articles, numbered items.
_OPENS = re.compile(r"(문|답|Q|A|질문|답변)\s?\d*[.):：]|제\d+조(의\d+)?\s?\(|제\d+[장절] |\d{1,2}\. |[•●○■□◦-] |[①-⑳]")
#: "가. 나. 다." number items too, but "다." is also how a broken sentence ends.
_OPENS_AFTER_A_SENTENCE = re.compile(r"[가-하]\. ")


def paragraphs(lines: list[Line]) -> list[list[Line]]:
    """Group lines into paragraphs."""
    groups: list[list[Line]] = []
    for line in lines:
        if groups and _continues(groups[-1][-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _continues(previous: Line, line: Line) -> bool:
    """Whether `line` goes on where `previous` broke off at its right margin, in the same column or the next."""
    if _OPENS.match(line.text) or abs(previous.size - line.size) > 0.4:
        return False
    if _OPENS_AFTER_A_SENTENCE.match(line.text) and ends_sentence(previous.text):
        return False
    if line.column != previous.column:
        return _is_full(previous) and not ends_sentence(previous.text)
    gap = line.top - previous.bottom
    return gap < 0.8 * line.size and _is_full(previous)


def _is_full(line: Line) -> bool:
    """A line that a word of ordinary length would not have fitted behind; Latin words are longer."""
    slack = 2.5 if re.search("[가-힣]", line.text) else 8
    return line.x1 > line.right_edge - slack * line.size
