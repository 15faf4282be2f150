"""What the documents say, to prove that they do not answer a question."""

import re
from collections.abc import Iterable, Iterator

from pagetune.records import Page, Pair
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words
from pagetune.text.synonyms import synonyms

_WORD = re.compile(r"[A-Za-z]+")
#: Paragraphs that are read together: what one says of its subject, the next may go on about.
_TOGETHER = 3


class Documents:
    """The pages of all documents, heldout ones too, and a user's own rows, letter for letter without the spaces."""

    def __init__(self, pages: Iterable[Page], pairs: Iterable[Pair]) -> None:
        blocks: dict[str, list[str]] = {}
        self._written: set[str] = set()
        for page in pages:
            self._written.update(_WORD.findall(page.text))
            blocks.setdefault(page.doc_id, []).extend(map(normal_form, _blocks(page)))
        for pair in pairs:  # a user's own rows have no page, and a reviewer may have added what no page says
            own = normal_form("\n".join([pair.asked, pair.output, *pair.references]))
            blocks.setdefault(pair.doc_id, []).append(own)
            self._written.update(_WORD.findall(f"{pair.asked}\n{pair.output}"))
        self._blocks = blocks
        self._texts = {doc_id: "\n".join(own) for doc_id, own in blocks.items()}
        self._known: dict[str, bool] = {}
        self._near: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        self._stated: dict[tuple[str, tuple[str, ...], str], bool] = {}

    def writes(self, word: str) -> bool:
        """Tell whether any document has an English word in just these letters: "project" beside "Project"."""
        return word in self._written

    def name(self, text: str) -> bool:
        """Tell whether any document has the text."""
        form = normal_form(text)
        if form not in self._known:
            self._known[form] = any(form in own for own in self._texts.values())
        return self._known[form]

    def has(self, doc_id: str, text: str) -> bool:
        """Tell whether a document has the text."""
        return normal_form(text) in self._texts[doc_id]

    def about(self, doc_id: str, subject: str) -> list[str]:
        """Return a document and all others that name a subject."""
        form = normal_form(subject)
        return [other for other, own in self._texts.items() if other == doc_id or form in own]

    def may_state(self, doc_id: str, attribute: Iterable[str], subjects: Iterable[str] = ()) -> bool:
        """Tell whether some passage has all the words of an attribute, in any of its names.

        With `subjects`, only passages with one of these names count; otherwise the whole document is one passage.
        """
        near = tuple(map(normal_form, subjects))
        return any(self._states(doc_id, near, name) for name in attribute)

    def _states(self, doc_id: str, near: tuple[str, ...], attribute: str) -> bool:
        asked = doc_id, near, attribute
        if asked not in self._stated:
            if (doc_id, near) not in self._near:
                blocks = (own for own in self._blocks[doc_id] if any(name in own for name in near))
                self._near[doc_id, near] = list(blocks) if near else [self._texts[doc_id]]
            self._stated[asked] = any(_states(text, attribute) for text in self._near[doc_id, near])
        return self._stated[asked]


def _states(text: str, attribute: str) -> bool:
    if normal_form(attribute) in text:
        return True
    words = content_words(attribute)
    return bool(words) and all(any(form in text for form in (word, *synonyms(word))) for word in words)


def _blocks(page: Page) -> Iterator[str]:
    lines = page.text.split("\n")
    for start in range(max(1, len(lines) - _TOGETHER + 1)):
        yield "\n".join(lines[start : start + _TOGETHER])
    for table in page.tables:
        yield "\n".join([table.caption, *(" ".join(row) for row in table.rows)])
