"""Split pairs so that nothing leaks, and paraphrase: data/qa.jsonl -> data/splits/."""

from collections import Counter
from pathlib import Path

from pagetune.curate.duplicates import normal_form
from pagetune.curate.splits import Splits, make_splits
from pagetune.errors import run_stage
from pagetune.jsonl import read_records, write_json, write_records
from pagetune.params import load_params
from pagetune.records import Pair

PAIRS, SPLITS, METRICS = Path("data/qa.jsonl"), Path("data/splits"), Path("metrics/curate.json")


def main() -> None:
    params = load_params()
    pairs = read_records(PAIRS, Pair)
    splits = make_splits(pairs, params.curate, params.seed)
    for name, rows in splits.rows.items():
        write_records(SPLITS / f"{name}.jsonl", rows)
    write_records(SPLITS / "rejected.jsonl", splits.rejected)
    heldout = [{"doc_id": doc_id, "part": part or None, "why": why} for (doc_id, part), why in splits.heldout.items()]
    write_json(SPLITS / "documents.json", {"heldout": heldout})
    metrics = count(splits)
    write_json(METRICS, metrics)
    print(f"curate: {len(pairs)} pairs -> rows {metrics['rows']}, rejected {metrics['rejected']}")
    print(f"curate: heldout {', '.join(sorted({doc_id for doc_id, _ in splits.heldout})) or 'nothing'}")
    for question in unasked(params.curate.recall_questions, splits):
        print(f"curate: no fact answers {question!r} of curate.recall_questions")
    if not heldout:
        print("curate: no document is heldout; name one in curate.heldout_documents to see what tuning does to others")


def unasked(questions: list[str], splits: Splits) -> list[str]:
    asked = {normal_form(row.instruction) for row in splits.rows["recall"]}
    return [question for question in questions if normal_form(question) not in asked]


def count(splits: Splits) -> dict[str, dict[str, int]]:
    """`facts` are pairs before paraphrasing, `rows` their wordings."""
    return {
        "rows": {name: len(rows) for name, rows in splits.rows.items()},
        "facts": {name: len({row.parent_id or row.pair_id for row in rows}) for name, rows in splits.rows.items()},
        "rejected": dict(sorted(Counter(row.reason for row in splits.rejected).items())),
    }


if __name__ == "__main__":
    run_stage("curate", main)
