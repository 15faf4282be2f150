"""A question about a clause, and how a question word takes the place of a part of it."""

import re
from typing import NamedTuple

from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.endings import as_question
from pagetune.text.korean import has_final_consonant


class Question(NamedTuple):
    """A question without its mark. `says` is put before the answer: "아니요"."""

    text: str
    topic: str | None = None
    says: str = ""


def fill(clause: Clause, start: int, end: int, word: str) -> Question:
    """Ask the clause with `word` in place of characters `start` to `end`."""
    return Question(as_question(Clause(clause.text[:start] + word + _fit_particle(word, clause.text[end:]))))


def _fit_particle(word: str, rest: str) -> str:
    """Return what follows `word` with its particle as `word` needs it: 5만원을 -> 얼마를, 수요일에 -> 언제."""
    if word == "언제":
        rest = re.sub(r"^에는?(?=\s)", "", rest)
    if has_final_consonant(word):
        return rest
    return re.sub(r"^(?:을|이|은|과|으로)(?=\s|$)", lambda match: _AFTER_VOWEL[match.group()], rest)


_AFTER_VOWEL = {"을": "를", "이": "가", "은": "는", "과": "와", "으로": "로"}
