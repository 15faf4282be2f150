"""The page that an answer was learned from: that of the trained question most like the one asked."""

import html
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pagetune.commands.locale import tr
from pagetune.jsonl import read_records
from pagetune.records import Page, Pair

TRAINED, PAGES = Path("data/splits/train.jsonl"), Path("data/pages.jsonl")
#: From 0 to 100. Of the samples' recall questions 95 in 100 reach it, and 4 in 100 about documents never seen.
LEAST_SIMILARITY = 32.0


@dataclass(frozen=True)
class LikeQuestion:
    """The trained pair, and how like its question is to the one asked, from 0 to 100."""

    pair: Pair
    similarity: float

    @property
    def place(self) -> str:
        page = self.pair.page_number
        return (
            self.pair.doc_id if page is None else tr(f"{self.pair.doc_id}, page {page}", f"{self.pair.doc_id} {page}쪽")
        )


class Sources:
    """The trained pairs, and the pages they came from.

    Two questions are as alike as the pairs of letters they share (Dice), each weighing the more the fewer questions
    have it: 센터의 says little, 주소 much. Of the samples' 306 recall and validation questions the most alike is of the
    right page for 305, and by the edit distance of the letters for 271; 300 are like enough to be shown it.
    """

    def __init__(self, pairs: list[Pair], pages: list[Page]) -> None:
        self.pairs = pairs
        self.pages = {(page.doc_id, page.page_number): page for page in pages}
        letters = [_letter_pairs(pair.instruction) for pair in pairs]
        self._places: dict[str, list[int]] = {}
        for place, found in enumerate(letters):
            for two in found:
                self._places.setdefault(two, []).append(place)
        self._totals = np.array([sum(map(self._weight, found)) for found in letters])

    @classmethod
    def read(cls) -> "Sources":
        """Raises UserError before the first `dvc repro`."""
        return cls(read_records(TRAINED, Pair), read_records(PAGES, Page) if PAGES.exists() else [])

    def of(self, question: str) -> LikeQuestion | None:
        """None where no trained question is like this one."""
        asked = _letter_pairs(question)
        if not asked or not self.pairs:
            return None
        shared = np.zeros(len(self.pairs))
        for two in asked & self._places.keys():
            shared[self._places[two]] += self._weight(two)
        likeness = 200 * shared / (self._totals + sum(map(self._weight, asked)))
        best = int(likeness.argmax())
        return LikeQuestion(self.pairs[best], float(likeness[best])) if likeness[best] >= LEAST_SIMILARITY else None

    def _weight(self, two: str) -> float:
        """The logarithm of one over the share of questions that have it."""
        return math.log((len(self.pairs) + 1) / (len(self._places.get(two, [])) + 0.5))

    def page_of(self, source: LikeQuestion) -> Page | None:
        return self.pages.get((source.pair.doc_id, source.pair.page_number or 0))


def _letter_pairs(question: str) -> set[str]:
    """Of each word with the space before it."""
    words = [f" {word}" for word in question.lower().replace("?", " ").split()]
    return {word[at : at + 2] for word in words for at in range(len(word) - 1)}


def source_lines(source: LikeQuestion | None) -> list[str]:
    """Lines for a terminal."""
    if source is None:
        return [tr("source: no trained question is like this one", "출처: 이와 비슷한 학습 질문이 없습니다")]
    like = tr(f"{source.similarity:.0f}% like the trained question", f"학습한 질문과 {source.similarity:.0f}% 비슷함:")
    lines = [f"{tr('source', '출처')}: {source.place} ({like} {source.pair.instruction!r})"]
    return lines + ([f"  {line}" for line in source.pair.evidence.splitlines()] if source.pair.evidence else [])


def as_html(source: LikeQuestion | None, page: Page | None) -> str:
    """The page's text with the evidence marked; whatever stands on the page is text here too."""
    if source is None:
        return f"<p>{html.escape(source_lines(source)[0])}</p>"
    question = html.escape(source.pair.instruction)
    head = f"<p><b>{html.escape(source.place)}</b><br>{question} ({source.similarity:.0f}%)</p>"
    evidence, text = source.pair.evidence or "", page.text if page else ""
    before, found, after = text.partition(evidence) if evidence else (text, "", "")
    if not found and evidence:  # of a table, whose rows are not in the text
        before, found, after = "", evidence, f"\n\n{text}" if text else ""
    marked = (
        f"{html.escape(before)}<mark>{html.escape(found)}</mark>{html.escape(after)}" if found else html.escape(text)
    )
    return f"{head}<pre>{marked}</pre>"
