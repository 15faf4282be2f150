"""The report: one HTML file that opens offline. Every text from a document is escaped by the template."""

import io
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from pagetune.build_qa.draft import Span, sections, to_document
from pagetune.evaluation import SETS, set_of
from pagetune.records import BadFile, Page, Pair, Prediction

#: Examples shown per set, the largest changes first.
SHOWN = 12
#: Pages shown, the worst first.
WORST_SHOWN = 15
BASE_COLOUR, TUNED_COLOUR = "#9aa5b1", "#1f6feb"


@dataclass(frozen=True)
class Inputs:
    """`metrics` by file stem; `curve` and `per_example` are CSV rows as texts."""

    metrics: dict[str, Any]
    curve: list[dict[str, str]]
    per_example: list[dict[str, str]]
    pages: list[Page]
    bad_files: list[BadFile]
    pairs: list[Pair]
    base: list[Prediction]
    tuned: list[Prediction]


def render_report(inputs: Inputs) -> str:
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    return environment.get_template("report.html").render(
        metrics=inputs.metrics,
        sets=[name for name in SETS if inputs.metrics["eval"]["tuned"][name]["n"]],
        empty_sets=[name for name in SETS if not inputs.metrics["eval"]["tuned"][name]["n"]],
        score_chart=_chart(_draw_scores, inputs.metrics["eval"]),
        loss_chart=_chart(_draw_loss, inputs.curve),
        examples=example_rows(inputs),
        documents=coverage(inputs.pages, inputs.pairs),
        bad_files=inputs.bad_files,
        worst_pages=worst_pages(inputs.pages),
    )


def example_rows(inputs: Inputs) -> list[dict[str, Any]]:
    """The answers that changed most, per set: question, both answers, reference and where the fact stands."""
    combined = {(row["model"], row["set"], row["pair_id"]): float(row["rougeL"]) for row in inputs.per_example}
    rows: list[dict[str, Any]] = [
        {
            "set": set_of(tuned),
            "tuned": tuned,
            "base": base,
            "reference": tuned.completion.removesuffix(tuned.eos_token),
            "change": combined["tuned", set_of(tuned), tuned.pair_id] - combined["base", set_of(base), base.pair_id],
        }
        for base, tuned in zip(inputs.base, inputs.tuned, strict=True)
    ]
    rows.sort(key=lambda row: row["change"], reverse=True)
    shown = []
    for name in SETS:
        members = [row for row in rows if row["set"] == name]
        shown += members if len(members) <= 2 * SHOWN else members[:SHOWN] + members[-SHOWN:]
    return shown


@dataclass
class Coverage:
    """How much of a document is asked about. `silent` names its sections and tables on which no pair stands."""

    doc_id: str
    pages: int = 0
    quarantined: int = 0
    asked: int = 0
    pairs: int = 0
    sections: int = 0
    silent: list[str] = field(default_factory=list)


def coverage(pages: list[Page], pairs: list[Pair]) -> list[Coverage]:
    """In the order of the pages."""
    by_document: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        by_document[page.doc_id].append(page)
    own: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        own[pair.doc_id].append(pair)
    return [_cover(doc_id, document_pages, own[doc_id]) for doc_id, document_pages in by_document.items()]


def _cover(doc_id: str, pages: list[Page], pairs: list[Pair]) -> Coverage:
    found = Coverage(doc_id, len(pages), sum(page.status == "quarantined" for page in pages), pairs=len(pairs))
    found.asked = len({pair.page_number for pair in pairs})
    readable = [page for page in pages if page.status == "ok"]
    for name, spans in (sections(to_document(readable)) if readable else {}).items():
        found.sections += 1
        if not any(_stands_in(pair, spans) for pair in pairs):
            found.silent.append(name)
    return found


def _stands_in(pair: Pair, spans: list[Span]) -> bool:
    place = pair.place
    return place is not None and any(
        (span.page_number, span.table) == (pair.page_number, place.table)
        and (span.table is not None or (place.start < span.end and span.start < place.end))
        for span in spans
    )


def worst_pages(pages: list[Page]) -> list[Page]:
    """The pages that were set aside, then those with the most letters in doubt, then those with the least text."""
    return sorted(pages, key=_worth)[:WORST_SHOWN]


def _worth(page: Page) -> tuple[bool, float, float]:
    doubts = sum(page.quality[name] for name in ("unreadable_ratio", "private_use_ratio", "garbled_ratio"))
    return page.status == "ok", -doubts - page.quality["tables_unread"], page.quality["characters"]


def _chart(draw: Any, data: Any) -> Markup:
    """An SVG without a date and with fixed ids, so that the same numbers give the same bytes."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {
        "svg.hashsalt": "pagetune",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 3.2), layout="constrained")
    draw(axes, data)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    svg = buffer.getvalue()
    return Markup(svg[svg.index("<svg") :])  # noqa: S704 - drawn by us from numbers, no text of a document in it


def _draw_scores(axes: Any, metrics: dict[str, Any]) -> None:
    names = [name for name in SETS if metrics["tuned"][name]["n"]]
    for offset, (model, colour) in enumerate((("base", BASE_COLOUR), ("tuned", TUNED_COLOUR))):
        values = [metrics[model][name]["exact_match"] for name in names]
        errors = [
            [value - metrics[model][name]["exact_match_ci95_low"] for name, value in zip(names, values, strict=True)],
            [metrics[model][name]["exact_match_ci95_high"] - value for name, value in zip(names, values, strict=True)],
        ]
        positions = [index + (offset - 0.5) * 0.36 for index in range(len(names))]
        axes.bar(positions, values, width=0.34, color=colour, label=model, yerr=errors, capsize=3)
    axes.set_xticks(range(len(names)), [name.replace("_", "\n", 1) for name in names])
    axes.set_ylim(0, 1.05)
    axes.set_ylabel("exact match")
    axes.legend(frameon=False)


def _draw_loss(axes: Any, curve: list[dict[str, str]]) -> None:
    steps = [int(point["step"]) for point in curve]
    axes.plot(steps, [float(point["train_loss"]) for point in curve], color=TUNED_COLOUR, label="train")
    measured = [
        (step, float(p["validation_loss"])) for step, p in zip(steps, curve, strict=True) if p["validation_loss"]
    ]
    if measured:
        axes.plot(*zip(*measured, strict=True), color=BASE_COLOUR, label="validation")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
