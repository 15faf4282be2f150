"""Find the pages whose text comes from a damaged part of the file, as after a bad download or on a failing disk.

A flipped bit in a compressed stream changes or loses all text after it, or maps glyphs to other letters, and neither
PDFium nor pdfminer says so. A compressed stream ends in a checksum of its contents, which both of them skip.
"""

import base64
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjRef, PDFStream, resolve1

_LINE_END = re.compile(rb"\r?\n")
_STREAM = b"stream"
_OBJECT = re.compile(rb"(\d+)\s+\d+\s+$")
#: The dictionary before a stream is at most this long, in bytes.
_MAX_DICTIONARY = 4000
#: An object's number and generation are at most this long.
_MAX_NUMBER = 40
#: A stream is decompressed in pieces of at most this many bytes.
_PIECE = 1 << 20
_COMPRESSED = re.compile(rb"/Filter\s*\[?\s*(/ASCII85Decode\s*)?/FlateDecode\s*(?:\]|/(?!\w*Decode)|>>|\s)")
#: Pictures, metadata and the outlines of letters hold no text, and are most of a file.
_WITHOUT_TEXT = re.compile(
    rb"/Image\b|/XML\b|/Length1\b|/Type1C\b|/CIDFontType0C\b|/OpenType\b|/ICCBased\b|/Alternate\b"
)
#: Streams that hold the file's other objects.
_STRUCTURE = re.compile(rb"/ObjStm\b|/XRef\b")


def damaged_pages(path: Path, content: bytes, page_count: int) -> frozenset[int]:
    """Return the numbers, counted from 1, of the pages whose text or fonts come from a damaged stream.

    `content` holds the bytes of the file at `path`. The streams of an encrypted file cannot be checked. Where a stream
    that lists the file's other objects is damaged, each page may be.
    """
    damaged = {} if b"/Encrypt" in content else dict(_damaged_streams(content))
    if not damaged:
        return frozenset()
    everything = frozenset(range(1, page_count + 1))
    if any(damaged.values()):
        return everything
    try:
        with path.open("rb") as opened:
            pages = list(PDFPage.create_pages(PDFDocument(PDFParser(opened))))
            found = {number for number, page in enumerate(pages, 1) if not damaged.keys().isdisjoint(_objects(page))}
    except Exception:  # pdfminer may raise any exception on a broken file
        return everything
    return everything & found if len(pages) == page_count else everything


def _damaged_streams(content: bytes) -> Iterator[tuple[int, bool]]:
    """Yield the object number of each damaged stream, and whether it holds the file's other objects."""
    for start in _starts(content):
        before = content[max(0, start - _MAX_DICTIONARY) : start]
        opening = before.rfind(b"obj")
        number, dictionary = _OBJECT.search(before[:opening][-_MAX_NUMBER:]), before[opening:]
        filters, line_end = _COMPRESSED.search(dictionary), _LINE_END.match(content, start + len(_STREAM))
        if number is None or filters is None or line_end is None or _WITHOUT_TEXT.search(dictionary):
            continue
        end = content.find(b"endstream", start)
        if end < 0:
            return
        data = content[line_end.end() : end]
        if not _is_whole(data, is_ascii=bool(filters.group(1))):
            yield int(number.group(1)), bool(_STRUCTURE.search(dictionary))


def _starts(content: bytes) -> Iterator[int]:
    """Yield where each stream's keyword is. A regular expression takes ten times as long."""
    start = content.find(_STREAM)
    while start >= 0:
        if content[start - 3 : start] != b"end":
            yield start
        start = content.find(_STREAM, start + 1)


def _is_whole(data: bytes, *, is_ascii: bool) -> bool:
    """Return whether a compressed stream (RFC 1950) ends where it should, and its checksum does not contradict it.

    Some writers leave the checksum out, or its last bytes.
    """
    try:
        if is_ascii:
            data = base64.a85decode(data.strip().removesuffix(b"~>"))
        checksum, rest = _decompressed(data)
    except (ValueError, zlib.error):
        return False
    return rest.startswith(checksum) or checksum.startswith(re.sub(rb"\r?\n$|\r$", b"", rest))


def _decompressed(data: bytes) -> tuple[bytes, bytes]:
    """Return the checksum (Adler-32) that the stream should have, and what follows its compressed contents.

    It is decompressed piece by piece, so that no stream fills the memory. Raise zlib.error where it is damaged.
    """
    if int.from_bytes(data[:2]) % 31 or len(data) < 2:
        raise zlib.error("not the two bytes that begin a stream")
    stream, checksum, data = zlib.decompressobj(-zlib.MAX_WBITS), 1, data[2:]
    while data and not stream.eof:
        checksum = zlib.adler32(stream.decompress(data, _PIECE), checksum)
        data = stream.unconsumed_tail
    if not stream.eof:
        raise zlib.error("ends too early")
    return checksum.to_bytes(4), stream.unused_data


def _objects(page: PDFPage) -> Iterator[int]:
    """Yield the object numbers of the page's contents, forms and fonts, and of all that these refer to."""
    waiting: list[Any] = [page.attrs.get("Contents"), page.resources]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, PDFObjRef):
            if value.objid in seen:
                continue
            seen.add(value.objid)
            yield value.objid
            value = resolve1(value)
        if isinstance(value, PDFStream):
            value = value.attrs
        if isinstance(value, dict):
            waiting += [inner for key, inner in value.items() if key not in ("Parent", "P", "Pages")]
        elif isinstance(value, list):
            waiting += value
