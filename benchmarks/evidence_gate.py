"""Count what the evidence gate of ask, chat and serve keeps and refuses: python -m benchmarks.evidence_gate

It needs a finished `dvc repro` of the samples. Answers of the tuned model are right where they are the reference letter
by letter, spaces and punctuation aside, and wrong else. To the questions of data/questions, which no template wrote,
the gate is given their references (right), those of two other questions about the same document (wrong), and for
questions that the documents do not answer three such references (wrong): harder than what a model invents, because
every one of these answers stands on some page.

    python -m benchmarks.evidence_gate PAGES_JSONL

asks benchmarks/evidence_questions.jsonl instead: 30 right and 30 wrong answers, written before the gate's rules for
long answers, about ten public documents that no other test of the gate uses; and evidence_questions_later.jsonl, 36
right and 38 wrong ones about five more, written before its rules for comparisons and for answers that a surer passage
contradicts. Their pages are what the stage extract makes of their PDFs; each set is asked of its own documents.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
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
REFERENCES = {
    "other documents": Path(__file__).with_name("evidence_questions.jsonl"),
    "later documents": Path(__file__).with_name("evidence_questions_later.jsonl"),
}
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


def of_other_documents(name: str) -> tuple[set[str], list[Case]]:
    """Return the documents of a reference set, and its cases."""
    rows = [json.loads(line) for line in REFERENCES[name].read_text(encoding="utf-8").splitlines()]
    return {row["doc_id"] for row in rows}, [(name, row["question"], row["answer"], row["right"]) for row in rows]


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (QUESTIONS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _others(row: dict[str, Any], rows: list[dict[str, Any]], count: int, random: Random) -> list[str]:
    """Return references of other questions about the same document that are not references of this one."""
    own = set(row["references"])
    others = [other for other in rows if other["doc_id"] == row["doc_id"] and not own & set(other["references"])]
    return [other["references"][0] for other in random.sample(others, count)]


def main() -> None:
    pages = read_records(Path(sys.argv[1]) if sys.argv[1:] else PAGES, Page)
    print(f"{'set':26}{'right answers kept':>22}{'wrong answers refused':>24}{'of these contradicted':>24}")
    if not sys.argv[1:]:
        judge(pages, chain(of_the_model(), by_hand()))
        return
    for name in REFERENCES:
        documents, cases = of_other_documents(name)
        judge([page for page in pages if page.doc_id in documents], cases)


def judge(pages: list[Page], cases: Iterable[Case]) -> None:
    """Print what the gate over these pages keeps and refuses, set by set."""
    started = time.process_time()
    evidence = Evidence(pages)
    indexed = time.process_time()
    seen: Counter[tuple[str, bool, str]] = Counter()
    for name, question, answer, is_right in cases:
        seen[name, is_right, evidence.support(question, answer).verdict] += 1
    each = 1000 * (time.process_time() - indexed) / seen.total()
    for name in dict.fromkeys(name for name, _, _ in seen):
        right, wrong = (_count(seen, name, one) for one in (True, False))
        kept, passed = seen[name, True, "supported"], seen[name, False, "supported"]
        told = seen[name, False, "contradicted"]
        print(f"{name:26}{_share(kept, right):>22}{_share(wrong - passed, wrong):>24}{told:>24}")
    print(f"{indexed - started:.1f} s of a CPU to read and index the pages, {each:.0f} ms an answer")


def _count(seen: Counter[tuple[str, bool, str]], name: str, is_right: bool) -> int:
    return sum(count for (own, right, _), count in seen.items() if (own, right) == (name, is_right))


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "-"


if __name__ == "__main__":
    main()
