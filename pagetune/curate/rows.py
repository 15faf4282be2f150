"""The rows of the splits: a pair and one wording of its question, which become a record only when they are written.

A million pairs have several million wordings, and as records those would not fit into memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from pagetune.curate.changes import Change
from pagetune.curate.units import Parts, Unit
from pagetune.records import Kind, Pair, Question, Split, with_turns


class Asked(Protocol):
    """What is compared: a pair, or one of its wordings."""

    @property
    def compared(self) -> str: ...
    @property
    def output(self) -> str: ...
    @property
    def context(self) -> str | None: ...


class Row(NamedTuple):
    """A pair in one of its wordings. The pair itself has the wording that it was read with."""

    pair: Pair
    wording: str
    instruction: str

    @classmethod
    def of(cls, pair: Pair) -> "Row":
        return cls(pair, pair.wording, pair.instruction)

    @property
    def asked(self) -> str:
        return with_turns(self.pair.turns, self.instruction)

    @property
    def compared(self) -> str:
        return with_turns([turn for turn in self.pair.turns if turn.role != "system"], self.instruction)

    @property
    def output(self) -> str:
        return self.pair.output

    @property
    def context(self) -> str | None:
        return self.pair.context

    @property
    def kind(self) -> Kind:
        return self.pair.kind

    @property
    def doc_id(self) -> str:
        return self.pair.doc_id

    @property
    def page_number(self) -> int | None:
        return self.pair.page_number

    @property
    def references(self) -> list[str]:
        return self.pair.references

    @property
    def pair_id(self) -> str:
        return self.pair.pair_id if self._is_own else f"{self.pair.pair_id}-{self.wording}"

    @property
    def parent_id(self) -> str | None:
        return self.pair.parent_id if self._is_own else self.pair.pair_id

    @property
    def fact(self) -> str:
        """The id that the wordings of one fact share."""
        return self.pair.parent_id or self.pair.pair_id

    @property
    def _is_own(self) -> bool:
        return self.wording == self.pair.wording

    def record(self) -> Pair:
        if self._is_own:
            return self.pair
        own = {"pair_id": self.pair_id, "instruction": self.instruction, "wording": self.wording}
        return self.pair.model_copy(update=own | {"parent_id": self.pair.pair_id})


def count_facts(rows: Iterable[Row]) -> int:
    """Count the facts; a question that no document answers states none."""
    return len({row.fact for row in rows if row.kind != "abstain"})


@dataclass(frozen=True)
class Silent:
    """Questions that no document answers, for training and for the evaluation, and how many were made in each way."""

    trained: list[Pair] = field(default_factory=list)
    evaluated: list[Question] = field(default_factory=list)
    #: By pair_id, what a wording must name: a shorter one would ask what a document answers.
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: By pair_id, the known question that it differs from, and in what.
    twins: dict[str, tuple[str, Change]] = field(default_factory=dict)
    ways: dict[str, int] = field(default_factory=dict)


@dataclass
class Splits:
    rows: dict[Split, list[Row]] = field(
        default_factory=lambda: {"train": [], "validation": [], "recall": [], "heldout": []}
    )
    #: Why each unit is heldout: "pinned", "hash", "lowest hash", "family of …"
    heldout: dict[Unit, str] = field(default_factory=dict)
    parts: Parts = field(default_factory=Parts)
    silent: Silent = field(default_factory=Silent)
    #: How many pairs were divided.
    pairs: int = 0
    #: How many of a user's own rows follow a template, and are told apart by what they name.
    template_rows: int = 0
