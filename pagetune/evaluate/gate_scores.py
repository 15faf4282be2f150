"""What the evidence gate of ask, chat and serve makes of the tuned model's answers: what it keeps and refuses."""

from collections.abc import Mapping
from typing import Any, get_args

from pagetune.evaluate.controls import instruction_of
from pagetune.evaluate.evaluation import Evaluation, members, summary_of
from pagetune.records import Page
from pagetune.search.index import SAVED
from pagetune.search.support import Evidence, Verdict
from pagetune.text.refusal import abstains

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def gate_metrics(evaluation: Evaluation, template: str, pages: list[Page]) -> dict[str, dict[str, Any]]:
    """Return for each set the share of answers with each verdict, how many of the right ones are kept (`right_kept`)
    and of the wrong ones refused (`wrong_refused`), with intervals.

    An answer that says that it does not know has nothing to look up and is not counted, nor is one to a question that
    was made from a user's own row. Nothing is returned where no page can be read.
    """
    if not any(page.status == "ok" for page in pages):
        return {}
    evidence, rows = Evidence(pages, SAVED), evaluation.answers[evaluation.models[1]]
    looked_up = [
        index
        for index, row in enumerate(rows)
        if row.prediction.strip() and not abstains(row.prediction) and row.kind != "user"
    ]
    verdicts = {
        index: evidence.support(instruction_of(rows[index].prompt, template), rows[index].prediction).verdict
        for index in looked_up
    }
    return {name: _of_set(evaluation, name, verdicts) for name in evaluation.sets}


def _of_set(evaluation: Evaluation, name: str, verdicts: Mapping[int, str]) -> dict[str, Any]:
    tuned = evaluation.models[1]
    rows, scores = evaluation.answers[tuned], evaluation.scores[tuned]
    own = [index for index in members(rows, name) if index in verdicts]
    seen = [
        {verdict: float(verdicts.get(index) == verdict) for verdict in VERDICTS}
        | {"right_kept": float(verdicts.get(index) == "supported")}
        | {"wrong_refused": float(verdicts.get(index) != "supported")}
        for index in range(len(rows))
    ]
    right = [index for index in own if scores[index]["fact_match"] > 0]
    wrong = [index for index in own if not scores[index]["fact_match"] > 0]
    summary: dict[str, Any] = summary_of(rows, seen, own, VERDICTS, evaluation.params)
    for count, metric, chosen in (("right", "right_kept", right), ("wrong", "wrong_refused", wrong)):
        of_them = summary_of(rows, seen, chosen, (metric,), evaluation.params)
        summary |= {count: len(chosen), **{key: of_them[key] for key in of_them if key.startswith(metric)}}
    return summary
