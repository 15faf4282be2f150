"""The charts of docs/gpu.md, drawn by benchmarks.gpu_guide: the same numbers give the same bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

from benchmarks.gpu_measured import ONE_COMMAND, runs_of
from benchmarks.gpu_plans import GPU_SIZES, Cell, smallest_at_full_speed, smallest_gpu
from pagetune.jsonl import atomic_write
from pagetune.plan.known_shapes import KNOWN_SHAPES
from pagetune.plan.memory import GIB

INK, FOUR, SIXTEEN, NONE, LINE = "#1f2328", "#d9a441", "#1f6feb", "#e4e8ec", "#c3cad1"
#: Lighter colours for gradient checkpointing.
CHECKPOINTED = {"4bit": "#f3dcae", "bf16": "#a9caf9"}
WHOLE = {"4bit": FOUR, "bf16": SIXTEEN}
BITS = {"4bit": "4 bit", "bf16": "16 bit"}
STYLE = {
    # Outlines, so that the chart looks the same with any fonts.
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}


def draw_charts(cells: dict[tuple[int, str], Cell], folder: Path) -> None:
    _draw(folder / "gpu-choices.svg", 4.6, lambda figure: _draw_grid(figure.subplots(), cells))
    _draw(folder / "gpu-memory.svg", 4.1, lambda figure: _draw_needs(figure.subplots()))
    _draw(folder / "gpu-measured.svg", 4.2, lambda figure: _draw_measured(*figure.subplots(1, 2, sharey=True)))


def _draw(path: Path, height: float, draw: Callable[[Any], None]) -> None:
    """Draw on a white background, since the letters are dark and the reader's page may be dark too."""
    with style.context(["default", STYLE, {"svg.hashsalt": path.stem}]):
        figure = Figure(figsize=(9.6, height), layout="constrained", facecolor="white")
        draw(figure)
        with atomic_write(path) as file:
            figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))


def _draw_grid(axes: Any, cells: dict[tuple[int, str], Cell]) -> None:
    models = list(KNOWN_SHAPES)
    for (gb, model), cell in cells.items():
        _draw_cell(axes, GPU_SIZES.index(gb), models.index(model), cell)
    axes.set(xlim=(-0.5, len(GPU_SIZES) - 0.5), ylim=(len(models) - 0.5, -0.5))
    axes.set_xticks(range(len(GPU_SIZES)), [f"{gb} GB" for gb in GPU_SIZES])
    axes.set_yticks(range(len(models)), [model.upper() for model in models])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for precision in ("bf16", "4bit"):
        axes.bar(0, 0, color=WHOLE[precision], label=BITS[precision])
        axes.bar(0, 0, color=CHECKPOINTED[precision], label=f"{BITS[precision]}, checkpointing")
    axes.bar(0, 0, color=NONE, label="does not fit")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=5, columnspacing=1.2)


def _draw_cell(axes: Any, column: int, row: int, cell: Cell) -> None:
    colour, words, ink = NONE, f"{cell.missing_gib:.1f} GiB\nmissing", "#59636e"
    if cell.plan:
        colour = (CHECKPOINTED if cell.plan.gradient_checkpointing else WHOLE)[cell.precision]
        words, ink = f"{cell.plan.predicted.total / GIB:.1f} GiB", "white" if colour == SIXTEEN else INK
        words += f"\n{cell.plan.per_device_train_batch_size} rows at once"
    axes.barh(row, 0.94, left=column - 0.47, height=0.9, color=colour)
    axes.text(column, row, words, ha="center", va="center", fontsize=8.5, color=ink)


def _draw_needs(axes: Any) -> None:
    """Draw a bar from the smallest GPU on which training fits to the one on which it runs at full speed."""
    for row, model in enumerate(KNOWN_SHAPES):
        for precision, place in (("4bit", row - 0.2), ("bf16", row + 0.2)):
            least, whole = smallest_gpu(model, precision), smallest_at_full_speed(model, precision)
            axes.barh(place, whole - least, left=least, height=0.34, color=WHOLE[precision])
            axes.text(least * 0.97, place, f"{least:.1f}", ha="right", va="center", fontsize=8)
            axes.text(whole * 1.03, place, f"{whole:.1f}", ha="left", va="center", fontsize=8)
    for gb in GPU_SIZES:
        axes.axvline(gb, color=LINE, linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.set(xlim=(1.8, 380), ylim=(len(KNOWN_SHAPES) - 0.4, -0.6), xlabel="GiB of GPU memory")
    axes.set_xticks(GPU_SIZES, [str(gb) for gb in GPU_SIZES])
    axes.minorticks_off()
    axes.set_yticks(range(len(KNOWN_SHAPES)), [model.upper() for model in KNOWN_SHAPES])
    for precision in ("4bit", "bf16"):
        axes.bar(1, 0, color=WHOLE[precision], label=BITS[precision])
    axes.legend(loc="upper right")


def _draw_measured(memory: Any, speed: Any) -> None:
    runs = runs_of(ONE_COMMAND)
    colours = [SIXTEEN if "16-bit" in run.name else FOUR for run in runs]
    memory.barh(range(len(runs)), [run.gib for run in runs], color=colours, height=0.62)
    predicted = [(run.predicted_gib, row) for row, run in enumerate(runs) if run.predicted_gib]
    memory.scatter(*zip(*predicted, strict=True), color=INK, marker="|", s=160, label="predicted", zorder=3)
    memory.legend(loc="upper right")
    memory.set_yticks(range(len(runs)), [run.name for run in runs], fontsize=8.5)
    memory.invert_yaxis()
    memory.set_xlabel("GiB, measured on an H200")
    speed.barh(range(len(runs)), [run.tokens_per_second for run in runs], color=colours, height=0.62)
    speed.xaxis.set_major_formatter(lambda tokens, _: f"{tokens:,.0f}")
    speed.set_xlabel("tokens per second")
    speed.tick_params(axis="y", length=0)
