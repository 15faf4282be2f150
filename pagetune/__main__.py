"""The command line: `python -m pagetune`."""

import sys
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


def main() -> None:
    quiet_libraries()
    try:
        app()
    except UserError as error:
        sys.exit(f"pagetune: {error}")


if __name__ == "__main__":
    main()
