"""A training ends with the `dvc repro` that started it.

DVC runs a stage through a shell and takes no one with it when it is killed: the trainer would go on, and the next
`dvc repro` would start a second one beside it. A training that somebody started by hand is nobody's but theirs.
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

#: Who looks after workers that are not DVC's own children: the process of `accelerate launch`.
LAUNCHER = "PAGETUNE_LAUNCHER_PID"
#: DVC sets it for every stage that it runs.
STAGE = "DVC_STAGE"
POLL_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh"}


def exit_with_dvc() -> None:
    """Tie this process to the DVC above it, and to the launcher that the environment names; without one do nothing.

    Both ways are needed: the kernel's signal is at once, but knows only the direct parent and only on Linux.
    """
    parent = os.getppid()
    holders = [process for process in (find_dvc(), find_launcher()) if process]
    if not holders:
        return
    if _is_between(parent, holders):
        _die_with_direct_parent(parent)
    threading.Thread(target=_watch, args=(holders,), name="lifeline", daemon=True).start()


def find_dvc() -> psutil.Process | None:
    """The nearest ancestor that is DVC. Ends this process where DVC started it and is gone already."""
    ancestors = psutil.Process().parents()
    named = next((process for process in ancestors if is_dvc(_command(process))), None)
    if named or STAGE not in os.environ:
        return named
    # From Python (dvc.repo, a notebook) DVC has another name. Were it gone, our parent would be init.
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
    """`dvc repro`, `python /usr/bin/dvc repro`, `python -m dvc repro`; not `vim dvc`, nor a folder of that name."""
    program = _program(command)
    if not program.startswith("python"):
        return program == "dvc"
    arguments = [argument for argument in command[1:] if argument == "-m" or not argument.startswith("-")]
    return arguments[:2] == ["-m", "dvc"] or _program(arguments) == "dvc"


def _program(command: list[str]) -> str:
    """`python3.11` of `/usr/bin/python3.11 -m dvc`, lower case and without .exe."""
    return PurePath(command[0]).name.lower().removesuffix(".exe") if command else ""


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:  # gone, or another user's
        return []


def _is_between(parent: int, holders: list[psutil.Process]) -> bool:
    """Whether the direct parent is one of the holders or a shell that one of them started."""
    pids = {process.pid for process in holders}
    try:
        process = psutil.Process(parent)
        return parent in pids or (process.ppid() in pids and _program(_command(process)) in SHELLS)
    except psutil.NoSuchProcess:
        return True  # gone since: the next look at getppid() tells


def _die_with_direct_parent(parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # gone before the kernel knew; not `== 1`, which in a container is a parent like another
        _die()


def _watch(holders: list[psutil.Process]) -> None:
    while all(map(_lives, holders)):
        time.sleep(POLL_SECONDS)
    _die()


def _lives(process: psutil.Process) -> bool:
    """A process that took over the pid is not it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _die() -> NoReturn:
    """At once and without a word: whoever would read it is gone."""
    if sys.platform != "win32":
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(1)
