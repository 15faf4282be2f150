"""Divide pairs into splits, as a pure function of seed and content.

Documents are held out whole. The facts of all others are trained on; for some facts one wording is held back for
`recall` or `validation`.
"""

from collections.abc import Callable

from pagetune.curate.abstain.rows import add_silent
from pagetune.curate.duplicates import fact_ids, families, near_duplicates, where, without_duplicates
from pagetune.curate.heldout import choose_heldout, hash_fraction, ids_on_both_sides, lowest
from pagetune.curate.last_checks import settle
from pagetune.curate.look_alikes import divide_by_name
from pagetune.curate.question_patterns import Wordings, requested_wordings
from pagetune.curate.reversed_rows import reversed_apart
from pagetune.curate.rows import Row, Silent, Splits
from pagetune.curate.units import layouts, parts_of
from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.ledger import Ledger, count_reasons
from pagetune.params import Curate
from pagetune.records import NEW_WORDING, REVERSED, Pair, Rejected, Split

#: Returns the wordings of a pair, "original" and `NEW_WORDING` among them.
WordingsOf = Callable[[Pair], Wordings]
#: Makes the wordings of the pairs that are trained on, and returns those that it rejected.
Reword = Callable[[list[Pair]], tuple[WordingsOf, list[Rejected]]]
#: Makes questions that no document answers, out of the pairs that are trained on.
MakeSilent = Callable[[list[Pair]], Silent]


def make_splits(
    pairs: list[Pair],
    params: Curate,
    seed: int,
    ledger: Ledger,
    reword: Reword,
    rows_alone: bool = True,
    make_silent: MakeSilent = lambda _: Silent(),
) -> Splits:
    """Divide the pairs into train, validation, recall and heldout.

    With `rows_alone` a user's own rows are held out one by one, otherwise by document. `heldout` is empty where nothing
    can be held out, and `train` where everything was rejected. Raises UserError where a pinned document cannot be.
    """
    check_pinned(pairs, params, ledger)
    asked = {pair.pair_id: names for pair in pairs if (names := requested_wordings(pair, params.recall_questions))}
    threshold = params.near_duplicate_similarity
    groups, look_alikes = divide_by_name(pairs, threshold) if rows_alone else (families(pairs, threshold), set[str]())
    once = deduplicated(pairs, ledger)
    distinct = {pair.pair_id for pair in once}
    unit_of, heldout = choose_heldout(groups, layouts(pairs, rows_alone), distinct, set(asked), params, seed)
    splits = Splits(heldout=heldout, template_rows=len(look_alikes), parts=parts_of(pairs, unit_of, heldout))
    kept = on_one_side(once, groups, ids_on_both_sides(groups, unit_of, heldout), params, ledger)
    splits.pairs = len(kept)
    splits.rows["heldout"] = [Row.of(pair) for pair in kept if unit_of[pair.pair_id] in heldout]
    trained = [pair for pair in kept if unit_of[pair.pair_id] not in heldout]
    trained, only_asked = reversed_apart(trained, asked, params, seed, ledger)
    splits.rows["recall"] = [Row(pair, REVERSED, pair.instruction) for pair in only_asked]
    splits.silent = make_silent(trained)
    wordings_of, rejected = reword([*trained, *splits.silent.trained])
    purposes = _purposes(trained, fact_ids(groups), set(asked), params, seed)
    del groups, unit_of, kept, once, distinct  # a million pairs leave no room for them beside their wordings
    for pair in trained:
        _add_wordings(splits, pair, wordings_of(pair), purposes[pair.pair_id], asked.get(pair.pair_id, []), seed)
    add_silent(splits, wordings_of, params.abstain_fraction, seed)
    settle(splits, rejected, look_alikes, params, ledger)
    return splits


def deduplicated(pairs: list[Pair], ledger: Ledger) -> list[Pair]:
    """Return the pairs without duplicates and contradictions."""
    kept, rejected = without_duplicates(pairs)
    ledger.add("duplicates", len(pairs), len(kept), rejected)
    return kept


def on_one_side(
    pairs: list[Pair], groups: list[list[Pair]], on_both_sides: set[str], params: Curate, ledger: Ledger
) -> list[Pair]:
    """Return the pairs without those whose family is on both sides of the split, and without near-duplicates."""
    apart = [pair for pair in pairs if pair.pair_id not in on_both_sides]
    both = [Rejected.of(pair, "in_heldout_and_training") for pair in pairs if pair.pair_id in on_both_sides]
    ledger.add("split", len(pairs), len(apart), both)
    ids = {pair.pair_id for pair in apart}
    repeated: dict[str, Pair] = {}
    for group in groups:
        # Two rows of one's own that are the same have one id: as near-duplicates of each other both would be lost.
        own = list({pair.pair_id: pair for pair in group if pair.pair_id in ids}.values())
        repeated |= near_duplicates(own, params.near_duplicate_similarity)
    unique = [pair for pair in apart if pair.pair_id not in repeated]
    near = [Rejected.of(p, "near_duplicate", where(repeated[p.pair_id])) for p in apart if p.pair_id in repeated]
    ledger.add("near_duplicates", len(apart), len(unique), near)
    return unique


def _purposes(
    pairs: list[Pair], fact_of: dict[str, str], asked: set[str], params: Curate, seed: int
) -> dict[str, Split]:
    """Return the split that each pair's fact is asked in, by pair_id: recall, validation, or only train."""
    positions = {fact: hash_fraction(seed, "purpose", fact) for fact in {fact_of[pair.pair_id] for pair in pairs}}
    asked_facts = {fact_of[pair_id] for pair_id in asked} & positions.keys()
    recall = asked_facts | lowest(positions, params.recall_fraction)
    others = {fact: position for fact, position in positions.items() if fact not in recall}
    in_validation = lowest(others, params.recall_fraction + params.validation_fraction, params.recall_fraction)
    purposes: dict[str, Split] = {}
    for pair in pairs:
        fact = fact_of[pair.pair_id]
        elsewhere: Split = "validation" if fact in in_validation else "train"
        purposes[pair.pair_id] = "recall" if fact in recall else elsewhere
    return purposes


def _add_wordings(splits: Splits, pair: Pair, wordings: Wordings, purpose: Split, asked: list[str], seed: int) -> None:
    """Train on every wording except those held back, never on `NEW_WORDING`. An only wording is not held back."""
    new_wording = {name: text for name, text in wordings.items() if name == NEW_WORDING and purpose == "recall"}
    rows = {name: Row(pair, name, text) for name, text in wordings.items() if name != NEW_WORDING}
    if rows.keys() <= set(asked):
        raise UserError(
            "curate.recall_questions: {question!r} has no other wording to train on. Raise "
            "curate.paraphrases, or remove the question.",
            question=pair.instruction,
        )
    if purpose != "train" and len(rows) > 1:
        for name in [name for name in asked if name in rows] or [_choose_held_back(list(rows), pair, seed)]:
            splits.rows[purpose].append(rows.pop(name))
    splits.rows["recall"] += [Row(pair, name, text) for name, text in new_wording.items()]
    splits.rows["train"] += rows.values()


def _choose_held_back(names: list[str], pair: Pair, seed: int) -> str:
    return names[int(hash_fraction(seed, "wording", pair.pair_id) * len(names))]


def check_pinned(pairs: list[Pair], params: Curate, ledger: Ledger) -> None:
    """Raise UserError where a document of `heldout_documents` has no pairs, or no other document has any."""
    known = sorted({pair.doc_id for pair in pairs})
    for name in params.heldout_documents:
        if name not in known:
            lost = count_reasons([row for row in ledger.rejected if row.doc_id == name])
            why = tr(" (rejected: {lost})", lost=lost) if lost else ""
            raise UserError(
                "params.yaml: curate.heldout_documents names {name}, which has no pairs{why}. Choose from {names}.",
                name=name,
                why=why,
                names=_first_ten(known),
            )
    if set(known) <= set(params.heldout_documents):
        raise UserError(
            "params.yaml: curate.heldout_documents names every document that has pairs ({names}), so "
            "that nothing is left to train on. {advice}",
            names=_first_ten(known),
            advice=_fewer(known),
        )


def _first_ten(names: list[str]) -> str:
    return ", ".join(names[:10]) + (tr(" and {count} more", count=len(names) - 10) if len(names) > 10 else "")


def _fewer(known: list[str]) -> str:
    return tr("Remove one of them.") if len(known) > 1 else tr("Set it to [], or add documents.")
