"""The page that an answer was learned from: that of the training pair most like the question and its answer."""

import html
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from pagetune.jsonl import read_records
from pagetune.messages import say
from pagetune.records import Page, Pair

TRAINED, PAGES = Path("data/splits/train.jsonl"), Path("data/pages.jsonl")
#: Questions within so much of the most alike one are as good (Indel similarity of the letters, 0 to 100), and a trained
#: answer that is so like the one given decides between them. Of the samples' recall and validation questions 294 of 306
#: find their page so, and 271 by the question alone.
AS_GOOD, SAME_ANSWER = 10.0, 80.0
#: 95 of 100 recall questions reach it, and 5 of 100 about documents never seen.
LEAST_SIMILARITY = 50.0


@dataclass(frozen=True)
class Source:
    """The trained pair, and how like its question is to the one asked, from 0 to 100."""

    pair: Pair
    similarity: float

    @property
    def place(self) -> str:
        page = self.pair.page_number
        return (
            self.pair.doc_id
            if page is None
            else say(f"{self.pair.doc_id}, page {page}", f"{self.pair.doc_id} {page}쪽")
        )


class Sources:
    """The trained pairs, and the pages they came from."""

    def __init__(self, pairs: list[Pair], pages: list[Page]) -> None:
        self.pairs = pairs
        self.pages = {(page.doc_id, page.page_number): page for page in pages}
        self._questions, self._answers = [pair.instruction for pair in pairs], [pair.output for pair in pairs]

    @classmethod
    def read(cls) -> "Sources":
        """Raises UserError before the first `dvc repro`."""
        return cls(read_records(TRAINED, Pair), read_records(PAGES, Page) if PAGES.exists() else [])

    def of(self, question: str, answer: str) -> Source | None:
        """None where no trained question is like this one."""
        if not self.pairs:
            return None
        likeness = process.cdist([question], self._questions, scorer=fuzz.ratio)[0]
        by_answer = likeness + process.cdist([answer], self._answers, scorer=fuzz.ratio, score_cutoff=SAME_ANSWER)[0]
        best = int(np.argmax(np.where(likeness >= likeness.max() - AS_GOOD, by_answer, -1)))
        return Source(self.pairs[best], float(likeness[best])) if likeness[best] >= LEAST_SIMILARITY else None

    def page_of(self, source: Source) -> Page | None:
        return self.pages.get((source.pair.doc_id, source.pair.page_number or 0))


def describe(source: Source | None) -> list[str]:
    """Lines for a terminal."""
    if source is None:
        return [say("source: no trained question is like this one", "출처: 이와 비슷한 학습 질문이 없습니다")]
    like = say(f"{source.similarity:.0f}% like the trained question", f"학습한 질문과 {source.similarity:.0f}% 비슷함:")
    lines = [f"{say('source', '출처')}: {source.place} ({like} {source.pair.instruction!r})"]
    return lines + ([f"  {line}" for line in source.pair.evidence.splitlines()] if source.pair.evidence else [])


def as_html(source: Source | None, page: Page | None) -> str:
    """The page's text with the evidence marked; whatever stands on the page is text here too."""
    if source is None:
        return f"<p>{html.escape(describe(source)[0])}</p>"
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
