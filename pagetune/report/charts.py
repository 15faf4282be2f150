"""The charts of the report, drawn from metrics/*."""

import math
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.evaluation import View, view_of
from pagetune.evaluate.sets import asked_sets, open_models
from pagetune.report.coverage import Coverage
from pagetune.report.svg import (
    BASE,
    BASE_OPEN,
    ECHO,
    INK,
    LOOKUP,
    SEARCH_TOP1,
    SEARCH_TOP5,
    SWAPPED,
    TUNED,
    TUNED_OPEN,
    draw_svg,
    name_above,
    shorten,
)

COLOURS = {"base": BASE, "tuned": TUNED, "echo": ECHO, "lead2": ECHO, "lookup": LOOKUP, "swapped": SWAPPED}
COLOURS |= {"base_open": BASE_OPEN, "tuned_open": TUNED_OPEN, "search_top1": SEARCH_TOP1, "search_top5": SEARCH_TOP5}
#: The name and the meaning of each metric that can lead.
HEADLINES = {
    "fact_match": ("Fact match", "Share of answers that state exactly the facts of the reference"),
    "rougeL": ("ROUGE-L", "Longest common subsequence of tokens with the reference"),
}
#: The names of the metrics that can be shown beside it.
BESIDE = {"rougeL": "ROUGE-L", "rouge_combined_f1": "ROUGE-1, -2, -L"}
#: How many documents are drawn: trained and held-out ones by group, and documents in the chart of pages.
TRAINED_SHOWN, UNSEEN_SHOWN, COVERED_SHOWN = 12, 6, 18
#: More names of sets than this are written aslant, each of at most `LABEL` columns.
MOST_UPRIGHT, LABEL = 5, 20

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Chart:
    """`svg` is empty where there is nothing to draw, and `note` says so."""

    name: str
    title: str
    svg: Markup
    note: str


def charts(
    metrics: dict[str, Any], curves: dict[str, Rows], memory: Rows, groups: Rows, covered: list[Coverage]
) -> list[Chart]:
    """Return every chart in the order of the page. `memory` and `groups` are CSV rows, and so are the `curves`."""
    view = view_of(metrics)
    return [
        scores_chart(metrics, view),
        loss_chart(curves),
        groups_chart(groups, "kind", view),
        groups_chart(groups, "document", view),
        coverage_chart(covered),
        memory_chart(memory),
    ]


def scores_chart(metrics: dict[str, Any], view: View) -> Chart:
    shown = shown_in(metrics, view)
    names = asked_sets(metrics)
    crowded = len(names) > MOST_UPRIGHT

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for offset, model in enumerate(shown):
            shift = (offset - (len(shown) - 1) / 2) * 0.84 / len(shown)
            _bars(axes, shift, 0.76 / len(shown), model, [metrics[model][name] for name in names], view.headline)
        labels = [shorten(name, LABEL) if crowded else name.replace("_", "\n", 1) for name in names]
        axes.set_xticks(range(len(names)), labels, **({"rotation": 30, "ha": "right"} if crowded else {}))
        axes.set_ylim(0, 1.05)
        figure.legend(loc="outside upper center", ncols=min(4, len(shown)), handlelength=1, columnspacing=1)

    title, meaning = HEADLINES[view.headline]
    values = "; ".join(_values_of_set(name, metrics, view) for name in names)
    note = f"{meaning}, with 95% intervals."
    return Chart("scores", title, draw_svg(f"{title} by set. {values}.", 3.2 if crowded else 2.6, draw), note)


def shown_in(metrics: dict[str, Any], view: View) -> tuple[str, ...]:
    """Return the models, the controls, and the searches that were scored on any set."""
    searched = (name for name in view.searches if any(own["n"] for own in metrics[name].values()))
    return (*MODELS, *open_models(metrics), *view.controls, *searched)


def _bars(axes: Any, offset: float, width: float, model: str, summaries: list[dict[str, Any]], metric: str) -> None:
    placed = [(index + offset, summary) for index, summary in enumerate(summaries) if summary["n"]]
    positions, summaries = [at for at, _ in placed], [summary for _, summary in placed]
    values = [summary[metric] for summary in summaries]
    # The mean of a few rows may be the end of its interval, and rounding may put it outside.
    low = [max(0, summary[metric] - summary[f"{metric}_ci95_low"]) for summary in summaries]
    high = [max(0, summary[f"{metric}_ci95_high"] - summary[metric]) for summary in summaries]
    axes.bar(positions, values, width=width, color=COLOURS[model], label=model)
    axes.errorbar(positions, values, yerr=[low, high], fmt="none", ecolor=INK, elinewidth=0.8, capsize=2)


def _values_of_set(name: str, metrics: dict[str, Any], view: View) -> str:
    shown = [(model, metrics[model][name]) for model in shown_in(metrics, view)]
    values = [f"{model} {summary[view.headline]:.2f}" for model, summary in shown if summary["n"]]
    return f"{name}: {', '.join(values)}"


def loss_chart(curves: dict[str, Rows]) -> Chart:
    """Draw the losses of the rows in `curves`, by the name of what was measured: train, validation."""
    lines = {name: _points(rows, f"{name}_loss") for name, rows in curves.items()}
    if not lines["train"]:
        return Chart("loss", "Loss", Markup(), "The training recorded no loss.")
    last = f"Train loss from {lines['train'][0][1]:.3f} to {lines['train'][-1][1]:.3f}"
    colours = {"train": TUNED, "validation": BASE}
    svg = draw_svg(f"{last} over the steps.", 2.6, lambda figure: _draw_lines(figure, lines, colours, "loss"))
    return Chart("loss", "Loss", svg, f"{last}; each point is the mean since the point before it.")


def memory_chart(memory: Rows) -> Chart:
    columns = {"reserved": "reserved_mib", "peak": "peak_mib", "allocated": "allocated_mib"}
    lines = {name: _points(memory, column) for name, column in columns.items()}
    if not lines["peak"]:
        return Chart("memory", "Memory", Markup(), "The training recorded no memory use.")
    if lines["reserved"] == lines["allocated"]:
        # Without a GPU only the memory of the process is recorded.
        del lines["reserved"]
    highest = f"Peak of {max(value for _, value in lines['peak']):,.0f} MiB"
    colours = {"reserved": BASE, "peak": LOOKUP, "allocated": TUNED}
    svg = draw_svg(f"{highest} over the steps.", 2.6, lambda figure: _draw_lines(figure, lines, colours, "MiB"))
    return Chart("memory", "Memory", svg, f"{highest} of GPU memory, or of process memory without a GPU.")


def _points(rows: Rows, column: str) -> list[tuple[int, float]]:
    """Return (step, value) of each row that has a finite value; the training reports a loss that is not finite."""
    points = [(int(row["step"]), float(row[column])) for row in rows if row[column]]
    return [(step, value) for step, value in points if math.isfinite(value)]


def _draw_lines(figure: Any, lines: dict[str, list[tuple[int, float]]], colours: dict[str, str], quantity: str) -> None:
    axes = figure.subplots()
    for name, points in lines.items():
        if points:
            axes.plot(
                *zip(*points, strict=True), color=colours[name], label=name, marker="." if len(points) < 3 else ""
            )
    axes.set_xlabel("step")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(quantity)
    axes.set_ylim(0, 1.08 * max(value for points in lines.values() for _, value in points) or 1)
    figure.legend(loc="outside upper center", ncols=3, handlelength=1.5)


def groups_chart(groups: Rows, by: str, view: View) -> Chart:
    """Draw both models group by group: on trained facts (recall) and on unseen documents (heldout)."""
    first, second = view.headlines[:2]
    shown, left_out = [], 0
    for name, limit in (("recall", TRAINED_SHOWN), ("heldout", UNSEEN_SHOWN)):
        own = [row for row in groups if (row["set"], row["by"]) == (name, by)]
        shown += sorted(own, key=lambda row: _missing(row, first), reverse=True)[:limit]
        left_out += max(0, len(own) - limit)
    title = f"By {by}" if by == "document" else "By kind of question"
    if not shown:
        return Chart(by, title, Markup(), f"No {by} to show: recall and heldout are empty.")
    label = f"{HEADLINES[first][0]} and {BESIDE[second]} by {by}, base and tuned. "
    label += "; ".join(_values_of_group(row, first) for row in shown)
    svg = draw_svg(f"{label}.", 0.8 + 0.36 * len(shown), lambda figure: _draw_groups(figure, shown, (first, second)))
    order = "most wrong answers" if first == "fact_match" else "most room to improve"
    note = f"Recall and heldout; {order} first."
    return Chart(by, title, svg, f"{note} {_left_out(left_out, by, 'metrics/groups.csv')}".strip())


def _missing(row: dict[str, str], metric: str) -> float:
    return int(row["n"]) * (1 - float(row[f"{metric}_tuned"]))


def _values_of_group(row: dict[str, str], metric: str) -> str:
    return f"{row['group']}: {float(row[f'{metric}_base']):.2f} to {float(row[f'{metric}_tuned']):.2f}"


def _draw_groups(figure: Any, rows: Rows, metrics: tuple[str, str]) -> None:
    pair, positions = figure.subplots(1, 2, sharey=True), range(len(rows))
    titles = [BESIDE.get(metric, "fact match") for metric in metrics]
    for axes, metric, title in zip(pair, metrics, titles, strict=True):
        values = {model: [float(row[f"{metric}_{model}"]) for row in rows] for model in MODELS}
        axes.hlines(positions, values["base"], values["tuned"], color=BASE, linewidth=1)
        # A ring stays visible around the point of tuned where nothing changed.
        axes.scatter(values["base"], positions, s=48, facecolor="none", edgecolor=BASE, label="base", clip_on=False)
        axes.scatter(values["tuned"], positions, s=18, color=TUNED, label="tuned", clip_on=False)
        axes.set(xlim=(-0.03, 1.03), ylim=(len(rows) - 0.5, -0.8), xticks=[0, 0.5, 1], yticks=[], xlabel=title)
        axes.spines["left"].set_visible(False)
    for position, row in enumerate(rows):
        name_above(pair[0], position - 0.25, f"{row['group']} · {row['n']} in {row['set']}")
    figure.legend(*pair[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, handlelength=1)


def coverage_chart(covered: list[Coverage]) -> Chart:
    shown = sorted(covered, key=lambda row: (-row.without_questions - row.quarantined, -row.pages))[:COVERED_SHOWN]
    if not shown:
        return Chart("coverage", "Pages with questions", Markup(), "No document pages: all questions are your own.")
    label = "; ".join(f"{row.doc_id}: {row.with_questions} of {row.pages} pages with questions" for row in shown)
    svg = draw_svg(f"{label}.", 0.8 + 0.34 * len(shown), lambda figure: _draw_coverage(figure, shown))
    left_out = _left_out(len(covered) - len(shown), "document", "the table of documents")
    note = f"Documents with the most pages without questions first. {left_out}".strip()
    return Chart("coverage", "Pages with questions", svg, note)


def _draw_coverage(figure: Any, rows: list[Coverage]) -> None:
    axes = figure.subplots()
    starts = [0] * len(rows)
    parts = (
        ("with questions", "with_questions", TUNED),
        ("without", "without_questions", BASE),
        ("set aside", "quarantined", ECHO),
    )
    for label, part, colour in parts:
        widths = [getattr(row, part) for row in rows]
        axes.barh(range(len(rows)), widths, left=starts, height=0.3, color=colour, label=label)
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    for position, row in enumerate(rows):
        name_above(axes, position - 0.2, row.doc_id)
    axes.set(ylim=(len(rows) - 0.6, -0.75), yticks=[], xlabel="pages")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, handlelength=1)


def _left_out(count: int, what: str, where: str) -> str:
    plural = f"{what}s are" if count > 1 else f"{what} is"
    return f"{count} more {plural} in {where}." if count else ""
