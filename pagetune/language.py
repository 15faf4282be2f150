"""The language of what is printed: English, or Korean from the catalogue below `locale/`, by the locale.

Nothing that a stage writes is in the locale's language, so that its result is the same everywhere: `tr` is for what is
printed, and `Remark` for what is written into a file and may be printed, too.
"""

from __future__ import annotations  # so that an older Python gets as far as its message

import gettext
import os
import re
from functools import lru_cache
from pathlib import Path

#: Below it are the catalogue and what it compiles to: `ko/LC_MESSAGES/pagetune.po` and `.mo`.
CATALOGUES = Path(__file__).parent / "locale"
#: What a line begins with where it is about a line of a file.
_WHERE = re.compile(r"(\S+:\d+:? )(.+)", re.DOTALL)
#: A text with fewer letters beside its values could be anything; with a few more, each of its values is one word.
_FEWEST_LETTERS, _FEW_LETTERS = 5, 9
#: A place for a value in a message, with its name; double braces are letters.
_PLACE = re.compile(r"(?<!\{)\{(\w+)[^{}]*\}(?!\})")


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
    shown = {name: value.said() if isinstance(value, Remark) else value for name, value in values.items()}
    return said.format(**shown) if values else said


class Remark(str):
    """An English text for a file, which `tr` says in the language of the locale where it is one of its values."""

    english: str
    values: dict[str, object]

    def __new__(cls, english: str, /, **values: object) -> Remark:
        note = super().__new__(cls, english.format(**values) if values else english)
        note.english, note.values = english, values
        return note

    def said(self) -> str:
        return tr(self.english, **self.values)


def retell(said: str) -> str:
    """Return a message that was read from a file, or comes from another process, in the language of the locale.

    Its values stay as they are, unless they are messages, too. What no message of the catalogue fits stays as it is.
    """
    if not speaks_korean() or not said:
        return said
    if (korean := _korean().gettext(said)) != said:
        return korean
    if place := _WHERE.fullmatch(said):
        return place[1] + retell(place[2])
    for pattern, korean in _patterns():
        if found := pattern.fullmatch(said):
            return korean.format(**{name: _Retold(value) for name, value in found.groupdict().items()})
    return said


class _Retold(str):
    """A value that is formatted already."""

    def __format__(self, _: str) -> str:
        return retell(str(self))

    def __repr__(self) -> str:
        return str(self)


@lru_cache(maxsize=1)
def _korean() -> gettext.NullTranslations:
    return gettext.translation("pagetune", CATALOGUES, ["ko"], fallback=True)


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return what each message with values looks like, and its Korean text; the one with most letters comes first."""
    messages: dict[str, str] = getattr(_korean(), "_catalog", {})
    letters = {english: len(re.findall(r"\w", _PLACE.sub("", english))) for english in messages}
    used = [one for one in messages if _PLACE.search(one) and letters[one] >= _FEWEST_LETTERS]
    used.sort(key=lambda one: -letters[one])
    return [(_pattern(one, r"\S+?" if letters[one] < _FEW_LETTERS else ".+?"), messages[one]) for one in used]


def _pattern(english: str, value: str) -> re.Pattern[str]:
    """Return a pattern of a message with the pattern of its values; one that is named twice is the same."""
    known: set[str] = set()
    parts = []
    for index, part in enumerate(_PLACE.split(english)):  # its letters, a name, letters, a name, …
        if index % 2 == 0:
            parts.append(re.escape(part.replace("{{", "{").replace("}}", "}")))
        else:
            parts.append(f"(?P={part})" if part in known else f"(?P<{part}>{value})")
            known.add(part)
    return re.compile("".join(parts), re.DOTALL)
