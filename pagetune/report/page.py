"""The page, written by its template, which escapes every text of a document, a question or an answer."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pagetune.evaluate.evaluation import BOTH_WAYS, MODELS, RATES, SETS, view_of
from pagetune.evaluate.scoring import METRICS
from pagetune.records import BadFile, Page, Pair, Prediction
from pagetune.report.cases import all_cases, choose_cases, right_answers
from pagetune.report.charts import pictures
from pagetune.report.coverage import coverage, worst_pages
from pagetune.report.findings import CONTROL_MEANINGS, summary_sentences

FOLDER = Path(__file__).parent
#: As the field writes them.
METRIC_TITLES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
    "rouge_combined_f1": "ROUGE-1, -2 and -L, mean",
    "rouge_combined_sum": "ROUGE-1, -2 and -L, sum (to 3)",
    "exact_match": "exact match",
    "token_f1": "F1 of words",
    "character_f1": "F1 of characters",
    "chrf": "chrF",
    "fact_match": "fact match",
    "abstained": "share that says it does not know",
    "invented": "share with an invented number, code or name",
    "rouge_combined_f1_max": "ROUGE-1, -2 and -L, mean, by the best reference",
    "rouge_combined_f1_mean": "ROUGE-1, -2 and -L, mean, over all references",
}


@dataclass(frozen=True)
class Inputs:
    """`metrics` by file stem; `curve`, `memory`, `groups` and `per_example` are CSV rows as texts.

    `pairs` are those of data/qa.jsonl, `asked` those of the splits that both models were asked.
    """

    metrics: dict[str, Any]
    curve: list[dict[str, str]]
    memory: list[dict[str, str]]
    groups: list[dict[str, str]]
    per_example: list[dict[str, str]]
    pages: list[Page]
    bad_files: list[BadFile]
    pairs: list[Pair]
    asked: list[Pair]
    base: list[Prediction]
    tuned: list[Prediction]


def render_report(inputs: Inputs) -> str:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html").render(**_own_files(), **_scores(inputs), **_documents(inputs))


def _own_files() -> dict[str, Any]:
    """The style and the script, ours alone; the browser runs no script but the one with this hash."""
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    return {"css": Markup(css), "script": Markup(script), "script_hash": digest}  # noqa: S704 - files of ours


def _scores(inputs: Inputs) -> dict[str, Any]:
    scores = inputs.metrics["eval"]
    view, answers = view_of(scores), {"base": inputs.base, "tuned": inputs.tuned}
    cases = all_cases(answers, inputs.per_example, inputs.asked, view.headline)
    names = [name for name in (*METRICS, *BOTH_WAYS, *RATES) if name in scores["tuned"]["heldout"]]
    return {
        "metrics": inputs.metrics,
        "sets": [name for name in SETS if scores["tuned"][name]["n"]],
        "empty_sets": [name for name in SETS if not scores["tuned"][name]["n"]],
        "summary": summary_sentences(scores, right_answers(inputs.per_example)),
        "set_meanings": view.set_meanings,
        "headlines": view.headlines,
        "control_meanings": CONTROL_MEANINGS,
        "models": MODELS,
        "controls": view.controls,
        "titles": METRIC_TITLES,
        "measured": {name: METRIC_TITLES[name] for name in names},
        "kinds": [row for row in inputs.groups if row["by"] == "kind"],
        "cases": choose_cases(cases),
        "case_count": len(cases),
    }


def _documents(inputs: Inputs) -> dict[str, Any]:
    covered = coverage(inputs.pages, inputs.pairs)
    return {
        "documents": covered,
        "bad_files": inputs.bad_files,
        "worst_pages": worst_pages(inputs.pages),
        "pictures": pictures(inputs.metrics["eval"], inputs.curve, inputs.memory, inputs.groups, covered),
    }
