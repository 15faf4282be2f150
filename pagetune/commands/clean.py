"""`python -m pagetune clean --cache`: empties what pagetune keeps beside DVC, which DVC does not know of."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.llm.cache import cache_folder, kept_files
from pagetune.train.checkpoints import clear, state_folder, stores

MIB = 2**20
#: Where Unsloth writes the kernels that it compiles, in the folder that a training runs in.
UNSLOTH = Path("unsloth_compiled_cache")


@dataclass(frozen=True)
class Cache:
    """What is kept at `path`: its `parts`, files or folders, and what it costs to lose them.

    `remove` deletes a part; it returns False where the part is in use, and may raise OSError.
    """

    name: str
    path: Path
    cost: str
    parts: list[Path]
    remove: Callable[[Path], bool]


def run(cache: bool, yes: bool, dry_run: bool) -> None:
    """List the caches, and empty them unless it is a `dry_run`, after a question unless `yes`."""
    if not cache:
        raise UserError("clean: nothing to clean is named. Use `clean --cache`; --dry-run lists what it would empty.")
    found = caches()
    print("\n".join(listing(found)))
    if dry_run or not any(kept.parts for kept in found):
        return
    if not yes and not sys.stdin.isatty():
        raise UserError("clean: nobody can be asked here. Use --yes to empty the caches without a question.")
    if yes or typer.confirm(tr("Empty all of them?")):
        print("\n".join(clean(found)))


def caches() -> list[Cache]:
    """Return every cache of pagetune's that this user and this folder have, empty ones included."""
    return [
        Cache(
            tr("replies of language models"),
            cache_folder(),
            tr(
                "the same questions are sent, and paid for, again",
            ),
            kept_files(),
            _unlink,
        ),
        Cache(
            tr("checkpoints of trainings"),
            state_folder(),
            tr("an interrupted training starts from its first step"),
            stores(),
            clear,
        ),
        Cache(
            tr("kernels that Unsloth compiled"),
            UNSLOTH.absolute(),
            tr("they are compiled again, which takes a minute or so"),
            [UNSLOTH] if UNSLOTH.is_dir() and not UNSLOTH.is_symlink() else [],
            _rmtree,
        ),
    ]


def clean(found: list[Cache]) -> list[str]:
    """Remove what the caches hold, and return lines on what was freed. Raise UserError where a part remains."""
    freed, lines, failed = 0, list[str](), list[str]()
    for cache in found:
        for part in cache.parts:
            size = size_of(part)
            try:
                if not cache.remove(part):
                    lines.append(tr("clean: {part} is in use and stays", part=part))
                elif part.exists():
                    failed.append(str(part))
            except OSError as error:
                failed.append(f"{error.filename or part} ({error.strerror})")
            freed += size - size_of(part)
    lines.append(tr("clean: freed {freed}", freed=_mib(freed)))
    if failed:
        print("\n".join(lines))
        more = tr(" and {count} more", count=len(failed) - 3) if len(failed) > 3 else ""
        raise UserError(
            "clean: {paths}{more} cannot be removed. Remove them as their owner.",
            paths=", ".join(failed[:3]),
            more=more,
        )
    return lines


def listing(found: list[Cache]) -> list[str]:
    """Return two lines for each cache: what it is, where and how large; and what it costs to lose it."""
    lines = []
    for cache in found:
        size = _mib(sum(map(size_of, cache.parts)))
        lines += [f"clean: {cache.name}: {cache.path}, {size}", f"clean:   {cache.cost}"]
    return lines


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of a folder's files; what has gone has none. No link is followed."""
    members = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    return sum(map(_own_size, members))


def _own_size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_symlink() or path.is_file() else 0
    except FileNotFoundError:  # a training that runs has dropped it
        return 0


def _mib(size: int) -> str:
    return f"{size / MIB:.1f} MiB"


def _unlink(path: Path) -> bool:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    return True


def _rmtree(path: Path) -> bool:
    shutil.rmtree(path)
    return True
