"""Checkpoints of a training, outside DVC's outputs: .pagetune/checkpoints/<key>/step-00000120.

DVC deletes a stage's outputs before it runs the stage, and a queued experiment's folder goes when it is killed. So
checkpoints, which have to survive a kill, are kept in the main checkout, under a key that identifies the training: with
another setting or another row the key changes, and nothing is resumed that does not belong to it.
"""

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.failures import errno_of
from pagetune.language import tr
from pagetune.train.lock import LOCK, hold, take_lock

COMPLETE, MIB = "complete", 2**20
#: The form of a checkpoint and of its marker: raise it when one of them changes, and older ones are not resumed.
VERSION = 2
#: A file larger than this is identified by its name, size and time: hashing a model of 16 GB costs a minute.
HASHED_BYTES = 2**30
#: Marks a store whose results are written and that DVC has yet to record.
FINISHED = "finished"
#: A store that was not used for this long is removed; a finished one after an hour.
KEPT_DAYS, FINISHED_DAYS = 14, 1 / 24
#: With less free space than this after a failed write the disk is full, whatever the library's error says.
FULL_BYTES = 16 * MIB


def state_folder() -> Path:
    """Return `.pagetune/checkpoints` of the main checkout, also for an experiment in its `.dvc/tmp/exps`."""
    here = Path.cwd()
    inside = [folder.parents[2] for folder in here.parents if folder.parts[-3:] == (".dvc", "tmp", "exps")]
    return (inside[-1] if inside else here) / ".pagetune" / "checkpoints"


def run_key(parts: dict[str, Any], files: list[Path]) -> str:
    """Hash the settings in `parts` and the contents of `files` (a folder is its files) into 16 hex digits."""
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
    """The checkpoints of one training, from `open_store`; no other process uses them."""

    folder: Path

    def folder_of(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}"

    def latest(self) -> Path | None:
        """Return the newest whole checkpoint: a power loss can leave an incomplete one, and a disk can damage it."""
        for checkpoint in self._checkpoints():
            if _is_whole(checkpoint):
                return checkpoint
            print(tr("train: {checkpoint} is incomplete or damaged and is skipped", checkpoint=checkpoint), flush=True)
        return None

    def whole(self, step: int) -> Path:
        """Return the checkpoint of a step. Raise UserError where it is not as it was written."""
        checkpoint = self.folder_of(step)
        if not _is_whole(checkpoint):
            raise UserError(
                "{checkpoint}, whose weights are to be taken, is incomplete or damaged. Delete {folder} and "
                "run `dvc repro` to train again.",
                checkpoint=checkpoint,
                folder=self.folder,
            )
        return checkpoint

    def save(self, step: int, write: Callable[[Path], None], keep: set[int]) -> Path:
        """Save the checkpoint of `step` through `write`, all or nothing; remove older ones, except those in `keep`.

        Raises UserError where the disk is full, and then keeps every earlier checkpoint; other errors of `write` pass.
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
            _drop(other)  # later ones too: a complete one would have been resumed
        return target

    def finish(self) -> None:
        """Mark the results as written.

        The last checkpoint stays until DVC has recorded them, so that a kill before that costs nothing; the next
        `open_store` clears up.
        """
        (self.folder / FINISHED).write_text(_recorded(), encoding="utf-8")

    def _checkpoints(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"), reverse=True)

    def _full_disk(self, error: BaseException, step: int, staging: Path) -> UserError | None:
        """Return the error to raise where `error` comes from a full disk, else None."""
        free = shutil.disk_usage(self.folder).free
        told = errno_of(error) in (errno.ENOSPC, errno.EDQUOT)
        if not isinstance(error, Exception) or not (told or free < FULL_BYTES):
            return None
        taken = sum(_sizes(staging).values())
        kept = [step_of(checkpoint) for checkpoint in self._checkpoints() if _is_whole(checkpoint)]
        left = (
            tr("the checkpoint of step {step} is kept", step=kept[0]) if kept else tr("there is no earlier checkpoint")
        )
        return UserError(
            "the disk is full: {folder} took {taken:.1f} MiB of the checkpoint of step {step} and has "
            "{free:.1f} MiB free; {left}. Free some space and run dvc repro again.",
            folder=self.folder,
            taken=taken / MIB,
            step=step,
            free=free / MIB,
            left=left,
        )


@contextmanager
def open_store(key: str) -> Iterator[Store]:
    """Hold the store of this key until the end. Raises UserError where another process holds it."""
    folder = state_folder() / key
    with hold(folder):
        for staging in folder.glob(".step-*.part"):  # left by a process that is gone: its lock is ours now
            shutil.rmtree(staging, ignore_errors=True)
        if (folder / FINISHED).exists():
            _keep_or_clear(folder)
        prune()
        yield Store(folder)


def _keep_or_clear(folder: Path) -> None:
    """Clear a training that DVC has recorded and now repeats (`dvc repro -f`); keep one that only has to end."""
    finished = folder / FINISHED
    if finished.read_text(encoding="utf-8", errors="replace") != _recorded():
        for checkpoint in folder.glob("step-*"):
            _drop(checkpoint)
    finished.unlink()


def _recorded() -> str:
    """Hash what DVC has recorded so far; recording a training changes it, through metrics/cost.json at least."""
    lock = Path("dvc.lock")
    return sha256(lock.read_bytes()).hexdigest() if lock.exists() else ""


def prune() -> None:
    """Remove finished and abandoned stores; one that a process holds is left alone, the caller's included."""
    for folder in stores():
        kept = FINISHED_DAYS if (folder / FINISHED).exists() else KEPT_DAYS
        if _idle_days(folder) > kept and (lock := take_lock(folder / LOCK)):
            with lock:
                _remove(folder)


def stores() -> list[Path]:
    """Return the folders of the trainings whose checkpoints are kept; a link or another folder there is not ours."""
    found = (path for path in state_folder().glob("*") if path.is_dir() and not path.is_symlink())
    return sorted(path for path in found if any((path / name).exists() for name in (LOCK, FINISHED)))


def clear(folder: Path) -> bool:
    """Remove the checkpoints of a training. Return False where it is running, and leave them."""
    if lock := take_lock(folder / LOCK):
        with lock:
            _remove(folder)
    return lock is not None


def _idle_days(folder: Path) -> float:
    touched = max((path.stat().st_mtime for path in (folder, folder / LOCK) if path.exists()), default=time.time())
    return (time.time() - touched) / 86_400


def _seal(staging: Path) -> None:
    """Add the marker that lists the files, and flush everything to the disk before the folder gets its name."""
    marker = {"version": VERSION, "sizes": _sizes(staging), "sha256": _digests(staging)}
    (staging / COMPLETE).write_text(json.dumps(marker, indent=2), encoding="utf-8")
    for path in (*staging.rglob("*"), staging):
        _fsync(path)


def _is_whole(checkpoint: Path) -> bool:
    """Return whether every file is as the marker says. The sizes come first: they cost nothing."""
    try:
        marker = json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))
        told = marker["version"], marker["sizes"], marker["sha256"]
        return told[:2] == (VERSION, _sizes(checkpoint)) and told[2] == _digests(checkpoint)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def _sizes(folder: Path) -> dict[str, int]:
    """Return the size in bytes of every file but the marker."""
    files = (path for path in folder.rglob("*") if path.is_file() and path != folder / COMPLETE)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(files)}


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the marker."""
    found = {}
    for name in _sizes(folder):
        with (folder / name).open("rb") as file:
            found[name] = file_digest(file, "sha256").hexdigest()
    return found


def _fsync(path: Path) -> None:
    """Bring a file's content, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    os.fsync(descriptor)
    os.close(descriptor)


def _drop(checkpoint: Path) -> None:
    """Remove a checkpoint; it is renamed first, so that an interrupted removal leaves no half checkpoint."""
    staging = checkpoint.with_name(f".{checkpoint.name}.gone.part")
    checkpoint.rename(staging)
    shutil.rmtree(staging)


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOCK:
            path.unlink(missing_ok=True)
    with suppress(OSError):  # something could not be removed: the next training tries again
        (folder / LOCK).unlink()
        folder.rmdir()
