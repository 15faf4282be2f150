"""Whether a passage that a search found states the facts of a reference, among whatever else it states."""

from dataclasses import dataclass

from pagetune.evaluate.fact_match import unstated
from pagetune.evaluate.shared_words import SENTENCE, share_of, words
from pagetune.records import FoundPassage, Place
from pagetune.text.content_words import content_words, has_word
from pagetune.text.readable import readable

#: The shares of the reference's words, with and without those of the question, and of the question's words, that a
#: passage has to have.
_OF_REFERENCE, _OF_QUESTION = 0.75, 0.75
#: The share of a reference that adds nothing to its question: then another sentence often has most of its words.
_OF_REPEATED = 0.9
#: Words by which one asks politely; they say nothing of what is asked.
_REQUESTS = {"궁금", "궁금하", "말씀", "확인", "부탁", "질문", "답하", "가르치", "여쭈"}


@dataclass(frozen=True)
class Source:
    """Where the evidence of a reference is."""

    doc_id: str
    page_number: int
    place: Place

    def is_in(self, passage: FoundPassage) -> bool:
        """Tell whether a passage has all of the evidence: on its page, in the same lines or row."""
        there, own = passage.place, self.place
        same_page = (passage.doc_id, passage.page_number) == (self.doc_id, self.page_number)
        same_text = (there.table, there.row) == (own.table, own.row)
        return same_page and same_text and there.start <= own.start and own.end <= there.end


def states(passage: FoundPassage, reference: str, question: str, evidence: Source | None = None) -> bool:
    """Tell whether the passage states the reference's facts of what the question asks about.

    The passage that has the `evidence` in it does: that was proved. Any other has to state the reference's quantities,
    codes and names, deny none of it, and speak of what is asked.
    """
    if evidence is not None and evidence.is_in(passage):
        return True
    text = readable("\n".join([*passage.above, passage.text]))
    if unstated(text, reference, question):
        return False
    return _speaks_of(text, question) and _has_words(text, passage, reference, question)


def _speaks_of(text: str, question: str) -> bool:
    asked = content_words(question) - _REQUESTS
    return sum(word in text or has_word(text, word) for word in asked) >= _OF_QUESTION * len(asked)


def _has_words(text: str, passage: FoundPassage, reference: str, question: str) -> bool:
    """Tell whether the passage has the reference's words, those that the question lacks among them.

    Where the question has all of them, they have to be in one sentence: spread over a passage they say nothing.
    """
    held, asked = words(reference), words(question)
    if new := [word for word in held if word not in asked]:
        return all(share_of(some, text) >= _OF_REFERENCE for some in (held, new))
    lines = [text] if passage.place.table is not None else SENTENCE.split(readable(passage.text))
    above = "\n".join(passage.above)
    return any(share_of(held, f"{above}\n{line}") >= _OF_REPEATED for line in lines)
