"""Tune a real model on one document of the samples, and count what it still knows, by train.replay_fraction.

    python -m benchmarks.retention answers FOLDER MODEL LANGUAGE [FRACTION ...]   # after `dvc repro build_qa`
    python -m benchmarks.retention scores FOLDER                                  # the table

MODEL is the folder of a model, LANGUAGE the half of the retention questions that it can be asked (ko, en), FRACTION a
value of train.replay_fraction (0 and 0.1). Each is a project of its own in FOLDER, whose stages run from curate to
train; then base and tuned answer the recall questions and the retention questions. No row is held out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from pagetune.jsonl import read_records, write_records
from pagetune.records import Example, Page, Pair, Prediction, Record, Split

ROOT = Path(__file__).parent.parent
RETENTION = ROOT / "samples/questions/retention.jsonl"
STAGES = ("curate", "base_model", "format", "replay", "train")
#: A training that is short enough for a CPU.
CHANGES: dict[str, Any] = {
    "precision": "fp32", "curate.heldout_fraction": 0.0, "train.epochs": 3, "train.learning_rate": 0.001, "lora.r": 16,
    "train.eval_steps": 4000,
}  # fmt: skip
DOCUMENTS = {"en": "tablet_faq", "ko": "training_notice"}


class Probe(Record):
    """A row of retention.jsonl."""

    question: str
    references: list[str]
    language: str
    tag: str
    check: str


def probes(language: str) -> list[Probe]:
    rows = RETENTION.read_text(encoding="utf-8").splitlines()
    return [probe for probe in map(Probe.model_validate_json, rows) if probe.language == language]


def prepare(project: Path, model: str, document: str, fraction: float) -> None:
    """Write the settings and the pages and pairs of one document into a folder."""
    from ruamel.yaml import YAML

    yaml = YAML()
    values = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key, value in {**CHANGES, "model.base": model, "train.replay_fraction": fraction}.items():
        *sections, name = key.split(".")
        node = values
        for section in sections:
            node = node[section]
        node[name] = value
    shutil.rmtree(project, ignore_errors=True)
    (project / "data").mkdir(parents=True)
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(values, file)
    pages = [page for page in read_records(ROOT / "data/pages.jsonl", Page) if page.doc_id == document]
    pairs = [pair for pair in read_records(ROOT / "data/qa.jsonl", Pair) if pair.doc_id == document]
    write_records(project / "data/pages.jsonl", pages)
    write_records(project / "data/qa.jsonl", pairs)


def answer_here(which: str, language: str) -> None:
    """Answer the recall and retention questions with the base or the adapter of this project."""
    from pagetune.model.manifest import ADAPTER, read_manifest
    from pagetune.model.prompts import to_example
    from pagetune.model.template import read_template
    from pagetune.params import load_params
    from pagetune.predict.answers import Questions, predict

    template, asked = read_template(), list[tuple[Split, Example]]()
    asked += [("recall", row) for row in read_records(Path("data/prompts/recall.jsonl"), Example)]
    for number, probe in enumerate(probes(language)):
        pair = Pair.original(f"{probe.tag}{number}", probe.question, probe.references[0], "user", "retention")
        pair = pair.model_copy(update={"references": probe.references[1:]})
        asked.append(("heldout", to_example(pair, template.template, template.eos_token, True, template.lead)))
    adapter = ADAPTER if which == "tuned" else None
    predictions = predict(read_manifest(), adapter, template, Questions(asked), load_params())
    write_records(Path(f"{which}.jsonl"), predictions)


def answer(folder: Path, model: str, language: str, fraction: float) -> None:
    """Run the stages of one project, and both models' answers; those of the base are the same for all fractions."""
    project = folder / f"{fraction:g}"
    prepare(project, model, DOCUMENTS[language], fraction)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    commands = [["-m", f"stages.{stage}"] for stage in STAGES]
    commands += [["-m", "benchmarks.retention", "here", which, language] for which in ("base", "tuned")]
    before = folder / "base.jsonl"
    for command in commands:
        if command[-2] == "base" and before.exists():
            continue
        subprocess.run([sys.executable, *command], check=True, cwd=project, env=environment)
    if not before.exists():
        (project / "base.jsonl").rename(before)
    print(f"retention: {project} done", flush=True)


def scores(folder: Path) -> list[str]:
    """Return the table: a row for the base and for each fraction."""
    files = {"base": folder / "base.jsonl"}
    files |= {f"replay {file.parent.name}": file for file in sorted(folder.glob("*/tuned.jsonl"))}
    lines = [f"{'':12}" + "".join(f"{name:>28}" for name in COLUMNS) + "   ended"]
    return lines + [row_of(name, read_records(file, Prediction)) for name, file in files.items()]


COLUMNS = ("recall", "recall_new_wording", "retention", "knowledge", "arithmetic", "instruction")


def row_of(name: str, answers: list[Prediction]) -> str:
    from pagetune.evaluate.intervals import summarize

    right = [(column, is_right(row)) for row in answers for column in columns_of(row)]
    cells = []
    for column in COLUMNS:
        own = [value for name, value in right if name == column]
        one = summarize([{"right": value} for value in own], ("right",), [str(i) for i in range(len(own))], 1000)
        cells.append(f"{one['right']:.3f} [{one['right_ci95_low']:.3f}, {one['right_ci95_high']:.3f}] n={len(own)}")
    ended = sum(row.stopped for row in answers)
    return f"{name:12}" + "".join(f"{cell:>28}" for cell in cells) + f"   {ended}/{len(answers)}"


def columns_of(row: Prediction) -> list[str]:
    if row.doc_id == "retention":
        return ["retention", row.pair_id.rstrip("0123456789")]
    return ["recall" if row.wording_seen else "recall_new_wording"]


def is_right(row: Prediction) -> float:
    """Score as samples/questions/README.md says: to the letter where a row checks that, else by the facts."""
    from pagetune.evaluate.evaluation import accepted_answers
    from pagetune.text.fact_match import fact_match

    references = accepted_answers(row)
    if row.pair_id.startswith("instruction"):
        return float(row.prediction.strip().removesuffix(".") in references)
    return max(fact_match(row.prediction, reference) for reference in references)


def main() -> None:
    from pagetune.errors import quiet_libraries

    quiet_libraries()
    what, *rest = sys.argv[1:]
    if what == "here":
        answer_here(*rest)
        return
    if what == "scores":
        print("\n".join(scores(Path(rest[0]))))
        return
    folder, model, language, *fractions = rest
    for fraction in fractions or ("0", "0.1"):
        answer(Path(folder).resolve(), model, language, float(fraction))


if __name__ == "__main__":
    main()
