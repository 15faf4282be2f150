"""Pairs that say the same thing: exact duplicates, contradictions, near-duplicate families, the same fact."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from pagetune.claims import Claims, claims, normal_form
from pagetune.curate.minhash import similar_pairs, similarity
from pagetune.records import Pair, Rejected

#: A row is compared with so many others of its family that state the same numbers; a family of copies is long.
COMPARED = 8
_NEGATION = re.compile(r"않|아니|없|못|불가|금지|\bnot\b|\bno\b|\bnever\b|n't\b", re.IGNORECASE)


class Groups:
    """Positions that belong together, transitively (a union-find)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index

    def join(self, one: int, other: int) -> None:
        self._parent[self.root(other)] = self.root(one)

    def members(self) -> list[list[int]]:
        """Every group, in the order of its first member."""
        groups: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._parent)):
            groups[self.root(index)].append(index)
        return list(groups.values())


def without_duplicates(pairs: list[Pair]) -> tuple[list[Pair], list[Rejected]]:
    """Of the same question with the same answer the first is kept; of the same question with different answers none."""
    by_question: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_question[normal_form(pair.instruction)].append(pair)
    kept: list[Pair] = []
    rejected: list[Rejected] = []
    for same in by_question.values():
        if len({normal_form(pair.output) for pair in same}) > 1:
            rejected += _contradictions(same)
        else:
            kept.append(same[0])
            rejected += [Rejected.of(pair, "duplicate", where(same[0])) for pair in same[1:]]
    return kept, rejected


def _contradictions(same: list[Pair]) -> Iterator[Rejected]:
    """Each names the first that says something else, and where."""
    for pair in same:
        other = next(row for row in same if normal_form(row.output) != normal_form(pair.output))
        yield Rejected.of(pair, "contradiction", f"{where(other)}: {other.output}")


def where(pair: Pair) -> str:
    return f"{pair.doc_id}, page {pair.page_number}" if pair.page_number else pair.doc_id


def families(pairs: list[Pair], threshold: float) -> list[list[Pair]]:
    """Group pairs whose question and answer share at least `threshold` of their shingles (Jaccard), transitively."""
    texts = [f"{normal_form(pair.instruction)}\n{normal_form(pair.output)}" for pair in pairs]
    groups = Groups(len(pairs))
    for left, right in similar_pairs(texts, threshold):
        if groups.root(left) != groups.root(right) and similarity(texts[left], texts[right]) >= threshold:
            groups.join(left, right)
    return [[pairs[index] for index in members] for members in groups.members()]


def near_duplicates(family: list[Pair], threshold: float) -> dict[str, Pair]:
    """pair_id -> the earlier pair that asks and answers the same in nearly the same words, with the same numbers."""
    repeated: dict[str, Pair] = {}
    kept: dict[tuple[Claims, Claims, int], list[Pair]] = defaultdict(list)
    for pair in family if len(family) > 1 else []:
        same_numbers = kept[_statement(pair)]
        first = next((row for row in same_numbers[:COMPARED] if _is_near(row, pair, threshold)), None)
        if first:
            repeated[pair.pair_id] = first
        else:
            same_numbers.append(pair)
    return repeated


def _statement(pair: Pair) -> tuple[Claims, Claims, int]:
    """Pairs that differ here say different things, however many letters they share."""
    negations = _NEGATION.findall(f"{pair.instruction} {pair.output}")
    return claims(pair.instruction), claims(pair.output), len(negations)


def _is_near(one: Pair, other: Pair, threshold: float) -> bool:
    return _same_words(one.instruction, other.instruction) and all(
        similarity(normal_form(left), normal_form(right)) >= threshold
        for left, right in ((one.instruction, other.instruction), (one.output, other.output))
    )


def _same_words(one: str, other: str) -> bool:
    """Whether questions differ in endings alone: 수 있나요 and 수가 있나요, but not 입문 과정 and 심화 과정."""
    left, right = set(one.split()), set(other.split())
    return {word[0] for word in left - right} == {word[0] for word in right - left}


def facts(family_groups: Iterable[list[Pair]]) -> dict[str, str]:
    """pair_id -> the id of its fact: pairs of one family, and pairs with one answer from overlapping evidence."""
    family_list = list(family_groups)
    groups = Groups(len(family_list))
    by_answer: dict[tuple[object, ...], list[tuple[int, int, int]]] = defaultdict(list)
    for number, family in enumerate(family_list):
        for pair in family:
            if pair.place:
                key = (pair.doc_id, pair.page_number, pair.place.table, pair.place.row, normal_form(pair.output))
                by_answer[key].append((pair.place.start, pair.place.end, number))
    for spans in by_answer.values():
        _join_overlapping(sorted(spans), groups)
    return {
        pair.pair_id: min(pair.pair_id for number in members for pair in family_list[number])
        for members in groups.members()
        for number in members
        for pair in family_list[number]
    }


def _join_overlapping(spans: list[tuple[int, int, int]], groups: Groups) -> None:
    """`spans` are sorted (start, end, group)."""
    reached, last = -1, -1
    for start, end, number in spans:
        if start < reached:
            groups.join(last, number)
        if end > reached:
            reached, last = end, number
