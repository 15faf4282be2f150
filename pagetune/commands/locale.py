"""The language of what the commands print."""

import os


def speaks_korean() -> bool:
    """Return whether the locale is Korean; the first of these variables that is set decides."""
    chosen = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((value for value in chosen if value), "").startswith("ko")


def tr(english: str, korean: str) -> str:
    """Return the text in the language of the locale. Callers give both side by side, so that neither is forgotten."""
    return korean if speaks_korean() else english
