"""What to deploy, in one sentence, and the four columns that it rests on, from metrics/eval.json."""

from typing import Any

from pagetune.evaluate.comparable import MODELS, OPEN_MODELS
from pagetune.evaluate.deployment import WAYS
from pagetune.evaluate.sets import asked_sets, open_models

#: What is deployed, as a sentence names it.
NAMES = {
    "neither": "neither tuning nor search, because the base alone does as well",
    "search": "the base with the search",
    "tuned": "the tuned model without the search",
    "both": "the tuned model with the search",
}
_SHORT = {"neither": "base", "search": "base with search", "tuned": "tuned", "both": "tuned with search"}
_TOPICS = {"trained": "trained facts", "unseen": "unseen documents"}


def advice(metrics: dict[str, Any]) -> str:
    """Return what to deploy and why, or "" where it was not measured."""
    deploy = metrics.get("deploy")
    if not deploy:
        return ""
    topics = {topic: deploy[topic] for topic in _TOPICS if topic in deploy}
    if deploy["choice"]:
        what = NAMES[deploy["choice"]]
    else:
        what = ", and ".join(f"{NAMES[own['choice']]} for {_TOPICS[topic]}" for topic, own in topics.items())
    return f"Deploy {what}: {'; '.join(_on_topic(_TOPICS[topic], own) for topic, own in topics.items())}."


def _on_topic(topic: str, own: dict[str, Any]) -> str:
    """Return what the chosen way scores, and by how much it is ahead of the others."""
    others = ", ".join(
        f"{_SHORT[way]} {own['scores'][way]['fact_match']:.3f} ({_signed(own['ahead_of'][way])})"
        for way in WAYS
        if way != own["choice"]
    )
    score = f"{_SHORT[own['choice']]} {own['scores'][own['choice']]['fact_match']:.3f}"
    return f"on {topic} (n={own['n']}, fact match and how far the choice is ahead) {score}, {others}"


def _signed(ahead: dict[str, Any]) -> str:
    low, high = ahead["fact_match_ci95_low"], ahead["fact_match_ci95_high"]
    return f"{ahead['fact_match']:+.3f} [{low:+.3f}, {high:+.3f}]"


def open_table(metrics: dict[str, Any]) -> list[str]:
    """Return lines for the terminal: the fact match of both models without and with passages, set by set."""
    if not open_models(metrics):
        return []
    titles = ("base", "tuned", "base, open book", "tuned, open book")
    lines = [f"{'set':<20}{'n':>5}  " + "".join(f"{title:<24}" for title in titles).rstrip()]
    for name in asked_sets(metrics):
        scores = [metrics[model][name] for model in (*MODELS, *OPEN_MODELS)]
        count = max(score["n"] for score in scores)
        lines.append(f"{name:<20}{count:>5}  " + "".join(f"{_score(score):<24}" for score in scores).rstrip())
    return [*lines, *filter(None, [advice(metrics)])]


def _score(score: dict[str, Any]) -> str:
    if not score["n"]:
        return "-"
    return f"{score['fact_match']:.3f} [{score['fact_match_ci95_low']:.3f}, {score['fact_match_ci95_high']:.3f}]"
