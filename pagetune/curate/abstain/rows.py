"""Adds questions that no document answers to the training rows, as many as `curate.abstain_fraction` says."""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice, zip_longest

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.questions import Made, Maker
from pagetune.curate.abstain.words import LANGUAGES, language_of_question
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
    return Silent([made.pair for made in own], evaluated, named, ways)


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

    First one wording of each, which rotates over the questions, then a second one, and so on.
    """
    wanted = round(_share(fraction, len(splits.rows["train"])))
    rows = [_rows_of(pair, wordings_of(pair), splits.silent, seed) for pair in splits.silent.trained]
    turns = zip_longest(*rows)
    splits.rows["train"] += islice((row for turn in turns for row in turn if row), wanted)


def _rows_of(pair: Pair, wordings: Wordings, silent: Silent, seed: int) -> list[Row]:
    own = silent.named[pair.pair_id]
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
