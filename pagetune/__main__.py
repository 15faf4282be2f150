"""The command line: `pagetune`, or `python -m pagetune`."""

import sys
from collections.abc import Callable
from pathlib import Path

from pagetune import __version__
from pagetune.commands.locale import tr
from pagetune.errors import UserError, explain_wrong_python, in_one_line, quiet_libraries

explain_wrong_python()  # before the first imports that an old Python, or one without the requirements, fails at

from typing import Annotated  # noqa: E402

import typer  # noqa: E402

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Base = Annotated[
    bool, typer.Option("--base", help=tr("Ask the model as it was before tuning.", "튜닝하기 전 모델에 묻습니다."))
]
ShowSource = Annotated[
    bool,
    typer.Option(
        "--show-source",
        help=tr(
            "Show the page that states the answer, or says otherwise.",
            "답이 적힌 페이지(또는 답과 다른 페이지)를 함께 보여 줍니다.",
        ),
    ),
]
OpenBook = Annotated[
    bool,
    typer.Option(
        "--open-book",
        help=tr(
            "Put the best passages of the documents into the prompt.",
            "문서에서 찾은 구절을 질문과 함께 모델에 보여 줍니다.",
        ),
    ),
]


def examples(*commands: str) -> str:
    """Return the end of a command's help, with examples of its use."""
    name = "pagetune" if Path(sys.argv[0]).stem == "pagetune" else "python -m pagetune"
    lines = "".join(f"\n\n    {name} {command}" for command in commands)
    return f"\n\n{tr('Examples', '예')}:{lines}"


def command(english: str, korean: str, *shown: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command. Its help is in the language of the locale and ends with the examples `shown`."""
    return app.command(help=tr(english, korean) + examples(*shown))


def print_version(wanted: bool) -> None:
    if wanted:
        print(f"pagetune {__version__}")
        raise typer.Exit


@app.callback(
    help=tr(
        "Turns documents, Korean ones first, into a tuned language model and an evaluation you can trust.",
        "한국어 문서를 중심으로 언어 모델을 튜닝하고, 신뢰할 수 있는 점수를 냅니다.",
    )
)
def pagetune(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help=tr("Print the version.", "버전을 보여 줍니다."), callback=print_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


@command(
    "Write a new project into FOLDER: the pipeline, its settings and the sample documents. With --update, adapt a "
    "project to the version of pagetune that is installed now.",
    "FOLDER에 새 프로젝트(파이프라인, 설정, 샘플 문서)를 만듭니다. --update를 붙이면 이미 있는 프로젝트를 지금 설치된 "
    "pagetune 버전에 맞춥니다.",
    "init demo",
    "init --empty my-documents",
    "init --update",
)
def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help=tr("The project's folder; it need not exist.", "프로젝트 폴더. 없으면 새로 만듭니다."),
        ),
    ] = Path(),
    empty: Annotated[
        bool, typer.Option("--empty", help=tr("Leave out the sample documents.", "샘플 문서를 넣지 않습니다."))
    ] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help=tr(
                "Replace the files that you have not changed, and keep your values in params.yaml.",
                "직접 고치지 않은 파일만 새 버전으로 바꾸고, params.yaml에 적은 값은 그대로 둡니다.",
            ),
        ),
    ] = False,
) -> None:
    from pagetune.commands import init as new
    from pagetune.commands import update as old

    print("\n".join(old.update(folder) if update else new.init(folder, empty)))


@command(
    "Answer QUESTION with the tuned model.",
    "튜닝된 모델로 QUESTION에 답합니다.",
    'ask "금융보안교육센터의 주소?"',
    'ask --show-source "금융보안교육센터의 주소?"',
    'ask --base "금융보안교육센터의 주소?"',
    'ask --open-book "금융보안교육센터의 주소?"',
)
def ask(
    question: Annotated[
        str, typer.Argument(help=tr('For example "금융보안교육센터의 주소?"', '예: "금융보안교육센터의 주소?"'))
    ],
    base: Base = False,
    show_source: ShowSource = False,
    open_book: OpenBook = False,
) -> None:
    from pagetune.commands.ask import ask as answer_one

    answer_one(question, base, show_source, open_book)


@command(
    "Ask one question after another in the terminal. Answers appear as they are generated.",
    "터미널에서 여러 질문을 이어서 할 수 있습니다. 답은 생성되는 대로 나타납니다.",
    "chat",
    "chat --base",
)
def chat(base: Base = False, show_source: ShowSource = False, open_book: OpenBook = False) -> None:
    from pagetune.commands.chat import start

    start(base, show_source, open_book)


@command(
    "Ask in the browser. The answers of the tuned and the base model appear side by side, with the source page. "
    "Programs ask at /v1, in the OpenAI protocol.",
    "브라우저에서 질문합니다. 튜닝 후와 튜닝 전 모델의 답과 출처 페이지를 나란히 보여 줍니다. 프로그램은 /v1에서 "
    "OpenAI 프로토콜로 질문합니다.",
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
                "서버를 열 주소. 127.0.0.1이면 이 컴퓨터에서만 접속할 수 있습니다.",
            )
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help=tr("The port to listen on; 0 takes a free one.", "서버를 열 포트. 0이면 빈 포트를 고릅니다."),
        ),
    ] = 7860,
    open_book: OpenBook = False,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help=tr(
                "Also answer programs with this adapter on the same base, as the model NAME; may be repeated.",
                "같은 베이스에서 학습한 어댑터를 NAME이라는 모델로 함께 제공합니다. 여러 번 쓸 수 있습니다.",
            ),
        ),
    ] = None,
) -> None:
    from pagetune.commands.serve import serve as run

    run(host, port, open_book, adapter or [])


@command(
    "Keep, edit or reject question-answer pairs in the browser, by keyboard. The decisions go into data/review.jsonl, "
    "and the next `dvc repro` applies them.",
    "브라우저에서 질문·답변 쌍을 키보드로 유지·수정·제외합니다. 결정은 data/review.jsonl에 저장되고 "
    "다음 `dvc repro`부터 적용됩니다.",
    "review",
    "review --reviewer Kim --no-browser --port 8002",
)
def review(
    host: Annotated[
        str,
        typer.Option(
            help=tr(
                "The address to listen on; 127.0.0.1 serves only this machine.",
                "서버를 열 주소. 127.0.0.1이면 이 컴퓨터에서만 접속할 수 있습니다.",
            )
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help=tr("The port to listen on; 0 takes a free one.", "서버를 열 포트. 0이면 빈 포트를 고릅니다."),
        ),
    ] = 0,
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help=tr("Only print the address.", "브라우저를 열지 않고 주소만 보여 줍니다.")),
    ] = False,
    reviewer: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Your name in the decisions; Git's user.name otherwise.", "결정에 남길 이름. 생략하면 Git의 user.name."
            )
        ),
    ] = None,
) -> None:
    from pagetune.commands.review.server import review as run

    run(host, port, not no_browser, reviewer)


@command(
    "Check whether this machine has what pagetune needs, and say which backend will train. "
    "Exit with 1 where something necessary is missing.",
    "이 컴퓨터에 필요한 것이 갖춰져 있는지, 어느 백엔드로 학습하는지 알려 줍니다. "
    "꼭 필요한 것이 없으면 종료 코드 1로 끝납니다.",
    "doctor",
)
def doctor() -> None:
    from pagetune.commands.doctor import examine, print_findings

    if not print_findings(examine()):
        raise typer.Exit(1)


@command(
    "Print the scores before and after tuning, and the path of the report.",
    "튜닝 전후의 점수와 보고서 파일의 경로를 보여 줍니다.",
    "results",
)
def results() -> None:
    from pagetune.commands.results import results as lines

    for line in lines():
        print(line)


_TOKENIZER = tr(
    "Use kiwi, character, whitespace or english instead of the tokenizer in params.yaml.",
    "params.yaml의 토크나이저 대신 kiwi, character, whitespace, english 가운데 하나를 씁니다.",
)
_REFERENCES = tr(
    "Take the max or the mean over several references, instead of what params.yaml says.",
    "정답이 여럿일 때 params.yaml의 설정 대신 max(가장 높은 점수) 또는 mean(평균)을 씁니다.",
)
_SELF_TEST = tr(
    "Print how often fact_match errs on the labelled answers in tests/data/fact_cases.jsonl.",
    "사람이 정답·오답을 표시한 답변(tests/data/fact_cases.jsonl)으로 fact_match의 오류율을 보여 줍니다.",
)


@command(
    "Score any file of predictions and references, and print one JSON object.",
    "예측과 정답이 담긴 파일을 채점해 JSON 객체 하나로 출력합니다.",
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
                '한 줄에 하나씩 {"prediction": …, "reference": … 또는 [ … ]}.',
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
    "Print how much memory the training will take and how its batches are split to fit. No weights are loaded.",
    "학습에 필요한 메모리와 배치 분할 계획을 보여 줍니다. 가중치는 읽지 않습니다.",
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
                "이 컴퓨터에 없는 GPU라도 그 메모리(GiB)에 맞춰 계획합니다. 생략하면 이 컴퓨터에 맞춥니다.",
            ),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help=tr(
                "A folder with config.json, a hub id, a name in docs/gpu.md, or one of 1b, 3b, 7b, 8b, 14b, 32b, 70b.",
                "config.json이 있는 폴더, 허브 id, docs/gpu.md의 이름, 또는 1b, 3b, 7b, 8b, 14b, 32b, 70b 가운데 하나.",
            ),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            help=tr(
                "Plan with 4bit, 8bit, fp16, bf16 or fp32 instead of the precision in params.yaml.",
                "params.yaml의 정밀도 대신 4bit, 8bit, fp16, bf16, fp32 가운데 하나로 계획합니다.",
            ),
        ),
    ] = None,
) -> None:
    from pagetune.commands.plan import plan_lines

    print("\n".join(plan_lines(gpu_gib, model, precision)))


@command(
    "Compare the DVC experiments, and name the smallest rank whose score is within noise of the best.",
    "DVC 실험을 비교해, 가장 높은 점수와 오차 범위 안에 있는 가장 작은 랭크를 알려 줍니다.",
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
    "Write the settings of a preset, or of a guide's own file, into params.yaml.",
    "프리셋이나 가이드의 설정 파일에 있는 값을 params.yaml에 적용합니다.",
    "preset presets/low_memory.yaml",
    "preset --from-guide config.yaml --document 2",
)
def preset(
    file: Annotated[
        Path | None, typer.Argument(help=tr("For example presets/low_memory.yaml.", "예: presets/low_memory.yaml"))
    ] = None,
    from_guide: Annotated[
        Path | None,
        typer.Option(
            "--from-guide",
            help=tr(
                "Take the settings of an Unsloth or QLoRA guide, TRL, LLaMA-Factory or Axolotl.",
                "Unsloth·QLoRA 가이드나 TRL, LLaMA-Factory, Axolotl의 설정 파일을 읽습니다.",
            ),
        ),
    ] = None,
    document: Annotated[
        int | None,
        typer.Option(
            help=tr("Which document of a guide's file, from 1.", "가이드 파일에서 몇 번째 문서를 읽을지(1부터).")
        ),
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
    "Empty what pagetune keeps beside DVC: replies of language models, checkpoints, compiled kernels. Data, models and "
    "the caches of DVC and the Hub stay.",
    "DVC 밖에 보관한 캐시(언어 모델의 응답, 체크포인트, 컴파일한 커널)를 비웁니다. 데이터와 모델, DVC와 허브의 캐시는 "
    "그대로 둡니다.",
    "clean --cache",
    "clean --cache --dry-run",
)
def clean(
    cache: Annotated[
        bool,
        typer.Option("--cache", help=tr("Empty every cache of pagetune's.", "pagetune의 캐시를 모두 비웁니다.")),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=tr("Do not ask.", "확인을 묻지 않습니다."))] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=tr("Only list the caches.", "목록만 보여 줍니다."))
    ] = False,
) -> None:
    from pagetune.commands.clean import run

    run(cache, yes, dry_run)


def main() -> None:
    quiet_libraries()
    with in_one_line("pagetune"):
        app()


if __name__ == "__main__":
    main()
