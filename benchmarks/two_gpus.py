"""Everything that a training of two processes may meet, on two GPUs, with the built-in model and the samples' rows.

    python -m benchmarks.two_gpus

DDP and FSDP, beside each other: a training with quick scores from start to end, the same with a kill in the middle
and a resume, one that early stopping ends, and answers from the adapter. Then each alone: another program takes all
memory of the second GPU while it trains, and gives it back once the training has said so.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.kills_gpu import BEGINS, losses
from benchmarks.stage_gpu import BUILTIN, make_project, stage, start, write_params

#: The launcher of the stage, for a model that fits on one GPU and is sharded nevertheless.
SHARD = """
from pagetune.train.distributed import run_processes
from pagetune.train.oom import launch_until_it_fits
launch_until_it_fits(lambda environment: run_processes(2, True, environment), 2)
"""
WAYS = {"ddp": ["-m", "stages.train"], "fsdp": ["-c", SHARD]}
#: A sharded model cannot answer while it trains, which one line says.
QUICK = {"ddp": 8, "fsdp": 0}
SETTINGS: dict[str, Any] = {
    "train.processes": 2, "train.effective_batch_size": 32, "train.epochs": 3, "train.checkpoint_minutes": 0.02,
}  # fmt: skip
#: A learning rate at which the validation loss soon rises again, from one evaluation to the next.
STOPS = {
    "train.epochs": 12, "train.learning_rate": 0.01, "train.eval_steps": 10, "train.early_stopping_patience": 1,
}  # fmt: skip
#: The cache is emptied, so that each micro-batch asks for its memory again.
SHORT = {"train.torch_empty_cache_steps": 1, "train.epochs": 12, "train.eval_steps": 200}
RAN_OUT = ("out of memory", "are free for it")
HOG = """
import torch, time
held = []
for size in (2**30, 2**26, 2**22):
    while True:
        try:
            held.append(torch.empty(size, dtype=torch.uint8, device="cuda:1"))
        except torch.OutOfMemoryError:
            break
print("full", flush=True)
time.sleep(120)
"""


def train(folder: Path, way: str, more: dict[str, Any], kill_after: float | None = None) -> list[str]:
    """Run the stage; with `kill_after`, kill it this many seconds after its training has begun. Return its lines."""
    write_params(folder, SETTINGS | more)
    process, lines, dies = start(folder, WAYS[way]), [], float("inf")  # type: ignore[var-annotated]
    assert process.stdout
    for line in process.stdout:
        lines.append(line.rstrip())
        if kill_after is not None and BEGINS in line:
            dies = time.monotonic() + kill_after
        if time.monotonic() >= dies:
            os.killpg(process.pid, signal.SIGKILL)
    if process.wait() and dies == float("inf"):
        raise RuntimeError("\n".join(lines[-25:]))
    return lines


def said(lines: list[str], *what: str) -> str:
    return next((line for line in lines if any(text in line for text in what)), "nothing of it was said")


def check(way: str) -> str:
    found = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, BUILTIN, folder, SETTINGS)
        began = time.monotonic()
        train(folder, way, {"evaluate.quick": QUICK[way]})
        whole, curve = time.monotonic() - began, (folder / "metrics/validation.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(curve.splitlines()))
        expected = losses(folder)
        quick = [row.get("quick_rougeL") for row in rows]
        found.append(f"whole: {whole:.0f} s, {len(expected)} losses, quick scores {quick}")
        answers = stage(folder, "predict")
        lines = (folder / "data/predictions/tuned.jsonl").read_text(encoding="utf-8").splitlines()
        last = json.loads(lines[-1])["prediction"]
        found.append(f"answers: {len(lines)} in {answers:.0f} s, the last one {last[:60]!r}")
        again(folder)
        killed = train(folder, way, {}, kill_after=4)
        resumed = train(folder, way, {})
        difference = max(abs(one - other) for one, other in zip(expected, losses(folder), strict=True))
        found.append(f"killed after {said(killed[::-1], 'step ')!r}; {said(resumed, 'resuming')}")
        found.append(f"the largest difference of a loss after it: {difference:.4f}")
        again(folder)
        stopped = train(folder, way, STOPS)
        found.append(f"early stop: {said(stopped[::-1], 'step ')}")
    return f"{way}\n  " + "\n  ".join(found)


def again(folder: Path) -> None:
    subprocess.run(["rm", "-rf", folder / "models/adapter", folder / ".pagetune"], check=True)


def check_shortage(way: str) -> str:
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder, BUILTIN, folder, SETTINGS)
        write_params(folder, SETTINGS | SHORT)
        process, hog = start(folder, WAYS[way]), None
        assert process.stdout
        for line in process.stdout:
            print(f"    {line.rstrip()}", flush=True)
            if hog is None and BEGINS in line:
                hog = subprocess.Popen([sys.executable, "-c", HOG])
            if hog is not None and any(words in line for words in RAN_OUT):
                hog.kill()
        code = process.wait()
        if hog is not None:
            hog.kill()
        ended = (folder / "models/adapter/adapter_model.safetensors").exists()
        return f"{way}, memory taken: exit code {code}, adapter {ended}"


def attempt(work: Any, way: str) -> str:
    try:
        return str(work(way))
    except RuntimeError as error:
        return f"{way}: failed\n{error}"


def main() -> None:
    import torch

    print(f"{torch.cuda.device_count()} × {torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    with ThreadPoolExecutor(2) as both:
        for result in both.map(lambda way: attempt(check, way), WAYS):
            print(result, flush=True)
    for way in WAYS:
        print(attempt(check_shortage, way), flush=True)


if __name__ == "__main__":
    main()
