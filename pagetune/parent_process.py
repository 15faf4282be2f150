"""A stage ends with the `dvc repro` that started it, and what a stage has started ends with the stage.

DVC runs a stage through a shell and ends no stage when it is killed: the stage would go on, send paid requests, and run
beside the one that the next `dvc repro` starts. A stage that somebody started by hand goes on.
"""

import contextlib
import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path, PurePath
from types import FrameType
from typing import NoReturn

import psutil

from pagetune.language import tr

#: The variable with the pid of the process that started `accelerate launch`, whose workers are not DVC's children.
LAUNCHER = "PAGETUNE_LAUNCHER_PID"
#: The variable that DVC sets for every stage that it runs.
STAGE = "DVC_STAGE"
POLL_SECONDS = 0.5
#: The time that a stage has to remove what it has written in part, once it was asked to end.
GRACE_SECONDS = 2.0
PR_SET_PDEATHSIG = 1
SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh"}
#: Ctrl-C, what `kill` sends, and a terminal that was closed.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def begin_stage() -> None:
    """Tie this process to DVC, and let whatever ends it raise KeyboardInterrupt. Calling it again changes nothing."""
    if signal.getsignal(signal.SIGTERM) is not _interrupt:
        interrupt_on_signals()
        exit_with_dvc()


def exit_with_dvc() -> None:
    """End this process when a DVC above it ends, or the process that the environment names; else do nothing.

    Both ways are needed: the kernel's signal comes at once, but only from the direct parent and only on Linux.
    """
    parent = os.getppid()
    owners = [*find_dvc(), *find_launcher()]
    if not owners:
        return
    if _is_between(parent, owners):
        die_with_direct_parent(parent)
    _in_background(lambda: _watch(owners))


def exit_with_parent() -> None:
    """End this process, and those that it runs, such as Tesseract, when its parent ends or SIGTERM arrives.

    The parent of a worker is the process that asked for it, not the server that it was forked from.
    """
    asked, parent = multiprocessing.parent_process(), os.getppid()
    _end_children_on_sigterm()
    if asked is None:
        die_with_direct_parent(parent)
    _in_background(lambda: _watch_parent(asked.join if asked else lambda: _poll(parent)))


def _end_children_on_sigterm() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        end_children()
        before(number, frame) if callable(before) else os._exit(1)

    signal.signal(signal.SIGTERM, end)


def interrupt_on_signals() -> None:
    """Let the first signal of ENDING raise KeyboardInterrupt, and end the process if that takes too long.

    What is ignored already stays so, as under nohup.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    logging.disable()  # libraries log the exception with its traceback
    sys.unraisablehook = _say_nothing
    threading.excepthook = _say_nothing
    _in_background(_end_late)
    raise KeyboardInterrupt


def _end_late() -> NoReturn:
    """End a stage in which a library has swallowed the KeyboardInterrupt, or that waits for a thread or a process."""
    time.sleep(GRACE_SECONDS)
    end_children()
    say_interrupted(Path(sys.argv[0]).stem)
    os._exit(1)


def _say_nothing(_error: object) -> None:
    """Print nothing about an exception that nobody catches."""


#: Set once the last line was printed, which a slow end of the interpreter would print again.
_said = threading.Event()


def say_interrupted(name: str) -> None:
    """Print the last line of a stage that was ended; where it runs in several processes, the first one prints it."""
    if LAUNCHER not in os.environ and not _said.is_set():
        _said.set()
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(f"{name}: {tr('interrupted')}", file=sys.stderr, flush=True)


def end_children() -> None:
    """Kill the processes below this one, except Python's resource tracker, which ends last and removes semaphores."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "multiprocessing.resource_tracker" not in " ".join(child.cmdline()):
                child.kill()


def is_stage() -> bool:
    """Return whether this process is `python -m stages.train`, not a notebook or another program that trains."""
    return getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", None) == "stages.train"


def find_dvc() -> list[psutil.Process]:
    """Return the ancestors that are DVC, such as a job of a queue and the queue's worker.

    End this process where DVC started it and is gone already.
    """
    ancestors = psutil.Process().parents()
    named = [process for process in ancestors if is_dvc(_command(process))]
    if named or STAGE not in os.environ:
        return named
    # Called from Python (dvc.repo, a notebook), DVC has another name. If it were gone, init would be our parent.
    calling = next((process for process in ancestors if _program(_command(process)).startswith("python")), None)
    if calling is None:
        _die()
    return [calling]


def find_launcher() -> list[psutil.Process]:
    if LAUNCHER not in os.environ:
        return []
    try:
        return [psutil.Process(int(os.environ[LAUNCHER]))]
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


def die_with_direct_parent(parent: int) -> None:
    """Let the kernel send SIGTERM when the parent ends, which must be the one that `os.getppid()` named before."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have ended before the kernel knew. Do not compare with 1, which in a container can be any parent.
    if os.getppid() != parent:
        _die()


def _watch(owners: list[psutil.Process]) -> None:
    while all(map(_lives, owners)):
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    _die()


def _watch_parent(wait_for_its_end: Callable[[], None]) -> None:
    wait_for_its_end()
    _die()


def _poll(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="exit-with-parent", daemon=True).start()


def _lives(process: psutil.Process) -> bool:
    """Return whether the process still runs; another process that got its pid does not count."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _die() -> NoReturn:
    """End at once, with the processes below, and without a message, since nobody is left to read it."""
    try:
        end_children()
    finally:  # which needs memory that a worker may not have
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(1)  # for the type checker: the signal has ended the process
