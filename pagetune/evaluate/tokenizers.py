"""How a text is cut for scoring: morphemes, characters, words, or rouge-score's own English."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple, Protocol

#: Texts whose morphemes are kept; a set is scored in pieces smaller than this.
_KEPT = 20_000


class Tokenizer(Protocol):
    """What rouge-score asks of a tokenizer; its own keeps [a-z0-9] alone, which turns Korean into nothing."""

    def tokenize(self, text: str) -> list[str]: ...


class Morpheme(NamedTuple):
    """`tag` is Kiwi's (Sejong tag set); `start` and `end` count the characters of the text in lower case."""

    form: str
    tag: str
    start: int
    end: int


class CharacterTokenizer:
    def tokenize(self, text: str) -> list[str]:
        return [character for character in nfc(text).lower() if not character.isspace()]


class WhitespaceTokenizer:
    def tokenize(self, text: str) -> list[str]:
        return nfc(text).lower().split()


class KiwiTokenizer:
    """Morphemes, as the Korean summarisation benchmarks count them."""

    def tokenize(self, text: str) -> list[str]:
        return [morpheme.form for morpheme in morphemes(text)]


def make_tokenizer(name: str) -> Tokenizer:
    if name == "english":
        from rouge_score.tokenizers import DefaultTokenizer

        english: Tokenizer = DefaultTokenizer(use_stemmer=True)
        return english
    tokenizers: dict[str, type[Tokenizer]] = {
        "kiwi": KiwiTokenizer,
        "character": CharacterTokenizer,
        "whitespace": WhitespaceTokenizer,
    }
    return tokenizers[name]()


def tokenizer_record(name: str) -> dict[str, str]:
    package = {"kiwi": "kiwipiepy", "english": "rouge-score"}.get(name)
    return {"name": name, "version": version(package) if package else "1"}


def f1(prediction: list[str], reference: list[str]) -> float:
    """Harmonic mean of precision and recall over tokens counted with their multiplicity."""
    common = sum((Counter(prediction) & Counter(reference)).values())
    if not common:
        return 0.0
    precision, recall = common / len(prediction), common / len(reference)
    return 2 * precision * recall / (precision + recall)


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


_known: dict[str, list[Morpheme]] = {}


def morphemes(text: str) -> list[Morpheme]:
    """Of the text in NFC and lower case; not to be changed by the caller, who shares it with the next."""
    text = nfc(text).lower()
    if text not in _known:
        learn_morphemes([text])
    return _known[text]


def learn_morphemes(texts: Iterable[str]) -> None:
    """Analyse many texts at once, on all cores, for `morphemes` to look up."""
    if len(_known) > _KEPT:
        _known.clear()
    new = list({nfc(text).lower(): None for text in texts}.keys() - _known.keys())
    for text, found in zip(new, _kiwi().tokenize(new), strict=True):
        _known[text] = [Morpheme(token.form, token.tag, token.start, token.end) for token in found]


@cache
def _kiwi() -> Any:
    from kiwipiepy import Kiwi

    return Kiwi()
