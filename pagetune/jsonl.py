"""How the pipeline's files are read and written: a file appears whole or not at all."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pydantic import ValidationError

from pagetune.errors import UserError
from pagetune.records import Record

R = TypeVar("R", bound=Record)


@contextmanager
def atomic_write(path: Path) -> Iterator[TextIO]:
    """Open a temporary file beside `path`; rename it to `path` at the end, or remove it after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with atomic_write(path) as file:
        file.write(text)


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_json_list(path: Path, values: Iterable[Any]) -> None:
    """Write a list as `write_json` does, value by value: a list that is long need not be in memory."""
    with atomic_write(path) as file:
        before = "[\n  "
        for value in values:
            file.write(before + json.dumps(value, ensure_ascii=False))
            before = ",\n  "
        file.write("[]\n" if before.startswith("[") else "\n]\n")


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write one record a line; without records, write an empty line, which readers skip: DVC warns of empty files."""
    with atomic_write(path) as file:
        empty = True
        for record in records:
            file.write(record.model_dump_json() + "\n")
            empty = False
        if empty:
            file.write("\n")


def read_json(path: Path) -> Any:
    """Read the file. Raise UserError where it is absent or not JSON."""
    try:
        return json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}:{error.lineno} is not JSON ({error.msg}). Run `dvc repro -f` to write it again."
        ) from None


def read_records(path: Path, record: type[R]) -> list[R]:
    """Read one record a line. Raise UserError with file and line where a row is not a `record`."""
    return [_parse(path, number, line, record) for number, line in enumerate(_read(path).split("\n"), 1) if line]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} is not there; an earlier stage writes it. Run `dvc repro`.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). Run `dvc repro -f` to write it again.") from None


def _parse(path: Path, number: int, line: str, record: type[R]) -> R:
    try:
        return record.model_validate_json(line)
    except ValidationError as error:
        what = f"{'.'.join(map(str, error.errors()[0]['loc']))} {error.errors()[0]['msg']}"
        raise UserError(
            f"{path}:{number} is not a valid {record.__name__}: {what}. Run `dvc repro` to write it again."
        ) from None
