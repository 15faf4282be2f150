"""One page that shows what the tuning did: metrics/*, data/* -> metrics/report.html."""

import csv
from pathlib import Path

from pagetune.errors import run_stage
from pagetune.jsonl import read_json, read_records, write_text
from pagetune.params import load_params
from pagetune.records import BadFile, Page, Pair, Prediction
from pagetune.report import Inputs, render_report

METRICS, PREDICTIONS, REPORT = Path("metrics"), Path("data/predictions"), Path("metrics/report.html")


def main() -> None:
    load_params()
    inputs = Inputs(
        metrics={
            name: read_json(METRICS / f"{name}.json") for name in ("extract", "build_qa", "curate", "train", "eval")
        },
        curve=list(csv.DictReader((METRICS / "loss.csv").open(encoding="utf-8"))),
        per_example=list(csv.DictReader((METRICS / "per_example.csv").open(encoding="utf-8"))),
        pages=read_records(Path("data/pages.jsonl"), Page),
        bad_files=[BadFile.model_validate(bad) for bad in read_json(Path("data/bad_files.json"))],
        pairs=read_records(Path("data/qa.jsonl"), Pair),
        base=read_records(PREDICTIONS / "base.jsonl", Prediction),
        tuned=read_records(PREDICTIONS / "tuned.jsonl", Prediction),
    )
    write_text(REPORT, render_report(inputs))
    print(f"report: {REPORT}")


if __name__ == "__main__":
    run_stage("report", main)
