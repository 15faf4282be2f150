"""The sets of metrics/eval.json: in which order they are shown, what each asks, and which are too small."""

from typing import Any

from pagetune.evaluate.comparable import MODELS, OPEN_MODELS
from pagetune.evaluate.evaluation import SETS, view_of
from pagetune.evaluate.messages import Message

#: With fewer facts, the interval of a set is wider than most changes that a tuning makes.
FEWEST_FACTS = 30
#: The open models by what they are called where nothing was answered without passages.
CLOSED_NAMES = dict(zip(OPEN_MODELS, MODELS, strict=True))


def sets_in(metrics: dict[str, Any], written: bool = False) -> list[str]:
    """Return the sets of metrics/eval.json in the order of the tables, or only those `written` by hand that lead."""
    names = list(metrics["tuned"])
    return names[: names.index(SETS[0])] if written else names


def open_models(metrics: dict[str, Any]) -> tuple[str, ...]:
    """Return the models of `metrics` that answered with passages, beside their answers without."""
    return tuple(model for model in OPEN_MODELS if model in metrics)


def asked_sets(metrics: dict[str, Any]) -> list[str]:
    """Return the sets with any question; `metrics` are those of `as_asked`."""
    return [name for name in sets_in(metrics) if metrics["tuned"][name]["n"]]


def is_open(metrics: dict[str, Any]) -> bool:
    """Tell whether base and tuned answered only with passages (`predict.book: open`)."""
    return bool(open_models(metrics)) and not any(own["n"] for own in metrics["tuned"].values())


def as_asked(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return metrics/eval.json with base and tuned as they were asked: where this was only with passages, so."""
    if not is_open(metrics):
        return metrics
    shown = _closed_names(metrics) | {"only_open": True}
    if "judge" in metrics:
        judge = _closed_names(metrics["judge"])
        shown["judge"] = judge | {"agreement": _closed_names(judge["agreement"])}
    return shown


def _closed_names(scores: dict[str, Any]) -> dict[str, Any]:
    """Return the scores with those of the open models in the place of those without passages, which are empty."""
    return {CLOSED_NAMES.get(name, name): own for name, own in scores.items()}


def set_meanings(metrics: dict[str, Any]) -> dict[str, Message]:
    """Return what each set of metrics/eval.json asks."""
    known = view_of(metrics).set_meanings
    return {name: known.get(name) or _meaning(name, own) for name, own in metrics["tuned"].items()}


def silent_in(scores: dict[str, Any]) -> int:
    """Return how many questions of a set the documents do not answer."""
    return int(scores["silent"]["n"]) if "silent" in scores else 0


def share(scores: dict[str, Any], rate: str) -> str:
    """Return a share with its interval, both in percent."""
    return f"{scores[rate]:.0%} [{scores[f'{rate}_ci95_low']:.0%}, {scores[f'{rate}_ci95_high']:.0%}]"


def _meaning(name: str, scores: dict[str, Any]) -> Message:
    if "general" in scores:
        return Message(
            "the general questions of data/questions/{set}.jsonl, which show what the training makes a model forget",
            set=name,
        )
    silent = silent_in(scores)
    if not silent:
        return Message("the questions of data/questions/{set}.jsonl, which no template wrote", set=name)
    if silent == scores["n"]:
        return Message(
            "the questions of data/questions/{set}.jsonl, which no template wrote and the documents do not answer; "
            "right is to say so",
            set=name,
        )
    return Message(
        "the questions of data/questions/{set}.jsonl, which no template wrote; the documents do not answer {silent} of "
        "them, and right is to say so",
        set=name,
        silent=silent,
    )


def small_sets(metrics: dict[str, Any]) -> list[Message]:
    """Return a sentence for each set with fewer than `FEWEST_FACTS` facts, or topics of dialogues."""
    by_fact = view_of(metrics).headline == "fact_match"
    facts = {name: own["facts"] for name, own in metrics["tuned"].items()}
    return [_small(name, count, by_fact) for name, count in facts.items() if 0 < count < FEWEST_FACTS]


def _small(name: str, count: int, by_fact: bool) -> Message:
    counted = (
        Message("{count} facts" if count > 1 else "{count} fact", count=count)
        if by_fact
        else Message("{count} topics" if count > 1 else "{count} topic", count=count)
    )
    return Message(
        "{set} has only {counted} (fewer than {fewest}): its interval decides nothing.",
        set=name,
        counted=counted,
        fewest=FEWEST_FACTS,
    )
