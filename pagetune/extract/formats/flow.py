"""What a document holds, in reading order: paragraphs, tables, notes, pictures and page breaks."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pagetune.records import BadFileReason


class UnreadableFile(Exception):
    """Says why a whole file cannot be read. `seen` is what was found in it."""

    def __init__(self, reason: BadFileReason, seen: str) -> None:
        super().__init__(seen)
        self.reason, self.seen = reason, seen


@dataclass
class Paragraph:
    """A paragraph, with its number or bullet. `heading` is the level of a heading from 1, and 0 for other text."""

    text: str
    heading: int = 0


@dataclass
class Cell:
    """A cell of a table at `row` and `column`, from 0, with what stands in it."""

    row: int
    column: int
    row_span: int
    column_span: int
    blocks: list["Block"]
    shaded: bool = False


@dataclass
class TableBlock:
    """A table. `caption` is the one that belongs to it in the file, above it or below."""

    cells: list[Cell]
    caption: list["Block"] = field(default_factory=list)
    caption_above: bool = True
    #: Parts of one long table have the same number.
    number: int = 0


@dataclass
class Note:
    """A footnote or endnote: its text is put at the end of the page that refers to it."""

    blocks: list["Block"]


@dataclass
class Marker:
    """Something without text: the start of a page, a picture, or a running header or footer that was left out."""

    kind: Literal["page_break", "picture", "header"]


Block: TypeAlias = Paragraph | TableBlock | Note | Marker
PAGE_BREAK, PICTURE, HEADER = Marker("page_break"), Marker("picture"), Marker("header")


def without_breaks(blocks: list[Block]) -> list[Block]:
    """Return the blocks of a cell, a note or a text box, in which no page can begin."""
    return [block for block in blocks if block is not PAGE_BREAK]


def text_of(blocks: list[Block]) -> str:
    """Return the text of the paragraphs, joined by spaces, and of the tables among them."""
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            parts.append(block.text)
        elif isinstance(block, TableBlock):
            parts += [text_of(block.caption), *(text_of(cell.blocks) for cell in block.cells)]
        elif isinstance(block, Note):
            parts.append(text_of(block.blocks))
    return " ".join(filter(None, (" ".join(part.split()) for part in parts)))
