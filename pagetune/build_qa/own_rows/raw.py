"""A row as its file has it, before anything is known about its columns, and what can be wrong with it."""

import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from pagetune.language import Remark
from pagetune.records import Reason

_SURROGATE = re.compile("[\ud800-\udfff]")


class RowError(Exception):
    """What is wrong with one row. `what` continues a sentence that begins with the row's place."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason, self.what = reason, what


class RawRow(NamedTuple):
    """A row and its place ("own.csv:4"). `values` is a RowError where the row itself cannot be read."""

    where: str
    values: dict[str, Any] | RowError


@dataclass(frozen=True)
class Source:
    """A file, or a split of a data set. `name` is the document that its rows belong to."""

    path: str
    name: str
    rows: Iterator[RawRow]
    #: What a reader should know about how the file was read, such as "CP949".
    how: str = ""


def row_text(row: dict[str, Any], name: str) -> str:
    """Return a cell's text, stripped and in NFC. Raises RowError where it does not hold any."""
    value = row.get(name)
    if value != value:  # NaN, which pandas writes for an empty cell
        value = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise RowError("missing_text", Remark("{name!r} should be a text, got {value!r}", name=name, value=value))
    if not isinstance(value, str) or not is_text(value):
        raise RowError("not_text", Remark("{name!r} should be a text, got {seen}", name=name, seen=shown(value)))
    return unicodedata.normalize("NFC", value.strip())


def optional_text(row: dict[str, Any], name: str | None) -> str:
    """Return the same, or an empty text where there is no such column or nothing in it."""
    value = row.get(name) if name else None
    is_empty = value is None or value != value or (isinstance(value, str) and not value.strip())
    return "" if name is None or is_empty else row_text(row, name)


def is_text(value: str) -> bool:
    """Tell whether a file can hold the text: it has neither a NUL nor half of a surrogate pair."""
    return "\0" not in value and (value.isascii() or not _SURROGATE.search(value))


def shown(value: object) -> str:
    """Return the beginning of a value, as Python writes it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def structure(value: Any) -> Any:
    """Return the list or object that a cell of a CSV file holds as JSON, or the value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value
