"""The best passages for each question, by BM25 and, where there is an encoder, by the meaning of whole texts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from pagetune.records import FoundPassage
from pagetune.search.encoder import Encoder
from pagetune.search.index import Index, Ranking, best
from pagetune.search.passages import Passage

#: Passages that a ranking hands on; the first of them that do not overlap are taken.
CANDIDATES = 100
#: The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, SIGIR, p. 758).
FUSION = 60
#: The share of a passage that a better one may have in common with it.
_SHARED = 0.5


class Search:
    """Passages, and whatever ranks them. `saved` is the folder of an index that was saved, as for `Index`."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder | None = None, saved: Path | None = None) -> None:
        self.passages = passages
        self.encoder = encoder
        self.index = Index(passages, saved)
        texts = ["\n".join(passage.searched) for passage in passages]
        self._vectors = encoder.encode(texts, encoder.passage_prefix) if encoder else None

    def find(self, questions: Sequence[str], count: int) -> Iterator[list[FoundPassage]]:
        """Yield the `count` best passages for each question, fewer where no more have anything of it."""
        vectors = self.encoder.encode(questions, self.encoder.question_prefix) if self.encoder else None
        for number, question in enumerate(questions):
            ranking = best(self.index.scores(question), CANDIDATES)
            if vectors is not None:
                near = (self._vectors @ vectors[number]).round(4)
                ranking = fuse([ranking, best(near, CANDIDATES)])
            yield [_found(self.passages[at], score) for at, score in self._apart(ranking, count)]

    def _apart(self, ranking: Ranking, count: int) -> Ranking:
        """Return the first passages of a ranking without those that say much of what a better one has said."""
        taken: Ranking = []
        for number, score in ranking:
            if len(taken) == count:
                break
            if not any(_overlap(self.passages[number], self.passages[better]) for better, _ in taken):
                taken.append((number, score))
        return taken


def fuse(rankings: Sequence[Ranking]) -> Ranking:
    """Return the rankings as one, by the sum of their reciprocal ranks."""
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, (number, _) in enumerate(ranking, 1):
            scores[number] += 1 / (FUSION + rank)
    rounded = {number: round(score, 6) for number, score in scores.items()}
    return sorted(rounded.items(), key=lambda one: (-one[1], one[0]))


def _overlap(one: Passage, other: Passage) -> bool:
    if (one.doc_id, one.page_number, one.place.table, one.place.row) != (
        other.doc_id,
        other.page_number,
        other.place.table,
        other.place.row,
    ):
        return False
    shared = min(one.place.end, other.place.end) - max(one.place.start, other.place.start)
    return shared > _SHARED * (one.place.end - one.place.start)


def _found(passage: Passage, score: float) -> FoundPassage:
    return FoundPassage(
        doc_id=passage.doc_id,
        page_number=passage.page_number,
        place=passage.place,
        score=round(score, 6),
        above=list(passage.above),
        text=passage.text,
    )
