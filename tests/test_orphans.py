"""Every stage ends with its DVC or by a signal, in one line, and leaves no process behind.

A stage reads params.yaml first. Here that is a FIFO, so that each stage waits inside its `main` until it is ended.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, run
from test_parent_process import appears, is_gone_within

STAGES = sorted(path.stem for path in (ROOT / "stages").glob("*.py") if path.stem != "__init__")
#: Reads with two processes, each of which runs a program, as it runs Tesseract.
READER = """
import subprocess
from pagetune.errors import run_stage
from pagetune.extract.engine import map_tasks
from pagetune.params import load_params
def main():
    params = load_params().extract.model_copy(update={"processes": 2, "engine": "local"})
    list(map_tasks(subprocess.run, [["sleep", "97"]] * 2, params))
if __name__ == "__main__":
    run_stage("reader", main)
"""
#: Writes until it is ended.
WAITING = """
import time
from pathlib import Path
from pagetune.errors import run_stage
from pagetune.jsonl import atomic_write
def main():
    with atomic_write(Path("result.jsonl")):
        Path("begun").touch()
        time.sleep(60)
run_stage("waiting", main)
"""
#: Goes on whatever is raised.
DEAF = """
import time
from pagetune.errors import run_stage
def main():
    print("begun", flush=True)
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
run_stage("deaf", main)
"""


@pytest.fixture(autouse=True)
def no_signal_is_ignored() -> Iterator[None]:
    """Start stages as a terminal does: what runs these tests in the background may ignore Ctrl-C, and so would they."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def folder_of(parent: Path, stage: str) -> Path:
    folder = parent / stage
    folder.mkdir()
    os.mkfifo(folder / "params.yaml")
    return folder


def wait_until_it_reads(folder: Path) -> int:
    """Return the FIFO's end for writing once the stage has opened the other end; nothing comes until it is closed."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return os.open(folder / "params.yaml", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert time.monotonic() < deadline, folder.name
            time.sleep(0.05)


def environment(**more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PYTHONPATH": str(ROOT), "PATH": path} | more


def test_every_stage_is_run_by_run_stage() -> None:
    """It ties a stage to DVC and to the signals, so that the others need not be killed one by one."""
    for stage in STAGES:
        text = (ROOT / "stages" / f"{stage}.py").read_text(encoding="utf-8")
        assert text.endswith(f'if __name__ == "__main__":\n    run_stage("{stage}", main)\n'), stage


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stage_ends_by_a_signal_with_one_line(tmp_path: Path, ending: signal.Signals) -> None:
    folder = folder_of(tmp_path, "push")
    command = [sys.executable, "-m", "stages.push"]
    with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True) as stage:
        end = wait_until_it_reads(folder)
        stage.send_signal(ending)
        assert stage.communicate(timeout=20)[1] == "push: interrupted\n"
    assert stage.returncode == 1
    os.close(end)


def test_a_signal_that_arrives_during_the_imports_ends_a_stage_with_one_line(tmp_path: Path) -> None:
    """Importing pagetune.params, which every stage does, sends the signal here."""
    (tmp_path / "pydantic.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    path = f"{tmp_path}{os.pathsep}{ROOT}"
    done = subprocess.run(
        [sys.executable, "-m", "stages.push"],
        env=environment(PYTHONPATH=path), cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("push: interrupted\n", 1)


def test_a_library_that_swallows_the_interrupt_does_not_keep_the_stage(tmp_path: Path) -> None:
    (tmp_path / "deaf.py").write_text(DEAF)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "deaf.py")], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as stage:  # fmt: skip
        assert stage.stdout is not None
        stage.stdout.readline()
        stage.terminate()
        assert stage.communicate(timeout=20)[1] == "deaf: interrupted\n"
    assert stage.returncode == 1


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_real_dvc_that_is_ended_takes_its_stage_along(tmp_path: Path, ending: signal.Signals) -> None:
    run(tmp_path, "dvc", "init", "--no-scm", "-q")
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / "dvc.yaml").write_text("stages:\n  waiting:\n    cmd: python waiting.py\n")
    with subprocess.Popen(["dvc", "repro"], cwd=tmp_path, env=environment()) as dvc:
        assert appears(tmp_path / "begun", 60)
        below = psutil.Process(dvc.pid).children(recursive=True)
        dvc.send_signal(ending)
    assert below
    assert all(is_gone_within(3, process.pid) for process in below)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_no_reading_process_and_no_program_that_it_runs_outlives_its_stage(
    tmp_path: Path, ending: signal.Signals
) -> None:
    (tmp_path / "reader.py").write_text(READER)
    with subprocess.Popen([sys.executable, str(tmp_path / "reader.py")], cwd=ROOT, env=environment()) as stage:
        below = reading(stage.pid)
        stage.send_signal(ending)
        assert stage.wait(10) == (1 if ending == signal.SIGTERM else -signal.SIGKILL)
    assert all(is_gone_within(3, process.pid) for process in below)


def reading(pid: int) -> list[psutil.Process]:
    """Return the processes below, once both programs run."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        below = psutil.Process(pid).children(recursive=True)
        if sum(process.name() == "sleep" for process in below) == 2:
            return below
        time.sleep(0.1)
    raise AssertionError("the programs did not start")
