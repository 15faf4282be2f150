"""What the page shows of a pair, as JSON: its texts, its page with the evidence marked, and why an edit is refused."""

from itertools import accumulate
from typing import Any

from pagetune.commands.review.desk import Desk
from pagetune.commands.review.words import words
from pagetune.curate.decisions import Decision
from pagetune.curate.review import Problem
from pagetune.language import tr
from pagetune.records import Page, Pair, Place
from pagetune.text.claims import holds_whole
from pagetune.text.evidence import not_proven

#: Characters of a question and an answer in the list.
_LISTED = 160
#: What stands between the cells of a row, as records.Place counts.
_BAR = " | "


def row_of(desk: Desk, position: int) -> dict[str, Any]:
    """Return a pair as the list shows it."""
    pair, outcome = desk.current(position), desk.outcome_of(position)
    return {
        "position": position,
        "question": pair.instruction[:_LISTED],
        "answer": pair.output[:_LISTED],
        "document": pair.doc_id,
        "page": pair.page_number,
        "kind": pair.kind,
        "grade": outcome.grade,
        "state": desk.state_of(position),
        "curate": outcome.reason,
    }


def pair_of(desk: Desk, position: int) -> dict[str, Any]:
    """Return all that is shown of one pair."""
    pair, page, outcome = desk.current(position), desk.page_of(position), desk.outcome_of(position)
    return row_of(desk, position) | {
        "id": pair.pair_id,
        "question": pair.instruction,
        "answer": pair.output,
        "evidence": pair.evidence,
        "second": {"page": pair.second.page_number, "text": pair.second.text} if pair.second else None,
        "references": pair.references,
        "turns": [turn.model_dump() for turn in pair.turns],
        "before": _before(desk.pairs[position], pair),
        "seen": desk.mark(position),
        "unproven": _unproven(desk, position),
        "decisions": [decided(one) for one in desk.decisions_of(position)],
        "splits": outcome.splits,
        "detail": outcome.detail,
        "source": page_of(page, pair) if page else None,
    }


def _unproven(desk: Desk, position: int) -> dict[str, Any] | None:
    """Return the texts of an edit that is not applied, and why."""
    problem, texts = desk.unproven(position), desk.wanted_texts(position)
    if problem is None or texts is None:
        return None
    return texts | {"why": problem_text(problem, texts["answer"], desk.page_of(position))}


def _before(original: Pair, shown: Pair) -> dict[str, str]:
    """Return the texts that an edit replaced."""
    texts = {"question": original.instruction, "answer": original.output, "evidence": original.evidence or ""}
    now = {"question": shown.instruction, "answer": shown.output, "evidence": shown.evidence or ""}
    return {name: text for name, text in texts.items() if text != now[name]}


def decided(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "question": decision.question,
        "document": decision.doc_id,
        "reviewer": decision.reviewer,
        "reason": decision.reason,
        "texts": [text for text in (decision.instruction, decision.output, decision.evidence) if text is not None],
    }


def page_of(page: Page, pair: Pair) -> dict[str, Any]:
    """Return the page with the place of the evidence: `mark` in its text, or the row of a table and cells in it."""
    place = pair.place
    in_text = place is not None and place.table is None
    return {
        "text": page.text,
        "mark": [place.start, place.end] if place and in_text else None,
        "tables": [
            {
                "caption": table.caption,
                "rows": table.rows,
                "row": place.row if place and place.table == number else None,
                "cells": _cells(table.rows[place.row or 0], place, pair) if place and place.table == number else [],
            }
            for number, table in enumerate(page.tables)
        ],
    }


def _cells(row: list[str], place: Place, pair: Pair) -> list[int]:
    """Return which cells of a row hold the answer; of a part of a row, those that it touches."""
    ends = list(accumulate((len(cell) + len(_BAR) for cell in row), initial=0))
    touched = [i for i, cell in enumerate(row) if ends[i] < place.end and ends[i] + len(cell) > place.start]
    if len(touched) < len(row):
        return touched
    return [
        i for i in touched if row[i].strip() and (holds_whole(pair.output, row[i]) or holds_whole(row[i], pair.output))
    ]


def meanwhile_text(decisions: list[Decision]) -> str:
    """Say what somebody else has decided, so that nothing was saved."""
    if not decisions:
        return tr(
            "The decision was withdrawn meanwhile. Nothing was saved.",
        )
    states = words()
    said = ", ".join(
        states["decided_by"].replace("{state}", states[one.decision]).replace("{name}", one.reviewer)
        for one in decisions
    )
    return tr(
        "Decided meanwhile: {said}. Nothing was saved. Look at it, and decide again if you disagree.",
        said=said,
    )


def problem_text(problem: Problem, answer: str, page: Page | None) -> str:
    """Say why an edit is not saved, and what to do."""
    if problem.reason == "too_short":
        return tr("Write a question and an answer.")
    if problem.reason == "evidence_not_on_page":
        return tr(
            "The page does not have this evidence. Copy it from the page, from its text or from one row "
            "of a table, with whole words and numbers.",
        )
    if page is None or not_proven(answer, _whole(page)):
        return tr(
            "The page does not say “{detail}”. Correct the answer, or reject the pair.",
            detail=problem.detail,
        )
    return tr(
        "The evidence does not say “{detail}”, but the page does elsewhere. Select that passage on "
        "the page and use it as the evidence.",
        detail=problem.detail,
    )


def _whole(page: Page) -> str:
    return "\n".join([page.text, *(_BAR.join(row) for table in page.tables for row in table.rows)])
