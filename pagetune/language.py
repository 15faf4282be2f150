"""The language of what is printed: English, or Korean from the catalogue below `locale/`, by the locale.

Nothing that a stage writes is in the locale's language, so that its result is the same everywhere.
"""

from __future__ import annotations  # so that an older Python gets as far as its message

import gettext
import os
from functools import lru_cache
from pathlib import Path

#: Below it are the catalogue and what it compiles to: `ko/LC_MESSAGES/pagetune.po` and `.mo`.
CATALOGUES = Path(__file__).parent / "locale"


def speaks_korean() -> bool:
    """Return whether the locale is Korean; the first of these variables that is set decides."""
    chosen = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((value for value in chosen if value), "").startswith("ko")


def tr(english: str, /, **values: object) -> str:
    """Return the text in the language of the locale, with `values` in the place of its {names}.

    `make messages` finds the text in the source, so it is written out there, without an f-string. A text without values
    keeps its braces, and one that the catalogue lacks, such as the line of another error, stays as it is.
    """
    said = _korean().gettext(english) if english and speaks_korean() else english
    shown = {name: value.said() if isinstance(value, Note) else value for name, value in values.items()}
    return said.format(**shown) if values else said


@lru_cache(maxsize=1)
def _korean() -> gettext.NullTranslations:
    return gettext.translation("pagetune", CATALOGUES, ["ko"], fallback=True)


class Note(str):
    """An English text that goes into a file, and that `tr` says in the language of the locale."""

    __slots__ = ("english", "values")
    english: str
    values: dict[str, object]

    def __new__(cls, english: str, /, **values: object) -> Note:
        note = super().__new__(cls, english.format(**values) if values else english)
        note.english, note.values = english, values
        return note

    def said(self) -> str:
        return tr(self.english, **self.values)
