"""From the files of the pipeline to a tuned model: what the stage train does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.model.loading import decoder_start, load_config, load_generation_config, load_tokenizer
from pagetune.model.manifest import BASE, Manifest
from pagetune.model.precision import compute_dtype, resolve_precision
from pagetune.model.template import read_template
from pagetune.params import Params
from pagetune.plan.memory import CONTEXT_BYTES, Plan, estimate
from pagetune.records import Example
from pagetune.train.backend import choose_backend, load_for_training, packed_kernel
from pagetune.train.checkpoints import Store, open_store, run_key, state_folder
from pagetune.train.distributed import gather_from_all, launched, log_once, sharded, shortages, tell_out_of_memory
from pagetune.train.inputs import Job, setup_of
from pagetune.train.loop import Outcome, fit
from pagetune.train.oom import is_out_of_memory, probe_largest_batch, shrink_plan
from pagetune.train.packed_attention import Kernel, rows_stay_apart
from pagetune.train.preflight import check_adapter, preflight
from pagetune.train.quick_rouge import choose_quick

PROMPTS = Path("data/prompts")
#: Settings that say how a training is fitted into the machine; with another one it goes on where it was.
NO_RESULT = {
    "processes", "memory", "gpu_memory_gib", "per_device_train_batch_size", "packing", "gradient_checkpointing",
    "dataloader_num_workers", "torch_empty_cache_steps", "empty_cache_threshold", "report_to",
}  # fmt: skip


def prepare(params: Params, manifest: Manifest, processes: int) -> Job:
    """Read the rows and check them; nothing of the model is loaded yet."""
    set_cuda_device()
    backend = choose_backend(params, processes, manifest.encoder_decoder)
    log_once(f"backend {backend.name} ({backend.reason})")
    tokenizer = load_tokenizer(manifest)
    examples = {name: read_records(PROMPTS / f"{name}.jsonl", Example) for name in ("train", "validation")}
    template = read_template()
    quick = choose_quick(examples["validation"], tokenizer, params, params.evaluate.quick)
    seq2seq = load_config(manifest) if manifest.encoder_decoder else None
    rows = preflight(examples, tokenizer, template, manifest.eos_token, params.train, params.seed, seq2seq)
    check_settings(params, bool(rows["validation"]))
    choice = resolve_precision(params.precision, manifest.parameters)
    log_once(f"precision {choice.precision} ({choice.reason})")
    return Job(
        params=params,
        manifest=manifest,
        backend=backend,
        choice=choice,
        kernel=packed_kernel(backend, manifest, compute_dtype(choice.precision, params.quantization)),
        train_rows=rows["train"],
        validation_rows=rows["validation"],
        pad_token_id=tokenizer.pad_token_id,
        processes=processes,
        decoder_start_token_id=decoder_start(seq2seq, load_generation_config(manifest)) if seq2seq else None,
        quick=quick,
    )


def set_cuda_device() -> None:
    """Each process its own, before anything asks for a card's memory and takes some of the first one."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))


def check_settings(params: Params, has_validation: bool) -> None:
    """Raises UserError for what can be known to fail before the model is loaded."""
    train = params.train
    if not has_validation and (train.load_best_model_at_end or train.early_stopping_patience):
        raise UserError(
            "params.yaml: train.load_best_model_at_end and train.early_stopping_patience need validation rows, and "
            "data/prompts/validation.jsonl has none. Raise curate.validation_fraction, or take them out."
        )
    if not has_validation and params.evaluate.quick:
        raise UserError(
            "params.yaml: evaluate.quick needs validation rows, and data/prompts/validation.jsonl has none. Raise "
            "curate.validation_fraction, or set 0."
        )
    if params.evaluate.quick and sharded():
        raise UserError(
            "params.yaml: evaluate.quick: no process holds the whole model, which is cut over several cards. Set 0."
        )
    from transformers.integrations.integration_utils import get_available_reporting_integrations

    known = get_available_reporting_integrations()
    if missing := [name for name in train.report_to if name not in known]:
        installed = f"Installed: {', '.join(known)}" if known else "None is installed"
        raise UserError(f"params.yaml: train.report_to: {', '.join(missing)} cannot be imported. {installed}.")


def budget_bytes(params: Params) -> int:
    """What the training may take of each card, PyTorch's own share aside; on a CPU half of the machine's memory.

    On a card the cap is kept: PyTorch refuses what goes beyond it.
    """
    import torch

    wanted = params.train.gpu_memory_gib
    if not torch.cuda.is_available():
        import psutil

        return int(psutil.virtual_memory().total * 0.5 if wanted == "auto" else wanted * 2**30)
    free, total = torch.cuda.mem_get_info()
    if wanted == "auto":
        return int(free)
    cap = int(wanted * 2**30) - CONTEXT_BYTES
    torch.cuda.set_per_process_memory_fraction(max(0.0, min(1.0, cap / total)))
    return min(cap, int(free))


def tune(job: Job, store: Store) -> tuple[Any, Outcome]:
    """The tuned model, and how it went."""
    budget = budget_bytes(job.params)
    if not sharded():  # before the processes have joined, transformers loads a base for FSDP whole
        budget = min(gather_from_all(budget))  # cards need not be equally free, and cut their steps alike
    plan = plan_with_less(job, budget)
    # Beside the checkpoints, which go when the training is done.
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(state_folder().parent / "runs" / store.folder.name))
    with _telling_the_launcher():
        model = load_for_training(job.backend, job.manifest, job.params, job.kernel, plan.gradient_checkpointing)
        log_once(check_adapter(model, job.params.lora))
        job, plan = pad_if_rows_leak(job, model, plan, budget)
        log_once(f"{plan.reason}; {_packing(job, plan)}")
        if job.setup.on_gpu and not sharded():
            plan = probe_largest_batch(job, model, plan)
        return model, fit(job, model, plan, store)


def plan_with_less(job: Job, budget: int) -> Plan:
    """The plan, made smaller as often as memory ran out in one of several processes. Raises UserError as `smaller`."""
    plan = job.plan(budget)
    for _ in range(shortages()):
        plan = shrink_plan(plan, job)
    return plan


def pad_if_rows_leak(job: Job, model: Any, plan: Plan, budget: int) -> tuple[Job, Plan]:
    """Pad after all where the kernel, as it runs here with this model, lets a row see its neighbour."""
    if not plan.packing or sharded() or rows_stay_apart(model, job.collator(True), job.train_rows):
        return job, plan
    padding = replace(job, kernel=Kernel(None, f"{job.kernel.reason} let one row see the next in a test"))
    return padding, plan_with_less(padding, budget)


def _packing(job: Job, plan: Plan) -> str:
    if plan.packing:
        return f"rows are packed, {job.kernel.reason} keeps them apart"
    why = job.kernel.reason if job.kernel.name is None else "train.packing: false"
    return f"rows are padded ({why})"


def training_key(job: Job) -> str:
    """Of all that the result follows from: rows, settings, base model, libraries."""
    train = job.params.train.model_dump(exclude=NO_RESULT)
    parts = {
        "params": {"seed": job.params.seed, "lora": job.params.lora.model_dump(), "train": train},
        "quick": job.params.evaluate.quick,  # its scores are in the curve
        "quantization": job.params.quantization.model_dump(),
        "precision": job.choice.precision,
        "backend": job.backend.name,
        "manifest": job.manifest.model_dump(exclude={"location"}),
        "versions": {name: version(name) for name in ("torch", "transformers", "peft", "bitsandbytes")},
        "sharded": sharded(),
    }
    code = Path(__file__).parent
    base = BASE if job.manifest.source == "builtin" else Path(job.manifest.location)
    files = [PROMPTS / "train.jsonl", PROMPTS / "validation.jsonl", *sorted(code.glob("*.py"))]
    files += [code.parent / "model" / f"{name}.py" for name in ("fp8", "fused_lora", "loading", "precision", "prompts")]
    return run_key(parts, [*files, base] if job.manifest.source != "hub" else files)


@contextmanager
def store_of(job: Job) -> Iterator[Store]:
    """The checkpoints of this training; of several processes the first holds them and the others know where."""
    if not launched() or os.environ["RANK"] == "0":
        with open_store(training_key(job)) as store:
            yield store
    else:
        yield Store(state_folder() / training_key(job))


@contextmanager
def _telling_the_launcher() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        tell_out_of_memory()
        seen = str(error).split("\n")[0]
        raise UserError(f"out of memory ({seen}). Free the card, take precision: 4bit or lower lora.r.") from None


def needs_sharding(params: Params, manifest: Manifest) -> bool:
    """Whether the base model's weights leave too little of one card to train beside them."""
    import torch

    choice = resolve_precision(params.precision, manifest.parameters)
    setup = setup_of(params, manifest, choice.precision, "peft")
    whole = torch.cuda.get_device_properties(0).total_memory
    wanted = params.train.gpu_memory_gib
    card = (whole if wanted == "auto" else min(whole, int(wanted * 2**30))) - CONTEXT_BYTES
    if estimate(setup, params.train.max_length, checkpointing=True).total <= 0.95 * card:
        return False
    if choice.precision not in ("4bit", "bf16") or params.train.load_best_model_at_end:
        raise UserError(
            f"params.yaml: at {choice.precision} the model does not fit on one card, and over several it is cut at "
            "precision 4bit or bf16 and with train.load_best_model_at_end: false alone. Change these."
        )
    return True
