"""The stage train as a user runs it, from the start of its process to the adapter on the disk, by part.

    python -m benchmarks.stage_gpu [NAME ...]        # some of RUNS, all for one GPU without a name
    python -m benchmarks.stage_gpu --shape 1b bf16

The rows are the samples' (data/splits, which `dvc repro curate` writes), in the bytes that a tokenizer without merges
makes of them; the base is a Llama-3 shape with random weights, LoRA r=16 on all its layers, 128 rows a step, 3 epochs.
`builtin` is the built-in model (models/base) with the settings that ship.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from benchmarks.train_gpu import EOS, PAD, ROOT, SHAPES

#: What the runs of the 8B shape have in common.
SETTINGS: dict[str, Any] = {
    "train.effective_batch_size": 128, "train.epochs": 3, "train.learning_rate": 1e-4, "lora.r": 16,
    "prompt.style": "template",
}  # fmt: skip
RUNS: dict[str, dict[str, Any]] = {
    "bf16": {"precision": "bf16"},
    "bf16 again": {"precision": "bf16"},
    "peft bf16": {"precision": "bf16", "train.backend": "peft"},
    "peft fp8": {"precision": "bf16", "train.backend": "peft", "train.fp8": True},
    "4bit": {"precision": "4bit"},
    "4bit, 10 GiB": {"precision": "4bit", "train.gpu_memory_gib": 10.0},
    "peft 4bit, 10 GiB": {"precision": "4bit", "train.gpu_memory_gib": 10.0, "train.backend": "peft"},
}
#: They need two GPUs.
ON_TWO: dict[str, dict[str, Any]] = {
    "one of two": {"precision": "bf16", "train.processes": 1, "train.backend": "peft"},
    "two": {"precision": "bf16", "train.processes": 2, "train.backend": "peft"},
    "two, fsdp": {"precision": "bf16", "train.backend": "peft"},
    "two, 4bit": {"precision": "4bit", "train.processes": 2, "train.backend": "peft"},
    "two, fsdp 4bit": {"precision": "4bit", "train.backend": "peft"},
    "two, fsdp in 17 GiB": {"precision": "bf16", "train.gpu_memory_gib": 17.0, "train.backend": "peft"},
}
#: A model that fits on one GPU, sharded nevertheless.
SHARD = "from pagetune.train.distributed import run_processes; raise SystemExit(run_processes(2, True, {}))"
BUILTIN = "builtin"


def write_params(folder: Path, settings: dict[str, Any]) -> None:
    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name, value in settings.items():
        section, *keys = name.split(".")
        if keys:
            params[section][keys[0]] = value
        else:
            params[section] = value
    with (folder / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)


def write_manifest(folder: Path, base: Path) -> None:
    from pagetune.jsonl import write_json

    manifest = {
        "source": "local", "id": "a Llama 3 of random weights", "location": str(base.resolve()), "revision": None,
        "trust_remote_code": False, "parameters": 8 * 10**9, "eos_token": EOS, "bos_token": None, "pad_token": PAD,
        "special_tokens": [EOS, PAD],
    }  # fmt: skip
    write_json(folder / "models/base/manifest.json", manifest)


def make_project(folder: Path, name: str, base: Path, more: dict[str, Any]) -> None:
    """Write the files that the stage reads, with its prompts made by the stage format."""
    shutil.copytree(ROOT / "data/splits", folder / "data/splits")
    if name == BUILTIN:
        shutil.copytree(ROOT / "models/base", folder / "models/base")
        write_params(folder, more)
    else:
        write_manifest(folder, base)
        write_params(folder, SETTINGS | RUNS.get(name, {}) | ON_TWO.get(name, {}) | more)
    for before in ("format", "open_book", "replay"):
        stage(folder, before)


def stage(folder: Path, name: str, log: Path | None = None, sharded: bool = False) -> float:
    """Run a stage in the folder; return its seconds. Raises RuntimeError with what it printed where it fails."""
    began, lines = time.monotonic(), []
    process = start(folder, ["-c", SHARD] if sharded else ["-m", f"stages.{name}"])
    assert process.stdout
    for line in process.stdout:
        lines.append(f"{time.monotonic() - began:6.1f} {line.rstrip()}")
        if log:
            log.write_text("\n".join(lines), encoding="utf-8")
    if process.wait():
        raise RuntimeError("\n".join(lines[-30:]))
    return time.monotonic() - began


def start(folder: Path, arguments: list[str]) -> subprocess.Popen[str]:
    """Start Python in the folder, in a session of its own, with one stream for all that it prints."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip


def measure(name: str, base: Path, logs: Path | None, more: dict[str, Any]) -> str:
    with TemporaryDirectory() as folder:
        project = Path(folder)
        make_project(project, name, base, more)
        log = logs / f"{name.replace(', ', '-').replace(' ', '-')}.log" if logs else None
        seconds = stage(project, "train", log, name in ("two, fsdp", "two, fsdp 4bit"))
        cost = json.loads((project / "metrics/cost.json").read_text(encoding="utf-8"))
    parts = ", ".join(f"{part} {taken:.1f}" for part, taken in cost["seconds_by_part"].items())
    speed, steps = cost["tokens_per_second"], cost["step_tokens_per_second"]
    return (
        f"{name:<20}{seconds:7.1f} s  {cost['seconds_to_first_step']:6.1f} s  {speed:8,.0f}  {steps:8,.0f}  "
        f"{speed / steps:4.0%}  {cost['peak_reserved_gib']:6.2f} GiB\n    {parts}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--logs", type=Path)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings of all runs")
    options = parser.parse_args()
    import torch

    base, names = Path("models") / f".base-{options.shape}", options.names or [*RUNS, BUILTIN]
    if set(names) != {BUILTIN} and not (base / "config.json").exists():
        subprocess.run([sys.executable, "-m", "benchmarks.train_gpu", "--one", "--shape", options.shape, "base"])
    more = {key: YAML(typ="safe").load(value) for key, value in (pair.split("=", 1) for pair in options.set)}
    print(f"{torch.cuda.device_count()} × {torch.cuda.get_device_name()}, torch {torch.__version__}, {options.shape}")
    print("                    start to end  to 1st step  tokens/s, in steps  share     peak")
    for name in names:
        try:
            print(measure(name, base, options.logs, more), flush=True)
        except RuntimeError as error:
            print(f"{name}: failed\n{error}", flush=True)


if __name__ == "__main__":
    main()
