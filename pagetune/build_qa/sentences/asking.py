"""One Korean sentence as the questions that a person asks about it, each answered by the sentence or a clause of it."""

import re
from typing import NamedTuple

from pagetune.build_qa.sentences.clause_questions import questions
from pagetune.build_qa.sentences.clauses import clauses
from pagetune.build_qa.sentences.endings import as_statement, from_requirement, spoken
from pagetune.build_qa.sentences.pointers import (
    ANNOUNCES,
    has_own_name,
    points_back,
    with_own_name,
    without_brackets,
    without_references,
)

#: Nobody asks for an amount, a time or a place and goes on with another clause, what several things "등" are, or what
#: numbers stand for.
_NOT_ASKED = re.compile(r"(?:몇 |얼마|언제|어디).*[가-힣](?:며|지만|으나),?\s|\s등은 무엇인가요$|^\d+(?:,\s?\d+)+번\s")


class Asked(NamedTuple):
    """A question and its answer, for which characters `start` to `end` of the sentence are the evidence."""

    question: str
    answer: str
    topic: str | None
    start: int
    end: int


#: A sentence is asked at most this often.
MAX_QUESTIONS = 3
#: The question without the document's name, and with it.
_MAX_BARE_CHARACTERS, MAX_QUESTION_CHARACTERS = 100, 120
MIN_QUESTION_CHARACTERS = 9
_MAX_SENTENCE_CHARACTERS = 400
#: Brackets that are left, a label, more than one sentence, and what says nothing without the sentence before it.
_NOT_ONE = re.compile(r"[()\[\]<>|①-⑳]|\s[:：]\s|[가-힣][.?!]\s|그러하지|또한 같|때문(?:이다|입니다)\.$")
_BULLET = re.compile(r"^(?:[^\w\s“\"'‘「『]+|[oㅇ])\s+")
#: What only says that other things were said before.
_BESIDES = re.compile(r"^(?:그\s?밖에|기타)\s(?=\S+의\s)")
#: Words before a clause that hang it on the one before.
_OPENING = re.compile(
    r"^(?:다만|단|또한|그리고|그러나|따라서|한편|특히|즉|그러므로|아울러|이\s?경우|예를 들어|"
    r"물론|결국|더불어|나아가),?\s"
)


def ask(sentence: str, where: str | None = None) -> list[Asked]:
    """Return up to three questions about a sentence, none where its structure leaves a doubt.

    `where` is put before each question.
    """
    plain = plain_sentence(sentence, where)
    if plain is None or ANNOUNCES.search(plain):
        return []
    found: dict[str, Asked] = {}
    for clause in clauses(plain.rstrip(".")):
        statement = as_statement(clause, plain.endswith("니다."))
        for question in questions(clause):
            text = finish(question.text, where)
            if statement and text:
                answer = f"{question.says}, {statement}" if question.says else statement
                is_named = where is not None and text.startswith(f"{where}에 따르면 ")
                topic = f"{where}에서 {question.topic}" if is_named and question.topic else question.topic
                found.setdefault(text, Asked(text, answer, topic, 0, len(sentence.rstrip())))
    return list(found.values())[:MAX_QUESTIONS]


def plain_sentence(sentence: str, where: str | None) -> str | None:
    """Return the sentence without brackets and references to articles. None where it is not a whole sentence."""
    text = " ".join(sentence.split())
    if re.search(r"\s것\.?$", text):
        text = from_requirement(text)
    if len(text) > _MAX_SENTENCE_CHARACTERS or not re.search(r"[다요까오]\.$|[함됨임음]\.?$", text):
        return None
    text = without_references(without_brackets(text))
    if where:
        text = with_own_name(text, where)
    text = _BESIDES.sub("", _BULLET.sub("", re.sub(r"\s+", " ", text)).strip())
    return None if _OPENING.match(text) or _NOT_ONE.search(text) or has_own_name(text) else text


def finish(text: str, where: str | None) -> str | None:
    """Return a finished question, or None where it cannot be understood by itself."""
    text = spoken(re.sub(r"(?:^|\s)누구든지\s", " ", re.sub(r"\s+", " ", text))).strip(" ,")
    fits = MIN_QUESTION_CHARACTERS <= len(text) <= _MAX_BARE_CHARACTERS
    if not fits or points_back(text) or not re.search(r"(?:나요|가요)$", text) or _NOT_ASKED.search(text):
        return None
    if any(text.count(one) != text.count(other) for one, other in ("()", "“”", "「」", "‘’", "[]")):
        return None
    before = f"{where}에 따르면 " if where and where not in text else ""
    return f"{before}{text}?" if len(before) + len(text) < MAX_QUESTION_CHARACTERS else None
