"""Write what both models are asked, with and without passages: data/prompts, data/search -> data/asked/*.jsonl."""

from collections import Counter
from pathlib import Path

from pagetune.errors import UserError, run_stage
from pagetune.jsonl import read_json, read_records, write_records
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import read_manifest
from pagetune.model.open_book import OpenBook
from pagetune.model.template import read_template
from pagetune.params import Params, load_params
from pagetune.predict.closed import SPLITS, read_closed
from pagetune.records import AskedExample, Found, Pair, Question

PROMPTS, PAIRS, SEARCH = Path("data/prompts"), Path("data/splits"), Path("data/search")
ASKED = Path("data/asked")
WRITTEN = "questions"
NAMES = (*SPLITS, WRITTEN)


def main() -> None:
    params = load_params()
    book, closed = params.predict.book, read_closed(PROMPTS)
    write_records(ASKED / "closed.jsonl", [] if book == "open" else closed)
    write_records(ASKED / "open.jsonl", [] if book == "closed" else open_rows(closed, params))
    print(f"open_book: predict.book: {book}, {len(closed)} questions")


def read_asked() -> dict[str, Pair]:
    """Return the questions as they were before they became prompts, by their id."""
    kinds: dict[str, type[Pair]] = {name: Question if name == WRITTEN else Pair for name in NAMES}
    return {row.pair_id: row for name, kind in kinds.items() for row in read_records(PAIRS / f"{name}.jsonl", kind)}


def open_rows(closed: list[AskedExample], params: Params) -> list[AskedExample]:
    """Return the same questions with the passages that were found for them, and say how many have fewer.

    A general question gets none: no page is about it, and it asks what the model still knows.
    """
    check_book(params)
    found = {row.pair_id: row.passages for name in NAMES for row in read_records(SEARCH / f"{name}.jsonl", Found)}
    pairs = read_asked()
    manifest, template = read_manifest(), read_template()
    open_book = OpenBook(params, manifest, template, load_tokenizer(manifest, template))
    rows, reasons = [], Counter[str]()
    for row in closed:
        pair, passages = pairs[row.pair_id], found[row.pair_id][: params.predict.passages]
        prompt = open_book.ask(pair.instruction, [] if row.general else passages, pair.turns)
        rows.append(row.model_copy(update={"open_prompt": prompt.text, "passages": prompt.passages}))
        if prompt.passages < params.predict.passages:
            general = "they are not about the documents" if row.general else ""
            reasons[general or prompt.lacking or "the search found no more"] += 1
    fewer = "".join(f"; {count} have fewer, because {reason}" for reason, count in sorted(reasons.items()))
    print(f"open_book: {params.predict.passages} passages for each question{fewer}")
    return rows


def check_book(params: Params) -> None:
    """Raise UserError where there is nothing to search, or the search keeps fewer passages than are wanted."""
    wanted, kept = params.predict.passages, params.search.passages
    book = f"params.yaml: predict.book: {params.predict.book}"
    if params.task == "summarization":
        raise UserError(f"{book}, but task: summarization asks no questions. Set predict.book: closed.")
    if wanted > kept:
        raise UserError(
            f"params.yaml: predict.passages: {wanted}, but the search keeps {kept} passages for each question. "
            f"Set search.passages: {wanted}, or predict.passages: {kept}."
        )
    if not read_json(SEARCH / "index.json")["passages"]:
        raise UserError(f"{book}, but no document has a readable page to search. Set predict.book: closed.")


if __name__ == "__main__":
    run_stage("open_book", main)
