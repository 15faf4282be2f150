"""The sets of metrics/eval.json: in which order they are shown, what each asks, and which are too small."""

from typing import Any

from pagetune.evaluate.comparable import MODELS, OPEN_MODELS
from pagetune.evaluate.evaluation import SETS, view_of

#: With fewer facts, the interval of a set is wider than most changes that a tuning makes.
FEWEST_FACTS = 30


def sets_in(metrics: dict[str, Any], written: bool = False) -> list[str]:
    """Return the sets of metrics/eval.json in the order of the tables, or only those `written` by hand that lead."""
    names = list(metrics["tuned"])
    return names[: names.index(SETS[0])] if written else names


def open_models(metrics: dict[str, Any]) -> tuple[str, ...]:
    """Return the models of `metrics` that answered with passages."""
    return tuple(model for model in OPEN_MODELS if model in metrics)


def asked_sets(metrics: dict[str, Any]) -> list[str]:
    """Return the sets with any question, asked with passages or without."""
    return [name for name in sets_in(metrics) if _asked(metrics, name)["n"]]


def _asked(metrics: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the scores of a set by a model that was asked it; predict.book says which ones were."""
    scores: list[dict[str, Any]] = [metrics[model][name] for model in (*reversed(MODELS), *open_models(metrics))]
    return max(scores, key=lambda own: own["n"])


def set_meanings(metrics: dict[str, Any]) -> dict[str, str]:
    """Return what each set of metrics/eval.json asks."""
    known = view_of(metrics).set_meanings
    return {name: known.get(name) or _meaning(name, _asked(metrics, name)) for name in sets_in(metrics)}


def silent_in(scores: dict[str, Any]) -> int:
    """Return how many questions of a set the documents do not answer."""
    return int(scores["silent"]["n"]) if "silent" in scores else 0


def share(scores: dict[str, Any], rate: str) -> str:
    """Return a share with its interval, both in percent."""
    return f"{scores[rate]:.0%} [{scores[f'{rate}_ci95_low']:.0%}, {scores[f'{rate}_ci95_high']:.0%}]"


def _meaning(name: str, scores: dict[str, Any]) -> str:
    if "general" in scores:
        return (
            f"the general questions of data/questions/{name}.jsonl, which show what the training makes a model forget"
        )
    file = f"the questions of data/questions/{name}.jsonl, which no template wrote"
    silent = silent_in(scores)
    if silent == scores["n"]:
        return f"{file} and the documents do not answer; right is to say so"
    return f"{file}; the documents do not answer {silent} of them, and right is to say so" if silent else file


def small_sets(metrics: dict[str, Any]) -> list[str]:
    """Return a sentence for each set with fewer than `FEWEST_FACTS` facts, or topics of dialogues."""
    counted = "fact" if view_of(metrics).headline == "fact_match" else "topic"
    facts = {name: _asked(metrics, name)["facts"] for name in sets_in(metrics)}
    return [
        f"{name} has only {count} {counted}{'s' if count > 1 else ''} (fewer than {FEWEST_FACTS}): "
        "its interval decides nothing."
        for name, count in facts.items()
        if 0 < count < FEWEST_FACTS
    ]
