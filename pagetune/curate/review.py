"""Apply what reviewers decided: an edited answer is proved on its page once more, and nothing outdated is applied."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pagetune.curate.decisions import REVIEW, Decision, Key, by_key, key_of, named
from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.records import Page, Pair, Reason, Rejected
from pagetune.text.evidence import find_evidence, not_proven, quote

_LISTED = 5


class Problem(NamedTuple):
    """Why an edit cannot be trained on. `detail` is what the evidence does not say, or what is not on the page."""

    reason: Reason
    detail: str


@dataclass
class Reviewed:
    """`approved` are the ids of the pairs that a reviewer kept or edited; `stale` fits no pair any more.

    A decision that was withdrawn counts nowhere.
    """

    pairs: list[Pair]
    rejected: list[Rejected] = field(default_factory=list)
    approved: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    stale: list[Decision] = field(default_factory=list)
    unproven: list[tuple[Decision, Problem]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Return how many decisions there are."""
        return self.counts.total() + len(self.unproven) + len(self.stale)

    def metrics(self) -> dict[str, int]:
        names = ("keep", "edit", "reject")
        return {name: self.counts[name] for name in names} | {
            "unproven": len(self.unproven),
            "stale": len(self.stale),
        }


def apply_decisions(pairs: list[Pair], decisions: list[Decision], pages: Iterable[Page]) -> Reviewed:
    """Return the pairs as the reviewers want them; those that they rejected, or edited without proof, are rejected.

    Raise UserError where two decisions about one pair differ.
    """
    if not decisions:
        return Reviewed(pairs)
    decided, by_place = by_key(decisions), {(page.doc_id, page.page_number): page for page in pages}
    reviewed, used = Reviewed([]), set[Key]()
    for pair in pairs:
        key = key_of(pair)
        if key in decided:
            used.add(key)
            _apply(pair, only_one(decided[key]), by_place, reviewed)
        else:
            reviewed.pairs.append(pair)
    reviewed.stale = [one for one in decisions if one.key not in used and one.decision != "none"]
    return reviewed


def only_one(decisions: list[Decision]) -> Decision:
    """Return the decision. Raise UserError where there are two."""
    if len(decisions) > 1:
        both = " and ".join(map(str, sorted(decisions, key=str)))
        raise UserError(
            "{path}: {pair} has {count} decisions: {both}. Choose one in `pagetune review`, or delete the other line.",
            path=REVIEW,
            pair=named(decisions[0]),
            count=len(decisions),
            both=both,
        )
    return decisions[0]


def _apply(pair: Pair, decision: Decision, pages: dict[tuple[str, int], Page], reviewed: Reviewed) -> None:
    if decision.decision == "none":
        reviewed.pairs.append(pair)
        return
    if decision.decision == "reject":
        why = ": ".join(filter(None, (decision.reviewer, decision.reason)))
        reviewed.rejected.append(Rejected.of(pair, "rejected_by_reviewer", why))
        reviewed.counts["reject"] += 1
        return
    page = None if pair.page_number is None else pages.get((pair.doc_id, pair.page_number))
    result = edit_pair(pair, decision, page) if decision.decision == "edit" else pair
    if isinstance(result, Problem):
        reviewed.rejected.append(Rejected.of(pair, result.reason, f"edited by {decision.reviewer}: {result.detail}"))
        reviewed.unproven.append((decision, result))
        return
    reviewed.pairs.append(result)
    reviewed.approved.add(pair.pair_id)
    reviewed.counts[decision.decision] += 1


def edit_pair(pair: Pair, decision: Decision, page: Page | None) -> Pair | Problem:
    """Return the edited pair, proved on its page, or why it is not. Your own rows have no page, and need no proof."""
    question, answer = (
        pair.instruction if decision.instruction is None else _clean(decision.instruction),
        pair.output if decision.output is None else _clean(decision.output),
    )
    if not question or not answer:
        return Problem("too_short", "")
    proof = _prove(pair, answer, decision.evidence, page)
    if isinstance(proof, Problem):
        return proof
    changed: dict[str, object] = {"instruction": question, "output": answer, "judgement": None} | proof
    if question != pair.instruction:  # wordings are made of the new question
        context = pair.context if pair.context and question.startswith(pair.context) else None
        changed |= {"topic": None, "context": context}
    if answer != pair.output and pair.kind != "dialogue":  # a dialogue's other summaries stay as good as they were
        changed["references"] = []
    return pair.model_copy(update=changed)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _prove(pair: Pair, answer: str, evidence: str | None, page: Page | None) -> dict[str, object] | Problem:
    """Return the evidence with its place, or why it does not prove the answer."""
    if pair.page_number is None:
        return {}
    proof: dict[str, object] = {}
    evidence = evidence if evidence is None else _clean(evidence)
    if evidence is not None and evidence != pair.evidence:
        place = find_evidence(evidence, page) if page else None
        if place is None or page is None:
            return Problem("evidence_not_on_page", evidence)
        evidence = quote(page, place)
        proof = {"evidence": evidence, "place": place}
    second = f"\n{pair.second.text}" if pair.second else ""
    missing = not_proven(answer, f"{evidence or pair.evidence or ''}{second}")
    return Problem("not_in_evidence", missing) if missing else proof


def review_lines(reviewed: Reviewed) -> list[str]:
    """Return what to print about the decisions: how many were applied, and which were not, and why."""
    if not reviewed.total:
        return []
    applied = ", ".join(f"{name} {reviewed.counts[name]}" for name in ("keep", "edit", "reject"))
    lines = [tr("{count} decisions in {path}: {applied}", count=reviewed.total, path=REVIEW, applied=applied)]
    lines += [
        tr(
            "{path}: the edit of {pair} is not applied, and the pair is rejected ({reason}: {detail!r}). Edit it again "
            "in `pagetune review`.",
            path=REVIEW,
            pair=named(decision),
            reason=problem.reason,
            detail=problem.detail[:100],
        )
        for decision, problem in reviewed.unproven
    ]
    if stale := reviewed.stale:
        lines.append(
            tr(
                "{path}: stale, because the pair has changed or is gone, and not applied: {pairs}{more}. `pagetune "
                "review` shows them, to decide again or remove.",
                path=REVIEW,
                pairs="; ".join(map(named, stale[:_LISTED])),
                more=tr(" and {count} more", count=len(stale) - _LISTED) if len(stale) > _LISTED else "",
            )
        )
    return lines
