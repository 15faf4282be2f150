"""What the commands say, in the language of the locale."""

import os


def speaks_korean() -> bool:
    """The first of these that is set decides."""
    chosen = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((value for value in chosen if value), "").startswith("ko")


def tr(english: str, korean: str) -> str:
    """Both stand side by side in the code, so that neither is forgotten."""
    return korean if speaks_korean() else english
