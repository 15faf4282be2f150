"""Scores of a file of the pipeline's own answers, as metrics/eval.json has them."""

import json
from pathlib import Path
from typing import Any

from pagetune.evaluate.controls import instruction_of
from pagetune.evaluate.evaluation import Evaluation, score_answers, summarize_sets, summary_of
from pagetune.evaluate.sources import Sources, sources_of
from pagetune.evaluate.untouched import leave_out
from pagetune.jsonl import read_json, read_records
from pagetune.params import Evaluate, Params
from pagetune.records import Page, Pair, Prediction, Question, StopQuestion

PAGES, TEMPLATE, STOPPING = (
    Path("data/pages.jsonl"),
    Path("data/prompts/template.json"),
    Path("data/prompts/stopping.jsonl"),
)
#: What was asked about, as reviewers left it.
ASKED = {Path("data/splits", f"{name}.jsonl"): Pair for name in ("validation", "recall", "heldout")} | {
    Path("data/splits/questions.jsonl"): Question
}
#: The keys by which a row is known as one of ours.
OWN = {"pair_id", "completion", "eos_token", "prediction"}


def is_own(file: Path) -> bool:
    """Tell whether the first row of a file is an answer that the pipeline wrote."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            row = json.loads(next((line for line in lines if line.strip()), ""))
    except (OSError, ValueError, RecursionError):
        return False  # whoever reads it as any other file says what is wrong
    return isinstance(row, dict) and row.keys() >= OWN and "reference" not in row


def score_predictions(file: Path, settings: Params, params: Evaluate) -> dict[str, Any]:
    """Return the scores of all answers, and under `sets` those of each set.

    What an answer adds to its reference is looked up in the pairs and pages of the project in which this runs, where
    they are there.
    """
    stopping = read_records(STOPPING, StopQuestion) if STOPPING.exists() else []
    answers, left_out = leave_out({"tuned": read_records(file, Prediction)}, stopping, settings.train.stop_on)
    rows = answers["tuned"]
    template = read_json(TEMPLATE)["template"] if TEMPLATE.exists() else settings.prompt.template
    questions = [instruction_of(row.prompt, template) for row in rows]
    scores = score_answers(rows, params, questions, settings.task, _sources())
    evaluation = Evaluation({"base": rows, "tuned": rows}, {"tuned": scores}, params, settings.task)
    whole = summary_of(rows, scores, list(range(len(rows))), evaluation.metrics, params)
    sets = {name: own for name, own in summarize_sets(evaluation, "tuned").items() if own["n"]}
    return whole | ({"left_out": left_out} if left_out else {}) | {"sets": sets}


def _sources() -> Sources:
    pairs = [pair for path, record in ASKED.items() if path.exists() for pair in read_records(path, record)]
    return sources_of(pairs, read_records(PAGES, Page) if PAGES.exists() else [])
