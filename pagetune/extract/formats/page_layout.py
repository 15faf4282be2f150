"""Set the blocks of a page one below the other, so that the rules for the lines and tables of PDFs apply to them."""

from dataclasses import dataclass, field
from math import inf

from pagetune.extract.captions import MAX_CHARACTERS
from pagetune.extract.columns import Line
from pagetune.extract.formats.flow import PICTURE, Block, Cell, Note, Paragraph, TableBlock, text_of
from pagetune.extract.letters import clean_line
from pagetune.extract.tables import MAX_REPEATED, FoundTable
from pagetune.text.sentences import ends_sentence

#: Heights, in points, of a line and from one line to the next; the width of a page.
_LINE, _STEP, _WIDTH = 10.0, 20.0, 100.0
#: Tables of one number have columns of one width, and all others of another: none goes on over a page by chance.
_COLUMN, _COLUMN_MORE = 100.0, 10.0


@dataclass
class PageLayout:
    """The lines and tables of a page. `captions` are those that the file gives the tables, or ""."""

    lines: list[Line] = field(default_factory=list)
    tables: list[FoundTable] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    pictures: int = 0
    headers: int = 0
    _notes: list[Block] = field(default_factory=list)
    _bottom: float = 0.0

    def add(self, blocks: list[Block]) -> None:
        for block in blocks:
            if isinstance(block, Paragraph):
                self._add_paragraph(block)
            elif isinstance(block, TableBlock):
                self._add_table(block)
            elif isinstance(block, Note):
                self._notes += block.blocks
            elif block is PICTURE:
                self.pictures += 1
            else:
                self.headers += 1

    def add_notes(self) -> None:
        """Set the notes of the page below everything else."""
        notes, self._notes = self._notes, []
        self.add(notes)

    def title_at_end(self) -> str:
        """Return the last line if it may name what the next page begins with: it is short, and not a sentence."""
        if not self.lines or any(table.box[1] > self.lines[-1].top for table in self.tables):
            return ""
        text = self.lines[-1].text
        return "" if len(text) > MAX_CHARACTERS or ends_sentence(text) else text

    def captions_after(self, title: str) -> list[str]:
        """Return the captions; a first table with nothing above it has the title at the end of the page before."""
        begins = self.tables and not any(line.top < self.tables[0].box[1] for line in self.lines)
        return [self.captions[0] or title, *self.captions[1:]] if begins else self.captions

    def _add_paragraph(self, paragraph: Paragraph) -> None:
        for text in filter(None, map(tidy, paragraph.text.split("\n"))):
            top = self._step()
            self.lines.append(Line(text, 0, _WIDTH, top, top + _LINE, _LINE, 0, inf, _STEP, (_LINE,)))

    def _step(self) -> float:
        self._bottom += _STEP
        return self._bottom

    def _add_table(self, table: TableBlock) -> None:
        if table.caption_above:
            self.add(table.caption)
        self._read_table(table, None)
        if not table.caption_above:
            self.add(table.caption)

    def _read_table(self, table: TableBlock, outer: int | None) -> None:
        """Read the rows of a table, and after it the tables in its cells."""
        number, top = len(self.tables), self._step()
        columns = max(cell.column + cell.column_span for cell in table.cells)
        width = _COLUMN + _COLUMN_MORE * table.number
        found = FoundTable([], (0, top, _WIDTH, top + _LINE), [at * width for at in range(columns + 1)], inside=outer)
        self.tables.append(found)
        self.captions.append(tidy(text_of(table.caption)))
        rows = max(cell.row + cell.row_span for cell in table.cells)
        found.rows = [[""] * columns for _ in range(rows)]
        for cell in sorted(table.cells, key=lambda cell: (cell.row, cell.column)):
            self._fill(found, cell, self._cell_text(cell, number))

    def _fill(self, table: FoundTable, cell: Cell, text: str) -> None:
        """Write a text once in every row and column of its cell, all but the first marked as filled."""
        rows, columns = range(cell.row, cell.row + cell.row_span), range(cell.column, cell.column + cell.column_span)
        places = [(row, column) for row in rows for column in columns]
        repeated = places if len(text) <= MAX_REPEATED else places[:1]
        for row, column in repeated:
            table.rows[row][column] = text
        table.filled.update(repeated[1:] if text else [])
        table.shaded.update(places if cell.shaded else [])

    def _cell_text(self, cell: Cell, number: int) -> str:
        """Return the text of a cell; a table in it is read after this one, and named by its number on the page."""
        texts: list[str] = []
        for block in cell.blocks:
            if isinstance(block, Paragraph):
                texts += map(tidy, block.text.split("\n"))
            elif isinstance(block, TableBlock):
                caption = tidy(text_of(block.caption))
                pointer = f"[표 {len(self.tables) + 1}]"
                texts += [caption, pointer] if block.caption_above else [pointer, caption]
                self._read_table(block, number)
            else:
                self.add([block])
        return " ".join(filter(None, texts))


def tidy(text: str) -> str:
    """Return a line as the lines of PDFs are written: one space between words, • for bullets, NFC."""
    return clean_line(" ".join(text.split()))
