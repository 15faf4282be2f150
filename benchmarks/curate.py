"""Time and memory of the curation: python -m benchmarks.curate [PAIRS …]

Each size runs in a process of its own, on made-up pairs. A third follow a pattern with two short fields that change,
which makes near-duplicate search quadratic; two thirds are free text. 5% are exact duplicates, 5% ask the same in
nearly the same words, and 1% contradict another. The time measured is that of `curate` in stages/curate.py, from the
list of pairs to the splits. Reading the file before and writing the splits after are timed apart.
"""

import gc
import resource
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from pagetune.jsonl import read_records, write_records
from pagetune.params import load_params
from pagetune.records import Pair

SIZES = (10_000, 100_000, 1_000_000)
SYLLABLES = [chr(0xAC00 + number * 37 % 11_172) for number in range(300)]
KEYS = (
    "수강료는 얼마인가요?",
    "주소는 어디인가요?",
    "정원은 몇 명인가요?",
    "시작일은 언제인가요?",
    "담당자는 누구인가요?",
)


def make_pairs(count: int) -> list[Pair]:
    random = Random(0)
    pairs: list[Pair] = []
    for number in range(count):
        kind = random.random()
        if kind < 0.1 and pairs:
            question, answer = _repeat(random, random.choice(pairs))
        elif kind < 0.11 and pairs:
            question, answer = random.choice(pairs).instruction, f"{_words(random, 3)}입니다."
        elif kind < 0.4:
            question, answer = f"{_word(random, 4)} 과정의 {random.choice(KEYS)}", f"{random.randrange(10_000):,}원"
        else:
            question, answer = f"{_words(random, 6)} 무엇인가요?", f"{_words(random, random.randint(5, 20))}입니다."
        pairs.append(_numbered_pair(f"문서{number // 200}", number, question, answer))
    return pairs


def _repeat(random: Random, earlier: Pair) -> tuple[str, str]:
    """Return the same question, unchanged or with another ending, and its answer."""
    question = earlier.instruction
    return question if random.random() < 0.5 else question.replace("인가요?", "인지요?"), earlier.output


def _word(random: Random, length: int) -> str:
    return "".join(random.choices(SYLLABLES, k=length))


def _words(random: Random, count: int) -> str:
    return " ".join(_word(random, random.randint(2, 5)) for _ in range(count))


def _numbered_pair(doc_id: str, number: int, question: str, answer: str) -> Pair:
    page = 1 + number % 200 // 10
    return Pair.original(f"{number:012x}", question, answer, "faq", doc_id, page_number=page, evidence=answer)


def measure(path: Path, paraphrases: int) -> None:
    """Print the seconds to read, curate and write, this process's peak memory in MiB, and the number of rows."""
    from stages.curate import curate

    params = load_params()
    changes = {"paraphrases": paraphrases, "recall_questions": []}
    params = params.model_copy(update={"curate": params.curate.model_copy(update=changes)})
    gc.disable()  # as the stage does
    start = time.perf_counter()
    pairs = read_records(path, Pair)
    read = time.perf_counter()
    splits, ledger, _, _ = curate(pairs, params)
    curated = time.perf_counter()
    for name, rows in splits.rows.items():
        write_records(path.parent / f"{name}.jsonl", rows)
    written = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows_out = sum(map(len, splits.rows.values()))
    seconds = f"read {read - start:.1f} s, curated {curated - read:.1f} s, written {written - curated:.1f} s"
    print(f"{len(pairs):,} pairs, {paraphrases} paraphrases: {seconds}, {peak:.0f} MiB", flush=True)
    print(f"    {rows_out:,} rows, rejected {ledger.metrics()['rejected']}", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        measure(Path(sys.argv[2]), int(sys.argv[3]))
        return
    for count in map(int, sys.argv[1:]) if sys.argv[1:] else SIZES:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "qa.jsonl"
            write_records(path, make_pairs(count))
            for paraphrases in (0, load_params().curate.paraphrases):
                command = [sys.executable, "-m", "benchmarks.curate", "--one", str(path), str(paraphrases)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
