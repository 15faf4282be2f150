"""Several cards: accelerate starts the stage once for each, and PyTorch does the rest."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from pagetune.errors import UserError
from pagetune.train.parent_process import LAUNCHER

#: From the launcher to its processes: how often memory ran out so far, and where to say that it did again.
SHORTAGES, RAN_OUT = "PAGETUNE_SHORTAGES", "PAGETUNE_RAN_OUT"
#: A 4-bit base cut over the cards, as PEFT's documentation has it for QLoRA: each loads its own part.
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


def log_once(line: str) -> None:
    """Of several processes the first one speaks."""
    if os.environ.get("RANK", "0") == "0":
        print(f"train: {line}", flush=True)


def launched() -> bool:
    """Whether this is one of several processes, ours or those of an `accelerate launch` over several machines."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def count_processes(wanted: Literal["auto"] | int, rows: int) -> int:
    """Processes of this training on all machines: of those already launched, else one for each card of this one, and
    no more than each step has `rows`.

    Raises UserError where more cards are asked for than there are.
    """
    if launched():
        return int(os.environ["WORLD_SIZE"])
    cards = _cards()
    if wanted == "auto":
        return 1 if _in_queue() else max(1, min(cards, rows))
    if wanted > max(1, cards):
        raise UserError(f"params.yaml: train.processes is {wanted}, and this machine has {cards} cards. Use auto.")
    return wanted


def _cards() -> int:
    import torch

    return int(torch.cuda.device_count())


def _in_queue() -> bool:
    """Where `dvc queue` runs several trainings, each has a card of its own (pagetune/train/gpu_lock.py)."""
    return "/.dvc/tmp/exps/" in f"{Path.cwd().as_posix()}/"


def launch(processes: int, sharded: bool) -> None:
    """Run the stage train in `processes` processes; where memory runs out in one, all of them again from the last
    checkpoint with less at once. Raises UserError where they fail otherwise; they have said why."""
    times = 0
    with tempfile.TemporaryDirectory() as folder:
        ran_out = Path(folder) / "out-of-memory"
        environment = os.environ | {LAUNCHER: str(os.getpid()), RAN_OUT: str(ran_out)}
        while subprocess.run(
            command(processes, sharded), env=environment | {SHORTAGES: str(times)}, check=False
        ).returncode:
            if not ran_out.exists():
                raise UserError(f"one of {processes} processes failed; what it said stands above.")
            ran_out.unlink()
            times += 1


def command(processes: int, sharded: bool) -> list[str]:
    options = [f"--num_processes={processes}", "--num_machines=1", "--mixed_precision=no", "--dynamo_backend=no"]
    options += FSDP if sharded else ["--multi_gpu"]
    return [sys.executable, "-m", "accelerate.commands.launch", *options, "--module", "stages.train"]


def shortages() -> int:
    """How often the launcher has started all processes again because memory ran out in one."""
    return int(os.environ.get(SHORTAGES, "0"))


def tell_out_of_memory() -> None:
    """To the launcher, which starts all processes again: one alone cannot take less than the others."""
    if RAN_OUT in os.environ:
        Path(os.environ[RAN_OUT]).touch()


def sharded() -> bool:
    """Whether this process holds a part of the model only."""
    return os.environ.get("ACCELERATE_USE_FSDP") == "true"


def gather_from_all(value: Any) -> list[Any]:
    """The value of each process, the first one's first; they wait for each other here."""
    if not launched():
        return [value]
    import torch
    from accelerate import PartialState
    from accelerate.utils import gather_object

    PartialState(cpu=not torch.cuda.is_available())  # joins the processes, if nothing has yet
    return list(gather_object([value]))
