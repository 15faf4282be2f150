"""What the scores say, in sentences."""

from typing import Any

from pagetune.evaluate.evaluation import SETS, view_of

CONTROL_MEANINGS = {
    "echo": "the question's own words, put into the frame of an answer: what repeating the question earns",
    "lookup": "the answer of the training question that is most like the question: what a search among the training "
    "rows earns without any model",
    "lead2": "the first two turns of the dialogue as they stand",
    "swapped": "tuned's own summary of the next dialogue: what its way of writing earns, whatever the dialogue says",
}

Rights = dict[str, dict[str, int]]


def summary_sentences(metrics: dict[str, Any], rights: Rights) -> list[str]:
    """The first thing on the page. `metrics` is metrics/eval.json, `rights` the right answers by model and set."""
    if view_of(metrics).headline == "rougeL":
        return _summaries(metrics)
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
        for control in view_of(metrics).controls
        if metrics["tuned"][name]["n"] and _rivals(metrics[control][name], metrics["tuned"][name])
    ]
    return f"Copying alone does as well as tuned or better here: {', '.join(places)}." if places else ""


def _summaries(metrics: dict[str, Any]) -> list[str]:
    """What was learnt by heart stands beside what was learnt, and is called that."""
    heldout, recall = (metrics["tuned"][name] for name in ("heldout", "recall"))
    sentences = []
    if heldout["n"]:
        interval = f"[{heldout['rougeL_ci95_low']:.3f}, {heldout['rougeL_ci95_high']:.3f}]"
        before, lead = (metrics[name]["heldout"]["rougeL"] for name in ("base", "lead2"))
        sentences.append(
            f"Of {heldout['n']} dialogues on topics never seen tuned's summaries have a ROUGE-L of "
            f"{heldout['rougeL']:.3f} {interval} (before: {before:.3f}; the first two turns: {lead:.3f})."
        )
        sentences.append(_form_alone(metrics))
        sentences.append(
            f"{heldout['invented']:.0%} of them state a number, code or name that neither the dialogue nor a reference "
            f"has, and {heldout['never_stopped']} were cut short."
        )
    if recall["n"]:
        sentences.append(
            f"Of {recall['n']} dialogues that it was trained on it has {recall['rougeL']:.3f}: that is memory, and "
            "says nothing about a new dialogue."
        )
    return sentences


def _form_alone(metrics: dict[str, Any]) -> str:
    swapped, tuned = (metrics[name]["heldout"]["rougeL"] for name in ("swapped", "tuned"))
    return (
        f"Its summary of the next dialogue would score {swapped:.3f}: so much is earned by writing like a summary, and "
        f"{tuned - swapped:+.3f} by what the dialogue says."
    )


def _rivals(control: dict[str, Any], tuned: dict[str, Any]) -> bool:
    """Nothing right is no rival, even where tuned has nothing right either."""
    return bool(control["fact_match"] > 0 and control["fact_match"] >= tuned["fact_match"])
