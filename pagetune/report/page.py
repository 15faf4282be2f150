"""Render the page from its template, which escapes every text from documents, questions and answers."""

import base64
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

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
from pagetune.report.diagnosis import diagnosis
from pagetune.report.findings import CONTROL_MEANINGS, OPEN_MEANINGS, SEARCH_MEANINGS, summary_sentences
from pagetune.report.judgement import judgement_values
from pagetune.report.language import Language, choose_language
from pagetune.report.run import Line
from pagetune.report.tiles import tiles
from pagetune.report.words import MARK_MEANINGS, MARK_NAMES, METRIC_TITLES, WORDS

FOLDER = Path(__file__).parent
#: A longer answer is folded; how much of it is shown then.
LONG_TEXT, PREVIEW = 400, 120


@dataclass(frozen=True)
class Inputs:
    """Everything that the report shows.

    `metrics` holds metrics/*.json by file stem; `curve`, `validation`, `memory`, `groups` and `per_example` are CSV
    rows of strings.
    `run` names the run, and `language` is what `report.language` wishes. `pairs` are those of data/qa.jsonl, `asked`
    those of the splits that both models answered. `grades` is data/splits/grades.json. `base` and `tuned` are the
    answers that are set side by side.
    """

    metrics: dict[str, Any]
    run: list[Line]
    language: Literal["auto", "ko", "en"]
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
    language = Language(choose_language(inputs.language, (pair.instruction for pair in (*inputs.pairs, *inputs.asked))))
    return (
        templates(language)
        .get_template("page.html")
        .render(
            **_style_and_script(),
            **_score_values(inputs),
            **_document_values(inputs, language),
            **_words(),
            lang=language.code,
            run=inputs.run,
        )
    )


def templates(language: Language) -> Environment:
    """Return the templates of this folder, which speak `language`."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {"_": language.mark_up, "say": language.say}
    return environment


def _words() -> dict[str, Any]:
    return {
        "titles": METRIC_TITLES,
        "words": WORDS,
        "mark_names": MARK_NAMES,
        "mark_meanings": MARK_MEANINGS,
        "control_meanings": CONTROL_MEANINGS,
        "open_meanings": OPEN_MEANINGS,
        "search_meanings": SEARCH_MEANINGS,
        "fewest_facts": FEWEST_FACTS,
        "long_text": LONG_TEXT,
        "preview": PREVIEW,
    }


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
        "tiles": tiles(scores),
        "diagnosis": diagnosis(inputs.metrics, inputs.validation, inputs.pairs),
        "summary": summary_sentences(scores, right_answers(inputs.per_example)),
        "set_meanings": set_meanings(scores),
        "headlines": view.headlines,
        "models": MODELS,
        "opened": open_models(scores),
        "controls": view.controls,
        "searches": view.searches,
        "measured": {name: METRIC_TITLES[name] for name in names},
        "kinds": [row for row in inputs.groups if row["by"] == "kind"],
        "cases": explained(choose_cases(cases), sources, tokenizer),
        "case_count": len(cases),
        "judgement": judgement_values(scores, cases, inputs.per_example, sources),
    }


def _document_values(inputs: Inputs, language: Language) -> dict[str, Any]:
    covered = coverage(inputs.pages, inputs.pairs)
    curves = {"train": inputs.curve, "validation": inputs.validation}
    return {
        "documents": covered,
        "bad_files": inputs.bad_files,
        "worst_pages": worst_pages(inputs.pages),
        "grades": inputs.grades,
        "charts": charts(inputs.metrics["eval"], curves, inputs.memory, inputs.groups, covered, language),
    }
