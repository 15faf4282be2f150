"""The questions that the page of `serve` suggests, from those that the evaluation asks about trained facts."""

from pathlib import Path

from pagetune.jsonl import read_records
from pagetune.records import Pair

RECALL = Path("data/splits/recall.jsonl")
COUNT = 4
#: A longer question fills the page of a telephone.
MAX_CHARACTERS = 60


def read_suggestions() -> list[str]:
    """Return a short question about each of the first documents; none without questions of recall."""
    pairs = read_records(RECALL, Pair) if RECALL.exists() else []
    alone = [pair for pair in pairs if not pair.turns and pair.reverses is None]
    short = [pair for pair in alone if pair.instruction.endswith("?") and len(pair.instruction) <= MAX_CHARACTERS]
    best = {pair.doc_id: pair for pair in sorted(short, key=_rank, reverse=True)}
    return [best[doc_id].instruction for doc_id in sorted(best)[:COUNT]]


def _rank(pair: Pair) -> tuple[bool, int, str]:
    """Rank a written question before one that is spelled as people type, and a short one before a long one."""
    return pair.wording.startswith("spoken"), len(pair.instruction), pair.instruction
