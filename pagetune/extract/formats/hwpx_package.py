"""Open an HWPX package: its header and sections, decrypted where it has a password.

Source: KS X 6101 (OWPML); the encryption is that of OpenDocument 1.2, part 3.
"""

import hashlib
import re
import zlib
from base64 import b64decode
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from pagetune.extract.formats.flow import UnreadableFile
from pagetune.extract.formats.xml_parts import (
    Element,
    attribute,
    child,
    descendants,
    name_of,
    number_of,
    parse_xml,
    read_part,
)
from pagetune.language import Remark

_SECTION = re.compile(r"(?:.*/)?section(\d+)\.xml", re.IGNORECASE)
_HEADER, _MANIFEST = "Contents/header.xml", "META-INF/manifest.xml"
_KEY_BYTES = 32


def open_hwpx(path: Path, password: str | None) -> tuple[Element | None, list[Element]]:
    """Return the header, if there is one, and the sections in order.

    Raise UnreadableFile if the package is locked or broken.
    """
    try:
        with ZipFile(path) as package:
            names = package.namelist()
            sections = sorted(filter(_SECTION.fullmatch, names), key=_section_number)
            if not sections:
                raise UnreadableFile("broken_file", Remark("it has no section"))
            encrypted = _encrypted(package) if _MANIFEST in names else {}
            if encrypted and password is None:
                raise UnreadableFile("no_password", Remark("protected by a password"))
            header = _parse(package, _HEADER, encrypted, password) if _HEADER in names else None
            return header, [_parse(package, name, encrypted, password) for name in sections]
    except BadZipFile:
        raise UnreadableFile("broken_file", Remark("its ZIP package cannot be read")) from None


def _section_number(name: str) -> int:
    found = _SECTION.fullmatch(name)
    return int(found.group(1)) if found else 0


def _parse(package: ZipFile, name: str, encrypted: dict[str, Element], password: str | None) -> Element:
    content = read_part(package, name)
    if name in encrypted and password is not None:
        content = _decrypted(content, encrypted[name], password)
    return parse_xml(content, name)


def _encrypted(package: ZipFile) -> dict[str, Element]:
    """Return for each encrypted part how it is encrypted."""
    manifest = parse_xml(read_part(package, _MANIFEST), _MANIFEST)
    entries = [(entry, child(entry, "encryption-data")) for entry in descendants(manifest, "file-entry")]
    return {attribute(entry, "full-path") or "": how for entry, how in entries if how is not None}


def _decrypted(content: bytes, how: Element, password: str) -> bytes:
    """Return a part as it was before its encryption. Raise UnreadableFile if the password is wrong."""
    parts = {name_of(part): part for part in how}
    iv, salt = (
        b64decode(attribute(parts.get(name), key) or "")
        for name, key in (("algorithm", "initialisation-vector"), ("key-derivation", "salt"))
    )
    start = hashlib.sha256(password.encode()).digest()
    rounds = number_of(parts.get("key-derivation"), "iteration-count", 1024)
    key = hashlib.pbkdf2_hmac("sha1", start, salt, rounds, _KEY_BYTES)
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        return zlib.decompressobj(-15).decompress(decryptor.update(content) + decryptor.finalize())
    except (ValueError, zlib.error):
        raise UnreadableFile("wrong_password", Remark("protected by a password")) from None
