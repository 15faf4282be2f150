"""Report what the tuning did: metrics/*, data/* -> metrics/report.html and the adapter's metrics/model_card.md."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.evaluate.comparable import MODELS, OPEN_MODELS, compared
from pagetune.jsonl import read_as, read_json, read_records, read_table, write_text
from pagetune.model.manifest import Manifest, read_manifest
from pagetune.model.template import TemplateRecord, read_template
from pagetune.params import Params, load_params
from pagetune.records import BadFile, Page, Pair, Prediction, Question
from pagetune.report.model_card import render_model_card
from pagetune.report.page import Inputs, render_report
from pagetune.report.run import describe_run
from pagetune.text.korean import is_korean

METRICS, PREDICTIONS, SPLITS = Path("metrics"), Path("data/predictions"), Path("data/splits")
REPORT, CARD = METRICS / "report.html", METRICS / "model_card.md"


def main() -> None:
    params, manifest, template = load_params(), read_manifest(), read_template()
    inputs = read_inputs(params, manifest, template)
    languages = sorted({"ko" if is_korean(pair.instruction + pair.output) else "en" for pair in inputs.pairs})
    write_text(REPORT, render_report(inputs))
    write_text(CARD, render_model_card(manifest, template, params, inputs.metrics, languages))
    print(f"report: {REPORT}, {CARD}")


def read_inputs(params: Params, manifest: Manifest, template: TemplateRecord) -> Inputs:
    names, asked = ("extract", "build_qa", "curate", "train", "eval"), ("recall", "validation", "heldout")
    models = (*MODELS, *OPEN_MODELS)
    answers = {model: read_records(PREDICTIONS / f"{model}.jsonl", Prediction) for model in models}
    base, tuned = (answers[model] for model in compared(answers))
    metrics = {name: read_json(METRICS / f"{name}.json") for name in names}
    pages = read_records(Path("data/pages.jsonl"), Page)
    return Inputs(
        metrics=metrics,
        run=describe_run(manifest, template, params, metrics["train"], pages),
        language=params.report.language,
        curve=read_table(METRICS / "loss.csv"),
        validation=read_table(METRICS / "validation.csv"),
        memory=read_table(METRICS / "memory.csv"),
        groups=read_table(METRICS / "groups.csv"),
        per_example=read_table(METRICS / "per_example.csv"),
        pages=pages,
        bad_files=read_as(Path("data/bad_files.json"), list[BadFile]),
        pairs=read_records(Path("data/qa.jsonl"), Pair),
        grades=read_json(SPLITS / "grades.json"),
        asked=[
            *(pair for name in asked for pair in read_records(SPLITS / f"{name}.jsonl", Pair)),
            *read_records(SPLITS / "questions.jsonl", Question),
        ],
        base=base,
        tuned=tuned,
    )


if __name__ == "__main__":
    run_stage("report", main)
