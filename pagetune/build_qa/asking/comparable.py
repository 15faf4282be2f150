"""Passages of one document that have something in common, so that their differences can be asked about."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from pagetune.build_qa.passages import Passage
from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words

#: How far apart two passages may stand, in passages: what belongs together stands close, and long documents stay fast.
_WINDOW = 40
#: A word of more than this share of a document's passages says nothing about two of them.
_COMMON = 0.5
#: What the columns of two tables count, and the share of words that two headings have in common.
_SAME_COLUMNS, _SIBLINGS = 1.0, 0.5
#: With less in common nothing can be compared; with more shared words and the same figures one copies the other.
_ENOUGH, _COPY = 0.25, 0.9
_NUMBERING = re.compile(r"^\W*(?:제?\s?\d+(?:의\d+)?\s?[조장절항.)]?|[가-하][.)]|[IVXⅠ-Ⅻ]+\.)")


def comparable_passages(passages: Sequence[Passage], count: int) -> list[tuple[Passage, Passage]]:
    """Return up to `count` pairs of a document's passages, those with the most in common, each passage once."""
    if not count:
        return []
    found = sorted(_candidates(passages), key=lambda pair: (-pair[0], pair[1]))
    used: set[int] = set()
    chosen: list[tuple[int, int]] = []
    for _, both in found:
        if len(chosen) < count and used.isdisjoint(both):
            used.update(both)
            chosen.append(both)
    return [(passages[one], passages[other]) for one, other in sorted(chosen)]


def _candidates(passages: Sequence[Passage]) -> Iterator[tuple[float, tuple[int, int]]]:
    """Yield each two passages that can be compared, with how much they have in common."""
    words = [content_words(passage.text) for passage in passages]
    figures = [claims(passage.text) for passage in passages]
    times = Counter(word for own in words for word in own)
    most = max(2, _COMMON * len(passages))
    telling = [frozenset(word for word in own if times[word] <= most) for own in words]
    near = ((one, other) for one in range(len(passages)) for other in range(one + 1, min(len(passages), one + _WINDOW)))
    for one, other in near:
        shared = len(words[one] & words[other]) / max(1, min(len(words[one]), len(words[other])))
        if shared > _COPY and figures[one] == figures[other]:
            continue
        smaller = max(1, min(len(telling[one]), len(telling[other])))
        common = len(telling[one] & telling[other]) / smaller + _alike(passages[one], passages[other])
        if common >= _ENOUGH and words[one] and words[other]:
            yield common, (one, other)


def _alike(one: Passage, other: Passage) -> float:
    """Return what the same columns, or headings that are siblings, add."""
    if one.header is not None and other.header is not None and normal_form(one.header):
        return _SAME_COLUMNS if normal_form(one.header) == normal_form(other.header) else 0.0
    names = [content_words(_NUMBERING.sub("", passage.section)) for passage in (one, other)]
    if not names[0] or not names[1] or normal_form(one.section) == normal_form(other.section):
        return 0.0
    return _SIBLINGS * len(names[0] & names[1]) / min(map(len, names))
