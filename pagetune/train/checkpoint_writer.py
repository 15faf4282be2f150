"""When a checkpoint is due, and its files, which are written while the training goes on.

What a checkpoint holds is copied into the machine's memory, which takes milliseconds, and a thread writes the copy to
the disk. Where the memory has no room for that, the training waits. Several processes hold the
same adapter, and the first one writes it.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from pagetune.language import tr
from pagetune.train.distributed import log_once

#: The first checkpoint comes after this share of the time between two, so that a disk that fails does so early.
FIRST = 0.1
#: Most of the training's time that it may wait for checkpoints that are not copied: then they come less often.
SHARE = 0.02


class CheckpointWriter:
    """Decides by the clock when a checkpoint is due, and writes it."""

    def __init__(self, minutes: float) -> None:
        self.interval = 60 * minutes
        self.since, self.written = time.monotonic(), 0
        self._writing: Future[Any] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")

    def is_due(self) -> bool:
        """Return whether enough time has passed; raises what went wrong while the one before was written."""
        if self._writing is not None and not self._writing.done():
            return False
        self.wait()
        return time.monotonic() - self.since >= self.interval * (1 if self.written else FIRST)

    def write(self, save: Callable[[], Any], in_background: bool) -> None:
        """Call `save`, in the background where that is asked for; one that is still at work is waited for first."""
        self.wait()
        began = time.monotonic()
        if in_background:
            self._writing = self._thread.submit(save)
        else:
            save()
            self._keep_to_share(time.monotonic() - began)
        self.since, self.written = time.monotonic(), self.written + 1

    def wait(self) -> None:
        """Wait until everything is on the disk, and raise what went wrong."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def settle(self) -> None:
        """Wait until nothing is being written any more, for better or worse."""
        if self._writing is not None:
            wait([self._writing])

    def _keep_to_share(self, seconds: float) -> None:
        if seconds > SHARE * self.interval > 0:
            self.interval = seconds / SHARE
            log_once(
                tr(
                    "a checkpoint takes {seconds:.0f} s, so the next ones are {minutes:.0f} minutes apart",
                    seconds=seconds,
                    minutes=self.interval / 60,
                )
            )


def files_in_memory(write: Callable[[Path], None]) -> dict[str, bytes]:
    """Return the small files that `write` writes into a folder."""
    with TemporaryDirectory() as folder:
        write(Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def snapshot(files: dict[str, bytes], tensors: dict[str, Any]) -> tuple[Callable[[Path], None], bool]:
    """Return a function that writes a checkpoint into a folder, and whether it writes a copy, as it is now.

    `tensors` has the larger files by name: a flat dict for a `.safetensors`, anything that torch saves for another.
    """
    kept, copied = tensors, False
    if fits_into_memory(tensors):
        with suppress(RuntimeError):  # there was less memory than the machine said
            kept, copied = {name: copy_to_memory(value) for name, value in tensors.items()}, True
    if torch.cuda.is_available():
        torch.cuda.synchronize()

    def write(folder: Path) -> None:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        for name, value in kept.items():
            _save(value, folder / name)

    return write, copied


def _save(value: Any, path: Path) -> None:
    from safetensors.torch import save_file

    if path.suffix == ".safetensors":
        save_file(value, path, metadata={"format": "pt"})
    else:
        torch.save(value, path)


def copy_to_memory(value: Any) -> Any:
    """Return a copy of nested dicts and lists with every tensor in the machine's memory, pinned where there is a GPU.

    A copy from a GPU may still be on its way: synchronize before you read it.
    """
    if isinstance(value, torch.Tensor):
        copy = torch.empty_like(value, device="cpu", pin_memory=value.is_cuda)
        return copy.copy_(value.detach(), non_blocking=True)
    if isinstance(value, dict):
        return {key: copy_to_memory(part) for key, part in value.items()}
    return [copy_to_memory(part) for part in value] if isinstance(value, list) else value


def fits_into_memory(tensors: dict[str, Any]) -> bool:
    """Return whether the machine has room for a copy, twice over."""
    import psutil

    return 2 * _bytes_of(tensors) < int(psutil.virtual_memory().available)


def _bytes_of(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return int(value.numel() * value.element_size())
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_bytes_of, parts))
