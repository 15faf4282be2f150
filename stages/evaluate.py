"""Score base, tuned and the controls: data/predictions/*.jsonl -> metrics/eval.json and tables beside it.

What an answer adds to its reference is looked up in the pair's evidence and on its page.
"""

import csv
from pathlib import Path
from typing import Any

from pagetune.errors import run_stage
from pagetune.evaluate.agreement import add_opinions, agreement_line, judge_metrics
from pagetune.evaluate.assess import assess, cases
from pagetune.evaluate.comparable import MODELS, OPEN_MODELS
from pagetune.evaluate.comparison import comparison_table
from pagetune.evaluate.deployment import deployment
from pagetune.evaluate.evaluation import evaluate, metrics_of
from pagetune.evaluate.gate_scores import gate_metrics
from pagetune.evaluate.retrieval import find_hits, hit_rows, search_metrics
from pagetune.evaluate.sources import sources_of
from pagetune.evaluate.tables import change_rows, group_rows, per_example_rows
from pagetune.evaluate.untouched import leave_out, left_out_line
from pagetune.jsonl import atomic_write, read_json, read_records, write_json
from pagetune.language import tr
from pagetune.params import load_params
from pagetune.records import Example, Found, FoundPassage, Page, Pair, Prediction, Question, StopQuestion

PREDICTIONS, PROMPTS, METRICS = Path("data/predictions"), Path("data/prompts"), Path("metrics")
ASKED, PAGES, SEARCH = Path("data/splits"), Path("data/pages.jsonl"), Path("data/search")
SPLITS = ("validation", "recall", "heldout")
WRITTEN = "questions"


def main() -> None:
    settings = load_params()
    params, llm = settings.evaluate, settings.llm
    models = (*MODELS, *OPEN_MODELS)
    predictions = {model: read_records(PREDICTIONS / f"{model}.jsonl", Prediction) for model in models}
    stopping = read_records(PROMPTS / "stopping.jsonl", StopQuestion)
    predictions, left_out = leave_out(predictions, stopping, settings.train.stop_on)
    train = read_records(PROMPTS / "train.jsonl", Example)
    template = read_json(PROMPTS / "template.json")["template"]
    pages = read_records(PAGES, Page)
    sources = sources_of(read_asked(), pages)
    evaluation = evaluate(predictions, train, template, params, settings.task, sources)
    hits = find_hits(evaluation, template, read_found(), sources)
    metrics = metrics_of(evaluation) | search_metrics(evaluation, hits) | deployment(evaluation, hits)
    if settings.task == "qa":
        metrics["gate"] = gate_metrics(evaluation, template, pages)
    if left_out:
        metrics["left_out"] = left_out
        print(f"evaluate: {left_out_line(left_out)}")
    examples = [*per_example_rows(evaluation), *hit_rows(evaluation, hits)]
    if params.judge == "llm":
        opinions, client = assess(evaluation.compared, cases(evaluation.asked, template, sources), llm)
        named = {"model": llm.model, "llm": client.metrics()}
        metrics["judge"] = named | judge_metrics(evaluation, opinions)
        examples = add_opinions(examples, opinions)
        print(f"evaluate: {client}\nevaluate: {agreement_line(metrics['judge'])}")
    write_json(METRICS / "eval.json", metrics)
    write_table(METRICS / "per_example.csv", examples)
    write_table(METRICS / "groups.csv", group_rows(evaluation))
    for name in evaluation.sets:
        write_table(METRICS / "changes" / f"{name}.csv", change_rows(evaluation, name))
    scored = {"count": len(evaluation.asked), "name": metrics["tokenizer"]["name"]}
    print(tr("evaluate: {count} questions scored by {name}", **scored))
    print(comparison_table(metrics))


def read_asked() -> list[Pair]:
    """Return the pairs that were asked about, as reviewers left them."""
    pairs = [pair for name in SPLITS for pair in read_records(ASKED / f"{name}.jsonl", Pair)]
    return [*pairs, *read_records(ASKED / f"{WRITTEN}.jsonl", Question)]


def read_found() -> dict[str, list[FoundPassage]]:
    """Return the passages that the search found, by pair."""
    names = (*SPLITS, WRITTEN)
    return {row.pair_id: row.passages for name in names for row in read_records(SEARCH / f"{name}.jsonl", Found)}


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a CSV file. Without rows it has no header, and DVC draws nothing."""
    names = dict.fromkeys(name for row in rows for name in row)
    with atomic_write(path) as file:
        writer = csv.DictWriter(file, fieldnames=list(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    run_stage("evaluate", main)
