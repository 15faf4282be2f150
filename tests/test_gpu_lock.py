"""Each job of `dvc queue` gets its own GPU. nvidia-smi is a stand-in; the processes are real."""

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT

#: Claims a GPU, prints which, and holds it until its input ends.
JOB = """
import os, subprocess, sys
from pagetune.train.gpu_lock import claim_gpu
claim_gpu()
print("gpu", os.environ.get("CUDA_VISIBLE_DEVICES"), "torch" in sys.modules, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Make a folder as `dvc queue` runs a job in, and an nvidia-smi that lists two GPUs."""
    folder = tmp_path / "checkout" / ".dvc" / "tmp" / "exps" / "tmpabc"
    folder.mkdir(parents=True)
    list_gpus(tmp_path, "0, GPU-aaa", "1, GPU-bbb")
    return folder


def list_gpus(tmp_path: Path, *lines: str) -> None:
    (tmp_path / "bin").mkdir(exist_ok=True)
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    program.chmod(0o755)


@contextmanager
def job(folder: Path, script: str = JOB, **environment: str) -> Iterator[subprocess.Popen[str]]:
    path = f"{folder_of_programs(folder)}{os.pathsep}{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if name not in ("CUDA_VISIBLE_DEVICES", "RANK")}
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**plain, "PATH": path, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def folder_of_programs(folder: Path) -> Path:
    return next(parent / "bin" for parent in folder.parents if (parent / "bin" / "nvidia-smi").exists())


def gpu_of(process: subprocess.Popen[str]) -> str:
    """Return the GPU that the job prints, after whatever else it prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("gpu "):
            return line.split()[1]
        assert not line.startswith("queue: other"), "the job waits for a GPU"
    raise AssertionError("the job ended without a word")


def waits(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline().startswith("queue: other jobs use all 2 GPUs")


def says_nothing_within(process: subprocess.Popen[str], seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        return not selector.select(seconds)


def test_two_jobs_get_a_gpu_each_and_a_third_waits_for_the_one_that_is_freed(workspace: Path) -> None:
    with job(workspace) as first, job(workspace) as second:
        taken = {gpu_of(first): first, gpu_of(second): second}
        assert set(taken) == {"GPU-aaa", "GPU-bbb"}
        with job(workspace) as third:
            assert waits(third)
            assert says_nothing_within(third, 1.5)
            taken["GPU-bbb"].communicate()
            assert gpu_of(third) == "GPU-bbb"


def test_a_killed_job_frees_its_gpu(workspace: Path) -> None:
    with job(workspace) as first:
        assert gpu_of(first) == "GPU-aaa"
        first.send_signal(signal.SIGKILL)
        first.wait()
        with job(workspace) as second:
            assert gpu_of(second) == "GPU-aaa"


def test_jobs_in_other_workspaces_of_the_same_checkout_share_the_locks(workspace: Path) -> None:
    other = workspace.parent / "tmpxyz" / "deeper"
    other.mkdir(parents=True)
    with job(workspace) as first, job(other) as second:
        assert {gpu_of(first), gpu_of(second)} == {"GPU-aaa", "GPU-bbb"}
    names = {path.name for path in workspace.parents[3].joinpath(".pagetune", "gpus").iterdir()}
    assert names == {"GPU-aaa.lock", "GPU-bbb.lock"}


@pytest.mark.parametrize("child", ["fork", "exec"])
def test_a_child_that_outlives_its_job_has_the_gpu_in_its_environment_and_not_the_lock(
    workspace: Path, child: str
) -> None:
    """A data loader is a forked child. If it shared the lock, a killed training would keep its GPU."""
    lives = "import os, sys; print('child', os.getpid(), flush=True); sys.stdin.read()"
    start = {
        "fork": f"pid = os.fork()\nif not pid: {lives}; os._exit(0)",
        "exec": f"pid = subprocess.Popen([sys.executable, '-c', {lives!r}]).pid",
    }[child]
    script = JOB.replace("sys.stdin.read()", f"{start}\nos.waitpid(pid, 0)")
    with job(workspace, script) as first:
        assert gpu_of(first) == "GPU-aaa"
        assert first.stdout is not None
        pid = int(first.stdout.readline().split()[1])
        if child == "exec":
            assert b"CUDA_VISIBLE_DEVICES=GPU-aaa" in environment_of(pid)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        os.kill(pid, 0)  # it lives
        with job(workspace) as second:
            assert gpu_of(second) == "GPU-aaa"


def environment_of(pid: int) -> bytes:
    path = Path(f"/proc/{pid}/environ")
    if not path.exists():
        pytest.skip("no /proc here")
    return path.read_bytes()


def test_gpus_that_the_user_left_out_are_not_taken(workspace: Path) -> None:
    list_gpus(workspace.parents[4], "0, GPU-aaa", "1, GPU-bbb", "2, GPU-ccc")
    with (
        job(workspace, CUDA_VISIBLE_DEVICES="2,GPU-a") as first,
        job(workspace, CUDA_VISIBLE_DEVICES="2,GPU-a") as second,
    ):
        assert {gpu_of(first), gpu_of(second)} == {"2", "GPU-a"}


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({"CUDA_VISIBLE_DEVICES": "1"}, "1"),
        ({"CUDA_VISIBLE_DEVICES": ""}, ""),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, "-1"),
        ({"RANK": "0"}, None),
        ({"WORLD_SIZE": "2"}, None),
    ],
)
def test_one_gpu_none_or_a_launcher_is_left_as_it_is(
    workspace: Path, environment: dict[str, str], seen: str | None
) -> None:
    assert untouched(workspace, **environment) == f"gpu {seen} False"


@pytest.mark.parametrize("lines", [("0, GPU-aaa",), ("No devices were found",), ()])
def test_a_machine_with_one_gpu_or_none_is_left_as_it_is(workspace: Path, lines: tuple[str, ...]) -> None:
    list_gpus(workspace.parents[4], *lines)
    assert untouched(workspace) == "gpu None False"


def test_outside_a_queue_all_gpus_stay_visible(workspace: Path) -> None:
    assert untouched(workspace.parents[3]) == "gpu None False"


def untouched(folder: Path, **environment: str) -> str:
    """Return all that a job printed, and check that it made no lock."""
    with job(folder, **environment) as process:
        said, _ = process.communicate()
    assert not list(folder_of_programs(folder).parent.rglob("*.lock"))
    return said.rstrip("\n")


def test_no_nvidia_smi_means_no_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pagetune.train.gpu_lock import visible_gpus

    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == {}


def test_a_failing_nvidia_smi_means_no_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pagetune.train.gpu_lock import visible_gpus

    list_gpus(tmp_path, "0, GPU-aaa")
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\necho 0, GPU-aaa\nexit 9\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert visible_gpus() == {}
