"""Clean the pairs, split them so that nothing leaks, and paraphrase them: data/qa.jsonl -> data/splits/."""

import gc
from pathlib import Path

from pagetune.curate.dataset_card import render_card
from pagetune.curate.dialogue_splits import dialogue_texts, split_dialogues
from pagetune.curate.filters import filter_pairs
from pagetune.curate.personal_data import without_personal_data
from pagetune.curate.splits import Splits, WordingsOf, make_splits
from pagetune.curate.wordings import model_wordings, pattern_wordings
from pagetune.errors import UserError, run_stage
from pagetune.jsonl import read_records, write_json, write_records, write_text
from pagetune.ledger import Ledger
from pagetune.params import Params, load_params
from pagetune.records import Pair, Rejected
from pagetune.text.claims import normal_form

PAIRS, SPLITS, METRICS = Path("data/qa.jsonl"), Path("data/splits"), Path("metrics/curate.json")


def main() -> None:
    gc.disable()  # looking for cycles among this many records takes a sixth of the time, and they have none
    params = load_params()
    pairs = read_records(PAIRS, Pair)
    splits, ledger, personal_data = curate(pairs, params)
    metrics = count(splits) | ledger.metrics() | {"personal_data": personal_data}
    for name, rows in splits.rows.items():
        write_records(SPLITS / f"{name}.jsonl", rows)
    write_records(SPLITS / "rejected.jsonl", ledger.rejected)
    heldout = [{"doc_id": doc_id, "part": part or None, "why": why} for (doc_id, part), why in splits.heldout.items()]
    write_json(SPLITS / "documents.json", {"heldout": heldout})
    texts = dialogue_texts if params.task == "summarization" else own_text
    write_json(SPLITS / "own_text.json", texts(splits.rows["train"]))
    write_text(SPLITS / "README.md", render_card(splits, params, metrics))
    write_json(METRICS, metrics)
    print(f"curate: {len(pairs)} pairs -> rows {metrics['rows']}, rejected {metrics['rejected']}")
    print(f"curate: heldout {', '.join(sorted({doc_id for doc_id, _ in splits.heldout}))}")
    for question in [] if params.task == "summarization" else unasked(params.curate.recall_questions, splits):
        print(f"curate: no fact answers {question!r} of curate.recall_questions")


def curate(pairs: list[Pair], params: Params) -> tuple[Splits, Ledger, dict[str, int]]:
    ledger = Ledger()
    harmless, rejected, found = without_personal_data(pairs, params.curate.personal_data)
    ledger.add("personal_data", len(pairs), len(harmless), rejected)
    clean, rejected = filter_pairs(harmless, params.curate)
    ledger.add("filters", len(harmless), len(clean), rejected)
    if not clean:
        raise UserError(
            f"{PAIRS}: none of {len(pairs)} pairs is left: {ledger.metrics()['rejected']}. See curate.filters."
        )
    splits = split(clean, params, ledger)
    return splits, ledger, dict(sorted(found.items()))


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


def unasked(questions: list[str], splits: Splits) -> list[str]:
    asked = {normal_form(row.instruction) for row in splits.rows["recall"]}
    return [question for question in questions if normal_form(question) not in asked]


def own_text(train: list[Pair]) -> list[str]:
    """Return the text that the built-in model reads of a user's own rows: one wording of each trained fact."""
    own = {row.parent_id or row.pair_id: f"{row.instruction}\n{row.output}" for row in train if row.kind == "user"}
    return list(own.values())


def count(splits: Splits) -> dict[str, object]:
    """Count the `rows` of each split, and the `facts` that they are wordings of."""
    return {
        "rows": {name: len(rows) for name, rows in splits.rows.items()},
        "facts": {name: len({row.parent_id or row.pair_id for row in rows}) for name, rows in splits.rows.items()},
    }


if __name__ == "__main__":
    run_stage("curate", main)
