"""Measure the extraction's speed, memory and accuracy, and print the contents of benchmarks/extract.txt.

    python -m benchmarks.extract [FOLDER_OF_PDFS] > benchmarks/extract.txt

Speeds are the best of several rounds in one process, each with empty caches. The three readers take turns, so that
other load on the machine affects them alike; compare the ratios. Without a folder the project's own samples are read.
"""

import gc
import multiprocessing
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import pdfplumber
import psutil
import pypdfium2
from rapidfuzz.distance import Levenshtein

from benchmarks.typeset import Layout, typeset, wrap
from pagetune.extract import letters, spacing
from pagetune.extract.fast import read_fast
from pagetune.extract.files import InputFile, SourceFile, inspect_file
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.pages import page_ranges, read_documents, read_pages
from pagetune.extract.quality import measure
from pagetune.params import Extract, load_params
from pagetune.records import Page
from samples.typeset import read_sample

ROUNDS = 3
#: A page with more ruling lines than this may have a table, and is not a text page.
MANY_RULINGS = 4
TABLE = (("구분", "요금", "기간"), ("일반", "12,000원", "30일"), ("학생", "8,000원", "14일"))


def main() -> None:
    params = load_params().extract
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("data/raw")
    spacing.kiwi().analyze("불러오기")
    report_joins()
    report_accuracy(params)
    report_speed(sorted(folder.glob("*.pdf")), params)
    report_long_file(params)


def korean_paragraphs() -> list[str]:
    """Return the Korean paragraphs of the samples."""
    texts = [block for path in sorted(Path("samples").glob("*.txt")) for block in read_sample(path)[1]]
    return [text for text in texts if text[0] not in "#|" and len(text) > 60 and re.search("[가-힣]", text)]


def report_joins() -> None:
    right, count = right_joins()
    print(f"line joins: {right} of {count} right ({right / count:.2%}), at 45 characters a line, in the samples' text")
    print("(benchmarks/line_joins.txt has the figure for text that nothing was fitted on)\n")


def right_joins() -> tuple[int, int]:
    """Return how many known line breaks are joined as the text has it, with or without a space, and of how many."""
    breaks = list(known_breaks())
    random.Random(0).shuffle(breaks)
    sample = sorted(breaks[:2000], key=itemgetter(3))  # text by text, as pages are read
    right = [(join_lines([left, line], text) == f"{left} {line}") == space for left, line, space, text in sample]
    return sum(right), len(sample)


def known_breaks() -> Iterator[tuple[str, str, bool, str]]:
    """Yield the lines on either side of a break, whether a space was there, and the text of the sample around it.

    Each sample is wrapped several times, each time with more characters cut off the start of its paragraphs, so that
    the lines break in other places.
    """
    for cut in range(0, 45, 4):
        for path in sorted(Path("samples").glob("*.txt")):
            texts = [text[cut:].lstrip() for text in read_sample(path)[1] if text[0] not in "#|" and len(text) > 110]
            wrapped = [wrap(text, 45) for text in texts if re.search("[가-힣]", text)]
            evidence = "\n".join(line for lines, _ in wrapped for line in lines)
            for lines, spaces in wrapped:
                for left, right, space in zip(lines, lines[1:], spaces, strict=False):
                    if re.search("[가-힣]", left[-1] + right[0]):
                        yield left, right, space, evidence


def report_accuracy(params: Extract) -> None:
    print("character error rate of typeset Korean text, with running header, page numbers and a table a page:")
    for columns, table in ((1, ()), (1, TABLE), (2, ()), (2, TABLE), (3, ())):
        rate, pages = character_error_rate(Layout(columns, 45 if columns < 3 else 48, "새솔 규정집", table), params)
        name = f"{columns} column(s), {'a table' if table else 'no table'}"
        print(f"  {name}: {rate:.3%} of {pages} pages")
    print()


def character_error_rate(layout: Layout, params: Extract) -> tuple[float, int]:
    """Return the insertions, deletions and replacements per character of the text, and the number of pages.

    A page break inside a paragraph counts as a space: as one error where it is inside a word.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "typeset.pdf"
        typeset(path, korean_paragraphs(), layout)
        pages = [page for part in page_ranges(source_of(path), params) for page in read_pages(part)]
    wanted, read = " ".join(korean_paragraphs()), " ".join(page.text.replace("\n", " ") for page in pages)
    return Levenshtein.distance(wanted, read) / len(wanted), len(pages)


def source_of(path: Path) -> SourceFile:
    source = inspect_file(InputFile(path.absolute(), None))
    if not isinstance(source, SourceFile):
        sys.exit(f"{path}: {source.reason}")
    return source


def report_speed(paths: list[Path], params: Extract) -> None:
    """Report the speed per file, and in total for plain files and for others.

    The goal of ten times pdfplumber's speed is about plain files, which have no page that pdfplumber reads too.
    """
    print("pages a second, one core:         pages  pagetune  pdfplumber  pypdfium2  pagetune/pdfplumber")
    gc.collect()
    gc.freeze()  # as the reading processes do
    totals = {True: [0.0] * 4, False: [0.0] * 4}
    with tempfile.TemporaryDirectory() as folder:
        for path in [*paths, *typeset_files(Path(folder))]:
            source = inspect_file(InputFile(path.absolute(), None))
            if not isinstance(source, SourceFile) or not has_text(path):
                continue
            row = [source.page_count, *best_times(source, params)]
            plain = is_plain(path)
            totals[plain] = [total + value for total, value in zip(totals[plain], row, strict=True)]
            print_speed(path.stem + " " * plain + "*" * plain, row)
    print_speed("all with * (text pages)", totals[True])
    print_speed("all others (tables, doubts)", totals[False])
    print()


def typeset_files(folder: Path) -> Iterator[Path]:
    for columns in (1, 2):
        path = folder / f"samples_in_{columns}_column(s).pdf"
        typeset(path, korean_paragraphs(), Layout(columns, 44, "규정집"))
        yield path


def has_text(path: Path) -> bool:
    with pypdfium2.PdfDocument(path) as pdf:
        return sum(page.get_textpage().count_chars() for page in pdf) > 100


def is_plain(path: Path) -> bool:
    with pypdfium2.PdfDocument(path) as pdf:
        pages = [read_fast(page, index) for index, page in enumerate(pdf)]
    return not any(
        len(page.rulings) > MANY_RULINGS or measure(" ".join(word.text for word in page.words)).doubtful
        for page in pages
    )


def print_speed(name: str, row: list[float]) -> None:
    pages, *seconds = row
    ours, plumber, fast = (pages / second if second else 0.0 for second in seconds)
    ratio = ours / plumber if plumber else 0.0
    print(f"  {name[:30]:30s} {pages:6.0f} {ours:9.1f} {plumber:11.1f} {fast:10.1f} {ratio:15.1f}")


def best_times(source: SourceFile, params: Extract) -> list[float]:
    """Return the seconds of pagetune, pdfplumber and pypdfium2, each the best of its rounds."""
    readers = (lambda: read_all(source, params), lambda: plumb(source.path), lambda: pdfium(source.path))
    best = [float("inf")] * len(readers)
    for _ in range(ROUNDS):
        for index, reader in enumerate(readers):
            forget()
            start = time.perf_counter()
            reader()
            best[index] = min(best[index], time.perf_counter() - start)
    return best


def forget() -> None:
    """Empty the caches of what was judged on the pages: a file is read once, and not in rounds."""
    for cached in (letters._is_word, spacing._codes, spacing._grammar, spacing._index, spacing.habit):
        cached.cache_clear()


def read_all(source: SourceFile, params: Extract) -> None:
    for part in page_ranges(source, params):
        read_pages(part)


def plumb(path: Path) -> None:
    with pdfplumber.open(path) as pdf:
        for page in pdf.pages:
            page.extract_text()
            page.close()


def pdfium(path: Path) -> None:
    with pypdfium2.PdfDocument(path) as pdf:
        for page in pdf:
            page.get_textpage().get_text_range()


def report_long_file(params: Extract) -> None:
    """Report the memory of one long file, and the speed of two in one process and in two."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        typeset(folder / "long.pdf", korean_paragraphs() * 150, Layout(header="규정집"), pages=1000)
        two = params.model_copy(update={"processes": 2})
        run = read_and_watch(folder, two)
        print(f"{run.pages} pages of one file: peak memory of all processes together {run.peak / 2**20:.0f} MiB")
        (folder / "again.pdf").write_bytes((folder / "long.pdf").read_bytes())
        single = read_and_watch(folder, params.model_copy(update={"processes": 1}))
        double = read_and_watch(folder, two)
        print(f"{single.pages} pages: one process {single.seconds:.1f} s, two processes {double.seconds:.1f} s,")
        print(f"of which {double.first_page:.1f} s until the first page, for Kiwi's model above all;")
        after = (single.seconds - single.first_page) / (double.seconds - double.first_page)
        print(f"two against one {single.seconds / double.seconds:.2f} times as fast, after the first page {after:.2f}")


class Run(NamedTuple):
    """The pages read, the seconds until the first one and in all, and the peak memory of the process tree in bytes."""

    pages: int
    first_page: float
    seconds: float
    peak: int


def read_and_watch(folder: Path, params: Extract) -> Run:
    """Read a folder in a new process. Memory is the proportional set size."""
    queue: multiprocessing.Queue[tuple[int, float]] = multiprocessing.get_context("spawn").Queue()
    start = time.perf_counter()
    reader = multiprocessing.get_context("spawn").Process(target=count_pages, args=(folder, params, start, queue))
    reader.start()
    peak = [0]
    watcher = threading.Thread(target=watch, args=(psutil.Process(reader.pid), peak))
    watcher.start()
    pages, first_page = queue.get()
    seconds = time.perf_counter() - start
    reader.join()
    watcher.join()
    return Run(pages, first_page, seconds, peak[0])


def count_pages(folder: Path, params: Extract, start: float, queue: "multiprocessing.Queue[tuple[int, float]]") -> None:
    pages, first_page = 0, 0.0
    for found in read_documents(folder, params):
        if isinstance(found, Page):
            pages += 1
            first_page = first_page or time.perf_counter() - start
    queue.put((pages, first_page))


def watch(process: psutil.Process, peak: list[int]) -> None:
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        total = 0
        for member in [process, *process.children(recursive=True)]:
            try:
                total += member.memory_full_info().pss
            except psutil.Error:
                continue
        peak[0] = max(peak[0], total)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
