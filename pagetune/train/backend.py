"""Which library trains: Unsloth where it runs, PEFT + bitsandbytes everywhere."""

import importlib
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.model.loading import load_config
from pagetune.model.manifest import Manifest
from pagetune.model.precision import Gpu
from pagetune.params import Params
from pagetune.parent_process import is_stage
from pagetune.train import packed_attention, unsloth_backend
from pagetune.train.gpu_lock import forget_gpu
from pagetune.train.packed_attention import Kernel

if TYPE_CHECKING:
    from pagetune.train.inputs import TrainingInputs

#: Importing Unsloth compiles and patches; a first import on a cold disk takes a while.
PROBE_SECONDS = 180
#: A model with fewer parameters is trained in less time than Unsloth's kernels save.
SMALL = 10**9
#: Most of a GPU's memory that a 16-bit base may take to leave room for all activations.
ROOMY = 0.4
#: Set as the stage starts again without Unsloth: what its import said.
FAILED = "PAGETUNE_UNSLOTH_FAILED"


@dataclass(frozen=True)
class Backend:
    name: Literal["unsloth", "peft"]
    reason: str


@dataclass(frozen=True)
class Trained:
    """What the choice of a backend follows from, beside the settings. `parameters`: None where they are not known."""

    parameters: int | None = None
    #: See `is_fast_in_peft`.
    fast_in_peft: bool = False
    #: An encoder-decoder.
    encoder: bool = False
    #: It also sees or hears.
    towers: bool = False


def is_fast_in_peft(precision: str, parameters: int, gpu: Gpu | None, liger: bool) -> bool:
    """Return whether PEFT trains this base as fast as Unsloth: in 16 bits, with Liger's kernels, and with so much room
    that no activation has to be recomputed (benchmarks/stage_gpu.txt)."""
    return liger and gpu is not None and precision in ("bf16", "fp16") and 2 * parameters <= ROOMY * gpu.total_bytes


def choose_backend(params: Params, processes: int = 1, model: Trained = Trained()) -> Backend:
    """Return what `train.backend` means on this machine; `auto` never fails.

    Call it before anything imports transformers. Raises UserError where `unsloth` is asked for and cannot run.
    """
    wanted = params.train.backend
    problem = _why_peft_without_trying(params, processes, True, model) or _import_unsloth()
    if problem is None:
        is_set = wanted == "unsloth"
        return Backend("unsloth", Remark("set in params.yaml") if is_set else Remark("Unsloth runs on this machine"))
    if wanted == "unsloth":
        raise UserError(
            "params.yaml: train.backend: unsloth cannot run here: {problem}. Use auto or peft.", problem=problem
        )
    return Backend("peft", problem)


def _import_unsloth() -> str | None:
    """Import Unsloth before transformers, trl and peft, which it patches as they are imported; return why it cannot be.

    An import that breaks off leaves them patched in part. The stage then starts again, in the same process, and knows
    why. Another program, such as a notebook, tries the import in a process of its own first, which takes twice as long.
    """
    if FAILED in os.environ:
        return Remark("import unsloth failed ({why})", why=os.environ[FAILED])
    if not is_stage() and (problem := why_no_unsloth()):
        return problem
    try:
        import unsloth  # noqa: F401
    except Exception as error:  # NotImplementedError, ImportError, RuntimeError: whatever its checks raise
        if not is_stage():
            raise
        os.environ[FAILED] = _last_line(str(error))
        forget_gpu()
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the very command that runs
    return None


def _last_line(said: str) -> str:
    return (said.strip().splitlines() or ["no message"])[-1]


def why_peft(params: Params, processes: int, here: bool = True, model: Trained = Trained()) -> str | None:
    """Return why PEFT trains, None where Unsloth does; `plan` and `doctor` ask it too.

    A GPU that is not `here` is assumed to be one that Unsloth runs on.
    """
    return _why_peft_without_trying(params, processes, here, model) or (why_no_unsloth() if here else None)


def _why_peft_without_trying(params: Params, processes: int, here: bool, model: Trained) -> str | None:
    if params.train.backend == "peft":
        return Remark("set in params.yaml")
    several = Remark("there are several processes; train.processes: 1 is one") if processes > 1 else None
    problem = unsloth_backend.why_unsupported(params, model.encoder, model.towers) or several
    problem = problem or (_why_not_installed() if here else None)
    return problem or (_why_not_worth_it(model) if params.train.backend == "auto" else None)


def _why_not_worth_it(model: Trained) -> str | None:
    """Return why Unsloth would cost more than it saves: its import alone takes half a minute."""
    if model.parameters is not None and model.parameters < SMALL:
        return Remark(
            "a model of {millions:,.0f} million parameters trains no faster with Unsloth",
            millions=model.parameters / 1000000.0,
        )
    if model.fast_in_peft:
        return Remark("in 16 bits, Liger's kernels under PEFT are as fast, and Unsloth takes longer to start")
    return None


def why_no_unsloth() -> str | None:
    """Return why Unsloth cannot be imported, None where it can.

    The import is tried in another process, because it patches transformers.
    """
    if problem := _why_not_installed():
        return problem
    command = [sys.executable, "-c", "import unsloth"]
    try:
        probe = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Remark("import unsloth took more than {seconds} seconds", seconds=PROBE_SECONDS)
    return None if probe.returncode == 0 else Remark("import unsloth failed ({why})", why=_last_line(probe.stderr))


def _why_not_installed() -> str | None:
    import torch

    if not torch.cuda.is_available():
        return Remark("PyTorch sees no GPU")
    if importlib.util.find_spec("unsloth") is None:
        return Remark("unsloth is not installed (requirements-gpu.txt and the extra `gpu` have it)")
    return None


def packed_kernel(backend: Backend, manifest: Manifest, dtype: Any) -> Kernel:
    """Return the attention kernel that keeps packed rows apart with this backend; all of them need 16 bits."""
    import torch

    if manifest.encoder_decoder:
        return Kernel(None, Remark("no kernel keeps the packed rows of an encoder-decoder apart"))
    if dtype == torch.float32 and torch.cuda.is_available():
        return Kernel(None, Remark("no kernel for packed rows computes in fp32"))
    if backend.name == "unsloth":
        return unsloth_backend.packed_kernel()
    return packed_attention.packed_kernel(load_config(manifest))


def load_for_training(inputs: "TrainingInputs", checkpointing: bool) -> Any:
    """Return the base model with a fresh adapter, ready to train.

    The adapter starts from random numbers, so `seed` is set first.
    """
    from transformers import set_seed

    set_seed(inputs.params.seed)
    return _module(inputs.backend).load(inputs, checkpointing)


def set_checkpointing(backend: Backend, model: Any, checkpointing: bool) -> None:
    """Turn gradient checkpointing on or off after loading."""
    _module(backend).set_checkpointing(model, checkpointing)


def for_inference(backend: Backend, model: Any) -> None:
    """Make a model that was just trained ready to generate."""
    _module(backend).for_inference(model)


def _module(backend: Backend) -> Any:
    return importlib.import_module(f"pagetune.train.{backend.name}_backend")
