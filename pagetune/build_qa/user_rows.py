"""A user's own pairs: JSON Lines with `instruction` and `output`."""

import json
import unicodedata
from pathlib import Path
from typing import Any

from pagetune.build_qa.rules import make_id
from pagetune.errors import UserError
from pagetune.records import Pair


def read_user_pairs(folder: Path) -> list[Pair]:
    """Every row of every `*.jsonl` in `folder`. Raises UserError with file and line where a row cannot be used."""
    return [
        _pair(path, number, line)
        for path in sorted(folder.glob("*.jsonl"))
        for number, line in enumerate(_read(path).split("\n"), 1)
        if line.strip()
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no UTF-8 (byte {error.start}). Save it as UTF-8.") from None


def _pair(path: Path, number: int, line: str) -> Pair:
    row = _row(path, number, line)
    instruction, output = (_text(path, number, row, key) for key in ("instruction", "output"))
    references = row.get("references", [])
    if not isinstance(references, list) or not all(isinstance(text, str) for text in references):
        raise UserError(
            f"{path}:{number}: 'references' should be a list of texts, got {references!r}. Change that row."
        )
    return Pair(
        pair_id=make_id(path.stem, instruction, output),
        instruction=instruction,
        output=output,
        kind="user",
        doc_id=unicodedata.normalize("NFC", path.stem),
        page_number=None,
        evidence=None,
        topic=None,
        template="original",
        parent_id=None,
        references=[unicodedata.normalize("NFC", text) for text in references],
    )


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{number} is no JSON ({error.msg}), got {line[:60]!r}. Mend that row.") from None
    if not isinstance(row, dict):
        raise UserError(
            f'{path}:{number} should be {{"instruction": …, "output": …}}, got {line[:60]!r}. Mend that row.'
        )
    return row


def _text(path: Path, number: int, row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{path}:{number}: {key!r} should be a text, got {value!r}. Mend that row.")
    return unicodedata.normalize("NFC", value.strip())
