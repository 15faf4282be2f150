"""Checkpoints of a training, outside DVC's outputs: .pagetune/checkpoints/<key>/step-00000120.

DVC deletes a stage's outputs before it runs the stage, and a queued experiment's folder goes when it is killed. So what
is to outlive a kill lies at the main checkout, under a key that says which training it is: with another setting or
another row the key is another, and nothing is resumed that does not belong there.
"""

import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.train.lock import LOCK, hold, take_lock

COMPLETE, MIB = "complete", 2**20
#: A file above this is known by its name, size and time: reading a model of 16 GB anew costs a minute.
HASHED_BYTES = 2**30
#: The results are written; DVC has yet to record them.
FINISHED = "finished"
#: A store that nobody came back to for so long is removed, one that is done after an hour.
KEPT_DAYS, FINISHED_DAYS = 14, 1 / 24
#: Less free space than this after a failed write: the disk is full, whatever the library called it.
FULL_BYTES = 16 * MIB
#: What torch and safetensors say of a full disk, with exceptions of their own.
FULL_WORDS = ("No space left", "failed writing file", "unexpected pos")


def state_folder() -> Path:
    """`.pagetune/checkpoints` of the main checkout, also for an experiment in its `.dvc/tmp/exps`."""
    here = Path.cwd()
    inside = [folder.parents[2] for folder in here.parents if folder.parts[-3:] == (".dvc", "tmp", "exps")]
    return (inside[-1] if inside else here) / ".pagetune" / "checkpoints"


def run_key(parts: dict[str, Any], files: list[Path]) -> str:
    """16 hex digits of the settings in `parts` and what is in `files`, wherever they lie; a folder is its files."""
    contents = [[path.name, *_fingerprints(path)] for path in files]
    canonical = json.dumps([parts, contents], sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:16]


def _fingerprints(path: Path) -> list[list[str | int]]:
    members = sorted(member for member in path.rglob("*") if member.is_file()) if path.is_dir() else [path]
    return [[member.relative_to(path).as_posix(), *_fingerprint(member)] for member in members]


def _fingerprint(path: Path) -> list[str | int]:
    state = path.stat()
    if state.st_size > HASHED_BYTES:
        return [state.st_size, state.st_mtime_ns]
    with path.open("rb") as file:
        return [file_digest(file, "sha256").hexdigest()]


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step-"))


@dataclass(frozen=True)
class Store:
    """The checkpoints of one training, from `open_store`; they are this process's alone."""

    folder: Path

    def folder_of(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}"

    def latest(self) -> Path | None:
        """The newest checkpoint that is whole. A power loss can leave one that is not: the one before it is taken."""
        for checkpoint in self._checkpoints():
            if _is_whole(checkpoint):
                return checkpoint
            print(f"train: {checkpoint} is not whole and is passed over", flush=True)
        return None

    def save(self, step: int, write: Callable[[Path], None], keep: set[int]) -> Path:
        """`write` the checkpoint of `step` into a folder, which appears whole or not at all; older ones go but `keep`.

        Raises UserError where the disk is full, every earlier checkpoint being kept; other errors of `write` pass.
        """
        target = self.folder_of(step)
        staging = self.folder / f".{target.name}.part"
        try:
            staging.mkdir()
            write(staging)
            _seal(staging)
        except BaseException as error:
            full = self._full_disk(error, step, staging)
            shutil.rmtree(staging, ignore_errors=True)
            if full:
                raise full from error
            raise
        if target.exists():
            _drop(target)
        staging.rename(target)
        _fsync(self.folder)
        for other in set(self._checkpoints()) - {self.folder_of(kept) for kept in {step, *keep}}:
            _drop(other)  # a later one too: had it been whole, training had gone on from it
        return target

    def finish(self) -> None:
        """The results are written. The last checkpoint stays until DVC has recorded them: a kill before that costs
        nothing, and the next `open_store` clears up."""
        (self.folder / FINISHED).write_text(_recorded(), encoding="utf-8")

    def _checkpoints(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"), reverse=True)

    def _full_disk(self, error: BaseException, step: int, staging: Path) -> UserError | None:
        """What to say where `error` comes of a full disk, else None."""
        free = shutil.disk_usage(self.folder).free
        told = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        told = told or any(words in str(error) for words in FULL_WORDS)
        if not isinstance(error, Exception) or not (told or free < FULL_BYTES):
            return None
        taken = sum(_sizes(staging).values())
        kept = [step_of(checkpoint) for checkpoint in self._checkpoints() if _is_whole(checkpoint)]
        left = f"the checkpoint of step {kept[0]} is kept" if kept else "there is no earlier checkpoint"
        return UserError(
            f"the disk is full: {self.folder} took {taken / MIB:.1f} MiB of checkpoint of step {step} and has "
            f"{free / MIB:.1f} MiB free; {left}. Free some space and run dvc repro again"
        )


@contextmanager
def open_store(key: str) -> Iterator[Store]:
    """The store of this key, held until the end. Raises UserError where another process holds it."""
    folder = state_folder() / key
    with hold(folder):
        for staging in folder.glob(".step-*.part"):  # of a process that is gone: its lock is ours now
            shutil.rmtree(staging, ignore_errors=True)
        if (folder / FINISHED).exists():
            _take_up_or_clear(folder)
        prune()
        yield Store(folder)


def _take_up_or_clear(folder: Path) -> None:
    """A training that DVC has recorded and starts again (`dvc repro -f`) starts anew; one it has not is only ended."""
    finished = folder / FINISHED
    if finished.read_text(encoding="utf-8") != _recorded():
        for checkpoint in folder.glob("step-*"):
            _drop(checkpoint)
    finished.unlink()


def _recorded() -> str:
    """What DVC has recorded so far; recording a training changes it, by metrics/cost.json if by nothing else."""
    lock = Path("dvc.lock")
    return sha256(lock.read_bytes()).hexdigest() if lock.exists() else ""


def prune() -> None:
    """Remove the stores that are done, and those nobody came back to; a held one is passed over, the caller's too."""
    for folder in state_folder().iterdir():
        kept = FINISHED_DAYS if (folder / FINISHED).exists() else KEPT_DAYS
        if folder.is_dir() and _idle_days(folder) > kept and (lock := take_lock(folder)):
            with lock:
                _remove(folder)


def _idle_days(folder: Path) -> float:
    touched = max((path.stat().st_mtime for path in (folder, folder / LOCK) if path.exists()), default=time.time())
    return (time.time() - touched) / 86_400


def _seal(staging: Path) -> None:
    """Add the marker that lists the files, and bring all of it to the disk before the folder gets its name."""
    (staging / COMPLETE).write_text(json.dumps(_sizes(staging), indent=2), encoding="utf-8")
    for path in (*staging.rglob("*"), staging):
        _fsync(path)


def _is_whole(checkpoint: Path) -> bool:
    try:
        listed = json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(listed == _sizes(checkpoint))


def _sizes(folder: Path) -> dict[str, int]:
    """Of every file but the marker."""
    files = (path for path in folder.rglob("*") if path.is_file() and path != folder / COMPLETE)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(files)}


def _fsync(path: Path) -> None:
    """Of a folder: the names in it. Windows opens no folder, and needs none of this."""
    if not path.is_dir() or sys.platform != "win32":
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        os.fsync(descriptor)
        os.close(descriptor)


def _drop(checkpoint: Path) -> None:
    """Renamed first: a removal that is broken off leaves no half checkpoint."""
    staging = checkpoint.with_name(f".{checkpoint.name}.gone.part")
    checkpoint.rename(staging)
    shutil.rmtree(staging)


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOCK:
            path.unlink(missing_ok=True)
    with suppress(OSError):  # Windows removes no open file; the empty folder stays
        (folder / LOCK).unlink()
        folder.rmdir()
