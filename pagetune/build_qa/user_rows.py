"""A user's own pairs, from JSON Lines or CSV files whose columns `qa.columns` names."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pagetune.build_qa.pairs import make_id
from pagetune.errors import UserError
from pagetune.params import Columns
from pagetune.records import Pair


def read_user_pairs(folder: Path, suffix: Literal["jsonl", "csv"], columns: Columns) -> list[Pair]:
    """Return a pair for every row of every such file in `folder`.

    Raises UserError with file and line where a row cannot be used.
    """
    keys = {f"qa.columns.{key}": getattr(columns, key) for key in ("instruction", "output", "group")}
    # The column of references may be missing, because params.yaml names it by default.
    needed = {key: name for key, name in keys.items() if name is not None}
    return [
        _user_pair(where, path.stem, row, columns)
        for path in files_with_suffix(folder, suffix)
        for where, row in read_rows(path, needed)
    ]


def files_with_suffix(folder: Path, *suffixes: str) -> list[Path]:
    """List the files of the folder itself, without its subfolders, sorted by name."""
    wanted = {f".{suffix}" for suffix in suffixes}
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() in wanted]


def read_rows(path: Path, needed: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each row with its file and line ("own.csv:4"). `needed` maps keys of params.yaml to columns.

    Raises UserError where the file, or one of its rows, is not valid or a column is missing.
    """
    numbered_rows = _csv_rows if path.suffix.lower() == ".csv" else _json_rows
    for line, row in numbered_rows(path, needed):
        yield f"{path}:{line}", row


def _read_utf8(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        what = "In Excel: save as CSV UTF-8." if path.suffix == ".csv" else "Save it as UTF-8."
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). {what}") from None


def _json_rows(path: Path, needed: dict[str, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with its line, from 1."""
    for line, text in enumerate(_read_utf8(path).split("\n"), 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            said = getattr(error, "msg", "it is too deep or too long")
            raise UserError(f"{path}:{line} is not valid JSON ({said}), got {text[:60]!r}. Fix that line.") from None
        if not isinstance(row, dict):
            expected = "{" + ", ".join(f'"{name}": …' for name in needed.values()) + "}"
            raise UserError(f"{path}:{line} should be {expected}, got {text[:60]!r}. Fix that line.")
        yield line, row


def _csv_rows(path: Path, needed: dict[str, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with the line that it begins on. The first line names the columns."""
    reader = csv.reader(io.StringIO(_read_utf8(path)), strict=True)
    try:
        names = next(reader, [])
        _check_columns(path, names, needed)
        begins = reader.line_num + 1
        for cells in reader:
            if len(cells) > len(names):
                raise UserError(f"{path}:{begins} has {len(cells)} cells for {len(names)} columns. Fix that line.")
            if any(cells):
                yield begins, dict(zip(names, cells, strict=False))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num} is not valid CSV ({error}). Fix that line.") from None


def _check_columns(path: Path, names: list[str], needed: dict[str, str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path}:1 names column {twice[0]!r} twice. Rename one.")
    for key, name in needed.items():
        if name not in names:
            raise UserError(
                f"{path}:1 has no column {name!r} ({key}); it has {', '.join(names) or 'none'}. Change {key}."
            )


def _user_pair(where: str, stem: str, row: dict[str, Any], columns: Columns) -> Pair:
    instruction, output = (cell_text(where, row, name) for name in (columns.instruction, columns.output))
    doc_id = cell_text(where, row, columns.group) if columns.group else unicodedata.normalize("NFC", stem)
    pair_id, references = make_id(doc_id, instruction, output), _references(where, row, columns)
    return Pair.original(pair_id, instruction, output, "user", doc_id, references=references)


def cell_text(where: str, row: dict[str, Any], name: str) -> str:
    """Return a cell's text, stripped and in NFC. Raises UserError where it does not hold any."""
    value = row.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or not _is_text(value):
        raise UserError(f"{where}: {name!r} should be a text, got {value!r}. Fix that line.")
    return unicodedata.normalize("NFC", value.strip())


def _is_text(value: str) -> bool:
    """Tell whether a file can hold the text: it has neither a NUL nor half of a surrogate pair."""
    return "\0" not in value and not re.search("[\ud800-\udfff]", value)


def _references(where: str, row: dict[str, Any], columns: Columns) -> list[str]:
    """Return the further references. A CSV has them as a JSON list in a cell."""
    value = row.get(columns.references) if columns.references else None
    if isinstance(value, str) and value.startswith("["):
        with suppress(json.JSONDecodeError):
            value = json.loads(value)
    if value is None or value == "":
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UserError(f"{where}: {columns.references!r} should be a list of texts, got {value!r}. Fix that line.")
    return [unicodedata.normalize("NFC", text) for text in value]
