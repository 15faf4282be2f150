"""What to deploy, by intervals of paired differences: the tuned model, a search, both or neither.

The simplest way is chosen that no other way beats: whose difference to the best one has an interval that holds 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pagetune.evaluate.answers import Scores
from pagetune.evaluate.comparable import MODELS, OPEN_MODELS
from pagetune.evaluate.evaluation import Evaluation, fact_of, set_of, summary_of
from pagetune.evaluate.retrieval import Hits
from pagetune.evaluate.sets import FEWEST_FACTS
from pagetune.records import Prediction

Book = Literal["closed", "open", "both"]
#: What can be deployed by what was measured, the simplest way first: what needs no search and no training, then what
#: needs no training and follows the documents at once. Without the base's answers to passages, the best passage alone
#: stands for the search, and the answer of the most similar training question for a list of questions and answers.
WAYS: dict[Book, dict[str, str]] = {
    "closed": {"neither": "base", "lookup": "lookup", "search": "search_top1", "tuned": "tuned"},
    "open": {"lookup": "lookup", "search": "base_open", "both": "tuned_open"},
    "both": {"neither": "base", "search": "base_open", "tuned": "tuned", "both": "tuned_open"},
}
#: What is asked about, and the sets of the pipeline that ask it. `recall_reversed` is left out: who has an answer and
#: looks for its question is not whom a deployment is for.
TOPICS = {"trained": ("recall", "recall_new_wording"), "unseen": ("heldout",)}
_METRIC = "fact_match"

Summaries = dict[str, dict[str, Any]]


def deployment(evaluation: Evaluation, hits: Mapping[str, Hits]) -> dict[str, Any]:
    """Return `deploy` of metrics/eval.json: what to deploy on the whole, and by what is asked about.

    Nothing for summaries, and where no topic has `FEWEST_FACTS` facts. `choice` is None where no single way will do;
    those of the topics differ then.
    """
    book = _book(evaluation)
    if evaluation.task == "summarization" or book is None:
        return {}
    topics = {topic: own for topic in TOPICS if (own := _Topic.of(topic, evaluation, hits, book))}
    if not topics:
        return {}
    ways = [way for way in WAYS[book] if all(way in own.unbeaten for own in topics.values())]
    choice = ways[0] if ways else None
    chosen = {topic: own.summary(choice or own.unbeaten[0]) for topic, own in topics.items()}
    return {"deploy": {"book": book, "choice": choice, **chosen}}


def _book(evaluation: Evaluation) -> Book | None:
    closed, opened = (all(evaluation.answers.get(model) for model in models) for models in (MODELS, OPEN_MODELS))
    return "both" if closed and opened else "closed" if closed else "open" if opened else None


class _Topic:
    """The questions about one topic, and what each way scores on them."""

    def __init__(self, evaluation: Evaluation, rows: list[int], scores: dict[str, Scores]) -> None:
        self._evaluation, self._rows, self._scores = evaluation, rows, scores
        best = max(scores, key=lambda way: sum(scores[way][at][_METRIC] for at in rows))
        self.unbeaten = [way for way in scores if self._ahead(way, best)[f"{_METRIC}_ci95_high"] >= 0]

    @classmethod
    def of(cls, topic: str, evaluation: Evaluation, hits: Mapping[str, Hits], book: Book) -> "_Topic | None":
        """Return the topic, or None where it has fewer than `FEWEST_FACTS` facts.

        Where the search stands for itself, only questions count that were made from a page; with too few of these,
        the others are compared without it.
        """
        known = evaluation.scores | {name: _as_scores(own) for name, own in hits.items()}
        rows = _asked_about(topic, evaluation.asked)
        ways = WAYS[book]
        searched = [at for at in rows if all(hits[name][at] is not None for name in ways.values() if name in hits)]
        if not _enough(evaluation, searched):
            searched, ways = rows, {way: name for way, name in ways.items() if name not in hits}
        if not _enough(evaluation, searched):
            return None
        return cls(evaluation, searched, {way: known[name] for way, name in ways.items()})

    def summary(self, choice: str) -> dict[str, Any]:
        """Return what each way scores, and by how much the chosen one is ahead of the others."""
        asked, params = self._evaluation.asked, self._evaluation.params
        scores = {way: summary_of(asked, own, self._rows, (_METRIC,), params) for way, own in self._scores.items()}
        ahead: Summaries = {way: self._ahead(choice, way) for way in self._scores if way != choice}
        sets = list(dict.fromkeys(set_of(asked[at]) for at in self._rows))
        return {"sets": sets, "choice": choice, "n": len(self._rows), "scores": scores, "ahead_of": ahead}

    def _ahead(self, way: str, other: str) -> dict[str, Any]:
        """Return by how much one way is ahead of another on the same questions, with the paired interval."""
        pairs = zip(self._scores[way], self._scores[other], strict=True)
        difference = [{_METRIC: own[_METRIC] - others[_METRIC]} for own, others in pairs]
        evaluation = self._evaluation
        return summary_of(evaluation.asked, difference, self._rows, (_METRIC,), evaluation.params, lowest=-1.0)


def _as_scores(hits: Hits) -> Scores:
    return [{_METRIC: float(bool(hit))} for hit in hits]


def _asked_about(topic: str, asked: Sequence[Prediction]) -> list[int]:
    """Return the questions that people wrote about a topic, where they are enough, else those that templates made.

    Documents are unseen that have questions in heldout. What no document answers says nothing of what a way knows.
    """
    unseen = {row.doc_id for row in asked if row.split == "heldout"}
    written = [
        at
        for at, row in enumerate(asked)
        if row.kind == "question" and row.answerable and not row.general and row.doc_id
        if (row.doc_id in unseen) == (topic == "unseen")
    ]
    if _count_facts(asked, written) >= FEWEST_FACTS:
        return written
    return [at for at, row in enumerate(asked) if set_of(row) in TOPICS[topic]]


def _enough(evaluation: Evaluation, rows: Sequence[int]) -> bool:
    return _count_facts(evaluation.asked, rows) >= FEWEST_FACTS


def _count_facts(asked: Sequence[Prediction], rows: Iterable[int]) -> int:
    return len({fact_of(asked[at]) for at in rows})
