"""Whether a passage that a search found states the facts of a reference, among whatever else it states."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from pagetune.records import FoundPassage, Place
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.fact_match import asserts, unstated
from pagetune.text.readable import readable
from pagetune.text.shared_words import SENTENCE, share_of, words

#: The shares of the reference's words, and of the question's, that the sentence has which states the answer.
_OF_REFERENCE, _OF_QUESTION = 0.9, 0.75
#: The share of the letters of a reference that is a sentence.
_ALIKE = 0.9
#: Words by which one asks politely; they say nothing of what is asked.
_REQUESTS = {"궁금", "궁금하", "말씀", "확인", "부탁", "질문", "답하", "가르치", "여쭈"}
#: How a line ends that the next one completes.
_LEADS_ON = ("?", "？", ":", "：")
#: Letters of a mark at the beginning of a line, which looks like a sentence: 답. and Q12.
_MARK = 3


@dataclass(frozen=True)
class Source:
    """The evidence of a reference, and where it is."""

    doc_id: str
    page_number: int
    place: Place
    evidence: str

    def is_in(self, passage: FoundPassage) -> bool:
        """Tell whether a passage has all of the evidence: on its page, in the same lines or row."""
        there, own = passage.place, self.place
        same_page = (passage.doc_id, passage.page_number) == (self.doc_id, self.page_number)
        same_text = (there.table, there.row) == (own.table, own.row)
        return same_page and same_text and there.start <= own.start and own.end <= there.end


def states(passage: FoundPassage, reference: str, question: str, source: Source) -> bool:
    """Tell whether the passage states the reference's facts of what the question asks about.

    The passage that has the evidence in it does: that was proved. In any other, each sentence of the reference has to
    be stated in one sentence: words that are spread over a passage say nothing together.
    """
    if source.is_in(passage):
        return True
    above, stretches = "\n".join(passage.above), list(_stretches(passage))
    said = [part for part in SENTENCE.split(readable(reference)) if part.strip()]
    most = 1.0 if passage.place.table is not None else _OF_QUESTION
    return all(
        any(
            _states(readable(f"{above}\n{stretch}"), sentence, question, source.evidence, most) for stretch in stretches
        )
        for sentence in said
    )


def _stretches(passage: FoundPassage) -> Iterator[str]:
    """Yield the sentences of a passage, a question with what answers it; a row of a table with its header as one."""
    if passage.place.table is not None:
        yield passage.text
        return
    before = ""
    for sentence in SENTENCE.split(passage.text):
        stretch = f"{before}\n{sentence}" if before else sentence
        yield stretch
        leads_on = sentence.rstrip().endswith(_LEADS_ON) or len(normal_form(sentence)) <= _MARK
        before = stretch if leads_on else ""


def _states(text: str, reference: str, question: str, evidence: str, most: float) -> bool:
    """Tell whether a sentence has the words and facts of the reference, and what the question asks about.

    It needs the share `most` of the question's words that the evidence has too, which tell the fact from others like
    it: all of them in a row of a table, because its neighbours have the rest.
    """
    if share_of(words(reference), text) < _OF_REFERENCE:
        return False
    asked = content_words(question) - _REQUESTS
    telling = {word for word in asked if has_word(evidence, word)}
    if asserts(reference) and not _repeats(text, reference):
        return False
    about_it = _share_in(text, asked) >= _OF_QUESTION and _share_in(text, telling) >= most
    return about_it and not unstated(text, reference, question)


def _repeats(text: str, reference: str) -> bool:
    """Tell whether a text has a sentence nearly letter by letter: sentences of a law share most words with others."""
    held, own = normal_form(text), normal_form(reference)
    return len(held) >= _ALIKE * len(own) and fuzz.partial_ratio(own, held) >= 100 * _ALIKE


def _share_in(text: str, asked: Collection[str]) -> float:
    return sum(word in text or has_word(text, word) for word in asked) / len(asked) if asked else 1.0
