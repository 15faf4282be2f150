"""What the scores say, in sentences."""

from typing import Any

from pagetune.evaluate.advice import advice
from pagetune.evaluate.evaluation import SETS, view_of
from pagetune.evaluate.sets import sets_in, share, silent_in, small_sets
from pagetune.evaluate.untouched import left_out_line

CONTROL_MEANINGS = {
    "echo": "the words of the question in the form of an answer: the score for repeating the question",
    "lookup": "the answer of the most similar training row: the score for searching the training rows without a model",
    "lead2": "the first two turns of the dialogue, unchanged",
    "swapped": "the tuned model's summary of the next dialogue: the score for its style, whatever the dialogue says",
}
OPEN_MEANINGS = {
    "base_open": "the base with the best passages of the search in its prompt",
    "tuned_open": "the tuned model with the same passages in its prompt",
}
SEARCH_MEANINGS = {
    "search_top1": "the share of questions for which the best passage of a search over the pages states the answer; "
    "questions of your own rows, which have no page, are not counted",
    "search_top5": "the same for one of the five best passages",
}

Rights = dict[str, dict[str, int]]


def summary_sentences(metrics: dict[str, Any], rights: Rights) -> list[str]:
    """Return the findings that open the page.

    `metrics` is metrics/eval.json by `as_asked`, `rights` the number of right answers by model and set.
    """
    if view_of(metrics).headline == "rougeL":
        return [*_on_summaries(metrics), *_left_out(metrics), *small_sets(metrics)]
    leading = sets_in(metrics, written=True)
    sentences = [*advice(metrics), *_on_passages(metrics)]
    sentences += [sentence for name in leading for sentence in _on_written(metrics, rights, name)]
    sentences += [*_on_trained_facts(metrics, rights), *_on_unseen_documents(metrics, rights)]
    sentences += [_on_searching(metrics), _on_copying(metrics)]
    last = [name for name in sets_in(metrics) if name not in (*leading, *SETS)]
    for name in last:
        general = "general" in metrics["tuned"][name]
        sentences += (_on_general if general else _on_written)(metrics, rights, name)
    return [*(sentence for sentence in sentences if sentence), *_left_out(metrics), *small_sets(metrics)]


def _left_out(metrics: dict[str, Any]) -> list[str]:
    return [left_out_line(metrics["left_out"])] if "left_out" in metrics else []


def _on_passages(metrics: dict[str, Any]) -> list[str]:
    """Say that all that follows is about answers to passages, where there are no others."""
    if "only_open" not in metrics:
        return []
    return [
        "Base and tuned were asked with the best passages of the search in the prompt (predict.book: open), and what "
        "follows is about these answers. General questions were asked without passages."
    ]


def _on_general(metrics: dict[str, Any], rights: Rights, name: str) -> list[str]:
    """Say what the tuning cost on questions that are not about the documents, beside what it brought on recall."""
    change, recall = metrics["change"][name], metrics["tuned"]["recall"]["n"]
    after, before = rights["tuned"][name], rights["base"][name]
    moved = f"before tuning: {before}; {change['worse']} were lost, {change['better']} gained"
    gain = f", while recall went from {rights['base']['recall']} to {rights['tuned']['recall']} of {recall}"
    right = f"the tuned model answers {after} of {metrics['tuned'][name]['n']} correctly ({moved})"
    asked = f"Of the questions of {name}, which are not about the documents"
    sentences = [f"{asked}, {right}{gain if recall else ''}."]
    if change["fact_match_ci95_high"] < 0:
        sentences.append("It has unlearned something that it knew: a higher train.replay_fraction keeps more of it.")
    return sentences


def _on_written(metrics: dict[str, Any], rights: Rights, name: str) -> list[str]:
    """Say how a set written by hand is answered: what has an answer, and what the documents do not answer."""
    base, tuned = (metrics[model][name] for model in ("base", "tuned"))
    silent = tuned.get("silent")
    sentences = []
    if silent_in(tuned) < tuned["n"]:
        after, before, lookup = (rights[model][name] for model in ("tuned", "base", "lookup"))
        sentences.append(
            f"Of the questions of {name}, which no template wrote, the tuned model answers {after} of {tuned['n']} "
            f"correctly (before tuning: {before}; lookup of the most similar training question: {lookup})."
        )
    if silent:
        abstains, invents = (share(silent, rate) for rate in ("abstained", "invented"))
        sentences.append(
            f"To the questions of {name} that the documents do not answer ({silent['n']}), {abstains} of its answers "
            f"say so (before: {base['silent']['abstained']:.0%}), and {invents} state an invented number, code or name "
            f"(before: {base['silent']['invented']:.0%})."
        )
    return sentences


def _on_trained_facts(metrics: dict[str, Any], rights: Rights) -> list[str]:
    sentences = []
    for name, how in (("recall", "in other words"), ("recall_new_wording", "in a wording that no training row has")):
        if count := metrics["tuned"][name]["n"]:
            after, before = rights["tuned"][name], rights["base"][name]
            facts = f"{after} of {count} questions about trained facts correctly when asked {how}"
            lookup = f"lookup of the most similar training question: {rights['lookup'][name]}"
            sentences.append(f"The tuned model answers {facts} (before tuning: {before}; {lookup}).")
    return sentences


def _on_unseen_documents(metrics: dict[str, Any], rights: Rights) -> list[str]:
    base, tuned = (metrics[model]["heldout"] for model in ("base", "tuned"))
    if not tuned["n"]:
        return []
    right = (
        f"{rights['tuned']['heldout']} of {tuned['n']} questions correctly (before tuning: {rights['base']['heldout']})"
    )
    abstains = f"{tuned['abstained']:.0%} of its answers say that they do not know (before: {base['abstained']:.0%})"
    invents = f"{tuned['invented']:.0%} state a number, code or name found in neither question, reference nor page"
    return [f"On unseen documents it answers {right}; {abstains}, and {invents} (before: {base['invented']:.0%})."]


def _on_searching(metrics: dict[str, Any]) -> str:
    """Say how often a search finds the answers on trained and on unseen documents."""
    found = [
        f"{metrics['search_top5'][name]['fact_match']:.0%} of the questions of {name} "
        f"({metrics['search_top1'][name]['fact_match']:.0%} in the best one)"
        for name in ("recall", "heldout")
        if metrics["search_top5"][name]["n"]
    ]
    return (
        f"The five best passages of a search over the pages state the answer to {', and to '.join(found)}."
        if found
        else ""
    )


def _on_copying(metrics: dict[str, Any]) -> str:
    """Name the controls that do as well as the tuned model: there its score does not show that it learned anything."""
    matched = [
        f"{control} on {name} ({metrics[control][name]['fact_match']:.3f})"
        for name in sets_in(metrics)
        for control in view_of(metrics).controls
        if metrics["tuned"][name]["n"] and _rivals(metrics[control][name], metrics["tuned"][name])
    ]
    return f"Copying scores at least as high as the tuned model here: {', '.join(matched)}." if matched else ""


def _on_summaries(metrics: dict[str, Any]) -> list[str]:
    """Report the score on new dialogues, and beside it the one on trained dialogues as memorisation."""
    heldout, recall = (metrics["tuned"][name] for name in ("heldout", "recall"))
    sentences = []
    if heldout["n"]:
        interval = f"[{heldout['rougeL_ci95_low']:.3f}, {heldout['rougeL_ci95_high']:.3f}]"
        before, lead = (metrics[name]["heldout"]["rougeL"] for name in ("base", "lead2"))
        sentences.append(
            f"On {heldout['n']} dialogues of unseen topics, the tuned model's summaries score a ROUGE-L of "
            f"{heldout['rougeL']:.3f} {interval} (before tuning: {before:.3f}; the first two turns: {lead:.3f})."
        )
        sentences.append(_style_and_content(metrics))
        sentences.append(
            f"{heldout['invented']:.0%} of them state a number, code or name found in neither the dialogue nor a "
            f"reference, and {heldout['never_stopped']} hit the length limit."
        )
    if recall["n"]:
        sentences.append(
            f"On {recall['n']} dialogues that it was trained on it scores {recall['rougeL']:.3f}: that is "
            "memorisation, and says nothing about new dialogues."
        )
    return sentences


def _style_and_content(metrics: dict[str, Any]) -> str:
    swapped, tuned = (metrics[name]["heldout"]["rougeL"] for name in ("swapped", "tuned"))
    return (
        f"Its summary of another dialogue scores {swapped:.3f}: that much comes from writing in the style of a "
        f"summary, and {tuned - swapped:+.3f} from what the dialogue says."
    )


def _rivals(control: dict[str, Any], tuned: dict[str, Any]) -> bool:
    """Tell whether the control has something right, and at least as much as tuned."""
    return bool(control["fact_match"] > 0 and control["fact_match"] >= tuned["fact_match"])
