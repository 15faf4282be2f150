"""Whether an answer stands on its page: the evidence letter for letter, and in it all that the answer claims."""

from pagetune.claims import unsupported
from pagetune.records import Page, Place


def quote(page: Page, place: Place) -> str:
    """What stands at `place`."""
    return _texts(page)[place.table, place.row][place.start : place.end]


def find(evidence: str, page: Page) -> Place | None:
    """Where `evidence` stands on the page, in its text or in one row of a table; white space is folded, no more."""
    wanted = "".join(evidence.replace("|", " ").split())
    if not wanted:
        return None
    for (table, row), text in _texts(page).items():
        positions = [index for index, sign in enumerate(text) if not sign.isspace() and (row is None or sign != "|")]
        at = "".join(text[index] for index in positions).find(wanted)
        if at >= 0:
            return Place(table=table, row=row, start=positions[at], end=positions[at + len(wanted) - 1] + 1)
    return None


def row_place(page: Page, table: int, row: int) -> Place:
    """Of a whole row."""
    return Place(table=table, row=row, start=0, end=len(_row_text(page.tables[table].rows[row])))


def _texts(page: Page) -> dict[tuple[int | None, int | None], str]:
    """The page's text, and the text of each row of its tables."""
    texts: dict[tuple[int | None, int | None], str] = {(None, None): page.text}
    for number, table in enumerate(page.tables):
        texts |= {(number, row): _row_text(cells) for row, cells in enumerate(table.rows)}
    return texts


def _row_text(row: list[str]) -> str:
    return " | ".join(row)


def not_proven(output: str, evidence: str) -> str | None:
    """The numbers and codes of an answer that its evidence does not hold, or None."""
    return ", ".join(unsupported(output, evidence)) or None
