"""Adds questions that no document answers to the training rows, as many as `curate.abstain_fraction` says."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.questions import Made, Maker
from pagetune.curate.abstain.words import LANGUAGES, language_of_question
from pagetune.curate.changes import replaced
from pagetune.curate.heldout import hash_fraction
from pagetune.curate.question_patterns import Wordings, all_wordings
from pagetune.curate.rows import Row, Silent, Splits
from pagetune.params import Curate
from pagetune.records import NEW_WORDING, Pair, Question
from pagetune.text.claims import normal_form

#: The name of their set.
MADE = "unanswerable_made"
#: How many questions of this kind the evaluation asks at most.
_EVALUATED = 60
#: Wordings of each question in training. What is new in many questions is learned better than what is new in few.
_WORDINGS = 2


def make_silent(trained: list[Pair], documents: Documents, pairs: list[Pair], params: Curate, seed: int) -> Silent:
    """Make the questions for training, as many as `curate.abstain_fraction` wants, and those for the evaluation.

    They are in the languages of `pairs`, which are heldout ones too. Those of the evaluation are asked in different
    wordings, one each.
    """
    asked = {language_of_question(pair.instruction) for pair in pairs}
    maker = Maker(trained, documents, [language for language in LANGUAGES if language in asked], seed)
    rows = _share(params.abstain_fraction, len(trained) * (params.paraphrases + 1))
    own = list(islice(maker.questions(evaluated=False), math.ceil(rows / _WORDINGS)))
    evaluated = [_question(made, seed) for made in islice(maker.questions(evaluated=True), _EVALUATED)]
    ways = dict(sorted(Counter(made.way for made in own).items()))
    named = {made.pair.pair_id: made.named for made in own}
    twins = {made.pair.pair_id: made.twin for made in own if made.twin}
    return Silent([made.pair for made in own], evaluated, named, twins, ways)


def _share(fraction: float, answered: int) -> float:
    """Return how many there must be beside the `answered` for them to be a `fraction` of all."""
    return fraction / (1 - fraction) * answered


def _question(made: Made, seed: int) -> Question:
    """Return a question of the evaluation, in one of its wordings. `tag` says how it was made."""
    pair = made.pair
    wordings = [item for item in all_wordings(pair).items() if _names(item[1], made.named)]
    name, text = wordings[int(hash_fraction(seed, "wording", pair.pair_id) * len(wordings))]
    own = {"split": MADE, "check": "fact", "answerable": False, "general": False, "tag": made.way, "further": []}
    return Question.original(pair.pair_id, text, "", "abstain", pair.doc_id, wording=name, **own)


def add_silent(splits: Splits, wordings_of: Callable[[Pair], Wordings], fraction: float, seed: int) -> None:
    """Add the wordings of the questions to the training rows, until they are a `fraction` of them.

    First one wording of each, then a second one, and so on. They are worded as the answered rows are, in the same
    shares, so that nothing but what they ask tells them apart: a model would else learn to refuse a wording.
    """
    answered = splits.rows["train"]
    wanted = round(_share(fraction, len(answered)))
    by_pair = {pair_id: list(own) for pair_id, own in groupby(answered, key=lambda row: row.pair.pair_id)}
    rows = [_rows_of(pair, wordings_of, by_pair, splits.silent, seed) for pair in splits.silent.trained]
    splits.rows["train"] = [*answered, *islice(_in_shares(rows, answered), wanted)]


def _in_shares(rows: list[list[Row]], answered: list[Row]) -> Iterator[Row]:
    """Yield a row of each question in turn, of the group of wordings that is most behind its share of `answered`."""
    shares = Counter(map(_group, answered))
    taken: Counter[str] = Counter()
    left = [[row for row in own if _group(row) in shares] for own in rows]
    while any(left):
        for own in filter(None, left):
            best = min(own, key=lambda row: (taken[_group(row)] + 1) / shares[_group(row)])
            own.remove(best)
            taken[_group(best)] += 1
            yield best


def _group(row: Row) -> str:
    """Return what wordings of one kind share: spoken of spoken1 and spoken2."""
    return row.wording.rstrip("0123456789")


def _rows_of(
    pair: Pair, wordings_of: Callable[[Pair], Wordings], by_pair: dict[str, list[Row]], silent: Silent, seed: int
) -> list[Row]:
    """Return the rows of a question: those of the known one that it differs from, word for word, else its own."""
    known, change = silent.twins.get(pair.pair_id, ("", None))
    twins = {row.wording: replaced(row.instruction, change) for row in by_pair.get(known, []) if change}
    own = silent.named[pair.pair_id]
    wordings = {name: text for name, text in twins.items() if _names(text, own)} or wordings_of(pair)
    names = [name for name, text in wordings.items() if name != NEW_WORDING and _names(text, own)]
    names.sort(key=lambda name: hash_fraction(seed, "wording", pair.pair_id, name))
    return [Row(pair, name, wordings[name]) for name in names]


def _names(text: str, words: Iterable[str]) -> bool:
    """Tell whether a wording still has the words that make its question one that no document answers."""
    form = normal_form(text)
    return all(normal_form(word) in form for word in words)


def silent_counts(splits: Splits) -> dict[str, object]:
    """Count the rows that abstain, their questions, and how the questions were made."""
    rows = [row for row in splits.rows["train"] if row.kind == "abstain"]
    questions, evaluated = len({row.fact for row in rows}), len(splits.silent.evaluated)
    return {"rows": len(rows), "questions": questions, "made_from": splits.silent.ways, "evaluated": evaluated}
