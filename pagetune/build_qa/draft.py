"""What every rule yields: a question, its answer and where both stand, before anything is checked."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pagetune.records import Kind, Page, Place, Reason
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence


@dataclass(frozen=True)
class Draft:
    """`reason` is set where the rule itself sees that the pair cannot stand by itself; `section` is where it stands."""

    kind: Kind
    page_number: int
    instruction: str
    output: str
    place: Place
    section: str = ""
    topic: str | None = None
    #: What was put before the question to tell it from others, see context.py.
    context: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class Paragraph:
    """A line of a page's text; `start` counts its characters. `section` is the heading it stands under."""

    text: str
    page_number: int
    start: int
    section: str
    #: The page before broke off in the middle of a sentence, and this is the rest.
    is_fragment: bool
    is_heading: bool
    #: The page before is missing: what stands before this may go on there.
    after_gap: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def place(self, start: int = 0, end: int | None = None) -> Place:
        """Of the characters `start` to `end` of this paragraph."""
        return Place(table=None, row=None, start=self.start + start, end=self.end if end is None else self.start + end)


@dataclass(frozen=True)
class Document:
    """A document's readable pages, and their paragraphs in order."""

    title: str
    pages: list[Page]
    paragraphs: list[Paragraph]


Rule = Callable[[Document], Iterator[Draft]]

#: A first line longer than this is text, not a title; so are headings.
MAX_TITLE_CHARACTERS = 60
#: A bullet, a number or a letter with its point: an item of a list.
LIST_ITEM = re.compile(rf"(?:[-–•·○●▪◦*※▶]|\d{{1,2}}(?:의\d+)?[.)]|[{ITEM_LETTERS}][.)]|[①-⑳])\s?")
_SECTION_NUMBER = re.compile(r"(?:제\d+[장절편관]|[IVXⅠ-Ⅻ]+\.|\d{1,2}(?:\.\d+)*\.?)\s")
_ARTICLE = re.compile(r"제\s?\d+\s?조(?:의\s?\d+)?\s?\([^)]*\)")
#: What stands above a document's title: dates and numbers in brackets.
_NO_TITLE = re.compile(r"[\[(<].*[\])>]\s*$|[\W\d_]+$")


def to_document(pages: list[Page]) -> Document:
    """`pages` are those of one document that are ok, in order."""
    paragraphs: list[Paragraph] = []
    for before, page in zip([None, *pages], pages, strict=False):
        paragraphs += _of_page(page, paragraphs[-1] if paragraphs else None, before)
    return Document(_title(pages, paragraphs), pages, paragraphs)


def _of_page(page: Page, last: Paragraph | None, before: Page | None) -> list[Paragraph]:
    """`last` is the paragraph, and `before` the readable page, that stand before."""
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
    """A short line that is neither a sentence nor an item of a list; "2. 이용 요금" is one, "2. 신분증." is none."""
    if len(text) > MAX_TITLE_CHARACTERS or ends_sentence(text) or text.endswith((":", ",", "：", ";")):
        return False
    return _SECTION_NUMBER.match(text) is not None or not LIST_ITEM.match(text)


def _title(pages: list[Page], paragraphs: list[Paragraph]) -> str:
    first = paragraphs[0].text if paragraphs else ""
    usable = 0 < len(first) <= MAX_TITLE_CHARACTERS and not _NO_TITLE.match(first) and not ends_sentence(first)
    return first.strip("【】 ") if usable else pages[0].doc_id


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a page's text, or a table of the page."""

    page_number: int
    table: int | None
    start: int
    end: int


def sections(document: Document) -> dict[str, list[Span]]:
    """The sections that say something, by their headings, and the tables by their captions, with where they stand."""
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
