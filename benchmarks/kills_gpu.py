"""Kills at random times of the stage train on a GPU: python -m benchmarks.kills_gpu NAME KILLS [SEED] [--set KEY=VALUE]

NAME is one of the runs of benchmarks/stage_gpu.py. One training runs undisturbed. Then the stage is started again and
again and its whole session killed at a random time, until KILLS kills have hit; the last training ends. What is
compared is every loss of metrics/loss.csv and metrics/validation.csv. What a kill costs is the time since the last
checkpoint was on the disk, or since the training began or went on.
"""

import argparse
import csv
import os
import shutil
import signal
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Thread

from ruamel.yaml import YAML

from benchmarks.stage_gpu import make_project, start
from benchmarks.train_gpu import ROOT

CURVES = ("metrics/loss.csv", "metrics/validation.csv")
#: The line after which the training begins or goes on.
BEGINS = "a kill costs no more"


def run(project: Path, alive_seconds: float | None, log: Path | None) -> tuple[float, float | None, list[str]]:
    """Run the stage, and kill it after `alive_seconds`.

    Returns its seconds, those of training that the kill cost (None where it hit before the training), and its lines.
    """
    began, lines = time.time(), []  # type: ignore[var-annotated]
    process = start(project, ["-m", "stages.train"])
    assert process.stdout
    stream = process.stdout
    reader = Thread(target=lambda: lines.extend((time.time(), line.rstrip()) for line in stream), daemon=True)
    reader.start()
    while process.poll() is None and (alive_seconds is None or time.time() - began < alive_seconds):
        time.sleep(0.02)
    ended, killed = time.time(), process.poll() is None
    if killed:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    reader.join(10)
    text = [line for _, line in lines]
    if log:
        with log.open("a", encoding="utf-8") as file:
            file.write("\n".join([*text, f"killed after {ended - began:.1f} s" if killed else "ended", ""]))
    if not killed and process.returncode:
        raise RuntimeError("\n".join(text[-30:]))
    return ended - began, lost(project, lines, ended) if killed else None, text


def lost(project: Path, lines: list[tuple[float, str]], killed: float) -> float | None:
    """Return the seconds between the kill and the last checkpoint, or the start of the training."""
    from pagetune.train.checkpoints import COMPLETE

    training = next((moment for moment, line in lines if BEGINS in line), None)
    saved = [path.stat().st_mtime for path in project.glob(f".pagetune/checkpoints/*/step-*/{COMPLETE}")]
    return None if training is None else killed - max([training, *saved])


def losses(project: Path) -> list[float]:
    values = []
    for name in CURVES:
        with (project / name).open(encoding="utf-8") as file:
            values += [float(row[key]) for row in csv.DictReader(file) for key in row if "loss" in key and row[key]]
    return values


def forget(project: Path) -> None:
    """Delete everything from which a training could resume."""
    for name in ("models/adapter", ".pagetune"):
        shutil.rmtree(project / name, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("kills", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    more = {key: YAML(typ="safe").load(value) for key, value in (pair.split("=", 1) for pair in options.set)}
    random = Random(options.seed)
    with TemporaryDirectory() as folder:
        project = Path(folder)
        make_project(project, options.name, ROOT / "models/.base-8b", more)
        whole, _, text = run(project, None, options.log)
        expected, costs, starts = losses(project), [], []
        print(f"{options.name}, seed {options.seed}: {whole:.0f} s undisturbed, {len(expected)} losses", flush=True)
        print(next((line for line in text if BEGINS in line), ""), flush=True)
        forget(project)
        finished, left, begun = 0, options.kills, False
        while left or begun:
            seconds, cost, text = run(project, random.uniform(0.2, 1) * whole if left else None, options.log)
            starts += [line for line in text if "resuming from step" in line]
            begun = not (project / "models/adapter/adapter_model.safetensors").exists()
            if not begun:
                difference = max(abs(one - other) for one, other in zip(expected, losses(project), strict=True))
                finished += 1
                print(f"  ended after {seconds:.0f} s, largest difference of a loss {difference:.4f}", flush=True)
                forget(project)
                continue
            left -= 1
            costs.append(cost)
            where = "before the training" if cost is None else f"{cost:.1f} s of training lost"
            print(f"  killed after {seconds:.0f} s: {where}; {starts[-1] if starts else ''}", flush=True)
    print(f"{options.name}, seed {options.seed}: {len(costs)} kills, {len(starts)} resumed, {finished} trainings ended")


if __name__ == "__main__":
    main()
