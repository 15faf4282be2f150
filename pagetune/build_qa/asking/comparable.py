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
_ENOUGH, _COPY = 0.2, 0.9
#: With fewer words, headings aside, a passage says nothing that could be compared.
_FEWEST_WORDS = 3
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
    texts = [_said(passage) for passage in passages]
    words, figures = [content_words(text) for text in texts], [claims(text) for text in texts]
    times = Counter(word for own in words for word in own)
    most = max(2, _COMMON * len(passages))
    telling = [frozenset(word for word in own if times[word] <= most) for own in words]
    fit = [number for number, own in enumerate(words) if len(own) >= _FEWEST_WORDS]
    for one, other in ((one, other) for at, one in enumerate(fit) for other in fit[at + 1 : at + _WINDOW]):
        if _share(words[one], words[other]) > _COPY and figures[one] == figures[other]:
            continue
        common = _share(telling[one], telling[other]) + _alike(passages[one], passages[other])
        if common >= _ENOUGH:
            yield common, (one, other)


def _said(passage: Passage) -> str:
    """Return a passage without its headings."""
    return "\n".join([passage.header or "", *(piece.text for piece in passage.pieces if not piece.is_heading)])


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how much two sets have in common, from 0 to 1 (Dice)."""
    return 2 * len(one & other) / max(1, len(one) + len(other))


def _alike(one: Passage, other: Passage) -> float:
    """Return what the same columns, or headings that are siblings, add."""
    if one.header is not None and other.header is not None and normal_form(one.header):
        return _SAME_COLUMNS if normal_form(one.header) == normal_form(other.header) else 0.0
    names = [content_words(_NUMBERING.sub("", passage.section)) for passage in (one, other)]
    if not names[0] or not names[1] or normal_form(one.section) == normal_form(other.section):
        return 0.0
    return _SIBLINGS * len(names[0] & names[1]) / min(map(len, names))
