"""The questions about what was never trained that `evaluate.quick` asks while a model trains.

A question that decides when a training stops is no longer unseen. Therefore a hash chooses them, apart from the model,
at most half of what is not trained is ever asked, and `evaluate` leaves them out of the scores where they decided.
"""

from collections.abc import Iterable
from hashlib import sha256

from pagetune.records import Example, Pair, Question, StopQuestion, fact_id


def choose_stop_questions(heldout: Iterable[Pair], sets: Iterable[Pair], count: int) -> list[Pair]:
    """Choose `count` questions, half of them about held-out documents and half of those that no document answers, of
    the `sets` written by hand or made.

    Where one kind has too few the other makes up for it. No more than half of the facts of each kind are chosen, and
    one question of each. Further documents move few others in or out.
    """
    silent = (pair for pair in sets if isinstance(pair, Question) and not pair.answerable)
    unseen, unanswered = _candidates(heldout), _candidates(silent)
    of_silent = min(len(unanswered), max(count // 2, count - len(unseen)))
    return [*unseen[: count - of_silent], *unanswered[:of_silent]]


def _candidates(pairs: Iterable[Pair]) -> list[Pair]:
    """Return half of the facts, each in one wording, in the order of their hashes."""
    first: dict[str, Pair] = {}
    for pair in pairs:
        first.setdefault(fact_id(pair.pair_id), pair)
    ordered = sorted(first, key=lambda fact: sha256(fact.encode()).hexdigest())
    return [first[fact] for fact in ordered[: len(ordered) // 2]]


def to_stop_question(pair: Pair, example: Example) -> StopQuestion:
    """Join a row with all that an answer to it may state: the question, the references and the evidence."""
    support = "\n".join([pair.asked, pair.output, *pair.references, pair.whole_evidence])
    own = example.model_dump(include=set(Example.model_fields))
    return StopQuestion(**own, support=support)
