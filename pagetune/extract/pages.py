"""Read PDFs into pages: each page quickly, carefully where that is not enough, or set aside with a reason."""

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
from pagetune.extract.field_words import replace_by_fields
from pagetune.extract.files import InputFile, SourceFile, file_name, find_pdfs, inspect_file, read_passwords
from pagetune.extract.forms import Field
from pagetune.extract.headers import without_headers
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.ocr import check_tesseract, read_image
from pagetune.extract.paragraphs import paragraphs
from pagetune.extract.quality import DOUBTFUL, FULL_PAGE_IMAGE, TextQuality, measure, why_set_aside
from pagetune.extract.word_boxes import Box, PdfBox, Word
from pagetune.params import Extract
from pagetune.records import BadFile, Page, Reason, Table


@dataclass(frozen=True)
class PageRange:
    """The pages `first` to `last` of one file, both inclusive and counted from 1."""

    source: SourceFile
    first: int
    last: int
    params: Extract

    @property
    def numbers(self) -> list[int]:
        return list(range(self.first, self.last + 1))


@dataclass
class RawPage:
    """A page as it was read, before running headers and footers are removed.

    `aside` holds lines that run in other directions. `tables_unread` says that the page has ruling lines that could be
    a table's, but pdfplumber could not read it. `failed` is the reason of a page that could not be read at all.
    `fields` are those of a form, whose values are among the lines.
    """

    page_number: int
    lines: list[Line] = field(default_factory=list)
    aside: list[Line] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    text_quality: TextQuality = field(default_factory=lambda: measure(""))
    tables_unread: bool = False
    unmapped_share: float = 0.0
    image_share: float = 0.0
    ocr_confidence: float | None = None
    failed: Reason | None = None
    fields: list[Field] = field(default_factory=list)


def read_documents(folder: Path, params: Extract) -> Iterator[Page | BadFile | int]:
    """Yield the total number of pages, then the bad files, then the pages in the order of file name and page number.

    Raise UserError if OCR is on and Tesseract is missing, if the passwords cannot be read, or if two files have the
    same document id.
    """
    if params.ocr == "auto":
        check_tesseract(params.ocr_languages)
    found = inspect_files(find_pdfs(folder), params)
    ranges = [part for source in found if isinstance(source, SourceFile) for part in page_ranges(source, params)]
    yield sum(len(part.numbers) for part in ranges)
    yield from (bad for bad in found if isinstance(bad, BadFile))
    for part, pages in zip(ranges, map_tasks(read_pages, ranges, params), strict=True):
        yield from _page_by_page(part, pages, params) if isinstance(pages, Failure) else pages


#: After this many failures in a range whose pages are read one by one, its other pages are set aside unread.
MAX_FAILED_PAGES = 2


def _page_by_page(part: PageRange, failure: Failure, params: Extract) -> Iterator[Page]:
    """Read a range page by page after it exceeded its limits or crashed as a whole."""
    singles = [replace(part, first=number, last=number) for number in part.numbers]
    if len(singles) == 1:
        yield from failed_pages(part, failure.reason)
        return
    remaining, failed = iter(singles), 0
    for single, pages in zip(remaining, map_tasks(read_pages, singles, params), strict=False):
        yield from failed_pages(single, pages.reason) if isinstance(pages, Failure) else pages
        failed += isinstance(pages, Failure)
        if failed == MAX_FAILED_PAGES:
            break
    yield from chain.from_iterable(failed_pages(single, failure.reason) for single in remaining)


def inspect_files(paths: list[Path], params: Extract) -> list[SourceFile | BadFile]:
    """Open each file within its limits of time and memory. Raise UserError if the passwords cannot be read."""
    passwords = read_passwords()
    inputs = [InputFile(path.absolute(), passwords.get(file_name(path))) for path in paths]
    found = map_tasks(inspect_file, inputs, params)
    return [_bad_if_failed(path, outcome) for path, outcome in zip(paths, found, strict=True)]


def _bad_if_failed(path: Path, outcome: SourceFile | BadFile | Failure) -> SourceFile | BadFile:
    if isinstance(outcome, Failure):
        return BadFile(file=file_name(path), reason=outcome.reason, seen=outcome.seen)
    return outcome


def page_ranges(source: SourceFile, params: Extract) -> Iterator[PageRange]:
    """Split a file into ranges of nearly equal length, so that none is too short to find what repeats."""
    parts = -(-source.page_count // PAGES_PER_TASK)
    bounds = [part * source.page_count // parts for part in range(parts + 1)]
    for first, last in pairwise(bounds):
        yield PageRange(source, first + 1, last, params)


def failed_pages(part: PageRange, reason: Reason) -> list[Page]:
    return [_finish(RawPage(number, failed=reason), [], part, "") for number in part.numbers]


def read_pages(part: PageRange) -> list[Page]:
    """Read a range of pages. A page that cannot be read is set aside, and the others are still read."""
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
        shown, fast = page_box(page), read_fast(page, number - 1)
        page.close()
    except MemoryError:
        raise
    except Exception:  # from PDFium, or from this code on a broken page: the other pages are still read
        return RawPage(number, failed="broken_page")
    quality = _text_quality(fast.words + fast.aside)
    second = None
    if fast.ruled or quality.doubtful:
        second = _read_again(careful, number, fast, shown, doubled=quality.doubled > 0)
    return _choose(number, fast, quality, second)


def _read_again(
    careful: CarefulReader, number: int, fast: FastPage, shown: PdfBox, *, doubled: bool
) -> CarefulPage | None:
    """Read a page with pdfplumber. Return None where its parser pdfminer fails, which may raise any exception."""
    try:
        return careful.read(number, fast.turn, shown, fast.fields, doubled=doubled)
    except MemoryError:
        raise
    except Exception:
        return None


def _choose(number: int, fast: FastPage, quality: TextQuality, second: CarefulPage | None) -> RawPage:
    """Take the words from PDFium, or from pdfplumber where those are better, and the tables from pdfplumber."""
    words, aside = fast.words, fast.aside
    if second is None or not (quality.doubtful or _agree(fast.words, second)):
        return RawPage(
            number,
            reading_order(words),
            reading_order(aside),
            text_quality=quality,
            tables_unread=fast.ruled,
            image_share=fast.image_share,
            fields=fast.fields,
        )
    careful = _text_quality(second.words)
    if careful.bad < quality.bad and careful.count >= 0.9 * quality.count:
        words, aside, quality = second.words, [], careful
    lines = reading_order(words)
    tables = [Table(caption=caption(table.box, lines), rows=table.rows) for table in second.tables]
    return RawPage(
        number,
        reading_order(words, [(table.box, table.cells) for table in second.tables]) if tables else lines,
        reading_order(aside),
        tables,
        quality,
        # PDFium looks into the font file itself, and may have read the characters correctly all the same.
        unmapped_share=second.unmapped_share if quality.doubtful else 0.0,
        image_share=fast.image_share,
        fields=fast.fields,
    )


def _agree(words: list[Word], second: CarefulPage) -> bool:
    """Return whether both readers read the same page, and the table cells have few bad characters.

    pdfminer skips some pages that PDFium counts, and then numbers the following ones differently.
    """
    characters, others = (Counter("".join(word.text for word in found)) for found in (words, second.words))
    cells = measure(" ".join(text for table in second.tables for row in table.rows for text in row))
    return (characters & others).total() >= 0.8 * characters.total() and cells.bad <= DOUBTFUL


#: The largest distance from a caption to its table, in font sizes of the caption.
CAPTION_WITHIN = 4
_UNIT = re.compile(r"\(?\s*단위\b.*|\(.{1,12}\)")


def caption(box: Box, lines: list[Line]) -> str:
    """Return the nearest line above the table that is not a unit such as "(단위: 원)", or "" if none is near."""
    above = [line for line in lines if line.bottom <= box[1] + 3 and line.x0 < box[2] and line.x1 > box[0]]
    named = [line for line in above if not _UNIT.fullmatch(line.text)]
    nearest = max(named, key=lambda line: line.bottom, default=None)
    if nearest is None or box[1] - nearest.bottom > CAPTION_WITHIN * nearest.size:
        return ""
    return nearest.text


def _text_quality(words: list[Word]) -> TextQuality:
    return measure(" ".join(word.text for word in words))


def _wants_ocr(page: Page) -> bool:
    return page.reason in ("needs_ocr", "unreadable_font")


def _with_ocr(pdf: pdfium.PdfDocument, raw: RawPage, part: PageRange) -> RawPage:
    """Replace the page's own words, except those of its fields, by those that Tesseract reads."""
    params, page = part.params, pdf[raw.page_number - 1]
    try:
        words, confidence = read_image(page, params.ocr_languages, params.ocr_dpi, params.ocr_timeout_seconds)
    except RuntimeError as error:  # pytesseract's own errors are RuntimeErrors too
        return RawPage(raw.page_number, failed="timed_out" if "timeout" in str(error) else "crashed")
    words = replace_by_fields(words, raw.fields)
    quality = _text_quality(words)
    return RawPage(raw.page_number, reading_order(words), text_quality=quality, ocr_confidence=confidence)


def _finish_all(raws: list[RawPage], part: PageRange) -> list[Page]:
    kept = without_headers([raw.lines for raw in raws], part.first, part.params.header_page_share)
    evidence = "\n".join(line.text for line in chain.from_iterable(kept))
    return [_finish(raw, rest, part, evidence) for raw, rest in zip(raws, kept, strict=True)]


def _finish(raw: RawPage, lines: list[Line], part: PageRange, evidence: str) -> Page:
    groups = paragraphs(lines) + paragraphs(raw.aside)
    text = "\n".join(join_lines([line.text for line in group], evidence) for group in groups)
    characters = len(text) + sum(len(cell) for table in raw.tables for row in table.rows for cell in row)
    reason = raw.failed or _reason(raw, characters, part.params)
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


def _reason(raw: RawPage, characters: int, params: Extract) -> Reason | None:
    if raw.ocr_confidence is not None and raw.ocr_confidence < params.min_ocr_confidence:
        return "poor_ocr"
    if raw.image_share >= FULL_PAGE_IMAGE:
        characters -= sum(len(field.text) for field in raw.fields)  # a scan that was made a form is still a scan
    return why_set_aside(raw.text_quality, characters, raw.unmapped_share, raw.image_share, params)


def _quality(raw: RawPage, characters: int, headers_removed: int) -> dict[str, float]:
    """Return the numbers of `Page.quality`.

    Shares are of the page's characters as they were read, rounded so that every machine writes the same digits.
    """
    measured = raw.text_quality
    shares = {
        "hangul_ratio": measured.hangul,
        "unreadable_ratio": measured.unreadable,
        "private_use_ratio": measured.private_use,
        "garbled_ratio": measured.garbled + measured.doubled,
        "space_ratio": measured.spaces,
        "unmapped_ratio": raw.unmapped_share,
        "image_ratio": raw.image_share,
    }
    if raw.ocr_confidence is not None:
        shares["ocr_confidence"] = raw.ocr_confidence
    counts: dict[str, float] = {
        "characters": characters,
        "columns": _count_columns(raw.lines),
        "tables": len(raw.tables),
        "tables_unread": int(raw.tables_unread),
        "headers_removed": headers_removed,
    }
    return counts | {name: round(share, 4) for name, share in shares.items()}


def _count_columns(lines: list[Line]) -> int:
    """Return the largest number of columns that are side by side."""
    spans: dict[int, tuple[float, float]] = {}
    for line in lines:
        top, bottom = spans.get(line.column, (line.top, line.bottom))
        spans[line.column] = min(top, line.top), max(bottom, line.bottom)
    return max((sum(t < line.top < b for t, b in spans.values()) for line in lines), default=0) or min(1, len(lines))
