"""The pairs that are reviewed, with what was decided about each; every decision is on the disk before it is shown."""

import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, Field

from pagetune.commands.review.outcomes import Outcome, Outcomes
from pagetune.commands.review.saved import Saved, Watched, mark_of
from pagetune.curate.decisions import Choice, Decision, Withdrawn, content_of, key_of
from pagetune.curate.review import Problem, edit_pair
from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.records import Page, Pair

PAIRS, PAGES = Path("data/qa.jsonl"), Path("data/pages.jsonl")


class Wish(BaseModel):
    """What a reviewer wants of a pair; the texts are those of the editor, changed or not.

    `seen` is the mark of the decisions that the reviewer saw about the pair (`Desk.mark`).
    """

    choice: Choice
    seen: str = ""
    instruction: str | None = Field(None, max_length=100_000)
    output: str | None = Field(None, max_length=100_000)
    evidence: str | None = Field(None, max_length=100_000)
    reason: str | None = Field(None, max_length=1_000)


class Meanwhile(NamedTuple):
    """Why nothing was saved: the decisions about this pair are others than the reviewer saw."""

    position: int
    decisions: list[Decision]


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
        self._texts = [_folded(pair.instruction, pair.output, pair.whole_evidence) for pair in self.pairs]
        self._saved, self._pairs_file = Saved(), Watched(PAIRS)
        self._one_at_a_time = threading.Lock()
        self._history: list[tuple[int, list[Decision], list[Decision]]] = []

    @classmethod
    def open(cls, reviewer: str) -> "Desk":
        """Read what the pipeline has written. Raise UserError before the first `dvc repro`."""
        watched = Watched(PAIRS)  # before it is read, so that no change is missed
        desk = cls(read_records(PAIRS, Pair), read_records(PAGES, Page), Outcomes.read(), reviewer)
        desk._pairs_file = watched
        return desk

    def refresh(self) -> None:
        """Read the decisions again if they have changed. Raise UserError where they, or the pairs, cannot be used."""
        self._check_pairs()
        self._saved.refresh()

    def _check_pairs(self) -> None:
        """Raise UserError where the pairs are others now: decisions about new ones would seem stale."""
        if self._pairs_file.has_changed():
            raise UserError(
                "{path} has changed since `pagetune review` started. End it, start it again, and reload the page.",
                path=PAIRS,
            )

    def page_of(self, position: int) -> Page | None:
        pair = self.pairs[position]
        return None if pair.page_number is None else self._pages.get((pair.doc_id, pair.page_number))

    def decisions_of(self, position: int) -> list[Decision]:
        """Return the decisions about a pair: two or more where reviewers disagree, none where it was withdrawn."""
        return _in_force(self._saved.of(self._keys[position]))

    def mark(self, position: int) -> str:
        """Return what changes with every decision about the pair."""
        return mark_of(self.decisions_of(position))

    def state_of(self, position: int) -> str:
        decisions = self.decisions_of(position)
        return "conflict" if len(decisions) > 1 else decisions[0].decision if decisions else "undecided"

    def current(self, position: int) -> Pair:
        """Return the pair as it was edited, or as it is."""
        edited = self._edited(position)
        return edited if isinstance(edited, Pair) else self.pairs[position]

    def unproven(self, position: int) -> Problem | None:
        """Return why the edit of a pair is not applied."""
        edited = self._edited(position)
        return edited if isinstance(edited, Problem) else None

    def _edited(self, position: int) -> Pair | Problem | None:
        decisions = self.decisions_of(position)
        if len(decisions) != 1 or decisions[0].decision != "edit":
            return None
        return edit_pair(self.pairs[position], decisions[0], self.page_of(position))

    def outcome_of(self, position: int) -> Outcome:
        return self._outcomes.of(self.pairs[position], self.current(position))

    def decide(self, position: int, wish: Wish) -> Problem | Meanwhile | None:
        """Save a decision in place of those that the reviewer saw, or return why it cannot be saved."""
        decision = self._decision(self.pairs[position], wish)
        if decision.decision == "edit":
            edited = edit_pair(self.pairs[position], decision, self.page_of(position))
            if isinstance(edited, Problem):
                return edited
        return self._replace(position, wish.seen, decision)

    def withdraw(self, position: int, seen: str) -> Meanwhile | None:
        """Make a pair undecided again.

        The file says so, because in Git a line that is only gone would come back with another branch, unnoticed.
        """
        return self._replace(position, seen, self._about(self.pairs[position], "none"))

    def _replace(self, position: int, seen: str, decision: Decision) -> Meanwhile | None:
        self._check_pairs()
        key = self._keys[position]
        with self._one_at_a_time:
            with self._saved.changing() as saved:
                before = saved.get(key, [])
                if mark_of(_in_force(before)) != seen:
                    return Meanwhile(position, _in_force(before))
                if decision.decision == "none" and not _in_force(before):
                    return None
                saved[key] = [decision]
            self._history.append((position, before, [decision]))
        return None

    def _about(self, pair: Pair, choice: Choice | Withdrawn, **more: str | None) -> Decision:
        return Decision(
            pair_id=pair.pair_id,
            content=content_of(pair),
            doc_id=pair.doc_id,
            question=pair.instruction,
            decision=choice,
            reviewer=self.reviewer,
            **more,
        )

    def _decision(self, pair: Pair, wish: Wish) -> Decision:
        """Return what is saved: of an edit only the texts that differ, and an edit that changes nothing keeps."""
        texts = {
            name: _changed(getattr(wish, name), getattr(pair, name)) for name in ("instruction", "output", "evidence")
        }
        edited = wish.choice == "edit" and any(text is not None for text in texts.values())
        choice: Choice = "edit" if edited else "keep" if wish.choice == "edit" else wish.choice
        return self._about(pair, choice, **(texts if edited else {}), reason=(wish.reason or "").strip() or None)

    def undo(self) -> int | Meanwhile | None:
        """Take the last decision back, and return the pair's position; None where nothing is left to undo.

        A decision that somebody has replaced meanwhile is theirs, and stays.
        """
        self._check_pairs()
        with self._one_at_a_time:
            if not self._history:
                return None
            position, before, after = self._history[-1]
            key = self._keys[position]
            with self._saved.changing() as saved:
                found = saved.get(key, [])
                if found == after:
                    saved[key] = before
            self._history.pop()
        return position if found == after else Meanwhile(position, _in_force(found))

    def stale(self) -> list[Decision]:
        """Return the decisions that fit no pair: it has changed since, or is gone."""
        return [one for one in self._saved.all() if self._is_stale(one)]

    def _is_stale(self, decision: Decision) -> bool:
        return decision.key not in self._known and decision.decision != "none"

    def remove_stale(self, marks: set[str]) -> None:
        """Remove the stale decisions that the reviewer was shown, each named by `mark_of`."""
        self._check_pairs()
        with self._saved.changing() as saved:
            for key, several in list(saved.items()):
                saved[key] = [one for one in several if not (self._is_stale(one) and mark_of([one]) in marks)]

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
        if not self._has_state(position, wanted.state) or not self._says(position, words):
            return False
        if not wanted.curate and wanted.below is None:
            return True
        outcome = self.outcome_of(position)
        if wanted.below is not None and (outcome.grade is None or outcome.grade >= wanted.below):
            return False
        return wanted.curate in ("", outcome.reason) or (wanted.curate == "any" and outcome.reason is not None)

    def _has_state(self, position: int, state: str) -> bool:
        if state == "unproven":
            return self.unproven(position) is not None
        return state in ("", self.state_of(position))

    def _says(self, position: int, words: list[str]) -> bool:
        if all(word in self._texts[position] for word in words):
            return True
        edited = self.wanted_texts(position)
        text = _folded(*edited.values()) if edited else ""
        return bool(text) and all(word in text for word in words)

    def wanted_texts(self, position: int) -> dict[str, str] | None:
        """Return the texts of an edit as the reviewer wrote them, proved or not."""
        pair, decisions = self.pairs[position], self.decisions_of(position)
        if len(decisions) != 1 or decisions[0].decision != "edit":
            return None
        edit = decisions[0]
        return {
            "question": pair.instruction if edit.instruction is None else edit.instruction,
            "answer": pair.output if edit.output is None else edit.output,
            "evidence": (pair.evidence or "") if edit.evidence is None else edit.evidence,
        }

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


def _in_force(decisions: list[Decision]) -> list[Decision]:
    """Leave out a decision that was withdrawn; beside another one it shows that reviewers disagree."""
    return [] if all(one.decision == "none" for one in decisions) else decisions
