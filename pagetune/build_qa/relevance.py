"""Whether evidence states what a question asks about: its subject, its attribute, its year, and not the opposite.

A number alone proves nothing. What the question names has to stand in the evidence, or where everybody looks for it: in
the heading, the caption, the header or the label above it, or before it in its section if it names no other subject.
"""

import re
from dataclasses import dataclass

from pagetune.build_qa.draft import Document, Paragraph
from pagetune.text.evidence import quote, row_place
from pagetune.build_qa.soundness import Fault
from pagetune.records import Page, Place
from pagetune.text.claims import claims, holds_whole, normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.negation import polarity
from pagetune.text.notation import plain
from pagetune.text.sentences import ends_sentence
from pagetune.text.units import missing

_SENTENCE_END = re.compile(r"(?<=[가-힣)\]\"'”’]{2}[.!?])\s+|(?<=[a-z)\]\"'”’][.!?])\s+|\n")
_CLAUSE_END = re.compile(
    r"(?<=며)\s|(?<=고)\s|(?<=지만)\s|(?<=으나)\s|(?<=는데)\s|,\s|;\s|(?:,\s)?\b(?:but|while|whereas)\b"
)
_EXAMPLE = re.compile(
    r"(?:^|[\s(\[【])(?:예를 들어|예를 들면|예컨대|가령|예시?\s?[:：)]|예시(?:로|일 뿐))|^\s*예\)|가상의|가정하(?:자|면|여|고)"
    r"|\bfor example\b|\be\.g\.|\bfor instance\b|\bsuppose\b|\bimagine\b|\bhypothetical|\bfictitious",
    re.IGNORECASE,
)
_EXAMPLE_HEADING = re.compile(r"예시|보기|작성\s?예|사례|example|sample", re.IGNORECASE)
_ASKS_FOR_EXAMPLE = re.compile(r"예시|예로|예를|사례|example|sample|instance", re.IGNORECASE)
#: What follows the subject of a clause, or what something belongs to.
_SUBJECT_TAGS = {"JX": {"은", "는"}, "JKS": {"이", "가"}, "JKG": {"의"}}
_NOUN_TAGS = {"NNG", "NNP", "XR", "SL", "SN", "XSN", "XPN", "NNB", "NR"}
_ENGLISH_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|cannot|may|must|will|shall|should|costs?|opens?|closes?|takes?|lasts?|begins?|starts?"
    r"|ends?|applies|apply|does|do)\b",
    re.IGNORECASE,
)
_NO = re.compile(r"\W*(?:아니요|아니오|no)\b", re.IGNORECASE)
_YES = re.compile(r"\W*(?:네|예|yes)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """A question, its answer, and where on a page of which document the answer's evidence stands."""

    question: str
    answer: str
    place: Place
    page: Page
    document: Document

    @property
    def evidence(self) -> str:
        return quote(self.page, self.place)


def not_about(claim: Claim) -> Fault | None:
    """Return why the evidence does not state what the question asks about, or None."""
    sentence = _whole_sentence(claim)
    above = _above(claim)
    if not _ASKS_FOR_EXAMPLE.search(claim.question) and (
        _EXAMPLE.search(sentence) or any(_EXAMPLE_HEADING.search(line) for line in above[:1])
    ):
        return "example_only", sentence[:100]
    lacks = _lacks(claim, above) or _wrong_column(claim) or _opposite(claim, sentence)
    return ("not_about_question", lacks) if lacks else None


def _lacks(claim: Claim, above: list[str]) -> str | None:
    """Return what the question names and neither the evidence nor what stands above it has."""
    near = "\n".join([claim.evidence, *above])
    said = f"{near}\n{claim.document.title}"
    figures = _missing_figures(claim.question, said)
    if figures:
        return figures
    asked = content_words(claim.question)
    held = {word for word in asked if has_word(near, word)}
    if asked and not held:
        return ", ".join(sorted(asked))
    absent = {word for word in asked - held if not has_word(claim.document.title, word)}
    if absent and (_other_subject(claim, asked) or _stands_elsewhere(claim, absent)):
        return ", ".join(sorted(absent))
    return None


def _missing_figures(question: str, text: str) -> str | None:
    """Return the numbers, joined numbers and codes of the question that the text lacks: another year, another product."""
    asked, held = claims(question), claims(text)
    numbers = [str(number) for number in missing(asked.numbers, held.numbers)]
    tokens = [token for token in asked.joined | asked.codes if not has_word(text, token) and token not in text.lower()]
    return ", ".join(sorted(numbers + tokens)) or None


def _above(claim: Claim) -> list[str]:
    """Return the heading, or the label, the caption and the headers, that the evidence stands under, and its question."""
    if claim.place.table is None:
        paragraphs = [one for one in claim.document.paragraphs if one.page_number == claim.page.page_number]
        index = next((i for i, one in enumerate(paragraphs) if one.end > claim.place.start), None)
        if index is None:
            return []
        before = paragraphs[index - 1].text if index else ""
        return [paragraphs[index].section, *([before] if before.endswith(("?", "？")) else [])]
    table = claim.page.tables[claim.place.table]
    row = quote(claim.page, row_place(claim.page, claim.place.table, claim.place.row or 0))
    if table.layout == "header":
        columns = _columns(claim) or range(len(table.rows[0]))
        headers = [table.rows[0][column] for column in columns if column < len(table.rows[0])]
    else:
        headers = []
    return [table.caption, row, *headers]


def _columns(claim: Claim) -> list[int]:
    """Return the columns of the evidence's row in which the answer stands."""
    cells = claim.page.tables[claim.place.table or 0].rows[claim.place.row or 0]
    answer = normal_form(claim.answer)
    found = [i for i, cell in enumerate(cells) if normal_form(cell) and normal_form(cell) in answer]
    return found or [i for i, cell in enumerate(cells) if answer and answer in normal_form(cell)]


def _wrong_column(claim: Claim) -> str | None:
    """Return the header of the answer's column where the question asks for another column's."""
    if claim.place.table is None or claim.page.tables[claim.place.table].layout != "header":
        return None
    headers = claim.page.tables[claim.place.table].rows[0]
    asked = content_words(claim.question)
    named = [i for i, header in enumerate(headers) if content_words(header) and _shares(header, asked)]
    columns = _columns(claim)
    labels = {0}
    if not columns or claim.place.row == 0 or not set(named) - labels or set(columns) & set(named):
        return None
    return " | ".join(headers[column] for column in columns if column < len(headers))


def _shares(header: str, asked: frozenset[str]) -> bool:
    return all(any(has_word(word, one) for one in asked) for word in content_words(header))


def _other_subject(claim: Claim, asked: frozenset[str]) -> bool:
    """Tell whether the evidence names a subject or an owner that the question does not."""
    sentence = claim.evidence
    if claim.place.table is not None:
        return False
    own = _subjects(sentence)
    known = asked | content_words(claim.answer)
    return any(not has_word(claim.question, word) and word not in known for word in own)


def _subjects(text: str) -> set[str]:
    """Return the nouns before the first particles of a subject or an owner; in English those before the verb."""
    if not is_korean(text):
        verb = _ENGLISH_VERB.search(text)
        return set(content_words(text[: verb.start()])) if verb else set()
    found: set[str] = set()
    run: list[str] = []
    for token in morphemes(text):
        if token.tag in _NOUN_TAGS:
            run.append(token.form)
        else:
            if token.form in _SUBJECT_TAGS.get(token.tag, ()):
                found |= set(content_words(" ".join(run)))
            run = []
    return found


def _stands_elsewhere(claim: Claim, absent: set[str]) -> bool:
    """Tell whether an absent word stands on the page, but not before the evidence in its section."""
    if claim.place.table is not None:
        return any(has_word(claim.page.text, word) or _in_other_rows(claim, word) for word in absent)
    before = _section_before(claim)
    return any(has_word(claim.page.text, word) and not has_word(before, word) for word in absent)


def _in_other_rows(claim: Claim, word: str) -> bool:
    rows = claim.page.tables[claim.place.table or 0].rows
    return any(has_word(" ".join(row), word) for row in rows)


def _section_before(claim: Claim) -> str:
    own: list[Paragraph] = [one for one in claim.document.paragraphs if one.page_number == claim.page.page_number]
    here = next((one for one in own if one.end > claim.place.start), None)
    if here is None:
        return ""
    return claim.page.text[min(one.start for one in own if one.section == here.section) : claim.place.end]


def _whole_sentence(claim: Claim) -> str:
    """Return the evidence up to the ends of its sentences; a row of a table as it is."""
    if claim.place.table is not None:
        return claim.evidence
    text = claim.page.text
    start = max((found.end() for found in _SENTENCE_END.finditer(text, 0, claim.place.start)), default=0)
    if ends_sentence(claim.evidence):
        return text[start : claim.place.end]
    end = _SENTENCE_END.search(text, claim.place.end)
    return text[start : end.start() if end else len(text)]


def _opposite(claim: Claim, sentence: str) -> str | None:
    """Return the clause that denies what the answer states, or states what it denies."""
    clause = _clause_of(claim.answer, sentence)
    if claim.place.table is not None or not clause:
        return None
    held = polarity(plain(clause))
    asked, said = polarity(plain(claim.question)), polarity(plain(claim.answer))
    denies = held.denials(said) > 0
    if _YES.match(claim.answer) or _NO.match(claim.answer):
        agrees = denies == (held.denials(asked) > 0 and asked.denials(held) > 0) or asked.denied > 0
        return None if agrees == bool(_YES.match(claim.answer)) or asked.denied else clause[:100]
    answered = asked.denied > 0 or said.denials(held) > 0
    return clause[:100] if denies != answered and not holds_whole(claim.answer, clause) else None


def _clause_of(answer: str, sentence: str) -> str:
    """Return the clause of a sentence that has most of the answer; all of it for an answer by yes or no."""
    clauses = [part for part in _CLAUSE_END.split(sentence) if normal_form(part)]
    if _YES.match(answer) or _NO.match(answer) or not clauses:
        return sentence
    said, words = claims(answer), content_words(answer)
    return max(clauses, key=lambda part: (len(claims(part).numbers & said.numbers), len(content_words(part) & words)))
