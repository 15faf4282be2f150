"""A training ends with the DVC that started it, and with nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import ROOT

from pagetune.parent_process import LAUNCHER, STAGE, is_dvc

#: Writes its pid once it is tied to DVC, and lives for a minute.
CHILD = """
import os, sys, time
from pathlib import Path
from pagetune.parent_process import exit_with_dvc
if len(sys.argv) > 2:
    Path(sys.argv[1] + ".started").touch()
    time.sleep(float(sys.argv[2]))
exit_with_dvc()
Path(sys.argv[1] + ".part").write_text(str(os.getpid()))
Path(sys.argv[1] + ".part").rename(sys.argv[1])
time.sleep(60)
"""
#: Runs its argument as DVC runs a stage.
DVC = """#!{python}
import os, subprocess, sys
os.environ["DVC_STAGE"] = "train"
subprocess.run(["/bin/sh", "-c", sys.argv[1]])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a folder with the programs, where they write their pids; end what a test leaves running."""
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "dvc").write_text(DVC.format(python=sys.executable))
    (tmp_path / "dvc").chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in (LAUNCHER, STAGE):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    for path in tmp_path.glob("*.pid"):
        if lives(int(path.read_text())):
            os.kill(int(path.read_text()), signal.SIGKILL)


def child(folder: Path, *wait: str) -> str:
    return " ".join([sys.executable, str(folder / "child.py"), str(folder / "child.pid"), *wait])


def appears(path: Path, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.exists()


def pid_of(folder: Path) -> int:
    assert appears(folder / "child.pid")
    return int((folder / "child.pid").read_text())


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_gone_within(seconds: float, pid: int) -> bool:
    deadline = time.monotonic() + seconds
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not lives(pid)


@pytest.mark.parametrize(
    "shell",
    [
        "{child}",
        "{child}; true",
        "sh -c '{child}; true'; true",
        "{python} -c 'import os; os.system(\"{child}; true\")'; true",
    ],
    ids=["direct", "a shell", "two shells", "a launcher"],
)
def test_the_training_dies_with_dvc(folder: Path, shell: str) -> None:
    command = shell.format(child=child(folder), python=sys.executable)
    with subprocess.Popen([str(folder / "dvc"), command]) as dvc:
        pid = pid_of(folder)
        time.sleep(0.7)
        assert lives(pid)
        dvc.kill()
        assert is_gone_within(2, pid)


def test_a_training_whose_dvc_has_ended_before_it_looks_does_not_start(folder: Path) -> None:
    with subprocess.Popen([str(folder / "dvc"), child(folder, "1") + "; true"]) as dvc:
        assert appears(folder / "child.pid.started")
        dvc.kill()
        dvc.wait()
    time.sleep(2)
    assert not (folder / "child.pid").exists()


def test_a_training_dies_with_the_shell_that_dvc_started(folder: Path) -> None:
    with subprocess.Popen([str(folder / "dvc"), child(folder) + "; true"]) as dvc:
        pid = pid_of(folder)
        shell = psutil.Process(pid).parent()
        assert shell is not None
        assert shell.ppid() == dvc.pid
        shell.kill()
        assert is_gone_within(2, pid) or sys.platform != "linux"


def test_a_training_started_by_hand_outlives_its_shell(folder: Path) -> None:
    shell = subprocess.run(
        ["sh", "-c", f"nohup {child(folder)} >/dev/null 2>&1 & echo $!"], capture_output=True, check=True
    )
    pid = pid_of(folder)
    assert pid == int(shell.stdout)
    time.sleep(1.5)
    assert lives(pid)


def test_a_training_started_by_hand_outlives_a_shell_that_is_killed(folder: Path) -> None:
    with subprocess.Popen(["sh", "-c", f"{child(folder)}; true"]) as shell:
        pid = pid_of(folder)
        shell.kill()
    assert not is_gone_within(1.5, pid)


def test_a_worker_dies_with_the_launcher_that_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "60"]) as launcher:
        monkeypatch.setenv(LAUNCHER, str(launcher.pid))
        with subprocess.Popen(child(folder).split()) as worker:
            assert pid_of(folder) == worker.pid
            launcher.kill()
            assert worker.wait(2) == -signal.SIGTERM


def test_a_worker_whose_launcher_has_ended_does_not_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["true"]) as launcher:
        launcher.wait()
    monkeypatch.setenv(LAUNCHER, str(launcher.pid))
    assert subprocess.run(child(folder).split(), check=False).returncode == -signal.SIGKILL


def test_a_stage_that_a_python_program_reproduces_lives_until_that_ends(folder: Path) -> None:
    program = (folder / "dvc").rename(folder / "notebook.py")
    with subprocess.Popen([sys.executable, str(program), child(folder) + "; true"]) as notebook:
        pid = pid_of(folder)
        time.sleep(0.7)
        assert lives(pid)
        notebook.kill()
        assert is_gone_within(2, pid)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("dvc repro", True),
        ("/usr/bin/dvc exp exec-run --infofile x", True),
        ("/opt/venv/bin/python3.11 /opt/venv/bin/dvc repro", True),
        ("python -m dvc repro", True),
        ("python -Im dvc repro", True),
        ("python -B -m dvc exp queue-worker", True),
        ("dvc.exe repro", False),
        ("python -m stages.train dvc", False),
        ("python train.py dvc", False),
        ("vim dvc", False),
        ("bash -c dvc", False),
        ("", False),
    ],
)
def test_dvc_is_known_by_its_command(command: str, expected: bool) -> None:
    assert is_dvc(command.split()) == expected
