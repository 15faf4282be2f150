"""Open an HWP 5 file: its streams, unpacked and decrypted, and the tree of records in each.

Source: Hancom's "한글 문서 파일 형식 5.0" (revision 1.3) and "배포용 문서" (revision 1.2).
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import olefile
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from pagetune.extract.formats.flow import UnreadableFile
from pagetune.language import Remark

#: Tags of records.
NUMBERING, BULLET, PARA_SHAPE, BORDER_FILL, DISTRIBUTION = 23, 24, 25, 20, 28
PARA_HEADER, PARA_TEXT, LINE_SEGMENTS, CONTROL, LIST_HEADER, SHAPE, TABLE = 66, 67, 69, 71, 72, 76, 77
PICTURE, EQUATION, TEXT_ART, FORM_OBJECT = 85, 88, 90, 91
#: Bits of the file header.
_COMPRESSED, _PASSWORD, _DISTRIBUTED, _DRM, _CERTIFIED = 1, 2, 4, 16, 0x500


@dataclass
class Record:
    """A record and those below it."""

    tag: int
    data: bytes
    children: list["Record"] = field(default_factory=list)

    def all(self, tag: int) -> list["Record"]:
        return [child for child in self.children if child.tag == tag]

    def first(self, tag: int) -> "Record | None":
        return next(iter(self.all(tag)), None)


@dataclass(frozen=True)
class HwpFile:
    """The records of the document's properties, and those of each section."""

    info: list[Record]
    sections: list[list[Record]]


def open_hwp(path: Path) -> HwpFile:
    """Read all records. Raise UnreadableFile if the file is locked or broken."""
    try:
        with olefile.OleFileIO(path) as ole:
            return _read(ole)
    except (OSError, zlib.error, struct.error, IndexError, ValueError, TypeError) as error:
        raise UnreadableFile(
            "broken_file", Remark("its parts cannot be read: {error}", error=type(error).__name__)
        ) from None


def _read(ole: olefile.OleFileIO) -> HwpFile:
    header = ole.openstream("FileHeader").read()
    (bits,) = struct.unpack_from("<I", header, 36)
    if bits & _PASSWORD:
        raise UnreadableFile("locked", Remark("an HWP with a password"))
    if bits & (_DRM | _CERTIFIED):
        raise UnreadableFile("locked", Remark("an HWP under DRM or a certificate"))
    info = _unpacked(ole.openstream("DocInfo").read(), bits)
    storage = "ViewText" if bits & _DISTRIBUTED else "BodyText"
    found = [re.fullmatch(rf"{storage}/Section(\d+)", "/".join(parts)) for parts in ole.listdir()]
    names = sorted((match.group() for match in found if match), key=lambda name: int(name.rpartition("Section")[2]))
    if not names:
        raise UnreadableFile("broken_file", Remark("it has no {storage}", storage=storage))
    streams = [ole.openstream(name).read() for name in names]
    if bits & _DISTRIBUTED:
        streams = [_decrypted(stream) for stream in streams]
    return HwpFile(tree(info), [tree(_unpacked(stream, bits)) for stream in streams])


def _unpacked(stream: bytes, bits: int) -> bytes:
    return zlib.decompressobj(-15).decompress(stream) if bits & _COMPRESSED else stream


def _decrypted(stream: bytes) -> bytes:
    """Decrypt a section of a document for distribution: its key stands in its first record, under a random mask."""
    (_, block), *_ = _records(stream[:260])
    state, mask = int.from_bytes(block[:4], "little"), bytearray()
    while len(mask) < 256:  # rand() of Microsoft's C library
        state, value = _next_random(state)
        state, count = _next_random(state)
        mask += bytes([value & 0xFF]) * ((count & 0xF) + 1)
    plain = bytes(one ^ other for one, other in zip(block, mask, strict=False))
    start = 4 + (block[0] & 0xF)
    # The key stands in the file: it only keeps programs from editing it.
    decryptor = Cipher(algorithms.AES(plain[start : start + 16]), modes.ECB()).decryptor()  # noqa: S305
    encrypted = stream[260:]
    return decryptor.update(encrypted[: len(encrypted) // 16 * 16]) + decryptor.finalize()


def _next_random(state: int) -> tuple[int, int]:
    state = (state * 214013 + 2531011) & 0xFFFFFFFF
    return state, state >> 16 & 0x7FFF


def _records(stream: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield the tag and level of each record, and its data. Raise ValueError where the last one is cut off."""
    at = 0
    while at + 4 <= len(stream):
        (head,) = struct.unpack_from("<I", stream, at)
        at, size = at + 4, head >> 20
        if size == 0xFFF:
            (size,) = struct.unpack_from("<I", stream, at)
            at += 4
        if at + size > len(stream):
            raise ValueError("a record is cut off")
        yield (head & 0x3FF, head >> 10 & 0x3FF), stream[at : at + size]
        at += size


def tree(stream: bytes) -> list[Record]:
    """Return the records of the top level; each record is below the nearest one before it of a lower level."""
    top: list[Record] = []
    path: list[tuple[int, Record]] = []
    for (tag, level), data in _records(stream):
        record = Record(tag, data)
        while path and path[-1][0] >= level:
            path.pop()
        (path[-1][1].children if path else top).append(record)
        path.append((level, record))
    return top
