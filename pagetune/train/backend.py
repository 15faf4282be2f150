"""Which library trains: Unsloth where it runs, PEFT + bitsandbytes everywhere."""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal

from pagetune.errors import UserError
from pagetune.manifest import Manifest
from pagetune.models import load_base
from pagetune.params import Lora, Train
from pagetune.precision import Choice, compute_dtype, resolve_precision
from pagetune.train.adapter import check_modules, linear_modules, lora_config

#: Importing Unsloth compiles and patches; a first import on a cold disk takes a while.
PROBE_SECONDS = 180


@dataclass(frozen=True)
class Backend:
    name: Literal["unsloth", "peft"]
    reason: str


def choose_backend(wanted: str) -> Backend:
    """What `train.backend` means on this machine. `auto` never fails.

    Call it before anything imports transformers. Raises UserError where `unsloth` is asked for and cannot run.
    """
    if wanted == "peft":
        return Backend("peft", "asked for")
    problem = why_no_unsloth()
    if problem is None:
        import unsloth  # noqa: F401 - before transformers, trl and peft, which it patches as they are imported

        return Backend("unsloth", "asked for" if wanted == "unsloth" else "Unsloth runs on this machine")
    if wanted == "unsloth":
        raise UserError(f"params.yaml: train.backend: unsloth cannot run here: {problem}. Use auto or peft.")
    return Backend("peft", problem)


def why_no_unsloth() -> str | None:
    """None where Unsloth can be imported. Tried in a process of its own, since importing it patches transformers."""
    import torch

    if not torch.cuda.is_available():
        return "PyTorch sees no GPU"
    if importlib.util.find_spec("unsloth") is None:
        return "unsloth is not installed (requirements-gpu.txt has it)"
    command = [sys.executable, "-c", "import unsloth"]
    try:
        probe = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"import unsloth took more than {PROBE_SECONDS} seconds"
    if probe.returncode == 0:
        return None
    return f"import unsloth failed ({(probe.stderr.strip().splitlines() or ['no message'])[-1]})"


def load_for_training(
    backend: Backend, manifest: Manifest, wanted: str, lora: Lora, train: Train, seed: int
) -> tuple[Any, Choice]:
    """The base model with a fresh adapter, ready to train, and the precision it was loaded in.

    The adapter starts from random numbers, so that `seed` has to come before it.
    """
    from transformers import set_seed

    set_seed(seed)
    if backend.name == "unsloth":
        return _load_with_unsloth(manifest, wanted, lora, train, seed)
    return _load_with_peft(manifest, wanted, lora, train)


def _load_with_peft(manifest: Manifest, wanted: str, lora: Lora, train: Train) -> tuple[Any, Choice]:
    from peft import get_peft_model, prepare_model_for_kbit_training

    model, choice = load_base(manifest, wanted)
    check_modules(lora, linear_modules(model))
    if choice.precision in ("4bit", "8bit"):
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=train.gradient_checkpointing)
    return get_peft_model(model, lora_config(lora)), choice


def _load_with_unsloth(manifest: Manifest, wanted: str, lora: Lora, train: Train, seed: int) -> tuple[Any, Choice]:
    from unsloth import FastLanguageModel

    choice = resolve_precision(wanted, manifest.parameters)
    model, _ = FastLanguageModel.from_pretrained(
        manifest.location,
        revision=manifest.revision or "main",
        max_seq_length=train.max_length,
        dtype=compute_dtype(choice.precision),
        load_in_4bit=choice.precision == "4bit",
        load_in_8bit=choice.precision == "8bit",
        trust_remote_code=manifest.trust_remote_code,
    )
    check_modules(lora, linear_modules(model))
    config = lora_config(lora)
    tuned = FastLanguageModel.get_peft_model(
        model,
        r=config.r,
        target_modules=_unsloth_targets(lora),
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        bias="none",
        use_gradient_checkpointing="unsloth" if train.gradient_checkpointing else False,
        random_state=seed,
        rank_pattern=config.rank_pattern,
        alpha_pattern=config.alpha_pattern,
    )
    return tuned, choice


def _unsloth_targets(lora: Lora) -> str | list[str]:
    """Unsloth knows the seven projections of a decoder by name."""
    if lora.target_modules == "all-linear":
        return ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return lora.target_modules
