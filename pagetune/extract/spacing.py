"""Judge whether Korean text has a space at a place: by n-grams, by the document's own spelling, and by Kiwi.

Each finding has a weight in `spacing.txt`, which `benchmarks/fit_spacing.py` fits; their sum decides.
"""

import re
import unicodedata
import warnings
from functools import cache, lru_cache
from itertools import pairwise, repeat
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from kiwipiepy import Kiwi

#: What a finding is worth: above 0 for a space, below 0 against one. n-grams come by the hundred thousand.
Findings = dict[str, float]

#: How many characters before and after the place an n-gram takes.
SHAPES = ((1, 0), (2, 0), (3, 0), (0, 1), (0, 2), (0, 3), (1, 1), (2, 1), (1, 2), (2, 2))
#: How many characters before and after the place are looked for in the document, the most telling first.
_SEEN_SHAPES = ((3, 2), (2, 3), (2, 2), (2, 1), (1, 2))
#: How many characters on either side Kiwi analyses.
CONTEXT = 10
#: Where the sum of the n-grams' weights, and then of those and the document's spelling, is at least this far from 0,
#: nothing further is looked at: Kiwi takes twenty times as long, and rarely turns such a sum.
SURE_NGRAMS, SURE = 4.0, 3.0
_WEIGHTS = Path(__file__).with_name("spacing.txt")


def has_space(left: str, right: str, evidence: str = "") -> bool:
    """Return whether Korean writes a space between `left` and `right`, neither of which may be empty.

    `evidence` is text of the same document, with the same line breaks.
    """
    score = _ngram_score(left, right) + habit(evidence)
    if evidence and abs(score) < SURE_NGRAMS:
        score += _sum(seen(left, right, evidence))
    if abs(score) < SURE:
        score += _grammar(left[-CONTEXT:], right[:CONTEXT])
    return score > 0


@lru_cache(maxsize=2000)
def _grammar(left: str, right: str) -> float:
    """Return what Kiwi's findings are worth; forms and lists repeat their words."""
    return _sum(morphemes(left, right))


def surely_one_word(left: str, right: str) -> bool:
    """Return whether the n-grams alone say that there is no space."""
    return _ngram_score(left, right) < -SURE_NGRAMS


def _ngram_score(left: str, right: str) -> float:
    """Return `_sum` of the n-grams, each of which counts once."""
    return sum(map(_weights().get, _ngram_names(left, right), repeat(0.0)))


def _sum(findings: Findings) -> float:
    weights = _weights()
    return sum([weights.get(name, 0.0) * value for name, value in findings.items()])


@cache
def _weights() -> dict[str, float]:
    """Read the weights: each line of the file has a weight and the findings that have it, with tabs between them."""
    weights = {}
    for line in _WEIGHTS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            weight, *names = line.split("\t")
            weights.update(dict.fromkeys(names, float(weight)))
    return weights


#: A document breaks its lines at spaces only if n-grams are sure of at least this many breaks, and find at most this
#: share of them inside a word; and what that habit is worth at the other breaks.
_MIN_SURE_BREAKS, _MAX_INSIDE, _HABIT = 10, 0.04, 5.0
_BETWEEN_HANGUL = re.compile("([가-힣]{2,3})\\n(?=([가-힣]{1,3}))")


@lru_cache(maxsize=4)
def habit(evidence: str) -> float:
    """Return what it is worth that a document breaks its lines at spaces only, and 0.0 if it breaks words too."""
    scores = [_ngram_score(left, right) for left, right in _BETWEEN_HANGUL.findall(evidence)[:300]]
    inside, spaces = sum(score < -SURE for score in scores), sum(score > SURE for score in scores)
    at_spaces = inside + spaces >= _MIN_SURE_BREAKS and inside <= _MAX_INSIDE * (inside + spaces)
    return _HABIT if at_spaces else 0.0


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
    return dict.fromkeys(_ngram_names(left, right), 1.0)


def _ngram_names(left: str, right: str) -> list[str]:
    before, after = left[-3:].translate(_CLASSES), right[:3].translate(_CLASSES)
    size, most = len(before), len(after)
    names = [f"{before[size - one :]}|{after[:other]}" for one, other in SHAPES if size >= one and most >= other]
    return [*names, "always"]


def seen(left: str, right: str, evidence: str) -> Findings:
    """Return how often the document writes these characters with a space against without, as a logarithm of the odds.

    Only the longest n-gram that the document has counts.
    """
    places = _index(evidence).get(ord(left[-1]))
    if places is None:
        return {}
    together, apart = (_counts(left, right, gap, _codes(evidence), places) for gap in ("", " "))
    for shape in _SEEN_SHAPES if together or apart else ():
        before, after = shape
        if " " not in left[-before:] + right[:after] and (apart.get(shape) or together.get(shape)):
            return {f"seen {before}+{after}": log((apart.get(shape, 0) + 0.3) / (together.get(shape, 0) + 0.3))}
    return {}


def _counts(left: str, right: str, gap: str, codes: Any, at: Any) -> dict[tuple[int, int], int]:
    """Return for each shape how often a text has that many characters of `left`, then `gap`, then of `right`.

    `codes` are the text's (n,), and `at` the places of the last character of `left` in it. `str.count` would go through
    the whole text for each shape.
    """
    middle = left[-1] + gap + right[0]
    for step, letter in enumerate(middle[1:], 1):
        at = at[codes[at + step] == ord(letter)]
    if not len(at):
        return {}
    before, after = [np.ones(len(at), dtype=bool)], [np.ones(len(at), dtype=bool)]
    for step in (1, 2):
        before.append(
            before[-1] & (codes[at - step] == ord(left[-1 - step])) if len(left) > step else before[0] & False
        )
        end = at + len(middle) - 1 + step
        after.append(after[-1] & (codes[end] == ord(right[step])) if len(right) > step else after[0] & False)
    return {(one, other): int(np.count_nonzero(before[one - 1] & after[other - 1])) for one, other in _SEEN_SHAPES}


@lru_cache(maxsize=4)
def _index(text: str) -> dict[int, Any]:
    """Return for the code of each letter its places in `_codes`: (n,)."""
    codes = _codes(text)
    if codes.max() < 1 << 16:
        codes = codes.astype(np.uint16)  # which numpy sorts ten times as fast
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    bounds = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(order)]
    return {int(ordered[first]): order[first:last] for first, last in pairwise(bounds)}


@lru_cache(maxsize=4)
def _codes(text: str) -> Any:
    """Return the codes of a text's characters, with two line breaks on either side: (n + 4,)."""
    return np.frombuffer(f"\n\n{text}\n\n".encode("utf-32-le", "surrogatepass"), dtype="<u4")


@cache
def kiwi() -> Kiwi:
    """Return Kiwi without its dictionaries of names and typing errors, and without threads of its own.

    Without the dictionaries it takes half the memory and judges every break the same. A forked process would wait
    forever for the threads. The warning that is silenced says that `num_workers=0` once meant something else.
    """
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return Kiwi(num_workers=0, load_default_dict=False, load_typo_dict=False, load_multi_dict=False)


def morphemes(left: str, right: str) -> Findings:
    """Return which morphemes Kiwi finds at the place, without a space and with one, and how much likelier they are."""
    before, after = left[-CONTEXT:], right[:CONTEXT]
    joined, likelihood = kiwi().analyze(before + after)[0]
    apart, other_likelihood = kiwi().analyze(f"{before} {after}")[0]
    cost = (likelihood - other_likelihood) / 10
    found = _at(joined, len(before), "") | _at(apart, len(before), "apart: ")
    return found | {"cost of a space": max(-3.0, min(3.0, cost)), "free": float(abs(cost) < 0.001)}


def _at(tokens: list[Any], place: int, name: str) -> Findings:
    """Return the morpheme that reaches over a place, or the last before it and the first after it."""
    last = next((token for token in reversed(tokens) if token.start < place), tokens[0])
    first = next((token for token in tokens if token.start + token.len > place), tokens[-1])
    if first is last:
        return {f"{name}over {_tag(first)}": 1.0}
    tags = f"{_tag(last)} {_tag(first)}", f"{_tag(last)} .", f". {_tag(first)}"
    return {f"{name}{tag}": 1.0 for tag in tags} | {f"{name}rare": -first.score / 10}


def _tag(token: Any) -> str:
    """Return the part of speech, with a question mark for a word that Kiwi does not know."""
    return f"{token.tag.partition('-')[0]}{'?' if token.oov else ''}"
