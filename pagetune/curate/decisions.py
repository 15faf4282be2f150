"""What reviewers decided about pairs: data/review.jsonl, a file in Git with one decision a line."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pagetune.errors import UserError
from pagetune.jsonl import atomic_write
from pagetune.language import tr
from pagetune.records import Pair, Record

REVIEW = Path("data/review.jsonl")
Choice = Literal["keep", "edit", "reject"]
#: A decision that was withdrawn. It stays as a line, so that a merge in Git cannot bring the decision back unnoticed.
Withdrawn = Literal["none"]
#: What a decision is about: the pair's id, and the hash of what the reviewer saw.
Key = tuple[str, str]
#: How Git marks two versions that it could not merge.
_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_SHOWN = 60


class Decision(Record):
    """What a reviewer decided about a pair as it was then.

    `content` is the hash of the pair's texts (`content_of`); `doc_id` and `question` say to a reader which pair it was.
    An edit has the texts that it changes: `instruction`, `output`, or `evidence`, which is on the same page.
    """

    pair_id: str
    content: str
    doc_id: str
    question: str
    decision: Choice | Withdrawn
    instruction: str | None = None
    output: str | None = None
    evidence: str | None = None
    reason: str | None = None
    reviewer: str

    @property
    def key(self) -> Key:
        return self.pair_id, self.content

    def same_as(self, other: "Decision") -> bool:
        """Tell whether both decide the same, whoever did and why."""
        passed_over = {"reviewer", "reason"}
        return self.model_dump(exclude=passed_over) == other.model_dump(exclude=passed_over)

    def __str__(self) -> str:
        texts = [text for text in (self.instruction, self.output, self.evidence) if text is not None]
        name = "withdrawn" if self.decision == "none" else self.decision
        return f"{name}{' to ' if texts else ''}{' / '.join(map(_short, texts))} ({self.reviewer})"


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def named(decision: Decision) -> str:
    """Return the pair that a decision is about, for a message."""
    return tr(
        "{pair} of {doc_id}, {question}",
        pair=decision.pair_id,
        doc_id=decision.doc_id,
        question=_short(decision.question),
    )


def content_of(pair: Pair) -> str:
    """Return 16 hex digits that change with any text of the pair that a reviewer sees."""
    texts = [pair.instruction, pair.output, pair.whole_evidence, *pair.references]
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:16]


def key_of(pair: Pair) -> Key:
    return pair.pair_id, content_of(pair)


def read_decisions(path: Path = REVIEW) -> list[Decision]:
    """Read the decisions, none where there is no file. Raise UserError where a line is not a decision."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise UserError(
            "{path} is not UTF-8 (byte {byte}). Restore it with `git checkout {path}`.", path=path, byte=error.start
        ) from None
    return [_parse(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _parse(path: Path, number: int, line: str) -> Decision:
    if line.startswith(_MARKERS):
        raise UserError(
            "{path}:{number} is a mark of a Git conflict ({text}). Delete the lines that begin with "
            "<<<<<<<, ======= and >>>>>>>, and keep all others: `pagetune review` shows pairs with two "
            "decisions.",
            path=path,
            number=number,
            text=line.strip()[:_SHOWN],
        )
    try:
        return Decision.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        what = " ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise UserError(
            "{path}:{number} is not a decision: {what}. Fix the line, or delete it.",
            path=path,
            number=number,
            what=what,
        ) from None


def write_decisions(decisions: Iterable[Decision], path: Path = REVIEW) -> None:
    """Write the decisions in the order of their pairs' ids, so that the lines of two reviewers merge in Git.

    Without decisions write an empty line: DVC warns of empty files.
    """
    lines = sorted({decision.model_dump_json(exclude_none=True) for decision in decisions})
    with atomic_write(path) as file:
        file.writelines(f"{line}\n" for line in lines or [""])


def by_key(decisions: Iterable[Decision]) -> dict[Key, list[Decision]]:
    """Return the decisions about each pair that are not the same: two are a conflict."""
    found: dict[Key, list[Decision]] = defaultdict(list)
    for decision in decisions:
        if not any(decision.same_as(other) for other in found[decision.key]):
            found[decision.key].append(decision)
    return dict(found)
