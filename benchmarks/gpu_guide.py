"""The tables and charts of docs/gpu.md: what `plan` chooses for GPUs and models, none of which has to be here.

    python -m benchmarks.gpu_guide

The tables are written between the guide's markers, and the text around them is kept. They come from the planner's own
functions and from the results beside this file.
"""

import re
from pathlib import Path

from benchmarks.gpu_charts import draw_charts
from benchmarks.gpu_measured import ONE_COMMAND, PEFT_4BIT, answering_table, measured_table, precision_table
from benchmarks.gpu_plans import (
    AS_SET,
    GPU_SIZES,
    LEAST,
    PEFT,
    ROOT,
    Cell,
    cell_of,
    low_memory,
    params_of,
    smallest_at_full_speed,
    smallest_for_16_bits,
    smallest_gpu,
    smallest_gpu_with,
)
from pagetune.commands.plan import look_ahead
from pagetune.jsonl import write_text
from pagetune.plan.known_shapes import KNOWN_MODELS, KNOWN_SHAPES, KnownModel, full_name
from pagetune.plan.memory import GIB

GUIDE = ROOT / "docs" / "gpu.md"
BEGIN, END = "<!-- {}: written by python -m benchmarks.gpu_guide -->", "<!-- end -->"


def make_guide(folder: Path) -> None:
    """Write gpu.md, with its text as it is and new tables, and its charts into `folder`."""
    cells = {(gb, model): cell_of(gb, model) for gb in GPU_SIZES for model in KNOWN_SHAPES}
    tables = {
        "rows": [f"There are {assumed_rows()}."],
        "choices": choices_table(cells),
        "smallest GPUs": smallest_table(),
        "known models": known_table(),
        "measured": measured_table(ONE_COMMAND),
        "measured under peft": measured_table(PEFT_4BIT),
        "precisions": precision_table(),
        "answering": answering_table(),
    }
    text = GUIDE.read_text(encoding="utf-8")
    for name, lines in tables.items():
        text = filled(text, name, lines)
    write_text(folder / GUIDE.name, text)
    draw_charts(cells, folder)


def assumed_rows() -> str:
    """Return how the planner describes the rows, without the reason why it assumes them."""
    return re.sub(r" \(.*?\)", "", look_ahead(AS_SET, GPU_SIZES[0], "8b", None).rows)


def filled(text: str, name: str, lines: list[str]) -> str:
    """Return `text` with `lines` between the markers of this name. Raise ValueError where it has no such markers."""
    before, begin, rest = text.partition(BEGIN.format(name) + "\n")
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{GUIDE}: the markers of {name!r} are missing")
    return "".join([before, begin, *(f"{line}\n" for line in lines), end, after])


def choices_table(cells: dict[tuple[int, str], Cell]) -> list[str]:
    head = "| GPU | model | base | predicted | rows at once | tokens at once | checkpointing | with 7% less |"
    rows = [f"| {gb} GB | {model} | {in_words(gb, model, cell)} |" for (gb, model), cell in cells.items()]
    return [head, "|---|---|---|---|---|---|---|---|", *rows]


def in_words(gb: int, model: str, cell: Cell) -> str:
    plan = cell.plan
    if plan is None:
        return f"{cell.precision} | **does not fit**: {cell.missing_gib:.1f} GiB missing | | | |"
    rows, cut = plan.per_device_train_batch_size, plan.gradient_accumulation_steps
    parts = f"{rows}, in {cut} parts" if cut > 1 else f"all {rows}"
    checkpointing = "on" if plan.gradient_checkpointing else "off"
    values = [cell.precision, f"{plan.predicted.total / GIB:.2f} GiB", parts, f"{plan.tokens:,}", checkpointing]
    return " | ".join([*values, with_less(cell, cell_of(gb * LEAST, model))])


def with_less(cell: Cell, less: Cell) -> str:
    """Describe the plan on a GPU that is as small as its name allows, if it differs."""
    if less.plan is None or cell.plan is None:
        return "does not fit"
    checkpointing = "on" if less.plan.gradient_checkpointing else "off"
    rows = less.plan.per_device_train_batch_size
    now = (cell.plan.per_device_train_batch_size, cell.plan.gradient_checkpointing, cell.precision)
    if now == (rows, less.plan.gradient_checkpointing, less.precision):
        return "the same"
    return f"{less.precision}, {less.plan.predicted.total / GIB:.2f} GiB, {rows} rows, {checkpointing}"


def smallest_table() -> list[str]:
    head = [
        "| model | 4-bit | the same, `peft` | the same, `low_memory.yaml` | 16-bit | `auto` takes 16-bit "
        "| 4-bit, at full speed | 16-bit, at full speed |"
    ]
    return [*head, "|---|---|---|---|---|---|---|---|", *map(_smallest_row, KNOWN_SHAPES)]


def _smallest_row(model: str) -> str:
    sizes = [
        smallest_gpu(model, "4bit"),
        smallest_gpu_with(params_of(PEFT), model, "4bit"),
        smallest_gpu_with(params_of(low_memory()), model, "4bit"),
        smallest_gpu(model, "bf16"),
        smallest_for_16_bits(model),
        smallest_at_full_speed(model, "4bit"),
        smallest_at_full_speed(model, "bf16"),
    ]
    name = f"`{model}`, {full_name(model).removeprefix('a ')} ({KNOWN_SHAPES[model].parameters / 1e9:.1f} billion)"
    return f"| {name} | {' | '.join(f'{gib:.1f}' for gib in sizes)} |"


def known_table() -> list[str]:
    return ["| name on the Hub | billion parameters |", "|---|---|", *map(_known_row, KNOWN_MODELS)]


def _known_row(model: KnownModel) -> str:
    names = ", ".join(f"`{name}`" for name in model.names)
    vision = f", {model.vision:g} of them for images" if model.vision else ""
    return f"| {names} | {model.billions:g}{vision} |"


def main() -> None:
    make_guide(GUIDE.parent)
    print(f"wrote {GUIDE.relative_to(ROOT)} and its charts")


if __name__ == "__main__":
    main()
