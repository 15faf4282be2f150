"""Rows of CSV and TSV, whatever separates the cells."""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pagetune.build_qa.own_rows.raw import RawRow, RowError
from pagetune.errors import UserError
from pagetune.language import Remark

#: In this order where a header would be read by several. `csv.Sniffer` takes letters of Korean text for delimiters.
DELIMITERS = {",": "", ";": "semicolons", "\t": "tabs", "|": "bars"}


def delimiter_of(path: Path, encoding: str) -> str:
    """Return what separates the cells: what gives the header most columns."""
    with path.open(encoding=encoding, newline="") as file:
        header = next((line for line in file if line.strip()), "")
    columns = {sign: len(next(csv.reader([header], delimiter=sign), [])) for sign in DELIMITERS}
    return max(columns, key=lambda sign: columns[sign])


def read_csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[RawRow]:
    """Yield each row with the line that it begins on. The first line names the columns.

    Raises UserError where two columns have one name, or a quotation mark is never closed.
    """
    csv.field_size_limit(sys.maxsize)  # a cell may hold a whole document
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        names: list[str] | None = None
        while True:
            begins = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield _broken(path, begins, reader.line_num, error, header=names is None)
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = _names(path, cells)
            else:
                yield RawRow(f"{path}:{begins}", _row(names, cells))


def _broken(path: Path, begins: int, ends: int, error: csv.Error, header: bool) -> RawRow:
    if header:
        raise UserError(
            "{path}:{begins} names no columns ({error}). Fix that line.", path=path, begins=begins, error=error
        )
    if "unexpected end" in str(error):
        raise UserError(
            "{path}:{begins} opens a quotation mark that is never closed. Close it, or double it.",
            path=path,
            begins=begins,
        )
    what = Remark("is not valid CSV ({error})", error=error)
    if ends > begins:
        what = Remark("is not valid CSV from here to line {ends} ({error})", ends=ends, error=error)
    return RawRow(f"{path}:{begins}", RowError("unreadable_row", what))


def _names(path: Path, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        raise UserError("{path}:1 names column {column!r} twice. Rename one.", path=path, column=twice[0])
    return names


def _row(names: list[str], cells: list[str]) -> dict[str, Any] | RowError:
    if any(cell.strip() for cell in cells[len(names) :]):
        return RowError(
            "unreadable_row", Remark("has {cells} cells for {columns} columns", cells=len(cells), columns=len(names))
        )
    return dict(zip(names, cells, strict=False))
