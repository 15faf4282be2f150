"""A card for each job of `dvc queue`: left alone, jobs side by side would all train on the first one."""

import fcntl
import os
import subprocess
import time
from pathlib import Path
from typing import TextIO

#: Where DVC runs the jobs of a queue, below the checkout that they were queued in.
WORKSPACES = "/.dvc/tmp/exps/"

POLL_SECONDS = 1.0

#: The lock on this process's card. It is open as long as the process lives, however that ends.
_held: TextIO | None = None


def claim_gpu() -> None:
    """Keep this process, and those it starts, to one card that no other job has; waits where all are taken.

    Sets CUDA_VISIBLE_DEVICES, so it is called before torch is imported. Does nothing outside a queue's workspace, with
    fewer than two cards, and in a process that a launcher started (RANK or WORLD_SIZE is set): it has its card.
    """
    global _held
    checkout, _, workspace = f"{Path.cwd().as_posix()}/".partition(WORKSPACES)
    if _held or not workspace or "RANK" in os.environ or "WORLD_SIZE" in os.environ:
        return
    cards = visible_gpus()
    if len(cards) > 1:
        uuid, _held = _wait_for_gpu(Path(checkout) / ".pagetune" / "cards", list(cards))
        os.environ["CUDA_VISIBLE_DEVICES"] = cards[uuid]
        print(f"cards: {uuid} is this job's, of {len(cards)}", flush=True)


def visible_gpus() -> dict[str, str]:
    """The UUID of each card that CUDA may use, and its name in CUDA_VISIBLE_DEVICES: an index, a UUID or its start."""
    listed = _listed_gpus()
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return {uuid: uuid for uuid in listed.values()}
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    return {uuid: name for name in names for index, uuid in listed.items() if name == index or uuid.startswith(name)}


def _listed_gpus() -> dict[str, str]:
    """UUIDs by index, as nvidia-smi lists them; none where it is absent or finds no driver."""
    command = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = [line.split(",") for line in listed.splitlines()]
    return {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}


def _wait_for_gpu(folder: Path, uuids: list[str]) -> tuple[str, TextIO]:
    """The first card that is free, and its lock."""
    folder.mkdir(parents=True, exist_ok=True)
    said = False
    while True:
        for uuid in uuids:
            if lock := _lock(folder / f"{uuid}.lock"):
                return uuid, lock
        if not said:
            print(f"cards: all {len(uuids)} are taken by other jobs of the queue; waiting for one", flush=True)
        said = True
        time.sleep(POLL_SECONDS)


def _lock(path: Path) -> TextIO | None:
    """The file, locked for this process; None where another has it.

    A record lock (lockf) and not flock, whose lock a forked child would share: a data loader that outlives a killed
    training would hold its card. The system takes it back when the process ends.
    """
    file = path.open("a", encoding="utf-8")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
