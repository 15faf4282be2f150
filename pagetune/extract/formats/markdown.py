"""Read Markdown: it is rendered to HTML and read as that. Front matter in YAML is left out."""

import re
from pathlib import Path

from markdown_it import MarkdownIt

from pagetune.extract.formats.flow import Block
from pagetune.extract.formats.html import html_blocks
from pagetune.extract.formats.plain_text import decode

_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)


def read_markdown(path: Path) -> list[Block]:
    """Return the blocks of the file. Raise UnreadableFile if its encoding is unknown."""
    text = decode(path.read_bytes()).replace("\r\n", "\n")
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(_FRONT_MATTER.sub("", text))
    return html_blocks(f"<body>{rendered}</body>") if rendered.strip() else []
