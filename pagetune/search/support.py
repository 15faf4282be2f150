"""Whether the pages support an answer: an evidence gate for what a tuned model says.

The passages that a search finds for question and answer together are read. One supports the answer if a sentence of it,
or a row of a table, states all that the answer claims and is about what the question asks for.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from pagetune.build_qa.answer_kinds import another_row, wrong_kind
from pagetune.build_qa.draft import SENTENCE_GAP, Document, to_document
from pagetune.build_qa.relevance import missing_figures, wrong_column
from pagetune.build_qa.surroundings import Claim
from pagetune.records import Page
from pagetune.search.index import Index, best
from pagetune.search.passages import Passage, passages
from pagetune.search.statements import differs, only_agrees, states
from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words, has_word

Verdict = Literal["supported", "contradicted", "not_found"]

#: Passages that are read for an answer.
READ = 20
#: A passage is about the question if it is one of the nearest to it, or has this share of the question's words, each
#: weighted by its rarity. docs/scores.md has what these limits keep and refuse.
NEAREST, LEAST_SHARE = 3, 0.6
#: The share of the question's words that one of the nearest passages has to have around the answer.
NEAR_SHARE = 0.2
#: The share from which a passage with another number says otherwise.
SURE_SHARE = 0.75
#: Sentences in a row that may state an answer together. More than one only if most of what they say is the answer.
_SENTENCES, _MOST = 3, 0.5
#: What looks like a sentence and begins one: 문 3., 답., A.
_LABEL = re.compile(r"\W*[^\W\d]{0,3}\s?\d{0,3}[.):]")
#: Words by which people ask politely.
_POLITE = {"궁금", "궁금하", "말씀", "드리", "확인", "부탁", "여쭈", "주시", "좀", "혹시", "질문", "답하", "알려주"}


@dataclass(frozen=True)
class Support:
    """A verdict, and the passage that it rests on: the one that supports the answer, or that says otherwise.

    `not_found` has the passage nearest to the question, if there is any.
    """

    verdict: Verdict
    passage: Passage | None


class Evidence:
    """The pages of a project, to look answers up in. `saved` is the folder of their index, if there is one."""

    def __init__(self, pages: list[Page], saved: Path | None = None) -> None:
        self._passages = passages(pages)
        self._index = Index(self._passages, saved)
        self._pages = {(page.doc_id, page.page_number): page for page in pages if page.status == "ok"}
        readable = groupby(self._pages.values(), key=lambda page: page.doc_id)
        self._documents: dict[str, Document] = {doc_id: to_document(list(own)) for doc_id, own in readable}

    def support(self, question: str, answer: str) -> Support:
        """Tell whether a page supports the answer, contradicts it, or says nothing about the question."""
        nearest = self._best(question)
        if normal_form(answer):
            for passage in self._best(f"{question}\n{answer}"):
                if self._supports(passage, question, answer, passage in nearest[:NEAREST]):
                    return Support("supported", passage)
        other = next((passage for passage in nearest if self._says_otherwise(passage, question, answer)), None)
        return Support("contradicted", other) if other else Support("not_found", next(iter(nearest), None))

    def _best(self, text: str) -> list[Passage]:
        return [self._passages[at] for at, _ in best(self._index.scores(text), READ)]

    def _supports(self, passage: Passage, question: str, answer: str, near: bool) -> bool:
        if only_agrees(question, answer):
            about = any(self._is_judged_by(text, question, passage) for text, _ in _stating(passage, question, answer))
        else:
            least = NEAR_SHARE if near else LEAST_SHARE
            about = any(self._share(question, text) >= least for _, text in _stating(passage, question, answer))
        return about and not self._is_elsewhere(passage, question, answer)

    def _is_judged_by(self, sentence: str, question: str, passage: Passage) -> bool:
        """Tell whether one sentence has most of the question, so that it says yes or no to it; the document's name need
        not be repeated."""
        named = [word for word in content_words(question) if has_word(self._documents[passage.doc_id].name, word)]
        return self._share(question, sentence, named) >= LEAST_SHARE

    def _is_elsewhere(self, passage: Passage, question: str, answer: str) -> bool:
        """Tell whether the answer stands in another column or row, or is of another kind, than is asked for."""
        page = self._pages[passage.doc_id, passage.page_number]
        claim = Claim(question, answer, passage.place, page, self._documents[passage.doc_id])
        known = "\n".join([*passage.searched, answer])
        elsewhere = wrong_column(claim) or another_row(claim) or wrong_kind(claim) or missing_figures(question, known)
        return bool(elsewhere) or self._means_another_row(claim)

    def _means_another_row(self, claim: Claim) -> bool:
        """Tell whether the question names more of another row of the table than of the one that has the answer."""
        if claim.place.table is None:
            return False
        table, own = claim.page.tables[claim.place.table], claim.place.row or 0
        first = 1 if table.layout != "form" and own else 0  # the first row names the columns, or what they are about
        named = [self._named(claim.question, " | ".join(cells)) for cells in table.rows]
        return max(named[first:]) > named[own]

    def _named(self, question: str, row: str) -> float:
        """Return how much a question names a row: by its numbers and codes, which count most, and by its words."""
        asked, held = claims(question), claims(row)
        figures = len(asked.numbers & held.numbers) + len(asked.joined & held.joined) + len(asked.codes & held.codes)
        return figures + self._share(question, row)

    def _says_otherwise(self, passage: Passage, question: str, answer: str) -> bool:
        """Tell whether a passage that is about the question has another number of the answer's unit than the answer."""
        for sentence in _sentences(passage):
            about = "\n".join([*passage.above, *passage.parts[:-1], sentence])
            if differs(answer, sentence) and self._share(question, about) >= SURE_SHARE:
                return not self._is_elsewhere(passage, question, sentence)
        return False

    def _share(self, question: str, text: str, known: Iterable[str] = ()) -> float:
        """Return how much of what the question asks about, the words `known` aside, a text has, weighted by rarity."""
        flat = "".join(text.lower().split())
        weights = {word: self._rarity(word) for word in content_words(question) - _POLITE - set(known)}
        held = sum(weight for word, weight in weights.items() if has_word(text, word) or word in flat)
        return held / sum(weights.values()) if weights else 1.0

    def _rarity(self, word: str) -> float:
        return math.log((len(self._passages) + 1) / (self._index.passages_with(word) + 0.5))


def _stating(passage: Passage, question: str, answer: str) -> Iterator[tuple[str, str]]:
    """Yield the sentences that state the answer, by themselves and with the one before them, or the row that does, by
    itself and with its header."""
    if passage.place.table is not None:
        if states(passage.parts[-1], question, answer, in_table=True):
            yield passage.parts[-1], "\n".join(passage.searched)
        return
    sentences = _sentences(passage)
    for count in range(1, 1 + (1 if only_agrees(question, answer) else _SENTENCES)):
        for start in range(len(sentences) - count + 1):
            text = "\n".join(sentences[start : start + count])
            if (count == 1 or len(answer) >= _MOST * len(text)) and states(text, question, answer, in_table=False):
                yield text, "\n".join([*passage.above, *sentences[max(0, start - 1) : start + count]])


def _sentences(passage: Passage) -> list[str]:
    """Return the sentences of a passage, or the row of a table."""
    if passage.place.table is not None:
        return [passage.parts[-1]]
    found: list[str] = []
    for sentence in (sentence for part in passage.parts for sentence in SENTENCE_GAP.split(part)):
        if found and _LABEL.fullmatch(found[-1]):
            sentence = f"{found.pop()} {sentence}"
        found.append(sentence)
    return found


def nothing_found(question: str) -> str:
    """Return what is said in place of an answer that no page supports, in the language of the question."""
    return "문서에서 찾을 수 없습니다." if re.search("[가-힣]", question) else "The documents do not say."
