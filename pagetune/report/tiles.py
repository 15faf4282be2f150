"""The three numbers that open the page: what it was tuned for, what it invents, and what there is beside it."""

from dataclasses import dataclass
from typing import Any

from pagetune.evaluate.evaluation import view_of
from pagetune.evaluate.messages import Message
from pagetune.evaluate.sets import asked_sets, open_models, sets_in, silent_in

Score = dict[str, Any]


@dataclass(frozen=True)
class Tile:
    """A number with its interval, both as shown, and what it says in a line."""

    title: Message
    value: str
    interval: str
    words: Message


def tiles(metrics: dict[str, Any]) -> list[Tile]:
    """Return the tiles; `metrics` is metrics/eval.json by `as_asked`. Nothing is returned where nothing was asked."""
    lead = leading_set(metrics)
    if lead is None:
        return []
    if view_of(metrics).headline == "rougeL":
        found = [_summaries(metrics, lead), _invented(metrics), _two_turns(metrics, lead)]
    else:
        found = [_right(metrics, lead), _invented(metrics), _beside(metrics, lead)]
    return [tile for tile in found if tile]


def leading_set(metrics: dict[str, Any]) -> str | None:
    """Return the set that matters most: the first one that people wrote, else recall; for summaries heldout."""
    asked = asked_sets(metrics)
    if view_of(metrics).headline == "rougeL":
        wished = ["heldout", "recall"]
    else:
        tuned = metrics["tuned"]
        written = [name for name in sets_in(metrics, written=True) if silent_in(tuned[name]) < tuned[name]["n"]]
        wished = [*written, "recall", "heldout"]
    return next((name for name in wished if name in asked), None)


def _right(metrics: dict[str, Any], lead: str) -> Tile:
    own, before = metrics["tuned"][lead], metrics["base"][lead]
    words = Message(
        "of {n} questions of {set}; before tuning {before:.0%}", n=own["n"], set=lead, before=before["fact_match"]
    )
    return Tile(Message("Right after tuning"), *_percent(own, "fact_match"), words)


def _invented(metrics: dict[str, Any]) -> Tile | None:
    """Return what is invented where the documents do not answer, else on unseen documents."""
    for name in sets_in(metrics):
        if silent := metrics["tuned"][name].get("silent"):
            words = Message("of {n} questions of {set} that no document answers", n=silent["n"], set=name)
            return Tile(Message("Invented answers"), *_percent(silent, "invented"), words)
    own = metrics["tuned"]["heldout"]
    if not own["n"]:
        return None
    words = Message("of {n} answers of heldout state a number, code or name that nothing supports", n=own["n"])
    return Tile(Message("Invented answers"), *_percent(own, "invented"), words)


def _beside(metrics: dict[str, Any], lead: str) -> Tile:
    """Return what does without the tuning: the base with passages, else the search, else the base alone."""
    if "base_open" in open_models(metrics):
        words = Message("of the same questions, by the base with the passages of a search")
        return Tile(Message("Without tuning"), *_percent(metrics["base_open"][lead], "fact_match"), words)
    searched = metrics["search_top1"][lead]
    if searched["n"]:
        words = Message("of {n} of these questions have their answer in the best passage of a search", n=searched["n"])
        return Tile(Message("Search alone"), *_percent(searched, "fact_match"), words)
    words = Message("of the same questions, by the base before tuning")
    return Tile(Message("Without tuning"), *_percent(metrics["base"][lead], "fact_match"), words)


def _summaries(metrics: dict[str, Any], lead: str) -> Tile:
    own = metrics["tuned"][lead]
    words = Message(
        "of {n} summaries of {set}; before tuning {before:.3f}",
        n=own["n"],
        set=lead,
        before=metrics["base"][lead]["rougeL"],
    )
    return Tile(Message("ROUGE-L after tuning"), *_number(own, "rougeL"), words)


def _two_turns(metrics: dict[str, Any], lead: str) -> Tile:
    own = metrics["lead2"][lead]
    words = Message("of the first two turns of the same dialogues, unchanged")
    return Tile(Message("ROUGE-L without a model"), *_number(own, "rougeL"), words)


def _percent(score: Score, metric: str) -> tuple[str, str]:
    value, low, high = (f"{score[f'{metric}{end}']:.0%}" for end in ("", "_ci95_low", "_ci95_high"))
    return value, f"{low} – {high}"


def _number(score: Score, metric: str) -> tuple[str, str]:
    value, low, high = (f"{score[f'{metric}{end}']:.3f}" for end in ("", "_ci95_low", "_ci95_high"))
    return value, f"{low} – {high}"
