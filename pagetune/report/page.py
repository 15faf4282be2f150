"""Render the page from its template, which escapes every text from documents, questions and answers."""

import base64
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.evaluation import BOTH_WAYS, RATES, view_of
from pagetune.evaluate.scoring import METRICS
from pagetune.evaluate.sets import (
    CLOSED_NAMES,
    FEWEST_FACTS,
    as_asked,
    asked_sets,
    is_open,
    open_models,
    set_meanings,
    sets_in,
)
from pagetune.evaluate.sources import sources_of
from pagetune.records import BadFile, Page, Pair, Prediction
from pagetune.report.cases import all_cases, choose_cases, explained, right_answers
from pagetune.report.charts import charts
from pagetune.report.coverage import coverage, worst_pages
from pagetune.report.findings import CONTROL_MEANINGS, OPEN_MEANINGS, SEARCH_MEANINGS, summary_sentences
from pagetune.report.judgement import judgement_values

FOLDER = Path(__file__).parent
#: The metrics' usual names.
METRIC_TITLES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
    "rouge_combined_f1": "ROUGE-1, -2 and -L, mean",
    "rouge_combined_sum": "ROUGE-1, -2 and -L, sum (to 3)",
    "exact_match": "exact match",
    "token_f1": "word F1",
    "character_f1": "character F1",
    "chrf": "chrF",
    "fact_match": "fact match",
    "abstained": "share of answers that say they do not know",
    "invented": "share of answers with an invented number, code or name",
    "rouge_combined_f1_max": "ROUGE-1, -2 and -L, mean, best reference",
    "rouge_combined_f1_mean": "ROUGE-1, -2 and -L, mean, mean of the references",
}


#: What the marks of `evaluate.explanation` mean, in the reference and in an answer.
MARK_MEANINGS = {
    "has": "in the reference: the answer has it",
    "lacks": "in the reference: the answer lacks it",
    "spare": "in the reference: the answer does without it, and so does the verdict",
    "asked": "in the reference: the question has it already",
    "agrees": "in the answer: the reference has it",
    "supported": "in the answer: question or page have it",
    "alike": "in either: the other has a word of like meaning, by Kiwi's language model",
    "invented": "in the answer: neither reference, question nor page have it",
    "contradicts": "in either: the other says something else in its place",
}


@dataclass(frozen=True)
class Inputs:
    """Everything that the report shows.

    `metrics` holds metrics/*.json by file stem; `curve`, `validation`, `memory`, `groups` and `per_example` are CSV
    rows of strings.
    `style` says how the model was asked. `pairs` are those of data/qa.jsonl, `asked` those of the splits that both
    models answered. `grades` is data/splits/grades.json. `base` and `tuned` are the answers that are set side by side.
    """

    metrics: dict[str, Any]
    style: str
    curve: list[dict[str, str]]
    validation: list[dict[str, str]]
    memory: list[dict[str, str]]
    groups: list[dict[str, str]]
    per_example: list[dict[str, str]]
    pages: list[Page]
    bad_files: list[BadFile]
    pairs: list[Pair]
    grades: dict[str, Any]
    asked: list[Pair]
    base: list[Prediction]
    tuned: list[Prediction]


def render_report(inputs: Inputs) -> str:
    """Return the page as HTML."""
    inputs = _as_asked(inputs)
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html").render(
        **_style_and_script(), **_score_values(inputs), **_document_values(inputs), style=inputs.style
    )


def _as_asked(inputs: Inputs) -> Inputs:
    """Return the inputs with the names base and tuned for the answers that are set side by side."""
    scores, rows = inputs.metrics["eval"], inputs.per_example
    if is_open(scores):
        rows = [row | {"model": CLOSED_NAMES.get(row["model"], row["model"])} for row in rows]
    return replace(inputs, metrics=inputs.metrics | {"eval": as_asked(scores)}, per_example=rows)


def _style_and_script() -> dict[str, Any]:
    """Return the page's style and script, and the script's hash: the browser runs no script with another hash."""
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    return {"css": Markup(css), "script": Markup(script), "script_hash": digest}  # noqa: S704 - our own files


def _score_values(inputs: Inputs) -> dict[str, Any]:
    scores = inputs.metrics["eval"]
    view, answers = view_of(scores), {"base": inputs.base, "tuned": inputs.tuned}
    cases = all_cases(answers, inputs.per_example, inputs.asked, view.headline)
    sources, tokenizer = sources_of(inputs.asked, inputs.pages), scores["tokenizer"]["name"]
    names = [name for name in (*METRICS, *BOTH_WAYS, *RATES) if name in scores["tuned"]["heldout"]]
    return {
        "metrics": inputs.metrics,
        "sets": (shown := asked_sets(scores)),
        "empty_sets": [name for name in sets_in(scores) if name not in shown],
        "summary": summary_sentences(scores, right_answers(inputs.per_example)),
        "set_meanings": set_meanings(scores),
        "headlines": view.headlines,
        "fewest_facts": FEWEST_FACTS,
        "control_meanings": CONTROL_MEANINGS,
        "models": MODELS,
        "opened": open_models(scores),
        "open_meanings": OPEN_MEANINGS,
        "controls": view.controls,
        "searches": view.searches,
        "search_meanings": SEARCH_MEANINGS,
        "titles": METRIC_TITLES,
        "measured": {name: METRIC_TITLES[name] for name in names},
        "kinds": [row for row in inputs.groups if row["by"] == "kind"],
        "cases": explained(choose_cases(cases), sources, tokenizer),
        "mark_meanings": MARK_MEANINGS,
        "case_count": len(cases),
        "judgement": judgement_values(scores, cases, inputs.per_example, sources),
    }


def _document_values(inputs: Inputs) -> dict[str, Any]:
    covered = coverage(inputs.pages, inputs.pairs)
    curves = {"train": inputs.curve, "validation": inputs.validation}
    return {
        "documents": covered,
        "bad_files": inputs.bad_files,
        "worst_pages": worst_pages(inputs.pages),
        "grades": inputs.grades,
        "charts": charts(inputs.metrics["eval"], curves, inputs.memory, inputs.groups, covered),
    }
