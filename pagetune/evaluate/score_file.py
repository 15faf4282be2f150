"""Scores of any file of predictions and references, from any model, and of the pipeline's own answers."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pagetune.errors import UserError
from pagetune.evaluate.intervals import summarize
from pagetune.evaluate.score_predictions import is_own, score_predictions
from pagetune.evaluate.scoring import METRICS, check_tokenizer, in_pieces, read_scored, score
from pagetune.params import Evaluate, load_params
from pagetune.text.tokenizers import make_tokenizer, tokenizer_record


def score_file(file: Path, tokenizer: str | None, references: str | None) -> str:
    """Return a JSON object like that of a set in metrics/eval.json. A setting that is None is read from params.yaml."""
    settings = load_params()
    params = _changed(settings.evaluate, tokenizer, references)
    summary = score_predictions(file, settings, params) if is_own(file) else _score_any(file, params)
    named = {"tokenizer": tokenizer_record(params.tokenizer), "references": params.references}
    return json.dumps(summary | named, ensure_ascii=False, indent=2)


def _score_any(file: Path, params: Evaluate) -> dict[str, Any]:
    rows, cut = read_scored(file), make_tokenizer(params.tokenizer)
    check_tokenizer(cut, params.tokenizer)
    scores = [score(row, cut, params.references) for row in in_pieces(rows, cut, params.tokenizer)]
    summary = summarize(scores, METRICS, [str(index) for index in range(len(rows))], params.bootstrap_samples)
    del summary["facts"]  # which rows are wordings of one fact is not known
    return summary


def _changed(params: Evaluate, tokenizer: str | None, references: str | None) -> Evaluate:
    own = params.model_dump()
    given = {"tokenizer": tokenizer, "references": references}
    try:
        return Evaluate.model_validate(own | {name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problem = error.errors()[0]
        rule = problem["msg"].replace("Input s", "s", 1)
        raise UserError(
            "score: --{option} {rule}, got {seen!r}.", option=problem["loc"][0], rule=rule, seen=problem["input"]
        ) from None
