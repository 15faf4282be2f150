"""Reading and writing the pipeline's files; a file appears whole or not at all."""

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
    """Open a temporary file beside `path`, renamed to `path` at the end and removed on an error."""
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


def write_records(path: Path, records: Iterable[Record]) -> None:
    """No records are one empty line, which every reader passes over: DVC warns of an empty file."""
    with atomic_write(path) as file:
        empty = True
        for record in records:
            file.write(record.model_dump_json() + "\n")
            empty = False
        if empty:
            file.write("\n")


def read_json(path: Path) -> Any:
    """Raises UserError where the file is absent or no JSON."""
    try:
        return json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}:{error.lineno} is no JSON ({error.msg}). Run `dvc repro -f` to write it anew."
        ) from None


def read_records(path: Path, record: type[R]) -> list[R]:
    """Raises UserError with file and line where a row is not a `record`."""
    return [_parse(path, number, line, record) for number, line in enumerate(_read(path).split("\n"), 1) if line]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} is not there; an earlier stage writes it. Run `dvc repro`.") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no UTF-8 (byte {error.start}). Run `dvc repro -f` to write it anew.") from None


def _parse(path: Path, number: int, line: str, record: type[R]) -> R:
    try:
        return record.model_validate_json(line)
    except ValidationError as error:
        what = f"{'.'.join(map(str, error.errors()[0]['loc']))} {error.errors()[0]['msg']}"
        raise UserError(f"{path}:{number} is no {record.__name__}: {what}. Run `dvc repro` to write it anew.") from None
