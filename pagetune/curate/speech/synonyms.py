"""Everyday words in the place of a document's own: 대여료 -> 빌리는 돈, 분실하면 -> 잃어버리면 (synonyms.txt)."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random

from pagetune.curate.speech.words import Word, joined, parse
from pagetune.text.morphemes import kiwi

_FILE = Path(__file__).with_name("synonyms.txt")
#: Morphemes by (form, tag).
Forms = tuple[tuple[str, str], ...]


@cache
def nouns() -> dict[str, list[str]]:
    """Return the everyday words for each noun."""
    return {word: others for word, others in _entries() if not word.endswith("다")}


@cache
def verbs() -> dict[Forms, list[Forms]]:
    """Return the everyday verbs for each verb, as their morphemes without 다."""
    found: dict[Forms, list[Forms]] = {}
    for word, others in _entries():
        if word.endswith("다"):
            found.setdefault(_stem(word), []).extend(_stem(other) for other in others if other.endswith("다"))
    return found


def _entries() -> Iterable[tuple[str, list[str]]]:
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        word, colon, others = line.partition(":")
        if colon and not line.startswith("#"):
            yield word.strip(), [other.strip() for other in others.split(",") if other.strip()]


def _stem(word: str) -> Forms:
    return tuple((token.form, token.tag) for token in kiwi().tokenize(word))[:-1]


def everyday(words: list[Word], random: Random, share: float) -> list[Word]:
    """Return the words with this share of those that have an everyday word replaced by it."""
    return [said for word in words for said in _said(word, random, share)]


def _said(word: Word, random: Random, share: float) -> list[Word]:
    if random.random() >= share:
        return [word]
    said = _noun(word, random) if word.is_noun else _verb(word, random)
    return said or [word]


def _noun(word: Word, random: Random) -> list[Word]:
    """Return the word, or the last nouns of its compound, as people say it."""
    starts = [part.start - word.found[0].start for part in word.found]
    for start in starts:
        if others := nouns().get(word.stem[start:]):
            return [word.called(f"{word.stem[:start].strip()} {random.choice(others)}".strip())]
    return []


def _verb(word: Word, random: Random) -> list[Word]:
    """Return the verb that people use, as its other one is inflected; it may be several words."""
    forms = tuple((part.form, part.tag) for part in word.found if not part.tag.startswith("S"))
    for length in (3, 2, 1):
        for start in range(len(forms) - length + 1):
            if others := verbs().get(forms[start : start + length]):
                text = joined([*forms[:start], *random.choice(others), *forms[start + length :]])
                return parse(text + ("?" if word.text.endswith("?") else ""))
    return []
