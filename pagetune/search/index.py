"""A BM25 index over passages."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from pagetune.search.passages import Passage
from pagetune.search.tokens import learn, tokens

#: BM25's usual constants: how soon a repeated token stops to count, and how much a long passage is marked down.
K1, B = 1.5, 0.75
#: Parts whose morphemes are analysed at once.
_AT_ONCE = 2000

Ranking = list[tuple[int, float]]


class Index:
    """Passages that can be ranked by a question."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        from bm25s import BM25

        known = _tokens_of(dict.fromkeys(part for passage in passages for part in passage.searched))
        self._bm25 = BM25(k1=K1, b=B, method="lucene", dtype="float64", backend="numpy")
        bags = [[token for part in passage.searched for token in known[part]] for passage in passages]
        self._none = np.zeros(len(passages))
        self._has_tokens = any(bags)  # without any there is nothing to index: no page is readable, or all cells are "-"
        if self._has_tokens:
            self._bm25.index(bags, show_progress=False)

    def scores(self, question: str) -> Any:
        """Return the score of each passage, rounded so that every machine ranks them alike."""
        if not self._has_tokens:
            return self._none
        asked = [token for token in dict.fromkeys(tokens(question)) if token in self._bm25.vocab_dict]
        return self._bm25.get_scores(asked).round(6) if asked else self._none

    def passages_with(self, word: str) -> int:
        """Return in how many passages a word stands."""
        if not self._has_tokens:
            return 0
        token = self._bm25.vocab_dict.get(word)
        starts = self._bm25.scores["indptr"]
        return 0 if token is None else int(starts[token + 1] - starts[token])


def best(scores: Any, count: int) -> Ranking:
    """Return the passages with the highest scores above 0, those in front first where scores are equal."""
    count = min(count, len(scores))
    if count == 0:
        return []
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    numbers = np.flatnonzero((scores >= least) & (scores > 0))
    ranked = numbers[np.argsort(-scores[numbers], kind="stable")][:count]
    return [(int(number), float(scores[number])) for number in ranked]


def _tokens_of(parts: Iterable[str]) -> dict[str, list[str]]:
    """Return the tokens of each part; several passages have the same ones."""
    all_parts = list(parts)
    found: dict[str, list[str]] = {}
    for start in range(0, len(all_parts), _AT_ONCE):
        some = all_parts[start : start + _AT_ONCE]
        learn(some)
        found |= {part: tokens(part) for part in some}
    return found
