"""One page that shows what the tuning did: metrics/*, data/* -> metrics/report.html."""

import csv
from pathlib import Path

from pagetune.errors import run_stage
from pagetune.jsonl import read_json, read_records, write_text
from pagetune.params import load_params
from pagetune.records import BadFile, Page, Pair, Prediction
from pagetune.report.page import Inputs, render_report

METRICS, PREDICTIONS, SPLITS = Path("metrics"), Path("data/predictions"), Path("data/splits")
REPORT = Path("metrics/report.html")


def main() -> None:
    load_params()
    inputs = Inputs(
        metrics={
            name: read_json(METRICS / f"{name}.json") for name in ("extract", "build_qa", "curate", "train", "eval")
        },
        curve=read_table("loss"),
        memory=read_table("memory"),
        groups=read_table("groups"),
        per_example=read_table("per_example"),
        pages=read_records(Path("data/pages.jsonl"), Page),
        bad_files=[BadFile.model_validate(bad) for bad in read_json(Path("data/bad_files.json"))],
        pairs=read_records(Path("data/qa.jsonl"), Pair),
        asked=[
            pair
            for name in ("recall", "validation", "heldout")
            for pair in read_records(SPLITS / f"{name}.jsonl", Pair)
        ],
        base=read_records(PREDICTIONS / "base.jsonl", Prediction),
        tuned=read_records(PREDICTIONS / "tuned.jsonl", Prediction),
    )
    write_text(REPORT, render_report(inputs))
    print(f"report: {REPORT}")


def read_table(name: str) -> list[dict[str, str]]:
    with (METRICS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    run_stage("report", main)
