"""Build question-answer pairs, each with its evidence: data/pages.jsonl or a user's own rows -> data/qa.jsonl.

With task: summarization, a pair is a dialogue of data/dialogues and its summaries.
"""

from collections import Counter
from pathlib import Path

from pagetune.build_qa.asking.examples import load_examples, unused_examples
from pagetune.build_qa.asking.topics import check_topics, count_topics, topic_lines
from pagetune.build_qa.coverage import page_counts, silent_documents, silent_pages
from pagetune.build_qa.dialogue_rows import read_dialogues
from pagetune.build_qa.generate import generate_pairs
from pagetune.build_qa.instructing import order_lines
from pagetune.build_qa.judge import judge_pairs
from pagetune.build_qa.own_rows.files import SUFFIXES, all_sources
from pagetune.build_qa.own_rows.pairs import read_own_rows, refuse
from pagetune.build_qa.rules import build_pairs
from pagetune.errors import UserError, run_stage
from pagetune.jsonl import read_records, write_json, write_records
from pagetune.language import retell, tr
from pagetune.ledger import Ledger
from pagetune.llm.client import Client
from pagetune.params import Llm, Params, Qa, load_params
from pagetune.records import Page, Pair

RAW, PAGES, DIALOGUES = Path("data/raw"), Path("data/pages.jsonl"), Path("data/dialogues")
PAIRS, REJECTED, METRICS = Path("data/qa.jsonl"), Path("data/qa_rejected.jsonl"), Path("metrics/build_qa.json")
SILENT = Path("data/qa_silent_pages.jsonl")


def main() -> None:
    params = load_params()
    ledger, clients = Ledger(), list[Client]()
    check_wishes(params.qa)
    pages = read_records(PAGES, Page) if params.task == "qa" and params.qa.source == "documents" else []
    pairs = read_pairs(params, pages, ledger, clients)
    silent = silent_pages(pages, pairs)
    for line in silent_documents(pages, pairs, silent):
        print(f"build_qa: {line}", flush=True)
    if not pairs:
        raise UserError(nothing_found(params, ledger))
    kinds = dict(sorted(Counter(pair.kind for pair in pairs).items()))
    write_records(PAIRS, pairs)
    write_records(REJECTED, ledger.rejected)
    write_records(SILENT, silent)
    coverage = page_counts(pages, silent)
    topics = count_topics(params.qa, pages, pairs)
    for line in topic_lines(topics, "llm" in params.qa.generator):
        print(f"build_qa: {line}")
    found = {"pairs": len(pairs), "kinds": kinds, "coverage": coverage, "topics": topics}
    write_json(METRICS, found | ledger.metrics() | {"llm": asked(clients)})
    if silent:
        print(
            tr(
                "build_qa: no pair from {silent} of {pages} pages {why}, see {path}",
                silent=len(silent),
                pages=coverage["pages"],
                why=coverage["why"],
                path=SILENT,
            )
        )
    print(
        tr(
            "build_qa: {pairs} pairs {kinds}, {count} rejected {rejected}",
            pairs=len(pairs),
            kinds=kinds,
            count=len(ledger.rejected),
            rejected=ledger.metrics()["rejected"],
        )
    )


def check_wishes(qa: Qa) -> None:
    """Check the examples and topics first: an error in them should not wait for a language model."""
    load_examples(qa)
    check_topics(qa.topics)
    if line := unused_examples(qa):
        print(f"build_qa: {line}", flush=True)


def read_pairs(params: Params, pages: list[Page], ledger: Ledger, clients: list[Client]) -> list[Pair]:
    if params.task == "summarization":
        dialogues = read_dialogues(DIALOGUES, params.summarization.columns)
        ledger.add("dialogues", len(dialogues), len(dialogues), [])
        return dialogues
    own = own_pairs(params, ledger)
    pairs = from_pages(pages, params.qa, params.llm, ledger, clients) if params.qa.source == "documents" else []
    for line in order_lines(ledger.rejected):
        print(f"build_qa: {line}", flush=True)
    for client in clients:
        print(f"build_qa: {client}")
    return pairs + own


def own_pairs(params: Params, ledger: Ledger) -> list[Pair]:
    """Read a user's own rows first: an error in them should not wait for a language model."""
    own = read_own_rows(all_sources(RAW, params.qa.dataset), params.qa.columns, params.prompt.train_on)
    for line in own.lines:
        print(f"build_qa: {line}")
    if params.qa.on_bad_row == "fail":
        refuse(own.rejected)
    ledger.add("own_rows", len(own.pairs) + len(own.rejected), len(own.pairs), own.rejected)
    return own.pairs


def from_pages(pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger, clients: list[Client]) -> list[Pair]:
    pairs: list[Pair] = []
    if "rules" in qa.generator:
        pairs, rejected = build_pairs(pages, qa.article_characters, qa.implications)
        ledger.add("rules", len(pairs) + len(rejected), len(pairs), rejected)
    if "llm" in qa.generator:
        generated, client = generate_pairs(pages, qa, llm, ledger, pairs)
        pairs += generated
        clients.append(client)
    if qa.judge == "llm":
        pairs, client = judge_pairs(pairs, pages, qa, llm, ledger)
        clients.append(client)
    return pairs


def asked(clients: list[Client]) -> dict[str, int]:
    """Count requests and tokens, those that were answered from the cache included."""
    total: Counter[str] = Counter()
    for client in clients:
        total.update(client.metrics())
    return dict(total)


def nothing_found(params: Params, ledger: Ledger) -> str:
    if params.task == "summarization":
        return tr(
            "{folder} has no rows in a *.csv or *.jsonl. Put your dialogues there, or set task: qa.", folder=DIALOGUES
        )
    if params.qa.source == "rows":
        return nothing_in(ledger)
    return tr(
        "{path}: no pair was kept (rejected: {rejected}). Add documents with questions and answers, articles, tables "
        "with captions or sentences of the form `X의 Y는 Z입니다`, put rows of your own into data/raw/*.jsonl, or have "
        "a language model write them (qa.generator: llm, llm.base_url, llm.model).",
        path=PAGES,
        rejected=ledger.metrics()["rejected"] or tr("none"),
    )


def nothing_in(ledger: Ledger) -> str:
    if rejected := ledger.rejected:
        return tr(
            "none of {count} own rows can be used; the first, {problem}. Fix them.",
            count=len(rejected),
            problem=retell(rejected[0].detail or ""),
        )
    return tr(
        "{folder} has no rows in a {endings} or a saved data set. Put your file there, name one on the Hub in "
        "qa.dataset.id, or set qa.source: documents.",
        folder=RAW,
        endings=", ".join(f"*{suffix}" for suffix in SUFFIXES),
    )


if __name__ == "__main__":
    run_stage("build_qa", main)
