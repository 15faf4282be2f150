"""The text of small controls in an HWP 5 paragraph: automatic numbers, composed letters, equations, form fields."""

import re
import struct
from collections.abc import Iterator

from pagetune.extract.formats.flow import Block, Paragraph
from pagetune.extract.formats.hwp_records import Record
from pagetune.extract.formats.numbering import FORMATS, write_number

#: A page number counts for the sheet it is printed on, which the file does not store.
_PAGE_NUMBER = 0
#: A property of a form field, as the field's record writes it: name:wstring:length:text.
_CAPTION = re.compile(r"(?:Caption|Text):wstring:(\d+):")
#: The state of a check box or radio button.
_STATE = re.compile(r"Value:int:(\d)")


def auto_number(data: bytes) -> str:
    """Return the number of a caption or note with what is written around it, such as "1)"."""
    if len(data) < 16:
        return ""
    bits, number = struct.unpack_from("<IH", data, 4)
    if bits & 0xF == _PAGE_NUMBER:
        return ""
    code = bits >> 4 & 0xFF
    before, after = (data[at : at + 2].decode("utf-16-le", "replace").strip("\0") for at in (12, 14))
    return before + write_number(number, FORMATS[code] if code < len(FORMATS) else "DIGIT") + after


def composed(data: bytes) -> str:
    """Return letters that are printed over each other."""
    return _string(data, 4)[0]


def ruby(data: bytes) -> str:
    """Return a word, and in brackets what is printed small above or below it."""
    word, end = _string(data, 4)
    above, _ = _string(data, end)
    return f"{word}({above})" if above else word


def equation(record: Record | None) -> str:
    """Return the script of an equation, as its author typed it: "{a} over {b}"."""
    return " ".join(_string(record.data, 4)[0].split()) if record else ""


def form_text(record: Record | None) -> str:
    """Return what a form field shows: ☑ or ☐ and the caption of a box, or the text of a field."""
    text = record.data.decode("utf-16-le", "replace") if record else ""
    shown = [text[found.end() :][: int(found.group(1))] for found in _CAPTION.finditer(text)]
    state = _STATE.search(text)
    box = ("☑" if state.group(1) == "1" else "☐") if state else ""
    return " ".join(filter(None, [box, *shown])).replace("&&", "&")  # a single & underlines a letter


def text_art(data: bytes) -> Iterator[Block]:
    """Yield the text of letters that are drawn in a shape."""
    text, _ = _string(data, 32)
    if text:
        yield Paragraph(text)


def _string(data: bytes, at: int) -> tuple[str, int]:
    """Return the text at `at`, which its length precedes, and where it ends."""
    if at + 2 > len(data):
        return "", len(data)
    (length,) = struct.unpack_from("<H", data, at)
    end = at + 2 + 2 * length
    return data[at + 2 : end].decode("utf-16-le", "replace").strip("\0"), end
