"""The answer to a comparison, which is proved in both of its passages."""

import re
from dataclasses import dataclass

from pagetune.build_qa.draft import Document
from pagetune.build_qa.pairs import pair_from_page
from pagetune.build_qa.passages import Passage
from pagetune.build_qa.relevance import missing_figures
from pagetune.build_qa.soundness import Fault, fault_of_answer
from pagetune.build_qa.surroundings import Claim, above, headings
from pagetune.records import Evidence, Page, Pair, Place, Reason
from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.evidence import find_evidence, not_proven
from pagetune.text.refusal import abstains

#: The share of the words that a comparison asks for, or adds in its answer, which the passages must have.
_SHARE = 0.75
#: The words by which things are compared.
_COMPARING = {
    "차이", "차이점", "다르", "비교", "같", "동일", "공통", "공통점", "더", "덜", "크", "작", "많", "적", "높", "낮",
    "길", "짧", "비싸", "싸", "빠르", "느리", "반면", "반하", "각각", "둘", "두", "쪽", "모두",
    "differ", "compar", "same", "both", "less", "while", "wherea", "higher", "lower", "longer", "shorter", "larger",
    "smaller", "greater", "other", "similar", "two",
}  # fmt: skip
_CLAUSE_END = re.compile(
    r"(?:(?<=며)|(?<=고)|(?<=지만)|(?<=으나)|(?<=는데)|(?<=은데)|(?<=인데)|(?<=반면))[,\s]|(?<=[.;,])\s|\b(?:but|while|whereas|and)\b"
)


#: Names the two texts that the model was shown, which whoever asks does not see.
_TEXTS = re.compile(
    r"(?<![가-힣])(?:두|첫째|둘째|첫 번째|두 번째|각|앞|뒤)\s?(?:글|본문|지문|텍스트|발췌문|표)"
    r"(?:(?:은|는|이|가|을|를|의|에|에서|에는|에서는|에도|와|과|도|만|마다|끼리|간|별|로|으로|사이)?(?![가-힣]))"
    r"|\b(?:two|both|first|second|each) (?:of the )?(?:texts?|passages?|excerpts?|tables?)\b",
    re.IGNORECASE,
)


def names_the_texts(text: str) -> bool:
    """Tell whether a text speaks of the two texts themselves: 두 글의 차이, in the first text."""
    return _TEXTS.search(text) is not None


@dataclass(frozen=True)
class Side:
    """One of the two passages, with the page and the document that it is from."""

    passage: Passage
    page: Page
    document: Document


@dataclass(frozen=True)
class Comparison:
    """A question about two passages, and the answer with what it quotes from each."""

    question: str
    answer: str
    quotes: tuple[str, str]


def prove_comparison(said: Comparison, sides: tuple[Side, Side]) -> Pair | tuple[Reason, str]:
    """Return the pair, with a place in each passage, or why it is not one, and what was seen."""
    if not said.answer:
        return "unanswered", sides[0].passage.section
    found = _places(said.quotes, sides)
    if isinstance(found, str):
        return ("refusal" if abstains(said.answer) else "evidence_not_on_page"), found[:200]
    first, second = (
        Claim(said.question, said.answer, place, side.page, side.document)
        for place, side in zip(found, sides, strict=True)
    )
    if fault := _fault(said, first, second):
        return fault
    pair = pair_from_page(first.page, first.place, "llm", said.question, said.answer)
    proof = Evidence(page_number=second.page.page_number, place=second.place, text=second.evidence)
    return pair.model_copy(update={"second": proof})


def _places(quotes: tuple[str, str], sides: tuple[Side, Side]) -> tuple[Place, Place] | str:
    """Return the place of a quote in each passage, whichever the model named first, or the quote that is in neither."""
    for one, other in (quotes, quotes[::-1]):
        places = find_evidence(one, _only(sides[0])), find_evidence(other, _only(sides[1]))
        if places[0] and places[1]:
            return places[0], places[1]
    return next((text for text in quotes if not any(find_evidence(text, _only(side)) for side in sides)), quotes[1])


def _only(side: Side) -> Page:
    """Return the page with nothing but the passage on it, at its own place."""
    start, end = side.passage.pieces[0].place, side.passage.pieces[-1].place
    if start.table is None:
        text = "\n" * start.start + side.page.text[start.start : end.end]
        return side.page.model_copy(update={"text": text, "tables": []})
    shown = {(piece.place.table, piece.place.row) for piece in side.passage.pieces}
    tables = [
        table.model_copy(
            update={"rows": [cells if (number, row) in shown else [] for row, cells in enumerate(table.rows)]}
        )
        for number, table in enumerate(side.page.tables)
    ]
    return side.page.model_copy(update={"text": "", "tables": tables})


def _fault(said: Comparison, first: Claim, second: Claim) -> Fault | None:
    """Return why the answer does not follow from both quotes, or None."""
    evidence = f"{first.evidence}\n{second.evidence}"
    if fault := fault_of_answer(said.question, said.answer, evidence):
        return fault
    if names_the_texts(said.answer):
        return "passage_dependent", said.answer[:100]
    if missing := not_proven(said.answer, evidence):
        return "not_in_evidence", missing
    near = _near(first), _near(second)
    known = "\n".join([*near, first.document.title])
    added = content_words(said.answer) - content_words(said.question) - _COMPARING
    if strange := _mostly_absent(added, known):
        return "not_in_evidence", strange
    if strange := missing_figures(said.question, known):
        return "not_about_question", strange
    asked = content_words(said.question) - _COMPARING
    if strange := _mostly_absent(asked, known):
        return "not_about_question", strange
    own = _marks_of_one(near[0], near[1]), _marks_of_one(near[1], near[0])
    for claim, marks in zip((first, second), own, strict=True):
        if not _names(said.question, marks) or not _says_one_of(asked, claim):
            return "not_about_question", claim.evidence[:100]
    exchanged = _exchanged(said.answer, (first, second), own)
    return ("not_about_question", exchanged) if exchanged else None


def _near(claim: Claim) -> str:
    """Return the evidence and what it stands under."""
    return "\n".join([claim.evidence, *above(claim), *headings(claim)[-1:]])


def _mostly_absent(words: frozenset[str], text: str) -> str | None:
    absent = {word for word in words if not has_word(text, word) and word not in text.lower()}
    return ", ".join(sorted(absent)) if len(absent) > (1 - _SHARE) * len(words) else None


def _marks_of_one(text: str, other: str) -> frozenset[object]:
    """Return the words and numbers that only the first text has: by them a question and an answer name it.

    Words count as they are written too, since the analyser takes some, such as 주중, for nothing.
    """
    held = normal_form(other)
    words = {word for word in content_words(text) if not has_word(other, word)}
    written = {form for word in text.split() if len(form := normal_form(word)) > 1 and form not in held}
    return frozenset[object](words | written) | (claims(text).numbers - claims(other).numbers)


def _names(text: str, marks: frozenset[object]) -> bool:
    """Tell whether a text has one of the marks of a side."""
    form = normal_form(text)
    known = frozenset[object](content_words(text)) | claims(text).numbers
    return not marks.isdisjoint(known) or any(
        isinstance(mark, str) and len(mark) > 1 and mark in form for mark in marks
    )


def _says_one_of(asked: frozenset[str], claim: Claim) -> bool:
    """Tell whether the evidence itself, or what its row stands in, has a word of the question."""
    text = claim.evidence if claim.place.table is None else _near(claim)
    return any(has_word(text, word) for word in asked if not has_word(claim.document.title, word))


def _without_numbers(marks: frozenset[object]) -> frozenset[object]:
    return frozenset(mark for mark in marks if isinstance(mark, str) and not any(map(str.isdigit, mark)))


def _exchanged(answer: str, both: tuple[Claim, Claim], own: tuple[frozenset[object], frozenset[object]]) -> str | None:
    """Return the clause of an answer that names one side and states the numbers of the other."""
    held = [claims(claim.evidence).numbers for claim in both]
    for clause in _CLAUSE_END.split(answer):
        figures = claims(clause).numbers
        stated = [side for side in (0, 1) if figures and figures <= held[side]]
        named = [side for side in (0, 1) if _names(clause, _without_numbers(own[side]))]
        if len(stated) == len(named) == 1 and stated != named:
            return clause[:100]
    return None
