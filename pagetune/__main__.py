"""The command line: `python -m pagetune`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pagetune.errors import UserError, quiet_libraries

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def pagetune() -> None:
    """Documents in, a tuned model and honest scores out."""


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help='For example "금융보안교육센터의 주소?"')],
    base: Annotated[bool, typer.Option("--base", help="Ask the model as it was before the tuning.")] = False,
) -> None:
    """Answer QUESTION with the tuned model."""
    from pagetune.ask import answer

    result = answer(question, tuned=not base)
    print(result.text)
    if not result.stopped:
        print("ask: the answer was cut at predict.max_new_tokens; the model did not end it", file=sys.stderr)


@app.command()
def results() -> None:
    """Print the scores before and after the tuning, and where the report lies."""
    from pagetune.ask import EVALUATION, REPORT
    from pagetune.evaluation import comparison_table
    from pagetune.jsonl import read_json

    print(comparison_table(read_json(EVALUATION)))
    print(f"report: {REPORT}")


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help='Lines of {"prediction": …, "reference": … or [ … ]}')],
    tokenizer: Annotated[
        str | None, typer.Option("--tokenizer", help="kiwi, character, whitespace or english, for params.yaml's.")
    ] = None,
    references: Annotated[
        str | None, typer.Option("--references", help="max or mean over several references, for params.yaml's.")
    ] = None,
) -> None:
    """Print the scores of any file of predictions and references, as one JSON object."""
    from pagetune.score import score_file

    print(score_file(file, tokenizer, references))


@app.command()
def plan(
    gpu_gib: Annotated[
        float | None, typer.Option("--gpu-gib", min=0.0, help="Of a card that need not be here; else what is here.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="A folder with config.json, a hub id, or 1b, 3b, 8b, 14b, 32b, 70b.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="4bit, 8bit, fp16, bf16 or fp32, in place of params.yaml's.")
    ] = None,
) -> None:
    """Print what memory the training will take, and how it is fitted in. Loads no weights."""
    from pagetune.planning import plan_lines

    print("\n".join(plan_lines(gpu_gib, model, precision)))


@app.command()
def sweep() -> None:
    """Name the smallest rank within noise of the best, of the experiments that DVC knows."""
    from pagetune.experiments import read_runs
    from pagetune.sweep import PICTURE, compare, draw_sweep, sweep_lines

    result = compare(*read_runs())
    print("\n".join(sweep_lines(result)))
    draw_sweep(result)
    print(f"sweep: picture in {PICTURE}")


@app.command()
def preset(file: Annotated[Path, typer.Argument(help="For example presets/low_memory.yaml")]) -> None:
    """Write the settings in FILE into params.yaml."""
    from pagetune.presets import apply_preset

    for line in apply_preset(file) or ["nothing to change"]:
        print(f"preset: {line}")


def main() -> None:
    quiet_libraries()
    try:
        app()
    except UserError as error:
        sys.exit(f"pagetune: {error}")


if __name__ == "__main__":
    main()
