"""Turn the tables that were found on neighbouring pages into records: captions, headers, tables that go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from pagetune.extract.captions import caption
from pagetune.extract.columns import Line
from pagetune.extract.table_layout import layout_of, with_one_header, without_title
from pagetune.extract.tables import FoundTable
from pagetune.records import Table

#: How far, in points, the columns of a table may move from one page to the next.
COLUMNS_MOVE = 4.0


@dataclass(frozen=True)
class PageParts:
    """The tables found on a page, and its paragraphs of lines without running headers and tables."""

    tables: list[FoundTable]
    groups: list[list[Line]]


@dataclass(frozen=True)
class Ending:
    """The table at the end of a page, which may go on on the next one, as it was found and as it was written."""

    found: FoundTable
    table: Table


def table_records(pages: Sequence[PageParts]) -> list[list[Table]]:
    """Return the tables of each page, with captions, one header row, and the header of an earlier page's part."""
    records: list[list[Table]] = []
    before: Ending | None = None
    for page in pages:
        tables = [_record(found, page) for found in page.tables]
        if tables and before is not None and _goes_on(before, page.tables[0], tables[0], page):
            tables[0] = _continued(before.table, tables[0])
        records.append(tables)
        before = _ending(page, tables)
    return records


def _record(found: FoundTable, page: PageParts) -> Table:
    others = [other.box for other in page.tables if other is not found]
    named = caption(found.box, page.groups, others) if found.inside is None else ""
    untitled, title = without_title(found)
    table = with_one_header(untitled)
    return Table(
        caption=" ".join(filter(None, (named, title))),
        rows=table.rows,
        layout=layout_of(table),
        filled=sorted(table.filled),
        inside=found.inside,
    )


def _ending(page: PageParts, tables: list[Table]) -> Ending | None:
    """Return the page's last table unless text follows it."""
    outer = [(found, table) for found, table in zip(page.tables, tables, strict=True) if found.inside is None]
    if not outer:
        return None
    found, table = max(outer, key=lambda pair: pair[0].box[3])
    below = any(line.top > found.box[3] - 3 for group in page.groups for line in group)
    return None if below else Ending(found, table)


def _goes_on(before: Ending, found: FoundTable, table: Table, page: PageParts) -> bool:
    """Return whether a page's first table has the columns of the table before it and no text or header of its own."""
    above = any(line.bottom < found.box[1] + 3 for group in page.groups for line in group)
    if above:
        return False
    if before.table.layout == "header":
        if not _same_columns(before.found.xs, found.xs):
            return False
        colored = (0, 0) in before.found.shaded and (0, 0) in found.shaded and table.layout == "header"
        return table.rows[0] == before.table.rows[0] or not colored
    named = table.layout == "header" or ((0, 0) in found.shaded and (0, 0) not in before.found.shaded)
    if named or table.rows[0][0] == before.table.rows[0][0]:
        return False
    return _same_columns(*_shared(before.found.xs, found.xs))


def _shared(one: list[float], other: list[float]) -> tuple[list[float], list[float]]:
    """Return the sides of two forms without those that only one has: each part has the columns that its rows need."""
    fewer, more = sorted((one, other), key=len)
    near = [min(more, key=lambda x: abs((x - more[0]) - (at - fewer[0]))) for at in fewer]
    return fewer, near if near[-1] == more[-1] else more


def _same_columns(one: list[float], other: list[float]) -> bool:
    """Return whether columns are as wide as those of another table; even and odd pages have other margins."""
    return len(one) == len(other) and all(
        abs((a - one[0]) - (b - other[0])) <= COLUMNS_MOVE for a, b in zip(one, other, strict=True)
    )


def _continued(before: Table, table: Table) -> Table:
    """Return the later part of a table with the caption of the part before it, and with its header row."""
    rows, filled = table.rows, table.filled
    if before.layout == "form":
        rows, filled = _with_labels(before.rows[-1], rows, filled)
    elif before.layout == "header" and rows[0] != before.rows[0]:
        moved = [(row + 1, column) for row, column in filled]
        rows, filled = [before.rows[0], *rows], [(0, column) for column in range(len(rows[0]))] + moved
    named = table.caption or before.caption
    return table.model_copy(
        update={"caption": named, "layout": before.layout, "continues": True, "rows": rows, "filled": filled}
    )


def _with_labels(
    last: list[str], rows: list[list[str]], filled: list[tuple[int, int]]
) -> tuple[list[list[str]], list[tuple[int, int]]]:
    """Return a form's rows with the labels of the row that the page before ends in the middle of."""
    if rows[0][0] or len(last) != len(rows[0]):
        return rows, filled
    blank = next((column for column, text in enumerate(rows[0]) if text), 0)
    marked = sorted({*filled, *((0, column) for column in range(blank))})
    return [last[:blank] + rows[0][blank:], *rows[1:]], marked
