"""Kills of every stage at a random time, and disks that are full at a random place.

A kill held if nothing of the killed run lives on, and the next `dvc repro` gives the bytes of the undisturbed run and
leaves no part file; with a language model, if no answer that had arrived is asked for again. A full disk held if the
stage ends in one line with code 1 and leaves each output whole or not at all, and gives the same bytes when there is
room again.
"""

import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from benchmarks.fault_project import Project
from benchmarks.fault_runs import MIB, Done, Kill
from benchmarks.fault_servers import CONCURRENCY, answering, use_server
from benchmarks.kills import restore_lock

WHO = ("dvc", "group", "stage")
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
#: A run that ended before its kill is killed earlier; after this many such runs the trial goes on without a kill.
TRIES = 3


def kill_stage(project: Project, random: Random) -> str:
    """Kill `dvc repro` of a stage, or the stage alone, and run it again."""
    stage, who, signal_ = random.choice(project.lab.stages), random.choice(WHO), random.choice(SIGNALS)
    if stage == "build_qa":
        return _kill_paid_requests(project, random, who, signal_)
    share = random.uniform(0.1, 0.95)
    _kill(project, stage, Kill(share * project.lab.seconds[stage], who, signal_))
    _restore_lock(project)
    _again(project, stage)
    project.compare(stage, "after the kill")
    return f"{stage}, {signal_.name} to {who} after {share:.0%}"


def _kill(project: Project, stage: str, kill: Kill) -> Done:
    for attempt in range(TRIES):
        early = replace(kill, seconds=kill.seconds / 2**attempt)
        done = project.repro("-s", "-f", "--no-run-cache", stage, kill=early)
        if done.hit:
            return done
    project.notes.append("it ended before every kill")
    return done


def _again(project: Project, stage: str) -> None:
    done = project.repro("-s", "--no-run-cache", stage)
    if done.code:
        project.problem(f"`{done.command}` fails after the fault: {done.last_line}")


def _restore_lock(project: Project) -> None:
    whole = subprocess.run(["git", "show", "HEAD:dvc.lock"], cwd=project.folder, capture_output=True, check=True).stdout
    if restore_lock(project.path("dvc.lock"), whole):
        project.notes.append("dvc.lock was cut off, and restored from Git")


def _kill_paid_requests(project: Project, random: Random, who: str, signal_: signal.Signals) -> str:
    """Kill build_qa while a language model answers it, and compare its requests and pairs with a run undisturbed."""
    answers = random.randint(1, 6)
    with answering(seconds=0.3) as server:
        use_server(project, server)
        before = server.answered
        kill = Kill(0.0, who, signal_, lambda: server.answered >= before + answers)
        _kill(project, "build_qa", kill)
        arrived = server.answered - before
        _restore_lock(project)
        _again(project, "build_qa")
        twice = sum(count - 1 for count in Counter(server.bodies).values())
        if twice > CONCURRENCY:
            project.problem(f"{twice} requests were paid twice, and {CONCURRENCY} were under way at the kill")
        found = {name: project.path(name).read_bytes() for name in project.lab.writes["build_qa"] if _is(project, name)}
        shutil.rmtree(project.home / "cache/llm", ignore_errors=True)
        project.stage("build_qa")
        for name in project.lab.writes["build_qa"]:
            if not _is(project, name) or found.get(name) != project.path(name).read_bytes():
                project.problem(f"after the kill other bytes than undisturbed: {name}")
    return f"build_qa with a language model, {signal_.name} to {who} after {arrived} answers"


def _is(project: Project, name: str) -> bool:
    return project.path(name).exists()


def fill_disk(project: Project, random: Random) -> str:
    """Run a stage by hand with less room than its outputs need, then again with room."""
    stage, share = random.choice(project.lab.stages), random.uniform(0, 1)
    sizes = [project.path(name).stat().st_size for name in project.lab.outputs(stage)]
    project.remove_outputs(stage)
    if random.random() < 0.7 and _can_mount():
        way, room = "disk", int(share * sum(sizes))
        with _small_disk(project, room) as make_room:
            _fail_and_repeat(project, stage, lambda: project.stage(stage), make_room)
    else:
        way, room = "file size", int(share * max(sizes))
        _fail_and_repeat(project, stage, lambda: project.stage(stage, file_bytes=room), lambda: None)
    return f"{stage}, {way} limited to {room} more bytes"


def _fail_and_repeat(project: Project, stage: str, run, make_room) -> None:  # type: ignore[no-untyped-def]
    done = run()
    if done.code == 0:
        project.notes.append("it had room enough")
    elif not done.in_one_line(stage):
        project.problem(f"not in one line with code 1, but {done.code}: {done.last_line}")
    if half := project.half_written(stage):
        project.problem(f"half written: {', '.join(half)}")
    make_room()
    again = project.stage(stage)
    if again.code:
        project.problem(f"fails with room again: {again.last_line}")
    project.compare(stage, "with room again")


def _can_mount() -> bool:
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return done.returncode == 0


@contextmanager
def _small_disk(project: Project, room: int) -> Iterator[object]:
    """Move the project to a disk in memory that has `room` bytes left; yield what makes it larger."""
    disk, old = project.home / "disk", project.folder
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={256 * MIB}", "none", str(disk)], check=True)
    try:
        project.folder = disk / "p"
        shutil.copytree(old, project.folder, symlinks=True)
        size = shutil.disk_usage(disk).used + room
        _resize(disk, size)
        yield lambda: _resize(disk, 1024 * MIB)
        shutil.rmtree(old)
        shutil.copytree(project.folder, old, symlinks=True)
    finally:
        project.folder = old
        subprocess.run(["umount", "-l", str(disk)], check=False)


def _resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)
