"""Questions as people speak and type them: shorter names, everyday words, no particles, other endings.

Every one of them still tells its fact apart from all others that are trained.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from pagetune.curate.speech import english, haste
from pagetune.curate.speech.endings import ended, without_predicate
from pagetune.curate.speech.kinds import draw_pattern, fill, thing_and_kind
from pagetune.curate.speech.subjects import short_names, subjects
from pagetune.curate.speech.synonyms import everyday
from pagetune.curate.speech.words import Word, drop_particles, parse, written
from pagetune.records import Pair
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean

#: Particles that speech leaves out, by how much of them is.
_DROPPED: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"을", "를", "의"}),
    frozenset({"은", "는", "이", "가", "을", "를", "의"}),
)
#: What follows a name in front of a question.
_AFTER_NAME = ("", "", "", "에서")
#: The shares of wordings by the kind of answer, where a topic names a thing and its attribute; of those without a verb,
#: and of words that everyday ones replace.
_BY_ATTRIBUTE, _TYPED, _EVERYDAY = 0.5, 0.25, 0.5
#: The shares of questions with a name of what the document is about, where the document's own has one, and where not.
_NAMED, _ADDED = 0.85, 0.4
#: Draws for one wording that is wanted, since some say the same.
_TRIES = 6


class Names(NamedTuple):
    """Names for what a document is about, and the share of questions that have one of them in front."""

    known: list[str]
    share: float


class Speech:
    """The trained pairs, and how people would ask for each."""

    def __init__(self, pairs: list[Pair]) -> None:
        self._names = {doc_id: short_names(subject) for doc_id, subject in subjects(pairs).items()}
        self._holders: dict[str, set[str]] = defaultdict(set)
        self._by_kind: dict[tuple[str, str], set[str]] = defaultdict(set)
        #: Whose wording each is, of all that were returned: no two pairs share one.
        self._said = {normal_form(pair.instruction): pair.pair_id for pair in pairs}
        self._outputs = {pair.pair_id: pair.output for pair in pairs}
        for pair in pairs:
            for form in _content(parse(pair.instruction)):
                self._holders[form].add(pair.pair_id)
            if about := thing_and_kind(pair):
                self._by_kind[about[0], about[2]].add(pair.output)

    def wordings(self, pair: Pair, most: int) -> list[str]:
        """Return at most `most` wordings of a question that stands alone, the same ones on every machine.

        No two are alike but for case, spaces and punctuation, within a pair or between two.
        """
        random = Random(pair.pair_id)  # noqa: S311 - no secret
        own = normal_form(pair.instruction)
        found: dict[str, str] = {}
        for _ in range(most * _TRIES):
            if len(found) == most:
                break
            said = self._wording(pair, random) if is_korean(pair.instruction) else self._in_english(pair, random)
            form = normal_form(said or pair.instruction)
            if said and form != own and self._said.setdefault(form, pair.pair_id) == pair.pair_id:
                found.setdefault(form, said)
        return list(found.values())

    def _in_english(self, pair: Pair, random: Random) -> str | None:
        return english.draw(pair.instruction, lambda words: self._is_told_apart(parse(" ".join(words)), pair), random)

    def _wording(self, pair: Pair, random: Random) -> str | None:
        """Return one wording, or None where what was drawn does not suit the question."""
        said = self._by_attribute(pair, random) if random.random() < _BY_ATTRIBUTE else None
        said = said or self._by_question(pair, random)
        return haste.said(said, random) if said else None

    def _by_attribute(self, pair: Pair, random: Random) -> str | None:
        about = thing_and_kind(pair)
        if about is None:
            return None
        thing, attribute, kind = about
        words, names = self._without_subject(parse(thing), pair, parse(attribute))
        said = _named(written(everyday(words, random, _EVERYDAY)), names, random)
        pattern = draw_pattern(kind, pair.output, random, names_attribute=len(self._by_kind[thing, kind]) > 1)
        return fill(pattern, said, attribute, pair.output) if pattern else None

    def _by_question(self, pair: Pair, random: Random) -> str | None:
        question = parse(pair.instruction.removeprefix(pair.context or ""))
        words, names = self._without_subject(question, pair)
        words = everyday(self._shorter(words, pair, random), random, _EVERYDAY)
        words = list(drop_particles(words, random.choice(_DROPPED)))
        said = without_predicate(words) if random.random() < _TYPED else ended(words, random)
        return _named(said, names, random) if said else None

    def _without_subject(self, words: list[Word], pair: Pair, also: Sequence[Word] = ()) -> tuple[list[Word], Names]:
        """Return the words without what the document is about, and the names for it that may stand in front.

        What the fact cannot be told from others without, even with the words that are `also` said, stays as it is.
        """
        names = self._names.get(pair.doc_id, [])
        count = _length_of_name(words, names)
        if not count:
            return words, Names(names, _NAMED if pair.context else _ADDED)
        rest = words[count:]
        return (rest, Names(names, _NAMED)) if self._is_told_apart([*rest, *also], pair) else (words, Names([], 0.0))

    def _shorter(self, words: list[Word], pair: Pair, random: Random) -> list[Word]:
        """Return the words without some of those that the fact can be told from others without."""
        share = random.choice((0, 0, 0.2, 0.4))
        kept = list(words)
        described = [False, *(word.describes_the_next for word in words)]
        for word, is_described in zip(words[:-1], described, strict=False):
            if word.may_be_left_out and not is_described and random.random() < share:
                fewer = [other for other in kept if other is not word]
                if self._is_told_apart(fewer, pair):
                    kept = fewer
        return kept

    def _is_told_apart(self, words: list[Word], pair: Pair) -> bool:
        """Tell whether no other trained answer goes with all of these words."""
        content = _content(words)
        if not content:
            return False
        also = set.intersection(*(self._holders[form] for form in content))
        return all(self._outputs[other] == pair.output for other in also)


def _named(text: str, names: Names, random: Random) -> str:
    """Return the text, often with one of the names of what its document is about in front."""
    if not names.known or random.random() >= names.share:
        return text
    return f"{random.choice(names.known)}{random.choice(_AFTER_NAME)} {text}"


def _content(words: Iterable[Word]) -> set[str]:
    return {form for word in words for form in word.content}


def _length_of_name(words: list[Word], names: list[str]) -> int:
    """Return of how many words the name is that the question begins with, 0 for none."""
    longest = min(len(words) - 1, max((len(name.split()) for name in names), default=0))
    lengths = range(longest, 0, -1)
    return next(
        (count for count in lengths if f"{written(words[: count - 1])} {words[count - 1].stem}".strip() in names), 0
    )
