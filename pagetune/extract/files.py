"""Find the documents of a folder: which can be opened, with which password, and how many pages each has."""

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser

from pagetune.errors import UserError
from pagetune.extract.damage import damaged_pages
from pagetune.extract.formats.detect import KINDS, is_package, is_pdf, why_not_read
from pagetune.extract.formats.flow import UnreadableFile
from pagetune.extract.formats.opening import read_document
from pagetune.extract.formats.page_records import page_blocks
from pagetune.extract.forms import is_xfa_only
from pagetune.failures import is_from_machine, shown
from pagetune.language import Remark, tr
from pagetune.masking import remember
from pagetune.records import BadFile, BadFileReason

#: Where passwords are read from, as a JSON object by file name: an environment variable, and a file that Git ignores.
PASSWORDS_VARIABLE, PASSWORDS_FILE = "PAGETUNE_PASSWORDS", Path("passwords.json")
PASSWORDS_HELP = Remark(
    'Add it as {{"file.pdf": "password"}} to {path} or {variable}, then run `dvc repro -f extract`',
    path=PASSWORDS_FILE,
    variable=PASSWORDS_VARIABLE,
)
#: The suffixes of documents, of a user's own rows, which build_qa reads, and of what belongs to no reader.
SUFFIXES = (".pdf", *KINDS)
OWN_ROWS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
#: What `save_to_disk` writes into the folder of a data set.
_SAVED = ("state.json", "dataset_dict.json")
_NOBODYS = (".dvc",)
#: What file managers leave in folders.
_LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class InputFile:
    """A file that may be a document, and its password if one is given."""

    path: Path
    password: str | None = field(repr=False)


@dataclass(frozen=True)
class SourceFile:
    """A document that can be opened, and its password if it needs one. `damaged` holds page numbers, from 1."""

    path: Path
    doc_id: str
    sha256: str
    page_count: int
    password: str | None = field(repr=False)
    damaged: frozenset[int] = frozenset()
    is_pdf: bool = True


def find_documents(folder: Path) -> list[Path]:
    """Return the documents of a folder, their suffixes in upper or lower case, sorted by name.

    Raise UserError if two of them would have the same document id.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES and _is_own(path))
    by_id = sorted(paths, key=doc_id)
    for one, other in itertools.pairwise(by_id):
        if doc_id(one) == doc_id(other):
            is_same = one.name != other.name and file_name(one) == unicodedata.normalize("NFC", other.name)
            alike = tr(", and differ only in how Unicode composes their letters") if is_same else ""
            names = tr("{one} and {other}", one=shown(one), other=shown(other))
            raise UserError(
                "{names} would both be document {name!r}{alike}. Rename one of them.",
                names=names,
                name=doc_id(one),
                alike=alike,
            )
    return paths


def find_unread(folder: Path) -> list[BadFile]:
    """Return what nobody reads: files of other kinds that are not hidden, and what only has a document's name."""
    unread = ((path, _why_unread(path)) for path in sorted(folder.iterdir()))
    return [BadFile(file=file_name(path), reason="not_read", seen=why) for path, why in unread if why]


def _why_unread(path: Path) -> str | None:
    """Return what stands there and what to do with it; None for what is read, hidden, or no document's folder."""
    known, suffix = (*SUFFIXES, *OWN_ROWS), path.suffix.lower()
    if path.name.lower() in known:
        return Remark("a file whose whole name is a suffix. Give it a name")
    if path.is_dir():
        saved = any((path / name).exists() for name in _SAVED)
        return Remark("a folder with the name of a file. Rename it") if suffix in known and not saved else None
    if not path.is_file():
        return _why_no_file(path)
    if path.name.startswith(".") or suffix in (*known, *_NOBODYS) or not _is_own(path):
        return None
    return why_not_read(path)


def _why_no_file(path: Path) -> str:
    if path.is_symlink():
        return Remark(
            "a link to {target}, where no file is. Put that file back, or remove the link",
            target=shown(path.readlink()),
        )
    return Remark("a pipe, a socket or a device, and not a file. Take it out of the folder")


def find_nested(folder: Path) -> list[Path]:
    """Return documents and own rows in subfolders, which nobody reads; a data set that `datasets` saved is read."""
    saved = {path.parent for name in _SAVED for path in folder.glob(f"*/{name}")}
    wanted = (*SUFFIXES, *OWN_ROWS)
    paths = [path for path in sorted(folder.glob("*/**/*")) if path.suffix.lower() in wanted and path.is_file()]
    return [path for path in paths if not saved & set(path.parents)]


def _is_own(path: Path) -> bool:
    """Return whether it is a file, and not one that a program leaves beside the documents.

    Office programs lock a document that is open with a file `~$…`, and macOS keeps its attributes in `._…`.
    """
    return path.is_file() and not path.name.startswith(("~$", "._")) and path.name.lower() not in _LEFT_BY_SYSTEMS


def doc_id(path: Path) -> str:
    """Return the file name without its suffix, in NFC.

    Bytes that are not UTF-8 and control characters become U+FFFD.
    """
    name = unicodedata.normalize("NFC", os.fsencode(path.stem).decode("utf-8", "replace"))
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def inspect_file(file: InputFile) -> SourceFile | BadFile:
    """Open the file and count its pages, or say why it cannot be read."""
    try:
        content = file.path.read_bytes()
    except OSError as error:
        if is_from_machine(error):
            raise
        return _bad(file, "unreadable", str(error.strerror))
    if not content:
        return _bad(file, "empty_file", "0 bytes")
    if is_pdf(file.path):
        return _inspect_pdf(file, content)
    if file.path.suffix.lower() == ".pdf" and not is_package(file.path):
        return _bad(file, "not_a_pdf", Remark("begins with {content!r}", content=content[:8]))
    try:
        page_count = len(page_blocks(read_document(file.path, file.password)))
    except UnreadableFile as error:
        return _bad(file, error.reason, error.seen)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # a library may raise anything on a broken file
        return _bad(file, "broken_file", Remark("reading it failed with {error}", error=type(error).__name__))
    sha256 = hashlib.sha256(content).hexdigest()
    return SourceFile(file.path, doc_id(file.path), sha256, page_count, file.password, is_pdf=False)


def _inspect_pdf(file: InputFile, content: bytes) -> SourceFile | BadFile:
    try:
        with pdfium.PdfDocument(file.path, password=file.password) as pdf:
            page_count = _count_pages(file, pdf)
            if is_xfa_only(pdf):
                return _bad(file, "xfa_only", Remark("only asks for Adobe Reader"))
    except pdfium.PdfiumError as error:
        return _failed_to_open(file, error)
    if not page_count:
        return _bad(file, "broken_file", Remark("none of its pages can be found"))
    sha256 = hashlib.sha256(content).hexdigest()
    damaged = damaged_pages(file.path, content, page_count)
    return SourceFile(file.path, doc_id(file.path), sha256, page_count, file.password, damaged)


def _count_pages(file: InputFile, pdf: pdfium.PdfDocument) -> int:
    """Return the number of pages that the file claims, or, if the last of these is missing, that pdfminer finds.

    PDFium reports the claimed number without checking it.
    """
    claimed = len(pdf)
    if not claimed:
        return 0
    try:
        pdf.get_page_size(claimed - 1)  # cheaper than loading the page, which reads its contents
    except pdfium.PdfiumError:
        return min(claimed, _walk_pages(file))
    return claimed


def _walk_pages(file: InputFile) -> int:
    try:
        with file.path.open("rb") as opened:
            return sum(1 for _ in PDFPage.create_pages(PDFDocument(PDFParser(opened), file.password or "")))
    except Exception:  # pdfminer may raise any exception on a broken file
        return 0


def _failed_to_open(file: InputFile, error: pdfium.PdfiumError) -> BadFile:
    if error.err_code == raw.FPDF_ERR_PASSWORD:
        reason: BadFileReason = "wrong_password" if file.password else "no_password"
        return _bad(file, reason, Remark("protected by a password"))
    seen = Remark("it has no page") if error.err_code == raw.FPDF_ERR_SUCCESS else str(error).rstrip(".")
    return _bad(file, "broken_file", seen)


def _bad(file: InputFile, reason: BadFileReason, seen: str) -> BadFile:
    return BadFile(file=file_name(file.path), reason=reason, seen=seen)


def file_name(path: Path) -> str:
    """Return the file name in a form that prints on one line. Passwords are looked up by it."""
    return doc_id(path) + path.suffix


def read_passwords() -> dict[str, str]:
    """Return the passwords by file name; those in the environment variable override those in the file.

    Raise UserError if they cannot be read. Its message never contains a password.
    """
    passwords = _passwords_of_file() | _parse(os.environ.get(PASSWORDS_VARIABLE, "{}"), PASSWORDS_VARIABLE)
    remember(passwords.values())
    return passwords


def _passwords_of_file() -> dict[str, str]:
    if not PASSWORDS_FILE.exists():
        return {}
    if _is_in_git(PASSWORDS_FILE):
        raise UserError(
            "{passwords} is tracked by Git. Run `git rm --cached {passwords}` and change the passwords.",
            passwords=PASSWORDS_FILE,
        )
    try:
        return _parse(PASSWORDS_FILE.read_text(encoding="utf-8"), str(PASSWORDS_FILE))
    except UnicodeDecodeError:
        raise UserError("{passwords} is not UTF-8. Save it as UTF-8.", passwords=PASSWORDS_FILE) from None


def _is_in_git(path: Path) -> bool:
    if not shutil.which("git"):
        return False
    listed = subprocess.run(["git", "ls-files", "--error-unmatch", path], capture_output=True, check=False)
    return listed.returncode == 0


def _parse(text: str, where: str) -> dict[str, str]:
    try:
        passwords = json.loads(text)
    except json.JSONDecodeError as error:
        at = tr("line {line}, column {column}", line=error.lineno, column=error.colno)
        raise UserError(
            '{where} is not valid JSON ({at}). Write {{"file.pdf": "password"}}.', where=where, at=at
        ) from None
    if not isinstance(passwords, dict) or not all(isinstance(value, str) for value in passwords.values()):
        raise UserError(
            '{where} is not a JSON object of file names and passwords. Write {{"file.pdf": "password"}}.', where=where
        )
    return {unicodedata.normalize("NFC", name): password for name, password in passwords.items()}
