"""Write what both models are asked, and training rows with passages: data/{prompts,search} -> data/asked/*.jsonl."""

from collections import Counter
from pathlib import Path
from typing import Any

from pagetune.errors import UserError, run_stage
from pagetune.jsonl import read_as, read_json, read_records, write_records
from pagetune.language import tr
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import read_manifest
from pagetune.model.open_book import OpenBook
from pagetune.model.template import TemplateRecord, read_template
from pagetune.params import Params, load_params
from pagetune.predict.closed import SPLITS, read_closed
from pagetune.records import AskedExample, Example, Found, HeldoutUnits, Page, Pair, Question
from pagetune.train.asked import OPEN_ROWS

PAGES = Path("data/pages.jsonl")
PROMPTS, PAIRS, SEARCH = Path("data/prompts"), Path("data/splits"), Path("data/search")
ASKED = Path("data/asked")
WRITTEN = "questions"
NAMES = (*SPLITS, WRITTEN)


def main() -> None:
    params = load_params()
    book, closed = params.predict.book, read_closed(PROMPTS)
    write_records(ASKED / "closed.jsonl", [] if book == "open" else closed)
    write_records(ASKED / "open.jsonl", [] if book == "closed" else open_rows(closed, params))
    print(tr("open_book: predict.book: {book}, {count} questions", book=book, count=len(closed)))
    write_records(OPEN_ROWS, trained_rows(params) if params.curate.open_book_fraction else [])


def read_asked() -> dict[str, Pair]:
    """Return the questions as they were before they became prompts, by their id."""
    kinds: dict[str, type[Pair]] = {name: Question if name == WRITTEN else Pair for name in NAMES}
    return {row.pair_id: row for name, kind in kinds.items() for row in read_records(PAIRS / f"{name}.jsonl", kind)}


def open_rows(closed: list[AskedExample], params: Params) -> list[AskedExample]:
    """Return the same questions with the passages that were found for them, and say how many have fewer.

    A general question gets none: no page is about it, and it asks what the model still knows.
    """
    check_book(params, f"predict.book: {params.predict.book}", "predict.book: closed")
    found = {row.pair_id: row.passages for name in NAMES for row in read_records(SEARCH / f"{name}.jsonl", Found)}
    pairs = read_asked()
    open_book, _, _ = read_book(params)
    rows, reasons = [], Counter[str]()
    for row in closed:
        pair, passages = pairs[row.pair_id], found[row.pair_id][: params.predict.passages]
        prompt = open_book.ask(pair.instruction, [] if row.general else passages, pair.turns)
        rows.append(row.model_copy(update={"open_prompt": prompt.text, "passages": prompt.passages}))
        if prompt.passages < params.predict.passages:
            general = tr("they are not about the documents") if row.general else ""
            reasons[general or prompt.lacking or tr("the search found no more")] += 1
    fewer = "".join(
        tr("; {count} have fewer, because {reason}", count=count, reason=reason)
        for reason, count in sorted(reasons.items())
    )
    print(tr("open_book: {passages} passages for each question{fewer}", passages=params.predict.passages, fewer=fewer))
    return rows


def trained_rows(params: Params) -> list[Example]:
    """Return the training rows that are asked with passages, and say how many they are and why others are not.

    The passages are those of the pages that are not held out.
    """
    from pagetune.search.encoder import find_encoder
    from pagetune.search.passages import passages
    from pagetune.search.ranking import Search
    from pagetune.train.raft import Maker, describe

    wanted = f"curate.open_book_fraction: {params.curate.open_book_fraction:g}"
    check_book(params, wanted, "curate.open_book_fraction: 0")
    heldout = read_as(PAIRS / "documents.json", HeldoutUnits)
    found = passages(page for page in read_records(PAGES, Page) if not heldout.have(page))
    if not found:
        raise UserError(
            "params.yaml: {wanted}, but all readable pages are held out. Set curate.open_book_fraction: 0.",
            wanted=wanted,
        )
    maker = Maker(*read_book(params), params)
    pairs = {pair.pair_id: pair for pair in read_records(PAIRS / "train.jsonl", Pair)}
    rows = read_records(PROMPTS / "train.jsonl", Example)
    made = maker.make(rows, pairs, Search(found, find_encoder(params.search)))
    for line in describe(made, params):
        print(f"open_book: {line}")
    return made.rows


def read_book(params: Params) -> tuple[OpenBook, TemplateRecord, Any]:
    """Return how the base is asked with passages, its template and its tokenizer."""
    manifest, template = read_manifest(), read_template()
    tokenizer = load_tokenizer(manifest, template)
    return OpenBook(params, manifest, template, tokenizer), template, tokenizer


def check_book(params: Params, setting: str, off: str) -> None:
    """Raise UserError where there is nothing to search, or the search keeps fewer passages than are wanted."""
    wanted, kept = params.predict.passages, params.search.passages
    if params.task == "summarization":
        raise UserError(
            "params.yaml: {setting}, but task: summarization asks no questions. Set {off}.", setting=setting, off=off
        )
    if wanted > kept:
        raise UserError(
            "params.yaml: predict.passages: {wanted}, but the search keeps {kept} passages for each "
            "question. Set search.passages: {wanted}, or predict.passages: {kept}.",
            wanted=wanted,
            kept=kept,
        )
    if not read_json(SEARCH / "index.json")["passages"]:
        raise UserError(
            "params.yaml: {setting}, but no document has a readable page to search. Set {off}.",
            setting=setting,
            off=off,
        )


if __name__ == "__main__":
    run_stage("open_book", main)
