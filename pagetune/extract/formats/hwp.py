"""Read HWP 5 documents: paragraphs with their automatic numbers, tables, text boxes, notes, and printed pages.

Comments, running headers and footers, hidden explanations and deleted text are left out.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pagetune.extract.formats.flow import HEADER, PAGE_BREAK, PICTURE, Block, Cell, Note, TableBlock, without_breaks
from pagetune.extract.formats.hangul_text import AnchoredText
from pagetune.extract.formats.hwp_controls import auto_number, composed, equation, form_text, ruby, text_art
from pagetune.extract.formats.hwp_records import (
    CONTROL,
    EQUATION,
    FORM_OBJECT,
    LINE_SEGMENTS,
    LIST_HEADER,
    PARA_HEADER,
    PARA_TEXT,
    SHAPE,
    TABLE,
    TEXT_ART,
    Record,
    open_hwp,
)
from pagetune.extract.formats.hwp_records import (
    PICTURE as PICTURE_RECORD,
)
from pagetune.extract.formats.hwp_styles import Styles, read_styles
from pagetune.extract.formats.printed_pages import PrintedPages

#: Control characters of two bytes, and what they stand for; all others below a space take sixteen.
_CHARACTERS = {0: "", 10: "\n", 13: "", 24: "-", 25: "", 26: "", 27: "", 28: "", 29: "", 30: " ", 31: " "}
_TAB = 9
#: Those of sixteen bytes that have a record of their own: objects, fields, numbers.
_WITH_RECORD = frozenset((1, 2, 3, *range(11, 19), 21, 22, 23))
#: Bits of what begins at a paragraph.
_NEW_SECTION_OR_PAGE, _NEW_COLUMNS = 1 | 4, 2


@dataclass
class _Section:
    """What changes while a section is read: the list that numbers its headings, and where its pages begin."""

    styles: Styles
    outline: str = ""
    pages: PrintedPages = field(default_factory=PrintedPages)


def read_hwp(path: Path) -> list[Block]:
    """Return the blocks of the document. Raise UnreadableFile if it is locked or broken."""
    file = open_hwp(path)
    styles = read_styles(file.info)
    blocks: list[Block] = []
    for records in file.sections:
        section = _Section(styles)
        blocks.append(PAGE_BREAK)
        for record in records:
            if record.tag == PARA_HEADER:
                blocks += _printed(record, section)
    return blocks


def _printed(record: Record, section: _Section) -> Iterator[Block]:
    """Yield a paragraph of the body, after a page break if it begins a page."""
    for control in record.all(CONTROL):
        _define(control, section)
    blocks = _paragraph(record, section)
    segments = record.first(LINE_SEGMENTS)
    heights = [height for _, height in struct.iter_unpack("<Ii28x", segments.data)] if segments else []
    bits = record.data[11] if len(record.data) > 11 else 0
    broken, in_new_columns = bool(bits & _NEW_SECTION_OR_PAGE), bool(bits & _NEW_COLUMNS)
    if section.pages.begins_page(heights, is_broken=broken, in_new_columns=in_new_columns):
        yield PAGE_BREAK
    yield from blocks


def _paragraph(record: Record, section: _Section) -> list[Block]:
    label, heading = _label(record, section)  # counted before what is anchored in the paragraph
    controls, content = iter(record.all(CONTROL)), AnchoredText()
    text = record.first(PARA_TEXT)
    for character in _characters(text.data) if text else ():
        if isinstance(character, str):
            content.write(character)
        elif (control := next(controls, None)) is not None:
            _add_control(control, content, section)
    for control in controls:  # of a file whose text does not name them
        _add_control(control, content, section)
    return content.blocks(label, heading)


def _characters(data: bytes) -> Iterator[str | int]:
    """Yield the text in pieces, and the code of each control that has a record."""
    at, start = 0, 0
    while at + 2 <= len(data):
        code = data[at] | data[at + 1] << 8
        if code >= 32:
            at += 2
            continue
        yield data[start:at].decode("utf-16-le", "replace")
        if code in _CHARACTERS:
            yield _CHARACTERS[code]
        elif code == _TAB:
            yield "\t"
        elif code in _WITH_RECORD:
            yield code
        at += 2 if code in _CHARACTERS else 16
        start = at
    yield data[start:at].decode("utf-16-le", "replace")


def _label(record: Record, section: _Section) -> tuple[str, int]:
    """Return the number or bullet that the program puts before the paragraph, and the level of a heading or 0."""
    styles, shape = section.styles, section.styles.shape(struct.unpack_from("<H", record.data, 8)[0])
    if shape.head == "outline":
        return styles.numbering.label(section.outline, shape.level), shape.level + 1
    if shape.head == "number":
        return styles.numbering.label(shape.list_id, shape.level), 0
    return (styles.bullets.get(shape.list_id, "•"), 0) if shape.head == "bullet" else ("", 0)


def _define(control: Record, section: _Section) -> None:
    """Note the numbering of headings, and the number of columns of the body from here on; a cell has its own."""
    kind = _kind(control)
    if kind == "secd" and len(control.data) >= 20:
        section.outline = str(struct.unpack_from("<H", control.data, 18)[0])
    elif kind == "cold" and len(control.data) >= 6:
        section.pages.set_columns(struct.unpack_from("<H", control.data, 4)[0] >> 2 & 0xFF)


def _kind(control: Record) -> str:
    return control.data[3::-1].decode("latin-1")


def _add_control(control: Record, content: AnchoredText, section: _Section) -> None:
    kind = _kind(control)
    if kind in ("atno", "tcps", "tdut", "eqed", "form"):
        content.write(_inline(kind, control))
    elif kind == "tbl ":
        content.anchor([_table(control, section)])
    elif kind == "gso ":
        content.anchor(_drawing(control, section))
    elif kind in ("fn  ", "en  "):
        content.anchor([Note(_paragraphs(control.children, section))])
    elif kind in ("head", "foot"):
        content.anchor([HEADER])


def _inline(kind: str, control: Record) -> str:
    if kind == "eqed":
        return equation(control.first(EQUATION))
    if kind == "form":
        return form_text(control.first(FORM_OBJECT))
    return {"atno": auto_number, "tcps": composed, "tdut": ruby}[kind](control.data)


def _paragraphs(records: list[Record], section: _Section) -> list[Block]:
    """Return what stands in lists: their paragraphs follow the head of the list, or are below it."""
    blocks: list[Block] = []
    for record in records:
        if record.tag == PARA_HEADER:
            blocks += _paragraph(record, section)
        elif record.tag == LIST_HEADER:
            blocks += _paragraphs(record.children, section)
    return without_breaks(blocks)


def _table(control: Record, section: _Section) -> TableBlock:
    at = next((index for index, child in enumerate(control.children) if child.tag == TABLE), len(control.children))
    caption, cells = control.children[:at], control.children[at + 1 :]
    starts = [index for index, record in enumerate(cells) if record.tag == LIST_HEADER]
    ends = [*starts[1:], len(cells)]
    found = [_cell(cells[start:end], section) for start, end in zip(starts, ends, strict=True)]
    side = caption[0].data[8] & 3 if caption and len(caption[0].data) > 8 else 2
    return TableBlock([cell for cell in found if cell], _paragraphs(caption, section), caption_above=side in (0, 2))


def _cell(records: list[Record], section: _Section) -> Cell | None:
    """Return a cell: the head of its list says where it is (table 80 of the specification)."""
    head = records[0].data
    if len(head) < 16:
        return None
    column, row, columns, rows = struct.unpack_from("<4H", head, 8)
    fill = struct.unpack_from("<H", head, 32)[0] if len(head) >= 34 else 0
    blocks = _paragraphs(records, section)
    return Cell(row, column, max(1, rows), max(1, columns), blocks, fill in section.styles.colored)


def _drawing(control: Record, section: _Section) -> list[Block]:
    """Return the text of a picture's or drawing's boxes, and its caption after it."""
    shapes = [block for shape in control.all(SHAPE) for block in _shape(shape, section)]
    others = [record for record in control.children if record.tag != SHAPE]
    return [*shapes, *_paragraphs(others, section)]


def _shape(shape: Record, section: _Section) -> Iterator[Block]:
    for child in shape.children:
        if child.tag == SHAPE:
            yield from _shape(child, section)
        elif child.tag == PICTURE_RECORD:
            yield PICTURE
        elif child.tag == TEXT_ART:
            yield from text_art(child.data)
        else:
            yield from _paragraphs([child], section)
