"""Sum the run up in a few numbers, DVC's metrics: metrics/{eval,train,cost}.json -> metrics/summary.json."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.evaluate.summary import summarize_run
from pagetune.jsonl import read_json, write_json

METRICS = Path("metrics")


def main() -> None:
    scores, training, cost = (read_json(METRICS / f"{name}.json") for name in ("eval", "train", "cost"))
    summary = summarize_run(scores, training, cost)
    write_json(METRICS / "summary.json", summary)
    print("summary: " + ", ".join(f"{name} {value:g}" for name, value in summary.items() if value is not None))


if __name__ == "__main__":
    run_stage("summary", main)
