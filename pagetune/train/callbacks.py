"""Callbacks of the trainer: progress, memory, and what stops a training that goes wrong."""

import gc
import math
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.plan.recipe import ResolvedTrain
from pagetune.train.curve import loss_curve, write_curve
from pagetune.train.distributed import log_once
from pagetune.train.divergence import find_divergence

#: Without a terminal, the most time between two lines of progress.
SECONDS_BETWEEN_LINES = 10
#: Memory is short where less than this share of the GPU, or of what the training may take of it, is left.
SHORT_SHARE = 0.1
#: Dense bf16 TFLOP/s (fp16 where there is no bf16) from the makers' data sheets, by a word of the GPU's name.
PEAK_TFLOPS = {
    "GB200": 2250.0, "B200": 2250.0, "B100": 1750.0, "GH200": 989.0, "H200": 989.0, "H100": 989.0, "H800": 989.0,
    "A100": 312.0, "A800": 312.0, "L40": 181.0, "L40S": 362.0, "L4": 121.0, "A10": 125.0, "A10G": 70.0, "A40": 150.0,
    "A6000": 155.0, "5090": 210.0, "4090": 165.0, "4080": 97.0, "3090": 71.0, "3080": 60.0, "T4": 65.0, "V100": 125.0,
}  # fmt: skip


def peak_flops() -> float | None:
    """Return the FLOP/s of the GPU in 16 bits, None on a CPU and for a GPU that is not in the table."""
    import torch

    if not torch.cuda.is_available():
        return None
    words = torch.cuda.get_device_name().replace("-", " ").split()
    return next((PEAK_TFLOPS[word] * 1e12 for word in words if word in PEAK_TFLOPS), None)


class Progress(TrainerCallback):  # type: ignore[misc]
    """Shows loss, tokens per second, MFU and time left: as a bar in a terminal, else a line for each evaluation and at
    least one in ten seconds, in which a large model may not take a single step."""

    def __init__(self, flops_per_token: float, tokens_seen: Callable[[], int], gpus: int) -> None:
        self.flops_per_token, self.tokens_seen, self.gpus = flops_per_token, tokens_seen, gpus
        self.loss: float = math.nan
        self.validation_loss: float | None = None
        self.bar: Any = None
        self.ended = threading.Event()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.began = self.said = time.monotonic()
        self.step = self.first_step = state.global_step
        self.steps = state.max_steps
        if not state.is_world_process_zero:
            return
        if sys.stderr.isatty():
            self.bar = tqdm(total=self.steps, initial=self.step, disable=False, unit="step", desc="train")
        else:
            threading.Thread(target=self._keep_saying, name="progress", daemon=True).start()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.step = state.global_step
        if self.bar is not None:
            self.bar.update()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        self.loss, self.validation_loss = logs.get("loss", self.loss), logs.get("eval_loss", self.validation_loss)
        if not state.is_world_process_zero:
            return
        if self.bar is not None:
            self.bar.set_postfix_str(self._measures().removeprefix(", "))
        elif "eval_loss" in logs or (self.step == self.steps and args.eval_strategy == "no"):
            self._say()

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.close()

    def close(self) -> None:
        """End the bar and the lines."""
        self.ended.set()
        if self.bar is not None:
            self.bar.close()

    def tokens_per_second(self) -> float:
        return self.tokens_seen() / max(1e-9, time.monotonic() - self.began)

    def mfu(self) -> float | None:
        peak = peak_flops()
        return self.tokens_per_second() * self.flops_per_token / (peak * self.gpus) if peak else None

    def _keep_saying(self) -> None:
        while not self.ended.wait(1.0):
            if time.monotonic() - self.said >= SECONDS_BETWEEN_LINES - 1:
                self._say()

    def _say(self) -> None:
        self.said = time.monotonic()
        line = tr(
            "train: step {step} of {steps}{measures}{left}",
            step=self.step,
            steps=self.steps,
            measures=self._measures(),
            left=self._left(),
        )
        print(line, flush=True)

    def _left(self) -> str:
        done = self.step - self.first_step
        left = (time.monotonic() - self.began) / max(1, done) * (self.steps - self.step)
        return tr(", {left:.0f} s left", left=left) if done else ""

    def _measures(self) -> str:
        parts = [] if math.isnan(self.loss) else [tr("loss {loss:.3f}", loss=self.loss)]
        if self.validation_loss is not None:
            parts.append(tr("validation {loss:.3f}", loss=self.validation_loss))
        if tokens := self.tokens_per_second():
            parts.append(tr("{tokens:,.0f} tokens/s", tokens=tokens))
            parts += [f"MFU {mfu:.0%}" for mfu in (self.mfu(),) if mfu is not None]
        return "".join(f", {part}" for part in parts)


class Health(TrainerCallback):  # type: ignore[misc]
    """Stops a training whose loss is NaN or climbs, and says what helps. Logs the last step and every evaluation."""

    def __init__(self, train: ResolvedTrain, steps_per_epoch: int) -> None:
        self.train, self.steps_per_epoch = train, steps_per_epoch

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == state.max_steps:
            control.should_evaluate = args.eval_strategy != "no"
        # An evaluation belongs to a point of the curve.
        control.should_log |= control.should_evaluate or state.global_step == state.max_steps

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        for name in ("loss", "eval_loss"):
            if name in logs and not math.isfinite(logs[name]):
                raise UserError(
                    "the {name} is {value} at step {step}. {advice}",
                    name=name,
                    value=logs[name],
                    step=state.global_step,
                    advice=self._advice(),
                )
        warmup = self.train.warmup_fraction * state.max_steps
        if found := find_divergence(state.log_history, self.steps_per_epoch, warmup):
            seen = tr(
                "{first:.2f} at first, {last:.2f} at step {step}", first=found[0], last=found[1], step=state.global_step
            )
            raise UserError("the loss diverges: {seen}. {advice}", seen=seen, advice=self._advice())

    def _advice(self) -> str:
        return tr(
            "Lower train.learning_rate ({rate:g}), raise train.warmup_fraction, or lower "
            "train.max_grad_norm ({norm:g}); fp16 overflows where bf16 does not.",
            rate=self.train.learning_rate,
            norm=self.train.max_grad_norm,
        )


class Memory(TrainerCallback):  # type: ignore[misc]
    """Records what the GPU (or the process) holds, in MiB, at each point of the loss curve.

    Where memory is short, empties PyTorch's cache if much of it was unused even at the peak: that is fragmentation.
    """

    def __init__(self, points: list[dict[str, float]], threshold: float) -> None:
        self.points, self.threshold = points, threshold

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Forget the peak of loading the model and of sharding it, which are not part of the training."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        import torch

        if "loss" not in logs:
            return
        point = gpu_memory() if torch.cuda.is_available() else process_memory()
        self.points.append({"step": state.global_step, **point})
        if torch.cuda.is_available():
            self._tidy(state.global_step, point)
            torch.cuda.reset_peak_memory_stats()

    def _tidy(self, step: int, point: dict[str, float]) -> None:
        import torch

        idle = 1 - point["peak_mib"] / max(1.0, point["reserved_mib"])
        if idle > self.threshold and is_memory_short():
            gc.collect()
            torch.cuda.empty_cache()
            log_once(
                tr(
                    "step {step}: {idle:.0%} of {mib:,.0f} MiB were unused, above train.empty_cache_threshold; "
                    "the cache was emptied",
                    step=step,
                    idle=idle,
                    mib=point["reserved_mib"],
                )
            )


def is_memory_short() -> bool:
    """Return whether PyTorch can hardly take more of the GPU, because it is full or because of a cap."""
    import torch

    free, total = torch.cuda.mem_get_info()
    allowed = torch.cuda.get_per_process_memory_fraction() * total
    return bool(min(free, allowed - torch.cuda.memory_reserved()) < SHORT_SHARE * allowed)


def gpu_memory() -> dict[str, float]:
    """Return the memory of the GPU in MiB, now and at the peak."""
    import torch

    sizes = {
        "allocated_mib": torch.cuda.memory_allocated(),
        "reserved_mib": torch.cuda.memory_reserved(),
        "peak_mib": torch.cuda.max_memory_allocated(),
        "peak_reserved_mib": torch.cuda.max_memory_reserved(),
    }
    return {name: round(size / 2**20, 1) for name, size in sizes.items()}


def process_memory() -> dict[str, float]:
    """Return the memory of a training on the CPU in MiB; its peak counts from the start of the process."""
    import psutil

    from pagetune.train.cost import peak_process_bytes

    resident = psutil.Process().memory_info().rss
    sizes = {"allocated_mib": resident, "reserved_mib": resident, "peak_mib": peak_process_bytes()}
    return {name: round(size / 2**20, 1) for name, size in {**sizes, "peak_reserved_mib": sizes["peak_mib"]}.items()}


class CurveFiles(TrainerCallback):  # type: ignore[misc]
    """Writes the curve at each of its points, so that `dvc plots show` draws a training that still runs."""

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            write_curve(loss_curve(state.log_history, self.steps_per_epoch))
