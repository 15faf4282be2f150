"""Whether evidence states what a question asks about: its subject, its attribute, its year, and not the opposite.

A number alone proves nothing. What the question names has to stand in the evidence, or where everybody looks for it: in
the heading, the caption, the header or the label above it, or before it in its section if it names no other subject.
"""

import re

from pagetune.build_qa.bounds import part_of_a_value
from pagetune.build_qa.columns import without_title, wrong_column
from pagetune.build_qa.parallel_clauses import of_another_part
from pagetune.build_qa.roles import not_in_its_role
from pagetune.build_qa.soundness import Fault
from pagetune.build_qa.subjects import is_empty, is_generic
from pagetune.build_qa.surroundings import (
    Claim,
    above,
    article,
    columns_of_answer,
    headings,
    text_before,
)
from pagetune.text.claims import claims, holds_whole, normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.negation import polarity
from pagetune.text.notation import plain
from pagetune.text.sentences import ends_sentence
from pagetune.text.units import missing, same_unit, written

_SENTENCE_END = re.compile(r"(?<=[가-힣)\]\"'”’]{2}[.!?])\s+|(?<=[a-z)\]\"'”’][.!?])\s+|\n")
_CLAUSE_END = re.compile(
    r"(?<=며)\s|(?<=고)\s|(?<=지만)\s|(?<=으나)\s|(?<=는데)\s|,\s|;\s|(?:,\s)?\b(?:but|while|whereas)\b"
)
_EXAMPLE = re.compile(
    r"(?:^|[\s(\[【])(?:예를 들어|예를 들면|예컨대|가령|예시?\s?[:：)]|예시(?:로|일 뿐))|^\s*예\)|가상의"
    r"|가정하(?:자|면|여|고)"
    r"|\bfor example\b|\be\.g\.|\bfor instance\b|\bsuppose\b|\bimagine\b|\bhypothetical|\bfictitious",
    re.IGNORECASE,
)
_EXAMPLE_HEADING = re.compile(r"(?<![가-힣])(?:예시|보기|작성\s?예|사례)|예시\W*$|\b(?:example|sample)", re.IGNORECASE)
#: An example in brackets, which illustrates what the sentence states: (예: 분기당 1회).
_ASIDE = re.compile(r"[(（]\s?(?:예를 들어|예를 들면|예시|예|가령|e\.g\.|for example)[^()（）]*[)）]", re.IGNORECASE)
_ASKS_FOR_EXAMPLE = re.compile(r"예시|예로|예를|사례|example|sample|instance", re.IGNORECASE)
#: What follows the subject of a clause, or what something belongs to.
_SUBJECT_TAGS = {"JX": {"은", "는"}, "JKS": {"이", "가"}, "JKG": {"의"}}
_NOUN_TAGS = {"NNG", "NNP", "XR", "SL", "SN", "XSN", "XPN", "NNB", "NR"}
_ENGLISH_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|cannot|may|must|will|shall|should|costs?|opens?|closes?|takes?"
    r"|lasts?|begins?|starts?"
    r"|ends?|applies|apply|does|do)\b",
    re.IGNORECASE,
)
#: Letters of a heading or a caption from which a question that has all of them means it.
_SHORT_NAME = 4
#: The share of the question's words, the document's name aside, that stand in the evidence and what it stands under.
_SHARE = 0.5
#: The term that a sentence defines.
_DEFINES = re.compile(
    r"\W*(?:\d+[.)]\s*)?[\"“‘'「]?([^\"”’'」]{1,40}?)[\"”’'」]?\s?(?:이란|란|이라 함은|라 함은)(?=\s)"
)
_HOW_MANY = re.compile(
    r"(?:(?:몇|얼마)(?![가-힣]*\s?(?:가지|번지))\s?|(?=며칠))([가-힣%]{0,3})|\bhow (?:much|many)\b()", re.IGNORECASE
)
#: The counted things that Kiwi's grammar and ours know by one word, so that another word is another thing.
_COUNTED = (
    "개월", "시간", "명", "개", "권", "회", "층", "년", "월", "일", "시", "분", "원", "%", "점", "대", "종", "건", "세",
)  # fmt: skip
#: Answers to how much that have no digit: 무료, 한 사람, 없습니다.
_NO_NUMBER = re.compile(
    r"무료|면제|없|제한|무제한|모두|전액|절반|(?<![가-힣])(?:한|두|세|네|다섯)\s|\b(?:free|no|none|unlimited"
    r"|all|half|one|two|three)\b",
    re.IGNORECASE,
)
_FINITE = re.compile(r"(?:다|요|함|음|임)[.\s]*$|[a-z]\.$")
_PARAGRAPH = re.compile(r"조(?:의\s?\d+)?\([^()]*\)\s?제(\d+)항")
_NO = re.compile(r"\W*(?:아니요|아니오|no)\b", re.IGNORECASE)
_YES = re.compile(r"\W*(?:네|예|yes)\b", re.IGNORECASE)


def not_about(claim: Claim) -> Fault | None:
    """Return why the evidence does not state what the question asks about, or None."""
    sentence = _whole_sentence(claim)
    labels = above(claim)
    if _is_example(claim, sentence, labels[0]):
        return "example_only", sentence[:100]
    lacks = _lacks(claim, labels) or wrong_column(claim) or _wrong_kind(claim) or _opposite(claim, sentence)
    lacks = (
        lacks
        or not_in_its_role(claim)
        or part_of_a_value(claim)
        or of_another_part(claim.question, claim.answer, _compared(claim, sentence))
    )
    return ("not_about_question", lacks) if lacks else None


def _is_example(claim: Claim, sentence: str, heading: str) -> bool:
    """Tell whether evidence is an example; one in brackets counts only where the answer is in these brackets alone."""
    if _ASKS_FOR_EXAMPLE.search(claim.question):
        return False
    stated = _ASIDE.sub(" ", sentence)
    is_stated = normal_form(claim.answer) in normal_form(stated) or claim.answer not in sentence
    heading = "" if claim.place.table is None and normal_form(heading) in normal_form(claim.question) else heading
    return (
        _EXAMPLE.search(stated if is_stated else sentence) is not None or _EXAMPLE_HEADING.search(heading) is not None
    )


def _lacks(claim: Claim, labels: list[str]) -> str | None:
    """Return what the question names and neither the evidence nor what stands above it has."""
    near = "\n".join([claim.evidence, *labels, *_named_above(claim)])
    if figures := _missing_figures(claim, near) or _another_paragraph(claim):
        return figures
    question = without_title(claim)
    words = content_words(question)
    if all(is_empty(word) for word in words) and question != claim.question and claims(question) == claims(""):
        return claim.document.title[:100]  # the document as a whole is asked about, and no passage answers that
    unnamed = {word for word in words if not has_word(claim.document.title, word)} or set(words)
    asked = {word for word in unnamed if not is_generic(word)} or unnamed
    context = "\n".join([near, text_before(claim), *headings(claim)])
    held = {word for word in asked if has_word(near, word)}
    absent = {word for word in asked - held if word not in "".join(near.lower().split())}
    if asked and (len(held) < _SHARE * len(asked) or _defines_another(claim, asked)):
        return ", ".join(sorted(asked))
    if absent and (_names_another(claim) or any(_is_elsewhere(claim, word, context) for word in absent)):
        return ", ".join(sorted(absent))
    return None


def missing_figures(question: str, text: str) -> str | None:
    """Return the numbers and codes of the question that the text lacks: another year, another product."""
    asked, held = claims(question), claims(text)
    numbers = [written(number) for number in missing(asked.numbers, held.numbers)]
    tokens = [token for token in asked.joined | asked.codes if not has_word(text, token) and token not in text.lower()]
    return ", ".join(sorted(numbers + tokens)) or None


def _named_above(claim: Claim) -> list[str]:
    """Return the article, and the headings and captions up to the evidence, that the question has in full."""
    question = normal_form(claim.question)
    found = [one for one in article(claim) if re.match(r"제\s?\d+\s?조", one)] if "조" in claim.question else []
    lines = [
        one.text for one in claim.document.paragraphs if one.is_heading and one.page_number <= claim.page.page_number
    ]
    lines += [table.caption for page in claim.document.pages for table in page.tables]
    nearest = above(claim)[0]
    long = {
        line
        for line in lines
        if len(normal_form(line)) > _SHORT_NAME
        and normal_form(line) in question
        and (line == nearest or line[:1] != nearest[:1] or line[:1].isalpha())  # a heading beside the nearest one
    }
    return [*found, *sorted(long)]


def _another_paragraph(claim: Claim) -> str | None:
    """Return the mark of the evidence, ③, where the question asks for another paragraph of the article, 제2항."""
    asked, mark = _PARAGRAPH.search(claim.question), re.match(r"\s*([①-⑳])", claim.evidence)
    number = ord(mark[1]) - ord("①") + 1 if mark else 0
    return mark[1] if asked and mark and int(asked[1]) != number else None


def _compared(claim: Claim, sentence: str) -> str:
    """Return the sentences of the evidence, or the cell of a table, in which the answer stands."""
    if claim.place.table is None:
        return sentence
    cells = claim.page.tables[claim.place.table].rows[claim.place.row or 0]
    return next((cells[column] for column in columns_of_answer(claim)), "")


def _missing_figures(claim: Claim, near: str) -> str | None:
    """Return the numbers and codes of the question that are not where the evidence is: another year, another product.

    A number may stand before the evidence in its section where the evidence has none of its unit, a code in a heading.
    """
    said = "\n".join([near, claim.document.title, *article(claim)])
    asked, held, own = claims(claim.question), claims(said), claims(claim.evidence)
    before, codes = claims(text_before(claim)).numbers, "\n".join([said, *headings(claim)]).lower()
    units = {unit for _, unit in own.numbers}
    numbers = [
        written(number) for number in missing(asked.numbers, held.numbers) if number not in before or number[1] in units
    ]
    tokens = [token for token in asked.joined | asked.codes if not has_word(said, token) and token not in codes]
    return ", ".join(sorted(numbers + tokens)) or None


def _names_another(claim: Claim) -> bool:
    """Tell whether the evidence names a subject or an owner that the question does not."""
    if claim.place.table is not None:
        return False
    known = content_words(claim.question) | content_words(claim.answer)
    return any(word not in known and not has_word(claim.question, word) for word in _subjects(claim.evidence))


def _defines_another(claim: Claim, asked: set[str]) -> bool:
    """Tell whether the evidence says what another term means: "방문객"이란 …."""
    term = _DEFINES.match(claim.evidence)
    return term is not None and not any(has_word(term[1], word) for word in asked)


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


def _is_elsewhere(claim: Claim, word: str, context: str) -> bool:
    """Tell whether a word stands on the page, but not where the evidence is."""
    rows = [row for table in claim.page.tables for row in table.rows]
    return not has_word(context, word) and any(has_word(text, word) for text in (claim.page.text, *map(" ".join, rows)))


def _wrong_kind(claim: Claim) -> str | None:
    """Return the answer where the question asks for a number of something, and it has none or one of something else."""
    asked = _HOW_MANY.search(claim.question)
    if not asked:
        return None
    units = {unit for _, unit in claims(claim.answer).numbers}
    if not units:
        has_one = _NO_NUMBER.search(claim.answer) or re.search(r"\d", claim.answer)
        return None if has_one else claim.answer[:100]
    wanted = next((same_unit(unit) for unit in _COUNTED if (asked[1] or "").startswith(unit)), "")
    return claim.answer[:100] if wanted and not units & {wanted, ""} else None


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
    clause = clause_of(claim.answer, sentence)
    copied = normal_form(claim.answer) in normal_form(sentence) and _FINITE.search(claim.answer)
    if claim.place.table is not None or not clause or copied:
        return None
    held = polarity(plain(clause))
    asked, said = polarity(plain(claim.question)), polarity(plain(claim.answer))
    denies = held.denials(said) > 0
    if _YES.match(claim.answer) or _NO.match(claim.answer):
        agrees = denies == (held.denials(asked) > 0 and asked.denials(held) > 0) or asked.denied > 0
        return None if agrees == bool(_YES.match(claim.answer)) or asked.denied else clause[:100]
    answered = asked.denied > 0 or said.denials(held) > 0
    return clause[:100] if denies != answered and not holds_whole(claim.answer, clause) else None


def clause_of(answer: str, sentence: str) -> str:
    """Return the clause of a sentence that has most of the answer; all of it for an answer by yes or no."""
    clauses = [part for part in _CLAUSE_END.split(sentence) if normal_form(part)]
    if _YES.match(answer) or _NO.match(answer) or not clauses:
        return sentence
    said, words = claims(answer), content_words(answer)
    shares = [len(claims(part).numbers & said.numbers) + len(content_words(part) & words) for part in clauses]
    return " ".join(part for part, share in zip(clauses, shares, strict=True) if share * 2 > max(shares))
