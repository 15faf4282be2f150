"""The pairs that are reviewed, with what was decided about each; every decision is on the disk before it is shown."""

import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, Field

from pagetune.commands.review.outcomes import Outcome, Outcomes
from pagetune.curate.decisions import (
    REVIEW,
    Choice,
    Decision,
    Key,
    by_key,
    content_of,
    key_of,
    read_decisions,
    write_decisions,
)
from pagetune.curate.review import Problem, edit_pair
from pagetune.records import Page, Pair


class Wish(BaseModel):
    """What a reviewer wants of a pair; the texts are those of the editor, changed or not."""

    choice: Choice
    instruction: str | None = Field(None, max_length=100_000)
    output: str | None = Field(None, max_length=100_000)
    evidence: str | None = Field(None, max_length=100_000)
    reason: str | None = Field(None, max_length=1_000)


class Filter(BaseModel):
    """Which pairs are listed. An empty value lists all; `below` is a grade."""

    document: str = ""
    kind: str = ""
    state: str = ""
    curate: str = ""
    below: float | None = None
    query: str = ""


class Desk:
    """The pairs in the order of their documents and pages, each named by its position.

    Others may change the file meanwhile, such as `git pull`: it is read again before each change and each list.
    """

    def __init__(self, pairs: list[Pair], pages: Iterable[Page], outcomes: Outcomes, reviewer: str) -> None:
        order = {doc_id: place for place, doc_id in enumerate(dict.fromkeys(pair.doc_id for pair in pairs))}
        self.pairs = sorted(pairs, key=lambda pair: (order[pair.doc_id], pair.page_number or 0))
        self.reviewer, self._outcomes = reviewer, outcomes
        self._pages = {(page.doc_id, page.page_number): page for page in pages}
        self._keys = [key_of(pair) for pair in self.pairs]
        self._known = set(self._keys)
        self._texts = [_folded(pair.instruction, pair.output, pair.evidence or "") for pair in self.pairs]
        self._lock, self._seen = threading.Lock(), (0, 0)
        self._decisions: dict[Key, list[Decision]] = {}
        self._history: list[tuple[int, list[Decision]]] = []
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if it has changed. Raise UserError where it cannot be read."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        if self._seen != (seen := _stamp(REVIEW)):
            self._decisions, self._seen = by_key(read_decisions()), seen

    def _write(self) -> None:
        write_decisions(decision for several in self._decisions.values() for decision in several)
        self._seen = _stamp(REVIEW)

    def page_of(self, position: int) -> Page | None:
        pair = self.pairs[position]
        return None if pair.page_number is None else self._pages.get((pair.doc_id, pair.page_number))

    def decisions_of(self, position: int) -> list[Decision]:
        """Return the decisions about a pair: two or more where reviewers disagree."""
        return self._decisions.get(self._keys[position], [])

    def state_of(self, position: int) -> str:
        decisions = self.decisions_of(position)
        return "conflict" if len(decisions) > 1 else decisions[0].decision if decisions else "undecided"

    def current(self, position: int) -> Pair:
        """Return the pair as it was edited, or as it is."""
        pair, decisions = self.pairs[position], self.decisions_of(position)
        if len(decisions) != 1 or decisions[0].decision != "edit":
            return pair
        edited = edit_pair(pair, decisions[0], self.page_of(position))
        return pair if isinstance(edited, Problem) else edited

    def outcome_of(self, position: int) -> Outcome:
        return self._outcomes.of(self.pairs[position], self.current(position))

    def decide(self, position: int, wish: Wish) -> Problem | None:
        """Save a decision in place of earlier ones, or return why an edit cannot be saved."""
        decision = self._decision(self.pairs[position], wish)
        if decision.decision == "edit":
            edited = edit_pair(self.pairs[position], decision, self.page_of(position))
            if isinstance(edited, Problem):
                return edited
        self._replace(position, [decision])
        return None

    def withdraw(self, position: int) -> None:
        """Make a pair undecided again."""
        self._replace(position, [])

    def _replace(self, position: int, decisions: list[Decision]) -> None:
        with self._lock:
            self._refresh()
            self._history.append((position, self.decisions_of(position)))
            self._decisions[self._keys[position]] = decisions
            self._write()

    def _decision(self, pair: Pair, wish: Wish) -> Decision:
        """Return what is saved: of an edit only the texts that differ, and an edit that changes nothing keeps."""
        texts = {
            name: _changed(getattr(wish, name), getattr(pair, name)) for name in ("instruction", "output", "evidence")
        }
        edited = wish.choice == "edit" and any(text is not None for text in texts.values())
        return Decision(
            pair_id=pair.pair_id,
            content=content_of(pair),
            doc_id=pair.doc_id,
            question=pair.instruction,
            decision="edit" if edited else "keep" if wish.choice == "edit" else wish.choice,
            **(texts if edited else {}),
            reason=(wish.reason or "").strip() or None,
            reviewer=self.reviewer,
        )

    def undo(self) -> int | None:
        """Take the last decision back, and return the pair's position; None where nothing is left to undo."""
        with self._lock:
            self._refresh()
            if not self._history:
                return None
            position, before = self._history.pop()
            self._decisions[self._keys[position]] = before
            self._write()
            return position

    def stale(self) -> list[Decision]:
        """Return the decisions that fit no pair: it has changed since, or is gone."""
        return [one for key, several in self._decisions.items() if key not in self._known for one in several]

    def remove_stale(self) -> None:
        with self._lock:
            self._refresh()
            self._decisions = {key: several for key, several in self._decisions.items() if key in self._known}
            self._write()

    def counts(self) -> dict[str, int]:
        """Count the pairs by state."""
        counts = Counter(map(self.state_of, range(len(self.pairs))))
        return {name: counts[name] for name in ("undecided", "keep", "edit", "reject", "conflict")}

    def matching(self, wanted: Filter) -> list[int]:
        """Return the positions of the pairs that the filter lets through."""
        words = _folded(wanted.query).split()
        return [position for position in range(len(self.pairs)) if self._matches(position, wanted, words)]

    def _matches(self, position: int, wanted: Filter, words: list[str]) -> bool:
        pair = self.pairs[position]
        if wanted.document not in ("", pair.doc_id) or wanted.kind not in ("", pair.kind):
            return False
        if wanted.state not in ("", self.state_of(position)) or not self._says(position, words):
            return False
        if not wanted.curate and wanted.below is None:
            return True
        outcome = self.outcome_of(position)
        if wanted.below is not None and (outcome.grade is None or outcome.grade >= wanted.below):
            return False
        return wanted.curate in ("", outcome.reason) or (wanted.curate == "any" and outcome.reason is not None)

    def _says(self, position: int, words: list[str]) -> bool:
        if all(word in self._texts[position] for word in words):
            return True
        edited = self.current(position) if self.state_of(position) == "edit" else None
        text = _folded(edited.instruction, edited.output, edited.evidence or "") if edited else ""
        return bool(text) and all(word in text for word in words)

    def choices(self) -> dict[str, dict[str, int]]:
        """Count the pairs by document, kind and reason of curate, for the filters."""
        reasons = (self.outcome_of(position).reason for position in range(len(self.pairs)))
        return {
            "document": dict(Counter(pair.doc_id for pair in self.pairs)),
            "kind": dict(sorted(Counter(pair.kind for pair in self.pairs).items())),
            "curate": dict(sorted(Counter(filter(None, reasons)).items())),
        }


def _changed(text: str | None, before: str | None) -> str | None:
    """Return the text of the editor where it is another one."""
    if text is None or before is None:
        return None
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    return None if text == before.strip() else text


def _folded(*texts: str) -> str:
    return unicodedata.normalize("NFC", "\n".join(texts)).casefold()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return -1, -1
    return seen.st_mtime_ns, seen.st_size
