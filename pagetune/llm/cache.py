"""Every answer of a server, kept by what was asked, so that a kill loses what was under way and a rerun costs nothing.

The folder is the user's, not the project's: experiments that DVC runs in a copy of the project share it.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.jsonl import write_text
from pagetune.records import Record


class Reply(Record):
    """What the server said, and what it counted."""

    text: str
    input_tokens: int
    output_tokens: int


def cache_folder() -> Path:
    """PAGETUNE_CACHE, or pagetune/llm in the user's cache folder (XDG_CACHE_HOME)."""
    own = os.environ.get("PAGETUNE_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own).expanduser() if own else base / "pagetune" / "llm"


def request_key(request: dict[str, Any]) -> str:
    """64 hex digits that name a request by its content."""
    return hashlib.sha256(json.dumps(request, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def load(key: str) -> Reply | None:
    """None where there is none, or where a machine that lost its power left half of it."""
    try:
        return Reply.model_validate_json(_path(key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def store(key: str, answer: Reply) -> None:
    """Raises UserError where the folder cannot be written."""
    try:
        write_text(_path(key), answer.model_dump_json() + "\n")
    except OSError as error:
        raise UserError(
            f"{cache_folder()} cannot be written ({error.strerror}). Set PAGETUNE_CACHE to a folder."
        ) from None


def _path(key: str) -> Path:
    return cache_folder() / key[:2] / f"{key}.json"
