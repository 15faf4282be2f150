"""A training ends with the `dvc repro` that started it.

DVC runs a stage through a shell and ends no stage when it is killed: the trainer would go on, and the next `dvc repro`
would start a second one beside it. A training that somebody started by hand goes on.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import PurePath
from typing import NoReturn

import psutil

#: The variable with the pid of `accelerate launch`, which looks after workers that are not DVC's own children.
LAUNCHER = "PAGETUNE_LAUNCHER_PID"
#: The variable that DVC sets for every stage that it runs.
STAGE = "DVC_STAGE"
POLL_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh"}


def exit_with_dvc() -> None:
    """End this process when the DVC above it ends, or the launcher that the environment names; else do nothing.

    Both ways are needed: the kernel's signal comes at once, but only from the direct parent and only on Linux.
    """
    parent = os.getppid()
    owners = [process for process in (find_dvc(), find_launcher()) if process]
    if not owners:
        return
    if _is_between(parent, owners):
        _die_with_direct_parent(parent)
    threading.Thread(target=_watch, args=(owners,), name="exit-with-dvc", daemon=True).start()


def is_stage() -> bool:
    """Return whether this process is `python -m stages.train`, not a notebook or another program that trains."""
    return getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", None) == "stages.train"


def find_dvc() -> psutil.Process | None:
    """Return the nearest ancestor that is DVC. End this process where DVC started it and is gone already."""
    ancestors = psutil.Process().parents()
    named = next((process for process in ancestors if is_dvc(_command(process))), None)
    if named or STAGE not in os.environ:
        return named
    # Called from Python (dvc.repo, a notebook), DVC has another name. If it were gone, init would be our parent.
    calling = next((process for process in ancestors if _program(_command(process)).startswith("python")), None)
    if calling is None:
        _die()
    return calling


def find_launcher() -> psutil.Process | None:
    if LAUNCHER not in os.environ:
        return None
    try:
        return psutil.Process(int(os.environ[LAUNCHER]))
    except psutil.NoSuchProcess:
        _die()


def is_dvc(command: list[str]) -> bool:
    """Return whether this command runs DVC: `dvc repro`, `python /usr/bin/dvc repro` and `python -m dvc repro` do,
    `vim dvc` does not."""
    program = _program(command)
    if not program.startswith("python"):
        return program == "dvc"
    arguments = [argument for argument in command[1:] if argument == "-m" or not argument.startswith("-")]
    return arguments[:2] == ["-m", "dvc"] or _program(arguments) == "dvc"


def _program(command: list[str]) -> str:
    """Return the program's name in lower case, since macOS calls it Python: `python3.11` of `/usr/bin/python3.11`."""
    return PurePath(command[0]).name.lower() if command else ""


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:  # gone, or another user's
        return []


def _is_between(parent: int, owners: list[psutil.Process]) -> bool:
    """Return whether the direct parent is one of the owners or a shell that one of them started."""
    pids = {process.pid for process in owners}
    try:
        process = psutil.Process(parent)
        return parent in pids or (process.ppid() in pids and _program(_command(process)) in SHELLS)
    except psutil.NoSuchProcess:
        return True  # it has ended since; the next call of getppid() shows it


def _die_with_direct_parent(parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have ended before the kernel knew. Do not compare with 1, which in a container can be any parent.
    if os.getppid() != parent:
        _die()


def _watch(owners: list[psutil.Process]) -> None:
    while all(map(_lives, owners)):
        time.sleep(POLL_SECONDS)
    _die()


def _lives(process: psutil.Process) -> bool:
    """Return whether the process still runs; another process that got its pid does not count."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _die() -> NoReturn:
    """End at once and without a message, since nobody is left to read it."""
    os.kill(os.getpid(), signal.SIGKILL)
    os._exit(1)  # for the type checker: the signal has ended the process
