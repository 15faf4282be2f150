"""Makes questions that the documents do not answer, out of those that they do, with a refusal as the answer.

Four kinds take turns, three of them near to what is known: another name for what a document is about, another word or
number in the subject, an attribute that the subject lacks, and a subject of which nothing is known.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.other_attributes import Known, other_attribute, question_about
from pagetune.curate.abstain.other_subjects import (
    Change,
    other_kind,
    other_name,
    other_number,
    own_names,
    replaced,
)
from pagetune.curate.abstain.words import Language, Words, language_of_question, words_of
from pagetune.curate.heldout import hash_fraction
from pagetune.curate.question_patterns import stands_alone
from pagetune.records import Pair
from pagetune.text.claims import normal_form

Item = TypeVar("Item")
#: Share of the new words and of the known subjects that only the evaluation asks about.
_EVALUATED = 0.3
#: The document of a question whose subject is not in any.
NO_DOCUMENT = ""


class Made(NamedTuple):
    """A question that no document answers, how it was made, and the word by which it differs from a known one."""

    pair: Pair
    way: str
    key: str

    @property
    def named(self) -> tuple[str, ...]:
        """Return what any wording has to name, or it would ask what a document answers."""
        attribute = (self.pair.topic or self.pair.instruction).rpartition("의 ")[2]
        return (self.key, attribute) if self.way == "attribute" else (self.key,)


class Maker:
    """Makes questions from the pairs that are trained on. The same pairs, pages and seed give the same questions."""

    def __init__(self, trained: list[Pair], documents: Documents, languages: list[Language], seed: int) -> None:
        usable = [pair for pair in trained if stands_alone(pair) and language_of_question(pair.instruction)]
        self._pairs = sorted(usable, key=lambda pair: hash_fraction(seed, "silent", pair.pair_id))
        self._names = own_names(usable)
        self._known = Known(usable)
        self._documents, self._languages, self._seed = documents, languages, seed

    def questions(self, evaluated: bool) -> Iterator[Made]:
        """Yield questions, each once, of the kinds in turn; those of the evaluation share no new word with the others.

        A question about a known subject counts by the subject.
        """
        ways: list[Iterator[Made]] = [
            self._changed("name", self._name, evaluated),
            self._changed("kind", self._kind, evaluated),
            self._changed("number", self._number, evaluated),
            self._attributes(evaluated),
            self._invented(evaluated),
        ]
        seen: set[str] = set()
        for made in _in_turn(ways):
            form = normal_form(made.pair.instruction)
            if form not in seen:
                seen.add(form)
                yield made

    def _fits(self, evaluated: bool) -> Callable[[str], bool]:
        return lambda key: (hash_fraction(self._seed, "silent side", key) < _EVALUATED) == evaluated

    def _name(self, pair: Pair, words: Words, fits: Callable[[str], bool]) -> list[Change]:
        return other_name(pair, self._names[pair.doc_id], words, self._documents, fits, self._seed)

    def _kind(self, pair: Pair, words: Words, fits: Callable[[str], bool]) -> list[Change]:
        return other_kind(pair, words, self._documents, fits, self._seed)

    def _number(self, pair: Pair, _: Words, fits: Callable[[str], bool]) -> list[Change]:
        return other_number(pair, self._documents, fits, self._seed)

    def _changed(
        self, way: str, changes: Callable[[Pair, Words, Callable[[str], bool]], list[Change]], evaluated: bool
    ) -> Iterator[Made]:
        for pair in self._pairs:
            words = _words(pair.instruction)
            for change in changes(pair, words, self._fits(evaluated)):
                texts = {
                    name: replaced(text, change)
                    for name in ("instruction", "topic", "context")
                    if (text := getattr(pair, name))
                }
                yield Made(self._refused(pair.model_copy(update=texts), words), way, change.key)

    def _attributes(self, evaluated: bool) -> Iterator[Made]:
        fits = self._fits(evaluated)
        for pair in self._pairs:
            words = _words(pair.instruction)
            found = other_attribute(pair, words, self._known, self._documents, self._seed)
            if found and fits(found[1]):
                yield Made(self._refused(found[0], words), "attribute", found[1])

    def _invented(self, evaluated: bool) -> Iterator[Made]:
        return _in_turn([self._invented_in(language, evaluated) for language in self._languages])

    def _invented_in(self, language: Language, evaluated: bool) -> Iterator[Made]:
        words = words_of(language)
        names = [name for name in words.names if self._fits(evaluated)(name) and not self._documents.name(name)]
        for name in sorted(names, key=lambda name: hash_fraction(self._seed, "invented", name)):
            yield self._about(name, words)

    def _about(self, name: str, words: Words) -> Made:
        ending = _pick(words.endings, self._seed, name)
        subject = f"{name} {ending}" if ending.isascii() else name + ending
        topics = words.topics_of(subject) or words.topics[0]
        question, topic = question_about(subject, _pick(topics.attributes, self._seed, subject), words)
        pair = Pair.original("", question, "", "abstain", NO_DOCUMENT, topic=topic)
        return Made(self._refused(pair, words), "invented", name)

    def _refused(self, pair: Pair, words: Words) -> Pair:
        pair_id = hashlib.sha256(f"abstain\n{pair.doc_id}\n{pair.instruction}".encode()).hexdigest()[:12]
        refusal = _pick(words.refusals, self._seed, pair.instruction)
        more = {"context": pair.context, "topic": pair.topic}
        return Pair.original(pair_id, pair.instruction, refusal, "abstain", pair.doc_id, **more)


def _words(question: str) -> Words:
    return words_of(language_of_question(question) or "en")


def _pick(items: list[Item], seed: int, content: str) -> Item:
    return items[int(hash_fraction(seed, "pick", content) * len(items))]


def _in_turn(ways: list[Iterator[Made]]) -> Iterator[Made]:
    """Yield one of each in turn, until all are exhausted."""
    left = list(ways)
    while left:
        for way in list(left):
            made = next(way, None)
            if made is None:
                left.remove(way)
            else:
                yield made
