"""`results`: the scores before and after tuning."""

from collections.abc import Iterator
from pathlib import Path

from pagetune.commands.ask import EVALUATION, REPORT
from pagetune.commands.locale import tr
from pagetune.evaluate.comparison import comparison_table
from pagetune.jsonl import read_json

#: Git has metrics/eval.json, so that a fresh clone shows the scores of whoever committed it. Git has no answers.
ANSWERS = Path("data/predictions")


def results() -> Iterator[str]:
    """Yield the table of metrics/eval.json and the path of the report, and first whether no run here has made them."""
    table = comparison_table(read_json(EVALUATION))
    if not any(ANSWERS.glob("tuned*.jsonl")):
        yield tr(
            f"results: the pipeline has not run in this folder. These scores were committed with {EVALUATION}; "
            "`dvc repro` replaces them with your own.",
            "results: 이 폴더에서는 아직 파이프라인을 실행하지 않았습니다. "
            f"아래는 {EVALUATION}에 커밋되어 있던 점수이며, `dvc repro`를 실행하면 새 점수로 바뀝니다.",
        )
    yield table
    if REPORT.exists():
        yield f"report: {REPORT}"
