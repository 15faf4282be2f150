"""What is held out as a whole: a document, one of its pages, or a user's own row or conversation."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from pagetune.records import Pair

#: (doc_id, part). The part is empty for a document, else a page's number or the id of a user's own row or conversation.
Unit = tuple[str, str]


def layouts(pairs: list[Pair], rows_alone: bool) -> list[dict[str, Unit]]:
    """Return each pair's unit by pair_id, in up to two ways: by document if there are several, and by page.

    With `rows_alone` each of a user's own rows is a unit, and so is each conversation. It is false where
    `qa.columns.group` names their documents.
    """
    several = len({pair.doc_id for pair in pairs if pair.page_number is not None}) > 1
    return [_units_of(pairs, rows_alone, by_page) for by_page in ((False, True) if several else (True,))]


def _units_of(pairs: list[Pair], rows_alone: bool, by_page: bool) -> dict[str, Unit]:
    units = {}
    same = _joined_conversations(pairs)
    for pair in pairs:
        divided = by_page if pair.page_number is not None else rows_alone
        units[pair.pair_id] = (
            pair.doc_id,
            str(pair.page_number or same.get(pair.conversation or "") or pair.pair_id) if divided else "",
        )
    return units


def _joined_conversations(pairs: list[Pair]) -> dict[str, str]:
    """Return the conversation that stands for each: those that begin with the same pair are held out together."""
    stands_for: dict[str, str] = {}
    of_pair: dict[str, str] = {}

    def root(conversation: str) -> str:
        while stands_for[conversation] != conversation:
            conversation = stands_for[conversation]
        return conversation

    for pair in pairs:
        if pair.conversation:
            stands_for.setdefault(pair.conversation, pair.conversation)
            before = of_pair.setdefault(pair.pair_id, pair.conversation)
            stands_for[root(pair.conversation)] = root(before)
    return {conversation: root(conversation) for conversation in stands_for}


@dataclass
class Parts:
    """How many units of each kind there are ("document", "topic", "page", "row"), and which of them are heldout."""

    all: Counter[str] = field(default_factory=Counter)
    heldout: dict[str, list[Unit]] = field(default_factory=dict)


def parts_of(pairs: list[Pair], unit_of: dict[str, Unit], heldout: Collection[Unit]) -> Parts:
    kinds = {unit_of[pair.pair_id]: _kind(unit_of[pair.pair_id], pair) for pair in pairs}
    parts = Parts(Counter(kinds.values()))
    for unit in sorted(heldout, key=_page_order):
        parts.heldout.setdefault(kinds[unit], []).append(unit)
    return parts


def _page_order(unit: Unit) -> tuple[str, int, str]:
    return unit[0], len(unit[1]), unit[1]


def _kind(unit: Unit, pair: Pair) -> str:
    if not unit[1]:
        return "topic" if pair.kind == "dialogue" else "document"
    return "row" if pair.page_number is None else "page"
