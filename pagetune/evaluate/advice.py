"""What to deploy, in sentences, and the four columns that it rests on, from metrics/eval.json."""

from typing import Any

from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.messages import Message, joined, listed
from pagetune.evaluate.sets import asked_sets, open_models

#: What can be deployed, as sentences name it. Where the base did not answer with passages, the search is by itself.
_NAMES = {
    "neither": Message("the base alone"),
    "lookup": Message("a lookup of the most similar training question"),
    "search": Message("the base with the search"),
    "tuned": Message("the tuned model alone"),
    "both": Message("the tuned model with the search"),
}
_SEARCH_ALONE = Message("a search that shows the best passage")
_TOPICS = {
    "trained": Message("documents that it was trained on"),
    "unseen": Message("documents that training never saw"),
}
#: What the ways to measure leave open.
_UNMEASURED = {
    "closed": Message(
        "The search is judged by whether its best passage states the answer, which somebody still has to read there; "
        "with predict.book: both, base and tuned answer from the passages too."
    ),
    "open": Message("Neither model was asked without passages; with predict.book: both, they are."),
}


def advice(metrics: dict[str, Any]) -> list[Message]:
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
    return [*said, *([_UNMEASURED[deploy["book"]]] if deploy["book"] in _UNMEASURED else [])]


def _what(choice: str | None, topics: dict[str, Any], names: dict[str, Message]) -> Message:
    if choice == "neither":
        return Message("Deploy neither the tuned model nor a search: nothing is measurably better than the base alone.")
    if choice:
        return Message("Deploy {way}: it is the simplest way that no other one measurably beats.", way=names[choice])
    each = [
        Message("{way} for {topic}", way=names[own["choice"]], topic=_TOPICS[topic]) for topic, own in topics.items()
    ]
    return Message("Deploy {each}: no single way is good at both.", each=listed(each))


def _on_topic(topic: Message, own: dict[str, Any], names: dict[str, Message]) -> Message:
    """Say how often each way is right, and how far the chosen one is ahead on the same questions."""
    others = [
        Message(
            "{way} {share:.0%} ({compared})",
            way=names[way],
            share=own["scores"][way]["fact_match"],
            compared=_compared(ahead),
        )
        for way, ahead in own["ahead_of"].items()
    ]
    return Message(
        "Of {n} questions about {topic} ({sets}), {way} gets {share:.0%} right. The others on the same questions: "
        "{others}.",
        n=own["n"],
        topic=topic,
        sets=", ".join(own["sets"]),
        way=names[own["choice"]],
        share=own["scores"][own["choice"]]["fact_match"],
        others=joined(others, "; "),
    )


def _compared(ahead: dict[str, Any]) -> Message:
    """Return how another way compares with the chosen one, in points with the paired 95% interval."""
    low, high = (-ahead[f"fact_match_ci95_{end}"] for end in ("high", "low"))
    ends = {"low": _points(low), "high": _points(high)}
    if low <= 0 <= high:
        return Message("no measurable difference: 95% interval {low} to {high} points", **ends)
    points = abs(_rounded(ahead["fact_match"]))
    if high < 0:
        return Message("{points} points fewer, 95% interval {low} to {high}", points=points, **ends)
    return Message("{points} points more, 95% interval {low} to {high}", points=points, **ends)


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
