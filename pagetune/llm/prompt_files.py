"""The prompts: Markdown files in `pagetune/llm/prompts/`, one per task and language, in parts `# system` and `# user`.

A document's text is inserted as data: a `{{` in it stays text, and a `</text>` does not end its passage.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, StrictUndefined, Template

from pagetune.llm.escaping import as_data

FOLDER = Path(__file__).parent / "prompts"
Language = Literal["ko", "en"]
#: A text with at least this share of Hangul among its letters is Korean: product names and formulas are Latin anyway.
MIN_HANGUL_SHARE = 0.2


def render(task: str, language: Language, **values: object) -> list[dict[str, str]]:
    """Return the messages of a request: {"role": "system" | "user", "content": …}."""
    data = {name: _as_data(value) for name, value in values.items()}
    return [
        {"role": role, "content": template.render(data).strip()}
        for role, template in _templates(f"{task}.{language}.md")
    ]


def _as_data(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_as_data(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_data(item) for name, item in value.items()}
    return as_data(value) if isinstance(value, str) else value


def language_of(text: str) -> Language:
    letters = [sign for sign in text if sign.isalpha()]
    hangul = sum("가" <= sign <= "힣" for sign in letters)
    return "ko" if letters and hangul >= MIN_HANGUL_SHARE * len(letters) else "en"


@cache
def _templates(name: str) -> list[tuple[str, Template]]:
    """Split the file into its parts before a document's text is in it, which may contain `# system` too."""
    parts = re.split(r"^# (system|user)\n", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    plain: dict[str, Any] = {"undefined": StrictUndefined, "autoescape": False, "trim_blocks": True}
    environment = Environment(**plain)  # noqa: S701 - plain text, no HTML
    return [(role, environment.from_string(text)) for role, text in zip(parts[::2], parts[1::2], strict=True)]
