"""Letters that hide what a text says: invisible ones, look-alikes, and words written letter by letter."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

#: Invisible characters: joiners, marks of direction, fillers, variation selectors, the tags of U+E0000.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
#: A tag is an ASCII character moved to U+E0000, which no font shows and a tokenizer may read.
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
#: Cyrillic and Greek letters, and the Latin ones that they look like.
_LOOKS_LIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеіјорсухѕԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυ", "ABESIJKMHOPCTXYaeijopcyxsdhqwABEZHIKMNOPTYXaivopu"
)
#: At least five letters that stand alone: 무 시 하 고 답, i.g.n.o.r.e.
_LETTER_BY_LETTER = re.compile(r"(?<!\w)(?:[^\W\d_][\s._*|·/-]{1,3}){4,}[^\W\d_](?!\w)")


#: Text in Base64 or in hexadecimal digits, and at least three bytes as a URL writes them.
_BASE64 = re.compile(r"(?<![\w+/=])(?:[A-Za-z0-9+/]{4}){5,}(?:[A-Za-z0-9+/]{2,3}={0,2})?(?![\w+/])")
_HEXADECIMAL = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}[ :]?){16,}(?![0-9A-Fa-f])")
_IN_A_URL = re.compile(r"(?:%[0-9A-Fa-f]{2}[\w ]{0,60}){3,}")


def without_invisible(text: str) -> str:
    """Return `text` without its invisible characters."""
    return _INVISIBLE.sub("", text)


def _decoded(text: str) -> str:
    """Return what the codes in a text say, where that is text: Base64, hexadecimal digits, %-codes."""
    found = [_utf8(base64.b64decode, one) for one in _BASE64.findall(text)]
    found += [_utf8(bytes.fromhex, re.sub("[ :]", "", one)) for one in _HEXADECIMAL.findall(text)]
    found += [unquote(one) for one in _IN_A_URL.findall(text)]
    return "".join(f". {one}. " for one in found if one)


def _utf8(decode: Callable[[str], bytes], code: str) -> str:
    """Return the text of a code, or nothing where its bytes are none."""
    try:
        said = decode(code).decode()
    except (binascii.Error, ValueError):
        return ""
    return said if said.isprintable() and " " in said else ""


def undisguised(text: str) -> str:
    """Return what `text` says to a reader who sees through its letters and codes; its length may differ."""
    text += _decoded(text)
    text = _TAGS.sub(lambda found: f". {''.join(chr(ord(tag) - 0xE0000) for tag in found[0])}. ", text)
    text = without_invisible(unicodedata.normalize("NFKC", text)).translate(_LOOKS_LIKE)
    return _LETTER_BY_LETTER.sub(lambda found: re.sub(r"[\W_]", "", found[0]), text)
