"""Words that mean the same, of synonyms.txt, and the stems by which words are compared."""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pagetune.text.korean import is_korean

SYNONYMS = Path(__file__).with_name("synonyms.txt")


@cache
def _synonyms() -> dict[str, frozenset[str]]:
    """Return the synonyms of each word, as lemmas and stems."""
    found: dict[str, frozenset[str]] = {}
    for line in SYNONYMS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            group = frozenset(_lemma(word) for word in line.split())
            found |= {word: found.get(word, frozenset()) | group for word in group}
    return found


def synonyms(word: str) -> frozenset[str]:
    """Return the words that mean the same, of pagetune/text/synonyms.txt."""
    return _synonyms().get(word, frozenset())


def _lemma(word: str) -> str:
    """Return a word of the dictionary as it is compared: 구입 of 구입하다, 사 of 사다."""
    return re.sub(r"(?:하|되)?다$", "", word) if is_korean(word) else stem(word)


@cache
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Stem an English word as rouge-score does."""
    return str(_stemmer().stem(word)) if len(word) > 3 else word
