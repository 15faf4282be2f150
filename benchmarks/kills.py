"""Fifty SIGKILLs at random times over CPU runs of `dvc repro`: python -m benchmarks.kills [KILLS [SEED]]

In a temporary clone with tiny settings one training runs undisturbed. Then `dvc repro train` is started again and
again and killed at a random time, alternately only DVC or its whole process group, until KILLS kills have hit. A
training that finishes in between is compared with the undisturbed one byte by byte, deleted and started again. What a
kill costs is the time since the last checkpoint was on the disk, or since the training began or went on.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Thread

import psutil
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pagetune.train.checkpoints import COMPLETE
from tests.conftest import TINY, clone, commit, edit_params, run

KILLS, SEED = 50, 0
#: Between two checkpoints; the first comes after a tenth of it.
CHECKPOINT_SECONDS = 3.0
#: About 15 seconds of training on two cores, with fourteen checkpoints.
SETTINGS = TINY | {
    "curate.paraphrases": 4,
    "train.per_device_train_batch_size": "auto",
    "train.effective_batch_size": 16,
    "train.epochs": 3,
    "train.eval_steps": 30,
    "train.checkpoint_minutes": CHECKPOINT_SECONDS / 60,
}
OUTCOME = (
    "metrics/train.json",
    "metrics/loss.csv",
    "metrics/validation.csv",
    "models/adapter/adapter_model.safetensors",
)
#: A process that outlives its killed run for longer is an orphan. One that is still importing dies only after that.
ORPHAN_SECONDS = 10.0
DVC_ALONE, GROUP = "DVC alone", "whole group"
STEP, RESUMING = re.compile(r"train: step (\d+) of (\d+)"), re.compile(r"resuming from step (\d+)")
#: The line after which the training begins or goes on.
BEGINS = "a kill costs no more"
#: The last line of the stage. Lines after it are DVC's.
DONE = re.compile(r"train: \d+ rows, \d+ steps")


@dataclass(frozen=True)
class Kill:
    """A kill this long after the start of a run, or with `after_first_step` after its first step, in that `way`."""

    seconds: float
    way: str
    after_first_step: bool


@dataclass
class Attempt:
    """One `dvc repro train`. `killed` is None where it finished, or the way it was killed."""

    killed: str | None
    lines: list[tuple[float, str]]  # seconds since the start
    seconds: float
    lost_seconds: float | None = None  # of training, since the last checkpoint or since it went on; None before it did
    gone_seconds: float = 0.0  # from the kill to the end of the run's last process
    orphans: int = 0

    @property
    def start(self) -> int | None:
        """Return the step it resumed from, 0 if it started over, or None if it was killed before it printed either."""
        resumed = RESUMING.search(self.text())
        return int(resumed[1]) if resumed else 0 if self._steps() else None

    @property
    def reached(self) -> int:
        return max((step for step, _ in self._steps()), default=self.start or 0)

    @property
    def is_past_the_last_step(self) -> bool:
        return any(step == total for step, total in self._steps()) or bool(DONE.search(self.text()))

    def first_step_seconds(self) -> float:
        return next(seconds for seconds, line in self.lines if STEP.search(line))

    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def _steps(self) -> list[tuple[int, int]]:
        return [(int(match[1]), int(match[2])) for _, line in self.lines if (match := STEP.search(line))]


@dataclass
class Campaign:
    undisturbed: Attempt
    attempts: list[Attempt] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)  # the files that differ, for each finished training
    finished: int = 0
    torn_locks: int = 0  # kills that hit DVC while it was writing dvc.lock

    @property
    def kills(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.killed]


def main() -> None:
    kills, seed = (int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((1, KILLS), (2, SEED)))
    with TemporaryDirectory() as folder:
        project = clone(Path(folder))
        edit_params(project, SETTINGS)
        commit(project)
        run(project, "dvc", "repro", "format")
        began = time.monotonic()
        campaign = run_campaign(project, kills, seed)
        print(f"seed {seed}, {(time.monotonic() - began) / 60:.0f} minutes")
    print(table(campaign))


def run_campaign(project: Path, kills: int, seed: int, spare_the_start: bool = False) -> Campaign:
    """Kill `kills` runs of `train`, and let the last training finish.

    A kill may hit at any time. With `spare_the_start` it never hits the imports, where it would cost nothing.
    """
    campaign, random = Campaign(reproduce(project)), Random(seed)
    expected, latest = outcome(project), campaign.undisturbed.seconds
    if spare_the_start:
        latest -= campaign.undisturbed.first_step_seconds()
    forget(project)
    lock, reached = (project / "dvc.lock").read_bytes(), 0
    while len(campaign.kills) < kills or reached:
        campaign.torn_locks += restore_lock(project / "dvc.lock", lock)
        kill = Kill(random.uniform(0, latest), (DVC_ALONE, GROUP)[len(campaign.kills) % 2], spare_the_start)
        attempt = reproduce(project, kill if len(campaign.kills) < kills else None)
        campaign.attempts.append(attempt)
        ways = (attempt.start, attempt.reached, attempt.killed or "finished")
        print("began at step {}, reached {}: {}".format(*ways), file=sys.stderr, flush=True)
        if attempt.start is not None:
            reached = attempt.reached
        if not attempt.killed:
            check(campaign, expected, outcome(project))
            forget(project)
            reached = 0
    return campaign


def restore_lock(path: Path, whole: bytes) -> bool:
    """Write `whole` to dvc.lock where a kill cut it off, and return whether it did. Users restore it from Git.

    DVC does not write dvc.lock atomically, and refuses one that is cut off.
    """
    try:
        is_whole = bool(YAML().load(path.read_text(encoding="utf-8"))["schema"])
    except (OSError, TypeError, KeyError, YAMLError):
        is_whole = False
    if not is_whole:
        path.write_bytes(whole)
    return not is_whole


def check(campaign: Campaign, expected: dict[str, str], found: dict[str, str]) -> None:
    campaign.finished += 1
    campaign.unequal += [name for name in OUTCOME if found[name] != expected[name]]


def reproduce(project: Path, kill: Kill | None = None) -> Attempt:
    """Run `dvc repro train`, and kill it if it has not ended before. Raises RuntimeError if it fails."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project),
        "PYTHONUNBUFFERED": "1",
    }
    began = time.monotonic()
    process = subprocess.Popen(
        ["dvc", "repro", "--no-run-cache", "train"],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: list[tuple[float, str]] = []
    reader = Thread(target=_collect_lines, args=(process, began, lines), daemon=True)
    reader.start()
    attempt = _wait_or_kill(process, kill, lines, began)
    reader.join(ORPHAN_SECONDS)
    if attempt.killed:
        attempt.lost_seconds = lost_seconds(project, attempt, time.time() - (time.monotonic() - began))
    if not attempt.killed and process.returncode:
        raise RuntimeError(f"dvc repro exited with {process.returncode}:\n{attempt.text()}")
    return attempt


def lost_seconds(project: Path, attempt: Attempt, began: float) -> float | None:
    """Return the seconds of training that the kill cost. `began` is when the run began, since the epoch."""
    training = next((seconds for seconds, line in attempt.lines if BEGINS in line), None)
    if training is None:
        return None
    saved = (path.stat().st_mtime for path in project.glob(f".pagetune/checkpoints/*/step-*/{COMPLETE}"))
    return began + attempt.seconds - max([began + training, *saved])


def _collect_lines(process: subprocess.Popen[str], began: float, lines: list[tuple[float, str]]) -> None:
    assert process.stdout
    with process.stdout:
        lines.extend((time.monotonic() - began, line.rstrip("\n")) for line in process.stdout)


def _wait_or_kill(
    process: subprocess.Popen[str], kill: Kill | None, lines: list[tuple[float, str]], began: float
) -> Attempt:
    """Wait for the run to end, or kill it. More lines may arrive as long as its processes live."""
    while kill and kill.after_first_step and process.poll() is None and not any(STEP.search(line) for _, line in lines):
        time.sleep(0.05)
    try:
        process.wait(None if kill is None else kill.seconds)
        return Attempt(None, lines, time.monotonic() - began)
    except subprocess.TimeoutExpired:
        assert kill
    if kill.way == GROUP:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    attempt = Attempt(kill.way, lines, time.monotonic() - began)
    attempt.gone_seconds, attempt.orphans = wait_for_orphans(lambda: members(process.pid))
    return attempt


def wait_for_orphans(find: Callable[[], list[psutil.Process]]) -> tuple[float, int]:
    """Return how long the processes of `find` lived on, and how many outlived ORPHAN_SECONDS and were killed here."""
    began = time.monotonic()
    while (left := find()) and time.monotonic() - began < ORPHAN_SECONDS:
        time.sleep(0.05)
    seconds = time.monotonic() - began
    for orphan in left:
        with suppress(psutil.NoSuchProcess):
            orphan.kill()
    return seconds, len(left)


def members(session: int) -> list[psutil.Process]:
    """Return the living processes of a session. What DVC started stays in its session, whatever its parent is."""
    found = []
    for process in psutil.process_iter(["status"]):
        try:
            if os.getsid(process.pid) == session and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        except OSError:  # it has ended, or we may not look at it
            continue
    return found


def outcome(project: Path) -> dict[str, str]:
    return {name: sha256((project / name).read_bytes()).hexdigest() for name in OUTCOME}


def forget(project: Path) -> None:
    """Delete everything from which DVC could skip or restore the training, or the training could resume."""
    shutil.rmtree(project / "models/adapter", ignore_errors=True)
    shutil.rmtree(project / ".pagetune", ignore_errors=True)
    shutil.rmtree(project / ".dvc/cache/runs", ignore_errors=True)
    for name in OUTCOME:
        (project / name).unlink(missing_ok=True)
    yaml, path = YAML(), project / "dvc.lock"
    locked = yaml.load(path.read_text(encoding="utf-8"))
    locked["stages"].pop("train", None)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(locked, file)


def table(campaign: Campaign) -> str:
    undisturbed = campaign.undisturbed
    rows = [("", [DVC_ALONE, GROUP]), ("kills", _by_way(campaign.kills))]
    phases = (
        ("  before the training could be seen", [kill for kill in campaign.kills if not kill.reached]),
        ("  during the training", [kill for kill in campaign.kills if kill.reached and not kill.is_past_the_last_step]),
        ("  after the last step", [kill for kill in campaign.kills if kill.is_past_the_last_step]),
        (
            f"  processes left after {ORPHAN_SECONDS:.0f} s",
            [kill for kill in campaign.kills for _ in range(kill.orphans)],
        ),
    )
    rows += [(title, _by_way(members)) for title, members in phases]
    gone = max((kill.gone_seconds for kill in campaign.kills), default=0.0)
    starts = [attempt.start for attempt in campaign.attempts if attempt.start is not None]
    lines = [
        f"a training of {undisturbed.reached} steps, {undisturbed.seconds:.0f} s undisturbed with DVC and the imports",
        *(f"{title:<36}{''.join(f'{value:>14}' for value in values)}" for title, values in rows),
        f"the last process was gone {gone:.1f} s after the kill at the latest",
        f"starts: {len(starts)}, {sum(start > 0 for start in starts)} of them from a checkpoint",
        f"seconds of training that a kill cost: {_spread([kill.lost_seconds for kill in campaign.kills])}",
        f"dvc.lock cut off by a kill, and restored from Git: {campaign.torn_locks}",
        f"trainings that finished: {campaign.finished}, with other bytes than the undisturbed one: "
        f"{dict(Counter(campaign.unequal)) or 0}",
    ]
    return "\n".join(lines)


def _by_way(kills: list[Attempt]) -> list[str]:
    count = Counter(kill.killed for kill in kills)
    return [str(count[DVC_ALONE]), str(count[GROUP])]


def _spread(lost: list[float | None]) -> str:
    known = [seconds for seconds in lost if seconds is not None]
    return (
        f"{sum(known) / len(known):.1f} on average, {max(known):.1f} at most ({len(known)} kills)" if known else "none"
    )


if __name__ == "__main__":
    main()
