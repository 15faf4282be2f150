"""Memory ran out: recognise it, take less, go on. The effective batch size always stays.

It can happen in three places. Before the first step a probe runs the largest micro-batch (`probe_largest_batch`). When
one process trains, it shrinks the plan and goes on from the last whole step (`resume_point`, `shrink_after_oom`). When
several train, one cannot take less than the others, so that it tells the launcher, which starts all of them again with
a smaller plan (`launch_until_it_fits`, `plan_with_shortages`).
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.plan.memory import Plan, estimate
from pagetune.plan.steps import largest_micro_batch, micro_batches, tokens_at_once
from pagetune.train.adapter import forward_options
from pagetune.train.backend import set_checkpointing
from pagetune.train.batches import EncodedRow
from pagetune.train.checkpoints import Store
from pagetune.train.distributed import SPOKEN, gather_from_all, log_once
from pagetune.train.inputs import TrainingInputs
from pagetune.train.shortage import empty_cache, is_out_of_memory

#: From the launcher to its processes: how often memory has run out so far, and the file that says it did again.
SHORTAGES, RAN_OUT = "PAGETUNE_SHORTAGES", "PAGETUNE_RAN_OUT"


def shrink_plan(plan: Plan, inputs: TrainingInputs) -> Plan:
    """Halve the rows at once and double the accumulation; when one row is left, turn on checkpointing.

    Raises UserError where both are done.
    """
    if plan.per_device_train_batch_size > 1:
        return _cut_into(plan, inputs, 2 * plan.gradient_accumulation_steps)
    if not plan.gradient_checkpointing and inputs.params.train.gradient_checkpointing == "auto":
        return replace(plan, gradient_checkpointing=True, predicted=estimate(inputs.setup, plan.tokens, True))
    raise UserError(
        "one row of {tokens} tokens does not fit into the memory that is free. Lower "
        "train.max_length or lora.r, take precision: 4bit, or free the GPU.",
        tokens=plan.tokens,
    )


def _cut_into(plan: Plan, inputs: TrainingInputs, parts: int) -> Plan:
    """Cut each step into this many parts on each GPU, or one part for each row where there are fewer rows."""
    processes = inputs.world.processes
    rows = -(-inputs.params.train.effective_batch_size // processes)
    parts = min(parts, rows)
    tokens = largest_micro_batch(inputs.steps, inputs.lengths, parts * processes, plan.packing)
    return replace(
        plan,
        gradient_accumulation_steps=parts,
        per_device_train_batch_size=-(-rows // parts),
        tokens=tokens,
        reason=f"{plan.reason.split(';')[0]}; memory ran out, so {tokens} tokens at once",
        predicted=estimate(inputs.setup, tokens, plan.gradient_checkpointing),
    )


def probe_largest_batch(inputs: TrainingInputs, model: Any, plan: Plan) -> Plan:
    """Try the largest training and validation micro-batch on the GPU; return a plan under which both fit.

    Minutes into a training is too late to learn that its longest rows do not fit.
    """
    while True:
        problem = next(filter(None, gather_from_all(_probe(inputs, model, plan), inputs.world)), None)
        if problem is None:
            return plan
        less = _apply_less(inputs, model, plan)
        log_once(
            tr(
                "{tokens} tokens at once do not fit ({problem}); trying {less}{how}",
                tokens=plan.tokens,
                problem=problem,
                less=less.tokens,
                how=tr(" with gradient checkpointing") if less.gradient_checkpointing else "",
            )
        )
        plan = less


def _apply_less(inputs: TrainingInputs, model: Any, plan: Plan) -> Plan:
    less = shrink_plan(plan, inputs)
    if less.gradient_checkpointing != plan.gradient_checkpointing:
        set_checkpointing(inputs.backend, model, True)
    return less


def _probe(inputs: TrainingInputs, model: Any, plan: Plan) -> str | None:
    """Return what PyTorch says of the memory, None where both fit.

    The probe leaves no gradients and draws no random numbers. It reserves Adam's moments, which a step will add.
    """
    import torch

    state = torch.cuda.get_rng_state()
    moments = None
    try:
        moments = torch.empty(inputs.moments_bytes, dtype=torch.uint8, device=model.device)
        _run_once(inputs, model, inputs.train_rows, largest_rows(inputs, plan), plan, backward=True)
        if inputs.validation_rows:
            _run_once(inputs, model, inputs.validation_rows, inputs.validation_batches(plan)[0], plan, backward=False)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        problem = str(error).split("\n")[0]
    else:
        return None  # what PyTorch holds now is what the training will need
    finally:
        del moments
        model.zero_grad(set_to_none=True)
        torch.cuda.set_rng_state(state)
    empty_cache()
    return problem


def largest_rows(inputs: TrainingInputs, plan: Plan) -> list[int]:
    """Return the rows of the micro-batch with the most tokens, padding included."""
    parts = plan.gradient_accumulation_steps * inputs.world.processes
    batches = micro_batches(inputs.steps, inputs.lengths, parts, plan.packing)
    return max(batches, key=lambda rows: tokens_at_once(rows, inputs.lengths, plan.packing))


def _run_once(
    inputs: TrainingInputs, model: Any, rows: list[EncodedRow], numbers: list[int], plan: Plan, backward: bool
) -> None:
    import torch

    from pagetune.train.step_trainer import loss_of, to_device

    batch = to_device(inputs.collator(plan.packing)([rows[number] for number in numbers]), model.device)
    model.train(backward)
    dtype = inputs.autocast_dtype
    with torch.set_grad_enabled(backward), torch.autocast("cuda", dtype=dtype, enabled=dtype is not None):
        loss = loss_of(model, batch, forward_options(model), torch.tensor(1.0, device=model.device))
    if backward:
        loss.backward()


def resume_point(trainer: Any, store: Store | None, before: Path | None, problem: str) -> Path | None:
    """Return the checkpoint to go on from after `trainer` ran out of memory, None for the beginning.

    That is the last whole step, whose weights are still there unless the optimizer had begun to change them. `before`
    is where the trainer itself began: memory may run out while that is loaded.
    """
    if not trainer.began_step:
        return before
    if trainer.state.global_step == 0 and not trainer.stepping:
        return None
    if store is not None and not trainer.stepping and before != store.folder_of(trainer.state.global_step):
        trainer.save_last_whole_step()
    checkpoint = store.latest() if store else None
    if checkpoint is None:
        raise UserError(
            "out of memory ({problem}), and there is no checkpoint to go on from. Lower lora.r, or free the GPU.",
            problem=problem,
        )
    return checkpoint


def shrink_after_oom(inputs: TrainingInputs, model: Any, plan: Plan, trainer: Any, problem: str) -> Plan:
    """Free what `trainer` holds and return a smaller plan for the rest of the training."""
    trainer.accelerator.unwrap_model(trainer.model_wrapped, keep_fp32_wrapper=False)
    trainer.accelerator.free_memory()
    trainer.graphs = trainer.optimizer = None  # the trainer outlives this call
    less = _apply_less(inputs, model, plan)
    empty_cache()
    log_once(
        tr(
            "out of memory at step {step} ({problem}); from here on {rows} rows at once, {times} times a step{how}; "
            "the effective batch size stays {effective}",
            step=trainer.state.global_step + 1,
            problem=problem,
            rows=less.per_device_train_batch_size,
            times=less.gradient_accumulation_steps,
            how=tr(", with gradient checkpointing") if less.gradient_checkpointing else "",
            effective=inputs.params.train.effective_batch_size,
        )
    )
    return less


def launch_until_it_fits(run: Callable[[dict[str, str]], int], processes: int) -> None:
    """Call `run` until it returns 0, telling its processes how often one of them has run out of memory.

    Raises UserError where a process fails for another reason, which it has printed.
    """
    shortages = 0
    with tempfile.TemporaryDirectory() as folder:
        ran_out = Path(folder) / "out-of-memory"
        spoken = Path(folder) / "spoken"
        while run({RAN_OUT: str(ran_out), SHORTAGES: str(shortages), SPOKEN: str(spoken)}):
            if not ran_out.exists():
                raise UserError("one of {processes} processes failed; its message is above.", processes=processes)
            ran_out.unlink()
            spoken.unlink(missing_ok=True)
            shortages += 1


def plan_with_shortages(inputs: TrainingInputs, budget_bytes: int) -> Plan:
    """Plan, and shrink the plan as often as memory ran out in one of several processes. Raises as `shrink_plan`."""
    plan = inputs.plan(budget_bytes)
    for _ in range(int(os.environ.get(SHORTAGES, "0"))):
        plan = shrink_plan(plan, inputs)
    return plan


@contextmanager
def reporting_out_of_memory() -> Iterator[None]:
    """Turn an out-of-memory error into a UserError, and tell the launcher where there is one."""
    try:
        yield
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        tell_launcher()
        seen = str(error).split("\n")[0]
        raise UserError(
            "out of memory ({seen}). Free the GPU, take precision: 4bit or lower lora.r.", seen=seen
        ) from None


def tell_launcher() -> None:
    """Leave the file for which `launch_until_it_fits` looks."""
    if RAN_OUT in os.environ:
        Path(os.environ[RAN_OUT]).touch()
