"""Making a training fit: tried before the first step, and mended where memory runs out later."""

import gc
from dataclasses import replace
from typing import Any

from pagetune.errors import UserError
from pagetune.plan.memory import Plan, estimate
from pagetune.train.adapter import forward_options
from pagetune.train.backend import set_checkpointing
from pagetune.train.batches import EncodedRow, micro_batches, tokens_at_once
from pagetune.train.distributed import gather_from_all, log_once
from pagetune.train.inputs import Job, autocast_dtype, cut_into, validation_batches


def shrink_plan(plan: Plan, job: Job) -> Plan:
    """Half the rows at once and twice the accumulation: the effective batch stays. Then checkpointing.

    Raises UserError where both are done."""
    if plan.per_device_train_batch_size > 1:
        return cut_into(plan, job, 2 * plan.gradient_accumulation_steps)
    if not plan.gradient_checkpointing and job.params.train.gradient_checkpointing == "auto":
        return replace(plan, gradient_checkpointing=True, predicted=estimate(job.setup, plan.tokens, True))
    raise UserError(
        f"one row of {plan.tokens} tokens does not fit into the memory that is free. Lower train.max_length or lora.r, "
        "take precision: 4bit, or free the card."
    )


def probe_largest_batch(job: Job, model: Any, plan: Plan) -> Plan:
    """Try the largest micro-batch of the training and the largest of a validation on the card; less where it must be.

    Minutes into a training is too late to learn that its longest rows do not fit.
    """
    while True:
        problem = next(filter(None, gather_from_all(_probe(job, model, plan))), None)
        if problem is None:
            return plan
        less = shrink_plan(plan, job)
        if less.gradient_checkpointing != plan.gradient_checkpointing:
            set_checkpointing(job.backend, model, True)
        log_once(
            f"{plan.tokens} tokens at once do not fit ({problem}); trying {less.tokens}"
            f"{' with gradient checkpointing' if less.gradient_checkpointing else ''}"
        )
        plan = less


def _probe(job: Job, model: Any, plan: Plan) -> str | None:
    """What PyTorch says of the memory, None where both fit. Leaves neither gradients nor drawn random numbers."""
    import torch

    state = torch.cuda.get_rng_state()
    moments = None
    try:
        moments = torch.empty(job.moments_bytes, dtype=torch.uint8, device=model.device)
        _once(job, model, job.train_rows, largest_rows(job, plan), plan, backward=True)
        if job.validation_rows:
            _once(job, model, job.validation_rows, validation_batches(job, plan)[0], plan, backward=False)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return str(error).split("\n")[0]
    finally:
        del moments
        model.zero_grad(set_to_none=True)
        torch.cuda.set_rng_state(state)
    _empty_cache()
    return None


def largest_rows(job: Job, plan: Plan) -> list[int]:
    """The rows of the micro-batch with the most tokens, the padding included."""
    batches = micro_batches(job.steps, job.lengths, plan.gradient_accumulation_steps * job.processes, plan.packing)
    return max(batches, key=lambda rows: tokens_at_once(rows, job.lengths, plan.packing))


def _once(job: Job, model: Any, rows: list[EncodedRow], numbers: list[int], plan: Plan, backward: bool) -> None:
    import torch

    from pagetune.train.step_trainer import loss_of, to_device

    batch = to_device(job.collator(plan.packing)([rows[number] for number in numbers]), model.device)
    model.train(backward)
    dtype = autocast_dtype(job)
    with torch.set_grad_enabled(backward), torch.autocast("cuda", dtype=dtype, enabled=dtype is not None):
        loss = loss_of(model, batch, forward_options(model), torch.tensor(1.0, device=model.device))
    if backward:
        loss.backward()


def shrink_after_oom(job: Job, model: Any, plan: Plan, trainer: Any, problem: str) -> Plan:
    less = shrink_plan(plan, job)
    trainer.accelerator.unwrap_model(trainer.model_wrapped, keep_fp32_wrapper=False)
    trainer.accelerator.free_memory()
    if less.gradient_checkpointing != plan.gradient_checkpointing:
        set_checkpointing(job.backend, model, True)
    _empty_cache()
    log_once(
        f"out of memory at step {trainer.state.global_step + 1} ({problem}); from here on "
        f"{less.per_device_train_batch_size} rows at once, {less.gradient_accumulation_steps} times a step"
        f"{', with gradient checkpointing' if less.gradient_checkpointing else ''}; the effective batch stays "
        f"{job.params.train.effective_batch_size}"
    )
    return less


def is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA's, and what bitsandbytes, Triton and the CPU's allocator say in its place."""
    import torch

    said = str(error).lower()
    known = any(words in said for words in ("out of memory", "can't allocate memory", "alloc_failed"))
    return known or isinstance(error, torch.OutOfMemoryError)


def _empty_cache() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
