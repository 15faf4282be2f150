"""Clean the pairs, split them so that nothing leaks, and paraphrase them: data/qa.jsonl -> data/splits/."""

import gc
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pagetune.curate.dataset_card import render_card
from pagetune.curate.dialogue_splits import dialogue_texts, split_dialogues
from pagetune.curate.filters import filter_pairs, is_too_long, longest_answer
from pagetune.curate.grade import grade_pairs
from pagetune.curate.personal_data import without_personal_data
from pagetune.curate.rows import Row, Splits
from pagetune.curate.splits import WordingsOf, make_splits
from pagetune.curate.wordings import model_wordings, pattern_wordings
from pagetune.errors import UserError, run_stage
from pagetune.jsonl import read_records, write_json, write_json_list, write_records, write_text
from pagetune.ledger import Ledger
from pagetune.params import Params, load_params
from pagetune.records import Pair, Rejected
from pagetune.text.claims import normal_form

PAIRS, SPLITS, METRICS = Path("data/qa.jsonl"), Path("data/splits"), Path("metrics/curate.json")


def main() -> None:
    gc.disable()  # looking for cycles among this many records takes a sixth of the time, and they have none
    params = load_params()
    splits, ledger, personal_data, grades = curate(read_records(PAIRS, Pair), params)
    metrics = count(splits) | ledger.metrics() | {"personal_data": personal_data}
    for name, rows in splits.rows.items():
        write_records(SPLITS / f"{name}.jsonl", (row.record() for row in rows))
    write_records(SPLITS / "rejected.jsonl", ledger.rejected)
    heldout = [{"doc_id": doc_id, "part": part or None, "why": why} for (doc_id, part), why in splits.heldout.items()]
    write_json(SPLITS / "documents.json", {"heldout": heldout})
    texts = dialogue_texts if params.task == "summarization" else own_text
    write_json(SPLITS / "grades.json", grades)
    write_json_list(SPLITS / "own_text.json", texts(splits.rows["train"]))
    write_text(SPLITS / "README.md", render_card(splits, params, metrics))
    write_json(METRICS, metrics)
    print(f"curate: {ledger.taken('personal_data')} pairs -> rows {metrics['rows']}, rejected {metrics['rejected']}")
    if said := too_long(ledger, params):
        print(f"curate: {said}")
    print(f"curate: heldout {', '.join(sorted({doc_id for doc_id, _ in splits.heldout}))}")
    if splits.template_rows:
        print(f"curate: {splits.template_rows} own rows follow a template and are split by what they name")
    for question in [] if params.task == "summarization" else unasked(params.curate.recall_questions, splits):
        print(f"curate: no fact answers {question!r} of curate.recall_questions")


def curate(pairs: list[Pair], params: Params) -> tuple[Splits, Ledger, dict[str, int], dict[str, Any]]:
    """Return the splits, the ledger, how many pairs had personal data of each kind, and what the grades show."""
    ledger = Ledger()
    taken = len(pairs)
    pairs, rejected, found = without_personal_data(pairs, params.curate.personal_data)
    ledger.add("personal_data", taken, len(pairs), rejected)
    taken = len(pairs)
    pairs, rejected = filter_pairs(pairs, params.curate, params.predict.max_new_tokens)
    ledger.add("filters", taken, len(pairs), rejected)
    taken = len(pairs)
    pairs, rejected, grades = grade_pairs(pairs, params.curate.min_grade)
    ledger.add("grades", taken, len(pairs), rejected)
    if not pairs:
        raise UserError(
            f"{PAIRS}: none of {ledger.taken('personal_data')} pairs is left: {ledger.metrics()['rejected']}. "
            "See curate.filters and curate.min_grade."
        )
    splits = split(pairs, params, ledger)
    return splits, ledger, dict(sorted(found.items())), grades


def split(clean: list[Pair], params: Params, ledger: Ledger) -> Splits:
    if params.task == "summarization":
        return split_dialogues(clean, params.curate, params.seed, ledger)
    llm = params.llm

    def reword(trained: list[Pair]) -> tuple[WordingsOf, list[Rejected]]:
        if params.curate.paraphrase_method == "templates":
            return lambda pair: pattern_wordings(pair, params.curate), []
        made, lost, client = model_wordings(trained, params.curate, llm)
        print(f"curate: {client}")
        return lambda pair: made[pair.pair_id], lost

    each_row_alone = params.qa.columns.group is None
    return make_splits(clean, params.curate, params.seed, ledger, reword, each_row_alone)


def too_long(ledger: Ledger, params: Params) -> str | None:
    """Say how many answers were lost because they are longer than the limit."""
    curate, tokens = params.curate, params.predict.max_new_tokens
    lost = sum(row.reason == "too_long" and is_too_long(row.output, curate, tokens) for row in ledger.rejected)
    korean, other = (str(longest_answer(curate, tokens, korean=korean)) for korean in (True, False))
    is_auto = params.curate.max_answer_characters == "auto"
    advice = "raise predict.max_new_tokens, or set a number" if is_auto else "raise it and predict.max_new_tokens"
    shown = f"auto: {korean} in Korean, {other} in others" if is_auto else korean
    answers = "1 answer is" if lost == 1 else f"{lost} answers are"
    return f"{answers} longer than curate.max_answer_characters ({shown}); {advice}" if lost else None


def unasked(questions: list[str], splits: Splits) -> list[str]:
    asked = {normal_form(row.instruction) for row in splits.rows["recall"]}
    return [question for question in questions if normal_form(question) not in asked]


def own_text(train: list[Row]) -> Iterator[str]:
    """Yield the text that the built-in model reads of a user's own rows: one wording of each trained fact."""
    for _, wordings in groupby((row for row in train if row.kind == "user"), key=lambda row: row.fact):
        *_, last = wordings
        yield f"{last.instruction}\n{last.output}"


def count(splits: Splits) -> dict[str, object]:
    """Count the `rows` of each split, and the `facts` that they are wordings of."""
    return {
        "rows": {name: len(rows) for name, rows in splits.rows.items()},
        "facts": {name: len({row.fact for row in rows}) for name, rows in splits.rows.items()},
    }


if __name__ == "__main__":
    run_stage("curate", main)
