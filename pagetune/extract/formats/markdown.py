"""Read Markdown: it is rendered to HTML and read as that. Front matter in YAML is left out."""

import re
from pathlib import Path

from markdown_it import MarkdownIt
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pagetune.extract.formats.flow import Block
from pagetune.extract.formats.html import html_blocks
from pagetune.extract.formats.plain_text import decode

#: What may be front matter: a rule, a key right below it, and all up to the next rule.
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?=[^\s:][^\n:]*:\s)(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


def read_markdown(path: Path) -> list[Block]:
    """Return the blocks of the file. Raise UnreadableFile if its encoding is unknown."""
    text = decode(path.read_bytes()).replace("\r\n", "\n")
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(_without_front_matter(text))
    return html_blocks(f"<body>{rendered}</body>") if rendered.strip() else []


def _without_front_matter(text: str) -> str:
    """Leave out what stands between two rules at the start if it is a mapping. A rule may also divide the text."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return text
    try:
        is_mapping = isinstance(YAML(typ="safe", pure=True).load(found.group(1)), dict)
    except (YAMLError, ValueError):  # a date that does not exist is a ValueError
        is_mapping = False
    return text[found.end() :] if is_mapping else text
