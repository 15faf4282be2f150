"""The messages of the report, found in its modules and templates, and its catalogue as it is written.

`python tests/report_messages.py` lists what the Korean catalogue lacks, in the form of its entries.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import extract_from_ast

ROOT = Path(__file__).parent.parent
ROOMS = (ROOT / "pagetune/evaluate", ROOT / "pagetune/report")
CATALOGUE = ROOT / "pagetune/report/locale/ko/LC_MESSAGES/report.po"
#: What takes a form as its first argument.
_CALLS = ("Message", "noted")


def forms() -> list[str]:
    """Return every form that a catalogue has to have, in the order of the files, each once."""
    modules = [path for room in ROOMS for path in sorted(room.glob("*.py"))]
    found = [form for path in modules for form in _in_module(path)]
    found += [form for path in sorted(ROOMS[1].glob("*.html")) for form in _in_template(path)]
    return [form for form in dict.fromkeys(found) if re.search(r"[^\W\d_]", re.sub(r"\{[^}]*\}", "", form))]


def _in_module(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS and node.args:
            yield from _texts(node.args[0])
        elif isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["form"]:
            yield from _texts(node.value)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))


def _in_template(path: Path) -> Iterator[str]:
    parsed = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    for _, _, form in extract_from_ast(parsed, gettext_functions=("_",)):
        yield form if isinstance(form, str) else str(form[0])


def entries() -> dict[str, str]:
    """Return the translations of the catalogue by their forms, as the file has them."""
    text = CATALOGUE.read_text(encoding="utf-8")
    assert "fuzzy" not in text
    found = re.findall(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"(?:\n|\Z))+)', text, re.MULTILINE)
    return {_joined(form): _joined(translation) for form, translation in found if _joined(form)}


def _joined(lines: str) -> str:
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


if __name__ == "__main__":
    known = entries() if CATALOGUE.exists() else {}
    for missing in (form for form in forms() if form not in known):
        quoted = missing.replace("\\", "\\\\").replace('"', '\\"')
        print(f'msgid "{quoted}"\nmsgstr ""\n')
