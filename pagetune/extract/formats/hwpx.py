"""Read HWPX documents into the same blocks as HWP: see `hwp.py`, which also says what is left out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pagetune.extract.formats.flow import (
    HEADER,
    PAGE_BREAK,
    PICTURE,
    Block,
    Cell,
    Note,
    Paragraph,
    TableBlock,
    without_breaks,
)
from pagetune.extract.formats.hangul_text import AnchoredText
from pagetune.extract.formats.hwpx_package import open_hwpx
from pagetune.extract.formats.hwpx_styles import HwpxStyles, read_styles
from pagetune.extract.formats.numbering import write_number
from pagetune.extract.formats.printed_pages import PrintedPages
from pagetune.extract.formats.tables import free_columns
from pagetune.extract.formats.xml_parts import Element, attribute, child, children, descendants, name_of, number_of

#: What stands inside of a text, and how it is read.
_CHARACTERS = {"tab": "\t", "lineBreak": "\n", "nbSpace": " ", "fwSpace": " ", "hyphen": "-", "hypen": "-"}
_DRAWINGS = frozenset(
    ("rect", "ellipse", "arc", "polygon", "curve", "line", "connectLine", "container", "ole", "textart", "pic")
)
_FORM_FIELDS = frozenset(("btn", "checkBtn", "radioBtn", "comboBox", "edit"))


@dataclass
class _Reader:
    """What changes while a document is read. `is_deleted` says that the text is in a deletion that was tracked."""

    styles: HwpxStyles
    outline: str = ""
    is_deleted: bool = False
    pages: PrintedPages = field(default_factory=PrintedPages)

    def section(self, root: Element) -> Iterator[Block]:
        self.pages = PrintedPages()
        yield PAGE_BREAK
        for element in root:
            if name_of(element) == "p":
                yield from self._printed(element)
            elif name_of(element) == "tbl":
                yield self.table(element)

    def _printed(self, element: Element) -> Iterator[Block]:
        """Yield a paragraph of the body, after a page break if it begins a page."""
        columns = [found for control in self._controls(element) for found in children(control, "colPr")]
        for found in columns:
            self.pages.set_columns(number_of(found, "colCount", 1))
        lines = [line for array in children(element, "linesegarray") for line in children(array, "lineseg")]
        heights = [number_of(line, "vertpos", 0) for line in lines]
        broken = attribute(element, "pageBreak") == "1"
        if self.pages.begins_page(heights, is_broken=broken, in_new_columns=bool(columns)):
            yield PAGE_BREAK
        yield from self.paragraph(element)

    @staticmethod
    def _controls(element: Element) -> Iterator[Element]:
        return (control for run in children(element, "run") for control in children(run, "ctrl"))

    def paragraph(self, element: Element) -> list[Block]:
        for run in children(element, "run"):
            for section in children(run, "secPr"):
                self.outline = attribute(section, "outlineShapeIDRef") or ""
        style = attribute(element, "paraPrIDRef") or ""
        label, heading = self.styles.label(style, self.outline)  # counted before what is anchored in the paragraph
        content = AnchoredText()
        for run in children(element, "run"):
            for part in run:
                self._add(part, content)
        return content.blocks(label, heading)

    def paragraphs(self, element: Element | None) -> list[Block]:
        """Return the paragraphs of a cell, note, caption or text box, which stand in a list or by themselves."""
        if element is None:
            return []
        found = [one for part in element for one in (part if name_of(part) == "subList" else [part])]
        blocks = [self.paragraph(one) for one in found if name_of(one) == "p"]
        return without_breaks([block for part in blocks for block in part])

    def _add(self, part: Element, content: AnchoredText) -> None:
        kind = name_of(part)
        if kind == "t":
            self._add_text(part, content)
        elif kind == "ctrl":
            for control in part:
                self._add_control(control, content)
        elif kind == "tbl":
            content.anchor([self.table(part)])
        elif kind == "equation":
            content.write(" ".join(word for script in children(part, "script") for word in (script.text or "").split()))
        elif kind in ("compose", "dutmal"):
            content.write(_composed(part))
        elif kind in _FORM_FIELDS:
            content.write(_form_text(part))
        elif kind == "switch":
            for chosen in list(children(part, "default")) or list(children(part, "case")):
                for inner in chosen:
                    self._add(inner, content)
        elif kind in _DRAWINGS:
            content.anchor(self._drawing(part))

    def _add_text(self, element: Element, content: AnchoredText) -> None:
        self._write(element.text, content)
        for part in element:
            kind = name_of(part)
            if kind in ("deleteBegin", "deleteEnd"):
                self.is_deleted = kind == "deleteBegin"
            self._write(_CHARACTERS.get(kind), content)
            self._write(part.tail, content)

    def _write(self, text: str | None, content: AnchoredText) -> None:
        if text and not self.is_deleted:
            content.write(text)

    def _add_control(self, control: Element, content: AnchoredText) -> None:
        kind = name_of(control)
        if kind == "autoNum":
            content.write(_auto_number(control))
        elif kind in ("footNote", "endNote"):
            content.anchor([Note(self.paragraphs(control))])
        elif kind in ("header", "footer"):
            content.anchor([HEADER])

    def table(self, element: Element) -> TableBlock:
        caption = child(element, "caption")
        cells = [self._cell(cell, at) for cell, at in free_columns(self._spans(element))]
        above = (attribute(caption, "side") or "TOP") in ("TOP", "LEFT")
        return TableBlock(cells, self.paragraphs(caption), caption_above=above)

    @staticmethod
    def _spans(element: Element) -> list[list[tuple[Element, int, int]]]:
        """Return the cells of each row with the numbers of rows and columns that they cover."""
        rows = [list(children(row, "tc")) for row in children(element, "tr")]
        spans = [[(cell, child(cell, "cellSpan")) for cell in row] for row in rows]
        return [
            [(cell, number_of(span, "rowSpan", 1), number_of(span, "colSpan", 1)) for cell, span in row]
            for row in spans
        ]

    def _cell(self, element: Element, at: tuple[int, int, int, int]) -> Cell:
        address = child(element, "cellAddr")
        row, column = number_of(address, "rowAddr", at[0]), number_of(address, "colAddr", at[1])
        shaded = (attribute(element, "borderFillIDRef") or "") in self.styles.colored
        return Cell(row, column, at[2], at[3], self.paragraphs(element), shaded)

    def _drawing(self, element: Element) -> list[Block]:
        """Return the text of a picture's or drawing's boxes, and its caption after it."""
        blocks: list[Block] = []
        if name_of(element) == "pic":
            blocks.append(PICTURE)
        if name_of(element) == "textart":
            blocks.append(Paragraph(attribute(element, "text") or ""))
        for part in element:
            if name_of(part) in _DRAWINGS:
                blocks += self._drawing(part)
            elif name_of(part) == "drawText":
                blocks += self.paragraphs(part)
        return [*blocks, *self.paragraphs(child(element, "caption"))]


def read_hwpx(path: Path, password: str | None) -> list[Block]:
    """Return the blocks of the document. Raise UnreadableFile if it is locked or broken."""
    header, sections = open_hwpx(path, password)
    reader = _Reader(read_styles(header))
    return [block for section in sections for block in reader.section(section)]


def _auto_number(control: Element) -> str:
    """Return the number of a caption or note with what is written around it, such as "1)"."""
    if attribute(control, "numType") == "PAGE":
        return ""
    form = child(control, "autoNumFormat")
    number = write_number(number_of(control, "num", 0), attribute(form, "type") or "DIGIT")
    return (attribute(form, "prefixChar") or "") + number + (attribute(form, "suffixChar") or "")


def _composed(element: Element) -> str:
    """Return letters that are printed over each other, or a word with what is printed small above it in brackets."""
    if name_of(element) == "compose":
        return attribute(element, "composeText") or ""
    words = {name_of(part): part.text or "" for part in descendants(element, "mainText", "subText")}
    above = words.get("subText", "")
    return words.get("mainText", "") + (f"({above})" if above else "")


def _form_text(element: Element) -> str:
    """Return what a form field shows: ☑ or ☐ and the caption of a box, or the text of a field."""
    if name_of(element) in ("checkBtn", "radioBtn"):
        box = "☑" if attribute(element, "value") == "CHECKED" else "☐"
        caption = (attribute(element, "caption") or "").replace("&&", "&")  # a single & underlines a letter
        return f"{box} {caption}"
    written = next((part.text for part in children(element, "text") if part.text), "")
    return written or attribute(element, "caption") or attribute(element, "selectedValue") or ""
