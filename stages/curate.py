"""Apply the reviewers' decisions, clean the pairs, split them so that nothing leaks, and paraphrase them.

data/qa.jsonl, data/review.jsonl, data/questions/ -> data/splits/
"""

import gc
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.rows import make_silent, silent_counts
from pagetune.curate.console import nothing_left, split_lines
from pagetune.curate.dataset_card import render_card
from pagetune.curate.decisions import read_decisions
from pagetune.curate.dialogue_splits import dialogue_texts, split_dialogues
from pagetune.curate.filters import filter_pairs
from pagetune.curate.grade import grade_pairs
from pagetune.curate.losses import loss_lines
from pagetune.curate.personal_data import without_personal_data
from pagetune.curate.questions import Asked, in_order, leave_out_asked, question_lines, read_questions
from pagetune.curate.review import Reviewed, apply_decisions, review_lines
from pagetune.curate.rows import Row, Silent, Splits, count_facts
from pagetune.curate.splits import WordingsOf, make_splits
from pagetune.curate.wordings import model_wordings, template_wordings
from pagetune.errors import UserError, run_stage
from pagetune.jsonl import read_records, write_json, write_json_list, write_records, write_text
from pagetune.language import tr
from pagetune.ledger import Ledger
from pagetune.params import Params, load_params
from pagetune.records import Page, Pair, Question, Rejected

PAIRS, PAGES, SPLITS = Path("data/qa.jsonl"), Path("data/pages.jsonl"), Path("data/splits")
METRICS = Path("metrics/curate.json")


def main() -> None:
    gc.disable()  # looking for cycles among this many records takes a sixth of the time, and they have none
    params = load_params()
    pairs = read_records(PAIRS, Pair)
    pages = read_records(PAGES, Page) if PAGES.exists() else []
    reviewed = apply_decisions(pairs, read_decisions(), pages)
    asked = read_questions(pages, pairs) if params.task == "qa" else Asked()
    for line in review_lines(reviewed):
        print(f"curate: {line}", flush=True)
    splits, ledger, personal_data, grades = curate(pairs, params, reviewed, asked.questions, pages)
    metrics = count(splits) | ledger.metrics() | {"personal_data": personal_data, "review": reviewed.metrics()}
    metrics["questions"] = asked.metrics()
    for name, rows in splits.rows.items():
        write_records(SPLITS / f"{name}.jsonl", (row.record() for row in rows))
    write_records(SPLITS / "questions.jsonl", [*in_order(asked.questions, splits), *splits.silent.evaluated])
    write_records(SPLITS / "rejected.jsonl", [*ledger.rejected, *asked.rejected])
    heldout = [{"doc_id": doc_id, "part": part or None, "why": why} for (doc_id, part), why in splits.heldout.items()]
    write_json(SPLITS / "documents.json", {"heldout": heldout})
    texts = dialogue_texts if params.task == "summarization" else own_text
    write_json(SPLITS / "grades.json", grades)
    write_json_list(SPLITS / "own_text.json", texts(splits.rows["train"]))
    write_text(SPLITS / "README.md", render_card(splits, params, metrics))
    write_json(METRICS, metrics)
    made = {"pairs": ledger.total, "rows": metrics["rows"], "rejected": metrics["rejected"]}
    print(tr("curate: {pairs} pairs -> rows {rows}, rejected {rejected}", **made))
    for line in loss_lines(ledger.rejected, params, ledger.total):
        print(f"curate: {line}")
    for line in (*split_lines(splits, ledger, params), *question_lines(asked, metrics)):
        print(f"curate: {line}")


def curate(
    pairs: list[Pair],
    params: Params,
    reviewed: Reviewed | None = None,
    questions: Sequence[Question] = (),
    pages: Sequence[Page] = (),
) -> tuple[Splits, Ledger, dict[str, int], dict[str, Any]]:
    """Return the splits, the ledger, how many pairs had personal data of each kind, and what the grades show.

    `reviewed` are the pairs after the reviewers' decisions; without decisions the ledger has no step for them. No row
    is trained on that asks in the words of one of the `questions`.
    """
    ledger, approved = Ledger(), set[str]()
    if reviewed and reviewed.total:
        ledger.add("review", len(pairs), len(reviewed.pairs), reviewed.rejected)
        pairs, approved = reviewed.pairs, reviewed.approved
    taken = len(pairs)
    pairs, rejected, found = without_personal_data(pairs, params.curate.personal_data)
    ledger.add("personal_data", taken, len(pairs), rejected)
    taken = len(pairs)
    pairs, rejected = filter_pairs(pairs, params.curate, params.predict.max_new_tokens, approved)
    ledger.add("filters", taken, len(pairs), rejected)
    taken = len(pairs)
    pairs, rejected, grades = grade_pairs(pairs, params.curate.min_grade, approved)
    ledger.add("grades", taken, len(pairs), rejected)
    splits = split(pairs, params, ledger, pages) if pairs else None
    if splits and questions:
        leave_out_asked(splits, questions, ledger)
    if splits is None or not splits.rows["train"]:
        raise UserError("{path}: {problem}", path=PAIRS, problem=nothing_left(ledger, splits, params))
    return splits, ledger, dict(sorted(found.items())), grades


def split(clean: list[Pair], params: Params, ledger: Ledger, pages: Sequence[Page]) -> Splits:
    if params.task == "summarization":
        return split_dialogues(clean, params.curate, params.seed, ledger)
    llm = params.llm

    def reword(trained: list[Pair]) -> tuple[WordingsOf, list[Rejected]]:
        if params.curate.paraphrase_method == "templates":
            return template_wordings(trained, params.curate), []
        made, lost, client = model_wordings(trained, params.curate, llm)
        print(f"curate: {client}")
        return lambda pair: made[pair.pair_id], lost

    each_row_alone = params.qa.columns.group is None

    def silent(trained: list[Pair]) -> Silent:
        return make_silent(trained, Documents(pages, clean), clean, params.curate, params.seed)

    return make_splits(clean, params.curate, params.seed, ledger, reword, each_row_alone, silent)


def own_text(train: list[Row]) -> Iterator[str]:
    """Yield the text that the built-in model reads of a user's own rows: one wording of each trained fact."""
    for _, wordings in groupby((row for row in train if row.kind == "user"), key=lambda row: row.fact):
        *_, last = wordings
        yield f"{last.instruction}\n{last.output}"


def count(splits: Splits) -> dict[str, object]:
    """Count the `rows` of each split, and the `facts` that they are wordings of."""
    return {
        "rows": {name: len(rows) for name, rows in splits.rows.items()},
        "facts": {name: count_facts(rows) for name, rows in splits.rows.items()},
        "abstain": silent_counts(splits),
    }


if __name__ == "__main__":
    run_stage("curate", main)
