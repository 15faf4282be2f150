"""Leaves the questions out of the scores that decided when the training stopped (`train.stop_on: invented`)."""

from collections import Counter
from collections.abc import Iterable

from pagetune.evaluate.messages import Message, joined
from pagetune.params import StopOn
from pagetune.records import Prediction, StopQuestion, fact_id

Answers = dict[str, list[Prediction]]


def leave_out(
    predictions: Answers, stop_questions: Iterable[StopQuestion], stop_on: StopOn
) -> tuple[Answers, dict[str, int]]:
    """Return the answers to all other questions, and how many questions each split loses.

    A fact is left out in all its wordings. Where `stop_on` is not invented the questions decided nothing, and stay.
    Every model that answered at all was asked the same questions.
    """
    asked = {fact_id(row.pair_id) for row in stop_questions} if stop_on == "invented" else set[str]()
    kept = {model: [row for row in rows if fact_id(row.pair_id) not in asked] for model, rows in predictions.items()}
    first = next((rows for rows in predictions.values() if rows), [])
    lost = Counter(row.split for row in first if fact_id(row.pair_id) in asked)
    return kept, dict(sorted(lost.items()))


def left_out_line(left_out: dict[str, int]) -> Message:
    """Say in a sentence which questions decided when the training stopped."""
    counts = joined([Message("{count} of {set}", count=count, set=split) for split, count in left_out.items()])
    return Message(
        "By their answers to {counts}, the training chose when to stop (train.stop_on: invented); these questions are "
        "left out of all scores.",
        counts=counts,
    )
