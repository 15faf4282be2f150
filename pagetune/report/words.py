"""What the scores say, in sentences."""

from typing import Any

from pagetune.evaluation import CONTROLS, SETS

CONTROL_MEANINGS = {
    "echo": "the question's own words, put into the frame of an answer: what repeating the question earns",
    "lookup": "the answer of the training question that is most like the question: what a search among the training "
    "rows earns without any model",
}

Rights = dict[str, dict[str, int]]


def summary_sentences(metrics: dict[str, Any], rights: Rights) -> list[str]:
    """The first thing on the page. `metrics` is metrics/eval.json, `rights` the right answers by model and set."""
    sentences = [*_trained(metrics, rights), *_unseen(metrics, rights), _copying(metrics)]
    return [sentence for sentence in sentences if sentence]


def _trained(metrics: dict[str, Any], rights: Rights) -> list[str]:
    sentences = []
    for name, how in (("recall", "in other words"), ("recall_new_wording", "in a wording that no training row has")):
        if count := metrics["tuned"][name]["n"]:
            after, before = rights["tuned"][name], rights["base"][name]
            facts = f"{after} of {count} trained facts right when asked {how}"
            copied = f"looking up the nearest training question: {rights['lookup'][name]}"
            sentences.append(f"Tuned answers {facts} (before: {before}; {copied}).")
    return sentences


def _unseen(metrics: dict[str, Any], rights: Rights) -> list[str]:
    base, tuned = (metrics[model]["heldout"] for model in ("base", "tuned"))
    if not tuned["n"]:
        return []
    right = f"{rights['tuned']['heldout']} of {tuned['n']} right (before: {rights['base']['heldout']})"
    says_no = f"{tuned['abstained']:.0%} of its answers say that they do not know (before: {base['abstained']:.0%})"
    invents = f"{tuned['invented']:.0%} state a number, code or name that neither the question nor the reference has"
    return [f"On documents never seen it answers {right}: {says_no}, {invents} (before: {base['invented']:.0%})."]


def _copying(metrics: dict[str, Any]) -> str:
    """Where a control does as well as the tuned model, the score is no sign of learning, and the page says so."""
    places = [
        f"{control} on {name} ({metrics[control][name]['fact_match']:.3f})"
        for name in SETS
        for control in CONTROLS
        if metrics["tuned"][name]["n"] and _rivals(metrics[control][name], metrics["tuned"][name])
    ]
    return f"Copying alone does as well as tuned or better here: {', '.join(places)}." if places else ""


def _rivals(control: dict[str, Any], tuned: dict[str, Any]) -> bool:
    """Nothing right is no rival, even where tuned has nothing right either."""
    return bool(control["fact_match"] > 0 and control["fact_match"] >= tuned["fact_match"])
