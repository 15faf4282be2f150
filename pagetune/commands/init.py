"""`pagetune init`: a project in a folder of its own, which uses the installed library."""

import re
import shutil
import subprocess
from pathlib import Path

from pagetune.commands.project import LIBRARY, LOCK, project_files, sample_files, write_lock
from pagetune.errors import UserError
from pagetune.language import tr

#: Git keeps the folders of the documents by these where they hold nothing else.
PLACES = ("data/raw/.gitkeep", "data/dialogues/.gitkeep")


def init(folder: Path, empty: bool) -> list[str]:
    """Write a project into `folder`, without the sample documents if `empty`, and return what to do next.

    Raise UserError, and leave the folder as it was, where one of the files is there already.
    """
    if shutil.which("git") is None:
        raise UserError("init: git is not installed. Install it; DVC keeps its experiments in it.")
    contents = _contents(empty)
    _refuse_to_overwrite(folder, [*contents, str(LOCK), str(LIBRARY)])
    written: list[Path] = []
    try:
        _write(folder, contents, written)
        write_lock(folder, project_files())
        _start_git(folder)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        if error.filename is None:  # writing into an open file tells no name
            error.filename = str(written[-1] if written else folder)
        raise
    return _next_steps(folder, empty, len(contents) + 2)


def _contents(empty: bool) -> dict[str, bytes]:
    files = {name: text.encode() for name, text in project_files().items()}
    if not empty:
        return files | {name: path.read_bytes() for name, path in sample_files().items()}
    # The questions that params.yaml names are about a sample.
    params = re.sub(r"(?m)^(  recall_questions:)(?: .*|(?:\n  [- ] .*)+)$", r"\1 []", files["params.yaml"].decode())
    return files | {"params.yaml": params.encode()} | dict.fromkeys(PLACES, b"")


def _refuse_to_overwrite(folder: Path, names: list[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(
            "init: {folder} is a file. Name a folder that is new or holds none of a project's files.", folder=folder
        )
    if (folder / LOCK).exists():
        raise UserError(
            "init: {folder} is a project already. `pagetune init --update` adapts it to a new version.", folder=folder
        )
    there = [name for name in names if (folder / name).exists()]
    if there:
        more = tr(" and {count} more", count=len(there) - 3) if len(there) > 3 else ""
        raise UserError(
            "init: {folder} already holds {paths}{more}, and nothing is overwritten. Name another "
            "folder, or move them away.",
            folder=folder,
            paths=", ".join(there[:3]),
            more=more,
        )


def _write(folder: Path, contents: dict[str, bytes], written: list[Path]) -> None:
    """Write the files, and append each to `written` before it exists."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            written.append(path)
            file.write(content)


def _start_git(folder: Path) -> None:
    """Make the folder a Git repository, unless it is in one."""
    inside = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=folder, capture_output=True, check=False)
    if inside.returncode:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def _next_steps(folder: Path, empty: bool, count: int) -> list[str]:
    go = [] if folder.resolve() == Path.cwd() else [f"    cd {folder}"]
    documents = tr("put your documents into data/raw") if empty else ""
    commit = tr("DVC starts from a commit")
    repro = tr("run the whole pipeline")
    return [
        tr("init: {count} files in {folder}. Next:", count=count, folder=folder),
        *go,
        *([f"    # {documents}"] if documents else []),
        f'    git add . && git commit -m "Start"    # {commit}',
        f"    dvc repro                             # {repro}",
    ]
