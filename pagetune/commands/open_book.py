"""Answers with passages of the documents in the prompt, for ask, chat and serve (`--open-book`)."""

from collections.abc import Sequence
from typing import Any

from pagetune.commands.gate import PAGES
from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.model.manifest import Manifest
from pagetune.model.open_book import OpenBook
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.records import Page, Turn
from pagetune.search.encoder import find_encoder
from pagetune.search.index import SAVED
from pagetune.search.passages import passages
from pagetune.search.ranking import Search


class Reader:
    """The project's passages, and how a question is asked with the best of them, as the stage open_book does.

    Making one raises UserError where no document has a readable page.
    """

    def __init__(self, params: Params, manifest: Manifest, template: TemplateRecord, tokenizer: Any) -> None:
        made = passages(read_records(PAGES, Page) if PAGES.exists() else [])
        if not made:
            raise UserError("no document has a readable page to search. Ask without --open-book.")
        self._count = params.predict.passages
        self._search = Search(made, find_encoder(params.search), SAVED)
        self._book = OpenBook(params, manifest, template, tokenizer)

    def prompt(self, question: str, turns: Sequence[Turn] = ()) -> str:
        """Return the prompt with the best passages above the question, and `turns`, said before it, above these."""
        (found,) = self._search.find([question], self._count)
        return self._book.ask(question, found, turns).text
