"""Rows of JSON Lines, of a JSON list, and of a JSON object that holds one list."""

import json
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from pagetune.build_qa.own_rows.formats import MESSAGES
from pagetune.build_qa.own_rows.raw import RawRow, RowError, shown
from pagetune.errors import UserError
from pagetune.language import Remark

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
#: Names by which an object is a row itself, although it may hold a list.
_OF_A_ROW = {*MESSAGES, "paragraphs", "qas", "question", "instruction"}


def read_json_rows(path: Path, encoding: str) -> Iterator[RawRow]:
    """Yield the rows with their lines. Raises UserError where the file as a whole is not JSON.

    The `json` module gives no lines for what it has read, so lists are read item by item.
    """
    if _is_lines(path, encoding):
        yield from _lines(path, encoding)
        return
    text = path.read_text(encoding=encoding)
    try:
        for line, value in _items(text, path):
            yield from _expand(RawRow(f"{path}:{line}", _as_row(value)))
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        said = getattr(error, "msg", Remark("it is too deep"))
        raise UserError(
            "{path}:{line} is not valid JSON ({said}). Fix that line.", path=path, line=line, said=said
        ) from None


def _is_lines(path: Path, encoding: str) -> bool:
    """Tell whether each line is a row, by the first two that are not empty, whatever the file is called."""
    with path.open(encoding=encoding, newline="\n") as file:
        filled = (line for line in file if line.strip())
        first, second = next(filled, ""), next(filled, "")
    if path.suffix.lower() != ".json":
        return not re.match(r"\s*\[\s*(?:\{|$)", first)
    return first.strip().endswith("}") and second.lstrip().startswith("{")


def _lines(path: Path, encoding: str) -> Iterator[RawRow]:
    with path.open(encoding=encoding, newline="\n") as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield from _expand(RawRow(f"{path}:{number}", _parse(text.strip("\n\r"))))


def _parse(text: str) -> dict[str, Any] | RowError:
    try:
        return _as_row(json.loads(text))
    except (ValueError, RecursionError) as error:
        said = getattr(error, "msg", Remark("it is too deep or too long"))
        return RowError("unreadable_row", Remark("is not valid JSON ({said}), got {text!r}", said=said, text=text[:60]))


def _as_row(value: Any) -> dict[str, Any] | RowError:
    if isinstance(value, dict):
        return value
    return RowError("unreadable_row", Remark("should be an object such as {{…}}, got {seen}", seen=shown(value)))


def _items(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """Yield each item of the file's lists, or each of its objects, with its line."""
    line, counted = 1, 0
    for at, value in _values(text, path):
        line, counted = line + text.count("\n", counted, at), at
        yield line, value


def _values(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """Yield each row with its place. A file may hold several lists or objects, one after another."""
    at = _skip(text, 0)
    if text[at : at + 1] not in ("[", "{"):
        raise UserError("{path} holds neither a list of rows nor an object with one. Write [{{…}}, {{…}}].", path=path)
    while at < len(text):
        if text[at] == "[":
            at = yield from _list_items(text, at)
        elif (start := _only_list(text, at, path)) == at:
            value, end = _DECODER.raw_decode(text, at)
            yield at, value
            at = _skip(text, end)
        else:
            yield from _list_items(text, start)
            at = _skip(text, _DECODER.raw_decode(text, at)[1])


def _list_items(text: str, start: int) -> Generator[tuple[int, Any], None, int]:
    """Yield each item of a list with its place, and return where the text goes on behind it."""
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield at, value
        at = _after_comma(text, _skip(text, end), "]")
    return _skip(text, at + 1)


def _only_list(text: str, start: int, path: Path) -> int:
    """Return where the object's only list of objects begins; where it has none, or messages, it is itself a row."""
    found: dict[str, int] = {}
    is_row = False
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        name, end = _DECODER.raw_decode(text, at)
        if text[(colon := _skip(text, end)) : colon + 1] != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", text, colon)
        is_row = is_row or name in _OF_A_ROW
        begin = _skip(text, colon + 1)
        value, end = _DECODER.raw_decode(text, begin)
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            found[str(name)] = begin
        at = _after_comma(text, _skip(text, end), "}")
    if is_row:
        return start
    if len(found) > 1:
        raise UserError(
            "{path} should hold one list of rows; it has the lists {found}. Keep one list in each file.",
            path=path,
            found=", ".join(found),
        )
    return next(iter(found.values()), start)


def _after_comma(text: str, at: int, closing: str) -> int:
    if text[at : at + 1] == closing:
        return at
    if text[at : at + 1] != ",":
        raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _expand(row: RawRow) -> Iterator[RawRow]:
    """Yield the questions of an article of SQuAD or KorQuAD as rows, each with its paragraph; else the row itself."""
    values = row.values
    if isinstance(values, RowError) or not isinstance(values.get("paragraphs", values.get("qas")), list):
        yield row
        return
    number = 0
    for paragraph in values.get("paragraphs", [values]):
        asked = paragraph.get("qas") if isinstance(paragraph, dict) else None
        for question in asked if isinstance(asked, list) else [None]:
            number += 1
            where = f"{row.where} (question {number})"
            if isinstance(question, dict):
                yield RawRow(where, {"context": paragraph.get("context"), **question})
            else:
                wrong = Remark("should hold paragraphs with qas, as SQuAD has them, got {seen}", seen=shown(paragraph))
                yield RawRow(where, RowError("unreadable_row", wrong))
