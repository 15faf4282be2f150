"""Whether a passage that a search found states the facts of a reference, among whatever else it states."""

from dataclasses import dataclass

from pagetune.evaluate.fact_match import unstated
from pagetune.evaluate.shared_words import share_of, words
from pagetune.records import FoundPassage, Place
from pagetune.text.readable import readable

#: The shares of the reference's words, without those of the question, and of the question's words that a passage has.
_OF_REFERENCE, _OF_QUESTION = 0.75, 0.6


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
    asked = words(question)
    new = [word for word in words(reference) if word not in asked]
    return share_of(new, text) >= _OF_REFERENCE and share_of(asked, text) >= _OF_QUESTION
