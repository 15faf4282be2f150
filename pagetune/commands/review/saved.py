"""The decisions on the disk. Others may write them meanwhile: each change locks, reads, changes and writes."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout, UnixFileLock

from pagetune.curate.decisions import REVIEW, Decision, Key, by_key, read_decisions, write_decisions
from pagetune.errors import UserError
from pagetune.failures import explain
from pagetune.language import tr

#: How long to wait for another command, which holds the lock while it writes one file.
PATIENCE_SECONDS = 5.0


class Saved:
    """The decisions by pair, as the file has them."""

    def __init__(self) -> None:
        self._lock, self._seen = threading.Lock(), (0, 0, 0)
        self._by_key: dict[Key, list[Decision]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if it has changed. Raise UserError where it cannot be read."""
        with self._lock, _in_one_line():
            self._refresh()

    def _refresh(self) -> None:
        if self._seen != (seen := stamp(REVIEW)):
            self._by_key, self._seen = by_key(read_decisions()), seen

    def of(self, key: Key) -> list[Decision]:
        return self._by_key.get(key, [])

    def all(self) -> Iterator[Decision]:
        return (decision for several in self._by_key.values() for decision in several)

    @contextmanager
    def changing(self) -> Iterator[dict[Key, list[Decision]]]:
        """Yield the decisions, to be changed, while nobody else writes; a change that is not written does not count.

        Raise UserError where the file cannot be read or written.
        """
        with self._lock, _in_one_line(), _alone():
            self._refresh()
            changed = dict(self._by_key)
            yield changed
            if changed != self._by_key:
                write_decisions(decision for several in changed.values() for decision in several)
                self._by_key, self._seen = changed, stamp(REVIEW)


class Watched:
    """A file that was read once: `has_changed` tells whether it holds something else since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen, self._digest = stamp(path), _digest(path)

    def has_changed(self) -> bool:
        """Compare the contents where the time has changed: DVC puts the same file back with another time."""
        if self._seen == (seen := stamp(self._path)):
            return False
        if _digest(self._path) != self._digest:
            return True
        self._seen = seen
        return False


def mark_of(decisions: Iterable[Decision]) -> str:
    """Return a hash of decisions, by which the page says which it has seen; "" of none."""
    lines = sorted(decision.model_dump_json() for decision in decisions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


def stamp(path: Path) -> tuple[int, int, int]:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return -1, -1, -1
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of the file, which the kernel frees if the process dies."""
    path = REVIEW.with_name(f".{REVIEW.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = UnixFileLock(path, timeout=PATIENCE_SECONDS, fallback_to_soft=False).acquire()
    except Timeout:
        raise UserError(
            "{path} is being written by another command for more than {seconds:.0f} s, so that nothing "
            "was saved. Try again, or end the other `pagetune review`.",
            path=REVIEW,
            seconds=PATIENCE_SECONDS,
        ) from None
    with held:
        yield


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Raise UserError where the machine refuses the file."""
    try:
        yield
    except OSError as error:
        line = explain(error) or tr("{path} cannot be used: {error}.", path=REVIEW, error=error.strerror or error)
        raise UserError("{line} Nothing was saved.", line=line) from None
