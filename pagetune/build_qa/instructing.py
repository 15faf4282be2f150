"""The parts of a document that give orders to a language model: no question is asked about them or what stands beside.

Whoever hides an order in a document also hides there what the model should say. So the section that gives an order is
set aside as a whole. If the order drops earlier instructions or speaks to a model, the sections beside it and the
tables of its page are set aside too; an order that only dictates a claim has that claim with it. A document whose name
gives an order is set aside altogether. This holds for the rules too, which would ask about the same false claim.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pagetune.build_qa.draft import Document, Paragraph, Span
from pagetune.language import tr
from pagetune.records import Page, Place, Rejected, Table
from pagetune.text.instructions import find_order, instructs_a_model

#: Characters of an order that are shown.
_SHOWN = 120
#: The most paragraphs that give an order together, and the characters of a short one.
_MOST_TOGETHER = 4
_SHORT = 30
#: A letter or a sign, which blanks replace.
_SEEN = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Orders:
    """What is set aside of a document, and the order because of which: all of it where its name gives one."""

    in_name: str | None
    spans: list[tuple[Span, str]]

    def spoil(self, page_number: int, place: Place) -> str | None:
        """Return the order that spoils what stands at a place, or None."""
        found = (order for span, order in self.spans if span.page_number == page_number and _touches(span, place))
        return self.in_name or next(found, None)


def without_orders(page: Page, orders: Orders) -> Page:
    """Return the page with spaces for the letters of all that is set aside, so that every place stays where it was."""
    if orders.in_name:
        return _blank(page, [Span(page.page_number, None, 0, len(page.text))], set(range(len(page.tables))))
    own = [span for span, _ in orders.spans if span.page_number == page.page_number]
    texts, tables = [one for one in own if one.table is None], {one.table for one in own if one.table is not None}
    return _blank(page, texts, tables) if own else page


def _blank(page: Page, spans: list[Span], tables: set[int]) -> Page:
    text = page.text
    for span in spans:
        text = text[: span.start] + _SEEN.sub(" ", text[span.start : span.end]) + text[span.end :]
    shown = [_blank_table(table) if number in tables else table for number, table in enumerate(page.tables)]
    return page.model_copy(update={"text": text, "tables": shown})


def _blank_table(table: Table) -> Table:
    rows = [[_SEEN.sub(" ", cell) for cell in row] for row in table.rows]
    return table.model_copy(update={"caption": _SEEN.sub(" ", table.caption), "rows": rows})


def order_lines(rejected: list[Rejected]) -> list[str]:
    """Return a line about each page on which something was set aside, with the order."""
    found: dict[tuple[str, int | None], list[str]] = {}
    for row in rejected:
        if row.reason == "instructs_the_model":
            found.setdefault((row.doc_id, row.page_number), []).append(row.detail or "")
    return [
        tr(
            "{doc_id}, page {page}: a language model is given orders there ({order!r}). {count}.",
            doc_id=doc_id,
            page=page,
            order=orders[0],
            count=tr("1 passage or pair is not used")
            if len(orders) == 1
            else tr("{count} passages and pairs are not used", count=len(orders)),
        )
        for (doc_id, page), orders in found.items()
    ]


def _touches(span: Span, place: Place) -> bool:
    if place.table is not None or span.table is not None:
        return place.table == span.table
    return span.start < place.end and place.start < span.end


@dataclass(frozen=True)
class _Order:
    text: str
    #: It makes what stands beside it suspect, too.
    spreads: bool


def find_orders(document: Document) -> Orders:
    """Return what a document says to a language model, in its name, its paragraphs and its tables."""
    names = {document.title, document.pages[0].doc_id}
    in_name = next((name[:_SHOWN] for name in sorted(names) if instructs_a_model(name)), None)
    ordering = _ordering_paragraphs(document.paragraphs)
    runs = [list(run) for _, run in groupby(document.paragraphs, key=lambda one: (one.page_number, one.section))]
    found = list(_spoiled_runs(runs, ordering))
    spread = {span.page_number: order.text for span, order in reversed(found) if order.spreads}
    spans = [(span, order.text) for span, order in found]
    for page in document.pages:
        spans += _spoiled_tables(page, spread.get(page.page_number))
    return Orders(in_name, spans)


def _read_order(text: str) -> _Order | None:
    order = find_order(text)
    return _Order(text[:_SHOWN], spreads=order != "dictates") if order else None


def _ordering_paragraphs(paragraphs: list[Paragraph]) -> dict[tuple[int, int], _Order]:
    """Return the orders by (page, start), also those that two paragraphs, or several short ones, give together."""
    found = {_key(one): order for one in paragraphs if (order := _read_order(one.text))}
    for count in range(2, _MOST_TOGETHER + 1):
        for start in range(len(paragraphs) - count + 1):
            together = paragraphs[start : start + count]
            if count > 2 and any(len(one.text) > _SHORT for one in together):
                continue
            apart = all(_key(one) not in found for one in together)
            if apart and (order := _read_order(" ".join(one.text for one in together))):
                found |= dict.fromkeys(map(_key, together), order)
    return found


def _key(paragraph: Paragraph) -> tuple[int, int]:
    return paragraph.page_number, paragraph.start


def _spoiled_runs(
    runs: list[list[Paragraph]], ordering: dict[tuple[int, int], _Order]
) -> Iterator[tuple[Span, _Order]]:
    """Yield each run of paragraphs below one heading in which an order stands, and those that an order spoils.

    An order that spreads spoils the runs beside it on its page. A heading that gives an order spoils what stands below
    it, on the next pages too.
    """
    headings = {
        one.text: ordering[_key(one)] for run in runs for one in run if one.is_heading and _key(one) in ordering
    }
    own = [_gravest([ordering[_key(one)] for one in run if _key(one) in ordering]) for run in runs]
    for number, run in enumerate(runs):
        page = run[0].page_number
        near = [own[i] for i in (number - 1, number + 1) if 0 <= i < len(runs) and runs[i][0].page_number == page]
        beside = [one for one in near if one and one.spreads]
        order = next((one for one in (own[number], headings.get(run[0].section), *beside) if one), None)
        if order:
            yield Span(page, None, run[0].start, run[-1].end), order


def _gravest(orders: list[_Order]) -> _Order | None:
    return next((one for one in orders if one.spreads), orders[0] if orders else None)


def _spoiled_tables(page: Page, order: str | None) -> Iterator[tuple[Span, str]]:
    """Yield all tables of a page if its text or one of them gives an order that spreads, else those that give one."""
    own = [_gravest(list(_ordering_texts(table))) for table in page.tables]
    spread = order or next((one.text for one in own if one and one.spreads), None)
    for number, one in enumerate(own):
        text = spread or (one.text if one else None)
        if text:
            yield Span(page.page_number, number, 0, 0), text


def _ordering_texts(table: Table) -> Iterator[_Order]:
    """Yield the orders in a table's caption, in a cell, or in the cells of a row together."""
    texts = [table.caption, *(cell for row in table.rows for cell in row), *(" ".join(row) for row in table.rows)]
    yield from (order for text in texts if (order := _read_order(text)))
