"""A table of metrics/eval.json for the terminal."""

import unicodedata
from collections.abc import Callable
from typing import Any

from pagetune.evaluate.advice import advice, open_table
from pagetune.evaluate.evaluation import BOTH_WAYS, view_of
from pagetune.evaluate.messages import Message, joined
from pagetune.evaluate.sets import as_asked, sets_in, share, silent_in, small_sets

Say = Callable[[str], str]


def comparison_table(metrics: dict[str, Any], say: Say = str) -> str:
    """Return a row for each set: the headline before and after, its change with the 95% interval, and the controls.

    The last lines say what to deploy, and name the sets that are too small to tell anything. `say` returns a message in
    the reader's language.
    """
    metrics = as_asked(metrics)
    table = _rouge_table(metrics, say) if view_of(metrics).headline == "rougeL" else _fact_table(metrics, say)
    return "\n".join(map(say, [*table, *open_table(metrics), *advice(metrics), *small_sets(metrics)]))


def _padded(text: str, columns: int) -> str:
    """Fill a text up to this many columns of a terminal, in which a Korean letter takes two."""
    return text + " " * (columns - _columns(text))


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _rouge_table(metrics: dict[str, Any], say: Say) -> list[str]:
    controls = view_of(metrics).controls
    moved = _padded(say(Message("ROUGE-L base -> tuned, change")), 42)
    lines: list[str] = [
        _padded(say(Message("set")), 12) + f"{'n':>5}  {moved}" + "".join(f"{name:>9}" for name in controls)
    ]
    for name in (name for name in sets_in(metrics) if metrics["tuned"][name]["n"]):
        tuned = metrics["tuned"][name]
        values = "".join(f"{metrics[control][name]['rougeL']:>9.3f}" for control in controls)
        lines.append(f"{name:<12}{tuned['n']:>5}  {_moved(metrics, name, 'base', 'change'):<42}{values}")
    for name in ("heldout", "recall"):
        if metrics["tuned"][name]["n"]:
            change = _moved(metrics, name, "lead2", "over_lead2")
            lines.append(Message("{name}, over the first two turns: {change}", name=name, change=change))
            lines.append(joined([name, _rates(metrics, name)], ": "))
    return lines


def _moved(metrics: dict[str, Any], name: str, before: str, change: str) -> str:
    moved = metrics[change][name]
    interval = f"[{moved['rougeL_ci95_low']:+.3f}, {moved['rougeL_ci95_high']:+.3f}]"
    scores = [metrics[model][name]["rougeL"] for model in (before, "tuned")]
    return f"{scores[0]:.3f} -> {scores[1]:.3f}, {moved['rougeL']:+.3f} {interval}"


def _rates(metrics: dict[str, Any], name: str) -> str:
    tuned = metrics["tuned"][name]
    return Message(
        "ROUGE-1, -2, -L mean {best:.3f} by the best reference, {all:.3f} over all; {cut} hit the length limit; "
        "{invented:.0%} state something the dialogue does not",
        best=tuned[BOTH_WAYS[0]],
        all=tuned[BOTH_WAYS[1]],
        cut=tuned["never_stopped"],
        invented=tuned["invented"],
    )


def _fact_table(metrics: dict[str, Any], say: Say) -> list[str]:
    search = say(Message("search, top 1 and 5"))
    titles = f"{'ROUGE-L':<16}{'echo':>6}{'lookup':>8}{' ' * (21 - _columns(search))}{search}"
    moved = _padded(say(Message("fact match base -> tuned, change")), 44)
    lines: list[str] = [_padded(say(Message("set")), 20) + f"{'n':>5}  {moved}{titles}"]
    for name in sets_in(metrics):
        base, tuned, change = (metrics[part][name] for part in ("base", "tuned", "change"))
        if not tuned["n"]:
            lines.append(Message("{name:<20}{n:>5}  (empty)", name=name, n=0))
            continue
        low, high = change["fact_match_ci95_low"], change["fact_match_ci95_high"]
        facts = f"{base['fact_match']:.3f} -> {tuned['fact_match']:.3f}, {change['fact_match']:+.3f}"
        facts += f" [{low:+.3f}, {high:+.3f}]"
        rouge = "-" if tuned["rougeL"] is None else f"{base['rougeL']:.3f} -> {tuned['rougeL']:.3f}"
        echo, lookup = (metrics[control][name]["fact_match"] for control in view_of(metrics).controls)
        without_a_model = f"{echo:>6.3f}{lookup:>8.3f}{_found(metrics, name):>21}"
        lines.append(f"{name:<20}{tuned['n']:>5}  {facts:<44}{rouge:<16}{without_a_model}")
    return [*lines, *_what_moved(metrics), *_on_silence(metrics), *_recall_by_kind(metrics)]


def _found(metrics: dict[str, Any], name: str) -> str:
    """Return how often a search finds the answer, or "-" where no question was made from a page."""
    found = [metrics[search][name] for search in view_of(metrics).searches]
    return "  ".join(f"{one['fact_match']:.3f}" if one["n"] else "-" for one in found)


def _what_moved(metrics: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name in (*sets_in(metrics, written=True), "recall", "heldout"):
        change, tuned = metrics["change"][name], metrics["tuned"][name]
        if tuned["n"] > silent_in(tuned):
            lines.append(
                Message(
                    "{name}: {better} better, {worse} worse, {same} unchanged; {cut} hit the length limit; "
                    "{abstained:.0%} abstain, {invented:.0%} invent a number, code or name",
                    name=name,
                    **{way: change[way] for way in ("better", "worse", "same")},
                    cut=tuned["never_stopped"],
                    abstained=tuned["abstained"],
                    invented=tuned["invented"],
                )
            )
    return lines


def _on_silence(metrics: dict[str, Any]) -> list[str]:
    """Say what the tuned model answers where the documents are silent."""
    silent = {name: own["silent"] for name, own in metrics["tuned"].items() if "silent" in own}
    return [
        Message(
            "{name}, what the documents do not answer ({n}): {abstained} abstain, which is right; {invented} invent a "
            "number, code or name",
            name=name,
            n=own["n"],
            abstained=share(own, "abstained"),
            invented=share(own, "invented"),
        )
        for name, own in silent.items()
    ]


def _recall_by_kind(metrics: dict[str, Any]) -> list[str]:
    kinds = metrics["tuned"]["recall"]["by_kind"]
    scores = ", ".join(f"{kind} {score['fact_match']:.3f} (n={score['n']})" for kind, score in kinds.items())
    return [Message("recall by kind: {scores}", scores=scores)] if kinds else []
