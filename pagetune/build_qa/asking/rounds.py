"""The rounds in which a language model is asked, their pairs in page order, and what they covered."""

from collections import Counter
from collections.abc import Sequence

from pagetune.build_qa.asking.plan import Asked, Asking, Coverage, first_askings, next_askings
from pagetune.build_qa.passages import Passage
from pagetune.ledger import Ledger
from pagetune.params import Qa
from pagetune.records import Pair, Rejected


class Rounds:
    """Says what is asked next, and keeps what came. `by_rules` are pairs that were there before the first round."""

    def __init__(self, documents: Sequence[Sequence[Passage]], qa: Qa, by_rules: Sequence[Pair]) -> None:
        self._qa, self._by_rules = qa, by_rules
        self._passages = [passage for passages in documents for passage in passages]
        self._first = first_askings(documents, qa)
        self._asked: list[list[Asked]] = []
        #: The share of paragraphs and rows that no pair rests on, after each round.
        self._uncovered: list[float] = []

    def next(self) -> list[Asking]:
        """Return what is asked in the next round; nothing after the last one."""
        if not self._asked:
            return self._first
        if len(self._asked) >= self._qa.rounds:
            return []
        return next_askings(self._asked[-1], self._kept(), self._qa)

    def add(self, asked: list[Asked]) -> None:
        self._asked.append(asked)
        coverage = Coverage()
        coverage.add(self._kept())
        self._uncovered.append(coverage.share_uncovered(self._passages))

    def close(self, ledger: Ledger) -> list[Pair]:
        """Write the counts into the ledger and return the pairs in page order.

        Each showing of a passage counts under "passages".
        """
        every = [one for asked in self._asked for one in asked]
        silent = [one.rows for one in every if isinstance(one.rows, Rejected)]
        ledger.add("passages", len(every), len(every) - len(silent), silent)
        rows = [row for one in self._in_page_order(every) if isinstance(one.rows, list) for row in one.rows]
        pairs = [row for row in rows if isinstance(row, Pair)]
        ledger.add("questions", len(rows), len(pairs), [row for row in rows if isinstance(row, Rejected)])
        ledger.tell("asking", self._metrics(every, pairs))
        return pairs

    def _kept(self) -> list[Pair]:
        return [*self._by_rules, *(pair for asked in self._asked for one in asked for pair in one.pairs)]

    def _in_page_order(self, every: list[Asked]) -> list[Asked]:
        """Sort by document and page; of one page, what was asked first stands first."""
        order = {doc_id: n for n, doc_id in enumerate(dict.fromkeys(one.doc_id for one in self._passages))}
        return sorted(every, key=lambda one: (order[one.asking.passage.doc_id], one.asking.passage.page_number))

    def _metrics(self, every: list[Asked], pairs: list[Pair]) -> dict[str, object]:
        """Count the questions of each type that were wanted in the first round, were answered, and became pairs."""
        wanted = Counter(kind for one in self._first for kind in one.types)
        answered = Counter(kind for one in every for _, kind in one.questions)
        kept = Counter(pair.question_type for pair in pairs)
        return {
            "rounds": len(self._asked),
            "uncovered_before": self._uncovered[0] if self._uncovered else 0.0,
            "uncovered_after": self._uncovered[-1] if self._uncovered else 0.0,
            "types": {
                kind: {"wanted": wanted[kind], "answered": answered[kind], "pairs": kept[kind]}
                for kind in self._qa.question_types.shares
            },
        }
