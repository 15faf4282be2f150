"""Which documents training never sees, as a pure function of seed and content.

A document is heldout if its hash falls below `curate.heldout_fraction`, if it is pinned, or if it shares much with one
that is. Adding documents moves none of several from heldout into training.
"""

import hashlib
from collections import Counter

from pagetune.errors import UserError
from pagetune.params import Curate
from pagetune.records import Pair

#: Two documents are one family if this share of the smaller one's pairs has a near-duplicate in the other.
FAMILY_SHARE = 0.1

#: What is held out as a whole: a document, or a page where there is one document, or a row of a user's own.
Unit = tuple[str, str]


def share(seed: int, purpose: str, *content: str) -> float:
    """A number from 0 to 1 that depends on nothing but its arguments."""
    digest = hashlib.sha256("\x1f".join([str(seed), purpose, *content]).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def units_of(pairs: list[Pair], rows_alone: bool) -> dict[str, Unit]:
    """pair_id -> its document; its page where there is one document; a user's own row stands by itself.

    `rows_alone` is false where own rows have a document of their own, which `qa.columns.group` names.
    """
    several = len({pair.doc_id for pair in pairs if pair.page_number is not None}) > 1
    units = {}
    for pair in pairs:
        whole = several if pair.page_number is not None else not rows_alone
        units[pair.pair_id] = (pair.doc_id, "" if whole else str(pair.page_number or pair.pair_id))
    return units


def heldout_units(
    groups: list[list[Pair]], unit_of: dict[str, Unit], asked: set[str], params: Curate, seed: int
) -> dict[Unit, str]:
    """unit -> why it is heldout. `asked` are the pairs behind `curate.recall_questions`, which the hash leaves alone.

    Raises UserError where a pinned document has no pairs, or nothing is heldout.
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
            and share(seed, "heldout", *unit) < params.heldout_fraction
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
            f"params.yaml: curate.heldout_documents names {unknown[0]}, which has no pairs. Known: {_known(units)}."
        )


def _nothing_heldout(units: list[Unit], params: Curate) -> str:
    return (
        f"params.yaml: curate.heldout_fraction: {params.heldout_fraction} holds out none of {len(units)} parts, "
        "and nothing would show what the tuning does to what it never saw. Raise it, or name a document in "
        f"curate.heldout_documents: {_known(units)}."
    )


def _known(units: list[Unit]) -> str:
    """The documents, the first ten by name."""
    names = sorted({doc_id for doc_id, _ in units})
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _add_relatives(heldout: dict[Unit, str], groups: list[list[Pair]], unit_of: dict[str, Unit]) -> None:
    """Copies and versions of a heldout document are heldout with it, and theirs in turn."""
    size = Counter(unit_of.values())
    shared: dict[Unit, Counter[Unit]] = {}
    for group in groups:
        members = sorted({unit_of[pair.pair_id] for pair in group})
        for one in members if len(members) > 1 else []:
            shared.setdefault(one, Counter()).update(other for other in members if one != other)
    waiting = list(heldout)
    while waiting:
        unit = waiting.pop()
        for other, count in sorted(shared.get(unit, {}).items()):
            if count >= FAMILY_SHARE * min(size[unit], size[other]) and other not in heldout:
                heldout[other] = f"family of {' '.join(filter(None, unit))}"
                waiting.append(other)


def crossing(groups: list[list[Pair]], unit_of: dict[str, Unit], heldout: dict[Unit, str]) -> set[str]:
    """Pairs of a family that stands in heldout and in other documents: neither side may use them."""
    ids_on_both: set[str] = set()
    for group in groups:
        ids = {pair.pair_id for pair in group}
        if len({unit_of[pair_id] in heldout for pair_id in ids}) > 1:
            ids_on_both |= ids
    return ids_on_both
