"""Several processes train like one, and all of them start again where memory runs out in one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT
from test_train import ROWS, adapter_of, close, job_of, plan_of, steps_in, train

from pagetune.errors import UserError
from pagetune.train import distributed, oom
from pagetune.train.checkpoints import Store
from pagetune.train.loop import LossPoint

#: 15 rows, 4 per step, 7 validation rows: an epoch's last step and a validation are uneven over two processes. A point
#: of the curve at every second step, so that a checkpoint falls between two.
UNEVEN: dict[str, Any] = {"examples": ROWS[:15], "validation": 7, "eval_steps": 10, "load_best_model_at_end": True}

#: Breaks off once, like a kill of all processes, and resumes from the checkpoint that the first process saved.
CHILD = """
import json, os, sys
from dataclasses import asdict, replace
from pathlib import Path
import torch
from test_distributed import UNEVEN
from test_train import job_of, plan_of
from pagetune.errors import quiet_libraries
from pagetune.train.adapter import save_adapter
from pagetune.train.backend import load_for_training
from pagetune.train.checkpoints import Store, open_store, state_folder
from pagetune.train.distributed import World
from pagetune.train.loop import fit
from pagetune.train.step_trainer import Steps, StepTrainer

# transformers loads the optimizer to the process's own device, and PyTorch knows no cpu:0.
torch.serialization.register_package(0, lambda _: None, lambda found, place: found if place == "cpu:0" else None)
Steps.checkpoint_is_due = lambda trainer: trainer.state.global_step % 5 == 0
compute_loss, calls, breaks_off = StepTrainer.compute_loss, [], 10


def breaking(trainer, *arguments, **options):
    calls.append(1)
    if len(calls) == breaks_off:
        raise InterruptedError
    return compute_loss(trainer, *arguments, **options)


StepTrainer.compute_loss = breaking
job = replace(job_of(Path(sys.argv[1]), **UNEVEN), world=World.from_environment())


def train(store):
    model = load_for_training(job, False)
    return model, fit(job, model, plan_of(job), store)


def stored():
    if os.environ["RANK"] != "0":
        return train(Store(state_folder() / "key"))
    with open_store("key") as store:
        return train(store)


try:
    stored()
    raise SystemExit("it did not break off")
except InterruptedError:
    pass
model, outcome = stored()
if os.environ["RANK"] == "0":
    save_adapter(model, Path("adapter"), job.world.sharded)
    Path("curve.json").write_text(json.dumps([asdict(point) for point in outcome.curve]))
"""

#: Lets two processes on the CPU stand in for two GPUs: accelerate shards a model only over GPUs.
ON_CPUS = """
import contextlib
import torch
from accelerate.state import PartialState
from accelerate.utils import DistributedType
from torch.distributed.fsdp._flat_param import FlatParamHandle


def join(*_, **__):
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo")
    return "gloo", DistributedType.MULTI_GPU


PartialState._prepare_backend = join
PartialState.set_device = lambda state: setattr(state, "device", torch.device("cpu"))
# It copies weights to the CPU and frees the originals, which are the same memory here.
FlatParamHandle.to_cpu = lambda handle: contextlib.nullcontext()
"""


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on the CPU")
def test_two_processes_end_with_the_curve_and_the_weights_of_one_even_after_a_break(
    tiny_base: Path, tmp_path: Path
) -> None:
    in_two_processes(tiny_base, CHILD)
    assert close(result_of(tmp_path / "adapter"), result_alone(tiny_base), 1e-4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on the CPU")
def test_a_model_cut_over_two_processes_ends_with_the_weights_of_a_whole_one_even_after_a_break(
    tiny_base: Path, tmp_path: Path
) -> None:
    options = dict(option.lstrip("-").split("=") for option in distributed.FSDP if "=" in option)
    # accelerate loads like this only for GPUs, and needs one to sync to.
    options |= {"fsdp_cpu_ram_efficient_loading": "false", "fsdp_sync_module_states": "false"}
    environment = {name.upper(): value for name, value in options.items()} | {"ACCELERATE_USE_FSDP": "true"}
    in_two_processes(tiny_base, ON_CPUS + CHILD, environment | distributed.UNSHARDED)
    assert close(result_of(tmp_path / "adapter"), result_alone(tiny_base), 1e-4)


def in_two_processes(base: Path, code: str, environment: dict[str, str] | None = None) -> None:
    Path("child.py").write_text(code, encoding="utf-8")
    paths = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "child.py", str(base)],
        env=os.environ | paths | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("train: resuming from step 5\n") == 1
    assert steps_in(Store(Path(".pagetune/checkpoints/key").absolute()))[-1] == 20


def result_of(adapter: Path) -> Any:
    curve = [LossPoint(**point) for point in json.loads(Path("curve.json").read_text(encoding="utf-8"))]
    return (adapter / "adapter_model.safetensors").read_bytes(), curve


def result_alone(base: Path) -> Any:
    model, outcome = train(job_of(base, **UNEVEN))
    return adapter_of(model), outcome.curve


def test_of_processes_that_find_the_same_fault_one_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert distributed.speaks_first(), "a process alone"
    monkeypatch.setenv(distributed.SPOKEN, str(tmp_path / "spoken"))
    assert [distributed.speaks_first() for _ in range(3)] == [True, False, False]


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on the CPU")
def test_the_launcher_adds_no_traceback_to_the_line_of_a_process_that_failed(tmp_path: Path) -> None:
    # One write a line: of two processes that write a line and its end separately, the lines run together at times.
    fails = "import sys\nsys.stderr.write('train: a fault\\n')\nsys.exit(1)"
    Path("fails.py").write_text(fails, encoding="utf-8")
    launched = [*distributed.launch_command(2, sharded=False)[:-1], "fails"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    done = subprocess.run(launched, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert set(done.stderr.split("\n")) == {"train: a fault", ""}


@pytest.fixture
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "_count_gpus", lambda: 4)
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("four_gpus")
def test_auto_takes_each_gpu_of_the_machine() -> None:
    assert distributed.count_processes("auto", 64) == 4
    assert [distributed.count_processes(wanted, 64) for wanted in (1, 3, 4)] == [1, 3, 4]


@pytest.mark.usefixtures("four_gpus")
def test_auto_takes_one_gpu_in_a_workspace_of_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = tmp_path / ".dvc/tmp/exps/tmpabc"
    workspace.mkdir(parents=True)
    monkeypatch.chdir(workspace)
    assert distributed.count_processes("auto", 64) == 1
    assert distributed.count_processes(2, 64) == 2


@pytest.mark.usefixtures("four_gpus")
def test_more_processes_than_gpus_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"train\.processes is 5, and this machine has 4 GPUs\. Use auto"):
        distributed.count_processes(5, 64)
    monkeypatch.setattr(distributed, "_count_gpus", lambda: 0)
    assert (distributed.count_processes("auto", 64), distributed.count_processes(1, 64)) == (1, 1)
    with pytest.raises(UserError, match="this machine has 0 GPUs"):
        distributed.count_processes(2, 64)


@pytest.mark.usefixtures("four_gpus")
def test_processes_that_were_launched_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "16")
    assert distributed.count_processes("auto", 64) == distributed.count_processes(2, 64) == 16


#: Notes how it was called and fails this many times, with or without saying that memory ran out.
STAND_IN = """
import os, sys
from pathlib import Path
from pagetune.train import oom
calls = Path("calls")
with calls.open("a") as file:
    file.write(os.environ[oom.SHORTAGES] + "\\n")
if len(calls.read_text().split()) <= {failures}:
    {tell} and oom.tell_launcher()
    sys.exit(1)
"""


def stand_in(monkeypatch: pytest.MonkeyPatch, failures: int, tell: bool) -> None:
    command = [sys.executable, "-c", STAND_IN.format(failures=failures, tell=tell)]
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(distributed, "launch_command", lambda *_: command)


def launch_all() -> None:
    oom.launch_until_it_fits(lambda environment: distributed.run_processes(2, False, environment), 2)


def test_memory_that_runs_out_in_a_process_starts_all_again_with_less(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, failures=3, tell=True)
    launch_all()
    assert Path("calls").read_text().split() == ["0", "1", "2", "3"]


def test_processes_that_fail_otherwise_are_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, failures=3, tell=False)
    with pytest.raises(UserError, match="one of 2 processes failed"):
        launch_all()
    assert Path("calls").read_text().split() == ["0"]


def test_each_shortage_takes_less_until_nothing_is_left_to_take(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the launcher would start its processes again forever."""
    job, plans = job_of(tiny_base), []
    for times in range(4):
        monkeypatch.setenv(oom.SHORTAGES, str(times))
        plans.append(oom.plan_with_shortages(job, 2**33))
    assert plans[0] == plan_of(job)
    assert [plan.gradient_accumulation_steps for plan in plans] == [1, 2, 4, 4]
    assert [plan.gradient_checkpointing for plan in plans] == [False, False, False, True]
    monkeypatch.setenv(oom.SHORTAGES, "4")
    with pytest.raises(UserError, match="does not fit into the memory that is free"):
        oom.plan_with_shortages(job, 2**33)
