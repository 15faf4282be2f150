"""The evidence gate of ask, chat and serve: an answer that no page states is not shown as one (`ask.unsupported`)."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pagetune.commands.sources import TRAINED, Sources
from pagetune.jsonl import read_records
from pagetune.language import tr
from pagetune.params import Params
from pagetune.records import Page, Pair
from pagetune.search.index import SAVED
from pagetune.search.passages import Passage
from pagetune.search.support import Evidence, Support, nothing_found
from pagetune.text.claims import normal_form
from pagetune.text.refusal import abstains

PAGES = Path("data/pages.jsonl")


@dataclass(frozen=True)
class Checked:
    """What is shown of an answer, and what is said about it: None where a page supports it or nothing was looked up."""

    text: str
    note: str | None
    support: Support | None

    @classmethod
    def unseen(cls, text: str) -> "Checked":
        """Return an answer that was not looked up."""
        return cls(text, None, None)


class Gate:
    """The readable pages of the project, and what becomes of answers that they do not support.

    `rows` are the trained pairs that come from no page, a user's own: what they answer is not held back.
    """

    def __init__(self, pages: list[Page], unsupported: str, rows: Sequence[Pair] = ()) -> None:
        self.pages = {(page.doc_id, page.page_number): page for page in pages if page.status == "ok"}
        self._rows = Sources(list(rows), [])
        self.unsupported = unsupported if self.pages else "show"

    @classmethod
    def read(cls, params: Params) -> "Gate":
        """Read the project's pages. Without any that is readable, every answer is shown."""
        pages = read_records(PAGES, Page) if PAGES.exists() else []
        trained = read_records(TRAINED, Pair) if TRAINED.exists() else []
        return cls(pages, params.ask.unsupported, [pair for pair in trained if pair.page_number is None])

    @property
    def holds_back(self) -> bool:
        """Tell whether an answer may be shown only after it was looked up."""
        return self.unsupported == "refuse"

    @cached_property
    def evidence(self) -> Evidence:
        return Evidence(list(self.pages.values()), SAVED)

    def check(self, question: str, answer: str) -> Checked:
        """Look an answer up, and return what is shown of it."""
        if self.unsupported == "show" or abstains(answer) or self._is_in_a_row(question, answer):
            return Checked.unseen(answer)
        support = self.evidence.support(question, answer)
        if support.verdict == "supported":
            return Checked(answer, None, support)
        if self.holds_back:
            return Checked(nothing_found(question), _held_back(), support)
        return Checked(answer, _warning(support), support)

    def support(self, question: str, answer: str) -> Support | None:
        """Return where the pages state an answer; None without pages, and where a row of the user's has it."""
        looked_up = self.pages and not self._is_in_a_row(question, answer)
        return self.evidence.support(question, answer) if looked_up else None

    def _is_in_a_row(self, question: str, answer: str) -> bool:
        """Tell whether the row whose question is most like this one has this answer."""
        like = self._rows.of(question)
        return like is not None and normal_form(like.pair.output) == normal_form(answer)


def _held_back() -> str:
    return tr(
        "no page states what the model answered; with ask.unsupported: warn it is shown",
    )


def _warning(support: Support) -> str:
    if support.verdict == "contradicted" and support.passage:
        place = place_of(support.passage)
        return tr(
            "{place} says otherwise: {passage}",
            place=place,
            passage=_short(support.passage),
        )
    return tr("no page states this")


def place_of(passage: Passage) -> str:
    number = passage.page_number
    return tr("{doc_id}, page {number}", doc_id=passage.doc_id, number=number)


def _short(passage: Passage) -> str:
    return " ".join(passage.text.split())[:200]


def support_lines(support: Support) -> list[str]:
    """Return the passage that the verdict rests on as lines for a terminal."""
    if support.passage is None:
        return [tr("source: no page is about this")]
    return [
        f"{_heading(support)}: {place_of(support.passage)}",
        *(f"  {line}" for line in support.passage.text.splitlines()),
    ]


def _heading(support: Support) -> str:
    if support.verdict == "supported":
        return tr("source")
    if support.verdict == "contradicted":
        return tr("the page that says otherwise")
    return tr("no page states the answer; the nearest one")


def support_html(support: Support, pages: dict[tuple[str, int], Page]) -> str:
    """Return the page's text as HTML with the passage marked; the text itself is escaped."""
    if support.passage is None:
        return f"<p>{html.escape(support_lines(support)[0])}</p>"
    passage = support.passage
    text, place = pages[passage.doc_id, passage.page_number].text, passage.place
    before, marked, after = text[: place.start], text[place.start : place.end], text[place.end :]
    if place.table is not None:  # a table's rows are not in the text
        before, marked, after = "", passage.text, f"\n\n{text}"
    head = f"<p><b>{html.escape(_heading(support))}: {html.escape(place_of(passage))}</b></p>"
    return f"{head}<pre>{html.escape(before)}<mark>{html.escape(marked)}</mark>{html.escape(after)}</pre>"
