"""Several GPUs: accelerate starts the stage once for each, and PyTorch does the rest."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pagetune.errors import UserError
from pagetune.parent_process import LAUNCHER

#: From the launcher to its processes: the file that the first one that fails makes.
SPOKEN = "PAGETUNE_SPOKEN"
#: The adapter is not sharded: each of its hundreds of layers would be gathered by itself, which takes seconds for each
#: micro-batch, and its few weights would have to be as imprecise as the base's.
UNSHARDED = {"FSDP_IGNORED_MODULES": r".*\.lora_\w+"}
#: Shards a base model over the GPUs layer by layer; each process loads its own part.
FSDP = [
    "--use_fsdp",
    "--fsdp_version=1",
    "--fsdp_sharding_strategy=FULL_SHARD",
    "--fsdp_auto_wrap_policy=TRANSFORMER_BASED_WRAP",
    "--fsdp_backward_prefetch=BACKWARD_PRE",
    "--fsdp_cpu_ram_efficient_loading=true",
    "--fsdp_sync_module_states=true",
    "--fsdp_use_orig_params=false",
    "--fsdp_state_dict_type=FULL_STATE_DICT",
]


@dataclass(frozen=True)
class World:
    """This process among those of the training, on all machines. `local_rank` is its GPU on this machine."""

    processes: int = 1
    rank: int = 0
    local_rank: int = 0
    #: This process holds only a part of the model.
    sharded: bool = False

    @classmethod
    def from_environment(cls) -> "World":
        """Read what `accelerate launch` or torchrun set, ours or those of several machines."""
        return cls(
            processes=int(os.environ.get("WORLD_SIZE", "1")),
            rank=int(os.environ.get("RANK", "0")),
            local_rank=int(os.environ.get("LOCAL_RANK", "0")),
            sharded=os.environ.get("ACCELERATE_USE_FSDP") == "true",
        )

    @property
    def launched(self) -> bool:
        """Return whether a launcher started this process as one of several."""
        return self.processes > 1

    @property
    def is_first(self) -> bool:
        """Return whether this process speaks and writes for all of them."""
        return self.rank == 0


def log_once(line: str) -> None:
    """Print a line of the stage's log in the first process only."""
    if World.from_environment().is_first:
        print(f"train: {line}", flush=True)


def count_processes(wanted: Literal["auto"] | int, rows: int) -> int:
    """Return the processes that this training needs: those already launched, else one for each GPU of this machine.

    `rows` is `train.effective_batch_size`: more processes than that would have nothing to do. Raises UserError where
    more are asked for than there are GPUs.
    """
    world = World.from_environment()
    if world.launched:
        return world.processes
    gpus = _count_gpus()
    if wanted == "auto":
        return 1 if _in_queue() else max(1, min(gpus, rows))
    if wanted > max(1, gpus):
        raise UserError(
            "params.yaml: train.processes is {wanted}, and this machine has {gpus} GPUs. Use auto.",
            wanted=wanted,
            gpus=gpus,
        )
    return wanted


def _count_gpus() -> int:
    import torch

    return int(torch.cuda.device_count())


def _in_queue() -> bool:
    """Return whether `dvc queue` runs this: each of its jobs has a GPU of its own (train/gpu_lock.py)."""
    return "/.dvc/tmp/exps/" in f"{Path.cwd().as_posix()}/"


def run_processes(processes: int, sharded: bool, environment: dict[str, str]) -> int:
    """Run the stage train in this many processes; return the exit code, which is not 0 where one of them failed."""
    quiet = {"TORCH_CPP_LOG_LEVEL": "ERROR"}  # it warns of process groups, as they begin and end
    tied = quiet | os.environ | {LAUNCHER: str(os.getpid())} | environment | (UNSHARDED if sharded else {})
    return subprocess.run(launch_command(processes, sharded), env=tied, check=False).returncode


def launch_command(processes: int, sharded: bool) -> list[str]:
    """Return the command that starts the stage train once for each GPU of this machine."""
    options = [f"--num_processes={processes}", "--num_machines=1", "--mixed_precision=no", "--dynamo_backend=no"]
    options += FSDP if sharded else ["--multi_gpu"]
    return [sys.executable, "-m", "pagetune.train.launcher", *options, "--module", "stages.train"]


def speaks_first() -> bool:
    """Return whether no other process has said yet what is wrong: all of them find the same fault in the rows."""
    if SPOKEN not in os.environ:
        return True
    try:
        Path(os.environ[SPOKEN]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def leave() -> None:
    """Leave the other processes in order; PyTorch warns of one that just ends."""
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def gather_from_all(value: Any, world: World) -> list[Any]:
    """Return the value of each process, the first one's first; they wait for each other here."""
    if not world.launched:
        return [value]
    import torch
    from accelerate import PartialState
    from accelerate.utils import gather_object

    PartialState(cpu=not torch.cuda.is_available())  # joins the processes, if nothing has yet
    return list(gather_object([value]))
