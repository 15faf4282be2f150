"""A GPU for each job of `dvc queue`: without a lock, all jobs that run at once would train on the first GPU."""

import os
import subprocess
import time
from pathlib import Path

from filelock import AcquireReturnProxy, UnixFileLock

from pagetune.language import tr
from pagetune.train.lock import take_lock

#: Where DVC runs the jobs of a queue, below the checkout that they were queued in.
WORKSPACES = "/.dvc/tmp/exps/"

POLL_SECONDS = 1.0

#: The lock on this process's GPU, held until the process ends, and CUDA_VISIBLE_DEVICES before it was taken.
_held: AcquireReturnProxy[UnixFileLock] | None = None
_before: str | None = None


def claim_gpu() -> None:
    """Restrict this process, and those it starts, to one GPU that no other job has; wait where all are taken.

    Set CUDA_VISIBLE_DEVICES, which must happen before torch is imported. Do nothing outside a queue's workspace, with
    fewer than two GPUs, and in a process that a launcher started (RANK or WORLD_SIZE is set), which has its GPU.
    """
    global _held, _before
    checkout, _, workspace = f"{Path.cwd().as_posix()}/".partition(WORKSPACES)
    if _held or not workspace or "RANK" in os.environ or "WORLD_SIZE" in os.environ:
        return
    gpus = visible_gpus()
    if len(gpus) > 1:
        _before = os.environ.get("CUDA_VISIBLE_DEVICES")
        uuid, _held = _wait_for_gpu(Path(checkout) / ".pagetune" / "gpus", list(gpus))
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[uuid]
        print(tr("queue: this job uses {uuid}, one of {count} GPUs", uuid=uuid, count=len(gpus)), flush=True)


def forget_gpu() -> None:
    """Undo `claim_gpu` for a process that is about to start again, which ends its lock: it claims a GPU again."""
    if _held is None:
        return
    os.environ.pop("CUDA_VISIBLE_DEVICES")
    if _before is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = _before


def visible_gpus() -> dict[str, str]:
    """Return the UUID of each GPU that CUDA may use, with its name in CUDA_VISIBLE_DEVICES.

    The name is an index, a UUID, or the start of a UUID.
    """
    listed = _listed_gpus()
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return {uuid: uuid for uuid in listed.values()}
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    return {uuid: name for name in names for index, uuid in listed.items() if name == index or uuid.startswith(name)}


def _listed_gpus() -> dict[str, str]:
    """Return the UUIDs by index, as nvidia-smi lists them; none where it is absent or finds no driver."""
    command = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = [line.split(",") for line in listed.splitlines()]
    return {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}


def _wait_for_gpu(folder: Path, uuids: list[str]) -> tuple[str, AcquireReturnProxy[UnixFileLock]]:
    """Return the first GPU that is free, and its lock."""
    said = False
    while True:
        for uuid in uuids:
            if lock := take_lock(folder / f"{uuid}.lock"):
                return uuid, lock
        if not said:
            print(tr("queue: other jobs use all {count} GPUs; waiting for one", count=len(uuids)), flush=True)
        said = True
        time.sleep(POLL_SECONDS)
