"""Whether a passage that a search found states the facts of a reference, among whatever else it states."""

from pagetune.evaluate.fact_match import unstated
from pagetune.evaluate.shared_words import share_of, words
from pagetune.records import FoundPassage, Pair
from pagetune.text.readable import readable

#: The shares of the reference's words, without those of the question, and of the question's words that a passage has.
_OF_REFERENCE, _OF_QUESTION = 0.75, 0.6


def states(passage: FoundPassage, reference: str, question: str, pair: Pair | None = None) -> bool:
    """Tell whether the passage states the reference's facts of what the question asks about.

    The passage that has the evidence of the `pair` does: the evidence was proved to. Any other has to state the
    reference's quantities, codes and names, deny none of it, and speak of what is asked.
    """
    if pair is not None and holds_evidence(passage, pair):
        return True
    text = readable("\n".join([*passage.above, passage.text]))
    if unstated(text, reference, question):
        return False
    asked = words(question)
    new = [word for word in words(reference) if word not in asked]
    return share_of(new, text) >= _OF_REFERENCE and share_of(asked, text) >= _OF_QUESTION


def holds_evidence(passage: FoundPassage, pair: Pair) -> bool:
    """Tell whether the evidence of the pair is in the passage: on its page, in the same lines or row."""
    there, own = passage.place, pair.place
    same_page = (passage.doc_id, passage.page_number) == (pair.doc_id, pair.page_number)
    if own is None or not same_page or (there.table, there.row) != (own.table, own.row):
        return False
    return there.start <= own.start and own.end <= there.end
