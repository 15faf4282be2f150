"""Map a function over tasks in processes that time and memory limits can end, on this machine or through Ray Data."""

import contextlib
import gc
import logging
import multiprocessing
import os
import resource
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

import psutil
from pebble import ProcessExpired, ProcessPool

from pagetune.params import Extract

#: A task is so many pages of a file at most. It does not depend on the machine: headers and joins are judged by it.
PAGES_PER_TASK = 32

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Failure:
    """A task that came to no result; `ended` says that its process did too, and was replaced."""

    reason: Literal["timed_out", "out_of_memory", "crashed"]
    seen: str
    ended: bool


@dataclass(frozen=True)
class Limits:
    timeout_seconds: float
    memory_mib: int


def map_tasks(function: Callable[[T], R], tasks: Iterable[T], params: Extract) -> Iterator[R | Failure]:
    """`function` of each task, in order. It and its tasks can be pickled."""
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
    started = _context().Semaphore(0)
    starts = processes
    with _pool(processes, limits, started) as pool:
        # Few enough at a time that results do not pile up behind a slow one.
        running = deque(_schedule(pool, function, task, limits) for task in islice(waiting, 3 * processes))
        try:
            while running:
                outcome = _outcome(running.popleft(), limits)
                starts += isinstance(outcome, Failure) and outcome.ended
                yield outcome
                running.extend(_schedule(pool, function, task, limits) for task in islice(waiting, 1))
        except BaseException:
            pool.stop()
            raise
        # A process that is still starting when the pool is taken down would say so in a traceback.
        for _ in range(starts):
            started.acquire(timeout=START_SECONDS)


#: How long a process may take to start; beyond it nobody waits for it.
START_SECONDS = 2.0


def _context() -> Any:
    """A server without threads to fork from: safe, and a process that was ended is replaced in no time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pagetune.extract.preload"])
    return context


def _pool(processes: int, limits: Limits, started: Any) -> ProcessPool:
    return ProcessPool(processes, initializer=_enter_process, initargs=[limits.memory_mib, started], context=_context())


def _enter_process(memory_mib: int, started: Any) -> None:
    gc.freeze()  # what was loaded stays; looking through it again and again takes a tenth of the time
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it says a line for each thing it mends
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    held = psutil.Process().memory_info().vms
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = held + memory_mib * 2**20
    limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    with contextlib.suppress(ValueError):  # macOS refuses any: there the time limit alone ends a file
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    started.release()


def _schedule(pool: ProcessPool, function: Callable[[T], R], task: T, limits: Limits) -> "Future[Any]":
    future: Future[Any] = pool.schedule(function, args=[task], timeout=limits.timeout_seconds)
    return future


def _outcome(future: "Future[Any]", limits: Limits) -> Any:
    try:
        return future.result()
    except TimeoutError:
        return Failure("timed_out", f"took more than {limits.timeout_seconds:g} s", ended=True)
    except MemoryError:
        return Failure("out_of_memory", f"asked for more than {limits.memory_mib} MiB", ended=False)
    except ProcessExpired as error:
        return Failure("crashed", f"ended its process with code {error.exitcode}", ended=True)
    except Exception as error:  # what a broken file brings about in a reader has no end; the other files go on
        return Failure("crashed", f"ended in {type(error).__name__}", ended=False)


def _map_ray(function: Callable[[T], R], tasks: Iterable[T], limits: Limits) -> Iterator[R | Failure]:
    """Each row is one task; Ray spreads them over the machines of its cluster, which all see the same files."""
    import ray

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
    """One process of this Ray worker's own, so that a limit ends it and not the worker."""
    return _pool(1, limits, _context().Semaphore(0))
