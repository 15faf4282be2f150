"""PDFs into pages: each read fast, and carefully where that is not enough, or named with why it is set aside."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from pathlib import Path

import pypdfium2 as pdfium

from pagetune.extract.careful import CarefulPage, CarefulReader
from pagetune.extract.columns import Line, reading_order
from pagetune.extract.engine import PAGES_PER_TASK, Failure, map_tasks
from pagetune.extract.fast import FastPage, page_box, read_fast
from pagetune.extract.files import Candidate, SourceFile, file_name, find_pdfs, inspect_file, read_passwords
from pagetune.extract.headers import without_headers
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.ocr import check_tesseract, read_picture
from pagetune.extract.paragraphs import paragraphs
from pagetune.extract.quality import DOUBTFUL, Letters, measure, why_set_aside
from pagetune.extract.word_boxes import Box, Word
from pagetune.params import Extract
from pagetune.records import BadFile, Page, Reason, Table


@dataclass(frozen=True)
class PageRange:
    """The pages from `first` to `last`, both from 1 and inclusive, of one file."""

    source: SourceFile
    first: int
    last: int
    params: Extract

    @property
    def numbers(self) -> list[int]:
        return list(range(self.first, self.last + 1))


@dataclass
class RawPage:
    """A page as it was read, before lines that repeat across the pages are taken away.

    `tables_unread` says that lines are drawn there which could be a table's, and pdfplumber failed. `failed` names a
    page that could not be read at all.
    """

    page_number: int
    lines: list[Line] = field(default_factory=list)
    aside: list[Line] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    letters: Letters = field(default_factory=lambda: measure(""))
    tables_unread: bool = False
    unmapped_share: float = 0.0
    image_share: float = 0.0
    ocr_confidence: float | None = None
    failed: Reason | None = None


def read_documents(folder: Path, params: Extract) -> Iterator[Page | BadFile | int]:
    """First how many pages there are in all, then each bad file and each page, by file name and page number.

    Raises UserError where Tesseract is asked for and missing, or the passwords cannot be read.
    """
    if params.ocr == "auto":
        check_tesseract(params.ocr_languages)
    found = inspect_files(find_pdfs(folder), params)
    ranges = [part for source in found if isinstance(source, SourceFile) for part in page_ranges(source, params)]
    yield sum(len(part.numbers) for part in ranges)
    yield from (bad for bad in found if isinstance(bad, BadFile))
    for part, pages in zip(ranges, map_tasks(read_pages, ranges, params), strict=True):
        yield from _page_by_page(part, pages, params) if isinstance(pages, Failure) else pages


#: So many pages of a file may fail one by one; then the rest of what was read with them is set aside unread.
MAX_FAILED_PAGES = 2


def _page_by_page(part: PageRange, failure: Failure, params: Extract) -> Iterator[Page]:
    """What can be had of pages that together took more than their limits, or ended their process."""
    singles = [replace(part, first=number, last=number) for number in part.numbers]
    if len(singles) == 1:
        yield from failed_pages(part, failure.reason)
        return
    left, failed = iter(singles), 0
    for single, pages in zip(left, map_tasks(read_pages, singles, params), strict=False):
        yield from failed_pages(single, pages.reason) if isinstance(pages, Failure) else pages
        failed += isinstance(pages, Failure)
        if failed == MAX_FAILED_PAGES:
            break
    yield from chain.from_iterable(failed_pages(single, failure.reason) for single in left)


def inspect_files(paths: list[Path], params: Extract) -> list[SourceFile | BadFile]:
    passwords = read_passwords()
    candidates = [Candidate(path.absolute(), passwords.get(file_name(path))) for path in paths]
    found = map_tasks(inspect_file, candidates, params)
    return [_named(path, outcome) for path, outcome in zip(paths, found, strict=True)]


def _named(path: Path, outcome: SourceFile | BadFile | Failure) -> SourceFile | BadFile:
    if isinstance(outcome, Failure):
        return BadFile(file=file_name(path), reason=outcome.reason, seen=outcome.seen)
    return outcome


def page_ranges(source: SourceFile, params: Extract) -> Iterator[PageRange]:
    """Parts of nearly equal length, so that none is too short to tell what repeats."""
    parts = -(-source.page_count // PAGES_PER_TASK)
    bounds = [part * source.page_count // parts for part in range(parts + 1)]
    for first, last in pairwise(bounds):
        yield PageRange(source, first + 1, last, params)


def failed_pages(part: PageRange, reason: Reason) -> list[Page]:
    return [_finish(RawPage(number, failed=reason), [], part, "") for number in part.numbers]


def read_pages(part: PageRange) -> list[Page]:
    """The pages of one part of a file. A page that cannot be read is named, the others are read."""
    password, tolerance = part.source.password, part.params.x_tolerance_ratio
    with (
        pdfium.PdfDocument(part.source.path, password=password) as pdf,
        CarefulReader(part.source.path, password or "", part.numbers, tolerance) as careful,
    ):
        raws = [_read_page(pdf, careful, number) for number in part.numbers]
        pages = _finish_all(raws, part)
        if part.params.ocr == "auto" and any(_wants_ocr(page) for page in pages):
            wanted = {page.page_number for page in pages if _wants_ocr(page)}
            raws = [_with_ocr(pdf, raw, part) if raw.page_number in wanted else raw for raw in raws]
            pages = _finish_all(raws, part)
    return pages


def _read_page(pdf: pdfium.PdfDocument, careful: CarefulReader, number: int) -> RawPage:
    try:
        page = pdf[number - 1]
        shown, fast = page_box(page), read_fast(page)
        page.close()
    except MemoryError:
        raise
    except Exception:  # PDFium's errors, and what a page's nonsense brings about in us: the other pages go on
        return RawPage(number, failed="broken_page")
    letters = _letters(fast.words + fast.aside)
    second = None
    if fast.ruled or letters.doubtful:
        second = _second_opinion(careful, number, fast.turn, shown, doubled=letters.doubled > 0)
    return _choose(number, fast, letters, second)


def _second_opinion(careful: CarefulReader, number: int, turn: int, shown: Box, *, doubled: bool) -> CarefulPage | None:
    """None where pdfminer, which raises whatever comes to pass, cannot read what PDFium could."""
    try:
        return careful.read(number, turn, shown, doubled=doubled)
    except MemoryError:
        raise
    except Exception:
        return None


def _choose(number: int, fast: FastPage, letters: Letters, second: CarefulPage | None) -> RawPage:
    """PDFium's words, or pdfplumber's where those are better; tables and their places from pdfplumber."""
    words, aside = fast.words, fast.aside
    if second is None or not (letters.doubtful or _agree(fast.words, second)):
        return RawPage(
            number,
            reading_order(words),
            reading_order(aside),
            letters=letters,
            tables_unread=fast.ruled,
            image_share=fast.image_share,
        )
    slow = _letters(second.words)
    if slow.bad < letters.bad and slow.count >= 0.9 * letters.count:
        words, aside, letters = second.words, [], slow
    lines = reading_order(words)
    tables = [Table(caption=caption(table.box, lines), rows=table.rows) for table in second.tables]
    return RawPage(
        number,
        reading_order(words, [(table.box, table.cells) for table in second.tables]) if tables else lines,
        reading_order(aside),
        tables,
        letters,
        # PDFium may know better: it looks into the font itself.
        unmapped_share=second.unmapped_share if letters.doubtful else 0.0,
        image_share=fast.image_share,
    )


def _agree(words: list[Word], second: CarefulPage) -> bool:
    """Whether both readers saw one page, and the tables hold no letters that PDFium read better.

    pdfminer leaves out pages that PDFium counts, and then numbers the others otherwise.
    """
    letters, others = (Counter("".join(word.text for word in found)) for found in (words, second.words))
    cells = measure(" ".join(text for table in second.tables for row in table.rows for text in row))
    return (letters & others).total() >= 0.8 * letters.total() and cells.bad <= DOUBTFUL


#: How far above a table its caption may stand, in heights of its letters.
CAPTION_WITHIN = 4
_UNIT = re.compile(r"\(?\s*단위\b.*|\(.{1,12}\)")


def caption(box: Box, lines: list[Line]) -> str:
    """The nearest line above the table, units aside ("(단위: 원)"); empty where none is near."""
    above = [line for line in lines if line.bottom <= box[1] + 3 and line.x0 < box[2] and line.x1 > box[0]]
    named = [line for line in above if not _UNIT.fullmatch(line.text)]
    nearest = max(named, key=lambda line: line.bottom, default=None)
    if nearest is None or box[1] - nearest.bottom > CAPTION_WITHIN * nearest.size:
        return ""
    return nearest.text


def _letters(words: list[Word]) -> Letters:
    return measure(" ".join(word.text for word in words))


def _wants_ocr(page: Page) -> bool:
    return page.reason in ("needs_ocr", "unreadable_font")


def _with_ocr(pdf: pdfium.PdfDocument, raw: RawPage, part: PageRange) -> RawPage:
    """Tesseract's words in place of the page's own."""
    params, page = part.params, pdf[raw.page_number - 1]
    try:
        words, confidence = read_picture(page, params.ocr_languages, params.ocr_dpi, params.ocr_timeout_seconds)
    except RuntimeError as error:  # pytesseract's own are RuntimeErrors too
        return RawPage(raw.page_number, failed="timed_out" if "timeout" in str(error) else "crashed")
    return RawPage(raw.page_number, reading_order(words), letters=_letters(words), ocr_confidence=confidence)


def _finish_all(raws: list[RawPage], part: PageRange) -> list[Page]:
    kept = without_headers([raw.lines for raw in raws], part.first, part.params.header_page_share)
    evidence = "\n".join(line.text for line in chain.from_iterable(kept))
    return [_finish(raw, rest, part, evidence) for raw, rest in zip(raws, kept, strict=True)]


def _finish(raw: RawPage, lines: list[Line], part: PageRange, evidence: str) -> Page:
    groups = paragraphs(lines) + paragraphs(raw.aside)
    text = "\n".join(join_lines([line.text for line in group], evidence) for group in groups)
    characters = len(text) + sum(len(cell) for table in raw.tables for row in table.rows for cell in row)
    reason = raw.failed or _verdict(raw, characters, part.params)
    return Page(
        doc_id=part.source.doc_id,
        source_sha256=part.source.sha256,
        page_number=raw.page_number,
        text=text,
        tables=raw.tables,
        quality=_quality(raw, characters, len(raw.lines) - len(lines)),
        status="quarantined" if reason else "ok",
        reason=reason,
    )


def _verdict(raw: RawPage, characters: int, params: Extract) -> Reason | None:
    if raw.ocr_confidence is not None and raw.ocr_confidence < params.min_ocr_confidence:
        return "poor_ocr"
    return why_set_aside(raw.letters, characters, raw.unmapped_share, raw.image_share, params)


def _quality(raw: RawPage, characters: int, headers_removed: int) -> dict[str, float]:
    """Shares are of the page's letters as they were read, rounded so that every machine writes the same digits."""
    letters = raw.letters
    shares = {
        "hangul_ratio": letters.hangul,
        "unreadable_ratio": letters.unreadable,
        "private_use_ratio": letters.private_use,
        "garbled_ratio": letters.garbled + letters.doubled,
        "space_ratio": letters.spaces,
        "unmapped_ratio": raw.unmapped_share,
        "image_ratio": raw.image_share,
    }
    if raw.ocr_confidence is not None:
        shares["ocr_confidence"] = raw.ocr_confidence
    counts: dict[str, float] = {
        "characters": characters,
        "columns": _columns(raw.lines),
        "tables": len(raw.tables),
        "tables_unread": int(raw.tables_unread),
        "headers_removed": headers_removed,
    }
    return counts | {name: round(share, 4) for name, share in shares.items()}


def _columns(lines: list[Line]) -> int:
    """The most columns that stand side by side."""
    spans: dict[int, tuple[float, float]] = {}
    for line in lines:
        top, bottom = spans.get(line.column, (line.top, line.bottom))
        spans[line.column] = min(top, line.top), max(bottom, line.bottom)
    return max((sum(t < line.top < b for t, b in spans.values()) for line in lines), default=0) or min(1, len(lines))
