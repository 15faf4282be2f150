"""The stage `library` of a project: records which code of pagetune is installed, so that DVC sees when it changes."""

import shutil
import subprocess
from pathlib import Path

from pagetune import __version__
from pagetune.commands.project import LIBRARY, LOCK, hash_of, library_hashes, project_files, read_lock
from pagetune.errors import UserError, run_stage
from pagetune.jsonl import write_json
from pagetune.language import tr


def main() -> None:
    check_commit()
    check_project()
    hashes = library_hashes()
    write_json(LIBRARY, hashes)
    print(
        tr("library: pagetune {version}, {count} parts in {path}", version=__version__, count=len(hashes), path=LIBRARY)
    )


def check_commit() -> None:
    """Raise UserError in a Git repository without a commit, in which DVCLive would end the training later."""
    if shutil.which("git") is None:
        raise UserError("git is not installed. Install it; DVC keeps its experiments in it.")
    seen = subprocess.run(["git", "rev-parse", "--quiet", "--verify", "HEAD"], capture_output=True, check=False)
    if seen.returncode:
        raise UserError('nothing is committed here yet. Run `git add . && git commit -m "Start"`, then `dvc repro`.')


def check_project() -> None:
    """Raise UserError where another version than the installed one wrote the project's dvc.yaml, stages or settings."""
    version, written = read_lock(Path())
    current = {name: hash_of(text.encode()) for name, text in project_files().items()}
    other = [name for name in sorted({*current, *written}) if current.get(name) != written.get(name)]
    if not other:
        return
    more = tr(" and {count} more files", count=len(other) - 3) if len(other) > 3 else ""
    raise UserError(
        "pagetune {installed} is installed, but {lock} names another version ({version}) for "
        "{packages}{more} of this project. Run `pagetune init --update`, then `dvc repro`.",
        installed=__version__,
        lock=LOCK,
        packages=", ".join(other[:3]),
        more=more,
        version=version,
    )


if __name__ == "__main__":
    run_stage("library", main)
