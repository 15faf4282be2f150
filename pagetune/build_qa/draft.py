"""Documents as paragraphs, and drafts: a question, its answer and their place, as a rule finds them, not yet proven."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pagetune.build_qa.amendments import AMENDMENT
from pagetune.build_qa.naming import MAX_TITLE_CHARACTERS, document_name
from pagetune.records import Computed, Evidence, Kind, Page, Place, Reason
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence


@dataclass(frozen=True)
class Reversal:
    """A question that asks for the subject of a draft by its `value`. `everywhere` says that it names no document, or
    that a value such as a telephone number is one subject's in all documents."""

    instruction: str
    subject: str
    value: str
    everywhere: bool


@dataclass(frozen=True)
class Draft:
    """A question and its answer. `section` is the heading above them; `reason` is set where the rule rejects them."""

    kind: Kind
    page_number: int
    instruction: str
    output: str
    place: Place
    section: str = ""
    topic: str | None = None
    #: The words put before the question to tell it from others, see context.py.
    context: str | None = None
    reason: Reason | None = None
    reversal: Reversal | None = None
    computed: Computed | None = None
    #: What a reversed question has: the pair that it reverses, and where its answer stands if not in `place`.
    reverses: str | None = None
    second: Evidence | None = None


@dataclass(frozen=True)
class Paragraph:
    """A line of a page's text, from character `start` of that text. `section` is the heading above it."""

    text: str
    page_number: int
    start: int
    section: str
    #: It is, or may be, the rest of a sentence that began on an earlier page.
    is_fragment: bool
    is_heading: bool
    #: The page before is missing, so the paragraph before this one may continue there.
    after_gap: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def place(self, start: int = 0, end: int | None = None) -> Place:
        """Return the place of characters `start` to `end` of this paragraph."""
        return Place(table=None, row=None, start=self.start + start, end=self.end if end is None else self.start + end)

    def split(self, separator: re.Pattern[str]) -> list["Paragraph"]:
        """Return the parts of this paragraph between the matches of `separator`."""
        starts = [0, *(match.end() for match in separator.finditer(self.text))]
        ends = [*(match.start() for match in separator.finditer(self.text)), len(self.text)]
        return [
            replace(self, text=self.text[start:end], start=self.start + start)
            for start, end in zip(starts, ends, strict=True)
        ]


@dataclass(frozen=True)
class Document:
    """A document's readable pages, and their paragraphs in order."""

    #: What people would call it, or nothing.
    name: str
    pages: list[Page]
    paragraphs: list[Paragraph]

    @property
    def title(self) -> str:
        """Return its name, or its id where it has none."""
        return self.name or self.pages[0].doc_id


Rule = Callable[[Document], Iterator[Draft]]

#: The mark of a list item: a bullet, or a number or letter with its full stop.
LIST_ITEM = re.compile(rf"(?:[-–•·○●▪◦*※▶]|\d{{1,2}}(?:의\d+)?[.)]|[{ITEM_LETTERS}][.)]|[①-⑳])\s?")
#: The space between two sentences.
SENTENCE_GAP = re.compile(r"(?<=[.!?])\s+")
_SECTION_NUMBER = re.compile(r"(?:제\d+[장절편관]|[IVXⅠ-Ⅻ]+\.|\d{1,2}(?:\.\d+)*\.?)\s")
#: A line that is only an address on the internet.
_ADDRESS = re.compile(r"https?://\S+$|www\.\S+$|\S+@\S+$")
_ARTICLE = re.compile(r"제\s?\d+\s?조(?:의\s?\d+)?\s?\([^)]*\)")


def to_document(pages: list[Page]) -> Document:
    """Read a document's `ok` pages, given in order, into paragraphs that know their section."""
    paragraphs: list[Paragraph] = []
    for before, page in zip([None, *pages], pages, strict=False):
        paragraphs += _page_paragraphs(page, paragraphs[-1] if paragraphs else None, before)
    return Document(document_name(pages), pages, paragraphs)


def _page_paragraphs(page: Page, last: Paragraph | None, before: Page | None) -> list[Paragraph]:
    """Split a page into paragraphs. `last` is the paragraph, and `before` the readable page, that precede it."""
    gap = page.page_number > 1 + (before.page_number if before else 0)
    found: list[Paragraph] = []
    start, section = 0, last.section if last else ""
    for text in page.text.split("\n"):
        if text:
            broken = not found and (gap or (last is not None and not ends_sentence(last.text)))
            article = _ARTICLE.match(text)
            heading = not article and is_heading(text)
            section = article.group() if article else text if heading else section
            found.append(Paragraph(text, page.page_number, start, section, broken, heading, gap and not found))
        start += len(text) + 1
    return found


def is_heading(text: str) -> bool:
    """Tell whether a line is short, and neither a sentence nor a list item: "2. 이용 요금", but not "2. 신분증."."""
    text = AMENDMENT.sub("", text)
    if not text or len(text) > MAX_TITLE_CHARACTERS or ends_sentence(text) or text.endswith((":", ",", "：", ";")):
        return False
    if _ADDRESS.match(text):
        return False
    return _SECTION_NUMBER.match(text) is not None or not LIST_ITEM.match(text)


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a page's text, or the page's table number `table`."""

    page_number: int
    table: int | None
    start: int
    end: int


def sections(document: Document) -> dict[str, list[Span]]:
    """Return where each section's text is, by heading, and each table, by caption. A heading without text has none."""
    found: dict[str, list[Span]] = {}
    for paragraph in document.paragraphs:
        if not paragraph.is_heading:
            span = Span(paragraph.page_number, None, paragraph.start, paragraph.end)
            found.setdefault(paragraph.section or document.title, []).append(span)
    for page in document.pages:
        for number, table in enumerate(page.tables):
            name = table.caption or f"table {number + 1} on page {page.page_number}"
            found.setdefault(name, []).append(Span(page.page_number, number, 0, 0))
    return found
