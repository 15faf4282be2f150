"""The charts of the report, drawn from metrics/*."""

from typing import Any, Literal

from markupsafe import Markup

from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.evaluation import View, view_of
from pagetune.evaluate.messages import Message, joined
from pagetune.evaluate.sets import asked_sets, open_models
from pagetune.report.coverage import Coverage
from pagetune.report.curves import loss_chart, memory_chart
from pagetune.report.language import Language
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
    Chart,
    Rows,
    Say,
    draw_svg,
    name_above,
    shorten,
)

COLOURS = {"base": BASE, "tuned": TUNED, "echo": ECHO, "lead2": ECHO, "lookup": LOOKUP, "swapped": SWAPPED}
COLOURS |= {"base_open": BASE_OPEN, "tuned_open": TUNED_OPEN, "search_top1": SEARCH_TOP1, "search_top5": SEARCH_TOP5}
#: The name and the meaning of each metric that can lead.
HEADLINES = {
    "fact_match": (
        Message("Fact match"),
        Message("Share of answers that state exactly the facts of the reference, with 95% intervals."),
    ),
    "rougeL": (
        Message("ROUGE-L"),
        Message("Longest common subsequence of tokens with the reference, with 95% intervals."),
    ),
}
#: The names of the two models; what else is drawn is named by its code.
NAMES = {"base": Message("base"), "tuned": Message("tuned")}
#: The names of the metrics as axes have them.
BESIDE = {
    "fact_match": Message("fact match"),
    "rougeL": Message("ROUGE-L"),
    "rouge_combined_f1": Message("ROUGE-1, -2, -L"),
}
#: How many documents are drawn: trained and held-out ones by group, and documents in the chart of pages.
TRAINED_SHOWN, UNSEEN_SHOWN, COVERED_SHOWN = 12, 6, 18
#: More names of sets than this are written aslant, each of at most `LABEL` columns.
MOST_UPRIGHT, LABEL = 5, 20


def charts(
    metrics: dict[str, Any],
    curves: dict[str, Rows],
    memory: Rows,
    groups: Rows,
    covered: list[Coverage],
    language: Language,
) -> list[Chart]:
    """Return every chart in the order of the page. `memory` and `groups` are CSV rows, and so are the `curves`."""
    view, say = view_of(metrics), language.say
    return [
        scores_chart(metrics, view, say),
        loss_chart(curves, say),
        groups_chart(groups, "kind", view, say),
        groups_chart(groups, "document", view, say),
        coverage_chart(covered, say),
        memory_chart(memory, say),
    ]


def scores_chart(metrics: dict[str, Any], view: View, say: Say) -> Chart:
    shown = shown_in(metrics, view)
    names = asked_sets(metrics)
    crowded = len(names) > MOST_UPRIGHT

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for offset, model in enumerate(shown):
            at = (offset - (len(shown) - 1) / 2) * 0.84 / len(shown), 0.76 / len(shown)
            label = say(NAMES.get(model, model))
            _bars(axes, at, (label, COLOURS[model]), [metrics[model][name] for name in names], view.headline)
        labels = [shorten(name, LABEL) if crowded else name.replace("_", "\n", 1) for name in names]
        axes.set_xticks(range(len(names)), labels, **({"rotation": 30, "ha": "right"} if crowded else {}))
        axes.set_ylim(0, 1.05)
        figure.legend(loc="outside upper center", ncols=min(4, len(shown)), handlelength=1, columnspacing=1)

    title, meaning = HEADLINES[view.headline]
    values = joined([_values_of_set(name, metrics, view) for name in names], "; ")
    label = Message("{title} by set. {values}.", title=title, values=values)
    return Chart("scores", title, draw_svg(say(label), 3.2 if crowded else 2.6, draw), meaning)


def shown_in(metrics: dict[str, Any], view: View) -> tuple[str, ...]:
    """Return the models, the controls, and the searches that were scored on any set."""
    searched = (name for name in view.searches if any(own["n"] for own in metrics[name].values()))
    return (*MODELS, *open_models(metrics), *view.controls, *searched)


def _bars(
    axes: Any,
    at: tuple[float, float],
    named: tuple[str, str],
    summaries: list[dict[str, Any]],
    metric: str,
) -> None:
    """Draw one bar a set; `at` is how far aside it stands and how wide it is, `named` its label and colour."""
    (offset, width), (label, colour) = at, named
    placed = [(index + offset, summary) for index, summary in enumerate(summaries) if summary["n"]]
    positions, summaries = [at for at, _ in placed], [summary for _, summary in placed]
    values = [summary[metric] for summary in summaries]
    # The mean of a few rows may be the end of its interval, and rounding may put it outside.
    low = [max(0, summary[metric] - summary[f"{metric}_ci95_low"]) for summary in summaries]
    high = [max(0, summary[f"{metric}_ci95_high"] - summary[metric]) for summary in summaries]
    axes.bar(positions, values, width=width, color=colour, label=label)
    axes.errorbar(positions, values, yerr=[low, high], fmt="none", ecolor=INK, elinewidth=0.8, capsize=2)


def _values_of_set(name: str, metrics: dict[str, Any], view: View) -> Message:
    shown = [(model, metrics[model][name]) for model in shown_in(metrics, view)]
    values = [
        Message("{model} {score:.2f}", model=NAMES.get(model, model), score=summary[view.headline])
        for model, summary in shown
        if summary["n"]
    ]
    return Message("{set}: {values}", set=name, values=joined(values))


def groups_chart(groups: Rows, by: Literal["kind", "document"], view: View, say: Say) -> Chart:
    """Draw both models group by group: on trained facts (recall) and on unseen documents (heldout)."""
    first, second = view.headlines[:2]
    shown, left_out = [], 0
    for name, limit in (("recall", TRAINED_SHOWN), ("heldout", UNSEEN_SHOWN)):
        own = [row for row in groups if (row["set"], row["by"]) == (name, by)]
        shown += sorted(own, key=lambda row: _missing(row, first), reverse=True)[:limit]
        left_out += max(0, len(own) - limit)
    title = Message("By document") if by == "document" else Message("By kind of question")
    if not shown:
        return Chart(by, title, Markup(), Message("Nothing to show: recall and heldout are empty."))
    label = Message(
        "{title}: {first} and {second}, before and after. {values}.",
        title=title,
        first=HEADLINES[first][0],
        second=BESIDE[second],
        values=joined([_values_of_group(row, first) for row in shown], "; "),
    )
    svg = draw_svg(
        say(label), 0.8 + 0.36 * len(shown), lambda figure: _draw_groups(figure, shown, (first, second), say)
    )
    note = (
        Message("Recall and heldout; most wrong answers first.")
        if first == "fact_match"
        else Message("Recall and heldout; most room to improve first.")
    )
    return Chart(by, title, svg, joined([note, *_left_out(left_out, "metrics/groups.csv")], " "))


def _missing(row: dict[str, str], metric: str) -> float:
    return int(row["n"]) * (1 - float(row[f"{metric}_tuned"]))


def _values_of_group(row: dict[str, str], metric: str) -> Message:
    before, after = (float(row[f"{metric}_{model}"]) for model in MODELS)
    return Message("{group}: {before:.2f} to {after:.2f}", group=row["group"], before=before, after=after)


def _draw_groups(figure: Any, rows: Rows, metrics: tuple[str, str], say: Say) -> None:
    pair, positions = figure.subplots(1, 2, sharey=True), range(len(rows))
    base, tuned = (say(NAMES[model]) for model in MODELS)
    for axes, metric in zip(pair, metrics, strict=True):
        values = {model: [float(row[f"{metric}_{model}"]) for row in rows] for model in MODELS}
        axes.hlines(positions, values["base"], values["tuned"], color=BASE, linewidth=1)
        # A ring stays visible around the point of tuned where nothing changed.
        axes.scatter(values["base"], positions, s=48, facecolor="none", edgecolor=BASE, label=base, clip_on=False)
        axes.scatter(values["tuned"], positions, s=18, color=TUNED, label=tuned, clip_on=False)
        title = say(BESIDE[metric])
        axes.set(xlim=(-0.03, 1.03), ylim=(len(rows) - 0.5, -0.8), xticks=[0, 0.5, 1], yticks=[], xlabel=title)
        axes.spines["left"].set_visible(False)
    for position, row in enumerate(rows):
        name = Message("{group} · {n} in {set}", group=row["group"], n=row["n"], set=row["set"])
        name_above(pair[0], position - 0.25, say(name))
    figure.legend(*pair[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, handlelength=1)


def coverage_chart(covered: list[Coverage], say: Say) -> Chart:
    title = Message("Pages with questions")
    shown = sorted(covered, key=lambda row: (-row.without_questions - row.quarantined, -row.pages))[:COVERED_SHOWN]
    if not shown:
        return Chart("coverage", title, Markup(), Message("No document pages: all questions are your own."))
    rows = [
        Message(
            "{document}: {count} of {pages} pages with questions",
            document=row.doc_id,
            count=row.with_questions,
            pages=row.pages,
        )
        for row in shown
    ]
    label = say(joined(rows, "; "))
    svg = draw_svg(f"{label}.", 0.8 + 0.34 * len(shown), lambda figure: _draw_coverage(figure, shown, say))
    note = Message("Documents with the most pages without questions first.")
    return Chart("coverage", title, svg, joined([note, *_left_out(len(covered) - len(shown), "#documents")], " "))


def _draw_coverage(figure: Any, rows: list[Coverage], say: Say) -> None:
    axes = figure.subplots()
    starts = [0] * len(rows)
    parts = (
        (Message("with questions"), "with_questions", TUNED),
        (Message("without"), "without_questions", BASE),
        (Message("set aside"), "quarantined", ECHO),
    )
    for label, part, colour in parts:
        widths = [getattr(row, part) for row in rows]
        axes.barh(range(len(rows)), widths, left=starts, height=0.3, color=colour, label=say(label))
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    for position, row in enumerate(rows):
        name_above(axes, position - 0.2, row.doc_id)
    axes.set(ylim=(len(rows) - 0.6, -0.75), yticks=[], xlabel=say(Message("pages")))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, handlelength=1)


def _left_out(count: int, where: str) -> list[Message]:
    """Say where those are that are not drawn: in a file, or in the table of documents."""
    if not count:
        return []
    if where == "#documents":
        return [Message("{count} more are in the table of documents.", count=count)]
    return [Message("{count} more are in {file}.", count=count, file=where)]
