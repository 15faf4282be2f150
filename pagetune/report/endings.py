"""How an answer ends: by itself, in a loop, or only at the length limit."""

import re
from functools import lru_cache
from typing import Literal

from pagetune.records import Prediction

Ending = Literal["", "loops", "unended"]
#: The same stretch with a letter in it three times on end, or one of a letter or two six times.
_LOOP = re.compile(r"(?=\S*\w)(\S.{2,160}?)(?:\s*\1){2,}|(\w{1,2})\s*(?:\2\s*){5,}", re.DOTALL)
#: Whole sentences or lines that come back three times, with others between them.
_SENTENCE = re.compile(r"[^.!?\n]{8,}[.!?\n]")
_TIMES = 3
#: Characters that are looked at: a loop shows itself within them.
_READ = 2000


def ending_of(answer: Prediction) -> Ending:
    """Return how the answer ends; "" is by itself. A right answer with another ending does not look good."""
    text = answer.prediction[:_READ]
    if repeats_itself(text):
        return "loops"
    return "" if answer.stopped else "unended"


@lru_cache(maxsize=10_000)  # the page asks four times for each answer
def repeats_itself(text: str) -> bool:
    """Tell whether the text says the same again and again."""
    sentences = [" ".join(found.group().split()) for found in _SENTENCE.finditer(text)]
    return _loops(text) or any(sentences.count(one) >= _TIMES for one in set(sentences))


def _loops(text: str) -> bool:
    return any(re.search(r"\w", found.group()) for found in _LOOP.finditer(text))
