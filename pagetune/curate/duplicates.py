"""Pairs that say the same thing: exact duplicates, contradictions, near-duplicate families, the same fact."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from pagetune.curate.minhash import similar_pairs
from pagetune.curate.rows import Asked
from pagetune.curate.shingles import similarity
from pagetune.records import Pair, Rejected
from pagetune.text.claims import Claims, claims, normal_form
from pagetune.text.negation import contradict

#: Pairs of its family that a pair is compared with at most, since a family may be long.
COMPARED = 8
_SHORT_ANSWER = 8
_COPULA = re.compile(r"(?:입니다|이다|이에요|예요|임)?[.]?$")
#: In front of what both answers share, these name something more: 본관과 별관.
_MORE = re.compile(r",|[와과] |및|또는|이나 |\band\b|\bor\b")


class Groups:
    """Positions that belong together, transitively (a union-find)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))
        self._roots: Any = None

    def root(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index

    def join(self, one: int, other: int) -> None:
        self._parent[self.root(other)] = self.root(one)
        self._roots = None

    def joined(self, left: Any, right: Any) -> Any:
        """Tell for arrays of positions which pairs belong together already."""
        if self._roots is None:
            self._roots = np.array(self._parent)
            while not np.array_equal(above := self._roots[self._roots], self._roots):
                self._roots = above
        same: Any = self._roots[left] == self._roots[right]
        return same

    def members(self) -> list[list[int]]:
        """Return every group, in the order of its first member."""
        groups: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._parent)):
            groups[self.root(index)].append(index)
        return list(groups.values())


def without_duplicates(pairs: list[Pair]) -> tuple[list[Pair], list[Rejected]]:
    """Keep the first of the pairs that ask and answer the same, and none of those that answer one question differently.

    An answer that says the same in more or fewer words (서울시 1로, 주소는 서울시 1로입니다) becomes a reference.
    """
    by_question: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_question[normal_form(pair.asked)].append(pair)
    kept: list[Pair] = []
    rejected: list[Rejected] = []
    for first, *others in by_question.values():
        outputs = {normal_form(pair.output): pair.output for pair in (first, *others)}
        if all(_agree(one, other) for one, other in combinations(outputs.values(), 2)):
            kept.append(_with_references(first, others))
            rejected += [Rejected.of(pair, "duplicate", where(first)) for pair in others]
        else:
            rejected += _contradictions([first, *others])
    return kept, rejected


def _agree(one: str, other: str) -> bool:
    """Tell whether two answers say the same.

    They do if they are the same, or if one is the end of the other, "입니다" left out, and both state the same numbers
    and deny the same. 서울시 1로 is 주소는 서울시 1로입니다, but 공개 is not 비공개, 본관 is not 본관과 별관, and
    1층 is not 11층.
    """
    left, right = sorted((one.strip(), other.strip()), key=len)
    if normal_form(left) == normal_form(right):
        return True
    core = _COPULA.sub("", left).rstrip(" .")
    ends = re.search(rf"(?:^|\s){re.escape(core)}{_COPULA.pattern}", right) if len(core) > 1 else None
    if ends is None or claims(one) != claims(other) or _MORE.search(right[: ends.start() + 1]):
        return False
    return not contradict(one, other)  # last, since it looks at morphemes


def _with_references(first: Pair, others: list[Pair]) -> Pair:
    known = [normal_form(first.output), *map(normal_form, first.references)]
    more = {pair.output: None for pair in others if normal_form(pair.output) not in known}
    return first.model_copy(update={"references": [*first.references, *more]}) if more else first


def _contradictions(same: list[Pair]) -> Iterator[Rejected]:
    """Reject each pair with the first answer that says something else, and where that is."""
    for pair in same:
        other = next((row for row in same if not _agree(row.output, pair.output)), None)
        yield Rejected.of(pair, "contradiction", f"{where(other)}: {other.output}" if other else None)


def where(pair: Pair) -> str:
    return f"{pair.doc_id}, page {pair.page_number}" if pair.page_number else pair.doc_id


def compared_text(pair: Asked) -> str:
    """Return the question and the answer in normal form; the question without the document that it names."""
    question = pair.compared.replace(pair.context, "") if pair.context else pair.compared
    return f"{normal_form(question)}\n{normal_form(pair.output)}"


def _join_same_exchanges(pairs: list[Pair], groups: Groups) -> None:
    """Join pairs that ask and answer the same after other beginnings of a conversation.

    A short answer (네) may be that to any question that needs what was said before it.
    """
    first: dict[tuple[str, str], int] = {}
    for index, pair in enumerate(pairs if any(pair.turns for pair in pairs) else []):
        if len(pair.output) > _SHORT_ANSWER:
            same = first.setdefault((normal_form(pair.instruction), normal_form(pair.output)), index)
            if same != index:
                groups.join(same, index)


def families(pairs: list[Pair], threshold: float) -> list[list[Pair]]:
    """Group pairs whose question and answer share at least `threshold` of their shingles (Jaccard), transitively."""
    texts = [compared_text(pair) for pair in pairs]
    groups = Groups(len(pairs))
    for left, right in similar_pairs(texts, threshold, groups.joined):
        if groups.root(left) != groups.root(right) and similarity(texts[left], texts[right]) >= threshold:
            groups.join(left, right)
    _join_same_exchanges(pairs, groups)
    return [[pairs[index] for index in members] for members in groups.members()]


def near_duplicates(family: list[Pair], threshold: float) -> dict[str, Pair]:
    """Return pair_id -> the earlier pair that asks and answers the same in nearly the same words.

    Pairs that differ in a number or in what they deny say different things, however many letters they share.
    """
    repeated: dict[str, Pair] = {}
    kept: dict[tuple[Claims, Claims], list[Pair]] = defaultdict(list)
    for pair in family if len(family) > 1 else []:
        same_numbers = kept[claims(pair.asked), claims(pair.output)]
        first = next((row for row in same_numbers[:COMPARED] if _is_near(row, pair, threshold)), None)
        if first:
            repeated[pair.pair_id] = first
        else:
            same_numbers.append(pair)
    return repeated


def _is_near(one: Pair, other: Pair, threshold: float) -> bool:
    both = ((one.asked, other.asked), (one.output, other.output))
    return (
        _same_words(one.asked, other.asked)
        and all(similarity(normal_form(left), normal_form(right)) >= threshold for left, right in both)
        and not any(contradict(left, right) for left, right in both)  # last, since it looks at morphemes
    )


def _same_words(one: str, other: str) -> bool:
    """Tell whether questions only differ in endings: 수 있나요 and 수가 있나요, but not 입문 과정 and 심화 과정."""
    left, right = ({word.strip("?.!") for word in text.split()} for text in (one, other))
    return set(map(_without_ending, left - right)) == set(map(_without_ending, right - left))


def without_endings(text: str) -> frozenset[str]:
    """Return the words of `text` without what may be an ending. They agree wherever `_same_words` holds."""
    return frozenset(_without_ending(word.strip("?.!")) for word in text.split())


def _without_ending(word: str) -> str:
    """Return `word` without what may be an ending: its last letter, or the last two of more than three."""
    return word[: max(1, len(word) - 1 - (len(word) > 3))]


def fact_ids(family_groups: Iterable[list[Pair]]) -> dict[str, str]:
    """Return pair_id -> the id of its fact.

    Pairs state the same fact if they are of one family, or if their evidence overlaps and one has the other's answer.
    """
    family_list = list(family_groups)
    groups = Groups(len(family_list))
    by_place: dict[tuple[object, ...], list[tuple[int, int, str, int]]] = defaultdict(list)
    for number, family in enumerate(family_list):
        for pair in family:
            for page_number, place in pair.places:
                key = (pair.doc_id, page_number, place.table, place.row)
                by_place[key].append((place.start, place.end, normal_form(pair.output), number))
    for spans in by_place.values():
        _join_overlapping(sorted(spans), groups)
    fact_of: dict[str, str] = {}
    for members in groups.members():
        ids = [pair.pair_id for number in members for pair in family_list[number]]
        fact_of |= dict.fromkeys(ids, min(ids))
    return fact_of


def _join_overlapping(spans: list[tuple[int, int, str, int]], groups: Groups) -> None:
    """Join the groups whose spans overlap and whose answers hold one another.

    `spans` are (start, end, answer, group), sorted.
    """
    open_spans: list[tuple[int, str, int]] = []
    for start, end, answer, number in spans:
        open_spans = [span for span in open_spans if span[0] > start]
        for _, other, group in open_spans:
            if answer in other or other in answer:
                groups.join(group, number)
        open_spans.append((end, answer, number))
