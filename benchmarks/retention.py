"""Tune a real model on one document of the samples, and count what it still knows, by train.replay_fraction.

    python -m benchmarks.retention answers FOLDER MODEL LANGUAGE [FRACTION ...]   # after `dvc repro build_qa`
    python -m benchmarks.retention scores FOLDER                                  # the table

MODEL is the folder of a model, LANGUAGE the half of data/questions/retention.jsonl that it can be asked (ko, en), and
FRACTION a value of train.replay_fraction (0 and 0.1). Each is a project of its own in FOLDER, a new one, whose stages
run from curate to predict. The document is English or Korean as the questions are, and nothing of it is held out.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.real_models import write_settings
from pagetune.jsonl import read_records, write_records
from pagetune.records import Page, Pair, Prediction

ROOT = Path(__file__).parent.parent
STAGES = ("curate", "base_model", "format", "open_book", "baseline", "replay", "train", "predict")
#: A training that is short enough for a CPU.
CHANGES: dict[str, Any] = {
    "precision": "fp32", "curate.heldout_fraction": 0.0, "train.epochs": 3, "train.learning_rate": 0.001, "lora.r": 16,
    "train.eval_steps": 4000,
}  # fmt: skip
DOCUMENTS = {"en": "tablet_faq", "ko": "training_notice"}
COLUMNS = ("recall", "recall_new_wording", "retention", "knowledge", "arithmetic", "instruction")


def prepare(project: Path, model: str, language: str, fraction: float) -> None:
    """Write the settings, the pages and pairs of one document, and the general questions into a folder."""
    (project / "data/questions").mkdir(parents=True)
    write_settings(project, {**CHANGES, "model.base": model, "train.replay_fraction": fraction})
    pages, pairs = read_records(ROOT / "data/pages.jsonl", Page), read_records(ROOT / "data/qa.jsonl", Pair)
    write_records(project / "data/pages.jsonl", [one for one in pages if one.doc_id == DOCUMENTS[language]])
    write_records(project / "data/qa.jsonl", [one for one in pairs if one.doc_id == DOCUMENTS[language]])
    lines = (ROOT / "data/questions/retention.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if json.loads(line)["language"] == language]
    (project / "data/questions/retention.jsonl").write_text("\n".join(asked) + "\n", encoding="utf-8")


def answer(folder: Path, model: str, language: str, fraction: float) -> None:
    """Run the stages of one project; the base's answers are the same for all fractions."""
    project, before = folder / f"{fraction:g}", folder / "base.jsonl"
    prepare(project, model, language, fraction)
    for stage in STAGES:
        if stage == "baseline" and before.exists():
            continue
        command = [sys.executable, "-m", f"stages.{stage}"]
        subprocess.run(command, check=True, cwd=project, env={**os.environ, "PYTHONPATH": str(ROOT)})
        if stage == "baseline":
            shutil.copy(project / "data/predictions/base.jsonl", before)
    print(f"retention: {project} done", flush=True)


def scores(folder: Path) -> list[str]:
    """Return the table: a row for the base and for each fraction."""
    files = {"base": folder / "base.jsonl"}
    found = sorted(folder.glob("*/data/predictions/tuned.jsonl"))
    files |= {f"replay {file.relative_to(folder).parts[0]}": file for file in found}
    lines = [f"{'':12}" + "".join(f"{name:>30}" for name in COLUMNS) + "   ended"]
    return lines + [row_of(name, read_records(file, Prediction)) for name, file in files.items()]


def row_of(name: str, answers: list[Prediction]) -> str:
    from pagetune.evaluate.answers import score_rows
    from pagetune.evaluate.evaluation import set_of, summary_of
    from pagetune.params import load_params

    params = load_params(ROOT / "params.yaml").evaluate
    rows, cells = score_rows(answers, params, [row.prompt for row in answers]), []
    for column in COLUMNS:
        chosen = [index for index, row in enumerate(answers) if column in (set_of(row), row.tag)]
        one = summary_of(answers, rows, chosen, ("fact_match",), params)
        interval = f"[{one['fact_match_ci95_low']:.3f}, {one['fact_match_ci95_high']:.3f}]"
        cells.append(f"{one['fact_match']:.3f} {interval} n={len(chosen)}")
    ended = sum(row.stopped for row in answers)
    return f"{name:12}" + "".join(f"{cell:>30}" for cell in cells) + f"   {ended}/{len(answers)}"


def main() -> None:
    from pagetune.errors import quiet_libraries

    quiet_libraries()
    what, folder, *rest = sys.argv[1:]
    if what == "scores":
        print("\n".join(scores(Path(folder))))
        return
    model, language, *fractions = rest
    if Path(folder).exists():
        sys.exit(f"retention: {folder} exists, and may have the answers of another model. Name a new folder.")
    for fraction in fractions or ("0", "0.1"):
        answer(Path(folder).resolve(), model, language, float(fraction))


if __name__ == "__main__":
    main()
