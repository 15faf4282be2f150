"""Tell what a file is by its content, whatever its name says."""

import re
from pathlib import Path
from typing import IO, Literal
from zipfile import BadZipFile, ZipFile

from pagetune.extract.formats.flow import UnreadableFile
from pagetune.language import Remark

#: The kinds of documents that are read.
Kind = Literal["hwp", "hwpx", "docx", "pptx", "xlsx", "html", "markdown", "text"]
#: The kinds by the suffixes of files. A text file is what its suffix says, all others are what they hold.
KINDS: dict[str, Kind] = {
    ".hwp": "hwp",
    ".hwpx": "hwpx",
    ".docx": "docx",
    ".docm": "docx",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
}
_TEXTS: tuple[Kind, ...] = ("markdown", "text", "html")
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_HWP_3 = b"HWP Document File V"
_HTML = re.compile(rb"<(?:!doctype html|html|head|body|meta|table|div|p|h[1-6])[\s>]", re.IGNORECASE)
#: Parts of a package by which its kind is known.
_PARTS: tuple[tuple[str, Kind], ...] = (
    ("word/document.xml", "docx"),
    ("ppt/presentation.xml", "pptx"),
    ("xl/workbook.xml", "xlsx"),
)
#: Streams of an OLE file, what they belong to, and how that is saved so that it can be read.
_OLD = (
    ("WordDocument", Remark("an old Word document (.doc)"), "Word", ".docx"),
    ("PowerPoint Document", Remark("an old PowerPoint presentation (.ppt)"), "PowerPoint", ".pptx"),
    ("Workbook", Remark("an old Excel workbook (.xls)"), "Excel", ".xlsx"),
    ("Book", Remark("an old Excel workbook (.xls)"), "Excel", ".xlsx"),
)
_FIRST_BYTES = 4096
#: For suffixes that are not read: the program that opens such files, and the suffix to save them as.
_PROGRAMS = {
    **dict.fromkeys((".doc", ".dot", ".rtf"), ("Word", ".docx")),
    **dict.fromkeys((".ppt", ".pps"), ("PowerPoint", ".pptx")),
    **dict.fromkeys((".xls", ".xlsb", ".xlt"), ("Excel", ".xlsx")),
    **dict.fromkeys((".hml", ".hwt", ".hwtx", ".hwpml"), (Remark("Hangul"), ".hwpx")),
    **dict.fromkeys((".odt", ".ott"), ("LibreOffice", ".docx")),
    **dict.fromkeys((".odp", ".ods"), ("LibreOffice", ".pptx or .xlsx")),
    **dict.fromkeys((".epub", ".mobi", ".xps", ".djvu", ".pages", ".key", ".numbers"), (Remark("its program"), ".pdf")),
}
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".svg")
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".egg", ".alz")


def is_pdf(path: Path) -> bool:
    """Return whether the file is a PDF. Its mark may follow other bytes, except in a text, which may tell of PDFs."""
    with path.open("rb") as file:
        start = file.read(1024)
    return start.startswith(b"%PDF-") if KINDS.get(path.suffix.lower()) in _TEXTS else b"%PDF-" in start


def is_package(path: Path) -> bool:
    """Return whether the file is an OLE file or a ZIP package, as most documents are."""
    with path.open("rb") as file:
        return file.read(len(_OLE)).startswith((_OLE, _ZIP))


def is_ole(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_OLE)) == _OLE


def detect(path: Path) -> Kind:
    """Return what the file holds. Raise UnreadableFile if it is nothing that is read."""
    with path.open("rb") as file:
        start = file.read(_FIRST_BYTES)
    if start.startswith(_OLE):
        return _kind_of_ole(path)
    if start.startswith(_ZIP):
        return kind_of_package(path)
    if start.startswith(_HWP_3):
        raise UnreadableFile("not_read", save_as(Remark("an HWP 3 document"), Remark("Hangul"), ".hwpx"))
    if b"<HWPML" in start:
        raise UnreadableFile("not_read", save_as(Remark("an HWPML document"), Remark("Hangul"), ".hwpx"))
    if start.startswith(b"{\\rtf"):
        raise UnreadableFile("not_read", save_as(Remark("an RTF document"), "Word", ".docx"))
    return _kind_of_text(path, start)


def save_as(what: str, program: str, suffix: str) -> str:
    return Remark(
        "{what}, which is not read. Open it in {program}, and save it as {suffix}",
        what=what,
        program=program,
        suffix=suffix,
    )


def why_not_read(path: Path) -> str:
    """Return what a file is whose suffix belongs to no document that is read, and what to do with it."""
    suffix = path.suffix.lower()
    if suffix in _PROGRAMS:
        return save_as(Remark("a {suffix} file", suffix=suffix), *_PROGRAMS[suffix])
    if suffix in _PICTURES:
        return Remark(
            "a picture ({suffix}), which is not read. Put it into a PDF, whose pages extract.ocr: auto reads",
            suffix=suffix,
        )
    if suffix in _ARCHIVES:
        return Remark(
            "an archive ({suffix}), which is not read. Unpack it, and put its documents into the folder", suffix=suffix
        )
    what = Remark("a {suffix} file", suffix=suffix) if suffix else Remark("a file without a suffix")
    return Remark(
        "{what}, which is not read. Save it as a PDF, HWPX, DOCX, PPTX, XLSX, HTML or text file, or take it out",
        what=what,
    )


def _kind_of_text(path: Path, start: bytes) -> Kind:
    """Return the kind that the suffix says, or HTML for a file that a web page was saved as."""
    kind = KINDS.get(path.suffix.lower())
    if kind in _TEXTS:
        return kind
    if _HTML.search(start.replace(b"\0", b"")):
        return "html"
    raise UnreadableFile("broken_file", Remark("begins with {content!r}", content=start[:8]))


def kind_of_package(file: Path | IO[bytes]) -> Kind:
    try:
        with ZipFile(file) as package:
            names = set(package.namelist())
    except (BadZipFile, OSError, ValueError):
        raise UnreadableFile("broken_file", Remark("its ZIP package cannot be read")) from None
    for part, kind in _PARTS:
        if part in names:
            return kind
    if any(re.fullmatch(r"(?:.*/)?section\d+\.xml", name, re.IGNORECASE) for name in names):
        return "hwpx"
    if "content.xml" in names:
        raise UnreadableFile(
            "not_read", save_as(Remark("an OpenDocument file"), "LibreOffice", ".docx, .pptx or .xlsx")
        )
    if "xl/workbook.bin" in names:
        raise UnreadableFile("not_read", save_as(Remark("a binary workbook (.xlsb)"), "Excel", ".xlsx"))
    raise UnreadableFile(
        "not_read", Remark("an archive, which is not read. Unpack it, and put its documents into the folder")
    )


def _kind_of_ole(path: Path) -> Kind:
    import olefile

    try:
        with olefile.OleFileIO(path) as ole:
            if ole.exists("FileHeader"):
                return "hwp"
            if ole.exists("EncryptedPackage"):
                return _kind_of_locked(path)
            for stream, what, program, suffix in _OLD:
                if ole.exists(stream):
                    raise UnreadableFile("not_read", save_as(what, program, suffix))
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise UnreadableFile(
            "broken_file", Remark("its parts cannot be read: {error}", error=type(error).__name__)
        ) from None
    raise UnreadableFile("not_read", Remark("an OLE file without a document. Replace it, or take it out of the folder"))


def _kind_of_locked(path: Path) -> Kind:
    """Return what a locked Office file says it is: its content is known only after it is opened."""
    kind = KINDS.get(path.suffix.lower())
    return kind if kind in ("docx", "pptx", "xlsx") else "docx"
