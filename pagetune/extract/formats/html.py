"""Read HTML: paragraphs, headings, lists, tables as a browser shows them, without scripts, menus and hidden parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import html

from pagetune.extract.formats.flow import PICTURE, Block, Cell, Paragraph, TableBlock
from pagetune.extract.formats.numbering import write_number
from pagetune.extract.formats.plain_text import decode
from pagetune.extract.formats.tables import free_columns
from pagetune.extract.formats.xml_parts import Element, children, name_of, number_of

_DECLARED = re.compile(rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
#: What a browser does not show, and what leads around a site instead of being its text.
_LEFT_OUT = frozenset(
    ("script", "style", "template", "noscript", "head", "nav", "select", "svg", "object", "iframe", "button", "dialog")
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
#: Elements that run on in the line of the text around them; all others begin a paragraph.
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "meter", "output", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "img", "input",
))  # fmt: skip
_BULLET = "•"
_LIST_FORMATS = {"a": "LATIN_SMALL", "A": "LATIN_CAPITAL", "i": "ROMAN_SMALL", "I": "ROMAN_CAPITAL"}


@dataclass
class _Reader:
    """Collects blocks. `line` holds the text of the paragraph that is being read, `label` what stands before it."""

    blocks: list[Block] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    label: str = ""

    def read(self, element: Element, heading: int = 0) -> None:
        self._write(element.text)
        for child in element:
            self._child(child, heading)
            self._write(child.tail)

    def end(self, heading: int = 0) -> None:
        """End the paragraph. Its label waits for text."""
        text = "\n".join(" ".join(part.split()) for part in "".join(self.line).split("\v")).strip()
        if text:
            self.blocks.append(Paragraph(f"{self.label} {text}".strip(), heading))
            self.label = ""
        self.line = []

    def _write(self, text: str | None) -> None:
        self.line.append((text or "").replace("\v", " "))

    def _child(self, child: Element, heading: int) -> None:
        name = name_of(child).lower()
        if not name or name in _LEFT_OUT or _is_hidden(child):
            return
        if name == "br":
            self.line.append("\v")
        elif name == "img":
            self._picture()
        elif name == "table":
            self.end(heading)
            self.blocks += _table(child)
        elif name in ("ul", "ol", "menu"):
            self.end(heading)
            self._list(child, name)
        elif name == "pre":
            self.end(heading)
            self.line = ["\v".join("".join(child.itertext()).splitlines())]
            self.end(heading)
        elif name in _INLINE:
            self.read(child, heading)
        else:
            self._paragraph(child, name, heading)

    def _picture(self) -> None:
        self.blocks.append(PICTURE)

    def _paragraph(self, child: Element, name: str, heading: int) -> None:
        self.end(heading)
        level = int(name[1]) if re.fullmatch(r"h[1-6]", name) else heading
        self.read(child, level)
        self.end(level)

    def _list(self, element: Element, name: str) -> None:
        number = number_of(element, "start", 1)
        form = _LIST_FORMATS.get(element.get("type") or "", "DIGIT")
        for item in element:
            if name_of(item).lower() != "li" or _is_hidden(item):
                self._child(item, 0)
                continue
            number = number_of(item, "value", number)
            self.label = f"{write_number(number, form)}." if name == "ol" else _BULLET
            self.read(item)
            self.end()
            self.label = ""
            number += 1


def read_html(path: Path) -> list[Block]:
    """Return the blocks of a page. Raise UnreadableFile if its encoding is unknown."""
    content = path.read_bytes()
    declared = _DECLARED.search(content[:4096])
    return html_blocks(decode(content, declared.group(1).decode("ascii") if declared else None))


def html_blocks(text: str) -> list[Block]:
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    if not text.strip():
        return []
    root = html.document_fromstring(text, parser=html.HTMLParser(encoding=None, huge_tree=True))
    reader = _Reader()
    body = root.find("body")
    reader.read(root if body is None else body)
    reader.end()
    return reader.blocks


def _is_hidden(element: Element) -> bool:
    hidden = element.get("hidden") is not None or element.get("aria-hidden") == "true"
    return hidden or element.get("type") == "hidden" or bool(_HIDDEN.search(element.get("style") or ""))


def _table(element: Element) -> Iterator[Block]:
    """Yield a table. One that has a single cell is a frame, which the rules for tables take apart."""
    rows = [list(children(row, "td", "th")) for row in _rows(element)]
    shown = [[cell for cell in row if not _is_hidden(cell)] for row in rows]
    height = len(shown)
    spans = [
        [(cell, _row_span(cell, height - at), number_of(cell, "colspan", 1)) for cell in row]
        for at, row in enumerate(shown)
    ]
    cells = [Cell(*at, _inside(cell), shaded=name_of(cell) == "th") for cell, at in free_columns(spans)]
    caption = next(iter(children(element, "caption")), None)
    if cells:
        yield TableBlock(cells, _inside(caption) if caption is not None else [])


def _row_span(cell: Element, remaining: int) -> int:
    """Return the rows that a cell covers; 0 stands for all that remain."""
    return min(number_of(cell, "rowspan", 1) or remaining, remaining)


def _rows(element: Element) -> Iterator[Element]:
    for part in element:
        if _is_hidden(part):
            continue
        if name_of(part) == "tr":
            yield part
        elif name_of(part) in ("thead", "tbody", "tfoot"):
            yield from (row for row in children(part, "tr") if not _is_hidden(row))


def _inside(element: Element) -> list[Block]:
    reader = _Reader()
    reader.read(element)
    reader.end()
    return reader.blocks
