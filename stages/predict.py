"""Ask the tuned model: data/prompts and models/adapter -> data/predictions/tuned.jsonl."""

from pathlib import Path

from pagetune.cards import claim_card
from pagetune.errors import run_stage
from pagetune.generation import describe, predict, read_questions
from pagetune.jsonl import write_records
from pagetune.manifest import ADAPTER, read_manifest
from pagetune.models import load_tokenizer, load_tuned
from pagetune.params import load_params

PROMPTS, PREDICTIONS = Path("data/prompts"), Path("data/predictions/tuned.jsonl")


def main() -> None:
    claim_card()
    params = load_params()
    manifest = read_manifest()
    model, choice = load_tuned(manifest, ADAPTER, params.precision, params.quantization)
    questions = read_questions(PROMPTS)
    predictions = predict(model, load_tokenizer(manifest), questions, params.predict, choice.precision)
    write_records(PREDICTIONS, predictions)
    print(f"predict: {describe(manifest, predictions)} with its adapter")


if __name__ == "__main__":
    run_stage("predict", main)
