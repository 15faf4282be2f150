"""What every rule yields: a question, its answer and where both stand, before anything is checked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pagetune.records import Kind, Page, Reason
from pagetune.sentences import ends_sentence


@dataclass(frozen=True)
class Draft:
    """`reason` is set where the rule itself sees that the pair cannot stand by itself."""

    kind: Kind
    page_number: int
    instruction: str
    output: str
    evidence: str
    topic: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class Paragraph:
    text: str
    page_number: int
    #: The page before broke off in the middle of a sentence, and this is the rest.
    is_fragment: bool


@dataclass(frozen=True)
class Document:
    """A document's readable pages, and their paragraphs in order."""

    title: str
    pages: list[Page]
    paragraphs: list[Paragraph]


Rule = Callable[[Document], Iterator[Draft]]

#: A first line longer than this is text, not a title.
MAX_TITLE_CHARACTERS = 60


def to_document(pages: list[Page]) -> Document:
    """`pages` are those of one document that are ok, in order."""
    paragraphs: list[Paragraph] = []
    for page in pages:
        for index, text in enumerate(filter(None, page.text.split("\n"))):
            broken = index == 0 and bool(paragraphs) and not ends_sentence(paragraphs[-1].text)
            paragraphs.append(Paragraph(text, page.page_number, broken))
    first = paragraphs[0].text if paragraphs else ""
    title = first if 0 < len(first) <= MAX_TITLE_CHARACTERS else pages[0].doc_id
    return Document(title, pages, paragraphs)
