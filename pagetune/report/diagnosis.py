"""What to change next, where the scores and curves show a known pattern."""

import math
from collections.abc import Sequence
from typing import Any

from pagetune.evaluate.evaluation import view_of
from pagetune.evaluate.messages import Message, noted
from pagetune.evaluate.sets import FEWEST_FACTS, sets_in
from pagetune.records import Pair
from pagetune.report.tiles import leading_set

#: A training was too short where the loss fell by this share over its last quarter, and less than this of recall is
#: right; it was too long where the loss has risen by this share above its lowest.
STILL_FALLING, KNOWN, RISEN = 0.05, 0.9, 0.1
#: Fewer trained facts, or questions a page by rules alone, are few.
FEW_FACTS, FEW_PER_PAGE = 100, 5
#: Points between the ends of an interval above which it hides what a change of settings does.
WIDE = 20
#: The share of invented answers above which a model has not learned to abstain.
INVENTS = 0.3
#: By how much questions of people are answered worse than those of templates, where it is the wording that fails.
WORDING_GAP = 0.3
#: Evaluations that a curve needs before its end says anything.
_POINTS = 4

Rows = Sequence[dict[str, str]]


def diagnosis(metrics: dict[str, Any], validation: Rows, pairs: Sequence[Pair]) -> list[Message]:
    """Return what to change, each with what shows it. `metrics` holds metrics/*.json by file stem."""
    scores = metrics["eval"]
    if view_of(scores).headline == "rougeL":
        return [*_on_curve(metrics, validation, "rougeL"), *_on_interval(scores)]
    return [
        *_on_curve(metrics, validation, "fact_match"),
        *_on_wordings(scores),
        *_on_inventions(metrics),
        *_on_data(metrics, pairs),
        *_on_interval(scores),
    ]


def _on_curve(metrics: dict[str, Any], validation: Rows, metric: str) -> list[Message]:
    losses = [(int(row["step"]), float(row["validation_loss"])) for row in validation if row["validation_loss"]]
    losses = [(step, loss) for step, loss in losses if math.isfinite(loss)]
    if len(losses) < _POINTS:
        return []
    lowest_at, lowest = min(losses, key=lambda point: point[1])
    last, before = losses[-1][1], losses[-1 - len(losses) // 4][1]
    recall, epochs = metrics["eval"]["tuned"]["recall"], metrics["train"]["epochs"]
    unknown = metric == "rougeL" or (recall["n"] and recall[f"{metric}_ci95_high"] < KNOWN)
    if last == lowest and last < (1 - STILL_FALLING) * before and unknown:
        form = noted(
            "The training was too short: the validation loss still fell by {fall:.0%} over its last quarter. Raise "
            "train.epochs (now {epochs})."
        )
        return [Message(form, fall=1 - last / before, epochs=epochs)]
    if last > (1 + RISEN) * lowest:
        form = noted(
            "The training was too long: the validation loss was lowest at step {step} and has risen by {rise:.0%} "
            "since. Set train.load_best_model_at_end: true, or lower train.epochs (now {epochs})."
        )
        return [Message(form, step=lowest_at, rise=last / lowest - 1, epochs=epochs)]
    return []


def _on_wordings(scores: dict[str, Any]) -> list[Message]:
    """Say where facts are known in the words of templates only, or hardly at all."""
    recall, lead = scores["tuned"]["recall"], leading_set(scores)
    if recall["facts"] < FEWEST_FACTS or lead is None:
        return []
    own = scores["tuned"][lead]
    if lead != "recall" and recall["fact_match"] - own["fact_match"] > WORDING_GAP:
        form = noted(
            "The facts are known in the words of templates ({recall:.0%} of recall) and not as people ask ({own:.0%} "
            "of {set}): raise curate.paraphrases, set curate.paraphrase_method: llm, or choose a larger model.base."
        )
        return [Message(form, recall=recall["fact_match"], own=own["fact_match"], set=lead)]
    return []


def _on_inventions(metrics: dict[str, Any]) -> list[Message]:
    tuned = metrics["eval"]["tuned"]
    silent = next((tuned[name]["silent"] for name in sets_in(metrics["eval"]) if "silent" in tuned[name]), None)
    if silent is None or silent["invented"] <= INVENTS or metrics["curate"]["abstain"]["rows"]:
        return []
    form = noted(
        "No training row abstains, and {invented:.0%} of the questions that no document answers get an invented "
        "answer: try curate.abstain_fraction: 0.2."
    )
    return [Message(form, invented=silent["invented"])]


def _on_data(metrics: dict[str, Any], pairs: Sequence[Pair]) -> list[Message]:
    said = []
    facts, pages = metrics["curate"]["facts"]["train"], metrics["extract"]["ok"]
    if facts < FEW_FACTS:
        form = noted("Only {facts} facts were trained, fewer than {few}: add documents or questions of your own.")
        said.append(Message(form, facts=facts, few=FEW_FACTS))
    by_page = sum(pair.page_number is not None for pair in pairs) / pages if pages else FEW_PER_PAGE
    if by_page < FEW_PER_PAGE and not any(pair.kind == "llm" for pair in pairs):
        form = noted(
            "The rules found {by_page:.1f} questions a page: a language model finds more in such text (qa.generator: "
            "rules+llm)."
        )
        said.append(Message(form, by_page=by_page))
    return said


def _on_interval(scores: dict[str, Any]) -> list[Message]:
    """Say how many questions would halve a wide interval; one with fewer than `FEWEST_FACTS` is named elsewhere."""
    lead, metric = leading_set(scores), view_of(scores).headline
    if lead is None or scores["tuned"][lead]["facts"] < FEWEST_FACTS:
        return []
    own = scores["tuned"][lead]
    points = round(100 * (own[f"{metric}_ci95_high"] - own[f"{metric}_ci95_low"]))
    if points <= WIDE:
        return []
    form = noted(
        "The interval of {set} spans {points} points, and smaller changes do not show: four times as many questions "
        "({more}) would halve it."
    )
    return [Message(form, set=lead, points=points, more=4 * own["facts"])]
