"""A document's lines as an outline: each line without its mark, the lines below it, and the headings above it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pagetune.build_qa.draft import Document, Paragraph, is_heading
from pagetune.build_qa.law.quoted_laws import articles
from pagetune.build_qa.naming import MAX_TITLE_CHARACTERS
from pagetune.records import Page, Place
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

#: Marks at the start of a line, by class: lines whose marks are of one class stand on one level.
_MARKS = {
    "bracket": r"(?=[【《〈<\[][^】》〉>\]]{2,40}[】》〉>\]]$)",
    "chapter": r"(?:제\s?\d+\s?[장절편관](?=\s)|[Ⅰ-Ⅻ]+[.\s]|[IVX]{1,4}\.(?=\s))",
    "1.1": r"\d{1,2}(?:[.-]\d{1,2}){1,3}\.?(?=\s)",
    "1.": r"\d{1,2}\.(?!\d)",
    "가.": rf"[{ITEM_LETTERS}]\.",
    "1)": r"\d{1,2}\)",
    "가)": rf"[{ITEM_LETTERS}]\)",
    "(1)": r"\(\d{1,2}\)",
    "(가)": rf"\([{ITEM_LETTERS}]\)",
    "①": r"[①-⑳](?!에서|[의을를과와은는,~])",
    "□": "[□■￭▣◻]",
    "◆": "[◆◇◈❖]",
    "▶": "[▶▷►]",
    "▸": "[▸▹]",
    "○": r"[○●❍◯ㅇ〇◎]|o(?=\s)",
    "◦": "[◦▫▪]",
    "•": "[•⦁]",
    "-": r"[-–−‐](?![\d-])",
    "·": "[·․ᆞ∙ㆍ]",
    "☞": "[☞⇒➜→✓✔]",
    "*": r"\*{1,2}",
    "※": "※|주\\d?\\)",
}
_MARK = re.compile("|".join(f"(?P<m{number}>{mark})" for number, mark in enumerate(_MARKS.values())))
_CLASSES = tuple(_MARKS)
#: Marks of remarks about the line above, which are not items of a list.
REMARKS = {"*", "※", "☞"}
#: Marks whose lines are counted.
NUMBERED = {"1.", "가.", "1)", "가)", "(1)", "(가)", "①"}
#: The start of a line within a cell, where the line breaks are lost: a mark that is not a word or a number.
_LINE_IN_CELL = re.compile(r"\s+(?=(?:[□■￭▣◆◇◈❖▶▷►▸▹○●❍◯◎◦▫▪•⦁☞※①-⑳]|[ㅇo-] |\*{1,2} ?\S|[【《〈]))")
#: A sentence below which a list may stand.
_ANNOUNCES = re.compile(r"다음|아래|같(?:다|습니다|음)\.?$|[:：]$|follow")
#: Bullets from the outer list to the inner one. A bullet that is new ends the inner lists.
_RANKS = {"□": 1, "◆": 1, "○": 2, "◦": 3, "-": 3, "·": 4, "*": 5, "※": 5}
_INNER_NUMBERS = {"1)", "가)", "(1)", "(가)", "①"}
#: A topic with its particle, or the punctuation of a list, which a heading does not have.
_NO_HEADING = re.compile(
    r"[가-힣](?<![하되받있없많넓높같지오가보내주나르쓰드리만적작좁깊크맞쉽려않])[은는]\s|[,→:：]|\d\s?월\s?\d|까지$"
)
#: The end of a sentence in note style: …하기 위함, …할 것. 책임 and 포함 are nouns.
_IS_NOTE = re.compile(
    r"(?:위함|하고자 함|[하되있없않받지]음|(?<![포보사명])함|됨|(?<![책모게쓰쌓고])임|할 것|바람|금지|요함)$(?<!시스템)"
)
#: The number that a patent's paragraphs have.
_PARAGRAPH_NUMBER = re.compile(r"\[\d{4}\]\s*")
#: A cell that is shorter is a value, which the rules for tables ask for.
_MIN_CELL_CHARACTERS = 60
#: An article of a statute, and the marks of the lines that may belong to it.
_ARTICLE = re.compile(r"제\s?\d+\s?조(?:의\s?\d+)?\s?\(|부\s?칙|\[?(?:별표|별지)")
_ARTICLE_MARKS = {"①", "1.", "가.", "1)", "가)"}
_ARTICLE_ITEM = re.compile(r"\d{1,2}의\d{1,2}\.\s")
#: The label of a form's row whose value names what the form is about.
_NAMES_FORM = re.compile(r"(?:명칭|이름|제목|항목|사업명|과제명|과정명|제품명|물질명)$")
#: A line that a page number follows, as in a table of contents.
CONTENTS = re.compile(r"[·.…‥․]{5,}")


@dataclass
class Line:
    """A line's `text` without its mark, from character `start` of its page's text or of a table's row."""

    text: str
    #: The class of its mark, or empty.
    mark: str
    mark_text: str
    #: The mark's number, 0 without one.
    number: int
    page_number: int
    table: int | None
    row: int | None
    start: int
    #: The character at which its mark begins.
    begin: int
    #: It may go on over the page.
    is_cut: bool = False
    is_heading: bool = False
    #: The class of the marks of the list that it ends, where it is a heading in brackets within that list.
    ends: str = ""
    #: The lines that it stands under, outermost first.
    above: tuple["Line", ...] = ()
    below: list["Line"] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def place(self, end: int | None = None) -> Place:
        """Return the line's place, up to character `end` of the page's text or the row if that is given."""
        return Place(table=self.table, row=self.row, start=self.start, end=self.end if end is None else end)

    @property
    def last(self) -> "Line":
        """Return the last line below this one, or the line itself."""
        return self.below[-1].last if self.below else self


def outline(document: Document) -> Iterator[Line]:
    """Yield the lines of a document's text and of the long cells of its tables, without articles of statutes."""
    texts = _without_articles(_text_lines(document))
    _cut_lists([line for line in texts if not CONTENTS.search(line.text)])
    yield from _nest([line for line in texts if not CONTENTS.search(line.text)], ())
    for page, after in zip(document.pages, [*document.pages[1:], None], strict=True):
        for number in range(len(page.tables)):
            yield from _cell_lines(page, number, _goes_on(page, number, after))


def _cut_lists(lines: list[Line]) -> None:
    """Mark the items after which a line of another kind interrupts their list."""
    for item, between, after in zip(lines, lines[1:], lines[2:], strict=False):
        is_open = not (between.mark or between.is_heading or ends_sentence(between.text) or _is_remark(between))
        if item.mark and is_open and after.mark == item.mark and (not item.number or after.number == item.number + 1):
            item.is_cut = True


def _is_remark(line: Line) -> bool:
    return line.text.startswith("(") and line.text.endswith(")")


def _text_lines(document: Document) -> list[Line]:
    """Return the lines of a document's text, but for articles, and captions, since the text after is not theirs."""
    lines: list[Line] = []
    before: Line | None = None
    captions = {(page.page_number, table.caption) for page in document.pages for table in page.tables}
    ruled = {(one.page_number, one.start) for article in articles(document) for one in article.whole.paragraphs}
    paragraphs = [
        one
        for one in document.paragraphs
        if (one.page_number, one.text) not in captions and (one.page_number, one.start) not in ruled
    ]
    for paragraph, after in zip(paragraphs, [*paragraphs[1:], None], strict=False):
        line = _line(paragraph.text, paragraph.page_number, None, None, paragraph.start)
        if not _is_rest(line, paragraph, before):
            line.is_cut = not _is_whole(line, after)
            lines.append(line)
        before = line
    return lines


def _is_rest(line: Line, paragraph: Paragraph, before: Line | None) -> bool:
    """Tell whether a line is the rest of a sentence of the line before it, or may be."""
    if line.mark or _starts_anew(paragraph):
        return False
    goes_on = (
        before is not None
        and not (before.mark or before.is_heading or ends_sentence(before.text))
        and len(before.text) > MAX_TITLE_CHARACTERS
        and not line.is_heading
    )
    return paragraph.is_fragment or goes_on


def _is_whole(line: Line, after: Paragraph | None) -> bool:
    """Tell whether a line ends on its page: by its full stop, or by what follows on the next page."""
    if after is None or after.page_number == line.page_number or ends_sentence(line.text):
        return True
    return not after.after_gap and (_match_mark(after.text) is not None or _starts_anew(after))


def _starts_anew(paragraph: Paragraph) -> bool:
    """Tell whether the first line of a page cannot be the rest of the line before it."""
    return _ARTICLE.match(paragraph.text) is not None or paragraph.text.startswith(("<", "〈", "[", "【", "《"))


def _line(text: str, page_number: int, table: int | None, row: int | None, start: int) -> Line:
    start += len(text) - len(text.lstrip())
    text = text.lstrip()
    numbered = _PARAGRAPH_NUMBER.match(text)
    begin = numbered.end() if numbered else 0
    found = None if numbered else _match_mark(text)
    begin = found.end() if found else begin
    begin += len(text[begin:]) - len(text[begin:].lstrip())
    mark = _CLASSES[(found.lastindex or 1) - 1] if found else ""
    digits = re.search(r"\d+", found.group()) if found else None
    number = int(digits.group()) if digits else _letter_number(found.group()) if found else 0
    body = text[begin:]
    heading = is_heading(body) and not _IS_NOTE.search(body) and (bool(mark) or not _NO_HEADING.search(body))
    sign = found.group().strip() if found else ""
    return Line(body.rstrip(), mark, sign, number, page_number, table, row, start + begin, start, is_heading=heading)


def _match_mark(text: str) -> re.Match[str] | None:
    return _MARK.match(text)


def _letter_number(mark: str) -> int:
    """Return 1 for 가 and ①, 2 for 나 and ②, and 0 for a bullet."""
    for letter in mark:
        if letter in ITEM_LETTERS:
            return ITEM_LETTERS.index(letter) + 1
        if "①" <= letter <= "⑳":
            return ord(letter) - ord("①") + 1
    return 0


def _without_articles(lines: list[Line]) -> list[Line]:
    """Leave out the articles of statutes, which have rules of their own."""
    kept: list[Line] = []
    inside = False
    for line in lines:
        if _ARTICLE.match(line.text) and not line.mark:
            inside = True
        elif inside and not (line.mark in _ARTICLE_MARKS or _ARTICLE_ITEM.match(line.text)):
            inside = False
        if not inside:
            kept.append(line)
    return kept


def _nest(lines: list[Line], above: tuple[Line, ...]) -> list[Line]:
    """Put each line under the line that it belongs to, and return all of them in order."""
    open_lines: list[Line] = []
    for line in lines:
        level = _level(line, open_lines)
        if line.mark == "bracket" and level < len(open_lines):
            line.ends = open_lines[level].ends or open_lines[level].mark
        open_lines = open_lines[:level]
        line.above = (*above, *open_lines)
        if open_lines:
            open_lines[-1].below.append(line)
        if line.mark or line.is_heading or _ANNOUNCES.search(line.text):
            open_lines.append(line)
    return lines


def _level(line: Line, open_lines: list[Line]) -> int:
    """Return how many of the open lines the line stands under."""
    if line.mark == "chapter":
        return 0
    if line.mark == "bracket":
        return _level_of_bracket(open_lines)
    if not line.mark and not line.is_heading:
        return (
            len(open_lines) if _is_remark(line) and open_lines and open_lines[-1].mark else _level_of_text(open_lines)
        )
    alike = [level for level, other in enumerate(open_lines) if other.mark == line.mark and _same_kind(line, other)]
    if line.mark in NUMBERED:
        following = [level for level in alike if open_lines[level].number == line.number - 1]
        alike = following[-1:] if following else [] if line.number == 1 else alike
    bracket = _bracket(open_lines)
    inside = [level for level in alike if level > bracket]
    if inside:
        return inside[0]
    if bracket >= 0 and _goes_on_after(open_lines[bracket], line):
        return bracket
    if not line.mark:
        alike = [level for level in alike if level > _last_section(open_lines)]
    return alike[0] if alike else _below_outer(line, open_lines)


def _last_section(open_lines: list[Line]) -> int:
    """Return the level of the last numbered heading with text below it, or -1."""
    sections = (
        level for level, line in enumerate(open_lines) if line.is_heading and line.mark in NUMBERED and line.below
    )
    return max(sections, default=-1)


def _below_outer(line: Line, open_lines: list[Line]) -> int:
    """Return the level of a mark that is new: below the lists, and the sentences that announce them, that it ends."""
    rank = _RANKS.get(line.mark, 9)
    level = next((level for level, other in enumerate(open_lines) if _is_ended(other, rank)), len(open_lines))
    while level and level < len(open_lines) and not (open_lines[level - 1].mark or open_lines[level - 1].is_heading):
        level -= 1
    return level


def _is_ended(other: Line, rank: int) -> bool:
    """Tell whether a bullet of that rank, which is new, ends the list that the other line belongs to."""
    return rank < _RANKS.get(other.mark, 0) or (rank == 1 and other.mark in _INNER_NUMBERS)


def _goes_on_after(bracket: Line, line: Line) -> bool:
    """Tell whether a line belongs to the list that a heading in brackets interrupts, rather than to the heading."""
    return bracket.ends == line.mark and bool(bracket.below) and line.mark != bracket.below[0].mark


def _bracket(open_lines: list[Line]) -> int:
    """Return the level of the open heading in brackets, or -1."""
    return next((level for level, line in enumerate(open_lines) if line.mark == "bracket"), -1)


def _level_of_bracket(open_lines: list[Line]) -> int:
    """A heading in brackets ends the list before it, and the text below the bracket before it."""
    if _bracket(open_lines) >= 0:
        return _bracket(open_lines)
    for level, line in enumerate(open_lines):
        if line.mark and line.mark != "chapter" and not (line.is_heading and line.below):
            return level
    return len(open_lines)


def _same_kind(line: Line, other: Line) -> bool:
    return bool(line.mark) or other.is_heading


def _level_of_text(open_lines: list[Line]) -> int:
    """Text without a mark stands under the last heading that has no list below it."""
    for level in range(len(open_lines), 0, -1):
        above = open_lines[level - 1]
        if above.is_heading and not any(line.mark for line in above.below):
            return level
    return 0


def _goes_on(page: Page, number: int, after: Page | None) -> bool:
    """Tell whether a table goes on, or may go on, on the next page."""
    if number < len(page.tables) - 1 or after is None:
        return False
    return after.page_number > page.page_number + 1 or any(table.continues for table in after.tables[:1])


def _cell_lines(page: Page, number: int, goes_on: bool) -> Iterator[Line]:
    """Yield the lines in a table's long cells, under the table's caption, the form's name and the row's label."""
    table = page.tables[number]
    title = [table.caption] if table.caption else []
    name = next((row[-1] for row in table.rows if _NAMES_FORM.search(row[0]) and len(row[-1]) <= 60), "")
    title += [name] if name and table.layout == "form" else []
    for row_number, row in enumerate(table.rows):
        start = 0
        for column, cell in enumerate(row):
            is_copy = (row_number, column) in table.filled or cell in row[:column]
            if len(cell) >= _MIN_CELL_CHARACTERS and not is_copy:
                label = row[column - 1] if column and len(row[column - 1]) <= 30 else ""
                above = tuple(_label(text, page, number, row_number) for text in (*title, label) if text)
                lines = _split_cell(cell, page, number, row_number, start)
                is_last = goes_on and row_number == len(table.rows) - 1
                lines[-1].is_cut = is_last and not ends_sentence(lines[-1].text)
                yield from _nest(lines, above)
            start += len(cell) + len(" | ")


def _label(text: str, page: Page, table: int, row: int) -> Line:
    line = _line(text, page.page_number, table, row, 0)
    line.is_heading = True
    return line


def _split_cell(cell: str, page: Page, table: int, row: int, start: int) -> list[Line]:
    starts = [0, *(match.end() for match in _LINE_IN_CELL.finditer(cell))]
    return [
        _line(cell[begin:end].rstrip(), page.page_number, table, row, start + begin)
        for begin, end in zip(starts, [*starts[1:], len(cell)], strict=True)
    ]
