"""How the pipeline's files are read and written: a file appears whole or not at all."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from glob import escape
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar

import psutil
from pydantic import TypeAdapter, ValidationError

from pagetune.errors import UserError
from pagetune.failures import WRITING
from pagetune.language import Remark, tr
from pagetune.records import Record

R = TypeVar("R", bound=Record)
T = TypeVar("T")
#: How to get a file back that was changed, or that an older version wrote and DVC therefore takes for the right one.
AGAIN = Remark("Run `dvc repro`; if the file stays as it is, `dvc repro -f`.")

#: How much the start of a process may seem to move: the system counts it from its own start, and clocks are set.
CLOCK_SECONDS = 1.0


@contextmanager
def atomic_write(path: Path) -> Iterator[TextIO]:
    """Open a temporary file beside `path`; rename it to `path` at the end, or remove it after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    # A process is known by its number and its start: containers give the same numbers again and again.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{psutil.Process().create_time():.0f}.part")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        temporary.replace(path)
    except OSError as error:
        nameless = error.filename is None and error.errno in WRITING
        if nameless or error.filename == str(temporary):
            error.filename, error.filename2 = str(path), None  # the name that the user knows
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _remove_abandoned(path: Path) -> None:
    """Remove what processes have left that were killed while they wrote this file."""
    for part in path.parent.glob(f".{escape(path.name)}.*.*.part"):
        pid, start = part.name.split(".")[-3:-1]
        if pid.isdigit() and start.isdigit() and not _lives(int(pid), int(start)):
            part.unlink(missing_ok=True)


def _lives(pid: int, start: int) -> bool:
    """Return whether a process of this number lives that began then."""
    try:
        return bool(abs(psutil.Process(pid).create_time() - start) <= CLOCK_SECONDS)
    except psutil.NoSuchProcess:
        return False


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


class _Object(dict[str, Any]):
    """A JSON object, or a row of a table, that names its file where a key is asked for that it does not have."""

    path: Path

    def __missing__(self, key: str) -> NoReturn:
        raise UserError(
            "{path} has no key {key!r}; another version wrote the file. {advice}", path=self.path, key=key, advice=AGAIN
        )


def _named(path: Path, pairs: dict[str, Any]) -> _Object:
    made = _Object(pairs)
    made.path = path
    return made


def read_json(path: Path) -> dict[str, Any]:
    """Read an object. Raise UserError where the file is absent or not JSON, and later for each key that it lacks."""

    value = _parse_json(path, partial(_named, path))
    if not isinstance(value, dict):
        raise UserError(
            "{path} should hold a JSON object, got {seen!r}. {advice}", path=path, seen=str(value)[:40], advice=AGAIN
        )
    return value


def read_as(path: Path, kind: type[T]) -> T:
    """Read JSON that is a `kind`, a pydantic model or `list[str]`. Raise UserError where the file is something else."""
    value = _parse_json(path, None)
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise UserError(
            "{path}: {problem}; another version wrote the file. {advice}",
            path=path,
            problem=_first_problem(error),
            advice=AGAIN,
        ) from None


def _parse_json(path: Path, make_object: Callable[[dict[str, Any]], Any] | None) -> Any:
    text = _read(path)
    try:
        value = json.loads(text, object_hook=make_object)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise UserError(
            "{path}:{lineno} is not JSON ({msg}). {advice}", path=path, lineno=error.lineno, msg=error.msg, advice=AGAIN
        ) from None
    except (UnicodeEncodeError, RecursionError, ValueError) as error:
        is_half = isinstance(error, UnicodeEncodeError)
        what = tr("half of a character, a surrogate") if is_half else tr("it is too deep or long")
        raise UserError("{path} cannot be read ({what}). {advice}", path=path, what=what, advice=AGAIN) from None
    return value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc'])) or tr('the whole file')}: {problem['msg']}"


def read_records(path: Path, record: type[R]) -> list[R]:
    """Read one record a line. Raise UserError with file and line where a row is not a `record`, or is cut off.

    A file that `write_records` has written ends in a line break even where it holds no record.
    """
    lines = _read_whole(path).split("\n")
    return [_parse(path, number, line, record) for number, line in enumerate(lines, 1) if line]


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header, as rows that raise UserError for a column that they lack.

    Raise UserError with file and line where a row has other cells than the header.
    """
    reader = csv.DictReader(StringIO(_read_whole(path), newline=""), strict=True)
    try:
        rows = [_named(path, row) for row in reader]
    except csv.Error as error:
        raise UserError(
            "{path}:{line} is not CSV ({error}). {advice}", path=path, line=reader.line_num, error=error, advice=AGAIN
        ) from None
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise UserError(
                "{path}: row {number} has other cells than the header. {advice}", path=path, number=number, advice=AGAIN
            )
    return list(rows)


def _read_whole(path: Path) -> str:
    """Read a text of lines. Raise UserError where the last one is cut off, as by a full disk or a broken copy."""
    text = _read(path)
    if not text.endswith("\n"):
        last = text.count("\n") + 1
        if not text:
            raise UserError("{path} is empty: not even a line break is left. {advice}", path=path, advice=AGAIN)
        raise UserError("{path}:{line} is cut off: the line has no end. {advice}", path=path, line=last, advice=AGAIN)
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError("{path} is not there; an earlier stage writes it. Run `dvc repro`.", path=path) from None
    except UnicodeDecodeError as error:
        raise UserError(
            "{path} is not UTF-8 (byte {byte}). {advice}", path=path, byte=error.start, advice=AGAIN
        ) from None


def _parse(path: Path, number: int, line: str, record: type[R]) -> R:
    try:
        return record.model_validate_json(line)
    except ValidationError as error:
        raise UserError(
            "{path}:{number} is not a valid {record}: {problem}. {advice}",
            path=path,
            number=number,
            record=record.__name__,
            problem=_first_problem(error),
            advice=AGAIN,
        ) from None
