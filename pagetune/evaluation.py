"""Scores of both models on every set, and the table that compares them."""

from typing import Any, Literal

from pagetune.errors import UserError
from pagetune.params import Evaluate
from pagetune.records import Prediction
from pagetune.scoring import check_tokenizer, make_tokenizer, score, summarize, tokenizer_record

Model = Literal["base", "tuned"]
MODELS: tuple[Model, ...] = ("base", "tuned")
#: Sets in the order of the table: trained facts in words not trained, the same in a wording never trained, …
SETS = ("recall", "recall_new_wording", "validation", "heldout")


def set_of(prediction: Prediction) -> str:
    """`recall` holds two sets: seen templates, and the template that no training row has."""
    new_wording = prediction.split == "recall" and not prediction.template_seen
    return "recall_new_wording" if new_wording else prediction.split


def check_comparable(predictions: dict[Model, list[Prediction]]) -> None:
    """Raises UserError where base and tuned were not asked the same, or not in the same precision."""
    base, tuned = predictions["base"], predictions["tuned"]
    precisions = [sorted({row.precision for row in rows}) for rows in (base, tuned)]
    if precisions[0] != precisions[1]:
        raise UserError(f"data/predictions: base is in {precisions[0]}, tuned in {precisions[1]}. Set one precision.")
    if [row.prompt for row in base] != [row.prompt for row in tuned]:
        raise UserError("data/predictions: base and tuned answer other prompts. Run `dvc repro` to predict anew.")


def score_rows(predictions: list[Prediction], params: Evaluate) -> list[dict[str, float]]:
    """The scores of each prediction, in order."""
    tokenizer = make_tokenizer(params.tokenizer)
    check_tokenizer(tokenizer, params.tokenizer)
    for row in predictions:
        if not all(tokenizer.tokenize(text) for text in accepted_answers(row)):
            seen = f"{params.tokenizer} finds no token in {accepted_answers(row)!r}"
            raise UserError(f"params.yaml: evaluate.tokenizer: {seen}. Use kiwi or character.")
    return [score(row.prediction, accepted_answers(row), tokenizer) for row in predictions]


def accepted_answers(row: Prediction) -> list[str]:
    """The completion without its EOS, and the further references."""
    return [row.completion.removesuffix(row.eos_token), *row.references]


def summarize_sets(
    predictions: list[Prediction], scores: list[dict[str, float]], params: Evaluate
) -> dict[str, dict[str, Any]]:
    """The summary of every set, and under `by_kind` how many questions of each kind were answered exactly."""
    summaries: dict[str, dict[str, Any]] = {}
    for name in SETS:
        chosen = [i for i, row in enumerate(predictions) if set_of(row) == name]
        summaries[name] = summarize([scores[i] for i in chosen], params.bootstrap_samples)
        summaries[name]["by_kind"] = _by_kind([(predictions[i].kind, scores[i]) for i in chosen])
        summaries[name]["never_stopped"] = sum(not predictions[i].stopped for i in chosen)
    return summaries


def _by_kind(rows: list[tuple[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    kinds: dict[str, list[float]] = {}
    for kind, scores in rows:
        kinds.setdefault(kind, []).append(scores["exact_match"])
    return {
        kind: {"n": len(values), "exact_match": round(sum(values) / len(values), 6)}
        for kind, values in sorted(kinds.items())
    }


def evaluate(
    predictions: dict[Model, list[Prediction]], params: Evaluate
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns what goes into metrics/eval.json and the rows of metrics/per_example.csv."""
    check_comparable(predictions)
    scores = {model: score_rows(predictions[model], params) for model in MODELS}
    metrics: dict[str, Any] = {model: summarize_sets(predictions[model], scores[model], params) for model in MODELS}
    rows = [
        {"set": set_of(row), "model": model, "pair_id": row.pair_id, "kind": row.kind, "doc_id": row.doc_id, **values}
        for model in MODELS
        for row, values in zip(predictions[model], scores[model], strict=True)
    ]
    return {**metrics, "tokenizer": tokenizer_record(params.tokenizer)}, rows


def comparison_table(metrics: dict[str, Any]) -> str:
    """Before and after, a set a row, with 95% intervals of the exact match and n per kind of question."""
    lines = [f"{'set':<20}{'n':>5}  {'exact match base -> tuned':<38}{'ROUGE-L':<17}{'fact match'}"]
    for name in SETS:
        base, tuned = metrics["base"][name], metrics["tuned"][name]
        if not tuned["n"]:
            lines.append(f"{name:<20}{0:>5}  (empty)")
            continue
        low, high = tuned["exact_match_ci95_low"], tuned["exact_match_ci95_high"]
        exact = f"{base['exact_match']:.3f} -> {tuned['exact_match']:.3f} [{low:.3f}, {high:.3f}]"
        change = [f"{base[metric]:.3f} -> {tuned[metric]:.3f}" for metric in ("rougeL", "fact_match")]
        lines.append(f"{name:<20}{tuned['n']:>5}  {exact:<38}{change[0]:<17}{change[1]}")
    kinds = metrics["tuned"]["recall"]["by_kind"]
    lines.append("recall by kind: " + ", ".join(f"{k} {v['exact_match']:.3f} (n={v['n']})" for k, v in kinds.items()))
    return "\n".join(lines)
