"""Read documents into pages: those of PDFs quickly, carefully where that is not enough, or set aside with a reason."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from pathlib import Path

import pypdfium2 as pdfium

from pagetune.extract.careful import CarefulPage, CarefulReader
from pagetune.extract.columns import Line, reading_order
from pagetune.extract.engine import PAGES_PER_TASK, Failure, map_tasks
from pagetune.extract.fast import FastPage, page_box, read_fast
from pagetune.extract.field_words import add_fields, replace_by_fields
from pagetune.extract.files import (
    InputFile,
    SourceFile,
    file_name,
    find_documents,
    find_unread,
    inspect_file,
    read_passwords,
)
from pagetune.extract.formats.opening import read_document
from pagetune.extract.formats.page_records import page_blocks, page_records
from pagetune.extract.forms import Field
from pagetune.extract.headers import header_lines
from pagetune.extract.ink import shows_more_than
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.ocr import check_tesseract, read_image
from pagetune.extract.outlines import paragraphs_of
from pagetune.extract.paragraphs import goes_on, paragraphs
from pagetune.extract.quality import FULL_PAGE_IMAGE, TextQuality, measure, why_set_aside
from pagetune.extract.table_records import PageParts, table_records
from pagetune.extract.tables import FoundTable, find_tables
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

    `aside` holds lines that run in other directions. `fields` are those of a form, whose values are among the lines.
    `outlined` holds the boxes of lines that are drawn as shapes. `shows_more` says that its images may hold words that
    were not read, and `failed` is the reason of a page that could not be read at all.
    """

    page_number: int
    lines: list[Line] = field(default_factory=list)
    aside: list[Line] = field(default_factory=list)
    tables: list[FoundTable] = field(default_factory=list)
    text_quality: TextQuality = field(default_factory=lambda: measure(""))
    unmapped_share: float = 0.0
    image_share: float = 0.0
    outlined: list[Box] = field(default_factory=list)
    shows_more: bool = True
    ocr_confidence: float | None = None
    fields: list[Field] = field(default_factory=list)
    failed: Reason | None = None


def read_documents(folder: Path, params: Extract) -> Iterator[Page | BadFile | int]:
    """Yield the total number of pages, then the bad files, then the pages in the order of file name and page number.

    Raise UserError if OCR is on and Tesseract is missing, if the passwords cannot be read, or if two files have the
    same document id.
    """
    if params.ocr == "auto":
        check_tesseract(params.ocr_languages)
    found = inspect_files(find_documents(folder), params)
    ranges = [part for source in found if isinstance(source, SourceFile) for part in page_ranges(source, params)]
    yield sum(len(part.numbers) for part in ranges)
    yield from (bad for bad in found if isinstance(bad, BadFile))
    yield from find_unread(folder)
    for part, pages in zip(ranges, map_tasks(read_pages, ranges, params), strict=True):
        yield from _page_by_page(part, pages, params) if isinstance(pages, Failure) else pages


#: After this many failures in a range whose pages are read one by one, its other pages are set aside unread.
MAX_FAILED_PAGES = 2


def _page_by_page(part: PageRange, failure: Failure, params: Extract) -> Iterator[Page]:
    """Read a range page by page after it exceeded its limits or crashed as a whole."""
    singles = [replace(part, first=number, last=number) for number in part.numbers]
    if len(singles) == 1 or not part.source.is_pdf:  # only a PDF can be read in part
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
    """Split a PDF into ranges of nearly equal length, so that none is too short to find what repeats.

    Other documents are read as a whole.
    """
    parts = -(-source.page_count // PAGES_PER_TASK) if source.is_pdf else 1
    bounds = [part * source.page_count // parts for part in range(parts + 1)]
    for first, last in pairwise(bounds):
        yield PageRange(source, first + 1, last, params)


def failed_pages(part: PageRange, reason: Reason) -> list[Page]:
    return [_finish(RawPage(number, failed=reason), [], [], False, part, "") for number in part.numbers]


def read_pages(part: PageRange) -> list[Page]:
    """Read a range of pages. A page that cannot be read is set aside, and the others are still read."""
    if not part.source.is_pdf:
        return _document_pages(part)
    password, tolerance = part.source.password, part.params.x_tolerance_ratio
    with (
        pdfium.PdfDocument(part.source.path, password=password) as pdf,
        CarefulReader(part.source.path, password or "", part.numbers, tolerance) as careful,
    ):
        raws = [_read_page(pdf, careful, number) for number in part.numbers]
        pages = _finish_all(raws, part)
        for look in (_look_again, _read_pictures) if part.params.ocr == "auto" else (_look_again,):
            seen = [look(pdf, raw, page, part) for raw, page in zip(raws, pages, strict=True)]
            if any(new is not raw for new, raw in zip(seen, raws, strict=True)):
                raws, pages = seen, _finish_all(seen, part)
    return pages


def _document_pages(part: PageRange) -> list[Page]:
    source = part.source
    pages = page_blocks(read_document(source.path, source.password))
    return page_records(pages, source.doc_id, source.sha256, part.params)


def _look_again(pdf: pdfium.PdfDocument, raw: RawPage, page: Page, _: PageRange) -> RawPage:
    """Look at a page that seems to be a scan: it may be blank, or all of its words may have been read."""
    if page.reason != "needs_ocr" or shows_more_than(pdf[raw.page_number - 1], raw.lines):
        return raw
    return replace(raw, shows_more=False)


def _read_pictures(pdf: pdfium.PdfDocument, raw: RawPage, page: Page, part: PageRange) -> RawPage:
    """Read with Tesseract a page that has no readable text, or the lines of it that are drawn as shapes."""
    if page.reason in ("needs_ocr", "unreadable_font"):
        return _with_ocr(pdf, raw, part)
    return _with_outlined(pdf, raw, part) if page.status == "ok" and raw.outlined else raw


def _read_page(pdf: pdfium.PdfDocument, careful: CarefulReader, number: int) -> RawPage:
    try:
        page = pdf[number - 1]
        shown, fast = page_box(page), read_fast(page, number - 1)
        page.close()
        quality, second = _text_quality(fast.words + fast.aside), None
        if quality.doubtful:
            second = _read_again(careful, number, fast.turn, shown, doubled=quality.doubled > 0)
        return _choose(number, fast, quality, second)
    except MemoryError:
        raise
    except Exception:  # from PDFium, or from this code on a broken page: the other pages are still read
        return RawPage(number, failed="broken_page")


def _read_again(careful: CarefulReader, number: int, turn: int, shown: PdfBox, *, doubled: bool) -> CarefulPage | None:
    """Read a page with pdfplumber. Return None where its parser pdfminer fails, which may raise any exception."""
    try:
        return careful.read(number, turn, shown, doubled=doubled)
    except MemoryError:
        raise
    except Exception:
        return None


def _choose(number: int, fast: FastPage, quality: TextQuality, second: CarefulPage | None) -> RawPage:
    """Take the words from PDFium, or from pdfplumber where those are better, and find the tables among them."""
    printed, aside = fast.words, fast.aside
    if second is not None:
        careful = _text_quality(second.words)
        if careful.bad < quality.bad and careful.count >= 0.9 * quality.count:
            printed, aside, quality = second.words, [], careful
    words = add_fields(printed, fast.fields) if fast.fields else printed
    in_cells = add_fields(printed, fast.fields, in_cells=True) if fast.fields else words
    tables = find_tables(in_cells, fast.rulings, fast.boxes, words)
    return RawPage(
        number,
        reading_order(words, [table.box for table in tables]),
        reading_order(aside),
        tables,
        text_quality=quality,
        # PDFium looks into the font file itself, and may have read the characters correctly all the same.
        unmapped_share=second.unmapped_share if second is not None else 0.0,
        image_share=fast.image_share,
        fields=fast.fields,
        outlined=fast.outlined,
    )


def _text_quality(words: list[Word]) -> TextQuality:
    return measure(" ".join(word.text for word in words))


def _with_ocr(pdf: pdfium.PdfDocument, raw: RawPage, part: PageRange) -> RawPage:
    """Replace the page's own words, except those of its fields, by those that Tesseract reads."""
    params, page = part.params, pdf[raw.page_number - 1]
    try:
        scan = read_image(page, params.ocr_languages, params.ocr_dpi, params.ocr_timeout_seconds)
    except RuntimeError as error:  # pytesseract's own errors are RuntimeErrors too
        return RawPage(raw.page_number, failed="timed_out" if "timeout" in str(error) else "crashed")
    words = replace_by_fields(scan.words, raw.fields)
    tables = find_tables(words, scan.rulings, [])
    return RawPage(
        raw.page_number,
        reading_order(words, [table.box for table in tables]),
        tables=tables,
        text_quality=_text_quality(words),
        ocr_confidence=scan.confidence,
    )


def _with_outlined(pdf: pdfium.PdfDocument, raw: RawPage, part: PageRange) -> RawPage:
    """Add the paragraphs that are drawn as shapes, each after the lines above it, where Tesseract is sure of them."""
    params, page = part.params, pdf[raw.page_number - 1]
    lines, unread = list(raw.lines), list[Box]()
    for box in paragraphs_of(raw.outlined):
        try:
            scan = read_image(page, params.ocr_languages, params.ocr_dpi, params.ocr_timeout_seconds, box)
        except RuntimeError:  # the time is up
            scan = None
        if scan is None or scan.confidence < params.min_ocr_confidence:
            unread.append(box)
        else:
            above = [at for at, line in enumerate(lines, 1) if _is_above(line, box)]
            place = max(above, default=0)
            lines[place:place] = reading_order(scan.words)
    return replace(raw, lines=lines, outlined=unread)


def _is_above(line: Line, box: Box) -> bool:
    return line.bottom <= box[1] + line.size / 2 and line.x0 < box[2] and line.x1 > box[0]


def _finish_all(raws: list[RawPage], part: PageRange) -> list[Page]:
    lines, boxes = [raw.lines for raw in raws], [[table.box for table in raw.tables] for raw in raws]
    headers = header_lines(lines, boxes, part.first, part.params.header_page_share)
    kept = [_without(raw.lines, found) for raw, found in zip(raws, headers, strict=True)]
    evidence = "\n".join(line.text for line in chain.from_iterable(kept))
    groups = [paragraphs(lines) for lines in kept]
    tables = table_records([PageParts(raw.tables, own) for raw, own in zip(raws, groups, strict=True)])
    tails = [False, *(bool(last and first and goes_on(last[-1], first[0])) for last, first in pairwise(kept))]
    return [_finish(*found, part, evidence) for found in zip(raws, groups, tables, tails, strict=True)]


def _without(lines: list[Line], removed: list[Line]) -> list[Line]:
    return [line for line in lines if not any(line is one for one in removed)]


def _finish(
    raw: RawPage, groups: list[list[Line]], tables: list[Table], is_tail: bool, part: PageRange, evidence: str
) -> Page:
    """Make the page of its lines without headers. A page may be as short as it is where `is_tail`.

    It then begins with the rest of a sentence of the page before, and is as readable as that one.
    """
    joined = [join_lines([line.text for line in group], evidence) for group in [*groups, *paragraphs(raw.aside)]]
    text = "\n".join(joined)
    characters = len(text) + sum(map(_count_characters, tables))
    reason = raw.failed or _reason(raw, characters, part)
    if reason == "no_text" and is_tail:
        reason = None
    return Page(
        doc_id=part.source.doc_id,
        source_sha256=part.source.sha256,
        page_number=raw.page_number,
        text=text,
        tables=tables,
        quality=_quality(raw, characters, len(raw.lines) - sum(map(len, groups))),
        status="quarantined" if reason else "ok",
        reason=reason,
    )


def _count_characters(table: Table) -> int:
    """Return the length of a table's texts, each counted once."""
    repeated = sum(len(table.rows[row][column]) for row, column in table.filled)
    return sum(len(cell) for row in table.rows for cell in row) - repeated


def _reason(raw: RawPage, characters: int, part: PageRange) -> Reason | None:
    params = part.params
    if raw.ocr_confidence is not None and raw.ocr_confidence < params.min_ocr_confidence:
        return "poor_ocr"
    if raw.page_number in part.source.damaged:
        return "garbled" if raw.text_quality.is_garbled(params) else "damaged"
    if raw.image_share >= FULL_PAGE_IMAGE:
        characters -= sum(len(field.text) for field in raw.fields)  # a scan that was made a form is still a scan
    pictures = raw.image_share if raw.shows_more else 0.0
    return why_set_aside(raw.text_quality, characters, raw.unmapped_share, pictures, params)


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
        "headers_removed": headers_removed,
        "partly_outlined": len(raw.outlined),
    }
    return counts | {name: round(share, 4) for name, share in shares.items()}


def _count_columns(lines: list[Line]) -> int:
    """Return the largest number of columns that are side by side."""
    spans: dict[int, tuple[float, float]] = {}
    for line in lines:
        top, bottom = spans.get(line.column, (line.top, line.bottom))
        spans[line.column] = min(top, line.top), max(bottom, line.bottom)
    return max((sum(t < line.top < b for t, b in spans.values()) for line in lines), default=0) or min(1, len(lines))
