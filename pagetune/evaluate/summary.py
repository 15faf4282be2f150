"""The numbers of a run that experiments are compared by, the same keys for each run: metrics/summary.json."""

import math
from collections.abc import Iterable
from typing import Any

from pagetune.evaluate.comparable import OPEN_MODELS
from pagetune.evaluate.evaluation import view_of
from pagetune.evaluate.sets import as_asked, sets_in, silent_in

#: More than a pooled share is worth, and fewer than a table is wide.
DIGITS = 4


def summarize_run(scores: dict[str, Any], training: dict[str, Any], cost: dict[str, Any]) -> dict[str, float | None]:
    """Return the numbers from metrics/eval.json, train.json and cost.json, None for what was not asked.

    A score is the headline of the task, fact match or for summaries ROUGE-L, of the tuned model; `base` and `open` are
    those of recall before the tuning and with passages in the prompt. Names are short, because each is a column.
    """
    metrics = as_asked(scores)
    tuned, headline = metrics["tuned"], view_of(metrics).headline
    written = [tuned[name] for name in sets_in(metrics, written=True)]
    silent = [own["silent"] for own in tuned.values() if "silent" in own]
    return {
        "written": _pooled((own for own in written if silent_in(own) < own["n"]), headline),
        "recall": tuned["recall"][headline],
        "heldout": tuned["heldout"][headline],
        "validation": tuned["validation"][headline],
        "general": _pooled((own for own in tuned.values() if "general" in own), headline),
        "base": metrics["base"]["recall"][headline],
        "open": _with_passages(scores)["recall"].get(headline),
        "abstained": _pooled(silent, "abstained"),
        "invented": _pooled(silent, "invented"),
        "rougeL": tuned["recall"]["rougeL"],
        "loss": training.get("validation_loss"),
        "seconds": cost["seconds"],
    }


def _with_passages(scores: dict[str, Any]) -> dict[str, Any]:
    """Return the tuned model's scores with passages in the prompt, which `predict.book: closed` does not ask for."""
    return dict(scores[OPEN_MODELS[1]]) if OPEN_MODELS[1] in scores else {"recall": {}}


def _pooled(sets: Iterable[dict[str, Any]], score: str) -> float | None:
    """Return the mean over the questions of several sets, None where there are none."""
    asked = [own for own in sets if own["n"]]
    if not asked:
        return None
    total = math.fsum(float(own[score]) * own["n"] for own in asked)
    return round(total / int(sum(own["n"] for own in asked)), DIGITS)
