"""One command of a trial: run, killed or limited where wanted, and waited for until the last of its processes ends."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psutil

from benchmarks.kills import ORPHAN_SECONDS, wait_for_orphans

#: A command that takes longer hangs. The longest takes about ten seconds where nothing else runs.
LIMIT_SECONDS = 240.0
#: The variable by which the processes of a trial are found, whatever session and parent they have.
MARK = "PAGETUNE_FAULT_TRIAL"
MIB = 2**20


@dataclass(frozen=True)
class Kill:
    """Signals `who` (dvc, group, stage) after `seconds` and once it is `ready`; the stage alone once it runs."""

    seconds: float
    who: str
    signal: signal.Signals
    ready: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Limits:
    """`file_bytes` is the size that no file may exceed; `watches_memory` measures the largest process."""

    seconds: float = LIMIT_SECONDS
    file_bytes: int | None = None
    watches_memory: bool = False


@dataclass
class Done:
    """A command that has ended. `hit` says whether a signal reached somebody; orphans outlived ORPHAN_SECONDS."""

    command: str
    code: int = 0
    out: str = ""
    err: str = ""
    seconds: float = 0.0
    hung: bool = False
    orphans: int = 0
    hit: bool = False
    peak_mib: float = 0.0

    @property
    def last_line(self) -> str:
        return next((line for line in reversed((self.out + self.err).splitlines()) if line.strip()), "")

    def in_one_line(self, stage: str) -> bool:
        """Return whether the stage ended with code 1 and with its own line as the last one."""
        lines = self.err.strip().splitlines()
        return self.code == 1 and bool(lines) and lines[-1].startswith(f"{stage}: ")


class _Run:
    """A command that runs, in a session of its own."""

    def __init__(self, command: tuple[str, ...], folder: Path, environment: dict[str, str], limits: Limits) -> None:
        self.mark, self.limits, self.done = environment[MARK], limits, Done(" ".join(command))
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_file_limit(limits.file_bytes) if limits.file_bytes is not None else None,
        )
        self.readers = [Thread(target=self._collect, args=(name,), daemon=True) for name in ("out", "err")]
        for reader in self.readers:
            reader.start()

    def wait(self, kill: Kill | None) -> Done:
        while self.process.poll() is None:
            seconds = time.monotonic() - self.began
            if seconds > self.limits.seconds:
                self._end_hung()
            elif kill and not self.done.hit and seconds >= kill.seconds and kill.ready():
                self.done.hit = self._send(kill)
            if self.limits.watches_memory:
                self.done.peak_mib = max(self.done.peak_mib, _memory_mib(processes(self.mark)))
            time.sleep(0.2 if self.limits.watches_memory else 0.02)
        self.done.seconds = time.monotonic() - self.began
        _, self.done.orphans = wait_for_orphans(lambda: processes(self.mark))
        for reader in self.readers:
            reader.join(ORPHAN_SECONDS)
        self.done.code = self.process.returncode
        return self.done

    def _end_hung(self) -> None:
        self.done.hung = True
        for each in processes(self.mark):
            with suppress(psutil.Error):
                each.kill()
        self.process.wait()

    def _send(self, kill: Kill) -> bool:
        """Send the signal, and return whether there was somebody to get it."""
        if kill.who == "group":
            os.killpg(self.process.pid, kill.signal)
        elif kill.who == "dvc":
            self.process.send_signal(kill.signal)
        else:
            stages = [each for each in processes(self.mark) if _is_stage(each)]
            for each in stages:
                with suppress(psutil.Error):
                    each.send_signal(kill.signal)
            return bool(stages)
        return True

    def _collect(self, name: str) -> None:
        with self.process.stdout if name == "out" else self.process.stderr as pipe:
            for line in pipe:
                setattr(self.done, name, getattr(self.done, name) + line.decode(errors="replace"))


def run(
    command: tuple[str, ...], folder: Path, environment: dict[str, str], kill: Kill | None = None, **limits: object
) -> Done:
    """Run a command in `folder` and wait for all of its processes. `limits` are those of `Limits`."""
    return _Run(command, folder, environment, Limits(**limits)).wait(kill)


def processes(mark: str) -> list[psutil.Process]:
    """Return the living processes that a command of this trial has started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def _file_limit(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _is_stage(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any(argument.startswith("stages.") for argument in process.cmdline()[1:3])
    return False


def _memory_mib(running: list[psutil.Process]) -> float:
    """Return the unshared memory of the largest process: of memory that is shared each would count all."""
    most = 0
    for process in running:
        with suppress(psutil.Error, OSError):
            memory = process.memory_info()
            most = max(most, memory.rss - memory.shared)
    return most / MIB
