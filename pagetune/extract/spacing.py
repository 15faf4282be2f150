"""Judge whether Korean text has a space at a place: by n-grams, by the document's own spelling, and by Kiwi.

Each finding has a weight in `spacing.txt`, which `benchmarks/fit_spacing.py` fits; their sum decides.
"""

import unicodedata
import warnings
from functools import cache
from math import log
from pathlib import Path
from typing import Any

from kiwipiepy import Kiwi

#: What a finding is worth: above 0 for a space, below 0 against one. n-grams come by the hundred thousand.
Findings = dict[str, float]

#: How many characters before and after the place an n-gram takes.
SHAPES = ((1, 0), (2, 0), (3, 0), (0, 1), (0, 2), (0, 3), (1, 1), (2, 1), (1, 2), (2, 2))
#: How many characters before and after the place are looked for in the document, the most telling first.
_SEEN_SHAPES = ((3, 2), (2, 3), (2, 2), (2, 1), (1, 2))
#: How many characters on either side Kiwi analyses.
CONTEXT = 10
#: Sums at least this far from 0 are right more than 99 times of 100: nothing further is looked at.
SURE = 4.0
_WEIGHTS = Path(__file__).with_name("spacing.txt")


def has_space(left: str, right: str, evidence: str) -> bool:
    """Return whether Korean writes a space between `left` and `right`, neither of which may be empty.

    `evidence` is text of the same document, with the same line breaks.
    """
    score = _sum(ngrams(left, right))
    if abs(score) < SURE:
        score += _sum(seen(left, right, evidence))
    if abs(score) < SURE:
        score += _sum(morphemes(left, right))
    return score > 0


def surely_one_word(left: str, right: str) -> bool:
    """Return whether the n-grams alone say that there is no space."""
    return _sum(ngrams(left, right)) < -SURE


def _sum(findings: Findings) -> float:
    weights = _weights()
    return sum(weights.get(name, 0.0) * value for name, value in findings.items())


@cache
def _weights() -> dict[str, float]:
    """Read the weights: each line of the file has a weight and the findings that have it, with tabs between them."""
    weights = {}
    for line in _WEIGHTS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            weight, *names = line.split("\t")
            weights.update(dict.fromkeys(names, float(weight)))
    return weights


class _Classes(dict[int, str]):
    """Translate letters of other scripts and digits to one of their kind, because only Hangul is told apart."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if "가" <= letter <= "힣":
            kind = letter
        elif letter.isdigit():
            kind = "0"
        elif "CJK" in unicodedata.name(letter, ""):
            kind = "字"
        else:
            kind = "a" if letter.isalpha() else letter
        self[code] = kind
        return kind


_CLASSES = _Classes()


def ngrams(left: str, right: str) -> Findings:
    """Return the n-grams around the place, each with 1.0: `"를|"` for the last character of `left`."""
    before, after = left[-3:].translate(_CLASSES), right[:3].translate(_CLASSES)
    found = {
        f"{before[len(before) - one :]}|{after[:other]}": 1.0
        for one, other in SHAPES
        if len(before) >= one and len(after) >= other
    }
    return found | {"always": 1.0}


def seen(left: str, right: str, evidence: str) -> Findings:
    """Return how often the document writes these characters with a space against without, as a logarithm of the odds.

    Only the longest n-gram that the document has counts.
    """
    for before, after in _SEEN_SHAPES:
        first, second = left[-before:], right[:after]
        if len(first + second) < before + after or " " in first + second:
            continue
        apart, together = evidence.count(f"{first} {second}"), evidence.count(first + second)
        if apart or together:
            return {f"seen {before}+{after}": log((apart + 0.3) / (together + 0.3))}
    return {}


@cache
def kiwi() -> Kiwi:
    """Return Kiwi without its dictionaries of names and typing errors, and without threads of its own.

    Without the dictionaries it takes half the memory and judges every break the same. A forked process would wait
    forever for the threads. The warning that is silenced says that `num_workers=0` once meant something else.
    """
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return Kiwi(num_workers=0, load_default_dict=False, load_typo_dict=False, load_multi_dict=False)


def morphemes(left: str, right: str) -> Findings:
    """Return which morphemes Kiwi finds at the place when the text is written without a space.

    A morpheme that reaches over the place, or the last before it and the first after it.
    """
    before, after = left[-CONTEXT:], right[:CONTEXT]
    tokens, _ = kiwi().analyze(before + after)[0]
    last = next((token for token in reversed(tokens) if token.start < len(before)), None)
    first = next((token for token in tokens if token.start + token.len > len(before)), None)
    if first is None or last is None:
        return {}
    if first is last:
        return {f"over {_tag(first)}": 1.0}
    pair = f"{_tag(last)} {_tag(first)}", f"{_tag(last)} .", f". {_tag(first)}"
    return dict.fromkeys(pair, 1.0) | {"rare": -first.score / 10}


def _tag(token: Any) -> str:
    """Return the part of speech, with a question mark for a word that Kiwi does not know."""
    return f"{token.tag.partition('-')[0]}{'?' if token.oov else ''}"
