"""Count what the evidence gate of ask, chat and serve keeps and refuses: python -m benchmarks.evidence_gate

It needs a finished `dvc repro` of the samples. Answers of the tuned model are right where they are the reference letter
by letter, spaces and punctuation aside, and wrong else. To the questions of data/questions, which no template wrote,
the gate is given their references (right), those of two other questions about the same document (wrong), and for
questions that the documents do not answer three such references (wrong): harder than what a model invents, because
every one of these answers stands on some page.

    python -m benchmarks.evidence_gate PAGES_JSONL

asks benchmarks/evidence_questions.jsonl instead: 30 right and 30 wrong answers, written before the gate's rules for
long answers, about ten public documents that no other test of the gate uses; their pages are what the stage extract
makes of their PDFs.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from pagetune.jsonl import read_records
from pagetune.records import Page, Prediction
from pagetune.search.support import Evidence
from pagetune.text.claims import normal_form

QUESTIONS, PREDICTIONS, PAGES = (
    Path("data/questions"),
    Path("data/predictions/tuned.jsonl"),
    Path("data/pages.jsonl"),
)
REFERENCE = Path(__file__).with_name("evidence_questions.jsonl")
SEED = 3

#: The set, the question, the answer, and whether that is right.
Case = tuple[str, str, str, bool]


def of_the_model() -> Iterator[Case]:
    for row in (row for row in read_records(PREDICTIONS, Prediction) if row.kind != "question" and row.prediction):
        question = row.prompt.removeprefix("Q: ").removesuffix("\nA:")
        reference = normal_form(row.completion.removesuffix(row.eos_token))
        name = row.split if row.wording_seen or not reference else f"{row.split}_new_wording"
        yield name, question, row.prediction, bool(reference) and reference == normal_form(row.prediction)


def by_hand() -> Iterator[Case]:
    random = Random(SEED)
    sets = {name: _rows(name) for name in ("recall_spoken", "gold")}
    for name, rows in sets.items():
        for row in rows:
            yield name, row["question"], row["references"][0], True
            yield from ((name, row["question"], answer, False) for answer in _others(row, rows, 2, random))
    answers = [*sets["gold"], *sets["recall_spoken"]]
    for row in _rows("unanswerable"):
        yield from (("unanswerable", row["question"], answer, False) for answer in _others(row, answers, 3, random))


def of_other_documents() -> Iterator[Case]:
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield "other documents", row["question"], row["answer"], row["right"]


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (QUESTIONS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _others(row: dict[str, Any], rows: list[dict[str, Any]], count: int, random: Random) -> list[str]:
    """Return references of other questions about the same document that are not references of this one."""
    own = set(row["references"])
    others = [other for other in rows if other["doc_id"] == row["doc_id"] and not own & set(other["references"])]
    return [other["references"][0] for other in random.sample(others, count)]


def main() -> None:
    started = time.monotonic()
    pages, cases = (
        (Path(sys.argv[1]), of_other_documents()) if sys.argv[1:] else (PAGES, chain(of_the_model(), by_hand()))
    )
    evidence = Evidence(read_records(pages, Page))
    indexed = time.monotonic()
    seen: Counter[tuple[str, bool, str]] = Counter()
    for name, question, answer, right in cases:
        seen[name, right, evidence.support(question, answer).verdict] += 1
    each = 1000 * (time.monotonic() - indexed) / seen.total()
    print(f"{indexed - started:.1f} s to read and index the pages, {each:.0f} ms an answer")
    print(f"{'set':26}{'right answers kept':>22}{'wrong answers refused':>24}{'of these contradicted':>24}")
    for name in dict.fromkeys(name for name, _, _ in seen):
        right, wrong = (_count(seen, name, is_right) for is_right in (True, False))
        kept, passed = seen[name, True, "supported"], seen[name, False, "supported"]
        told = seen[name, False, "contradicted"]
        print(f"{name:26}{_share(kept, right):>22}{_share(wrong - passed, wrong):>24}{told:>24}")


def _count(seen: Counter[tuple[str, bool, str]], name: str, is_right: bool) -> int:
    return sum(count for (own, right, _), count in seen.items() if (own, right) == (name, is_right))


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "-"


if __name__ == "__main__":
    main()
