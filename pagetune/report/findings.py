"""What the scores say, in sentences."""

from typing import Any

from pagetune.evaluate.advice import advice
from pagetune.evaluate.evaluation import SETS, view_of
from pagetune.evaluate.messages import Message, joined, listed, noted
from pagetune.evaluate.sets import sets_in, share, silent_in, small_sets
from pagetune.evaluate.untouched import left_out_line

CONTROL_MEANINGS = {
    "echo": Message("the words of the question in the form of an answer: the score for repeating the question"),
    "lookup": Message(
        "the answer of the most similar training row: the score for searching the training rows without a model"
    ),
    "lead2": Message("the first two turns of the dialogue, unchanged"),
    "swapped": Message(
        "the tuned model's summary of the next dialogue: the score for its style, whatever the dialogue says"
    ),
}
OPEN_MEANINGS = {
    "base_open": Message("the base with the best passages of the search in its prompt"),
    "tuned_open": Message("the tuned model with the same passages in its prompt"),
}
SEARCH_MEANINGS = {
    "search_top1": Message(
        "the share of questions for which the best passage of a search over the pages states the answer; questions of "
        "your own rows, which have no page, are not counted"
    ),
    "search_top5": Message("the same for one of the five best passages"),
}

Rights = dict[str, dict[str, int]]


def summary_sentences(metrics: dict[str, Any], rights: Rights) -> list[Message]:
    """Return the findings that open the page.

    `metrics` is metrics/eval.json by `as_asked`, `rights` the number of right answers by model and set.
    """
    if view_of(metrics).headline == "rougeL":
        return [*_on_summaries(metrics), *_left_out(metrics), *small_sets(metrics)]
    leading = sets_in(metrics, written=True)
    sentences = [*advice(metrics), *_on_passages(metrics)]
    sentences += [sentence for name in leading for sentence in _on_written(metrics, rights, name)]
    sentences += [*_on_trained_facts(metrics, rights), *_on_unseen_documents(metrics, rights)]
    sentences += [*_on_searching(metrics), *_on_copying(metrics)]
    last = [name for name in sets_in(metrics) if name not in (*leading, *SETS)]
    for name in last:
        general = "general" in metrics["tuned"][name]
        sentences += (_on_general if general else _on_written)(metrics, rights, name)
    return [*sentences, *_left_out(metrics), *small_sets(metrics)]


def _left_out(metrics: dict[str, Any]) -> list[Message]:
    return [left_out_line(metrics["left_out"])] if "left_out" in metrics else []


def _on_passages(metrics: dict[str, Any]) -> list[Message]:
    """Say that all that follows is about answers to passages, where there are no others."""
    if "only_open" not in metrics:
        return []
    return [
        Message(
            "Base and tuned were asked with the best passages of the search in the prompt (predict.book: open), and "
            "what follows is about these answers. General questions were asked without passages."
        )
    ]


def _on_general(metrics: dict[str, Any], rights: Rights, name: str) -> list[Message]:
    """Say what the tuning cost on questions that are not about the documents, beside what it brought on recall."""
    change, recall = metrics["change"][name], metrics["tuned"]["recall"]["n"]
    right = Message(
        "Of the questions of {set}, which are not about the documents, the tuned model answers {after} of {n} "
        "correctly (before tuning: {before}; {worse} were lost, {better} gained).",
        set=name,
        after=rights["tuned"][name],
        n=metrics["tuned"][name]["n"],
        before=rights["base"][name],
        worse=change["worse"],
        better=change["better"],
    )
    sentences = [right]
    if recall:
        form = noted("Meanwhile recall went from {before} to {after} of {n}.")
        before, after = (rights[model]["recall"] for model in ("base", "tuned"))
        sentences.append(Message(form, before=before, after=after, n=recall))
    if change["fact_match_ci95_high"] < 0:
        sentences.append(
            Message("It has unlearned something that it knew: a higher train.replay_fraction keeps more of it.")
        )
    return sentences


def _on_written(metrics: dict[str, Any], rights: Rights, name: str) -> list[Message]:
    """Say how a set written by hand is answered: what has an answer, and what the documents do not answer."""
    base, tuned = (metrics[model][name] for model in ("base", "tuned"))
    sentences = []
    if silent_in(tuned) < tuned["n"]:
        sentences.append(
            Message(
                "Of the questions of {set}, which no template wrote, the tuned model answers {after} of {n} correctly "
                "(before tuning: {before}; lookup of the most similar training question: {lookup}).",
                set=name,
                n=tuned["n"],
                **_rights_of(rights, name),
            )
        )
    if "silent" in tuned:
        sentences.append(_on_silent(name, base["silent"], tuned["silent"]))
    return sentences


def _rights_of(rights: Rights, name: str) -> dict[str, int]:
    """Return how many answers of a set are right, as the sentences name them."""
    models = {"after": "tuned", "before": "base", "lookup": "lookup"}
    return {as_said: rights[model][name] for as_said, model in models.items()}


def _on_silent(name: str, base: dict[str, Any], tuned: dict[str, Any]) -> Message:
    return Message(
        "To the questions of {set} that the documents do not answer ({n}), {abstains} of its answers say so (before: "
        "{abstained:.0%}), and {invents} state an invented number, code or name (before: {invented:.0%}).",
        set=name,
        n=tuned["n"],
        abstains=share(tuned, "abstained"),
        invents=share(tuned, "invented"),
        abstained=base["abstained"],
        invented=base["invented"],
    )


def _on_trained_facts(metrics: dict[str, Any], rights: Rights) -> list[Message]:
    forms = {
        "recall": noted(
            "The tuned model answers {after} of {n} questions about trained facts correctly when asked in other words "
            "(before tuning: {before}; lookup of the most similar training question: {lookup})."
        ),
        "recall_new_wording": noted(
            "The tuned model answers {after} of {n} questions about trained facts correctly when asked in a wording "
            "that no training row has (before tuning: {before}; lookup of the most similar training question: "
            "{lookup})."
        ),
    }
    counts = {name: metrics["tuned"][name]["n"] for name in forms}
    return [Message(forms[name], n=n, **_rights_of(rights, name)) for name, n in counts.items() if n]


def _on_unseen_documents(metrics: dict[str, Any], rights: Rights) -> list[Message]:
    base, tuned = (metrics[model]["heldout"] for model in ("base", "tuned"))
    if not tuned["n"]:
        return []
    return [
        Message(
            "On unseen documents it answers {after} of {n} questions correctly (before tuning: {before}); "
            "{abstains:.0%} of its answers say that they do not know (before: {abstained:.0%}), and {invents:.0%} "
            "state a number, code or name found in neither question, reference nor page (before: {invented:.0%}).",
            after=rights["tuned"]["heldout"],
            n=tuned["n"],
            before=rights["base"]["heldout"],
            abstains=tuned["abstained"],
            abstained=base["abstained"],
            invents=tuned["invented"],
            invented=base["invented"],
        )
    ]


def _on_searching(metrics: dict[str, Any]) -> list[Message]:
    """Say how often a search finds the answers on trained and on unseen documents."""
    found = [
        Message(
            "{five:.0%} of the questions of {set} ({best:.0%} in the best one)",
            five=metrics["search_top5"][name]["fact_match"],
            set=name,
            best=metrics["search_top1"][name]["fact_match"],
        )
        for name in ("recall", "heldout")
        if metrics["search_top5"][name]["n"]
    ]
    form = noted("The five best passages of a search over the pages state the answer to {found}.")
    return [Message(form, found=listed(found))] if found else []


def _on_copying(metrics: dict[str, Any]) -> list[Message]:
    """Name the controls that do as well as the tuned model: there its score does not show that it learned anything."""
    matched = [
        Message(
            "{control} on {set} ({score:.3f})", control=control, set=name, score=metrics[control][name]["fact_match"]
        )
        for name in sets_in(metrics)
        for control in view_of(metrics).controls
        if metrics["tuned"][name]["n"] and _rivals(metrics[control][name], metrics["tuned"][name])
    ]
    form = noted("Copying scores at least as high as the tuned model here: {matched}.")
    return [Message(form, matched=joined(matched))] if matched else []


def _on_summaries(metrics: dict[str, Any]) -> list[Message]:
    """Report the score on new dialogues, and beside it the one on trained dialogues as memorisation."""
    heldout, recall = (metrics["tuned"][name] for name in ("heldout", "recall"))
    sentences = _on_new_dialogues(metrics, heldout) if heldout["n"] else []
    if recall["n"]:
        form = noted(
            "On {n} dialogues that it was trained on it scores {score:.3f}: that is memorisation, and says nothing "
            "about new dialogues."
        )
        sentences.append(Message(form, n=recall["n"], score=recall["rougeL"]))
    return sentences


def _on_new_dialogues(metrics: dict[str, Any], heldout: dict[str, Any]) -> list[Message]:
    scores = {name: metrics[name]["heldout"]["rougeL"] for name in ("base", "lead2", "swapped", "tuned")}
    return [
        Message(
            "On {n} dialogues of unseen topics, the tuned model's summaries score a ROUGE-L of {tuned:.3f} [{low:.3f}, "
            "{high:.3f}] (before tuning: {base:.3f}; the first two turns: {lead:.3f}).",
            n=heldout["n"],
            tuned=scores["tuned"],
            low=heldout["rougeL_ci95_low"],
            high=heldout["rougeL_ci95_high"],
            base=scores["base"],
            lead=scores["lead2"],
        ),
        Message(
            "Its summary of another dialogue scores {swapped:.3f}: that much comes from writing in the style of a "
            "summary, and {content:+.3f} from what the dialogue says.",
            swapped=scores["swapped"],
            content=scores["tuned"] - scores["swapped"],
        ),
        Message(
            "{invented:.0%} of them state a number, code or name found in neither the dialogue nor a reference, and "
            "{unended} hit the length limit.",
            invented=heldout["invented"],
            unended=heldout["never_stopped"],
        ),
    ]


def _rivals(control: dict[str, Any], tuned: dict[str, Any]) -> bool:
    """Tell whether the control has something right, and at least as much as tuned."""
    return bool(control["fact_match"] > 0 and control["fact_match"] >= tuned["fact_match"])
