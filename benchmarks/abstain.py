"""Train with several shares of questions that no document answers, and count what each answers and abstains from.

    python -m benchmarks.abstain PROJECT FOLDER   # PROJECT: a finished `dvc repro`; FOLDER keeps what was trained

Each share is trained once, from the same pages, pairs and base. The sets are those of the evaluation, the questions
that were made for it, and unanswerable.jsonl, which was written by hand without knowledge of how questions are made.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pagetune.jsonl import read_records, write_records
from pagetune.model.manifest import read_manifest
from pagetune.model.prompts import to_example
from pagetune.model.template import read_template
from pagetune.params import load_params
from pagetune.predict.answers import Questions, predict, read_questions
from pagetune.records import Pair

ROOT = Path(__file__).resolve().parent.parent
BY_HAND = ROOT / "samples" / "questions" / "unanswerable.jsonl"
SHARES = (0.0, 0.05, 0.1, 0.2)
SETS = ("recall", "recall_new_wording", "validation", "heldout")
SILENT = ("unanswerable", "unanswerable_made")


def prepare(project: Path, folder: Path, share: float) -> None:
    """Copy what does not depend on the share, and run the stages that do."""
    (folder / "metrics").mkdir(parents=True, exist_ok=True)
    for name in ("data/pages.jsonl", "data/qa.jsonl"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(project / name, folder / name)
    shutil.copytree(project / "models" / "base", folder / "models" / "base")
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    lines = [f"  abstain_fraction: {share}" if "abstain_fraction:" in line else line for line in text.splitlines()]
    (folder / "params.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for stage in ("curate", "format", "train"):
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=environment, check=True)


def answer(folder: Path) -> None:
    """Answer all sets with the adapter in `folder`, which is the working directory."""
    template, params = read_template(), load_params()
    questions = read_questions(Path("data/prompts"))
    silent = [
        to_example(pair, template.template, template.eos_token, False, template.lead)
        for name in SILENT
        for pair in _silent_pairs(name)
    ]
    asked = Questions([*questions.rows, *(("heldout", row) for row in silent)])
    predictions = predict(read_manifest(), Path("models/adapter"), template, asked, params)
    write_records(Path("answers.jsonl"), predictions)


def _silent_pairs(name: str) -> list[Pair]:
    if name == "unanswerable_made":
        return read_records(Path("data/splits/questions.jsonl"), Pair)
    rows = [json.loads(line) for line in BY_HAND.read_text(encoding="utf-8").splitlines()]
    return [
        Pair.original(f"hand{number}", row["question"], "", "user", row["doc_id"], references=row["references"])
        for number, row in enumerate(rows)
    ]
