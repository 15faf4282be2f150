"""Compare pagetune's pages with those of other readers, and print the contents of benchmarks/pages.txt.

    python -m benchmarks.pages [FOLDER_OF_PDFS] > benchmarks/pages.txt
    python -m benchmarks.pages --pictures TARGET [FOLDER_OF_PDFS]

Measured, by all readers on the same files in the same run:

- cell F1 and tree similarity of tables (benchmarks/table_scores.py says how): the mean over the true tables, each with
  the table of its page that fits best, or 0; on tables that benchmarks/typeset_tables.py draws, and on those of
  FOLDER_OF_PDFS that are transcribed in tests/data/page_tables.jsonl, whose pages are cut out of their files;
- the captions of pagetune's tables, of those tables that have one and were found;
- on typeset prose in one to three columns: the character error rate without whitespace, the F1 of words, the share of
  paragraphs that come in their order, and the tables that were found although there are none;
- pages a second, without imports. pagetune and pdfplumber read in one process; the others use what they like. The
  pages a second of CPU depend less on what else the machine does.

The other readers are not dependencies. They run in a venv of their own, whose Python PAGE_READERS names; one that is
not there is named and left out:

    python -m venv ~/.cache/page-readers
    ~/.cache/page-readers/bin/pip install pymupdf4llm==1.28.2 pymupdf==1.28.2 opendataloader-pdf edgeparse

The second form draws 30 pages, chosen with a fixed seed, each as a picture with pagetune's reading beside it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import product
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import pdfplumber
import pypdfium2
from rapidfuzz.distance import Levenshtein

from benchmarks.extract import korean_paragraphs, read_all, source_of
from benchmarks.page_readers import READERS, cpu_seconds
from benchmarks.table_scores import Found, Rows, Truth, match_tables, normalise, read_truths, score_cells
from benchmarks.table_scores import tree_similarity as tree
from benchmarks.typeset import Layout, typeset
from benchmarks.typeset_tables import register_fonts, write_tables
from pagetune.extract.spacing import kiwi
from pagetune.params import Extract, load_params
from pagetune.records import Page

PDFS = Path("../shared/pdfs")
TRANSCRIBED = Path("tests/data/page_tables.jsonl")
PYTHON = os.environ.get("PAGE_READERS", str(Path.home() / ".cache/page-readers/bin/python"))
#: Characters a line for each number of columns.
PROSE = {1: 45, 2: 44, 3: 48}
PAGES_TO_SEE = 30


@dataclass
class Reading:
    """What a reader made of a folder: for each file its pages, each with its text and tables.

    `seconds` are those of the clock. `captions` holds the captions of the tables of each page (file, page), for readers
    that tell them.
    """

    files: dict[str, list[tuple[str, list[Rows]]]]
    seconds: float
    cpu_seconds: float
    captions: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    @property
    def found(self) -> Found:
        return {
            (file, number): tables for file, pages in self.files.items() for number, (_, tables) in enumerate(pages, 1)
        }

    @property
    def page_count(self) -> int:
        return sum(map(len, self.files.values()))


#: A folder's readings, by the name of the reader.
Readings = dict[str, Reading]


#: What was seen when these pages were read beside their pictures.
BY_EYE = Path("benchmarks/pages_by_eye.txt")


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if argument != "--pictures"]
    params = load_params().extract
    if "--pictures" in sys.argv:
        draw_pages(Path(arguments[0]), Path(arguments[1]) if arguments[1:] else PDFS, params)
        return
    pdfs = Path(arguments[0]) if arguments else PDFS
    kiwi().analyze("불러오기")
    readers = list(print_readers())
    with tempfile.TemporaryDirectory() as name:
        folders = {part: Path(name, part) for part in ("typeset", "transcribed", "prose")}
        for folder in folders.values():
            folder.mkdir()
        typeset_truths = list(write_tables(folders["typeset"], korean_paragraphs()))
        cut_truths = list(cut_pages(pdfs, folders["transcribed"]))
        write_prose(folders["prose"])
        read = {part: read_folder(folder, readers, params) for part, folder in folders.items() if any(folder.iterdir())}
    report_tables("typeset", typeset_truths, read["typeset"])
    report_kinds(typeset_truths, read["typeset"])
    if cut_truths:
        report_tables("transcribed", cut_truths, read["transcribed"])
        report_each(cut_truths, read["transcribed"])
    report_prose(read["prose"])
    report_speed(read)
    print(f"pages to compare by eye (seed 0): {', '.join(f'{path.stem} {page}' for path, page in pages_to_see(pdfs))}")
    print(f"\n{BY_EYE.read_text(encoding='utf-8')}", end="")


def print_readers() -> Iterator[str]:
    """Print the readers with their versions, and yield the names of those that are here."""
    print(f"pagetune; pdfplumber {version('pdfplumber')} (extract_tables, extract_text)")
    for name, (package, _) in READERS.items():
        asked = [PYTHON, "-c", f"from importlib.metadata import version; print(version('{package}'))"]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            print(f"{name}: not here (install {package} for {PYTHON}); left out")
            continue
        print(f"{name}: {package} {done.stdout.strip()}")
        yield name
    print()


def cut_pages(pdfs: Path, folder: Path) -> Iterator[Truth]:
    """Write each page with transcribed tables to a file of its own, and yield the tables with the new names."""
    for truth in read_truths(TRANSCRIBED):
        if not (pdfs / truth.file).exists():
            continue
        path = folder / f"{Path(truth.file).stem} {truth.page}.pdf"
        if not path.exists():
            with pypdfium2.PdfDocument(pdfs / truth.file) as source, pypdfium2.PdfDocument.new() as target:
                target.import_pages(source, [truth.page - 1])
                target.save(path)
        yield replace(truth, file=path.name, page=1, last_page=1)


def write_prose(folder: Path) -> None:
    """Write prose in a font that is only named, and in an embedded one if this machine has a Korean font."""
    fonts = list(register_fonts())
    for font, (columns, characters) in product(dict.fromkeys((fonts[0], fonts[-1])), PROSE.items()):
        kind = "named" if font == fonts[0] else "embedded"
        layout = Layout(columns, characters, "새솔 규정집", font=font)
        typeset(folder / f"{columns} {kind}.pdf", korean_paragraphs(), layout)


def read_folder(folder: Path, readers: list[str], params: Extract) -> Readings:
    own = {"pagetune": read_own(folder, params), "pdfplumber": read_plainly(folder)}
    return own | {name: read_elsewhere(name, folder) for name in readers}


def read_own(folder: Path, params: Extract) -> Reading:
    from pagetune.extract.pages import read_documents

    pages = [page for page in read_documents(folder, params) if isinstance(page, Page)]
    files: dict[str, list[tuple[str, list[Rows]]]] = {path.name: [] for path in sorted(folder.glob("*.pdf"))}
    for page in pages:
        files[f"{page.doc_id}.pdf"].append((page.text, [table.rows for table in page.tables]))
    captions = {(f"{page.doc_id}.pdf", page.page_number): [table.caption for table in page.tables] for page in pages}
    start, cpu_start = time.perf_counter(), cpu_seconds()
    for name in files:
        read_all(source_of(folder / name), params)
    return Reading(files, time.perf_counter() - start, cpu_seconds() - cpu_start, captions)


def read_plainly(folder: Path) -> Reading:
    files = {}
    start, cpu_start = time.perf_counter(), cpu_seconds()
    for path in sorted(folder.glob("*.pdf")):
        with pdfplumber.open(path) as pdf:
            files[path.name] = [(page.extract_text(), list(plain_tables(page))) for page in pdf.pages]
    return Reading(files, time.perf_counter() - start, cpu_seconds() - cpu_start)


def plain_tables(page: Any) -> Iterator[Rows]:
    for rows in page.extract_tables():
        yield [[cell or "" for cell in row] for row in rows]


def read_elsewhere(name: str, folder: Path) -> Reading:
    """Read a folder in the other readers' venv."""
    output = folder / f"{name}.json"
    script = Path(__file__).with_name("page_readers.py")
    done = subprocess.run(
        [PYTHON, str(script), name, str(folder), str(output)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    read = json.loads(output.read_text(encoding="utf-8"))
    output.unlink()
    return Reading(read["files"], read["seconds"], read["cpu_seconds"])


def report_tables(title: str, truths: list[Truth], readings: Readings) -> None:
    counted = [truth for truth in truths if truth.counted]
    print(f"{len(counted)} {title} tables             cell F1   tree   found  extra tables on these pages")
    for name, reading in readings.items():
        pairs, extra = match_tables(counted, reading.found)
        scores = [score_cells(truth, rows or []).f1 for truth, rows in pairs]
        trees = [tree(truth, rows) if rows else 0.0 for truth, rows in pairs]
        found = sum(rows is not None for _, rows in pairs)
        print(f"  {name:30s} {mean(scores):7.3f} {mean(trees):6.3f} {found:7} {extra:6}")
        if reading.captions:
            print(f"  {name}'s captions: {right_captions(pairs, reading)} are those of the true tables")
    print()


def right_captions(pairs: list[tuple[Truth, Rows | None]], reading: Reading) -> str:
    """Return how many tables that have a caption were read with it, and of how many that were found at all.

    A caption may have a mark before it, such as a bullet or a number.
    """
    right = []
    for truth, rows in pairs:
        tables = reading.found.get((truth.file, truth.page), [])
        if truth.caption and rows in tables:
            true = normalise(truth.caption)
            read = normalise(reading.captions[truth.file, truth.page][tables.index(rows)])
            right.append(true in read and len(read) < len(true) + 8)
    return f"{sum(right)} of {len(right)}"


def report_kinds(truths: list[Truth], readings: Readings) -> None:
    print(f"{'cell F1 by kind':32s}{'tables':>7s} " + " ".join(f"{name:>14s}" for name in readings))
    scores = {name: scores_of(truths, reading) for name, reading in readings.items()}
    for kind, count in Counter(truth.kind for truth in truths).items():
        means = [
            mean(score for truth, score in zip(truths, scores[name], strict=True) if truth.kind == kind)
            for name in readings
        ]
        print(f"  {kind:30s}{count:7} " + " ".join(f"{value:14.3f}" for value in means))
    print()


def scores_of(truths: list[Truth], reading: Reading) -> list[float]:
    return [score_cells(truth, rows or []).f1 for truth, rows in match_tables(truths, reading.found)[0]]


def report_each(truths: list[Truth], readings: Readings) -> None:
    counted = [truth for truth in truths if truth.counted]
    print(f"{'cell F1 of each transcribed table':62s} " + " ".join(f"{name:>14s}" for name in readings))
    scores = {name: scores_of(counted, reading) for name, reading in readings.items()}
    for index, truth in enumerate(counted):
        first = next(filter(None, truth.rows[0]))
        values = " ".join(f"{scores[name][index]:14.3f}" for name in readings)
        print(f"  {truth.file.removesuffix('.pdf'):30s} {first[:14]:{28 - wide(first[:14])}s} {values}")
    print()


def wide(text: str) -> int:
    """Return how many columns of a terminal a text takes beyond one a character."""
    return sum("가" <= character <= "힣" for character in text)


def report_prose(readings: Readings) -> None:
    print(
        "typeset prose                     columns, font   character errors  word F1  order of paragraphs  tables found"
    )
    paragraphs = korean_paragraphs()
    for file in next(iter(readings.values())).files:
        for name, reading in readings.items():
            pages = reading.files[file]
            text, tables = "\n".join(text for text, _ in pages), sum(len(tables) for _, tables in pages)
            values = f"{character_errors(paragraphs, text):17.3%} {word_f1(paragraphs, text):8.3f}"
            order = paragraph_order(paragraphs, text)
            print(f"  {name:30s} {file.removesuffix('.pdf'):>14s} {values} {order:16.3f} {tables:13}")
    print()


def character_errors(paragraphs: list[str], read: str) -> float:
    wanted = normalise("".join(paragraphs))
    return Levenshtein.distance(wanted, normalise(read)) / len(wanted)


def word_f1(paragraphs: list[str], read: str) -> float:
    """Return the F1 of the words between whitespace, in any order: a wrong join or break costs words."""
    wanted, found = Counter(" ".join(paragraphs).split()), Counter(read.split())
    return 2 * (wanted & found).total() / (wanted.total() + found.total())


def paragraph_order(paragraphs: list[str], read: str) -> float:
    """Return the share of paragraphs that stand in a longest series of their order, each found by how it begins."""
    text = normalise(read)
    ends: list[int] = []
    for paragraph in paragraphs:
        place = text.find(normalise(paragraph)[:20])
        if place >= 0:
            index = bisect_left(ends, place)
            ends[index : index + 1] = [place]
    return len(ends) / len(paragraphs)


def report_speed(read: dict[str, Readings]) -> None:
    names = list(next(iter(read.values())))
    for title, seconds in (("pages a second", "seconds"), ("pages a second of CPU", "cpu_seconds")):
        print(f"{title:24s}{'pages':>8s} " + " ".join(f"{name:>14s}" for name in names))
        for part, readings in read.items():
            speeds = [readings[name].page_count / getattr(readings[name], seconds) for name in names]
            count = readings["pdfplumber"].page_count
            print(f"  {part:22s}{count:8} " + " ".join(f"{speed:14.1f}" for speed in speeds))
    print()


def pages_to_see(pdfs: Path) -> list[tuple[Path, int]]:
    """Choose pages of all files that open without a password, as evenly as the files allow."""
    random, counts = Random(0), {}
    for path in sorted(pdfs.glob("*.pdf")):
        try:
            with pypdfium2.PdfDocument(path) as pdf:
                counts[path] = random.sample(range(1, len(pdf) + 1), len(pdf))
        except pypdfium2.PdfiumError:
            continue
    turns = [(path, pages[turn]) for turn in range(PAGES_TO_SEE) for path, pages in counts.items() if turn < len(pages)]
    return sorted(turns[:PAGES_TO_SEE])


def draw_pages(target: Path, pdfs: Path, params: Extract) -> None:
    """Write a picture of each page to see, and beside it the text and the tables that pagetune reads."""
    from pagetune.extract.pages import read_documents

    target.mkdir(parents=True, exist_ok=True)
    read = {(page.doc_id, page.page_number): page for page in read_documents(pdfs, params) if isinstance(page, Page)}
    for path, number in pages_to_see(pdfs):
        with pypdfium2.PdfDocument(path) as pdf:
            pdf[number - 1].render(scale=2).to_pil().save(target / f"{path.stem} {number}.png")
        page = read[path.stem, number]
        tables = [f"\n[{table.caption}]\n" + "\n".join(" | ".join(row) for row in table.rows) for table in page.tables]
        written = f"{page.status} {page.reason or ''}\n{page.text}\n" + "\n".join(tables)
        (target / f"{path.stem} {number}.txt").write_text(re.sub(r"\n{3,}", "\n\n", written), encoding="utf-8")


if __name__ == "__main__":
    main()
