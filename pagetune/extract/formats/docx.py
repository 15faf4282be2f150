"""Read DOCX documents: paragraphs with their automatic numbers, tables, text boxes, notes, and the pages of Word.

Comments, running headers and footers, hidden text and tracked deletions are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

from pagetune.extract.formats.docx_styles import DocxStyles, read_styles
from pagetune.extract.formats.flow import (
    PAGE_BREAK,
    PICTURE,
    Block,
    Cell,
    Note,
    Paragraph,
    TableBlock,
    UnreadableFile,
    without_breaks,
)
from pagetune.extract.formats.tables import MAX_COLUMNS
from pagetune.extract.formats.xml_parts import (
    Element,
    attribute,
    child,
    children,
    descendants,
    name_of,
    number_of,
    parse_xml,
    read_part,
)
from pagetune.extract.symbols import as_shown
from pagetune.language import Remark

_BODY, _STYLES, _NUMBERING = "word/document.xml", "word/styles.xml", "word/numbering.xml"
_NOTES = {"footnoteReference": "word/footnotes.xml", "endnoteReference": "word/endnotes.xml"}
#: What holds runs or paragraphs and says nothing itself.
_HOLDERS = frozenset(
    ("hyperlink", "smartTag", "ins", "moveTo", "fldSimple", "sdt", "sdtContent", "customXml", "dir", "bdo")
)
#: The namespace of formulas, whose signs are read in their order.
_MATH = "/math}"
_CHARACTERS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
_NO_COLOR = (None, "auto", "FFFFFF")


@dataclass
class _Reader:
    styles: DocxStyles
    notes: dict[str, dict[str, Element]]
    #: For the end of each section, where the next one says how it begins.
    next_sections: dict[Element, Element]
    counts: dict[str, int] = field(default_factory=dict)

    def body(self, element: Element) -> Iterator[Block]:
        """Yield the blocks of the body, a cell, a text box or a note."""
        for part in element:
            kind = name_of(part)
            if kind == "p":
                yield from _Line(self, part).blocks()
            elif kind == "tbl":
                yield self._table(part)
            elif kind in _HOLDERS and not _is_placeholder(part):
                yield from self.body(part)

    def inside(self, element: Element) -> list[Block]:
        return without_breaks(list(self.body(element)))

    def note(self, reference: Element) -> list[Block]:
        """Return the note that a mark in the text refers to, with its number."""
        kind = name_of(reference)
        note = self.notes[kind].get(attribute(reference, "id") or "")
        if note is None:
            return []
        self.counts[kind] = self.counts.get(kind, 0) + 1
        blocks = self.inside(note)
        first = next((block for block in blocks if isinstance(block, Paragraph)), None)
        if first is not None:
            first.text = f"{self.counts[kind]}) {first.text.strip()}"
        return [Note(blocks)]

    def _table(self, table: Element) -> TableBlock:
        cells: list[Cell] = []
        open_cells: dict[int, Cell] = {}
        for row, element in enumerate(self._rows(table)):
            column = number_of(child(_properties(element, "trPr"), "gridBefore"), "val", 0)
            column = min(max(0, column), MAX_COLUMNS)
            for part in descend(element, "tc"):
                properties = _properties(part, "tcPr")
                wide = min(max(1, number_of(child(properties, "gridSpan"), "val", 1)), MAX_COLUMNS)
                merge = child(properties, "vMerge")
                above = open_cells.get(column)
                if merge is not None and attribute(merge, "val") != "restart" and above is not None:
                    above.row_span = row - above.row + 1
                else:
                    blocks = [] if _is_placeholder(part.getparent().getparent()) else self.inside(part)
                    cell = Cell(row, column, 1, wide, blocks, _is_colored(properties))
                    cells.append(cell)
                    open_cells[column] = cell
                column += wide
        return TableBlock(cells)

    @staticmethod
    def _rows(table: Element) -> list[Element]:
        """Return the rows that were not deleted in a tracked change."""
        return [row for row in descend(table, "tr") if child(_properties(row, "trPr"), "del") is None]


@dataclass
class _Line:
    """A paragraph that is being read: its text, what is anchored in it, and where pages begin."""

    reader: _Reader
    element: Element
    text: list[str] = field(default_factory=list)
    found: list[Block] = field(default_factory=list)
    anchored: list[Block] = field(default_factory=list)
    breaks_after: bool = False

    def blocks(self) -> list[Block]:
        properties = _properties(self.element, "pPr")
        self.label, self.heading = self.reader.styles.label(self.element), self.reader.styles.heading(self.element)
        if _is_on(child(properties, "pageBreakBefore")):
            self.found.append(PAGE_BREAK)
        self._read(self.element)
        self._end()
        section = child(properties, "sectPr")
        if self.breaks_after or (section is not None and _begins_page(self.reader.next_sections.get(section))):
            self.found.append(PAGE_BREAK)
        return self.found

    def _end(self) -> None:
        """End the paragraph, or the part of it before a page break."""
        text = "".join(self.text).strip()
        if text:
            self.found.append(Paragraph(f"{self.label} {text}" if self.label else text, self.heading))
            self.label = ""
        self.found += self.anchored
        self.text, self.anchored = [], []

    def _read(self, element: Element) -> None:
        for part in element:
            kind = name_of(part)
            if kind == "r" and not _is_on(child(_properties(part, "rPr"), "vanish")):
                self._run(part)
            elif kind in _HOLDERS and not _is_placeholder(part):
                self._read(part)
            elif _MATH in str(part.tag):
                self.text += [text.text or "" for text in descendants(part, "t")]

    def _run(self, run: Element) -> None:
        for part in run:
            kind = name_of(part)
            if kind == "t":
                self.text.append(part.text or "")
            elif kind in _CHARACTERS:
                self.text.append(_CHARACTERS[kind])
            elif kind == "br":
                self._break(part)
            elif kind == "lastRenderedPageBreak":
                self._rendered_break()
            elif kind == "sym":
                self.text.append(_symbol(part))
            elif kind == "fldChar":
                self.text += [_check_box(box) for box in descendants(part, "checkBox")]
            elif kind in _NOTES:
                self.anchored += self.reader.note(part)
            elif kind in ("drawing", "pict", "object", "AlternateContent", "ruby"):
                self._object(part)

    def _break(self, element: Element) -> None:
        if attribute(element, "type") != "page":
            self.text.append("\n")
            return
        if "".join(self.text).strip():
            self._end()
        self.found.append(PAGE_BREAK)

    def _rendered_break(self) -> None:
        """Note where Word began a page. A paragraph that runs over it stays on the page where it begins."""
        if "".join(self.text).strip():
            self.breaks_after = True
        else:
            self.found.append(PAGE_BREAK)

    def _object(self, element: Element) -> None:
        """Add the text boxes of a drawing, or note a picture. Word writes a drawing twice, for older programs too."""
        chosen = next(children(element, "Choice"), element)
        if name_of(element) == "ruby":
            self.text += [text.text or "" for base in children(element, "rubyBase") for text in descendants(base, "t")]
            return
        boxes = [box for box in descendants(chosen, "txbxContent") if not _is_fallback(box, chosen)]
        for box in boxes:
            self.anchored += self.reader.inside(box)
        if not boxes and next(descendants(chosen, "blip", "imagedata", "chart"), None) is not None:
            self.anchored.append(PICTURE)


def _is_fallback(box: Element, top: Element) -> bool:
    """Return whether a text box stands in another one, or is the second copy of one."""
    above = box.getparent()
    while above is not None and above is not top:
        if name_of(above) in ("Fallback", "txbxContent"):
            return True
        above = above.getparent()
    return False


def _symbol(element: Element) -> str:
    """Return a letter of a symbol font as it is drawn; its code is stored in the private-use area."""
    try:
        code = int(attribute(element, "char") or "", 16)
    except ValueError:
        return ""
    letter = chr(code & 0xFF if 0xF000 <= code <= 0xF0FF else code)
    shown = as_shown(letter, attribute(element, "font") or "")
    return shown if shown != letter or code < 0xF000 else chr(code)


def _check_box(box: Element) -> str:
    """Return the box of a form field as it is drawn."""
    checked = child(box, "checked")
    return "☑" if _is_on(checked if checked is not None else child(box, "default")) else "☐"


def _is_placeholder(element: Element) -> bool:
    """Return whether it is a content control that nobody has filled in: it shows what to enter."""
    return name_of(element) == "sdt" and _is_on(child(_properties(element, "sdtPr"), "showingPlcHdr"))


def _properties(element: Element, name: str) -> Element:
    """Return the properties of an element; the element itself, which has none of them, if it has none."""
    found = child(element, name)
    return found if found is not None else element.makeelement(name)


def _is_on(element: Element | None) -> bool:
    return element is not None and attribute(element, "val") not in ("0", "false", "off")


def _is_colored(properties: Element) -> bool:
    return attribute(child(properties, "shd"), "fill") not in _NO_COLOR


def _begins_page(section: Element | None) -> bool:
    if section is None:
        return True
    return attribute(child(section, "type"), "val") not in ("continuous", "nextColumn")


def descend(element: Element, name: str) -> Iterator[Element]:
    """Yield the rows of a table, or the cells of a row, also where content controls or insertions hold them."""
    for part in element:
        if name_of(part) == name:
            yield part
        elif name_of(part) in _HOLDERS:
            yield from descend(part, name)


def read_docx(file: Path | IO[bytes]) -> list[Block]:
    """Return the blocks of the document. Raise UnreadableFile if it is broken."""
    try:
        with ZipFile(file) as package:
            names = set(package.namelist())
            parts = {name: parse_xml(read_part(package, name), name) for name in _wanted(names)}
    except BadZipFile:
        raise UnreadableFile("broken_file", Remark("its ZIP package cannot be read")) from None
    notes = {kind: _by_id(parts.get(name)) for kind, name in _NOTES.items()}
    body = child(parts[_BODY], "body")
    if body is None:
        return []
    sections = [one for one in descendants(body, "sectPr") if name_of(one.getparent()) in ("pPr", "body")]
    styles = read_styles(parts.get(_STYLES), parts.get(_NUMBERING))
    return list(_Reader(styles, notes, dict(pairwise(sections))).body(body))


def _wanted(names: set[str]) -> list[str]:
    optional = [name for name in (_STYLES, _NUMBERING, *_NOTES.values()) if name in names]
    return [_BODY, *optional]


def _by_id(notes: Element | None) -> dict[str, Element]:
    return (
        {} if notes is None else {attribute(note, "id") or "": note for note in children(notes, "footnote", "endnote")}
    )
