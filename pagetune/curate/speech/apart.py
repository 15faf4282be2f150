"""Which trained facts a spoken question could also mean."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from pagetune.curate.speech.synonyms import nouns
from pagetune.curate.speech.words import Word, parse
from pagetune.records import Pair


class Facts:
    """The trained pairs by the words of their questions, everyday words for these included."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._outputs = {pair.pair_id: pair.output for pair in pairs}
        self._letters = {pair.pair_id: _squeezed(pair.instruction) for pair in pairs}
        self._holders: dict[str, set[str]] = defaultdict(set)
        self._everyday_holders: dict[str, set[str]] = defaultdict(set)
        self._with_letters: dict[str, set[str]] = {}
        self._own: dict[str, set[str]] = {}
        for pair in pairs:
            words = parse(pair.instruction)
            for form in content_of(words):
                self._holders[form].add(pair.pair_id)
            for word in words:
                for form in _everyday_forms(word.stem):
                    self._everyday_holders[form].add(pair.pair_id)

    def rivals(self, words: Iterable[Word], pair: Pair, in_everyday_words: bool = False) -> set[str] | None:
        """Return the ids of the pairs with another answer whose questions have all of these words, less those that
        have all words of the pair's own question too.

        With `in_everyday_words`, everyday words for those of the other questions count too. None for words that say
        nothing.
        """
        content = content_of(words)
        if not content:
            return None
        return self._holding_all(content, pair, in_everyday_words) - self._own_rivals(pair)

    def are_told_apart(self, words: Iterable[Word], pair: Pair) -> bool:
        """Tell whether the words mean no other trained answer that the pair's own question does not mean too."""
        return self.rivals(words, pair) == set()

    def _own_rivals(self, pair: Pair) -> set[str]:
        if pair.pair_id not in self._own:
            self._own[pair.pair_id] = self._holding_all(content_of(parse(pair.instruction)), pair)
        return self._own[pair.pair_id]

    def _holding_all(self, content: set[str], pair: Pair, in_everyday_words: bool = False) -> set[str]:
        everyday = self._everyday_holders if in_everyday_words else {}
        each = (self._holding(form) | everyday.get(form, set()) for form in content)
        holding = set.intersection(*each) if content else set()
        return {other for other in holding if self._outputs[other] != pair.output}

    def has_letters(self, pair_id: str, text: str) -> bool:
        return _squeezed(text) in self._letters[pair_id]

    def _holding(self, form: str) -> set[str]:
        """Return the pairs that have a morpheme, or its letters: 보건지소 is one noun here and two there."""
        if len(form) == 1 or form.isdigit():
            return self._holders.get(form, set())
        if form not in self._with_letters:
            having = {pair_id for pair_id, letters in self._letters.items() if form in letters}
            self._with_letters[form] = having | self._holders.get(form, set())
        return self._with_letters[form]


def content_of(words: Iterable[Word]) -> set[str]:
    return {form for word in words for form in word.content}


@cache
def _everyday_forms(noun: str) -> frozenset[str]:
    """Return what tells the everyday words for a noun from others."""
    return frozenset(content_of(word for other in nouns().get(noun, []) for word in parse(other)))


def _squeezed(text: str) -> str:
    return "".join(text.lower().split())
