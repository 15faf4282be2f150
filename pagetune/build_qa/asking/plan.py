"""What is asked in each round: first about every passage, then about what no pair rests on yet."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pagetune.build_qa.asking.comparable import comparable_passages
from pagetune.build_qa.asking.question_types import OF_ONE_PASSAGE, comparisons_wanted, plan_types
from pagetune.build_qa.asking.topics import topics_of, topics_of_pair
from pagetune.build_qa.passages import Passage, Piece
from pagetune.params import Qa
from pagetune.records import Pair, Place, QuestionType, Rejected

_WORD = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True)
class Asking:
    """A request for questions: the passage that is shown, how many of which type, and what was asked about it before.

    A comparison shows two passages. A passage that gives orders to the model has no types, and is not asked about.
    """

    passage: Passage
    types: tuple[QuestionType, ...]
    topics: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    beside: Passage | None = None

    def wanted(self) -> dict[str, object]:
        """Return what a prompt says of it: the types, how many of each, the topics and the questions of before."""
        counts = Counter(self.types)
        return {
            "count": len(self.types),
            "types": list(counts),
            "wanted": [{"type": name, "count": count} for name, count in counts.items()],
            "topics": list(self.topics),
            "before": list(self.before),
        }


@dataclass(frozen=True)
class Asked:
    """What became of an asking: the questions that were answered, and a row for each that was written.

    `rows` is the rejected passage where no question came.
    """

    asking: Asking
    questions: tuple[tuple[str, QuestionType], ...]
    rows: Rejected | list[Pair | Rejected]

    @property
    def pairs(self) -> list[Pair]:
        return [row for row in self.rows if isinstance(row, Pair)] if isinstance(self.rows, list) else []


def quota(passage: Passage, qa: Qa) -> int:
    """Return how many questions the passage gets at most."""
    return min(qa.max_questions_per_passage, -(-len(passage.text) // qa.characters_per_question))


def first_askings(documents: Iterable[Sequence[Passage]], qa: Qa) -> list[Asking]:
    """Return an asking for each passage, in order, and after those of a document its comparisons."""
    return [asking for passages in documents for asking in _ask_about_document(passages, qa)]


def _ask_about_document(passages: Sequence[Passage], qa: Qa) -> list[Asking]:
    shares = qa.question_types.shares
    quotas = [0 if passage.order else quota(passage, qa) for passage in passages]
    planned = plan_types([passage.text for passage in passages], quotas, shares)
    alone = any(shares[name] for name in OF_ONE_PASSAGE)
    found = [
        Asking(passage, types, topics_of(passage, qa.topics))
        for passage, types in zip(passages, planned, strict=True)
        if alone or passage.order
    ]
    wanted = comparisons_wanted(sum(quotas), shares)
    both = comparable_passages([passage for passage in passages if not passage.order], wanted)
    return found + [Asking(one, ("comparison",), beside=other) for one, other in both]


@dataclass
class Coverage:
    """What the kept pairs rest on, by document and page, and which pieces of the passages they leave out."""

    places: dict[tuple[str, int], list[Place]] = field(default_factory=lambda: defaultdict(list))

    def add(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            for page_number, place in pair.places:
                self.places[pair.doc_id, page_number].append(place)

    def uncovered(self, passage: Passage) -> tuple[Piece, ...]:
        """Return the paragraphs and rows that no kept pair's evidence touches."""
        places = self.places[passage.doc_id, passage.page_number]
        return tuple(
            piece
            for piece in passage.pieces
            if _says_something(piece) and not any(touches(piece.place, place) for place in places)
        )

    def share_uncovered(self, passages: Iterable[Passage]) -> float:
        """Return the share of the paragraphs and rows that no kept pair rests on."""
        asked = [passage for passage in passages if not passage.order]
        whole = sum(_says_something(piece) for passage in asked for piece in passage.pieces)
        return round(sum(len(self.uncovered(passage)) for passage in asked) / whole, 4) if whole else 0.0


def _says_something(piece: Piece) -> bool:
    """Tell whether a piece can be asked about: a row, or text that is neither a heading nor a page number."""
    return piece.place.table is not None or (not piece.is_heading and _WORD.search(piece.text) is not None)


def touches(one: Place, other: Place) -> bool:
    """Tell whether two places of a page overlap: in its text, or in the same row of a table."""
    return (one.table, one.row) == (other.table, other.row) and one.start < other.end and other.start < one.end


def next_askings(asked: Sequence[Asked], kept: Sequence[Pair], qa: Qa) -> list[Asking]:
    """Return what is asked in the next round about the passages of the last one, `kept` being all pairs so far.

    A passage is shown again if it gave questions but fewer pairs than its types, and then only with the paragraphs and
    rows that no kept pair rests on. A topic that has a pair is not asked for again.
    """
    coverage = Coverage()
    coverage.add(kept)
    met = {topic for pair in kept for topic in topics_of_pair(pair, qa.topics)}
    found = []
    for one in asked:
        left = coverage.uncovered(one.asking.passage)
        types = _types_left(one)
        if one.asking.beside or not one.questions or not types or not left:
            continue
        shown = replace(one.asking.passage, pieces=left)
        before = (*one.asking.before, *(text for text, _ in one.questions))
        topics = tuple(topic for topic in topics_of(shown, one.asking.topics) if topic not in met)
        found.append(Asking(shown, types[: quota(shown, qa)], topics, before))
    return found


def _types_left(one: Asked) -> tuple[QuestionType, ...]:
    """Return the types of an asking that are still wanted: as many as pairs are missing, those without a pair first."""
    missing = len(one.asking.types) - len(one.pairs)
    kept = Counter(pair.question_type for pair in one.pairs)
    left: list[QuestionType] = []
    for name in one.asking.types:
        if kept[name]:
            kept[name] -= 1
        else:
            left.append(name)
    return tuple(left[: max(0, missing)])
