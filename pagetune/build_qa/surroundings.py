"""Where on a page the evidence of an answer stands: below which heading, in which article, in which row and column."""

import re
from dataclasses import dataclass

from pagetune.build_qa.draft import LIST_ITEM, Document, Paragraph
from pagetune.build_qa.tables.forms import is_form
from pagetune.records import Page, Place, Table
from pagetune.text.claims import normal_form
from pagetune.text.evidence import quote, row_place

#: The most letters of a cell of a form that says what the form is about.
_LABEL = 60


@dataclass(frozen=True)
class Claim:
    """A question, its answer, and where on a page of which document the answer's evidence stands."""

    question: str
    answer: str
    place: Place
    page: Page
    document: Document

    @property
    def evidence(self) -> str:
        return quote(self.page, self.place)


def above(claim: Claim) -> list[str]:
    """Return what the evidence stands under: heading and question, or caption, row and headers."""
    if claim.place.table is None:
        here, before = _paragraph(claim)
        return [here.section if here else "", before if before.endswith(("?", "？")) else ""]
    table = claim.page.tables[claim.place.table]
    row = quote(claim.page, row_place(claim.page, claim.place.table, claim.place.row or 0))
    # A form is about one thing, which the values beside its other labels name.
    labels = [cell for cells in table.rows for cell in cells if len(cell) <= _LABEL]
    named = table.rows[0] if has_header(table) else [*labels, *(cells[-1] for cells in table.rows)]
    return [table.caption, row, *named]


def has_header(table: Table) -> bool:
    """Tell whether the first row of a table names its columns."""
    return table.layout == "header" and not is_form(table.rows, set(table.filled))


def columns_of_answer(claim: Claim) -> list[int]:
    """Return the columns of the evidence's row in which the answer stands."""
    cells = claim.page.tables[claim.place.table or 0].rows[claim.place.row or 0]
    answer = normal_form(claim.answer)
    exact = [i for i, cell in enumerate(cells) if answer and _is_the_cell(normal_form(cell), answer)]
    if exact:
        return exact
    found = [i for i, cell in enumerate(cells) if normal_form(cell) and normal_form(cell) in answer]
    return found or [i for i, cell in enumerate(cells) if answer and answer in normal_form(cell)]


def _is_the_cell(cell: str, answer: str) -> bool:
    """Tell whether an answer is a cell, perhaps without the cell's number: 물리적 보안 of 10. 물리적 보안."""
    return re.fullmatch(rf"\d{{0,4}}{re.escape(answer)}", cell) is not None


def headings(claim: Claim) -> list[str]:
    """Return the headings on the page, as far as the evidence or its table, and the one that goes on from before."""
    page, end = claim.page.page_number, claim.place.end if claim.place.table is None else len(claim.page.text) + 1
    own = [one for one in claim.document.paragraphs if one.page_number == page and one.start < end]
    earlier = [one.section for one in claim.document.paragraphs if one.page_number < page]
    return [*earlier[-1:], *dict.fromkeys(one.section for one in own)]


def article(claim: Claim) -> list[str]:
    """Return the article of a law, the paragraph (② is 제2항) and the item (11. is 제11호) that evidence is from."""
    if claim.place.table is not None:
        return []
    page, end = claim.page.page_number, claim.place.end
    before = [one.text for one in claim.document.paragraphs if (one.page_number, one.start) < (page, end)][::-1]
    found: list[str] = []
    for number, text in enumerate(before):
        item = re.match(r"(\d{1,2})\.", text) if number == 0 else None
        mark = re.search("[①-⑳]", text) if not any("항" in one for one in found) else None
        found += [f"제{item[1]}호"] if item else []
        found += [f"제{ord(mark[0]) - ord('①') + 1}항"] if mark else []
        if re.match(r"제\s?\d+\s?조", text):
            return [*found, text[:40]]
    return []


def text_before(claim: Claim) -> str:
    """Return the paragraph up to the evidence, and the one before it if that belongs to the same section."""
    if claim.place.table is not None:
        return ""
    here, before = _paragraph(claim)
    if here and LIST_ITEM.match(here.text) and LIST_ITEM.match(before):
        before = ""  # the item before is about something else
    return f"{before}\n{here.text[: claim.place.end - here.start]}" if here else ""


def _paragraph(claim: Claim) -> tuple[Paragraph | None, str]:
    """Return the paragraph that the evidence begins in, and the text of the one before it in its section."""
    own, page = claim.document.paragraphs, claim.page.page_number
    here = next((i for i, one in enumerate(own) if one.page_number == page and one.end > claim.place.start), None)
    if here is None:
        return None, ""
    before = own[here - 1] if here and own[here - 1].section == own[here].section else None
    return own[here], before.text if before else ""
