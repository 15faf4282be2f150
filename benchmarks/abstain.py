"""Train with several shares of questions that no document answers; count what each model answers and abstains from.

    python -m benchmarks.abstain PROJECT FOLDER [SHARE …]   # PROJECT: a finished `dvc repro`; FOLDER: what is trained

Each share is trained once, from the same pages, pairs, base and questions. What is in FOLDER already is not trained or
answered again. `unanswerable` was written by hand without knowledge of how questions are made.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from pagetune.evaluate.answers import score_rows
from pagetune.evaluate.controls import instruction_of
from pagetune.evaluate.evaluation import members
from pagetune.evaluate.intervals import summarize
from pagetune.evaluate.sources import sources_of
from pagetune.jsonl import read_records
from pagetune.model.template import TemplateRecord
from pagetune.params import load_params
from pagetune.records import Page, Pair, Prediction, Question, fact_id

ROOT = Path(__file__).resolve().parent.parent
SHARES = (0.0, 0.05, 0.1, 0.2)
STAGES = ("curate", "format", "open_book", "replay", "train", "predict")
SPLITS = ("validation", "recall", "heldout")
#: Sets that the documents answer, and sets that they do not.
ANSWERED = ("recall_spoken", "recall", "recall_new_wording", "validation")
SILENT = ("unanswerable", "unanswerable_made", "heldout")


def train(project: Path, folder: Path, share: float) -> None:
    """Copy what does not depend on the share, and run the stages that do."""
    for name in ("data/questions", "models/base"):
        shutil.copytree(project / name, folder / name, dirs_exist_ok=True)
    for name in ("data/pages.jsonl", "data/qa.jsonl"):
        shutil.copy(project / name, folder / name)
    lines = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    lines = [f"  abstain_fraction: {share}" if "abstain_fraction:" in line else line for line in lines]
    (folder / "params.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for stage in STAGES:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=environment, check=True)


def lines_of(folder: Path, share: float) -> list[str]:
    """Return a line for each set: the share of right answers, of those that abstain, and of those that invent."""
    answers = read_records(folder / "data/predictions/tuned.jsonl", Prediction)
    pairs: list[Pair] = [row for name in SPLITS for row in read_records(folder / f"data/splits/{name}.jsonl", Pair)]
    pairs += read_records(folder / "data/splits/questions.jsonl", Question)
    template = TemplateRecord.model_validate_json((folder / "data/prompts/template.json").read_text(encoding="utf-8"))
    params = load_params(folder / "params.yaml").evaluate
    questions = [instruction_of(row.prompt, template.template) for row in answers]
    sources = sources_of(pairs, read_records(folder / "data/pages.jsonl", Page))
    scores = score_rows(answers, params, questions, sources)
    lines = []
    for name in (*ANSWERED, *SILENT):
        own = members(answers, name)
        facts = [fact_id(answers[at].pair_id) for at in own]
        names = ("fact_match", "abstained", "invented")
        found = summarize([scores[at] for at in own], names, facts, params.bootstrap_samples)
        lines.append(f"{share:<6} {name:20} {len(own):4}  " + "  ".join(_with_interval(found, key) for key in names))
    tags = Counter((answers[at].tag, bool(scores[at]["abstained"])) for at in members(answers, "unanswerable_made"))
    made = ", ".join(f"{tag} {tags[tag, True]} of {tags[tag, True] + tags[tag, False]}" for tag in _tags(tags))
    return [*lines, f"{share:<6} abstained of unanswerable_made, by how they were made: {made}"]


def _tags(tags: Counter[tuple[str | None, bool]]) -> list[str]:
    return sorted({tag for tag, _ in tags if tag})


def _with_interval(found: dict[str, float | int | None], key: str) -> str:
    low, high = (found[f"{key}_ci95_{end}"] for end in ("low", "high"))
    return f"{found[key]:.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    project, folder = Path(sys.argv[1]), Path(sys.argv[2])
    print(f"{'share':6} {'set':20} {'n':>4}  {'right':20}  {'abstained':20}  invented")
    for share in [float(text) for text in sys.argv[3:]] or SHARES:
        own = folder / str(share)
        if not (own / "data/predictions/tuned.jsonl").exists():
            train(project, own, share)
        print("\n".join(lines_of(own, share)), flush=True)


if __name__ == "__main__":
    main()
