"""The models that are compared, and whether they answered the same questions in the same way."""

from collections.abc import Mapping, Sequence

from pagetune.errors import UserError
from pagetune.records import Prediction

MODELS = ("base", "tuned")
#: The same with passages of the documents in the prompt; there are none where predict.book is closed.
OPEN_MODELS = ("base_open", "tuned_open")


def compared(answers: Mapping[str, Sequence[Prediction]]) -> tuple[str, str]:
    """Return the base and the tuned model whose answers are set side by side: those without passages, where there are
    any."""
    return OPEN_MODELS if answers.get("tuned_open") and not answers["tuned"] else MODELS


def check_comparable(predictions: dict[str, list[Prediction]]) -> None:
    """Raise UserError where the models were not asked the same questions in the same way, each with the same book."""
    (first, base), *others = [(name, rows) for name, rows in predictions.items() if rows] or [("base", [])]
    for name, rows in others:
        for what in ("precision", "engine"):
            seen = [sorted({getattr(row, what) for row in own}) for own in (base, rows)]
            if seen[0] != seen[1]:
                key = "precision" if what == "precision" else "predict.engine"
                said = f"{first} is in {seen[0]}, {name} in {seen[1]}"
                raise UserError("data/predictions: {said}. Set {key} to one of them.", said=said, key=key)
    closed, opened = (_prompts(predictions, pair) for pair in (MODELS, OPEN_MODELS))
    asked = [[row.prompt for row in rows] for rows in (base, *(rows for _, rows in others))]
    if any(one != other for one, other in (closed, opened)) or any(one != asked[0] for one in asked):
        raise UserError("data/predictions: base and tuned answer different prompts. Run `dvc repro` to predict again.")


def _prompts(predictions: dict[str, list[Prediction]], models: tuple[str, ...]) -> list[list[str]]:
    return [[row.open_prompt or row.prompt for row in predictions.get(model, [])] for model in models]
