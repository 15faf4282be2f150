"""Build question-answer pairs: data/pages.jsonl and the user's data/raw/*.jsonl -> data/qa.jsonl."""

from collections import Counter
from pathlib import Path

from pagetune.build_qa.rules import build_pairs
from pagetune.build_qa.user_rows import read_user_pairs
from pagetune.errors import UserError, run_stage
from pagetune.jsonl import read_records, write_json, write_records
from pagetune.params import load_params
from pagetune.records import Page

RAW, PAGES = Path("data/raw"), Path("data/pages.jsonl")
PAIRS, REJECTED, METRICS = Path("data/qa.jsonl"), Path("data/qa_rejected.jsonl"), Path("metrics/build_qa.json")


def main() -> None:
    params = load_params().qa
    pages = read_records(PAGES, Page)
    pairs, rejected = build_pairs(pages, params)
    pairs += read_user_pairs(RAW)
    if not pairs:
        raise UserError(
            f"{PAGES}: no rule found a pair on {len(pages)} pages. Add documents with questions and answers, "
            "articles, tables or sentences of the form `X의 Y는 Z입니다`, or your own JSONL in data/raw."
        )
    kinds = Counter(pair.kind for pair in pairs)
    reasons = Counter(row.reason for row in rejected)
    write_records(PAIRS, pairs)
    write_records(REJECTED, rejected)
    write_json(
        METRICS, {"pairs": len(pairs), "kinds": dict(sorted(kinds.items())), "rejected": dict(sorted(reasons.items()))}
    )
    print(f"build_qa: {len(pairs)} pairs ({dict(kinds)}), {len(rejected)} rejected ({dict(reasons)})")


if __name__ == "__main__":
    run_stage("build_qa", main)
