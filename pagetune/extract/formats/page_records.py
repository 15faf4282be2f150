"""Make the Page records of a document from its blocks."""

from pagetune.extract.formats.flow import Block
from pagetune.extract.formats.page_layout import PageLayout
from pagetune.extract.formats.pagination import paginate
from pagetune.extract.formats.table_shapes import simplify
from pagetune.extract.quality import TextQuality, measure, why_set_aside
from pagetune.extract.table_records import PageParts, table_records
from pagetune.params import Extract
from pagetune.records import Page, Table


def page_blocks(blocks: list[Block]) -> list[list[Block]]:
    """Return the blocks of each page, at least one."""
    return paginate(simplify(blocks)) or [[]]


def page_records(pages: list[list[Block]], doc_id: str, sha256: str, params: Extract) -> list[Page]:
    """Return the pages in order, with page numbers from 1."""
    layouts = [_lay_out(blocks) for blocks in pages]
    tables = table_records([PageParts(one.tables, [[line] for line in one.lines]) for one in layouts])
    titles = ["", *(one.title_at_end() for one in layouts[:-1])]
    return [
        _page(number, layout, _with_captions(found, layout.captions_after(titles[number - 1])), doc_id, sha256, params)
        for number, (layout, found) in enumerate(zip(layouts, tables, strict=True), 1)
    ]


def _lay_out(blocks: list[Block]) -> PageLayout:
    layout = PageLayout()
    layout.add(blocks)
    layout.add_notes()
    return layout


def _with_captions(tables: list[Table], captions: list[str]) -> list[Table]:
    """Return the tables with the captions that the file gives them in the place of those that stand above."""
    return [
        table.model_copy(update={"caption": caption}) if caption not in table.caption else table
        for table, caption in zip(tables, captions, strict=True)
    ]


def _page(number: int, layout: PageLayout, tables: list[Table], doc_id: str, sha256: str, params: Extract) -> Page:
    text = "\n".join(line.text for line in layout.lines)
    cells = [cell for table in tables for cell in own_cells(table)]
    characters = len(text) + sum(map(len, cells))
    measured = measure("\n".join([text, *cells]))
    pictures = 1.0 if layout.pictures else 0.0
    short = characters < params.min_characters
    reason = why_set_aside(measured, characters, 0.0, pictures if short else 0.0, params)
    return Page(
        doc_id=doc_id,
        source_sha256=sha256,
        page_number=number,
        text=text,
        tables=tables,
        quality=_quality(layout, measured, characters),
        status="quarantined" if reason else "ok",
        reason=reason,
    )


def own_cells(table: Table) -> list[str]:
    """Return the texts of the cells, each once."""
    repeated = set(table.filled)
    return [
        text
        for row, cells in enumerate(table.rows)
        for column, text in enumerate(cells)
        if (row, column) not in repeated
    ]


def _quality(layout: PageLayout, measured: TextQuality, characters: int) -> dict[str, float]:
    """Return the numbers of `Page.quality`: those of a PDF's page, and the pictures, whose text is not read."""
    counts: dict[str, float] = {
        "characters": characters,
        "columns": min(1, len(layout.lines)),
        "tables": len(layout.tables),
        "headers_removed": layout.headers,
        "partly_outlined": 0,
        "pictures": layout.pictures,
    }
    shares = {
        "hangul_ratio": measured.hangul,
        "unreadable_ratio": measured.unreadable,
        "private_use_ratio": measured.private_use,
        "garbled_ratio": measured.garbled + measured.doubled,
        "space_ratio": measured.spaces,
        "unmapped_ratio": 0.0,
        "image_ratio": 0.0,
    }
    return counts | {name: round(share, 4) for name, share in shares.items()}
