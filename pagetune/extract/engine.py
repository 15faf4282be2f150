"""Map a function over tasks in processes with limits of time and memory, on this machine or through Ray Data."""

import contextlib
import errno
import gc
import logging
import multiprocessing
import os
import resource
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

import psutil
from pebble import ProcessExpired, ProcessPool

from pagetune.errors import UserError
from pagetune.failures import errno_of, explain, is_from_machine
from pagetune.language import Remark
from pagetune.params import Extract
from pagetune.parent_process import exit_with_parent

#: The largest number of pages in a task. It is the same on every machine, because running headers and line joins are
#: judged within a task.
PAGES_PER_TASK = 32

#: What fails in a process at the limit of its memory, whose threads take some too.
OUT_OF_MEMORY = (errno.ENOMEM, errno.EAGAIN)

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Failure:
    """A task without a result; `ended` says that its process ended too and was replaced."""

    reason: Literal["timed_out", "out_of_memory", "crashed"]
    seen: str
    ended: bool


@dataclass(frozen=True)
class Limits:
    timeout_seconds: float
    memory_mib: int


def map_tasks(function: Callable[[T], R], tasks: Iterable[T], params: Extract) -> Iterator[R | Failure]:
    """Yield `function` of each task, in the order of the tasks. The function and its tasks must be picklable."""
    ocr_seconds = PAGES_PER_TASK * params.ocr_timeout_seconds if params.ocr == "auto" else 0
    limits = Limits(params.timeout_seconds + ocr_seconds, params.memory_mib)
    if params.engine == "ray":
        yield from _map_ray(function, tasks, limits)
    else:
        processes = _cores() if params.processes == "auto" else params.processes
        yield from _map_local(function, tasks, processes, limits)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _map_local(function: Callable[[T], R], tasks: Iterable[T], processes: int, limits: Limits) -> Iterator[R | Failure]:
    waiting = iter(tasks)
    first = list(islice(waiting, 3 * processes))
    if not first:
        return
    started = _semaphore()
    starts = processes
    with _pool(processes, limits, started) as pool:
        # Few tasks run at a time, so that results do not pile up behind a slow one.
        running = deque(_schedule(pool, function, task, limits) for task in first)
        try:
            while running:
                outcome = _outcome(running.popleft(), limits)
                starts += isinstance(outcome, Failure) and outcome.ended
                yield outcome
                running.extend(_schedule(pool, function, task, limits) for task in islice(waiting, 1))
        except BaseException as error:
            pool.stop()
            if isinstance(error, BrokenProcessPool):
                raise UserError(SERVER_ENDED) from None
            raise
        # A process that is still starting when the pool is closed would print a traceback.
        for _ in range(starts):
            started.acquire(timeout=START_SECONDS)


#: Whoever ends it, by hand or for its memory, ends no single task with it.
SERVER_ENDED = Remark(
    "the process that starts the reading processes was ended from outside, perhaps because the machine ran out of "
    "memory. Run `dvc repro` again, with fewer extract.processes if it happens again."
)
#: How long the pool waits for a process to start before it closes.
START_SECONDS = 30.0


def _context() -> Any:
    """Return a context whose processes are forked from a server without threads.

    That is safe, and a process that a limit ended is replaced at once.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pagetune.extract.preload"])
    return context


#: Where Linux keeps the semaphores of processes.
SHARED_MEMORY = "/dev/shm"  # noqa: S108


def _semaphore() -> Any:
    """Return a semaphore for the processes. Raise UserError where the system has no place for one."""
    try:
        return _context().Semaphore(0)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        said = error.strerror or "not supported"
        raise UserError(
            "{folder}, through which processes talk to each other, cannot be used ({said}). Mount it for "
            "writing (`mount -t tmpfs tmpfs {folder}`); in Docker, run the container with "
            "`--shm-size=1g`.",
            folder=SHARED_MEMORY,
            said=said,
        ) from None


def _pool(processes: int, limits: Limits, started: Any) -> ProcessPool:
    return ProcessPool(processes, initializer=_enter_process, initargs=[limits.memory_mib, started], context=_context())


def _enter_process(memory_mib: int, started: Any) -> None:
    gc.freeze()  # modules stay loaded, and scanning them again and again takes a tenth of the time
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it logs a line for each fault it repairs
    exit_with_parent()  # before memory is measured, because it starts a thread
    held = psutil.Process().memory_info().vms
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = held + memory_mib * 2**20
    limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    with contextlib.suppress(ValueError):  # macOS refuses any limit; only the time limit applies there
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    started.release()


def _schedule(pool: ProcessPool, function: Callable[[T], R], task: T, limits: Limits) -> "Future[Any]":
    try:
        future: Future[Any] = pool.schedule(function, args=[task], timeout=limits.timeout_seconds)
    except BrokenProcessPool as error:  # the server that they are forked from has ended, or never began
        raise UserError("no process could be started to read documents: {why}", why=_why_none_started(error)) from error
    return future


def _why_none_started(error: BaseException) -> str:
    return explain(error) or explain(MemoryError()) or ""


def _outcome(future: "Future[Any]", limits: Limits) -> Any:
    try:
        return future.result()
    except TimeoutError:
        return Failure("timed_out", Remark("took more than {seconds:g} s", seconds=limits.timeout_seconds), ended=True)
    except ProcessExpired as error:
        return Failure("crashed", Remark("ended its process with exit code {code}", code=error.exitcode), ended=True)
    except Exception as error:  # a broken file can raise anything in a reader; the other files are still read
        if errno_of(error) in OUT_OF_MEMORY:
            return Failure("out_of_memory", Remark("asked for more than {mib} MiB", mib=limits.memory_mib), ended=False)
        if isinstance(error, BrokenProcessPool) or is_from_machine(error):  # the other files would fail likewise
            raise
        return Failure("crashed", Remark("failed with {error}", error=type(error).__name__), ended=False)


def _map_ray(function: Callable[[T], R], tasks: Iterable[T], limits: Limits) -> Iterator[R | Failure]:
    """Map with Ray Data, one task a row. Every machine of the cluster must see the same files under the same paths."""
    try:
        import ray
    except ModuleNotFoundError:
        raise UserError("extract.engine is ray, which is not installed. Run `pip install 'ray[data]'`.") from None

    ray.init(
        ignore_reinit_error=True,
        log_to_driver=False,
        include_dashboard=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": {"PYTHONPATH": str(Path.cwd()), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}},
    )
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    rows = ray.data.from_items([{"task": task} for task in tasks])
    for row in rows.map(_map_row, fn_args=[function, limits]).iter_rows():
        yield row["result"]


def _map_row(row: dict[str, Any], function: Callable[[Any], Any], limits: Limits) -> dict[str, Any]:
    return {"result": _outcome(_schedule(_own_pool(limits), function, row["task"], limits), limits)}


@cache
def _own_pool(limits: Limits) -> ProcessPool:
    """Return this Ray worker's own pool of one process, so that a limit ends that process and not the worker."""
    return _pool(1, limits, _semaphore())
