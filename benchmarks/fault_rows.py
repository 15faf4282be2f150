"""Nothing is dropped silently: what each stage took is what it wrote and what it rejected, counted in its files."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

ANSWERS = {"baseline": "base", "baseline_open": "base_open", "predict": "tuned", "predict_open": "tuned_open"}
STAGES = ("build_qa", "curate", "format", "search", "open_book", *ANSWERS)


def lost_rows(project: Path, stages: Collection[str]) -> list[str]:
    """Return where in is not out + rejected. A stage whose files are not all there has not ended, and is left out."""
    found: list[str] = []
    for name in ("build_qa", "curate"):
        if metrics := _json(project / f"metrics/{name}.json"):
            found += [
                f"{name}, step {step}: {counts}" for step, counts in metrics["steps"].items() if not _adds(counts)
            ]
    found += _unequal(project, "build_qa", ["data/qa.jsonl", "data/qa_rejected.jsonl"], _counted(project, "build_qa"))
    splits = [f"data/splits/{name}.jsonl" for name in ("train", "validation", "recall", "heldout")]
    asked = [*splits[1:], "data/splits/questions.jsonl"]
    prompts = [name.replace("splits", "prompts") for name in (*splits, asked[-1])]
    found += _unequal(project, "curate", splits, _counted(project, "curate"))
    found += _unequal(project, "format", [*prompts, "data/prompts/rejected.jsonl"], _rows(project, [splits[0], *asked]))
    found += _unequal(project, "search", [name.replace("splits", "search") for name in asked], _rows(project, asked))
    books = {name: f"data/asked/{name}.jsonl" for name in ("closed", "open")}
    for name in books.values():
        found += _unequal(project, "open_book", [name], _rows(project, prompts[1:]))
    for stage, model in ANSWERS.items():
        rows = _rows(project, [books["open" if model.endswith("open") else "closed"]])
        found += _unequal(project, stage, [f"data/predictions/{model}.jsonl"], rows)
    return [line for line in found if line.partition(":")[0].partition(",")[0] in stages]


def _unequal(project: Path, stage: str, outputs: list[str], taken: int | None) -> list[str]:
    written = _rows(project, outputs)
    if taken is None or written is None or taken == written:
        return []
    return [f"{stage}: {taken} in, {written} out or rejected"]


def _counted(project: Path, stage: str) -> int | None:
    """Return how many rows the stage's metrics say that there are."""
    metrics = _json(project / f"metrics/{stage}.json")
    if not metrics:
        return None
    if stage == "curate":
        return sum(metrics["rows"].values())
    return metrics["pairs"] + sum(metrics["rejected"].values())


def _adds(counts: dict[str, Any]) -> bool:
    return bool(counts["in"] == counts["out"] + sum(counts["rejected"].values()))


def _rows(project: Path, names: list[str]) -> int | None:
    if not all((project / name).exists() for name in names):
        return None
    return sum(1 for name in names for line in (project / name).read_bytes().split(b"\n") if line)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
