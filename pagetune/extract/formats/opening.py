"""Open a document of any kind but PDF, with its password if it has one, and read its blocks."""

import importlib
import importlib.util
import io
from pathlib import Path
from typing import Any

from pagetune.extract.formats.detect import Kind, detect, is_ole, kind_of_package
from pagetune.extract.formats.flow import Block, UnreadableFile
from pagetune.language import Remark

#: The packages that each kind needs, as they are imported, and the extra of pagetune that installs them.
_NEEDS: dict[Kind, tuple[tuple[str, ...], str]] = {
    "hwp": (("olefile", "cryptography"), "hwp"),
    "hwpx": (("lxml", "cryptography"), "hwp"),
    "docx": (("lxml",), "office"),
    "pptx": (("pptx",), "office"),
    "xlsx": (("openpyxl",), "office"),
    "html": (("lxml",), "office"),
    "markdown": (("lxml", "markdown_it"), "office"),
    "text": ((), ""),
}
_MODULES: dict[Kind, str] = {"text": "plain_text"}


def read_document(path: Path, password: str | None) -> list[Block]:
    """Return the blocks of the document. Raise UnreadableFile if it cannot be read."""
    if is_ole(path):
        _check_packages(("olefile",), "hwp")
    kind = detect(path)
    if kind in ("docx", "pptx", "xlsx") and is_ole(path):
        opened = _unlocked(path, password)
        return _read(kind_of_package(opened), opened)
    return _read(kind, path, password) if kind == "hwpx" else _read(kind, path)


def _read(kind: Kind, *arguments: Any) -> list[Block]:
    """Read a document of this kind; its module is imported only now, because the packages it needs may be missing."""
    _check_packages(*_NEEDS[kind])
    name = _MODULES.get(kind, kind)
    module = importlib.import_module(f"pagetune.extract.formats.{name}")
    blocks: list[Block] = getattr(module, f"read_{kind}")(*arguments)
    return blocks


def _check_packages(packages: tuple[str, ...], extra: str) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise UnreadableFile("missing_library", f"pip install 'pagetune[{extra}]'")


def _unlocked(path: Path, password: str | None) -> io.BytesIO:
    """Return an Office file without its password, which never is on the disk so."""
    if password is None:
        raise UnreadableFile("no_password", Remark("protected by a password"))
    _check_packages(("msoffcrypto",), "office")
    import msoffcrypto

    opened = io.BytesIO()
    try:
        with path.open("rb") as file:
            locked = msoffcrypto.OfficeFile(file)
            locked.load_key(password=password, verify_password=True)
            locked.decrypt(opened)
    except Exception:  # of many kinds, for a wrong password and for an encryption that is unknown
        raise UnreadableFile("wrong_password", Remark("protected by a password")) from None
    opened.seek(0)
    return opened
