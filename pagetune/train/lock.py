"""File locks that end with their process, however it ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import AcquireReturnProxy, Timeout, UnixFileLock

from pagetune.errors import UserError
from pagetune.language import tr

LOCK = "lock"
#: A killed training may need this long to end: the processes of a launcher notice within a second, and then free
#: their memory.
PATIENCE_SECONDS = 6.0
POLL_SECONDS = 0.1


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make the folder and hold its lock. Raise UserError where another process still holds it."""
    try:
        lock = _wait_for_lock(folder)
        (folder / LOCK).write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError as error:
        raise UserError(
            "{folder} cannot hold checkpoints: {reason}. Make it a folder that you can write to.",
            folder=folder,
            reason=error.strerror,
        ) from None
    with lock:
        yield


def take_lock(path: Path) -> AcquireReturnProxy[UnixFileLock] | None:
    """Lock this file, make its folder where needed, and return the lock; None where another process has it.

    No child keeps the lock: filelock closes its descriptor in a forked child, and a program that is executed does not
    inherit it. So a data loader that outlives a killed training holds nothing. The lock is the kernel's (flock); a
    file system without it raises OSError, since a lock that is only a file would outlive its process.
    """
    try:
        return UnixFileLock(path, fallback_to_soft=False).acquire(blocking=False)
    except (Timeout, FileNotFoundError):  # held, or its holder has just removed the folder
        return None


def _wait_for_lock(folder: Path) -> AcquireReturnProxy[UnixFileLock]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        if lock := take_lock(folder / LOCK):
            return lock
        if time.monotonic() > deadline:
            raise UserError(_taken(folder))
        time.sleep(POLL_SECONDS)


def _taken(folder: Path) -> str:
    holder = (folder / LOCK).read_text(encoding="ascii").strip() or "unknown"
    return tr(
        "another training with the same settings is running (process {holder}, its checkpoints are "
        "in {folder}). Wait for it or end it.",
        holder=holder,
        folder=folder,
    )
