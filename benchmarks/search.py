"""Measure for how many heldout questions a plain search finds the answer: python -m benchmarks.search

It needs what `dvc repro` makes. A passage is three neighbouring lines of a page, or a row of a table with its headers,
of all documents. They are ranked by BM25 (k1 1.5, b 0.75) over character bigrams. A question is answered if one of the
five best passages contains the answer or its evidence, character for character apart from spaces.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pagetune.jsonl import read_records
from pagetune.records import Page, Pair

K1, B, BEST = 1.5, 0.75, 5
LINES = 3


def main() -> None:
    passages = [text for page in read_records(Path("data/pages.jsonl"), Page) for text in _passages(page)]
    search = Search(passages)
    pairs = read_records(Path("data/splits/heldout.jsonl"), Pair)
    found = sum(_is_answered(pair, [passages[number] for number in search.best(pair.instruction)]) for pair in pairs)
    print(f"{found} of {len(pairs)} heldout questions ({found / len(pairs):.1%}), {len(passages)} passages")


def _passages(page: Page) -> Iterator[str]:
    lines = page.text.split("\n")
    yield from ("\n".join(lines[start : start + LINES]) for start in range(max(1, len(lines) - LINES + 1)))
    for table in page.tables:
        yield from (" | ".join([table.caption, *table.rows[0], *row]) for row in table.rows[1:])


def _is_answered(pair: Pair, passages: list[str]) -> bool:
    wanted = [re.sub(r"\s", "", text) for text in (pair.output, pair.evidence or "") if text]
    return any(text in re.sub(r"\s", "", passage) for passage in passages for text in wanted)


class Search:
    """BM25 over the bigrams of some passages."""

    def __init__(self, passages: list[str]) -> None:
        self.counts = [Counter(_bigrams(passage)) for passage in passages]
        self.lengths = [sum(count.values()) for count in self.counts]
        self.mean = sum(self.lengths) / len(self.lengths)
        self.having = Counter(bigram for count in self.counts for bigram in count)

    def best(self, question: str) -> list[int]:
        """Return the numbers of the passages that fit a question best."""
        bigrams = set(_bigrams(question))
        scores = [sum(self._score(bigram, number) for bigram in bigrams) for number in range(len(self.counts))]
        return sorted(range(len(scores)), key=lambda number: -scores[number])[:BEST]

    def _score(self, bigram: str, number: int) -> float:
        count = self.counts[number][bigram]
        if not count:
            return 0.0
        rarity = math.log(1 + (len(self.counts) - self.having[bigram] + 0.5) / (self.having[bigram] + 0.5))
        return rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * self.lengths[number] / self.mean))


def _bigrams(text: str) -> list[str]:
    letters = re.sub(r"\s", "", text.lower())
    return [letters[start : start + 2] for start in range(len(letters) - 1)]


if __name__ == "__main__":
    main()
