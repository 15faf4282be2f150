"""Which commit the scores of this folder are from, and of which day.

The report itself names neither: it is written before its commit, and has to have the same bytes whenever it is made.
"""

import subprocess
from pathlib import Path

from pagetune.language import tr


def origin_lines(scores: Path) -> list[str]:
    """Return a line with the commit of the file of scores; none outside of Git."""
    changed = _git("status", "--porcelain", "--", str(scores))
    if changed is None:
        return []
    # In a repository without a commit, `git log` fails.
    commit = _git("log", "-1", "--date=short", "--format=%h (%cd)", "--", str(scores))
    if changed or not commit:
        return [tr("scores: not committed yet; {path} has changed", path=scores)]
    return [tr("scores: committed as {commit}", commit=commit)]


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
