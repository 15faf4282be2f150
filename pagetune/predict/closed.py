"""What the evaluation asks without passages."""

from pathlib import Path

from pagetune.jsonl import read_records
from pagetune.records import AskedExample, Example

SPLITS = ("validation", "recall", "heldout")


def read_closed(prompts: Path) -> list[AskedExample]:
    """Read the prompts of the evaluated splits in the folder, and after them those of the sets written by hand."""
    read = {name: read_records(prompts / f"{name}.jsonl", Example) for name in SPLITS}
    rows = [AskedExample(**row.model_dump(), split=name) for name in SPLITS for row in read[name]]
    return rows + read_records(prompts / "questions.jsonl", AskedExample)
