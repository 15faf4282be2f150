"""The encoding of a text file of one's own.

UTF-8 and CP949 are told apart by trying them in this order: Korean in CP949 is almost never valid UTF-8. A library that
guesses from the frequency of letters takes short Korean files for Chinese or Japanese ones.
"""

import codecs
import re
from pathlib import Path

from pagetune.errors import UserError

_CHUNK = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
#: How they are called in messages.
NAMES = {"utf-8-sig": "", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp949": "CP949"}


def encoding_of(path: Path) -> str:
    """Return Python's name of the encoding. Raises UserError where the file is in none of those that are known."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    failures = []
    for encoding in [marked] if marked else [*_without_mark(head), "utf-8-sig", "cp949"]:
        failures.append(_first_failure(path, encoding))
        if failures[-1] is None and not (encoding == "cp949" and _is_western(head)):
            return encoding
    failed = next(failure for failure in failures if failure is not None)
    raise UserError(
        "{path} is not UTF-8, UTF-16 or CP949 (byte {failed}). Save it as UTF-8; in Excel: CSV UTF-8.",
        path=path,
        failed=failed,
    )


def _is_western(head: bytes) -> bool:
    """Tell whether what reads as Korean ends Latin words, as the marks of Windows-1252 do: It뭩 for It’s."""
    text = head.decode("cp949", "ignore")
    glued = re.findall(r"(?<=[a-z])[^\x00-\x7f](?![^\x00-\x7f])", text)
    return 2 * len(glued) > len(re.findall(r"[^\x00-\x7f]+", text))


def _without_mark(head: bytes) -> list[str]:
    """Return UTF-16 where every other byte of the first line is a NUL, as in its ASCII letters."""
    even, odd = head[:200:2].count(0), head[1:200:2].count(0)
    quarter = max(1, len(head[:200]) // 8)
    return ["utf-16-be"] if even >= quarter > odd else ["utf-16-le"] if odd >= quarter > even else []


def _first_failure(path: Path, encoding: str) -> int | None:
    """Return the first byte that is not in the encoding, or None."""
    decoder, read = codecs.getincrementaldecoder(encoding)(), 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return read - waiting + error.start
            if not chunk:
                return None
            read += len(chunk)
