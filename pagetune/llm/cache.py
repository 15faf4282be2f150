"""A cache of the server's replies by request, so that a kill loses only what was under way and a rerun costs nothing.

The folder is the user's, not the project's, so that experiments that DVC runs in a copy of the project share it. A file
names its version, its request and a digest of its reply, and where one of these does not fit it counts as absent.
"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from pagetune.jsonl import write_text
from pagetune.records import Record

#: Part of every key and file: raise it when the form of a file changes, or how a reply is made of a completion.
VERSION = 2
#: What this module writes, and what a kill may leave of it.
_OWN = re.compile(r"[0-9a-f]{64}\.json|\.[0-9a-f]{64}\.json\.[\d.]+\.part")


class Reply(Record):
    """The text of a reply, and the tokens that the server counted."""

    text: str
    input_tokens: int
    output_tokens: int


class _Kept(Record):
    version: int
    key: str
    sha256: str
    reply: Reply


def cache_folder() -> Path:
    """Return PAGETUNE_CACHE, or pagetune/llm in the user's cache folder (XDG_CACHE_HOME)."""
    own = os.environ.get("PAGETUNE_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own).expanduser() if own else base / "pagetune" / "llm"


def request_key(request: dict[str, Any]) -> str:
    """Return 64 hex digits that identify a request by its content, for this version."""
    return _digest(json.dumps(request | {"version": VERSION}, ensure_ascii=False, sort_keys=True))


def load(key: str) -> Reply | None:
    """Return the kept reply. None where there is none, and where the file is damaged or another's."""
    try:
        path = _path(key)
        kept = _Kept.model_validate_json(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # RuntimeError: there is no home
        return None
    fits = kept and (kept.version, kept.key, kept.sha256) == (VERSION, key, _digest(kept.reply.model_dump_json()))
    return kept.reply if kept and fits else None


def store(key: str, reply: Reply) -> str | None:
    """Keep a reply. Return why it cannot be kept, or None: a reply that is paid for is never lost to the run."""
    try:
        kept = _Kept(version=VERSION, key=key, sha256=_digest(reply.model_dump_json()), reply=reply)
        write_text(_path(key), kept.model_dump_json() + "\n")
    except (OSError, RuntimeError) as error:
        return f"{getattr(error, 'filename', None) or 'the cache'}: {getattr(error, 'strerror', None) or error}"
    return None


def kept_files() -> list[Path]:
    """Return the files of this cache; others that lie in its folder are not its own."""
    return sorted(path for path in cache_folder().glob("[0-9a-f][0-9a-f]/*") if _OWN.fullmatch(path.name))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _path(key: str) -> Path:
    return cache_folder() / key[:2] / f"{key}.json"
