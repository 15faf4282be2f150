"""4-bit, 8-bit, bf16 and a base in 8-bit floats on the same rows: scores with intervals, memory and time.

    python -m benchmarks.precisions answers FOLDER   # train and answer, after `dvc repro format`; with or without a GPU
    python -m benchmarks.precisions scores FOLDER    # the table

In two steps, so that answers from a machine with a GPU can be scored on another one.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
#: The last one has bf16 weights and trains with train.fp8.
PRECISIONS = ("4bit", "8bit", "bf16", "fp8")
SHOWN = ("exact_match", "rougeL", "fact_match")


def answer(name: str, folder: Path) -> None:
    """Train with the shipped settings, 16 rows a step; write predictions and cost into `folder`."""
    from pagetune.jsonl import write_json, write_records
    from pagetune.model.loading import load_tokenizer
    from pagetune.model.manifest import read_manifest
    from pagetune.model.precision import resolve_precision
    from pagetune.model.template import read_template
    from pagetune.params import load_params
    from pagetune.plan.budget import budget_bytes
    from pagetune.predict.answers import Questions, generate
    from pagetune.predict.closed import read_closed
    from pagetune.train.backend import for_inference, load_for_training
    from pagetune.train.cost import Stopwatch, describe_cost
    from pagetune.train.distributed import World
    from pagetune.train.inputs import prepare
    from pagetune.train.loop import fit
    from pagetune.train.oom import probe_largest_batch
    from pagetune.train.stage import settle

    params = load_params(ROOT / "params.yaml")
    train = params.train.model_copy(update={"effective_batch_size": 16, "backend": "peft", "fp8": name == "fp8"})
    precision = "bf16" if name == "fp8" else name
    params = params.model_copy(update={"precision": precision, "train": train})
    manifest = read_manifest()
    choice = resolve_precision(params.precision, manifest.parameters, params.quantization, manifest.quantized)
    inputs = prepare(settle(params, manifest)[0], manifest, choice, World(), Stopwatch())
    plan = inputs.plan(budget_bytes(params.train.gpu_memory_gib))
    model = load_for_training(inputs, plan.gradient_checkpointing)
    plan = probe_largest_batch(inputs, model, plan) if inputs.setup.on_gpu else plan
    outcome = fit(inputs, model, plan, None)
    cost = describe_cost(inputs.stopwatch, outcome.points, plan.predicted.total, outcome.speed, plan)
    began = time.monotonic()
    questions = Questions(read_closed(Path("data/prompts")))
    for_inference(inputs.backend, model)
    answers = generate(model, load_tokenizer(manifest, read_template()), questions.prompts, params.predict)
    cost["answering_seconds"] = round(time.monotonic() - began, 1)
    predictions = questions.answered(answers, read_template().eos_token, precision, "transformers")
    write_records(folder / f"{name}.jsonl", predictions)
    write_json(folder / f"{name}.json", cost)


def scores(folder: Path) -> list[str]:
    from pagetune.evaluate.answers import score_rows
    from pagetune.evaluate.evaluation import members, summary_of
    from pagetune.jsonl import read_records
    from pagetune.params import load_params
    from pagetune.records import Prediction

    params = load_params(ROOT / "params.yaml").evaluate
    lines = []
    for precision in PRECISIONS:
        if not (folder / f"{precision}.json").exists():
            lines.append(f"{precision:6} not run")
            continue
        cost = json.loads((folder / f"{precision}.json").read_text(encoding="utf-8"))
        answers = read_records(folder / f"{precision}.jsonl", Prediction)
        rows = score_rows(answers, params, [row.prompt for row in answers])
        for name in ("recall", "validation"):
            summary = summary_of(answers, rows, members(answers, name), SHOWN, params)
            lines.append(f"{precision:6} {name:11} {in_words(summary)}")
        lines.append(
            f"{precision:6} {cost['seconds']} s training, {cost['answering_seconds']} s answering, "
            f"{cost['peak_reserved_gib']} GiB"
        )
    return lines


def in_words(summary: dict[str, Any]) -> str:
    shown = [f"{m} {summary[m]:.3f} [{summary[f'{m}_ci95_low']:.3f}, {summary[f'{m}_ci95_high']:.3f}]" for m in SHOWN]
    return f"n={summary['n']} {', '.join(shown)}"


def main() -> None:
    from pagetune.errors import quiet_libraries

    quiet_libraries()
    what, folder, *precisions = sys.argv[1:]
    if what == "scores":
        print("\n".join(scores(Path(folder))))
        return
    for precision in precisions or PRECISIONS:
        answer(precision, Path(folder))


if __name__ == "__main__":
    main()
