"""What to deploy, in sentences, and the four columns that it rests on, from metrics/eval.json."""

from typing import Any

from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.sets import asked_sets, open_models

#: What can be deployed, as sentences name it. Where the base did not answer with passages, the search is by itself.
_NAMES = {
    "neither": "the base alone",
    "lookup": "a lookup of the most similar training question",
    "search": "the base with the search",
    "tuned": "the tuned model alone",
    "both": "the tuned model with the search",
}
_SEARCH_ALONE = "a search that shows the best passage"
_TOPICS = {"trained": "documents that it was trained on", "unseen": "documents that training never saw"}
#: What the three ways to measure leave open.
_UNMEASURED = {
    "closed": "The search is judged by whether its best passage states the answer, which somebody still has to read "
    "there; with predict.book: both, base and tuned answer from the passages too.",
    "open": "Neither model was asked without passages; with predict.book: both, they are.",
    "both": "",
}


def advice(metrics: dict[str, Any]) -> list[str]:
    """Return what to deploy, how the chosen way compares on each topic, and what was not measured.

    Nothing is returned where there are too few questions to tell.
    """
    deploy = metrics.get("deploy")
    if not deploy:
        return []
    names = _NAMES | ({"search": _SEARCH_ALONE} if deploy["book"] == "closed" else {})
    topics = {topic: deploy[topic] for topic in _TOPICS if topic in deploy}
    said = [_what(deploy["choice"], topics, names)]
    said += [_on_topic(_TOPICS[topic], own, names) for topic, own in topics.items()]
    return [*said, *filter(None, [_UNMEASURED[deploy["book"]]])]


def _what(choice: str | None, topics: dict[str, Any], names: dict[str, str]) -> str:
    if choice == "neither":
        return "Deploy neither the tuned model nor a search: nothing is measurably better than the base alone."
    if choice:
        return f"Deploy {names[choice]}: it is the simplest way that no other one measurably beats."
    each = " and ".join(f"{names[own['choice']]} for {_TOPICS[topic]}" for topic, own in topics.items())
    return f"Deploy {each}: no single way is good at both."


def _on_topic(topic: str, own: dict[str, Any], names: dict[str, str]) -> str:
    """Say how often each way is right, and how far the chosen one is ahead on the same questions."""
    others = "; ".join(
        f"{names[way]} {own['scores'][way]['fact_match']:.0%} ({_compared(ahead)})"
        for way, ahead in own["ahead_of"].items()
    )
    choice = own["choice"]
    return (
        f"Of {own['n']} questions about {topic} ({', '.join(own['sets'])}), {names[choice]} gets "
        f"{own['scores'][choice]['fact_match']:.0%} right. The others on the same questions: {others}."
    )


def _compared(ahead: dict[str, Any]) -> str:
    """Return how another way compares with the chosen one, in points with the paired 95% interval."""
    low, high = (-ahead[f"fact_match_ci95_{end}"] for end in ("high", "low"))
    interval = f"95% interval {_points(low)} to {_points(high)}"
    if low <= 0 <= high:
        return f"no measurable difference: {interval} points"
    return f"{abs(_rounded(ahead['fact_match']))} points {'fewer' if high < 0 else 'more'}, {interval}"


def _points(share: float) -> str:
    return f"{_rounded(share):+d}" if _rounded(share) else "0"


def _rounded(share: float) -> int:
    return round(100 * share)


def open_table(metrics: dict[str, Any]) -> list[str]:
    """Return lines for the terminal: the fact match of both models without and with passages, set by set."""
    if not open_models(metrics):
        return []
    titles = ("base", "tuned", "base, open book", "tuned, open book")
    lines = [f"{'set':<20}{'n':>5}  " + "".join(f"{title:<24}" for title in titles).rstrip()]
    for name in asked_sets(metrics):
        scores = [metrics[model][name] for model in (*MODELS, *open_models(metrics))]
        lines.append(f"{name:<20}{scores[0]['n']:>5}  " + "".join(f"{_score(score):<24}" for score in scores).rstrip())
    return lines


def _score(score: dict[str, Any]) -> str:
    return f"{score['fact_match']:.3f} [{score['fact_match_ci95_low']:.3f}, {score['fact_match_ci95_high']:.3f}]"
