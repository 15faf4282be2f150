"""Compare 100 with 200 new tokens per summary on one tuned model: ROUGE, the share cut short, and time.

    python -m benchmarks.summarization    # after `dvc repro` with presets/summarization.yaml

The guides raise decoder_max_len from 100 to 200 for Korean, where a syllable takes one or more tokens. The two take
turns in running first; times are medians of the rounds, compared as a ratio.
"""

import statistics
import time
from pathlib import Path
from typing import Any

LENGTHS, ROUNDS = (100, 200), 3
SHOWN = ("rouge1", "rouge2", "rougeL")


def main() -> None:
    from pagetune.model.loading import load_tokenizer, load_tuned
    from pagetune.model.manifest import ADAPTER, read_manifest
    from pagetune.model.precision import resolve_precision
    from pagetune.model.template import read_template
    from pagetune.params import load_params
    from pagetune.predict.answers import Questions
    from pagetune.predict.closed import read_closed

    params, manifest = load_params(), read_manifest()
    choice = resolve_precision(params.precision, manifest.parameters, params.quantization, manifest.quantized)
    model = load_tuned(manifest, ADAPTER, choice)
    tokenizer, questions = load_tokenizer(manifest, read_template()), Questions(read_closed(Path("data/prompts")))
    print(f"{manifest.id}, {manifest.parameters:,} parameters, {choice.precision}, {len(questions.rows)} dialogues")
    print(spread([len(tokenizer(row.completion)["input_ids"]) for row in questions.rows]))
    seconds, said = run(model, tokenizer, questions, params)
    for length in LENGTHS:
        predictions = questions.answered(said[length], read_template().eos_token, choice.precision, "transformers")
        print_scores(length, predictions, params.evaluate)
        print(f"{length}: {statistics.median(seconds[length]):.1f} s")
    ratio = statistics.median(seconds[200]) / statistics.median(seconds[100])
    same = sum(one.text == other.text for one, other in zip(said[100], said[200], strict=True))
    print(f"200 takes {ratio:.2f} times as long as 100; {same} of {len(said[100])} summaries are the same")


def spread(lengths: list[int]) -> str:
    middle, most = statistics.median(lengths), max(lengths)
    longer = sum(length > LENGTHS[0] for length in lengths) / len(lengths)
    return f"references: {middle:.0f} tokens (median), {most} at most, {longer:.0%} of them over {LENGTHS[0]}"


def run(model: Any, tokenizer: Any, questions: Any, params: Any) -> tuple[dict[int, list[float]], dict[int, Any]]:
    """Return the seconds of each round, and the answers, by length."""
    from pagetune.predict.answers import generate

    seconds: dict[int, list[float]] = {length: [] for length in LENGTHS}
    said = {}
    for number in range(ROUNDS):
        for length in LENGTHS if number % 2 else reversed(LENGTHS):
            began = time.monotonic()
            predict = params.predict.model_copy(update={"max_new_tokens": length})
            said[length] = generate(model, tokenizer, questions.prompts, predict)
            seconds[length].append(time.monotonic() - began)
    return seconds, said


def print_scores(length: int, predictions: list[Any], params: Any) -> None:
    from pagetune.evaluate.answers import score_rows
    from pagetune.evaluate.evaluation import members, summary_of

    scores = score_rows(predictions, params, [row.prompt for row in predictions])
    for name in ("recall", "validation", "heldout"):
        chosen = members(predictions, name)
        summary = summary_of(predictions, scores, chosen, SHOWN, params)
        cut = sum(not predictions[index].stopped for index in chosen) / len(chosen)
        shown = ", ".join(_with_interval(summary, metric) for metric in SHOWN)
        print(f"{length}: {name:10} n={len(chosen):<4} {shown}, cut short {cut:.1%}")


def _with_interval(summary: dict[str, Any], metric: str) -> str:
    return f"{metric} {summary[metric]:.3f} [{summary[f'{metric}_ci95_low']:.3f}, {summary[f'{metric}_ci95_high']:.3f}]"


if __name__ == "__main__":
    main()
