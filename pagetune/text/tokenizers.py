"""Tokenizers for scoring: morphemes, characters, words, or rouge-score's own for English."""

from collections import Counter
from importlib.metadata import version
from typing import Protocol

from pagetune.text.morphemes import morphemes
from pagetune.text.notation import nfc


class Tokenizer(Protocol):
    """The tokenizer that rouge-score expects. Its own only keeps [a-z0-9], so that nothing of Korean is left."""

    def tokenize(self, text: str) -> list[str]: ...


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
    """Return the harmonic mean of precision and recall over tokens, repeated ones counted."""
    common = sum((Counter(prediction) & Counter(reference)).values())
    if not common:
        return 0.0
    precision, recall = common / len(prediction), common / len(reference)
    return 2 * precision * recall / (precision + recall)
