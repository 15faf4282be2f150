"""The charts of the training: its losses and its memory, step by step."""

import math
from typing import Any

from markupsafe import Markup

from pagetune.evaluate.messages import Message, noted
from pagetune.report.svg import BASE, LOOKUP, TUNED, Chart, Rows, Say, draw_svg


def loss_chart(curves: dict[str, Rows], say: Say) -> Chart:
    """Draw the losses of the rows in `curves`, by the name of what was measured: train, validation."""
    title = Message("Loss")
    lines = {name: _points(rows, f"{name}_loss") for name, rows in curves.items()}
    if not lines["train"]:
        return Chart("loss", title, Markup(), Message("The training recorded no loss."))
    ends = {"first": lines["train"][0][1], "last": lines["train"][-1][1]}
    drawn = [
        (say(Message("train")), TUNED, lines["train"]),
        (say(Message("validation")), BASE, lines["validation"]),
    ]
    label = say(Message("Train loss from {first:.3f} to {last:.3f} over the steps.", **ends))
    svg = draw_svg(label, 2.6, lambda figure: _draw_lines(figure, drawn, say(Message("loss")), say(Message("step"))))
    form = noted("Train loss from {first:.3f} to {last:.3f}; each point is the mean since the point before it.")
    return Chart("loss", title, svg, Message(form, **ends))


def memory_chart(memory: Rows, say: Say) -> Chart:
    title = Message("Memory")
    columns = {"reserved": "reserved_mib", "peak": "peak_mib", "allocated": "allocated_mib"}
    lines = {name: _points(memory, column) for name, column in columns.items()}
    if not lines["peak"]:
        return Chart("memory", title, Markup(), Message("The training recorded no memory use."))
    drawn = [
        (say(Message("reserved")), BASE, lines["reserved"]),
        (say(Message("peak")), LOOKUP, lines["peak"]),
        (say(Message("allocated")), TUNED, lines["allocated"]),
    ]
    if lines["reserved"] == lines["allocated"]:
        # Without a GPU only the memory of the process is recorded.
        del drawn[0]
    peak = max(value for _, value in lines["peak"])
    label = say(Message("Peak of {peak:,.0f} MiB over the steps.", peak=peak))
    svg = draw_svg(label, 2.6, lambda figure: _draw_lines(figure, drawn, "MiB", say(Message("step"))))
    form = noted("Peak of {peak:,.0f} MiB of GPU memory, or of process memory without a GPU.")
    return Chart("memory", title, svg, Message(form, peak=peak))


def _points(rows: Rows, column: str) -> list[tuple[int, float]]:
    """Return (step, value) of each row that has a finite value; the training reports a loss that is not finite."""
    points = [(int(row["step"]), float(row[column])) for row in rows if row[column]]
    return [(step, value) for step, value in points if math.isfinite(value)]


def _draw_lines(figure: Any, lines: list[tuple[str, str, list[tuple[int, float]]]], quantity: str, step: str) -> None:
    """Draw each of `lines`, which has a label, a colour and its points."""
    axes = figure.subplots()
    for label, colour, points in lines:
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, label=label, marker="." if len(points) < 3 else "")
    axes.set_xlabel(step)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(quantity)
    axes.set_ylim(0, 1.08 * max(value for _, _, points in lines for _, value in points) or 1)
    figure.legend(loc="outside upper center", ncols=3, handlelength=1.5)
