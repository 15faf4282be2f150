"""Decode text files, and read plain text: its encoding is UTF-8, UTF-16 with a mark at its start, or CP949."""

import codecs
import re
from pathlib import Path

from pagetune.extract.formats.flow import PAGE_BREAK, Block, Paragraph, UnreadableFile

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: UTF-16 without a mark has a zero byte beside each ASCII character: more than this share of all bytes.
_ZERO_SHARE = 0.1
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
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
    for encoding in filter(None, ("utf-8", declared, "cp949")):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if not _CONTROL.search(text):
            return text
    return _decoded(content, "utf-8")


def _decoded(content: bytes, encoding: str) -> str:
    """Decode strictly. Raise UnreadableFile where a byte does not fit, with its place."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFile("unknown_encoding", f"line {line} has the byte 0x{content[error.start]:02x}") from None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UnreadableFile("unknown_encoding", f"line {line} has the control character 0x{ord(found.group()):02x}")
    return text


def read_text(path: Path) -> list[Block]:
    """Return the lines of a plain text as paragraphs. Lines are joined nowhere: a line may end on purpose."""
    blocks: list[Block] = []
    for number, page in enumerate(decode(path.read_bytes()).split(_FORM_FEED)):
        blocks += [PAGE_BREAK] if number else []
        blocks += [Paragraph(line) for line in page.splitlines()]
    return blocks
