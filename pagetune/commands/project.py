"""The files of a project that `pagetune init` writes, and what records them: pagetune.lock.

A project has no folder pagetune/, because the library is installed. So its stages depend on keys of library.json, which
the stage `library` writes whenever `dvc repro` runs: one hash for each part of the library that changes a result.
"""

import hashlib
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from pagetune import __version__
from pagetune.commands.presets import comment_keeping_yaml
from pagetune.errors import UserError
from pagetune.jsonl import write_json
from pagetune.shipped import PACKAGE, shipped

#: Wider than any line of dvc.yaml.
WIDTH = 4096
LOCK, LIBRARY = Path("pagetune.lock"), Path("library.json")
#: The stage that writes library.json.
LIBRARY_STAGE = {
    "cmd": "python -m pagetune.commands.library",
    "always_changed": True,
    "outs": [{LIBRARY.name: {"cache": False, "persist": True}}],
}
PIPELINE, EXPORT = "dvc.yaml", "export/dvc.yaml"
COPIED = (
    ".dvc/.gitignore", ".dvc/config", ".dvcignore", ".gitignore", "data/.gitattributes", "data/questions/README.md",
    "data/questions/retention.jsonl", PIPELINE, EXPORT, "models/README.md", "params.yaml", "presets", "stages",
)  # fmt: skip
#: The reviewers' decisions and the user's examples, which a project begins without; those of a clone are its own.
EMPTY = {"data/review.jsonl": "\n", "data/examples.jsonl": "\n"}
#: The questions about the sample documents; general ones are asked of any model.
SAMPLES = (
    "data/raw", "data/dialogues", "data/questions/gold.jsonl", "data/questions/recall_spoken.jsonl",
    "data/questions/unanswerable.jsonl",
)  # fmt: skip
HEADER = """\
# The pipeline. Each stage depends on its script and, through library.json, on the parts of pagetune that change its
# result. The stage `library` writes that file from what is installed, so that a stage runs again if its code changed.
"""


def project_files() -> dict[str, str]:
    """Return the texts of a project's files by name, without the documents."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in _files(COPIED)}
    return texts | {PIPELINE: _pipeline(texts[PIPELINE]), EXPORT: _adapted(texts[EXPORT])} | EMPTY


def sample_files() -> dict[str, Path]:
    """Return the paths of the sample documents, and of questions about them, by their names in a project."""
    return dict(_files(SAMPLES))


def _files(names: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield each file under its name; a folder stands for all its files."""
    for name in names:
        start = shipped(name)
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield (name if path == start else f"{name}/{path.relative_to(start).as_posix()}"), path


def _pipeline(text: str) -> str:
    """Return dvc.yaml with a comment for the project and the stage `library` first."""
    stages = _adapted(text).partition("stages:\n")[2]
    return f"{HEADER}stages:\n{_dump({'library': LIBRARY_STAGE}, 2)}\n{stages}"


def _adapted(text: str) -> str:
    """Return a pipeline whose stages depend on keys of library.json in place of modules of the library."""
    pipeline = _yaml().load(text)
    for stage in pipeline["stages"].values():
        modules = [dep for dep in stage["deps"] if dep.startswith("pagetune/")]
        if not modules:
            continue
        stage["deps"][:] = [dep for dep in stage["deps"] if dep not in modules]
        params = stage.setdefault("params", CommentedSeq())
        params.append({LIBRARY.name: [part_name(module) for module in modules]})
        params.fa.set_block_style()
    return _dump(pipeline)


def _yaml() -> Any:
    yaml = comment_keeping_yaml()
    # DVC does not write this file, so its quotes and long lines stay.
    yaml.preserve_quotes, yaml.width = True, WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dump(value: Any, indent: int = 0) -> str:
    target = StringIO()
    _yaml().dump(value, target)
    return "".join(" " * indent + line for line in target.getvalue().splitlines(keepends=True))


def part_name(module: str) -> str:
    """Return the key of a part of the library: pagetune/text/units.py is `text/units`. In DVC a dot divides keys."""
    return module.removeprefix("pagetune/").removesuffix(".py").replace(".", "_")


def library_hashes() -> dict[str, str]:
    """Return the hash of each part of the installed library that a stage names: a module, or a whole room."""
    pipelines = [YAML(typ="safe").load(shipped(name).read_text(encoding="utf-8")) for name in (PIPELINE, EXPORT)]
    deps = {dep for pipeline in pipelines for stage in pipeline["stages"].values() for dep in stage["deps"]}
    return {
        part_name(dep): _hash_of(PACKAGE / dep.removeprefix("pagetune/"))
        for dep in sorted(deps)
        if dep.startswith("pagetune/")
    }


def _hash_of(part: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def write_lock(folder: Path, files: dict[str, str]) -> None:
    """Record which version wrote the files, and their hashes as it wrote them."""
    hashes = {name: hash_of(text.encode()) for name, text in sorted(files.items())}
    write_json(folder / LOCK, {"version": __version__, "files": hashes})
    write_json(folder / LIBRARY, library_hashes())


def read_lock(folder: Path) -> tuple[str, dict[str, str]]:
    """Return the version that wrote the project's files and their hashes, of which there are none without the lock.

    Raise UserError where pagetune.lock is not what `write_lock` writes.
    """
    if not (folder / LOCK).exists():
        return "unknown", {}
    try:
        lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))
        return lock["version"], dict(lock["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            "{path} cannot be read ({error}). Delete it and run `pagetune init --update`.",
            path=folder / LOCK,
            error=error,
        ) from None
