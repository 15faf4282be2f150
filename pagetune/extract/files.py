"""The files of a folder: which can be opened, with what password, and how many pages each has."""

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
from pagetune.records import BadFile, BadFileReason

#: Passwords by file name, as JSON: in this variable, or in this file, which Git ignores.
PASSWORDS_VARIABLE, PASSWORDS_FILE = "PAGETUNE_PASSWORDS", Path("passwords.json")
PASSWORDS_HELP = (
    f'Name it as {{"file.pdf": "password"}} in {PASSWORDS_FILE} or {PASSWORDS_VARIABLE}, dvc repro -f extract'
)
#: A PDF's mark may stand behind a few bytes of something else.
MARK_WITHIN = 1024


@dataclass(frozen=True)
class Candidate:
    """A file that may be a PDF."""

    path: Path
    password: str | None = field(repr=False)


@dataclass(frozen=True)
class SourceFile:
    """A PDF that can be opened."""

    path: Path
    doc_id: str
    sha256: str
    page_count: int
    password: str | None = field(repr=False)


def find_pdfs(folder: Path) -> list[Path]:
    """`*.pdf` in any case, sorted by name. Raises UserError where two would give one document id."""
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() == ".pdf" and path.is_file())
    by_id = sorted(paths, key=doc_id)
    for one, other in itertools.pairwise(by_id):
        if doc_id(one) == doc_id(other):
            raise UserError(f"{one} and {other} have one name, {doc_id(one)!r}. Rename one of them.")
    return paths


def doc_id(path: Path) -> str:
    """The file's name without its ending, composed as NFC; bytes that are no UTF-8 and control characters as U+FFFD."""
    name = unicodedata.normalize("NFC", os.fsencode(path.stem).decode("utf-8", "replace"))
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def inspect_file(candidate: Candidate) -> SourceFile | BadFile:
    content = candidate.path.read_bytes()
    if not content:
        return _bad(candidate, "empty_file", "0 bytes")
    if b"%PDF-" not in content[:MARK_WITHIN]:
        return _bad(candidate, "not_a_pdf", f"begins with {content[:8]!r}")
    try:
        with pdfium.PdfDocument(candidate.path, password=candidate.password) as pdf:
            page_count = _count_pages(candidate, pdf)
    except pdfium.PdfiumError as error:
        return _why_not_opened(candidate, error)
    if not page_count:
        return _bad(candidate, "broken_file", "no page can be found")
    sha256 = hashlib.sha256(content).hexdigest()
    return SourceFile(candidate.path, doc_id(candidate.path), sha256, page_count, candidate.password)


def _count_pages(candidate: Candidate, pdf: pdfium.PdfDocument) -> int:
    """PDFium believes the number that the file names; where the last of them is not there, pdfminer counts."""
    named = len(pdf)
    if not named:
        return 0
    try:
        pdf.get_page_size(named - 1)  # loading the page would read what it holds
    except pdfium.PdfiumError:
        return min(named, _walk_pages(candidate))
    return named


def _walk_pages(candidate: Candidate) -> int:
    try:
        with candidate.path.open("rb") as file:
            return sum(1 for _ in PDFPage.create_pages(PDFDocument(PDFParser(file), candidate.password or "")))
    except Exception:  # pdfminer raises whatever a broken file brings about
        return 0


def _why_not_opened(candidate: Candidate, error: pdfium.PdfiumError) -> BadFile:
    if error.err_code == raw.FPDF_ERR_PASSWORD:
        reason: BadFileReason = "wrong_password" if candidate.password else "no_password"
        return _bad(candidate, reason, "protected by a password")
    seen = "it has no page" if error.err_code == raw.FPDF_ERR_SUCCESS else str(error).rstrip(".")
    return _bad(candidate, "broken_file", seen)


def _bad(candidate: Candidate, reason: BadFileReason, seen: str) -> BadFile:
    return BadFile(file=file_name(candidate.path), reason=reason, seen=seen)


def file_name(path: Path) -> str:
    """The name as it can be printed in one line."""
    return doc_id(path) + path.suffix


def read_passwords() -> dict[str, str]:
    """Passwords by file name; the variable's go before the file's. Raises UserError, which never holds a password."""
    return _passwords_of_file() | _parse(os.environ.get(PASSWORDS_VARIABLE, "{}"), PASSWORDS_VARIABLE)


def _passwords_of_file() -> dict[str, str]:
    if not PASSWORDS_FILE.exists():
        return {}
    if _is_in_git(PASSWORDS_FILE):
        raise UserError(f"{PASSWORDS_FILE} is in Git. Take it out (git rm --cached {PASSWORDS_FILE}), change them all.")
    try:
        return _parse(PASSWORDS_FILE.read_text(encoding="utf-8"), str(PASSWORDS_FILE))
    except UnicodeDecodeError:
        raise UserError(f"{PASSWORDS_FILE} is no UTF-8. Save it as UTF-8.") from None


def _is_in_git(path: Path) -> bool:
    if not shutil.which("git"):
        return False
    listed = subprocess.run(["git", "ls-files", "--error-unmatch", path], capture_output=True, check=False)
    return listed.returncode == 0


def _parse(text: str, where: str) -> dict[str, str]:
    try:
        passwords = json.loads(text)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}"
        raise UserError(f'{where} is no JSON ({at}). Write {{"file.pdf": "password"}}.') from None
    if not isinstance(passwords, dict) or not all(isinstance(value, str) for value in passwords.values()):
        raise UserError(f'{where} is no object of names and passwords. Write {{"file.pdf": "password"}}.')
    return {unicodedata.normalize("NFC", name): password for name, password in passwords.items()}
