"""The answers that the page shows: the question, what both models answered, and the evidence."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Literal

from pagetune.evaluate.answers import accepted_answers
from pagetune.evaluate.comparable import MODELS
from pagetune.evaluate.evaluation import set_of, sets_of
from pagetune.evaluate.explanation import Explanation, explain
from pagetune.evaluate.scoring import Scored, in_pieces
from pagetune.evaluate.sources import Sources
from pagetune.evaluate.tables import verdict
from pagetune.records import Pair, Prediction
from pagetune.report.endings import Ending, ending_of
from pagetune.text.tokenizers import make_tokenizer

#: With more cases the page gets slow on a phone.
CASES_SHOWN = 1000
#: The scores of an answer that the page needs; a question without a reference has no ROUGE-L, and no change of it.
SHOWN_SCORES = ("fact_match", "rougeL", "abstained")
#: Below this ROUGE-L a right answer looks like another one than the reference.
UNLIKE = 0.1


@dataclass(frozen=True)
class Case:
    """A question and both answers.

    `verdicts`, `fact_match` and `rougeL` are pairs (base, tuned). `pair` is None where the splits do not have it.
    `headline` is the metric by which the answer got better or worse. `reasons` explain the verdicts on both answers;
    they are empty for summaries, and before `explained`.
    """

    base: Prediction
    tuned: Prediction
    pair: Pair | None
    verdicts: tuple[str, str]
    fact_match: tuple[float, float]
    rougeL: tuple[float, float]
    headline: str
    reasons: tuple[Explanation, ...] = ()

    @property
    def set(self) -> str:
        return set_of(self.tuned)

    @property
    def question(self) -> str:
        return self.pair.instruction if self.pair else self.tuned.prompt

    @property
    def by_facts(self) -> bool:
        """Tell whether the facts of a reference decide what is right: neither its letters nor that there is none."""
        return self.tuned.answerable and self.tuned.check == "fact"

    @property
    def references(self) -> list[str]:
        return accepted_answers(self.tuned)

    @property
    def moved(self) -> Literal["better", "worse", "same"]:
        """Return how the headline changed, as metrics/eval.json counts it."""
        return "better" if self.change > 0 else "worse" if self.change < 0 else "same"

    @property
    def change(self) -> float:
        return self.rouge_change if self.headline == "rougeL" else self.fact_match[1] - self.fact_match[0]

    @property
    def rouge_change(self) -> float:
        return self.rougeL[1] - self.rougeL[0]

    @property
    def endings(self) -> tuple[Ending, Ending]:
        """Return how both answers end."""
        return ending_of(self.base), ending_of(self.tuned)

    @property
    def doubts(self) -> tuple[str, str]:
        """Return for each answer what keeps it from looking good where it is right: how it ends, or its words."""
        before, after = (
            ending or ("unlike" if unlike else "") for ending, unlike in zip(self.endings, self.unlike, strict=True)
        )
        return before, after

    @property
    def unlike(self) -> tuple[bool, bool]:
        """Tell for each answer whether it is right in words that hardly are the reference's."""
        before, after = (
            bool(self.reasons) and fact_match > 0 and rouge < UNLIKE
            for fact_match, rouge in zip(self.fact_match, self.rougeL, strict=True)
        )
        return before, after


def all_cases(
    answers: dict[str, list[Prediction]],
    per_example: Iterable[dict[str, str]],
    pairs: Iterable[Pair],
    headline: str,
) -> list[Case]:
    """Return every question that is scored, the largest change first. Those that decided when to stop are not.

    `per_example` are CSV rows, `pairs` the pairs of the splits.
    """
    scores = {(row["model"], row["set"], row["pair_id"]): row for row in per_example}
    known = {pair.pair_id: pair for pair in pairs}
    both = zip(*(answers[model] for model in MODELS), strict=True)
    cases = [
        _case(base, tuned, scores, known.get(tuned.pair_id), headline)
        for base, tuned in both
        if ("tuned", set_of(tuned), tuned.pair_id) in scores
    ]
    places = {name: place for place, name in enumerate(sets_of(answers["tuned"]))}
    return sorted(cases, key=lambda case: (*_order(case), places[case.set]))


def _case(
    base: Prediction,
    tuned: Prediction,
    scores: dict[tuple[str, str, str], dict[str, str]],
    pair: Pair | None,
    headline: str,
) -> Case:
    before, after = (
        {name: float(scores[model, set_of(row), row.pair_id][name] or 0) for name in SHOWN_SCORES}
        for model, row in zip(MODELS, (base, tuned), strict=True)
    )
    return Case(
        base=base,
        tuned=tuned,
        pair=pair,
        verdicts=(_verdict(before, headline), _verdict(after, headline)),
        fact_match=(before["fact_match"], after["fact_match"]),
        rougeL=(before["rougeL"], after["rougeL"]),
        headline=headline,
    )


def _verdict(scores: dict[str, float], headline: str) -> str:
    """Return right, wrong or abstains for an answer; a summary is neither, and gets its ROUGE-L."""
    return f"ROUGE-L {scores['rougeL']:.2f}" if headline == "rougeL" else verdict(scores)


def _order(case: Case) -> tuple[float, bool, float]:
    """Return the sort key: the largest change first and, of equal changes, those for the worse, which matter most."""
    return -abs(case.change), case.change >= 0, -abs(case.rouge_change)


def choose_cases(cases: list[Case], limit: int = CASES_SHOWN) -> list[Case]:
    """Return at most `limit` cases in their order.

    They are taken from every set, and from better, worse and same, in turn, so that no group is crowded out.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, case in enumerate(cases):
        groups[case.set, case.moved].append(index)
    in_turn = [index for index in chain.from_iterable(zip_longest(*groups.values())) if index is not None]
    return [cases[index] for index in sorted(in_turn[:limit])]


def explained(cases: list[Case], sources: Sources, tokenizer: str) -> list[Case]:
    """Return the cases with the reasons of their verdicts, from the same sources as `evaluate` had.

    Summaries have no verdict, and no reasons; nor have answers that are not judged by facts.
    """
    if any(case.headline != "fact_match" for case in cases):
        return cases
    cut = make_tokenizer(tokenizer)
    rows = [
        Scored(row.prediction, case.references, case.question, sources.evidence_for(row), sources.page_for(row))
        for case in cases
        for row in (case.base, case.tuned)
        if case.by_facts
    ]
    reasons = (explain(row, cut) for row in in_pieces(rows, cut, tokenizer))
    return [replace(case, reasons=(next(reasons), next(reasons))) if case.by_facts else case for case in cases]


def right_answers(per_example: Iterable[dict[str, str]]) -> dict[str, dict[str, int]]:
    """Count the right answers by model or control, and by set."""
    counts: dict[str, dict[str, int]] = defaultdict(Counter)
    for row in per_example:
        counts[row["model"]][row["set"]] += float(row["fact_match"]) > 0
    return counts
