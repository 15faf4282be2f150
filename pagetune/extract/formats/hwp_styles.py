"""The styles of an HWP 5 document that change what is read: numbers, bullets, headings, coloured cells."""

import struct
from dataclasses import dataclass
from typing import Literal

from pagetune.extract.formats.hwp_records import BORDER_FILL, BULLET, NUMBERING, PARA_SHAPE, Record
from pagetune.extract.formats.numbering import FORMATS, Level, Numbering

#: What stands before a paragraph, in the order of its codes.
Head = Literal["none", "outline", "number", "bullet"]
_HEADS: tuple[Head, ...] = ("none", "outline", "number", "bullet")
#: The head of each level of a numbering takes this many bytes before its text.
_LEVEL_BYTES, _LEVELS = 12, 7
_WHITE = (0xFFFFFF, 0xFFFFFFFF)


@dataclass(frozen=True)
class ParaShape:
    """What stands before a paragraph: the kind, the level from 0, and the id of its numbering or bullet."""

    head: Head
    level: int
    list_id: str


@dataclass(frozen=True)
class Styles:
    shapes: list[ParaShape]
    numbering: Numbering
    bullets: dict[str, str]
    #: The ids of the border styles that fill a cell with a colour.
    colored: set[int]

    def shape(self, index: int) -> ParaShape:
        return self.shapes[index] if index < len(self.shapes) else ParaShape("none", 0, "")


def read_styles(info: list[Record]) -> Styles:
    """Read the properties of the document. A record that is too short counts as one without numbers."""
    records = _flat(info)
    numberings = [record.data for record in records if record.tag == NUMBERING]
    bullets = [record.data for record in records if record.tag == BULLET]
    fills = [record.data for record in records if record.tag == BORDER_FILL]
    return Styles(
        [_shape(record.data) for record in records if record.tag == PARA_SHAPE],
        Numbering({str(number): _levels(data) for number, data in enumerate(numberings, 1)}),
        {str(number): data[12:14].decode("utf-16-le", "replace") for number, data in enumerate(bullets, 1)},
        {number for number, data in enumerate(fills, 1) if _is_colored(data)},
    )


def _flat(records: list[Record]) -> list[Record]:
    return [one for record in records for one in (record, *_flat(record.children))]


def _shape(data: bytes) -> ParaShape:
    (bits,) = struct.unpack_from("<I", data)
    list_id = str(struct.unpack_from("<H", data, 30)[0]) if len(data) >= 32 else ""
    return ParaShape(_HEADS[bits >> 23 & 3], bits >> 25 & 7, list_id)


def _levels(data: bytes) -> list[Level]:
    """Return the levels of a numbering: each with its number format and text, and after them where each starts."""
    found, at = list[tuple[str, str]](), 0
    for _ in range(_LEVELS):
        if at + _LEVEL_BYTES + 2 > len(data):
            break
        bits, length = struct.unpack_from("<I", data, at)[0], struct.unpack_from("<H", data, at + _LEVEL_BYTES)[0]
        at += _LEVEL_BYTES + 2
        template = data[at : at + 2 * length].decode("utf-16-le", "replace").rstrip("\0")
        at += 2 * length
        found.append((template, FORMATS[min(bits >> 5 & 0xF, len(FORMATS) - 1)]))
    at += 2
    starts = struct.unpack_from(f"<{_LEVELS}I", data, at) if at + 4 * _LEVELS <= len(data) else (1,) * _LEVELS
    return [Level(template, form, start) for (template, form), start in zip(found, starts, strict=False)]


def _is_colored(data: bytes) -> bool:
    if len(data) < 40:
        return False
    kind, color = struct.unpack_from("<II", data, 32)
    return (bool(kind & 1) and color not in _WHITE) or bool(kind & 4)
