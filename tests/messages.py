"""The catalogue of Korean messages: what the source says, what the catalogue has, and the file that gettext reads.

`python tests/messages.py` (`make messages`) writes every message of the source into `pagetune/locale/`, and lists those
that have no Korean text yet.
"""

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "pagetune" / "locale" / "ko" / "LC_MESSAGES"
PO, MO = FOLDER / "pagetune.po", FOLDER / "pagetune.mo"
#: The functions and classes whose first argument is a message.
SPEAKERS = ("tr", "Remark", "UserError", "Unreachable")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call that says something, with its file. Babel's own reader does not look into f-strings."""
    for folder in ("pagetune", "stages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SPEAKERS:
                    yield path.relative_to(ROOT).as_posix(), node


def in_source() -> dict[str, list[str]]:
    """Return every message of the source with the files that have it."""
    found: dict[str, list[str]] = {}
    for path, call in calls():
        if call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value:
            files = found.setdefault(call.args[0].value, [])
            files += [path] if path not in files else []
    return found


def read_catalogue() -> dict[str, str]:
    """Return the Korean text of every message of the catalogue."""
    with PO.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale="ko") if one.id}


class Korean(Catalog):
    """The catalogue with a header that stays the same: without dates and the version of Babel."""

    mime_headers = (
        ("Language", "ko"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    )


def updated() -> Korean:
    """Return the catalogue of the source's messages, in the order of the files, with the texts that are known."""
    known = read_catalogue()
    comment = "# Korean messages of pagetune. `make messages` adds new ones."
    catalogue = Korean(header_comment=comment, fuzzy=False)
    for message, files in sorted(in_source().items(), key=lambda one: (one[1][0], one[0])):
        catalogue.add(message, known.get(message, ""), [(file, None) for file in files])
    return catalogue


def po(catalogue: Korean) -> bytes:
    written = io.BytesIO()
    write_po(written, catalogue, width=110, include_lineno=False)
    return written.getvalue()


def mo(catalogue: Korean) -> bytes:
    written = io.BytesIO()
    write_mo(written, catalogue)
    return written.getvalue()


if __name__ == "__main__":
    now = updated()
    PO.write_bytes(po(now))
    MO.write_bytes(mo(now))
    missing = [str(one.id) for one in now if one.id and not one.string]
    print("\n".join(missing) or "messages: every message has a Korean text")
    sys.exit(1 if missing else 0)
