"""The page that an answer was learned from: the page of the trained question most like the one asked."""

import html
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pagetune.jsonl import read_records
from pagetune.language import tr
from pagetune.records import Page, Pair

TRAINED, PAGES = Path("data/splits/train.jsonl"), Path("data/pages.jsonl")
#: From 0 to 100. On the samples, 99% of the recall questions reach it, and 4% of those about held-out documents.
LEAST_SIMILARITY = 32.0


@dataclass(frozen=True)
class LikeQuestion:
    """A trained pair, and how similar its question is to the one asked, from 0 to 100."""

    pair: Pair
    similarity: float

    @property
    def place(self) -> str:
        page = self.pair.page_number
        return self.pair.doc_id if page is None else tr("{doc_id}, page {page}", doc_id=self.pair.doc_id, page=page)


class Sources:
    """The trained pairs, and the pages they came from.

    The similarity of two questions is the share of letter pairs that they have in common (Dice), weighted so that a
    rare pair counts more than a common one: 주소 says more than 센터의. On the samples, the most similar question has
    the right page for 500 of 523 recall and validation questions, and 518 reach LEAST_SIMILARITY.
    """

    def __init__(self, pairs: list[Pair], pages: list[Page]) -> None:
        self.pairs = pairs
        self.pages = {(page.doc_id, page.page_number): page for page in pages}
        letters = [_letter_pairs(pair.instruction) for pair in pairs]
        self._questions: dict[str, list[int]] = {}
        for index, found in enumerate(letters):
            for two in found:
                self._questions.setdefault(two, []).append(index)
        self._totals = np.array([sum(map(self._weight, found)) for found in letters])

    @classmethod
    def read(cls) -> "Sources":
        """Read the pairs and pages of the project. Raise UserError before the first `dvc repro`."""
        return cls(read_records(TRAINED, Pair), read_records(PAGES, Page) if PAGES.exists() else [])

    def of(self, question: str) -> LikeQuestion | None:
        """Find the trained question most like this one; None where none is similar enough."""
        asked = _letter_pairs(question)
        if not asked or not self.pairs:
            return None
        shared = np.zeros(len(self.pairs))
        for two in asked & self._questions.keys():
            shared[self._questions[two]] += self._weight(two)
        similarity = 200 * shared / (self._totals + sum(map(self._weight, asked)))
        best = int(similarity.argmax())
        return LikeQuestion(self.pairs[best], float(similarity[best])) if similarity[best] >= LEAST_SIMILARITY else None

    def _weight(self, two: str) -> float:
        """Return the weight of a letter pair: the logarithm of one over the share of questions that have it."""
        return math.log((len(self.pairs) + 1) / (len(self._questions.get(two, [])) + 0.5))

    def page_of(self, source: LikeQuestion) -> Page | None:
        return self.pages.get((source.pair.doc_id, source.pair.page_number or 0))


def _letter_pairs(question: str) -> set[str]:
    """Return the letter pairs of each word, the space before it included."""
    words = [f" {word}" for word in question.lower().replace("?", " ").split()]
    return {word[at : at + 2] for word in words for at in range(len(word) - 1)}


def source_lines(source: LikeQuestion | None) -> list[str]:
    """Return the source as lines for a terminal."""
    if source is None:
        return [tr("source: no trained question is like this one")]
    like = tr("{similarity:.0f}% like the trained question", similarity=source.similarity)
    lines = [f"{tr('source')}: {source.place} ({like} {source.pair.instruction!r})"]
    return lines + ([f"  {line}" for line in source.pair.whole_evidence.splitlines()] if source.pair.evidence else [])


def as_html(source: LikeQuestion | None, page: Page | None) -> str:
    """Return the page's text as HTML with the evidence marked; the text itself is escaped."""
    if source is None:
        return f"<p>{html.escape(source_lines(source)[0])}</p>"
    question = html.escape(source.pair.instruction)
    head = f"<p><b>{html.escape(source.place)}</b><br>{question} ({source.similarity:.0f}%)</p>"
    evidence, text = source.pair.evidence or "", page.text if page else ""
    before, found, after = text.partition(evidence) if evidence else (text, "", "")
    if not found and evidence:  # it is in a table, whose rows are not in the text
        before, found, after = "", evidence, f"\n\n{text}" if text else ""
    marked = (
        f"{html.escape(before)}<mark>{html.escape(found)}</mark>{html.escape(after)}" if found else html.escape(text)
    )
    return f"{head}<pre>{marked}</pre>"
