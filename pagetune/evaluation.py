"""Before and after: the scores of both models and of two controls on every set, and what changed between them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pagetune.controls import control_answers, instruction_of
from pagetune.errors import UserError
from pagetune.facts import abstains, invented
from pagetune.intervals import Summary, summarize
from pagetune.params import Evaluate
from pagetune.records import Example, Prediction
from pagetune.scoring import METRICS, Scored, check_tokenizer, in_pieces, score
from pagetune.tokens import Tokenizer, make_tokenizer, tokenizer_record

MODELS = ("base", "tuned")
CONTROLS = ("echo", "lookup")
#: In the order of the tables, and what each asks.
SET_MEANINGS = {
    "recall": "facts that were trained on, asked in words that were not",
    "recall_new_wording": "the same facts in a wording that no training row has",
    "validation": "like recall, on other facts; settings are chosen by it",
    "heldout": "documents that training never saw; it shows what the tuning does to everything else",
}
SETS = tuple(SET_MEANINGS)
#: Shares beside the scores: says that it does not know; states a number, code or name that neither the references nor
#: the question hold.
RATES = ("abstained", "invented")
#: What the tables and pictures show of a group, the headline first.
HEADLINES = ("fact_match", "rougeL", "exact_match")

Scores = list[dict[str, float]]


def set_of(prediction: Prediction) -> str:
    """`recall` holds two sets: seen templates, and the template that no training row has."""
    new_wording = prediction.split == "recall" and not prediction.template_seen
    return "recall_new_wording" if new_wording else prediction.split


def check_comparable(predictions: dict[str, list[Prediction]]) -> None:
    """Raises UserError where base and tuned were not asked the same, or not in the same way."""
    base, tuned = predictions["base"], predictions["tuned"]
    for what in ("precision", "engine"):
        seen = [sorted({getattr(row, what) for row in rows}) for rows in (base, tuned)]
        if seen[0] != seen[1]:
            key = "precision" if what == "precision" else "predict.engine"
            raise UserError(f"data/predictions: base is in {seen[0]}, tuned in {seen[1]}. Set {key} to one of them.")
    if [row.prompt for row in base] != [row.prompt for row in tuned]:
        raise UserError("data/predictions: base and tuned answer other prompts. Run `dvc repro` to predict anew.")


def accepted_answers(row: Prediction) -> list[str]:
    """The completion without its EOS, and the further references."""
    return [row.completion.removesuffix(row.eos_token), *row.references]


def score_rows(predictions: list[Prediction], params: Evaluate, questions: list[str]) -> Scores:
    """The scores and rates of each prediction, in order."""
    tokenizer = make_tokenizer(params.tokenizer)
    check_tokenizer(tokenizer, params.tokenizer)
    rows = [
        Scored(row.prediction, accepted_answers(row), question)
        for row, question in zip(predictions, questions, strict=True)
    ]
    return [_scores(row, tokenizer, params) for row in in_pieces(rows, tokenizer, params.tokenizer)]


def _scores(row: Scored, tokenizer: Tokenizer, params: Evaluate) -> dict[str, float]:
    """Who says that the reference says that it is not known answers; and the question's own numbers and names are no
    inventions of the answer."""
    scores = score(row, tokenizer, params.references)
    made_up = invented(row.prediction, "\n".join([row.question, *row.references]))
    abstained = abstains(row.prediction) and not scores["fact_match"]
    return scores | {"abstained": float(abstained), "invented": float(bool(made_up))}


@dataclass(frozen=True)
class Evaluation:
    """The answers of both models and both controls, by name and in one order, and their scores."""

    answers: dict[str, list[Prediction]]
    scores: dict[str, Scores]
    params: Evaluate

    @property
    def asked(self) -> list[Prediction]:
        """Of the questions, which are everybody's, only what is no answer is read."""
        return self.answers["base"]


def evaluate(
    predictions: dict[str, list[Prediction]], train: list[Example], template: str, params: Evaluate
) -> Evaluation:
    """Raises UserError where base and tuned cannot be compared."""
    check_comparable(predictions)
    asked = predictions["base"]
    answers = {model: predictions[model] for model in MODELS} | control_answers(asked, train, template)
    questions = [instruction_of(row.prompt, template) for row in asked]
    return Evaluation(answers, {name: score_rows(rows, params, questions) for name, rows in answers.items()}, params)


def metrics_of(evaluation: Evaluation) -> dict[str, Any]:
    """What goes into metrics/eval.json."""
    params = evaluation.params
    summaries: dict[str, Any] = {
        name: summarize_sets(rows, evaluation.scores[name], params) for name, rows in evaluation.answers.items()
    }
    changed = changes(evaluation.asked, evaluation.scores, params)
    named = {"tokenizer": tokenizer_record(params.tokenizer), "references": params.references}
    return summaries | {"change": changed} | named


def summarize_sets(predictions: list[Prediction], scores: Scores, params: Evaluate) -> dict[str, dict[str, Any]]:
    """The summary of every set, with `by_kind` and the number of answers that never reached the EOS."""
    summaries: dict[str, dict[str, Any]] = {}
    for name in SETS:
        chosen = members(predictions, name)
        summaries[name] = summary_of(predictions, scores, chosen, (*METRICS, *RATES), params)
        summaries[name]["never_stopped"] = sum(not predictions[i].stopped for i in chosen)
        summaries[name]["by_kind"] = {
            kind: {
                "n": len(own),
                **{metric: mean_of(scores, own, metric) for metric in HEADLINES},
            }
            for kind, own in grouped(predictions, chosen, lambda row: row.kind)
        }
    return summaries


def mean_of(scores: Scores, chosen: list[int], metric: str) -> float:
    return round(sum(scores[index][metric] for index in chosen) / len(chosen), 6)


def members(predictions: list[Prediction], name: str) -> list[int]:
    return [index for index, row in enumerate(predictions) if set_of(row) == name]


def grouped(
    predictions: list[Prediction], chosen: list[int], key: Callable[[Prediction], str]
) -> Iterator[tuple[str, list[int]]]:
    """The chosen by their key, in its order."""
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
) -> Summary:
    facts = [fact_of(predictions[index]) for index in chosen]
    return summarize([scores[index] for index in chosen], names, facts, params.bootstrap_samples, lowest)


def fact_of(row: Prediction) -> str:
    """The pair that a wording was made from: a wording's id is its pair's, a hyphen and the name of its template."""
    return row.pair_id.partition("-")[0]


def changes(asked: list[Prediction], scores: dict[str, Scores], params: Evaluate) -> dict[str, dict[str, Any]]:
    """By set: how tuned differs from base on the same questions, with paired intervals, and how many answers by their
    facts got better, worse, or stayed as they were."""
    difference = differences(scores)
    summaries: dict[str, dict[str, Any]] = {}
    for name in SETS:
        chosen = members(asked, name)
        summaries[name] = summary_of(asked, difference, chosen, (*METRICS, *RATES), params, lowest=-1.0)
        moved = [difference[index]["fact_match"] for index in chosen]
        summaries[name] |= {
            "better": sum(value > 0 for value in moved),
            "worse": sum(value < 0 for value in moved),
            "same": sum(value == 0 for value in moved),
        }
    return summaries


def differences(scores: dict[str, Scores]) -> Scores:
    return [
        {name: after[name] - before[name] for name in after}
        for before, after in zip(scores["base"], scores["tuned"], strict=True)
    ]


def comparison_table(metrics: dict[str, Any]) -> str:
    """Before and after, a set a row: fact match with the 95% interval of the paired change, the controls beside it."""
    lines = [f"{'set':<20}{'n':>5}  {'fact match base -> tuned, change':<44}{'ROUGE-L':<16}{'echo':>6}{'lookup':>8}"]
    for name in SETS:
        base, tuned, change = (metrics[part][name] for part in ("base", "tuned", "change"))
        if not tuned["n"]:
            lines.append(f"{name:<20}{0:>5}  (empty)")
            continue
        low, high = change["fact_match_ci95_low"], change["fact_match_ci95_high"]
        facts = f"{base['fact_match']:.3f} -> {tuned['fact_match']:.3f}, {change['fact_match']:+.3f}"
        facts += f" [{low:+.3f}, {high:+.3f}]"
        rouge = f"{base['rougeL']:.3f} -> {tuned['rougeL']:.3f}"
        controls = [metrics[control][name]["fact_match"] for control in CONTROLS]
        lines.append(f"{name:<20}{tuned['n']:>5}  {facts:<44}{rouge:<16}{controls[0]:>6.3f}{controls[1]:>8.3f}")
    lines += _what_moved(metrics) + _recall_by_kind(metrics)
    return "\n".join(lines)


def _what_moved(metrics: dict[str, Any]) -> list[str]:
    lines = []
    for name in ("recall", "heldout"):
        change, tuned = metrics["change"][name], metrics["tuned"][name]
        if tuned["n"]:
            lines.append(
                f"{name}: {change['better']} better, {change['worse']} worse, {change['same']} as before; "
                f"{tuned['never_stopped']} never ended; {tuned['abstained']:.0%} abstain, "
                f"{tuned['invented']:.0%} state a number, code or name of their own"
            )
    return lines


def _recall_by_kind(metrics: dict[str, Any]) -> list[str]:
    kinds = metrics["tuned"]["recall"]["by_kind"]
    return (
        []
        if not kinds
        else ["recall by kind: " + ", ".join(f"{k} {v['fact_match']:.3f} (n={v['n']})" for k, v in kinds.items())]
    )
