"""What to deploy: the tuned model, the base with a search, both or neither, by intervals of paired differences.

The simplest way is chosen that no other way beats: whose difference to the best one has an interval that holds 0.
"""

from collections.abc import Sequence
from typing import Any

from pagetune.evaluate.comparable import MODELS, OPEN_MODELS
from pagetune.evaluate.evaluation import Evaluation, members, summary_of

#: The answers of each way, the simplest way first: what needs no search and no training, then what needs no training
#: and follows the documents at once, then what needs no search.
WAYS = {"neither": "base", "search": "base_open", "tuned": "tuned", "both": "tuned_open"}
#: What is asked about, and the sets that ask it; of several alternatives the first counts that has any question.
#: Questions that people have written stand for trained facts before those that templates made.
TOPICS: dict[str, tuple[tuple[str, ...], ...]] = {
    "trained": (("recall_spoken",), ("recall", "recall_new_wording")),
    "unseen": (("heldout",),),
}
_METRIC = "fact_match"

Paired = dict[str, dict[str, Any]]


def deployment(evaluation: Evaluation) -> dict[str, Any]:
    """Return `deploy` of metrics/eval.json: what to deploy on the whole and by what is asked about.

    Nothing where the models did not answer both with and without passages. `choice` is None where no single way will
    do; those of the topics differ then.
    """
    if any(not evaluation.answers.get(model) for model in (*MODELS, *OPEN_MODELS)):
        return {}
    topics = {topic: sets for topic, choices in TOPICS.items() if (sets := _asked(evaluation, choices))}
    rows = {topic: [at for name in sets for at in members(evaluation.asked, name)] for topic, sets in topics.items()}
    good = {topic: _unbeaten(evaluation, own) for topic, own in rows.items()}
    choice = next((way for way in WAYS if good and all(way in ways for ways in good.values())), None)
    return {
        "deploy": {"choice": choice}
        | {
            topic: {"sets": list(topics[topic])} | _topic(evaluation, own, choice or good[topic][0])
            for topic, own in rows.items()
        }
    }


def _asked(evaluation: Evaluation, choices: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the sets that count, those of the first alternative that was asked."""
    some = (tuple(name for name in sets if members(evaluation.asked, name)) for sets in choices)
    return next((sets for sets in some if sets), ())


def _unbeaten(evaluation: Evaluation, rows: list[int]) -> list[str]:
    """Return the ways that the best one does not measurably beat, the simplest first."""
    best = max(WAYS, key=lambda way: sum(evaluation.scores[WAYS[way]][at][_METRIC] for at in rows))
    return [way for way in WAYS if _difference(evaluation, rows, way, best)[f"{_METRIC}_ci95_high"] >= 0]


def _topic(evaluation: Evaluation, rows: list[int], choice: str) -> dict[str, Any]:
    """Return what each way scores, and by how much the chosen one is ahead of the others."""
    asked, params = evaluation.asked, evaluation.params
    scores: Paired = {
        way: summary_of(asked, evaluation.scores[model], rows, (_METRIC,), params) for way, model in WAYS.items()
    }
    ahead: Paired = {way: _difference(evaluation, rows, choice, way) for way in WAYS if way != choice}
    return {"choice": choice, "n": len(rows), "scores": scores, "ahead_of": ahead}


def _difference(evaluation: Evaluation, rows: list[int], way: str, other: str) -> dict[str, Any]:
    """Return by how much one way is ahead of another on the same questions, with the paired interval."""
    pairs = zip(evaluation.scores[WAYS[way]], evaluation.scores[WAYS[other]], strict=True)
    difference = [{_METRIC: own[_METRIC] - others[_METRIC]} for own, others in pairs]
    return summary_of(evaluation.asked, difference, rows, (_METRIC,), evaluation.params, lowest=-1.0)
