"""Reads a file of YAML 1.2, and says in one line why one cannot be read."""

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.reader import ReaderError

from pagetune.errors import UserError
from pagetune.language import tr


def read_yaml(path: Path, kind: str) -> Any:
    """Read YAML 1.2 of ruamel's kind `safe`, or `rt` for values that know lines and quotes. Raise UserError if not."""
    try:
        text = path.read_text(encoding="utf-8")
        # YAML 1.2, in which the 1e-05 that DVC writes is a number; PyYAML's 1.1 makes it a string.
        yaml = YAML(typ=kind, pure=True)
        yaml.preserve_quotes = True
        values = yaml.load(text)
        if "\\u" in text.lower():
            json.dumps(values, ensure_ascii=False, default=str, skipkeys=True).encode()
    except FileNotFoundError:
        raise UserError(
            "{path} is not there. Run this in the project's folder, or make one with `pagetune init FOLDER`.", path=path
        ) from None
    except UnicodeDecodeError as error:
        raise UserError("{path} is not UTF-8 (byte {byte}). Save it as UTF-8.", path=path, byte=error.start) from None
    except UnicodeEncodeError:
        raise UserError(
            "{path} holds half of a character (\\ud800 to \\udfff). Write the character itself.", path=path
        ) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise UserError(
            "{where} is not YAML: {problem}. Fix that line.", where=_where(path, error), problem=_problem(error)
        ) from None
    return values


def _where(path: Path, error: Exception) -> str:
    """Return the file, with the line where the error has one."""
    mark = getattr(error, "problem_mark", None)
    if mark:
        return f"{path}:{mark.line + 1}"
    if isinstance(error, ReaderError):  # it has a place among the characters instead
        return f"{path}:{path.read_text(encoding='utf-8').count(chr(10), 0, error.position) + 1}"
    return str(path)


def _problem(error: Exception) -> str:
    if isinstance(error, ReaderError):
        return tr("the character {character!r} is not allowed", character=chr(error.character))
    if isinstance(error, RecursionError):
        return tr("it is nested too deeply")
    return " ".join(str(getattr(error, "problem", error)).split())
