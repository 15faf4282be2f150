"""Generate the answers of the tuned model: data/prompts and models/adapter -> data/predictions/tuned.jsonl."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.jsonl import write_records
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.template import check_template
from pagetune.params import load_params
from pagetune.predict.answers import describe_predictions, predict, read_questions
from pagetune.train.gpu_lock import claim_gpu

PROMPTS, PREDICTIONS = Path("data/prompts"), Path("data/predictions/tuned.jsonl")


def main() -> None:
    claim_gpu()
    params, manifest = load_params(), read_manifest()
    template = check_template(ADAPTER, manifest)
    predictions = predict(manifest, ADAPTER, template, read_questions(PROMPTS), params)
    write_records(PREDICTIONS, predictions)
    print(f"predict: {describe_predictions(manifest, predictions)} with its adapter")


if __name__ == "__main__":
    run_stage("predict", main)
