"""The tables beside metrics/eval.json: every answer, the change of every question, and both models by group."""

from typing import Any

from pagetune.evaluate.answers import Scores
from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.evaluation import Evaluation, differences, grouped, kind_of, mean_of, members, set_of, summary_of
from pagetune.records import Prediction

TableRow = dict[str, Any]


def per_example_rows(evaluation: Evaluation) -> list[TableRow]:
    """Return the rows of metrics/per_example.csv: every answer of both models and the controls, with its scores."""
    return [
        {"set": set_of(row), "model": name, **identity(row), "stopped": int(row.stopped), **values}
        for name, rows in evaluation.answers.items()
        for row, values in zip(rows, evaluation.scores[name], strict=True)
    ]


def change_rows(evaluation: Evaluation, name: str) -> list[TableRow]:
    """Return the rows of metrics/changes/NAME.csv, where `before` and `after` are right, abstains or wrong."""
    return [_change(evaluation, index) for index in members(evaluation.asked, name)]


def _change(evaluation: Evaluation, index: int) -> TableRow:
    before, after = (evaluation.scores[model][index] for model in evaluation.models)
    scores = {
        f"{metric}_{model}": values.get(metric, "")
        for metric in evaluation.view.headlines[:2]
        for model, values in zip(MODELS, (before, after), strict=True)
    }
    return identity(evaluation.asked[index]) | {"before": verdict(before), "after": verdict(after)} | scores


def verdict(scores: dict[str, float]) -> str:
    """Return right, abstains or wrong. An answer is right if it matches any reference, also where scores are means."""
    if scores["fact_match"] > 0:
        return "right"
    return "abstains" if scores["abstained"] else "wrong"


def identity(row: Prediction) -> TableRow:
    """Return the columns that say which question a row is about."""
    return {"pair_id": row.pair_id, "kind": row.kind, "doc_id": row.doc_id}


def group_rows(evaluation: Evaluation) -> list[TableRow]:
    """Return the rows of metrics/groups.csv: both models by kind and by document, with the paired change."""
    difference, rows = differences(evaluation, evaluation.models[0]), []
    for name in evaluation.sets:
        chosen = members(evaluation.asked, name)
        for by, key in (("kind", kind_of), ("document", lambda row: row.doc_id)):
            for group, own in grouped(evaluation.asked, chosen, key):
                rows.append({"set": name, "by": by, "group": group, **_compare(evaluation, own, difference)})
    return rows


def _compare(evaluation: Evaluation, own: list[int], difference: Scores) -> TableRow:
    changed = summary_of(evaluation.asked, difference, own, evaluation.view.headlines, evaluation.params, lowest=-1.0)
    row: TableRow = {"n": len(own)}
    for metric in evaluation.view.headlines:
        for name, model in zip(MODELS, evaluation.models, strict=True):
            row[f"{metric}_{name}"] = mean_of(evaluation.scores[model], own, metric)
        for bound in ("", "_ci95_low", "_ci95_high"):
            row[f"{metric}_change{bound}"] = changed[f"{metric}{bound}"]
    return row
