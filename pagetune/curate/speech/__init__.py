"""Questions as people speak and type them: shorter names, everyday words, no particles, other endings.

Every one of them still tells its fact apart from all others that are trained.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import takewhile
from random import Random
from typing import NamedTuple

from pagetune.curate.speech import english, haste
from pagetune.curate.speech.apart import Facts
from pagetune.curate.speech.endings import ended, without_predicate
from pagetune.curate.speech.kinds import draw_pattern, family, fill, names_itself, thing_and_kind
from pagetune.curate.speech.subjects import ends_title, settings, short_names, subjects, titles
from pagetune.curate.speech.synonyms import everyday
from pagetune.curate.speech.words import Word, drop_particles, has_whole_spans, parse, written
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
#: What asks neither who, nor where, nor when.
_ASKS_WHAT = re.compile("뭐|뭔|무엇|무슨|어떤")
#: Particles of a name that says where or of what, and of nothing that a verb is done to.
_AFTER_SUBJECT = frozenset(("", "의", "에서", "은", "는", "이", "가", "에는", "에서는"))
#: Draws for one wording that is wanted, since some say the same.
_TRIES = 6


class Names(NamedTuple):
    """Names for what a document is about, and the share of questions that have one of them in front."""

    known: list[str]
    share: float


class Speech:
    """The trained pairs, and how people would ask for each."""

    def __init__(self, pairs: list[Pair]) -> None:
        found = subjects(pairs)
        self._names = {doc_id: short_names(subject) for doc_id, subject in found.items()}
        #: The documents that are about nothing but their subject, whose name goes with all of their questions.
        self._settings = settings(pairs, found)
        self._title_words = titles(pairs)
        self._facts = Facts(pairs)
        self._doc_ids = {pair.pair_id: pair.doc_id for pair in pairs}
        self._by_family: dict[tuple[str, str], set[str]] = defaultdict(set)
        #: Whose wording each is, of all that were returned: no two pairs share one.
        self._said = {normal_form(pair.instruction): pair.pair_id for pair in pairs}
        self._about = {pair.pair_id: about for pair in pairs if (about := thing_and_kind(pair))}
        for pair in pairs:
            if about := self._about.get(pair.pair_id):
                self._by_family[about[0], family(about[2])].add(pair.output)

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
        return english.draw(
            pair.instruction, lambda words: self._facts.are_told_apart(parse(" ".join(words)), pair), random
        )

    def _wording(self, pair: Pair, random: Random) -> str | None:
        """Return one wording, or None where what was drawn does not suit the question."""
        said = self._by_attribute(pair, random) if random.random() < _BY_ATTRIBUTE else None
        said = said or self._by_question(pair, random)
        return haste.said(said, random) if said and has_whole_spans(said) else None

    def _by_attribute(self, pair: Pair, random: Random) -> str | None:
        about = self._about.get(pair.pair_id)
        if about is None:
            return None
        thing, attribute, kind = about
        alone = names_itself(kind, attribute) and len(self._by_family[thing, family(kind)]) == 1
        pattern = draw_pattern(kind, attribute, pair.output, random, names_attribute=not alone)
        if not pattern:
            return None
        if kind == "other" and _ASKS_WHAT.search(pattern) and not _ASKS_WHAT.search(pair.instruction):
            return None
        also = parse(attribute) if "{a" in pattern else []
        words, names = self._without_subject(parse(thing), pair, parse(attribute))
        said = self._everyday(words, pair, random, also)
        named = self._named(written(said), [*said, *also], names, pair, random, kind if not also else None)
        return fill(pattern, named, attribute, pair.output) if named else None

    def _by_question(self, pair: Pair, random: Random) -> str | None:
        has_names = bool(self._names.get(pair.doc_id))
        question = parse(pair.instruction.removeprefix(pair.context or "") if has_names else pair.instruction)
        words, names = self._without_subject(question, pair)
        words = self._everyday(words, pair, random)
        shown = list(drop_particles(words, random.choice(_DROPPED)))
        said = without_predicate(shown) if random.random() < _TYPED else ended(shown, random)
        return self._named(said, words, names, pair, random) if said else None

    def _everyday(self, words: list[Word], pair: Pair, random: Random, also: Sequence[Word] = ()) -> list[Word]:
        """Return the words with everyday ones for some, or as they are where another fact could be meant then.

        The term of a definition is what is asked for, so that nothing may stand in its place.
        """
        if pair.kind == "definition":
            return words
        title = self._title(words, pair)
        said = [*title, *everyday(words[len(title) :], random, _EVERYDAY)]
        if said == words:
            return words
        before = self._facts.rivals([*words, *also], pair)
        after = self._facts.rivals([*said, *also], pair, in_everyday_words=True)
        return said if before is not None and after is not None and after <= before else words

    def _title(self, words: list[Word], pair: Pair) -> list[Word]:
        """Return the words at the beginning that belong to a title."""
        title = self._title_words(pair)
        return list(takewhile(lambda word: not title.isdisjoint(word.text.split()), words))

    def _without_subject(self, words: list[Word], pair: Pair, also: Sequence[Word] = ()) -> tuple[list[Word], Names]:
        """Return the words without what the document is about, and the names for it that may stand in front.

        What the fact cannot be told from others without, even with the words that are `also` said, stays as it is.
        """
        names = self._names.get(pair.doc_id, [])
        if written(words) in names:
            return words, Names([], 0.0)
        count = _length_of_name(words, names)
        if not count:
            return words, Names(names, _NAMED if pair.context else _ADDED if pair.doc_id in self._settings else 0.0)
        rest = words[count:]
        told_apart = self._facts.are_told_apart([*rest, *also], pair)
        return (rest, Names(names, _NAMED)) if told_apart else (words, Names([], 0.0))

    def _named(
        self, text: str, words: list[Word], names: Names, pair: Pair, random: Random, kind: str | None = None
    ) -> str | None:
        """Return the text, often with one of the names of what its document is about in front.

        Where another fact could be meant, a name that tells the two apart has to stand there: None without one. A
        pattern that asks for the `kind` of the answer asks for no other kind.
        """
        rivals = self._facts.rivals(words, pair)
        if rivals is None:
            return None
        if kind:
            rivals = {other for other in rivals if other not in self._about or self._is_of_kind(other, kind)}
        if not rivals and any(_squeezed(name) in _squeezed(text) for name in names.known):
            return text
        known = [name for name in names.known if not any(self._may_be_called(other, name) for other in rivals)]
        if not rivals and random.random() >= names.share:
            return text
        if not known:
            return None if rivals else text
        return f"{random.choice(known)}{random.choice(_AFTER_NAME)} {text}"

    def _is_of_kind(self, pair_id: str, kind: str) -> bool:
        return family(self._about[pair_id][2]) == family(kind)

    def _may_be_called(self, pair_id: str, name: str) -> bool:
        """Tell whether a name may be that of what a pair is about."""
        return name in self._names.get(self._doc_ids[pair_id], []) or self._facts.has_letters(pair_id, name)


def _squeezed(text: str) -> str:
    return text.replace(" ", "")


def _length_of_name(words: list[Word], names: list[str]) -> int:
    """Return of how many words the name is that the question begins with, 0 for none."""
    longest = min(len(words) - 1, max((len(name.split()) for name in names), default=0))
    return next((count for count in range(longest, 0, -1) if _begin_with_name(words, count, names)), 0)


def _begin_with_name(words: list[Word], count: int, names: list[str]) -> bool:
    """Tell whether this many words are a name, and not a part of a longer one (보안점검 가이드에서, 한글 97)."""
    last, after = words[count - 1], words[count]
    is_part = not last.particle and (after.has_number or after.is_name or ends_title(after.stem))
    return (
        not is_part
        and last.particle in _AFTER_SUBJECT
        and f"{written(words[: count - 1])} {last.stem}".strip() in names
    )
