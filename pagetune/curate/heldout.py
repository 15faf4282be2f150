"""Choose the documents that training never sees, as a pure function of seed and content.

A document is heldout if its hash is below `curate.heldout_fraction`, if it is pinned, or if it shares enough pairs with
a heldout one. Where there are several documents, adding more never moves one from heldout into training.
"""

import hashlib
from collections import Counter, defaultdict

from pagetune.errors import UserError
from pagetune.params import Curate
from pagetune.records import Pair

#: Two documents are one family where this share of the smaller one's pairs has a near-duplicate in the other.
FAMILY_SHARE = 0.1

#: What is held out as a whole, as (doc_id, part): a document (""), one of its pages, or a user's own row.
Unit = tuple[str, str]


def hash_fraction(seed: int, purpose: str, *content: str) -> float:
    """Return a number from 0 to 1 that depends only on the arguments."""
    digest = hashlib.sha256("\x1f".join([str(seed), purpose, *content]).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def units_of(pairs: list[Pair], rows_alone: bool) -> dict[str, Unit]:
    """Return each pair's unit by pair_id: its document, or its page where there is only one document.

    With `rows_alone` each of a user's own rows is a unit, and so is each conversation. It is false where
    `qa.columns.group` names their documents.
    """
    several = len({pair.doc_id for pair in pairs if pair.page_number is not None}) > 1
    units = {}
    for pair in pairs:
        whole = several if pair.page_number is not None else not rows_alone
        units[pair.pair_id] = (pair.doc_id, "" if whole else str(pair.page_number or pair.conversation or pair.pair_id))
    return units


def heldout_units(
    groups: list[list[Pair]], unit_of: dict[str, Unit], asked: set[str], params: Curate, seed: int
) -> dict[Unit, str]:
    """Return the heldout units, each with the reason. The hash never chooses a unit with a pair of `asked`.

    `asked` are the ids of the pairs behind `curate.recall_questions`. Raises UserError where a pinned document has no
    pairs, or nothing is heldout.
    """
    units = sorted(set(unit_of.values()))
    _check_pinned(params.heldout_documents, units)
    kept_in = {unit_of[pair_id] for pair_id in asked}
    heldout: dict[Unit, str] = {}
    for unit in units:
        if unit[0] in params.heldout_documents:
            heldout[unit] = "pinned"
        elif (
            unit not in kept_in
            and not params.heldout_documents
            and hash_fraction(seed, "heldout", *unit) < params.heldout_fraction
        ):
            heldout[unit] = "hash"
    if not heldout:
        raise UserError(_nothing_heldout(units, params))
    _add_relatives(heldout, groups, unit_of)
    return heldout


def _check_pinned(pinned: list[str], units: list[Unit]) -> None:
    unknown = sorted(set(pinned) - {doc_id for doc_id, _ in units})
    if unknown:
        raise UserError(
            f"params.yaml: curate.heldout_documents names {unknown[0]}, which has no pairs. "
            f"Choose from {_known_documents(units)}."
        )


def _nothing_heldout(units: list[Unit], params: Curate) -> str:
    return (
        f"params.yaml: curate.heldout_fraction: {params.heldout_fraction} holds out none of {len(units)} parts, "
        "so nothing would show what the tuning does to documents that it never saw. Raise it, or name a document in "
        f"curate.heldout_documents: {_known_documents(units)}."
    )


def _known_documents(units: list[Unit]) -> str:
    """List the first ten documents by name."""
    names = sorted({doc_id for doc_id, _ in units})
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _add_relatives(heldout: dict[Unit, str], groups: list[list[Pair]], unit_of: dict[str, Unit]) -> None:
    """Hold out copies and versions of a heldout document as well, and theirs in turn."""
    size = Counter(unit_of.values())
    families_of: dict[Unit, list[set[Unit]]] = defaultdict(list)
    for group in groups:
        members = {unit_of[pair.pair_id] for pair in group}
        for unit in members if len(members) > 1 else ():
            families_of[unit].append(members)
    waiting = list(heldout)
    while waiting:
        unit = waiting.pop()
        shared = Counter(other for members in families_of.get(unit, ()) for other in members)
        for other, count in sorted(shared.items()):
            if count >= FAMILY_SHARE * min(size[unit], size[other]) and other not in heldout:
                heldout[other] = f"family of {' '.join(filter(None, unit))}"
                waiting.append(other)


def ids_on_both_sides(groups: list[list[Pair]], unit_of: dict[str, Unit], heldout: dict[Unit, str]) -> set[str]:
    """Return the ids of pairs whose family is both in heldout and in other units. Neither side may use them."""
    crossing: set[str] = set()
    for group in groups:
        ids = {pair.pair_id for pair in group}
        if len({unit_of[pair_id] in heldout for pair_id in ids}) > 1:
            crossing |= ids
    return crossing
