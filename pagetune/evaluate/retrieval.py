"""Whether a search over the pages finds the answers: a control beside both models that needs no tuning."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pagetune.evaluate.answers import accepted_answers
from pagetune.evaluate.containment import Source, states
from pagetune.evaluate.controls import instruction_of
from pagetune.evaluate.evaluation import (
    Evaluation,
    grouped,
    kind_of,
    mean_of,
    members,
    set_of,
    summary_of,
)
from pagetune.evaluate.sources import Sources
from pagetune.evaluate.tables import TableRow, identity
from pagetune.records import FoundPassage, Prediction

#: By the name of the score, how many of the passages that were found count.
FIRST = {"search_top1": 1, "search_top5": 5}
MOST = max(FIRST.values())
#: For each question whether the answer was found, None where it is not scored.
Hits = list[bool | None]


def find_hits(
    evaluation: Evaluation, template: str, found: Mapping[str, Sequence[FoundPassage]], sources: Sources
) -> dict[str, Hits]:
    """Return for each question whether one of the first passages states the facts of an accepted answer.

    `found` has the passages by pair. A question that was not made from a page, such as a user's own, is not scored.
    """
    places = [_first_hit(row, instruction_of(row.prompt, template), found, sources) for row in evaluation.asked]
    return {
        name: [None if place is None else place < FIRST[name] for place in places] for name in evaluation.view.searches
    }


def _first_hit(
    row: Prediction, question: str, found: Mapping[str, Sequence[FoundPassage]], sources: Sources
) -> float | None:
    """Return the rank, from 0, of the first passage that states the answer: infinity where none does.

    A comparison is answered by the passage that completes it: both places have to be found.
    """
    evidence = sources.evidence_for(row)
    parts = [Source(row.doc_id, number, place, evidence) for number, place in sources.places_for(row)]
    answers = accepted_answers(row)
    if row.page_number is None or not parts or not answers:
        return None
    passages = found[row.pair_id][:MOST]
    if len(parts) > 1:  # half of a comparison answers nothing
        return max(_first(passages, part.is_in) for part in parts)
    return _first(passages, lambda passage: any(states(passage, said, question, parts[0]) for said in answers))


def _first(passages: Sequence[FoundPassage], is_hit: Callable[[FoundPassage], bool]) -> float:
    return next((rank for rank, passage in enumerate(passages) if is_hit(passage)), float("inf"))


def search_metrics(evaluation: Evaluation, hits: Mapping[str, Hits]) -> dict[str, Any]:
    """Return the shares of answers found, as `fact_match` of every set and `by_kind`; `n` counts what is scored."""
    return {
        name: {name_of_set: _summary(evaluation, own, name_of_set) for name_of_set in evaluation.sets}
        for name, own in hits.items()
    }


def _summary(evaluation: Evaluation, hits: Hits, name: str) -> dict[str, Any]:
    asked, scores = evaluation.asked, [{"fact_match": float(bool(hit))} for hit in hits]
    chosen = [index for index in members(asked, name) if hits[index] is not None]
    kinds = {
        kind: {"n": len(own), "fact_match": mean_of(scores, own, "fact_match")}
        for kind, own in grouped(asked, chosen, kind_of)
    }
    return summary_of(asked, scores, chosen, ("fact_match",), evaluation.params) | {"by_kind": kinds}


def hit_rows(evaluation: Evaluation, hits: Mapping[str, Hits]) -> list[TableRow]:
    """Return rows for metrics/per_example.csv, which have only `fact_match`: 1 where the answer was found."""
    return [
        {"set": set_of(row), "model": name, **identity(row), "fact_match": float(hit)}
        for name, own in hits.items()
        for row, hit in zip(evaluation.asked, own, strict=True)
        if hit is not None
    ]
