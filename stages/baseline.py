"""Generate the answers of the base model before tuning: data/prompts -> data/predictions/base.jsonl."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.jsonl import write_records
from pagetune.model.manifest import read_manifest
from pagetune.model.template import read_template
from pagetune.params import load_params
from pagetune.predict.answers import describe_predictions, predict, read_questions
from pagetune.train.gpu_lock import claim_gpu

PROMPTS, PREDICTIONS = Path("data/prompts"), Path("data/predictions/base.jsonl")


def main() -> None:
    claim_gpu()
    params, manifest = load_params(), read_manifest()
    predictions = predict(manifest, None, read_template(), read_questions(PROMPTS), params)
    write_records(PREDICTIONS, predictions)
    print(f"baseline: {describe_predictions(manifest, predictions)}")


if __name__ == "__main__":
    run_stage("baseline", main)
