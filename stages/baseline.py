"""Ask the base model before any tuning: data/prompts -> data/predictions/base.jsonl."""

from pathlib import Path

from pagetune.cards import claim_card
from pagetune.errors import run_stage
from pagetune.generation import describe, predict, read_questions
from pagetune.jsonl import write_records
from pagetune.manifest import read_manifest
from pagetune.models import load_base, load_tokenizer
from pagetune.params import load_params

PROMPTS, PREDICTIONS = Path("data/prompts"), Path("data/predictions/base.jsonl")


def main() -> None:
    claim_card()
    params = load_params()
    manifest = read_manifest()
    model, choice = load_base(manifest, params.precision, params.quantization)
    print(f"baseline: {choice.precision} ({choice.reason})", flush=True)
    questions = read_questions(PROMPTS)
    predictions = predict(model, load_tokenizer(manifest), questions, params.predict, choice.precision)
    write_records(PREDICTIONS, predictions)
    print(f"baseline: {describe(manifest, predictions)}")


if __name__ == "__main__":
    run_stage("baseline", main)
