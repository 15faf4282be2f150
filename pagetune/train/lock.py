"""One process a folder: a lock that ends with its process, however that ends."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pagetune.errors import UserError

LOCK = "lock"
#: A trainer that was killed may take so long to be gone: its data loaders look for it every five seconds.
PATIENCE_SECONDS = 6.0


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Make the folder and hold its lock. Raises UserError where another process keeps holding it."""
    try:
        lock = _wait_for_lock(folder)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n".encode())
        lock.flush()
    except OSError as error:
        raise UserError(f"{folder}: no checkpoint can be kept there: {error.strerror}. Mend that") from None
    with lock:
        yield


def take_lock(folder: Path) -> BinaryIO | None:
    """The folder's lock, ours while the file is open, or None. A file that its holder removed meanwhile is no lock."""
    path = folder / LOCK
    with suppress(FileNotFoundError):
        file = path.open("a+b")
        if _lock(file) and path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()
    return None


def _wait_for_lock(folder: Path) -> BinaryIO:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        folder.mkdir(parents=True, exist_ok=True)  # its holder may just have removed it
        if lock := take_lock(folder):
            return lock
        if time.monotonic() > deadline:
            raise UserError(_taken(folder))
        time.sleep(0.1)


def _taken(folder: Path) -> str:
    holder = (folder / LOCK).read_text(encoding="ascii").strip() or "unknown"
    return (
        f"another training of just these settings runs (process {holder}, its checkpoints are in {folder}): "
        "wait for it or end it"
    )


def _lock(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(2**30)  # past the pid, which others read: a lock is binding there
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
