"""`results`: the scores before and after tuning."""

from collections.abc import Iterator
from pathlib import Path

from pagetune.commands.ask import EVALUATION, REPORT
from pagetune.commands.origin import origin_lines
from pagetune.evaluate.comparison import comparison_table
from pagetune.jsonl import read_json
from pagetune.language import speaks_korean, tr
from pagetune.report.language import Language

#: Git has metrics/eval.json, so that a fresh clone shows the scores of whoever committed it. Git has no answers.
ANSWERS = Path("data/predictions")


def results() -> Iterator[str]:
    """Yield the table of metrics/eval.json and the path of the report, and first whether no run here has made them."""
    language = Language("ko" if speaks_korean() else "en")
    table = comparison_table(read_json(EVALUATION), language.say)
    if not any(ANSWERS.glob("tuned*.jsonl")):
        yield tr(
            "results: the pipeline has not run in this folder. These scores were committed with {path}; `dvc repro` "
            "replaces them with your own.",
            path=EVALUATION,
        )
    yield table
    yield from origin_lines(EVALUATION)
    if REPORT.exists():
        yield tr("report: {path}", path=REPORT)
