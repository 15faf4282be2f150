"""Measure how long the first answer of the evidence gate takes, with the index of the stage search and without.

    python -m benchmarks.search_index PAGES_JSONL ... > benchmarks/search_index.txt

Each file is what the stage extract made of a folder. Every measurement is a process of its own, from reading the pages
to the first verdict, Kiwi included; seconds are of CPU time, which other load on the machine hardly changes. Below
`ENOUGH` pages the same pages are added under another name with the words of each line in reverse order, so that none of
their lines is known.
"""

import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from pagetune.jsonl import read_records, write_records
from pagetune.records import Page
from pagetune.search.index import Index
from pagetune.search.passages import passages
from pagetune.search.support import Evidence

ENOUGH, ROUNDS = 500, 2
QUESTION, ANSWER = "시정명령을 따르지 않으면 과태료를 얼마나 내나요?", "2천만원 이하"


def main() -> None:
    pages = [page for name in sys.argv[1:] for page in read_records(Path(name), Page) if page.status == "ok"]
    read = len(pages)
    pages += [_reversed(page) for page in pages] if read < ENOUGH else []
    print(f"{len(pages)} pages ({read} read from documents)")
    with TemporaryDirectory() as folder:
        file, saved = Path(folder) / "pages.jsonl", Path(folder) / "index"
        write_records(file, pages)
        seconds = _in_a_process(_save, [file, saved])
        print(f"the stage: {seconds:.1f} s of CPU time to index and save, {_size(saved):.1f} MB")
        for name, index in (("without an index", None), ("with it", saved)):
            seconds = min(_in_a_process(_first_answer, [file, index]) for _ in range(ROUNDS))
            print(f"the first answer {name}: {seconds:.1f} s of CPU time (best of {ROUNDS})")


def _reversed(page: Page) -> Page:
    lines = (" ".join(reversed(line.split(" "))) for line in page.text.split("\n"))
    return page.model_copy(update={"doc_id": f"{page.doc_id}_reversed", "text": "\n".join(lines), "tables": []})


def _in_a_process(measure: Callable[..., float], arguments: Iterable[Path | None]) -> float:
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def _save(file: Path, saved: Path) -> float:
    started = time.process_time()
    Index(passages(read_records(file, Page))).save(saved)
    return time.process_time() - started


def _first_answer(file: Path, saved: Path | None) -> float:
    started = time.process_time()
    Evidence(read_records(file, Page), saved).support(QUESTION, ANSWER)
    return time.process_time() - started


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


if __name__ == "__main__":
    main()
