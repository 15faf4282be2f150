"""A table of metrics/eval.json for the terminal."""

from typing import Any

from pagetune.evaluate.advice import advice, open_table
from pagetune.evaluate.evaluation import BOTH_WAYS, view_of
from pagetune.evaluate.sets import as_asked, sets_in, share, silent_in, small_sets


def comparison_table(metrics: dict[str, Any]) -> str:
    """Return a row for each set: the headline before and after, its change with the 95% interval, and the controls.

    The last lines say what to deploy, and name the sets that are too small to tell anything.
    """
    metrics = as_asked(metrics)
    table = _rouge_table(metrics) if view_of(metrics).headline == "rougeL" else _fact_table(metrics)
    return "\n".join([table, *open_table(metrics), *advice(metrics), *small_sets(metrics)])


def _rouge_table(metrics: dict[str, Any]) -> str:
    controls = view_of(metrics).controls
    lines = [f"{'set':<12}{'n':>5}  {'ROUGE-L base -> tuned, change':<42}" + "".join(f"{name:>9}" for name in controls)]
    for name in (name for name in sets_in(metrics) if metrics["tuned"][name]["n"]):
        tuned = metrics["tuned"][name]
        values = "".join(f"{metrics[control][name]['rougeL']:>9.3f}" for control in controls)
        lines.append(f"{name:<12}{tuned['n']:>5}  {_moved(metrics, name, 'base', 'change'):<42}{values}")
    for name in ("heldout", "recall"):
        if metrics["tuned"][name]["n"]:
            lines.append(f"{name}, over the first two turns: {_moved(metrics, name, 'lead2', 'over_lead2')}")
            lines.append(f"{name}: {_rates(metrics, name)}")
    return "\n".join(lines)


def _moved(metrics: dict[str, Any], name: str, before: str, change: str) -> str:
    moved = metrics[change][name]
    interval = f"[{moved['rougeL_ci95_low']:+.3f}, {moved['rougeL_ci95_high']:+.3f}]"
    scores = [metrics[model][name]["rougeL"] for model in (before, "tuned")]
    return f"{scores[0]:.3f} -> {scores[1]:.3f}, {moved['rougeL']:+.3f} {interval}"


def _rates(metrics: dict[str, Any], name: str) -> str:
    tuned = metrics["tuned"][name]
    both = f"ROUGE-1, -2, -L mean {tuned[BOTH_WAYS[0]]:.3f} by the best reference, {tuned[BOTH_WAYS[1]]:.3f} over all"
    lacking = f"{tuned['invented']:.0%} state something the dialogue does not"
    return f"{both}; {tuned['never_stopped']} hit the length limit; {lacking}"


def _fact_table(metrics: dict[str, Any]) -> str:
    titles = f"{'ROUGE-L':<16}{'echo':>6}{'lookup':>8}{'search, top 1 and 5':>21}"
    lines = [f"{'set':<20}{'n':>5}  {'fact match base -> tuned, change':<44}{titles}"]
    for name in sets_in(metrics):
        base, tuned, change = (metrics[part][name] for part in ("base", "tuned", "change"))
        if not tuned["n"]:
            lines.append(f"{name:<20}{0:>5}  (empty)")
            continue
        low, high = change["fact_match_ci95_low"], change["fact_match_ci95_high"]
        facts = f"{base['fact_match']:.3f} -> {tuned['fact_match']:.3f}, {change['fact_match']:+.3f}"
        facts += f" [{low:+.3f}, {high:+.3f}]"
        rouge = "-" if tuned["rougeL"] is None else f"{base['rougeL']:.3f} -> {tuned['rougeL']:.3f}"
        echo, lookup = (metrics[control][name]["fact_match"] for control in view_of(metrics).controls)
        without_a_model = f"{echo:>6.3f}{lookup:>8.3f}{_found(metrics, name):>21}"
        lines.append(f"{name:<20}{tuned['n']:>5}  {facts:<44}{rouge:<16}{without_a_model}")
    lines += _what_moved(metrics) + _on_silence(metrics) + _recall_by_kind(metrics)
    return "\n".join(lines)


def _found(metrics: dict[str, Any], name: str) -> str:
    """Return how often a search finds the answer, or "-" where no question was made from a page."""
    found = [metrics[search][name] for search in view_of(metrics).searches]
    return "  ".join(f"{one['fact_match']:.3f}" if one["n"] else "-" for one in found)


def _what_moved(metrics: dict[str, Any]) -> list[str]:
    lines = []
    for name in (*sets_in(metrics, written=True), "recall", "heldout"):
        change, tuned = metrics["change"][name], metrics["tuned"][name]
        if tuned["n"] > silent_in(tuned):
            lines.append(
                f"{name}: {change['better']} better, {change['worse']} worse, {change['same']} unchanged; "
                f"{tuned['never_stopped']} hit the length limit; {tuned['abstained']:.0%} abstain, "
                f"{tuned['invented']:.0%} invent a number, code or name"
            )
    return lines


def _on_silence(metrics: dict[str, Any]) -> list[str]:
    """Say what the tuned model answers where the documents are silent."""
    silent = {name: own["silent"] for name, own in metrics["tuned"].items() if "silent" in own}
    return [
        f"{name}, what the documents do not answer ({own['n']}): {share(own, 'abstained')} abstain, which is right; "
        f"{share(own, 'invented')} invent a number, code or name"
        for name, own in silent.items()
    ]


def _recall_by_kind(metrics: dict[str, Any]) -> list[str]:
    kinds = metrics["tuned"]["recall"]["by_kind"]
    scores = ", ".join(f"{kind} {score['fact_match']:.3f} (n={score['n']})" for kind, score in kinds.items())
    return [f"recall by kind: {scores}"] if kinds else []
