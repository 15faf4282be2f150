"""Read HTML: paragraphs, headings, lists, tables as a browser shows them, without scripts, menus and hidden parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

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
#: A table in more tables than this is read as text.
_MAX_DEPTH = 20
_BULLET = "•"
_LIST_FORMATS = {"a": "LATIN_SMALL", "A": "LATIN_CAPITAL", "i": "ROMAN_SMALL", "I": "ROMAN_CAPITAL"}


#: What a walk still has to do: each step may be a walk through an element below.
_Walk: TypeAlias = Iterator["_Walk"]


@dataclass
class _Reader:
    """Collects blocks. `line` holds the text of the paragraph that is being read, `label` what stands before it.

    `depth` counts the tables around it, and `preformatted` the elements whose lines stay lines.
    """

    blocks: list[Block] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    label: str = ""
    depth: int = 0
    preformatted: int = 0

    def read(self, element: Element) -> list[Block]:
        """Return the blocks of an element. Its elements may lie in each other as deep as they like."""
        walks = [self._inside(element, 0)]
        while walks:
            below = next(walks[-1], None)
            if below is None:
                walks.pop()
            else:
                walks.append(below)
        self.end()
        return self.blocks

    def _inside(self, element: Element, heading: int) -> _Walk:
        self._write(element.text)
        for child in element:
            yield self._child(child, heading)
            self._write(child.tail)

    def end(self, heading: int = 0) -> None:
        """End the paragraph. Its label waits for text."""
        text = "\n".join(" ".join(part.split()) for part in "".join(self.line).split("\v")).strip()
        if text:
            self.blocks.append(Paragraph(f"{self.label} {text}".strip(), heading))
            self.label = ""
        self.line = []

    def _write(self, text: str | None) -> None:
        plain = (text or "").replace("\v", " ")
        self.line.append(re.sub(r"\r\n?|\n", "\v", plain) if self.preformatted else plain)

    def _child(self, child: Element, heading: int) -> _Walk:
        name = name_of(child).lower()
        if not name or name in _LEFT_OUT or (_is_hidden(child) and name != "body"):  # a script shows the body
            return
        if name == "br":
            self.line.append("\v")
        elif name == "img":
            self._picture()
        elif name == "table" and self.depth < _MAX_DEPTH:
            self.end(heading)
            self.blocks += _table(child, self.depth + 1)
        elif name in ("ul", "ol", "menu"):
            self.end(heading)
            yield self._list(child, name)
        elif name in _INLINE:
            yield self._inside(child, heading)
        else:
            yield self._paragraph(child, name, heading)

    def _picture(self) -> None:
        self.blocks.append(PICTURE)

    def _paragraph(self, child: Element, name: str, heading: int) -> _Walk:
        self.end(heading)
        level = int(name[1]) if re.fullmatch(r"h[1-6]", name) else heading
        self.preformatted += name == "pre"
        yield self._inside(child, level)
        self.end(level)
        self.preformatted -= name == "pre"

    def _list(self, element: Element, name: str) -> _Walk:
        number = number_of(element, "start", 1)
        form = _LIST_FORMATS.get(element.get("type") or "", "DIGIT")
        for item in element:
            if name_of(item).lower() != "li" or _is_hidden(item):
                yield self._child(item, 0)
                continue
            number = number_of(item, "value", number)
            self.label = f"{write_number(number, form)}." if name == "ol" else _BULLET
            yield self._inside(item, 0)
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
    return _Reader().read(root)  # and not the body alone: text after it is shown too


def _is_hidden(element: Element) -> bool:
    hidden = element.get("hidden") is not None or element.get("aria-hidden") == "true"
    return hidden or element.get("type") == "hidden" or bool(_HIDDEN.search(element.get("style") or ""))


def _table(element: Element, depth: int) -> Iterator[Block]:
    """Yield a table. One that has a single cell is a frame, which the rules for tables take apart."""
    shown = [list(_shown(row, "td", "th")) for row in _shown(element, "tr")]
    spans = [
        # A rowspan of 0 stands for all rows that remain.
        [(cell, number_of(cell, "rowspan", 1) or len(shown), number_of(cell, "colspan", 1)) for cell in row]
        for row in shown
    ]
    cells = [
        Cell(*at, _Reader(depth=depth).read(cell), shaded=name_of(cell) == "th") for cell, at in free_columns(spans)
    ]
    caption = next(iter(children(element, "caption")), None)
    if cells:
        yield TableBlock(cells, _Reader(depth=depth).read(caption) if caption is not None else [])


def _shown(element: Element, *names: str) -> Iterator[Element]:
    """Yield the rows of a table, or the cells of a row, also where a form or another element stands around them."""
    waiting = [element]
    while waiting:
        part = waiting.pop()
        if part is not element and (_is_hidden(part) or name_of(part) in _LEFT_OUT):
            continue
        if part is not element and name_of(part) in names:
            yield part
        elif part is element or name_of(part) not in ("table", "tr", "td", "th", "caption"):
            waiting += reversed(part)
