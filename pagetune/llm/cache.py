"""A cache of the server's replies by request, so that a kill loses only what was under way and a rerun costs nothing.

The folder is the user's, not the project's, so that experiments that DVC runs in a copy of the project share it.
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
    """The text of a reply, and the tokens that the server counted."""

    text: str
    input_tokens: int
    output_tokens: int


def cache_folder() -> Path:
    """Return PAGETUNE_CACHE, or pagetune/llm in the user's cache folder (XDG_CACHE_HOME)."""
    own = os.environ.get("PAGETUNE_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own).expanduser() if own else base / "pagetune" / "llm"


def request_key(request: dict[str, Any]) -> str:
    """Return 64 hex digits that identify a request by its content."""
    return hashlib.sha256(json.dumps(request, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def load(key: str) -> Reply | None:
    """Return the kept reply. None where there is none, or where a power failure left only half of it."""
    try:
        return Reply.model_validate_json(_path(key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def store(key: str, reply: Reply) -> None:
    """Keep a reply. Raises UserError where the folder cannot be written."""
    try:
        write_text(_path(key), reply.model_dump_json() + "\n")
    except OSError as error:
        raise UserError(
            f"{cache_folder()} cannot be written ({error.strerror}). Set PAGETUNE_CACHE to a writable folder."
        ) from None


def _path(key: str) -> Path:
    return cache_folder() / key[:2] / f"{key}.json"
