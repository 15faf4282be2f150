"""Makes questions that the documents do not answer, out of those that they do, with a refusal as the answer.

The ways take turns, most of them near to what is known: another name for what a document is about, another word or
number in the subject, an attribute that the subject lacks, what people ask about it besides, and a subject of which
nothing is known.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.other_attributes import Known, other_attribute, question_about
from pagetune.curate.abstain.other_questions import Subject, filled, known_subjects, unanswered
from pagetune.curate.abstain.other_subjects import (
    other_kind,
    other_name,
    other_number,
    own_names,
)
from pagetune.curate.abstain.words import Language, Words, language_of_question, words_of
from pagetune.curate.changes import Change, replaced
from pagetune.curate.heldout import hash_fraction
from pagetune.curate.question_patterns import stands_alone
from pagetune.records import Pair
from pagetune.text.claims import normal_form
from pagetune.text.morphemes import morphemes

Item = TypeVar("Item")
#: Share of the new words and of the known subjects that only the evaluation asks about.
_EVALUATED = 0.3
#: Questions that people ask about each subject that no document has.
_TURNS = 3
#: The document of a question whose subject is not in any.
NO_DOCUMENT = ""


class Made(NamedTuple):
    """A question that no document answers, how it was made, and the word by which it differs from a known one.

    `named` is what any wording has to name, or it would ask what a document answers. `twin` is the id of the known
    question that it differs from by a `change`.
    """

    pair: Pair
    way: str
    key: str
    named: tuple[str, ...]
    twin: tuple[str, Change] | None = None


class Maker:
    """Makes questions from the pairs that are trained on. The same pairs, pages and seed give the same questions."""

    def __init__(self, trained: list[Pair], documents: Documents, languages: list[Language], seed: int) -> None:
        usable = [pair for pair in trained if stands_alone(pair) and language_of_question(pair.instruction)]
        self._pairs = sorted(usable, key=lambda pair: hash_fraction(seed, "silent", pair.pair_id))
        self._names = own_names(usable)
        self._known = Known(usable)
        self._subjects = known_subjects(usable, self._names, documents)
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
            self._around(evaluated),
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
                own = self._refused(pair.model_copy(update=texts), words)
                yield Made(own, way, change.key, (change.key,), (pair.pair_id, change))

    def _attributes(self, evaluated: bool) -> Iterator[Made]:
        fits = self._fits(evaluated)
        for pair in self._pairs:
            words = _words(pair.instruction)
            found = other_attribute(pair, words, self._known, self._documents, fits, self._seed)
            if found:
                attribute = (found[0].topic or found[0].instruction).rpartition("의 ")[2]
                yield Made(self._refused(found[0], words), "attribute", found[1], (found[1], attribute))

    def _around(self, evaluated: bool) -> Iterator[Made]:
        fits = self._fits(evaluated)
        for subject, asking in unanswered(self._subjects, self._documents, self._seed):
            if fits(asking.question):
                question = filled(asking, subject)
                pair = Pair.original("", question, "", "abstain", subject.doc_id, context=subject.scope or None)
                named = (subject.name, *_nouns(asking.question))
                yield Made(self._refused(pair, _words(question)), "around", asking.question, named)

    def _invented(self, evaluated: bool) -> Iterator[Made]:
        return _in_turn([self._invented_in(language, evaluated) for language in self._languages])

    def _invented_in(self, language: Language, evaluated: bool) -> Iterator[Made]:
        words = words_of(language)
        names = [name for name in words.names if self._fits(evaluated)(name) and not self._documents.name(name)]
        names.sort(key=lambda name: hash_fraction(self._seed, "invented", name))
        for name in names:
            yield self._about(name, words)
        for turn in range(_TURNS):
            yield from (self._asked_about(name, words, turn) for name in names)

    def _about(self, name: str, words: Words) -> Made:
        subject = self._invented_subject(name, words)
        topics = words.topics_of(subject) or words.topics[0]
        attribute = _pick(topics.attributes, self._seed, subject)
        question, topic = question_about(subject, attribute, words)
        pair = Pair.original("", question, "", "abstain", NO_DOCUMENT, topic=topic)
        return Made(self._refused(pair, words), "invented", name, (name, attribute.name))

    def _asked_about(self, name: str, words: Words, turn: int) -> Made:
        """Return one of the questions that people ask, about a subject that no document has."""
        subject = Subject(NO_DOCUMENT, self._invented_subject(name, words), "")
        topics = words.topics_of(subject.name) or words.topics[0]
        asking = _pick(topics.questions, self._seed, f"{subject.name} {turn}")
        pair = Pair.original("", filled(asking, subject), "", "abstain", NO_DOCUMENT)
        return Made(self._refused(pair, words), "invented", name, (subject.name, *_nouns(asking.question)))

    def _invented_subject(self, name: str, words: Words) -> str:
        ending = _pick(words.endings, self._seed, name)
        return f"{name} {ending}" if ending.isascii() else name + ending

    def _refused(self, pair: Pair, words: Words) -> Pair:
        pair_id = hashlib.sha256(f"abstain\n{pair.doc_id}\n{pair.instruction}".encode()).hexdigest()[:12]
        refusal = _pick(words.refusals, self._seed, pair.instruction)
        more = {"context": pair.context, "topic": pair.topic}
        return Pair.original(pair_id, pair.instruction, refusal, "abstain", pair.doc_id, **more)


def _nouns(question: str) -> Iterator[str]:
    return (one.form for one in morphemes(question) if one.tag in ("NNG", "NNP"))


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
