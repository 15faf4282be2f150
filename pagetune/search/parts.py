"""An answer cut into what it states: its sentences, the items of its list, and its clauses about different subjects."""

import re

from pagetune.build_qa.draft import LIST_ITEM
from pagetune.text.claims import claims
from pagetune.text.content_words import content_words
from pagetune.text.quantities import quantities

#: Between two sentences, two clauses that have a topic each (A는 무료이고 B는 3만 원), and two items in one line.
_SENTENCE = re.compile(r"(?<=[가-힣)\]\"'”’]{2}[.!?])\s+|(?<=[a-z0-9)\]\"'”’][.!?])\s+(?=[A-Z])")
_ITEMS = re.compile(
    r",\s+(?!(?:and|or)\b)|,(?=[가-힣])|;\s|(?:,\s)?\b(?:and|while)\s|(?<=고)\s(?=\S+(?:\s\S+){0,3}[은는]\s)|\s\|\s"
)
_LABEL = re.compile(r"\W*(?:답|A)\s?[.:)]\s")


def parts_of(answer: str) -> list[str]:
    """Return the lines and sentences of an answer, without marks of items; of one sentence its items or clauses."""
    lines = [_LABEL.sub("", line, count=1).strip() for line in answer.splitlines()]
    sentences = [part for line in lines if line for part in _SENTENCE.split(_bare(line))]
    parts = sentences if len(sentences) > 1 else _ITEMS.split("".join(sentences))
    return [part.strip() for part in parts if content_words(part) or claims(part) != claims("")]


def has_several_numbers(answer: str) -> bool:
    """Tell whether each of several parts of an answer has a number and says what it is: 평일은 9시, 주말은 10시."""
    parts = parts_of(answer)
    return len(parts) > 1 and all(quantities(part) and content_words(part) for part in parts)


def _bare(line: str) -> str:
    found = LIST_ITEM.match(line)
    return line[found.end() :] if found else line
