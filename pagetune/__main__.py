"""The command line: `pagetune`, or `python -m pagetune`."""

import sys
from collections.abc import Callable
from pathlib import Path

from pagetune import __version__
from pagetune.errors import UserError, explain_wrong_python, in_one_line, quiet_libraries
from pagetune.language import tr

explain_wrong_python()  # before the first imports that an old Python, or one without the requirements, fails at

from typing import Annotated  # noqa: E402

import typer  # noqa: E402

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Base = Annotated[bool, typer.Option("--base", help=tr("Ask the model as it was before tuning."))]
ShowSource = Annotated[
    bool,
    typer.Option(
        "--show-source",
        help=tr(
            "Show the page that states the answer, or says otherwise.",
        ),
    ),
]
OpenBook = Annotated[
    bool,
    typer.Option(
        "--open-book",
        help=tr(
            "Put the best passages of the documents into the prompt.",
        ),
    ),
]


def examples(*commands: str) -> str:
    """Return the end of a command's help, with examples of its use."""
    name = "pagetune" if Path(sys.argv[0]).stem == "pagetune" else "python -m pagetune"
    lines = "".join(f"\n\n    {name} {command}" for command in commands)
    return f"\n\n{tr('Examples')}:{lines}"


def command(text: str, *shown: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command. Its help is in the language of the locale and ends with the examples `shown`."""
    return app.command(help=text + examples(*shown))


def print_version(wanted: bool) -> None:
    if wanted:
        print(f"pagetune {__version__}")
        raise typer.Exit


@app.callback(
    help=tr(
        "Turns documents, Korean ones first, into a tuned language model and an evaluation you can trust.",
    )
)
def pagetune(
    version: Annotated[
        bool,
        typer.Option("--version", help=tr("Print the version."), callback=print_version, is_eager=True),
    ] = False,
) -> None:
    pass


@command(
    tr(
        "Write a new project into FOLDER: the pipeline, its settings and the sample documents. With "
        "--update, adapt a project to the version of pagetune that is installed now."
    ),
    "init demo",
    "init --empty my-documents",
    "init --update",
)
def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help=tr("The project's folder; it need not exist."),
        ),
    ] = Path(),
    empty: Annotated[bool, typer.Option("--empty", help=tr("Leave out the sample documents."))] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help=tr(
                "Replace the files that you have not changed, and keep your values in params.yaml.",
            ),
        ),
    ] = False,
) -> None:
    from pagetune.commands import init as new
    from pagetune.commands import update as old

    print("\n".join(old.update(folder) if update else new.init(folder, empty)))


@command(
    tr("Answer QUESTION with the tuned model."),
    'ask "금융보안교육센터의 주소?"',
    'ask --show-source "금융보안교육센터의 주소?"',
    'ask --base "금융보안교육센터의 주소?"',
    'ask --open-book "금융보안교육센터의 주소?"',
)
def ask(
    question: Annotated[str, typer.Argument(help=tr('For example "금융보안교육센터의 주소?"'))],
    base: Base = False,
    show_source: ShowSource = False,
    open_book: OpenBook = False,
) -> None:
    from pagetune.commands.ask import ask as answer_one

    answer_one(question, base, show_source, open_book)


@command(
    tr("Ask one question after another in the terminal. Answers appear as they are generated."),
    "chat",
    "chat --base",
)
def chat(base: Base = False, show_source: ShowSource = False, open_book: OpenBook = False) -> None:
    from pagetune.commands.chat import start

    start(base, show_source, open_book)


@command(
    tr(
        "Ask in the browser. The answers of the tuned and the base model appear side by side, with "
        "the source page. Programs ask at /v1, in the OpenAI protocol."
    ),
    "serve",
    "serve --port 8001",
    "serve --adapter rank-32=../rank-32/models/adapter",
)
def serve(
    host: Annotated[
        str,
        typer.Option(
            help=tr(
                "The address to listen on; 127.0.0.1 serves only this machine.",
            )
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help=tr("The port to listen on; 0 takes a free one."),
        ),
    ] = 7860,
    open_book: OpenBook = False,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help=tr(
                "Also answer programs with this adapter on the same base, as the model NAME; may be repeated.",
            ),
        ),
    ] = None,
) -> None:
    from pagetune.commands.serve import serve as run

    run(host, port, open_book, adapter or [])


@command(
    tr(
        "Keep, edit or reject question-answer pairs in the browser, by keyboard. The decisions go "
        "into data/review.jsonl, and the next `dvc repro` applies them."
    ),
    "review",
    "review --reviewer Kim --no-browser --port 8002",
)
def review(
    host: Annotated[
        str,
        typer.Option(
            help=tr(
                "The address to listen on; 127.0.0.1 serves only this machine.",
            )
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help=tr("The port to listen on; 0 takes a free one."),
        ),
    ] = 0,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help=tr("Only print the address.")),
    ] = False,
    reviewer: Annotated[
        str | None,
        typer.Option(help=tr("Your name in the decisions; Git's user.name otherwise.")),
    ] = None,
) -> None:
    from pagetune.commands.review.server import review as run

    run(host, port, not no_browser, reviewer)


@command(
    tr(
        "Check whether this machine has what pagetune needs, and say which backend will train. Exit "
        "with 1 where something necessary is missing."
    ),
    "doctor",
)
def doctor() -> None:
    from pagetune.commands.doctor import examine, print_findings

    if not print_findings(examine()):
        raise typer.Exit(1)


@command(
    tr("Print the scores before and after tuning, and the path of the report."),
    "results",
)
def results() -> None:
    from pagetune.commands.results import results as lines

    for line in lines():
        print(line)


_TOKENIZER = tr(
    "Use kiwi, character, whitespace or english instead of the tokenizer in params.yaml.",
)
_REFERENCES = tr(
    "Take the max or the mean over several references, instead of what params.yaml says.",
)
_SELF_TEST = tr(
    "Print how often fact_match errs on the labelled answers in tests/data/fact_cases.jsonl.",
)


@command(
    tr("Score any file of predictions and references, and print one JSON object."),
    "score answers.jsonl",
    "score answers.jsonl --tokenizer whitespace",
    "score --self-test",
)
def score(
    file: Annotated[
        Path | None,
        typer.Argument(
            help=tr(
                'Each line is {"prediction": …, "reference": … or [ … ]}.',
            )
        ),
    ] = None,
    tokenizer: Annotated[str | None, typer.Option("--tokenizer", help=_TOKENIZER)] = None,
    references: Annotated[str | None, typer.Option("--references", help=_REFERENCES)] = None,
    self_test: Annotated[bool, typer.Option("--self-test", help=_SELF_TEST)] = False,
) -> None:
    from pagetune.evaluate import self_test as labelled
    from pagetune.evaluate.score_file import score_file

    if self_test:
        print(labelled.self_test())
    elif file is None:
        raise UserError("score: there is no file. Name one of JSON lines, or use --self-test.")
    else:
        print(score_file(file, tokenizer, references))


@command(
    tr("Print how much memory the training will take and how its batches are split to fit. No weights are loaded."),
    "plan",
    "plan --gpu-gib 24 --model 8b",
    "plan --gpu-gib 80 --model 70b --precision 4bit",
    "plan --gpu-gib 24 --model EXAONE-4.0-32B",
)
def plan(
    gpu_gib: Annotated[
        float | None,
        typer.Option(
            "--gpu-gib",
            min=0.0,
            help=tr(
                "Plan for a GPU with this much memory; it need not be in this machine.",
            ),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help=tr(
                "A folder with config.json, a hub id, a name in docs/gpu.md, or one of 1b, 3b, 7b, 8b, 14b, 32b, 70b.",
            ),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            help=tr(
                "Plan with 4bit, 8bit, fp16, bf16 or fp32 instead of the precision in params.yaml.",
            ),
        ),
    ] = None,
) -> None:
    from pagetune.commands.plan import plan_lines

    print("\n".join(plan_lines(gpu_gib, model, precision)))


@command(
    tr("Compare the DVC experiments, and name the smallest rank whose score is within noise of the best."),
    "sweep",
)
def sweep() -> None:
    from pagetune.commands.experiments import read_runs
    from pagetune.commands.sweep import PICTURE, compare, draw_sweep, sweep_lines

    result = compare(*read_runs())
    print("\n".join(sweep_lines(result)))
    draw_sweep(result)
    print(f"sweep: picture in {PICTURE}")


@command(
    tr(
        "Compare two runs: their scores on the same questions, what differs in their settings, and which is better. A "
        "run is a Git revision, a DVC experiment or a folder with results."
    ),
    "compare HEAD~1 HEAD",
    "compare main shyer-doit --html comparison.html",
    "compare . ../other-project",
)
def compare(
    first: Annotated[str, typer.Argument(metavar="RUN", help=tr("A revision, an experiment or a folder."))],
    second: Annotated[
        str, typer.Argument(metavar="RUN", help=tr("The one to compare it with, such as the newer one."))
    ],
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help=tr("Also write a page."))] = None,
) -> None:
    from pagetune.commands.compare import compare as compare_two

    print("\n".join(compare_two(first, second, html)))


@command(
    tr("Write the settings of a preset, or of a guide's own file, into params.yaml."),
    "preset presets/low_memory.yaml",
    "preset --from-guide config.yaml --document 2",
)
def preset(
    file: Annotated[Path | None, typer.Argument(help=tr("For example presets/low_memory.yaml."))] = None,
    from_guide: Annotated[
        Path | None,
        typer.Option(
            "--from-guide",
            help=tr(
                "Take the settings of an Unsloth or QLoRA guide, TRL, LLaMA-Factory or Axolotl.",
            ),
        ),
    ] = None,
    document: Annotated[
        int | None,
        typer.Option(help=tr("Which document of a guide's file, from 1.")),
    ] = None,
) -> None:
    from pagetune.commands.guides import apply_guide
    from pagetune.commands.presets import apply_preset

    if (file is None) == (from_guide is None):
        raise UserError("preset: name one file, a preset such as presets/low_memory.yaml or --from-guide config.yaml.")
    lines = apply_preset(file) if file else apply_guide(from_guide, document) if from_guide else []
    for line in lines or ["nothing to change"]:
        print(f"preset: {line}")


@command(
    tr(
        "Empty what pagetune keeps beside DVC: replies of language models, checkpoints, compiled "
        "kernels. Data, models and the caches of DVC and the Hub stay."
    ),
    "clean --cache",
    "clean --cache --dry-run",
)
def clean(
    cache: Annotated[
        bool,
        typer.Option("--cache", help=tr("Empty every cache of pagetune's.")),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=tr("Do not ask."))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=tr("Only list the caches."))] = False,
) -> None:
    from pagetune.commands.clean import run

    run(cache, yes, dry_run)


def main() -> None:
    quiet_libraries()
    with in_one_line("pagetune"):
        app()


if __name__ == "__main__":
    main()
