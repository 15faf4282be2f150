"""Whether the pages support an answer: an evidence gate for what a tuned model says.

The passages that a search finds for question and answer together are read. One supports the answer if a sentence of it,
or a row of a table, states all that the answer claims and is about what the question asks for.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Literal, NamedTuple

from pagetune.build_qa.draft import Document, to_document
from pagetune.build_qa.surroundings import Claim
from pagetune.records import Page
from pagetune.search.comparisons import compared
from pagetune.search.elsewhere import (
    as_in_row,
    is_elsewhere,
    is_in_another_column,
    is_of_another_kind,
    lacks_its_figures,
)
from pagetune.search.foreign_names import Names
from pagetune.search.index import Index, Ranking, best
from pagetune.search.kinds import is_in_asked_unit, of_the_kind
from pagetune.search.parts import has_several_numbers, parts_of
from pagetune.search.passages import Passage, passages
from pagetune.search.ranking import fuse
from pagetune.search.statements import differs, only_agrees
from pagetune.search.stating import before, sentences_of, stating, stating_part
from pagetune.text.claims import holds_whole, normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.morphemes import morphemes
from pagetune.text.quantities import Quantity, quantities

Verdict = Literal["supported", "contradicted", "not_found"]

#: Passages that are read for an answer.
READ = 20
#: Passages among which those with a number of the kind that is asked for are sought, and pages around which the parts
#: of an answer are.
OF_ITS_KIND, SPREADS = 60, 5
#: A passage is about the question if it is one of the nearest to it, or has this share of the question's words, each
#: weighted by its rarity. docs/scores.md has what these limits keep and refuse.
NEAREST, LEAST_SHARE = 3, 0.6
#: The share of the question's words that one of the nearest passages has to have around the answer.
NEAR_SHARE = 0.2
#: The share that what stands above the parts of an answer has to have, if one of them is in one of the nearest.
MOST_SHARE = 0.4
#: Letters from which an answer that stands on a page does not stand there by chance.
QUOTED = 20
#: The share from which a passage with another number says otherwise.
SURE_SHARE = 0.75
#: How much more of the question such a passage has to have than the one that states the answer.
CONTESTED = 0.1
#: Words by which people ask politely.
_POLITE = {"궁금", "궁금하", "말씀", "드리", "확인", "부탁", "여쭈", "주시", "좀", "혹시", "질문", "답하", "알려주"}
#: How one asks for a number of whatever kind.
_AMOUNT = re.compile(
    r"얼마(?:나|까지|만큼|만|부터)|(?:최대|최소)\s?얼마|\bhow (?:much|long|far|often)\b", re.IGNORECASE
)
#: A passage, and what of it states a part of an answer.
Stated = tuple[Passage, str]


@dataclass(frozen=True)
class Support:
    """A verdict, and the passage that it rests on: the one that supports the answer, or that says otherwise.

    `not_found` has the passage nearest to the question, if there is any.
    """

    verdict: Verdict
    passage: Passage | None


class Near(NamedTuple):
    """The passages that are near to a question, and those to which question and answer lead together."""

    nearest: list[Passage]
    sought: list[Passage]


class Evidence:
    """The pages of a project, to look answers up in. `saved` is the folder of their index, if there is one."""

    def __init__(self, pages: list[Page], saved: Path | None = None) -> None:
        self._passages = passages(pages)
        self._index = Index(self._passages, saved)
        self._on_page: dict[tuple[str, int], list[Passage]] = defaultdict(list)
        for passage in self._passages:
            self._on_page[passage.doc_id, passage.page_number].append(passage)
        self._pages = {(page.doc_id, page.page_number): page for page in pages if page.status == "ok"}
        readable = groupby(self._pages.values(), key=lambda page: page.doc_id)
        self._documents: dict[str, Document] = {doc_id: to_document(list(own)) for doc_id, own in readable}
        self._names = {doc_id: Names(document) for doc_id, document in self._documents.items()}

    def support(self, question: str, answer: str) -> Support:
        """Tell whether a page supports the answer, contradicts it, or says nothing about the question."""
        by_question = self._ranked(question)
        by_both = self._ranked(f"{question}\n{answer}") if normal_form(answer) else []
        nearest, both = self._passages_at(by_question[:READ]), self._passages_at(by_both[:READ])
        if computed := self._computed(question, answer, [*nearest, *both]):
            return computed
        own, share = self._own(question, answer, self._near(question, answer, by_question, by_both), both)
        read = [] if not own and self._is_quoted(answer, (*nearest, *both)) else nearest
        others = (one for one in read if self._says_otherwise(one, question, answer) > share + CONTESTED)
        if other := next((one for one in others if self._has_its_names(one, question)), None):
            return Support("contradicted", other)
        return Support("supported", own) if own else Support("not_found", next(iter(nearest), None))

    def _own(self, question: str, answer: str, near: Near, both: list[Passage]) -> tuple[Passage | None, float]:
        """Return the passage that supports the answer, if any, and how much of the question is around the answer."""
        for passage in both:
            share = self._supports(passage, question, answer, near)
            if share is not None and self._has_its_names(passage, question):
                return passage, share
        begins = self._supports_in_parts(question, answer, near.nearest[:NEAREST], both)
        return (begins, 1.0) if begins and self._has_its_names(begins, question) else (None, 0.0)

    def _near(self, question: str, answer: str, by_question: Ranking, by_both: Ranking) -> Near:
        """Return the passages that need not have most of the question, being nearest to it, or to it and the answer
        among those with a number of the kind that is asked for."""
        nearest = self._passages_at(by_question)
        of_its_kind = self._of_its_kind(question, of_the_kind(question, quantities(answer)), nearest)
        said = of_the_kind(question, quantities(answer)) or (quantities(answer) if _AMOUNT.search(question) else [])
        sought = self._of_its_kind(question, said, self._passages_at(fuse([by_question, by_both])))
        return Near([*nearest[:NEAREST], *of_its_kind], [] if self._has_other_nouns(question) else sought)

    def _has_other_nouns(self, question: str) -> bool:
        """Tell whether a question names what no page has."""
        nouns = {one.form for one in morphemes(question) if one.tag in ("NNG", "NNP")} & content_words(question)
        return any(not self._index.passages_with(noun) for noun in nouns - _POLITE)

    def _computed(self, question: str, answer: str, found: list[Passage]) -> Support | None:
        """Return what the rows of the first table say that the question compares, if any was found."""
        tables = dict.fromkeys(
            (one.doc_id, one.page_number, one.place.table) for one in found if one.place.table is not None
        )
        for doc_id, number, at in tables:
            said = compared(question, answer, self._pages[doc_id, number].tables[at])
            rows = [one for one in self._on_page[doc_id, number] if one.place.table == at]
            row = next((one for one in rows if said and one.place.row == said.row), None)
            if said and row and not self._names[doc_id].lack(question):
                return Support("supported" if said.agrees else "contradicted", row)
        return None

    def _has_its_names(self, passage: Passage, question: str) -> bool:
        """Tell whether a passage's document has the subjects that a question names, as far as it has their kind."""
        names, place = self._names[passage.doc_id], passage.place
        if names.lack(question):
            return False
        if place.table is None or not place.row:
            return True
        row = self._pages[passage.doc_id, passage.page_number].tables[place.table].rows[place.row]
        return not names.mean_another_row(question, row, "\n".join(passage.searched))

    def _is_quoted(self, answer: str, found: Iterable[Passage]) -> bool:
        """Tell whether a page that was found has the whole answer, letter for letter, which it then does not deny."""
        form = normal_form(answer)
        pages = {(one.doc_id, one.page_number) for one in found} if len(form) >= QUOTED else set()
        return any(form in normal_form(self._pages[key].text) for key in pages)

    def _ranked(self, text: str) -> Ranking:
        return best(self._index.scores(text), OF_ITS_KIND)

    def _passages_at(self, ranking: Ranking) -> list[Passage]:
        return [self._passages[at] for at, _ in ranking]

    def _of_its_kind(self, question: str, said: Iterable[Quantity], ranked: list[Passage]) -> list[Passage]:
        """Return the first passages that have a number of the answer's kind, in the documents that the question names,
        if any."""
        units, named = {one.unit for one in said}, self._named(question)
        held = (one for one in ranked if units and (not named or one.doc_id in named))
        return list(islice((one for one in held if units & {own.unit for own in quantities(one.text)}), NEAREST))

    def _named(self, question: str) -> set[str]:
        """Return the documents of whose names a question has a word that is in no other name."""
        words = content_words(question)
        having = [{key for key, one in self._documents.items() if has_word(one.name, word)} for word in words]
        return {next(iter(keys)) for keys in having if len(keys) == 1}

    def _supports_in_parts(
        self, question: str, answer: str, near: list[Passage], found: list[Passage]
    ) -> Passage | None:
        """Return where an answer of several parts begins: each part is stated on one page or on those beside it."""
        parts = parts_of(answer)
        spreads = list(dict.fromkeys((one.doc_id, one.page_number) for one in (*near, *found)))[:SPREADS]
        for doc_id, number in spreads if parts[1:] else []:
            own = [one for page in (number, number - 1, number + 1) for one in self._on_page[doc_id, page]]
            held = [
                next(((one, text) for one in own if (text := self._part_in(one, question, part))), None)
                for part in parts
            ]
            stated = [one for one in held if one]
            if len(stated) == len(parts) and self._are_about(question, answer, stated, near):
                return stated[0][0]
        return None

    def _part_in(self, passage: Passage, question: str, part: str) -> str | None:
        """Return what of a passage states a part of an answer, in a table in the row and column that are named."""
        text = stating_part(passage, part)
        claim = self._claim(passage, part, part)
        other = text and (lacks_its_figures(question, claim) or is_in_another_column(as_in_row(claim)))
        return None if other else text

    def _are_about(self, question: str, answer: str, stated: list[Stated], near: list[Passage]) -> bool:
        """Tell whether the parts are about the question: it names each, or what they stand under is about it."""
        first, text = stated[0]
        begins = next((sentence for sentence in sentences_of(first) if sentence in text), "")
        under = "\n".join([*(line for passage, _ in stated for line in passage.above), *before(first, begins), text])
        all_of_it = "\n".join([under, *(own for _, own in stated)])
        if is_of_another_kind(self._claim(first, question, answer), all_of_it, all_of_it):
            return False
        name = self._documents[first.doc_id].name
        subjects = [word for word in content_words(question) if not has_word(name, word)]
        if all(any(has_word(part, word) for word in subjects) for part in parts_of(answer)):
            return self._share(question, all_of_it) >= LEAST_SHARE
        is_near = any(passage in near for passage, _ in stated)
        return self._share(question, under) >= (MOST_SHARE if is_near else LEAST_SHARE)

    def _supports(self, passage: Passage, question: str, answer: str, near: Near) -> float | None:
        """Return how much of the question is around the answer where the passage supports it, else nothing."""
        if has_several_numbers(answer) and not holds_whole("\n".join(passage.parts), answer):
            return None  # each of them belongs to a clause or a column of its own
        judges = self._is_judged_by if only_agrees(question, answer) else None
        about = [
            (self._share(question, around), text)
            for text, around in stating(passage, question, answer)
            if (judges(text, question, passage) if judges else self._is_about(around, question, passage, near))
        ]
        shares = (share for share, text in about if not self._is_elsewhere(passage, question, answer, text))
        return max(shares, default=None)

    def _is_about(self, around: str, question: str, passage: Passage, near: Near) -> bool:
        """Tell whether what is around the answer has enough of the question; where the answer has led there, of more
        than the document's name."""
        if self._share(question, around) >= (NEAR_SHARE if passage in near.nearest else LEAST_SHARE):
            return True
        return passage in near.sought and self._share(question, around, self._in_name(question, passage)) >= NEAR_SHARE

    def _is_judged_by(self, sentence: str, question: str, passage: Passage) -> bool:
        """Tell whether one sentence has most of the question, so that it says yes or no to it; the document's name need
        not be repeated."""
        return self._share(question, sentence, self._in_name(question, passage)) >= LEAST_SHARE

    def _in_name(self, question: str, passage: Passage) -> list[str]:
        """Return the words of a question that the name of the passage's document has."""
        name = self._documents[passage.doc_id].name
        return [word for word in content_words(question) if has_word(name, word)]

    def _is_elsewhere(self, passage: Passage, question: str, answer: str, stated: str) -> bool:
        claim = self._claim(passage, question, answer)
        return is_elsewhere(claim, "\n".join([*passage.searched, answer]), stated, self._share)

    def _claim(self, passage: Passage, question: str, answer: str) -> Claim:
        page = self._pages[passage.doc_id, passage.page_number]
        return Claim(question, answer, passage.place, page, self._documents[passage.doc_id])

    def _says_otherwise(self, passage: Passage, question: str, answer: str) -> float:
        """Return how much of the question a passage has that is about it and has another number of the answer's unit
        than the answer, or 0."""
        for sentence in sentences_of(passage):
            about = "\n".join([*passage.above, *passage.parts[:-1], sentence])
            is_other = differs(answer, sentence) and differs(answer, about) and is_in_asked_unit(question, sentence)
            share = self._share(question, about) if is_other else 0.0
            if share >= SURE_SHARE:
                return 0.0 if self._is_elsewhere(passage, question, sentence, sentence) else share
        return 0.0

    def _share(self, question: str, text: str, known: Iterable[str] = ()) -> float:
        """Return how much of what the question asks about, the words `known` aside, a text has, weighted by rarity."""
        flat = "".join(text.lower().split())
        asked = content_words(question) - _POLITE - self._other_verbs(question) - set(known)
        weights = {word: self._rarity(word) for word in asked}
        held = sum(weight for word, weight in weights.items() if has_word(text, word) or word in flat)
        return held / sum(weights.values()) if weights else 1.0

    def _other_verbs(self, question: str) -> set[str]:
        """Return the verbs of a question that no page has: people say in other words what happens, not to what."""
        verbs = {one.form for one in morphemes(question) if one.tag.partition("-")[0] in ("VV", "VA")}
        return {verb for verb in verbs if not self._index.passages_with(verb)}

    def _rarity(self, word: str) -> float:
        return math.log((len(self._passages) + 1) / (self._index.passages_with(word) + 0.5))


def nothing_found(question: str) -> str:
    """Return what is said in place of an answer that no page supports, in the language of the question."""
    return "문서에서 찾을 수 없습니다." if re.search("[가-힣]", question) else "The documents do not say."
