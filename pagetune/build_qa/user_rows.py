"""A user's own pairs: JSON Lines or CSV, whose columns `qa.columns` names."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pagetune.build_qa.rules import make_id
from pagetune.errors import UserError
from pagetune.params import Columns
from pagetune.records import Pair


def read_user_pairs(folder: Path, suffix: Literal["jsonl", "csv"], columns: Columns) -> list[Pair]:
    """Every row of every such file in `folder`. Raises UserError with file and line where a row cannot be used."""
    keys = {f"qa.columns.{key}": getattr(columns, key) for key in ("instruction", "output", "group")}
    # The references' column may be absent: it is named in the shipped settings.
    needed = {key: name for key, name in keys.items() if name is not None}
    return [
        _pair(where, path.stem, row, columns)
        for path in files_of(folder, suffix)
        for where, row in read_rows(path, needed)
    ]


def files_of(folder: Path, *suffixes: str) -> list[Path]:
    """Those of the folder itself, by name."""
    wanted = {f".{suffix}" for suffix in suffixes}
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() in wanted]


def read_rows(path: Path, needed: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with its file and line. `needed` are the columns that must be there, by their key in params.yaml.

    Raises UserError where the file, or a row of it, is none.
    """
    rows = _csv_rows if path.suffix.lower() == ".csv" else _json_rows
    for line, row in rows(path, needed):
        yield f"{path}:{line}", row


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        what = "In Excel: save as CSV UTF-8." if path.suffix == ".csv" else "Save it as UTF-8."
        raise UserError(f"{path} is no UTF-8 (byte {error.start}). {what}") from None


def _json_rows(path: Path, needed: dict[str, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each with its line, from 1."""
    for line, text in enumerate(_read(path).split("\n"), 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            said = getattr(error, "msg", "it is too deep or too long")
            raise UserError(f"{path}:{line} is no JSON ({said}), got {text[:60]!r}. Mend that row.") from None
        if not isinstance(row, dict):
            expected = "{" + ", ".join(f'"{name}": …' for name in needed.values()) + "}"
            raise UserError(f"{path}:{line} should be {expected}, got {text[:60]!r}. Mend that row.")
        yield line, row


def _csv_rows(path: Path, needed: dict[str, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each with the line that it begins on; the first line names the columns."""
    reader = csv.reader(io.StringIO(_read(path)), strict=True)
    try:
        names = next(reader, [])
        _check_columns(path, names, needed)
        begins = reader.line_num + 1
        for cells in reader:
            if len(cells) > len(names):
                raise UserError(f"{path}:{begins} has {len(cells)} cells for {len(names)} columns. Mend that row.")
            if any(cells):
                yield begins, dict(zip(names, cells, strict=False))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num} is no CSV ({error}). Mend that row.") from None


def _check_columns(path: Path, names: list[str], needed: dict[str, str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path}:1 names column {twice[0]!r} twice. Rename one.")
    for key, name in needed.items():
        if name not in names:
            raise UserError(f"{path}:1 has no column {name!r} ({key}); it has {', '.join(names)}.")


def _pair(where: str, stem: str, row: dict[str, Any], columns: Columns) -> Pair:
    instruction, output = (cell_text(where, row, name) for name in (columns.instruction, columns.output))
    doc_id = cell_text(where, row, columns.group) if columns.group else unicodedata.normalize("NFC", stem)
    pair_id, references = make_id(doc_id, instruction, output), _references(where, row, columns)
    return Pair.original(pair_id, instruction, output, "user", doc_id, references=references)


def cell_text(where: str, row: dict[str, Any], name: str) -> str:
    """A cell without the space around it, in NFC. Raises UserError where it holds no text."""
    value = row.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or not _is_text(value):
        raise UserError(f"{where}: {name!r} should be a text, got {value!r}. Mend that row.")
    return unicodedata.normalize("NFC", value.strip())


def _is_text(value: str) -> bool:
    """No NUL and no half of a surrogate pair, which no file can hold."""
    return "\0" not in value and not re.search("[\ud800-\udfff]", value)


def _references(where: str, row: dict[str, Any], columns: Columns) -> list[str]:
    """Of a CSV, a JSON list in its cell."""
    value = row.get(columns.references) if columns.references else None
    if isinstance(value, str) and value.startswith("["):
        with suppress(json.JSONDecodeError):
            value = json.loads(value)
    if value is None or value == "":
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UserError(f"{where}: {columns.references!r} should be a list of texts, got {value!r}. Change that row.")
    return [unicodedata.normalize("NFC", text) for text in value]
