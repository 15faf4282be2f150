"""Whether a stretch of a page states what an answer claims, or has another number in its place."""

import re

from pagetune.build_qa.relevance import clause_of
from pagetune.search.parts import parts_of
from pagetune.text.claims import claims, holds_whole
from pagetune.text.content_words import content_words, has_word
from pagetune.text.evidence import not_proven
from pagetune.text.fact_match import asserts, contrary, facts
from pagetune.text.korean import is_korean
from pagetune.text.proper_names import lacking
from pagetune.text.quantities import ANY, as_read, quantities

#: The share of the words that an answer adds to its question which have to be stated.
_WORDS = 0.75
_LEAD = re.compile(r"\W*(?:(네|예|yes)|아니요|아니오|아뇨|no)(?![가-힣A-Za-z])[\s,.!:;]*", re.IGNORECASE)
#: Where in a law something stands: 제15조의2제3항, 제2호, 별표 1.
_LAW_PLACE = re.compile(r"제\s?\d+\s?[조항호목장절편](?:의\s?\d+)?|별표\s?\d+")
#: How one says yes or no without a word of the question.
_POLAR = re.compile(r"가능|불가|[돼됩된]|[있없]|맞|아닙|아니|그렇|\b(?:can|may|not|do|does|is|are)\b", re.IGNORECASE)
#: A denial that belongs to a noun.
_MODIFIER = re.compile(r"(?<!\S)\S+(?:지|[이가])\s(?:않[은는을]|못한|못하는|없는|아닌|아니한|아니하는)\s(?!것|수|바)")
#: The first of several words with capitals, which may begin a sentence.
_FIRST_NAME = re.compile(r"\b[A-Z][a-z]+(?=\s[A-Z][a-z]+)")


def states(text: str, question: str, answer: str, header: str = "") -> bool:
    """Tell whether a text states all that an answer claims. Above the row of a table stands a header, which may have
    the unit of a number and the words of an answer."""
    if only_agrees(question, answer):
        return _agrees(text, question, answer)
    if holds_whole(text, answer):
        return True
    rest = _LEAD.sub("", answer, count=1)
    if _names_another(text, f"{question}\n{header}", answer) or (asserts(answer) and _denies(text, rest)):
        return False
    words = content_words(answer)
    if not words and facts(answer).text and not facts(answer).counted:
        return False  # nothing that could be looked up
    compared = words & content_words(_without_quantities(answer))
    known = (text, header)
    if not _has_each_part(known, question, answer):
        return False
    if _has_quantities(text, answer):
        return _has_words(known, compared - content_words(question), words - content_words(question))
    added = words - content_words(question)
    return _has_figures(text, answer, bool(header)) and _has_words(known, added, added)


def _has_words(texts: tuple[str, ...], words: frozenset[str], of: frozenset[str]) -> bool:
    """Tell whether texts have enough of the words `of`, those that are not among `words` taken for granted."""
    held = sum(word not in words or any(_has(text, word, of) for text in texts) for word in of)
    return held >= _WORDS * len(of)


def _has_each_part(texts: tuple[str, ...], question: str, answer: str) -> bool:
    """Tell whether texts have half of the words of each part of an answer, so that no item of a list is added to it."""
    parts = parts_of(answer)
    added = [content_words(_without_quantities(part)) - content_words(question) for part in parts] if parts[1:] else []
    return all(2 * sum(any(_has(text, word, of) for text in texts) for word in of) >= len(of) for of in added)


def _has(text: str, word: str, others: frozenset[str]) -> bool:
    """Tell whether a text has a word; one of a single letter as the end of another one's compound: 실 in 전용실."""
    return has_word(text, word) or (len(word) == 1 and any(other + word in text for other in others))


def differs(answer: str, text: str) -> bool:
    """Tell whether a text has no number of the answer's, but one of the same unit, or another telephone number.

    The number of an article or a paragraph says where something stands; it is not a value.
    """
    said, held = facts(_LAW_PLACE.sub(" ", answer)), facts(_LAW_PLACE.sub(" ", text))
    units = {one.unit for one in said.quantities} & {one.unit for one in held.quantities} - {"", ANY}
    same = any(one.is_like(other) for one in said.quantities for other in held.quantities)
    return bool(units or (said.joined and held.joined)) and not (same or said.joined & held.joined)


def only_agrees(question: str, answer: str) -> bool:
    """Tell whether an answer says no more than whether what its question asks about is so: "네, 가능합니다"."""
    rest = _LEAD.sub("", answer, count=1)
    said, asked = facts(rest), facts(question)
    figures = any(not any(one.is_like(other) for other in asked.quantities) for one in said.quantities)
    if figures or said.joined - asked.joined or said.codes - asked.codes or said.days - asked.days:
        return False
    if content_words(rest):
        return content_words(rest) <= content_words(question) and (rest != answer or asserts(rest))
    return rest != answer or _POLAR.search(rest) is not None


def _agrees(text: str, question: str, answer: str) -> bool:
    """Tell whether a text affirms what the question asks about and the answer affirms, or denies what that denies."""
    lead, rest = _LEAD.match(answer), _LEAD.sub("", answer, count=1)
    asks_for_no, denies = facts(question).polarity.denied > 0, facts(rest).polarity.denied > 0
    if content_words(rest):
        if _denies(text, rest):
            return False
        if not lead or asks_for_no:
            return True
    says_yes = bool(lead[1]) if lead else not denies
    if rest and not content_words(rest) and not asks_for_no and says_yes == denies:
        return False
    if asks_for_no and (rest or not is_korean(question)):  # 없나요? 네, 없습니다; but in English "No, you cannot."
        says_yes = denies if rest else not says_yes
    return says_yes != _denies(text, question)


def _denies(text: str, claim: str) -> bool:
    """Tell whether the clauses of a text that have most of a claim say the opposite of it.

    What they deny of whom they speak of does not count: 만 14세가 되지 않은 어린이.
    """
    clauses = clause_of(claim, text) or text
    return contrary(_MODIFIER.sub(" ", clauses), _MODIFIER.sub(" ", claim))


def _has_figures(text: str, answer: str, in_table: bool) -> bool:
    """Tell whether a text has the numbers and codes of an answer as they are written, and any of its words."""
    held = claims(text).numbers
    same_units = in_table or all(not unit or (value, unit) in held for value, unit in claims(answer).numbers)
    return same_units and not not_proven(answer, text)


def _has_quantities(text: str, answer: str) -> bool:
    """Tell whether a text has the quantities, numbers and codes of an answer, in whatever notation: 밤 9시, 21:00."""
    said, held = facts(answer), facts(text)
    codes = said.codes | claims(_without_quantities(answer)).codes
    return (
        said.counted
        and all(any(one.is_like(other) for other in held.quantities) for one in said.quantities)
        and said.joined <= held.joined
        and said.days <= held.days
        and all(code in held.text.lower() for code in codes)
    )


def _without_quantities(answer: str) -> str:
    """Return an answer without its quantities, because units and times of day do not count as words: 밤 9시, 30 min."""
    text, counted = as_read(answer), "1개" if is_korean(answer) else "1"
    for one in reversed(quantities(answer)):
        text = f"{text[: one.start]}{counted}{text[one.end :]}"
    return text


def _names_another(text: str, question: str, answer: str) -> bool:
    """Tell whether an answer has a name that neither the text nor the question has."""
    first = {name.lower() for name in _FIRST_NAME.findall(answer) if content_words(name)}
    names = facts(answer).names | (set() if is_korean(answer) else first)
    return any(not has_word(text, name) for name in lacking(names, f"{text}\n{question}"))
