"""Scores of both models and of the controls on every set, and what changed from base to tuned."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pagetune.evaluate.answers import Scores, score_rows
from pagetune.evaluate.comparable import MODELS, check_comparable, compared
from pagetune.evaluate.controls import control_answers, instruction_of
from pagetune.evaluate.intervals import Estimates, summarize
from pagetune.evaluate.messages import Message
from pagetune.evaluate.scoring import METRICS
from pagetune.evaluate.sources import Sources
from pagetune.params import Evaluate, Task
from pagetune.records import REVERSED, Example, Prediction, fact_id, wording_in
from pagetune.text.tokenizers import tokenizer_record

#: The sets that the pipeline makes, in the order of the tables.
SETS = ("recall", "recall_new_wording", "recall_reversed", "validation", "heldout")
#: Shares of answers that say that they do not know, and of those that state a number, code or name that is neither in
#: the references nor in the question nor on the pair's page.
RATES = ("abstained", "invented")
#: One metric over several references by the best one and by their mean, whatever evaluate.references says.
BOTH_WAYS = ("rouge_combined_f1_max", "rouge_combined_f1_mean")


@dataclass(frozen=True)
class View:
    """How the scores of a task are shown: the metrics of its tables and charts, with the headline first, the controls
    and searches beside both models, and what each set asks."""

    headlines: tuple[str, ...]
    controls: tuple[str, ...]
    searches: tuple[str, ...]
    set_meanings: dict[str, Message]

    @property
    def headline(self) -> str:
        return self.headlines[0]


VIEWS: dict[Task, View] = {
    "qa": View(
        headlines=("fact_match", "rougeL", "exact_match"),
        controls=("echo", "lookup"),
        searches=("search_top1", "search_top5"),
        set_meanings={
            "recall": Message("facts that were trained on, asked in words that were not"),
            "recall_new_wording": Message("the same facts in a wording that no training row has"),
            "recall_reversed": Message("facts that were trained on, turned round: their value asks for their subject"),
            "validation": Message("like recall, on other facts; settings are chosen by it"),
            "heldout": Message("documents that training never saw; it shows what the tuning does to everything else"),
            "unanswerable_made": Message(
                "questions that were made so that no document answers them, about subjects that no "
                "training row asks about; right is to say so"
            ),
        },
    ),
    "summarization": View(
        headlines=("rougeL", "rouge_combined_f1", "fact_match"),
        controls=("lead2", "lookup", "swapped"),
        searches=(),
        set_meanings={
            "recall": Message("dialogues that were trained on, unchanged: what was learnt by heart, and no more"),
            "recall_new_wording": Message("always empty: a dialogue is not asked in other words"),
            "recall_reversed": Message("always empty: a dialogue is not turned round"),
            "validation": Message("dialogues of topics that training never saw; settings are chosen by it"),
            "heldout": Message("dialogues of further topics that training never saw: what the summaries are worth"),
        },
    ),
}


def view_of(metrics: dict[str, Any]) -> View:
    """Return how `metrics` are shown; metrics/eval.json names its task where it is not qa."""
    return VIEWS[metrics.get("task", "qa")]


def set_of(prediction: Prediction) -> str:
    """Return the set of a prediction: those of `recall` whose wording no training row has are sets of their own."""
    if prediction.split == "recall" and wording_in(prediction.pair_id) == REVERSED:
        return "recall_reversed"
    new_wording = prediction.split == "recall" and not prediction.wording_seen
    return "recall_new_wording" if new_wording else prediction.split


def sets_of(asked: Iterable[Prediction]) -> list[str]:
    """Return the sets in the order of the tables: those written by hand come first, because no template wrote them.

    General questions say nothing of the documents and come last. The sets that the pipeline makes are there even where
    they are empty.
    """
    own: dict[str, list[Prediction]] = {}
    for row in asked:
        if row.split not in SETS:
            own.setdefault(row.split, []).append(row)
    general = [name for name, rows in own.items() if are_general(rows)]
    written = [name for name, rows in own.items() if rows[0].kind == "question" and name not in general]
    made = [name for name in own if name not in (*written, *general)]
    return [*written, *SETS, *made, *general]


def are_general(rows: Iterable[Prediction]) -> bool:
    """Tell whether a set asks nothing about the documents; one question about them makes it a set about them."""
    return all(row.general for row in rows)


@dataclass(frozen=True)
class Evaluation:
    """The answers of both models and the controls by name, in the same order, and their scores."""

    answers: dict[str, list[Prediction]]
    scores: dict[str, Scores]
    params: Evaluate
    task: Task

    @property
    def view(self) -> View:
        return VIEWS[self.task]

    @cached_property
    def models(self) -> tuple[str, str]:
        """Return the base and the tuned model that are set side by side."""
        return compared(self.answers)

    @property
    def compared(self) -> dict[str, list[Prediction]]:
        return {model: self.answers[model] for model in self.models}

    @cached_property
    def sets(self) -> list[str]:
        return sets_of(self.asked)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the names of the scores of an answer."""
        return (*METRICS, *(BOTH_WAYS if self.task == "summarization" else ()), *RATES)

    @property
    def asked(self) -> list[Prediction]:
        """Return a row for each question. Read only what was asked, since the answers are those of base."""
        return self.answers[self.models[0]]


def evaluate(
    predictions: dict[str, list[Prediction]],
    train: list[Example],
    template: str,
    params: Evaluate,
    task: Task = "qa",
    sources: Sources | None = None,
) -> Evaluation:
    """Score both models and the controls, with what the questions were made from.

    Raises UserError where base and tuned cannot be compared.
    """
    check_comparable(predictions)
    answers = {model: rows for model, rows in predictions.items() if rows or model in MODELS}
    asked, tuned = (answers[model] for model in compared(answers))
    answers |= control_answers(VIEWS[task].controls, asked, tuned, train, template)
    questions = [instruction_of(row.prompt, template) for row in asked]
    scores = {
        name: score_answers(rows, params, questions, task, sources) if rows else [] for name, rows in answers.items()
    }
    return Evaluation(answers, scores, params, task)


def score_answers(
    rows: list[Prediction], params: Evaluate, questions: list[str], task: Task, sources: Sources | None = None
) -> Scores:
    """Return the scores of one model's answers, with those that its task has beside the others."""
    scores = score_rows(rows, params, questions, sources)
    return _both_ways(scores, rows, params, questions) if task == "summarization" else scores


def _both_ways(scores: Scores, rows: list[Prediction], params: Evaluate, questions: list[str]) -> Scores:
    """Add `rouge_combined_f1` over the references both by their maximum and by their mean."""
    other: Literal["max", "mean"] = "mean" if params.references == "max" else "max"
    names = {way: f"rouge_combined_f1_{way}" for way in (params.references, other)}
    again = score_rows(rows, params.model_copy(update={"references": other}), questions)
    return [
        one | {names[params.references]: one["rouge_combined_f1"], names[other]: two["rouge_combined_f1"]}
        for one, two in zip(scores, again, strict=True)
    ]


def metrics_of(evaluation: Evaluation) -> dict[str, Any]:
    """Return what goes into metrics/eval.json."""
    params = evaluation.params
    summaries: dict[str, Any] = {name: summarize_sets(evaluation, name) for name in evaluation.answers}
    named = {"tokenizer": tokenizer_record(params.tokenizer), "references": params.references}
    metrics = summaries | {"change": changes(evaluation, evaluation.models[0])} | named
    if evaluation.task == "summarization":
        metrics |= {"task": evaluation.task, "over_lead2": changes(evaluation, "lead2")}
    return metrics


def summarize_sets(evaluation: Evaluation, model: str) -> dict[str, dict[str, Any]]:
    """Return the summary of every set, with `by_kind` and the number of answers that never reached the EOS.

    `silent` has the rates of the questions that the documents do not answer, where a set has any; `general` marks a set
    of questions that are not about the documents.
    """
    predictions, scores = evaluation.answers[model], evaluation.scores[model]
    summaries: dict[str, dict[str, Any]] = {}
    for name in evaluation.sets:
        chosen = members(predictions, name)
        summaries[name] = summary_of(predictions, scores, chosen, evaluation.metrics, evaluation.params)
        if silent := [i for i in chosen if not predictions[i].answerable]:
            summaries[name]["silent"] = summary_of(predictions, scores, silent, RATES, evaluation.params)
        if chosen and are_general(predictions[i] for i in chosen):
            summaries[name]["general"] = True
        summaries[name]["never_stopped"] = sum(not predictions[i].stopped for i in chosen)
        summaries[name]["by_kind"] = {
            kind: {
                "n": len(own),
                **{metric: mean_of(scores, own, metric) for metric in evaluation.view.headlines},
            }
            for kind, own in grouped(predictions, chosen, kind_of)
        }
    return summaries


def kind_of(row: Prediction) -> str:
    """Return what a question is grouped by: its kind, and its tag where a user wrote it."""
    return row.tag or row.kind


def mean_of(scores: Scores, chosen: list[int], metric: str) -> float | None:
    """Return the mean of the rows that have the metric, None where none has."""
    values = [scores[index][metric] for index in chosen if metric in scores[index]]
    return round(sum(values) / len(values), 6) if values else None


def members(predictions: list[Prediction], name: str) -> list[int]:
    return [index for index, row in enumerate(predictions) if set_of(row) == name]


def grouped(
    predictions: list[Prediction], chosen: list[int], key: Callable[[Prediction], str]
) -> Iterator[tuple[str, list[int]]]:
    """Yield each key with the chosen predictions that have it, in the order of the keys."""
    groups: dict[str, list[int]] = {}
    for index in chosen:
        groups.setdefault(key(predictions[index]), []).append(index)
    yield from sorted(groups.items())


def summary_of(
    predictions: list[Prediction],
    scores: Scores,
    chosen: list[int],
    names: tuple[str, ...],
    params: Evaluate,
    lowest: float = 0.0,
) -> Estimates:
    """Return the means of the chosen rows with their intervals; those of a metric that some lack, of the others."""
    lacking = [name for name in names if any(name not in scores[index] for index in chosen)]
    complete = _summary(predictions, scores, chosen, [name for name in names if name not in lacking], params, lowest)
    if not lacking:
        return complete
    compared = [index for index in chosen if lacking[0] in scores[index]]
    return _summary(predictions, scores, compared, lacking, params, lowest) | complete


def _summary(
    predictions: list[Prediction],
    scores: Scores,
    chosen: list[int],
    names: Sequence[str],
    params: Evaluate,
    lowest: float,
) -> Estimates:
    facts = [fact_of(predictions[index]) for index in chosen]
    return summarize([scores[index] for index in chosen], names, facts, params.bootstrap_samples, lowest)


def fact_of(row: Prediction) -> str:
    """Return what an answer is about: the pair that its wording was made from.

    For a dialogue it is the topic, since three dialogues at the pharmacy are not three independent ones.
    """
    return fact_named(row.kind, row.doc_id, row.pair_id)


def fact_named(kind: str, doc_id: str, pair_id: str) -> str:
    """Return the same for a row of metrics/per_example.csv."""
    return doc_id if kind == "dialogue" else fact_id(pair_id)


def changes(evaluation: Evaluation, before: str) -> dict[str, dict[str, Any]]:
    """Return for each set how tuned differs from `before` on the same questions, with paired intervals.

    `better`, `worse` and `same` count the answers by the headline metric.
    """
    difference, asked = differences(evaluation, before), evaluation.asked
    summaries: dict[str, dict[str, Any]] = {}
    for name in evaluation.sets:
        chosen = members(asked, name)
        summaries[name] = summary_of(asked, difference, chosen, evaluation.metrics, evaluation.params, lowest=-1.0)
        moved = [difference[index][evaluation.view.headline] for index in chosen]
        summaries[name] |= {
            "better": sum(value > 0 for value in moved),
            "worse": sum(value < 0 for value in moved),
            "same": sum(value == 0 for value in moved),
        }
    return summaries


def differences(evaluation: Evaluation, before: str) -> Scores:
    first, after = (evaluation.scores[model] for model in (before, evaluation.models[1]))
    return [{name: new[name] - old[name] for name in new} for old, new in zip(first, after, strict=True)]
