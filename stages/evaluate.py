"""Score base and tuned: data/predictions/*.jsonl -> metrics/eval.json, metrics/per_example.csv."""

import csv
from pathlib import Path

from pagetune.errors import run_stage
from pagetune.evaluation import MODELS, comparison_table, evaluate
from pagetune.jsonl import atomic_write, read_records, write_json
from pagetune.params import load_params
from pagetune.records import Prediction

PREDICTIONS, METRICS, PER_EXAMPLE = Path("data/predictions"), Path("metrics/eval.json"), Path("metrics/per_example.csv")


def main() -> None:
    params = load_params().evaluate
    predictions = {model: read_records(PREDICTIONS / f"{model}.jsonl", Prediction) for model in MODELS}
    metrics, rows = evaluate(predictions, params)
    write_json(METRICS, metrics)
    with atomic_write(PER_EXAMPLE) as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"evaluate: {len(rows)} answers scored with {metrics['tokenizer']}\n{comparison_table(metrics)}")


if __name__ == "__main__":
    run_stage("evaluate", main)
