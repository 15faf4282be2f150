"""Which pair goes where, as a pure function of seed and content.

A document is heldout if its hash falls below `curate.heldout_fraction`, if it is pinned, or if it shares much with
one that is. The facts of the others are trained on; for some of them one wording is held back for `recall` or
`validation`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pagetune.curate.duplicates import families, normal_form, without_duplicates
from pagetune.curate.paraphrase import paraphrases
from pagetune.errors import UserError
from pagetune.params import Curate
from pagetune.records import NEW_WORDING, Pair, Reason, Rejected, Split

#: Two documents are one family if this share of the smaller one's pairs has a near-duplicate in the other.
FAMILY_SHARE = 0.1

#: What is held out as a whole: a document, or a page where there is one document, or a row of a user's own.
Unit = tuple[str, str]


@dataclass
class Splits:
    rows: dict[Split, list[Pair]] = field(
        default_factory=lambda: {"train": [], "validation": [], "recall": [], "heldout": []}
    )
    rejected: list[Rejected] = field(default_factory=list)
    #: unit -> why it is heldout: "pinned", "hash", "family of …"
    heldout: dict[Unit, str] = field(default_factory=dict)


def share(seed: int, purpose: str, *content: str) -> float:
    """A number from 0 to 1 that depends on nothing but its arguments."""
    digest = hashlib.sha256("\x1f".join([str(seed), purpose, *content]).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def make_splits(pairs: list[Pair], params: Curate, seed: int) -> Splits:
    """Raises UserError where nothing would be left to train on."""
    splits = Splits()
    unit_of = _units(pairs)
    groups = families(pairs, params.near_duplicate_similarity)
    splits.heldout = _heldout_units(groups, unit_of, params, seed)
    kept, duplicates, contradictions = without_duplicates(pairs)
    _reject(splits, duplicates, "duplicate")
    _reject(splits, contradictions, "contradiction")
    crossing = _crossing(groups, unit_of, splits.heldout)
    for pair in kept:
        if pair.pair_id in crossing:
            _reject(splits, [pair], "in_heldout_and_training")
        elif unit_of[pair.pair_id] in splits.heldout:
            splits.rows["heldout"].append(pair)
        else:
            _place(splits, pair, params, seed)
    _check_questions(splits)
    if not splits.rows["train"]:
        raise UserError(f"all {len(pairs)} pairs are heldout or rejected. Lower curate.heldout_fraction.")
    if not any(splits.rows[name] for name in ("validation", "recall", "heldout")):
        raise UserError(f"none of {len(pairs)} pairs is left to ask about. Raise curate.recall_fraction.")
    return splits


def _units(pairs: list[Pair]) -> dict[str, Unit]:
    """A pair's document; its page where there is one document; a user's own row stands by itself."""
    several = len({pair.doc_id for pair in pairs}) > 1
    return {
        pair.pair_id: (pair.doc_id, "" if several and pair.page_number else str(pair.page_number or pair.pair_id))
        for pair in pairs
    }


def _heldout_units(groups: list[list[Pair]], unit_of: dict[str, Unit], params: Curate, seed: int) -> dict[Unit, str]:
    units = sorted(set(unit_of.values()))
    _check_pinned(params.heldout_documents, units)
    asked = {unit_of[pair.pair_id] for group in groups for pair in group if _wanted(pair, params)}
    heldout: dict[Unit, str] = {}
    for unit in units:
        if unit[0] in params.heldout_documents:
            heldout[unit] = "pinned"
        elif (
            unit not in asked
            and not params.heldout_documents
            and share(seed, "heldout", *unit) < params.heldout_fraction
        ):
            heldout[unit] = "hash"
    _add_relatives(heldout, groups, unit_of)
    return heldout


def _check_pinned(pinned: list[str], units: list[Unit]) -> None:
    unknown = sorted(set(pinned) - {doc_id for doc_id, _ in units})
    if unknown:
        known = ", ".join(sorted({doc_id for doc_id, _ in units}))
        raise UserError(
            f"params.yaml: curate.heldout_documents names {unknown[0]}, which has no pairs. Known: {known}."
        )


def _add_relatives(heldout: dict[Unit, str], groups: list[list[Pair]], unit_of: dict[str, Unit]) -> None:
    """Copies and versions of a heldout document are heldout with it, and theirs in turn."""
    size = Counter(unit_of.values())
    shared: Counter[tuple[Unit, Unit]] = Counter()
    for group in groups:
        members = sorted({unit_of[pair.pair_id] for pair in group})
        shared.update((one, other) for one in members for other in members if one != other)
    waiting = list(heldout)
    while waiting:
        unit = waiting.pop()
        for (one, other), count in sorted(shared.items()):
            related = one == unit and count >= FAMILY_SHARE * min(size[one], size[other])
            if related and other not in heldout:
                heldout[other] = f"family of {' '.join(filter(None, unit))}"
                waiting.append(other)


def _crossing(groups: list[list[Pair]], unit_of: dict[str, Unit], heldout: dict[Unit, str]) -> set[str]:
    """Pairs of a family that stands in heldout and in other documents: neither side may use them."""
    crossing: set[str] = set()
    for group in groups:
        ids = {pair.pair_id for pair in group}
        if len({unit_of[pair_id] in heldout for pair_id in ids}) > 1:
            crossing |= ids
    return crossing


def _place(splits: Splits, pair: Pair, params: Curate, seed: int) -> None:
    """Train on every wording but the ones held back, and on `NEW_WORDING` never."""
    wordings = {name: _reworded(pair, name, question) for name, question in paraphrases(pair).items()}
    new_wording = wordings.pop(NEW_WORDING, None)
    wanted = [name for name in _wanted(pair, params) if name in wordings]
    position = share(seed, "purpose", pair.pair_id)
    if wanted or position < params.recall_fraction:
        held_back = wanted or [_rotate(list(wordings), pair, seed)]
        splits.rows["recall"] += [wordings.pop(name) for name in held_back]
        splits.rows["recall"] += [new_wording] if new_wording else []
    elif position < params.recall_fraction + params.validation_fraction:
        splits.rows["validation"].append(wordings.pop(_rotate(list(wordings), pair, seed)))
    splits.rows["train"] += wordings.values()


def _wanted(pair: Pair, params: Curate) -> list[str]:
    """The wordings of a pair that stand in `curate.recall_questions`."""
    asked = {normal_form(question) for question in params.recall_questions}
    return [name for name, question in paraphrases(pair).items() if normal_form(question) in asked]


def _rotate(names: list[str], pair: Pair, seed: int) -> str:
    return names[int(share(seed, "wording", pair.pair_id) * len(names))]


def _reworded(pair: Pair, template: str, question: str) -> Pair:
    if template == "original":
        return pair
    pair_id = f"{pair.pair_id}-{template}"
    return pair.model_copy(
        update={"pair_id": pair_id, "instruction": question, "template": template, "parent_id": pair.pair_id}
    )


def _check_questions(splits: Splits) -> None:
    """No question string stands in two splits. Two facts can share a wording although their originals differ."""
    taken: set[str] = set()
    order: tuple[Split, ...] = ("heldout", "recall", "validation", "train")
    for split in order:
        clashes = [row for row in splits.rows[split] if normal_form(row.instruction) in taken]
        splits.rows[split] = [row for row in splits.rows[split] if normal_form(row.instruction) not in taken]
        _reject(splits, clashes, "duplicate")
        taken |= {normal_form(row.instruction) for row in splits.rows[split]}


def _reject(splits: Splits, pairs: Iterable[Pair], reason: Reason) -> None:
    splits.rejected += [
        Rejected(
            reason=reason,
            doc_id=pair.doc_id,
            page_number=pair.page_number,
            instruction=pair.instruction,
            output=pair.output,
        )
        for pair in pairs
    ]
