"""The command line: `python -m pagetune`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from pagetune.commands.locale import tr
from pagetune.errors import UserError, quiet_libraries

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)

Base = Annotated[
    bool, typer.Option("--base", help=tr("Ask the model as it was before the tuning.", "튜닝하기 전 모델에 묻습니다."))
]
ShowSource = Annotated[
    bool,
    typer.Option(
        "--show-source", help=tr("The page that the answer was learned from.", "답을 배운 문서의 쪽을 보여 줍니다.")
    ),
]


def examples(*commands: str) -> str:
    """The end of a command's help."""
    lines = "".join(f"\n\n    python -m pagetune {command}" for command in commands)
    return f"\n\n{tr('Examples', '예')}:{lines}"


def command(english: str, korean: str, *shown: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command whose help is in the language of the locale, with examples of its use."""
    return app.command(help=tr(english, korean) + examples(*shown))


@app.callback(
    help=tr("Documents in, a tuned model and honest scores out.", "문서를 넣으면 튜닝된 모델과 정직한 점수가 나옵니다.")
)
def pagetune() -> None:
    pass


@command(
    "Answer QUESTION with the tuned model.",
    "튜닝된 모델로 QUESTION에 답합니다.",
    'ask "금융보안교육센터의 주소?"',
    'ask --show-source "금융보안교육센터의 주소?"',
    'ask --base "금융보안교육센터의 주소?"',
)
def ask(
    question: Annotated[
        str, typer.Argument(help=tr('For example "금융보안교육센터의 주소?"', '예: "금융보안교육센터의 주소?"'))
    ],
    base: Base = False,
    show_source: ShowSource = False,
) -> None:
    from pagetune.commands.ask import Asker, cut_short
    from pagetune.commands.sources import Sources, source_lines

    result = Asker(tuned=not base).answer(question, base)
    print(result.text)
    if not result.stopped:
        print(f"ask: {cut_short()}", file=sys.stderr)
    if show_source:
        print("\n".join(source_lines(Sources.read().of(question))))


@command(
    "Ask in the terminal, one question after the other; the answers appear as they are made.",
    "터미널에서 이어서 묻습니다. 답은 만들어지는 대로 나타납니다.",
    "chat",
    "chat --base",
)
def chat(base: Base = False, show_source: ShowSource = False) -> None:
    from pagetune.commands.chat import start

    start(base, show_source)


@command(
    "Ask in the browser: the tuned model beside its base, with the source page.",
    "브라우저에서 묻습니다. 튜닝 후와 튜닝 전 모델의 답, 출처 쪽이 나란히 나옵니다.",
    "serve",
    "serve --port 8001",
)
def serve(
    host: Annotated[
        str, typer.Option(help=tr("127.0.0.1 is this machine alone.", "127.0.0.1은 이 컴퓨터에서만 열립니다."))
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help=tr("0 takes a free one.", "0이면 빈 포트를 씁니다."))
    ] = 7860,
) -> None:
    from pagetune.commands.serve import serve as run

    run(host, port)


@command(
    "What this machine has of what pagetune needs, and which backend will train. Exits with 1 where it lacks some.",
    "이 컴퓨터에 필요한 것이 있는지, 어느 백엔드로 학습하는지 알려 줍니다. 꼭 필요한 것이 없으면 1로 끝납니다.",
    "doctor",
)
def doctor() -> None:
    from pagetune.commands.doctor import examine, print_findings

    if not print_findings(examine()):
        raise typer.Exit(1)


@command(
    "Print the scores before and after the tuning, and where the report lies.",
    "튜닝 전후의 점수와 보고서의 위치를 보여 줍니다.",
    "results",
)
def results() -> None:
    from pagetune.commands.ask import EVALUATION, REPORT
    from pagetune.evaluate.comparison import comparison_table
    from pagetune.jsonl import read_json

    print(comparison_table(read_json(EVALUATION)))
    print(f"report: {REPORT}")


@command(
    "Print the scores of any file of predictions and references, as one JSON object.",
    "예측과 정답이 담긴 파일의 점수를 JSON 하나로 보여 줍니다.",
    "score answers.jsonl",
    "score answers.jsonl --tokenizer whitespace",
)
def score(
    file: Annotated[
        Path,
        typer.Argument(
            help=tr(
                'Lines of {"prediction": …, "reference": … or [ … ]}',
                '한 줄에 하나씩 {"prediction": …, "reference": … 또는 [ … ]}',
            )
        ),
    ],
    tokenizer: Annotated[
        str | None,
        typer.Option(
            "--tokenizer",
            help=tr(
                "kiwi, character, whitespace or english, for params.yaml's.",
                "params.yaml 대신 kiwi, character, whitespace, english 가운데 하나.",
            ),
        ),
    ] = None,
    references: Annotated[
        str | None,
        typer.Option(
            "--references",
            help=tr(
                "max or mean over several references, for params.yaml's.",
                "정답이 여럿일 때 params.yaml 대신 max(가장 높은 점수) 또는 mean(평균).",
            ),
        ),
    ] = None,
) -> None:
    from pagetune.evaluate.score_file import score_file

    print(score_file(file, tokenizer, references))


@command(
    "Print what memory the training will take, and how it is fitted in. Loads no weights.",
    "학습에 드는 메모리와 나누는 방법을 보여 줍니다. 가중치는 읽지 않습니다.",
    "plan",
    "plan --gpu-gib 24 --model 8b",
    "plan --gpu-gib 80 --model 70b --precision 4bit",
)
def plan(
    gpu_gib: Annotated[
        float | None,
        typer.Option(
            "--gpu-gib",
            min=0.0,
            help=tr(
                "Of a card that need not be here; else what is here.",
                "여기 없는 GPU의 메모리(GiB). 없으면 이 컴퓨터의 것.",
            ),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help=tr(
                "A folder with config.json, a hub id, or 1b, 3b, 8b, 14b, 32b, 70b.",
                "config.json이 있는 폴더, 허브 id, 또는 1b, 3b, 8b, 14b, 32b, 70b.",
            ),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            help=tr(
                "4bit, 8bit, fp16, bf16 or fp32, in place of params.yaml's.",
                "params.yaml 대신 4bit, 8bit, fp16, bf16, fp32 가운데 하나.",
            ),
        ),
    ] = None,
) -> None:
    from pagetune.commands.plan import plan_lines

    print("\n".join(plan_lines(gpu_gib, model, precision)))


@command(
    "Name the smallest rank within noise of the best, of the experiments that DVC knows.",
    "DVC 실험 가운데 가장 좋은 것과 차이가 없는 가장 작은 랭크를 알려 줍니다.",
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
    "Write the settings in FILE into params.yaml.",
    "FILE의 설정을 params.yaml에 써넣습니다.",
    "preset presets/low_memory.yaml",
)
def preset(
    file: Annotated[
        Path, typer.Argument(help=tr("For example presets/low_memory.yaml", "예: presets/low_memory.yaml"))
    ],
) -> None:
    from pagetune.commands.presets import apply_preset

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
