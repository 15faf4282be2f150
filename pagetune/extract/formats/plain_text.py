"""Decode text files, and read plain text: its encoding is UTF-8, UTF-16 with a mark at its start, or CP949."""

import codecs
import re
from pathlib import Path

from pagetune.extract.formats.flow import PAGE_BREAK, Block, Paragraph, UnreadableFile
from pagetune.language import Remark

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: UTF-16 without a mark has a zero byte beside each ASCII character: more than this share of all bytes.
_ZERO_SHARE = 0.1
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
#: Text has stray control characters, such as an old end of file. A file with a larger share of them is not a text.
_CONTROL_SHARE = 0.05
#: A page break in plain text.
_FORM_FEED = "\f"


def decode(content: bytes, declared: str | None = None) -> str:
    """Return the text, in the encoding that a page declares if it is right.

    Raise UnreadableFile if no encoding fits: a wrong one would give letters that nobody wrote.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    zeros = content.count(0)
    if zeros > _ZERO_SHARE * len(content):
        return _decoded(content, "utf-16-le" if content[1::2].count(0) > zeros / 2 else "utf-16-be")
    furthest = 0
    for encoding in filter(None, ("utf-8", declared, "cp949")):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            furthest = max(furthest, error.start)
        except LookupError:
            continue
        else:
            # ASCII with controls may be another encoding, and some of those that a page declares fit any byte
            is_sure = encoding == "cp949" or (encoding == "utf-8" and not content.isascii())
            if is_sure or not _CONTROL.search(text):
                return _without_controls(text)
    raise _unknown(content, furthest)


def _decoded(content: bytes, encoding: str) -> str:
    """Decode strictly. Raise UnreadableFile where a byte does not fit, with its place."""
    try:
        return _without_controls(content.decode(encoding))
    except UnicodeDecodeError as error:
        raise _unknown(content, error.start) from None


def _unknown(content: bytes, at: int) -> UnreadableFile:
    line = content.count(b"\n", 0, at) + 1
    return UnreadableFile(
        "unknown_encoding", Remark("line {line} has the byte 0x{byte:02x}", line=line, byte=content[at])
    )


def _without_controls(text: str) -> str:
    """Return the text with spaces for its control characters. Raise UnreadableFile if it has too many."""
    plain, count = _CONTROL.subn(" ", text)
    found = _CONTROL.search(text)
    if found and count > _CONTROL_SHARE * len(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UnreadableFile(
            "unknown_encoding",
            Remark("line {line} has the control character 0x{character:02x}", line=line, character=ord(found.group())),
        )
    return plain


def read_text(path: Path) -> list[Block]:
    """Return the lines of a plain text as paragraphs. Lines are joined nowhere: a line may end on purpose."""
    blocks: list[Block] = []
    for number, page in enumerate(decode(path.read_bytes()).split(_FORM_FEED)):
        blocks += [PAGE_BREAK] if number else []
        blocks += [Paragraph(line) for line in page.splitlines()]
    return blocks
