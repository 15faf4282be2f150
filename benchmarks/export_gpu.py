"""Merge an adapter of a large base on one GPU: time, memory, and what the verification finds.

    python -m benchmarks.export_gpu [--shape 8b] [--base FOLDER] [PRECISION ...]

A Llama-3-8B shape with random weights and a random LoRA r=16 on all seven projections, as if trained in 4-bit or in
bf16, is verified with 20 prompts and 64 new tokens each. GiB is the most that PyTorch reserved on the GPU. Random
weights have many near ties, so that answers in 16 bits differ sooner than those of a trained model.
"""

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.predict_gpu import load
from benchmarks.train_gpu import SHAPES, write_base
from pagetune.errors import UserError, quiet_libraries

QUESTIONS = [f"{number}호의 {what}은?" for number in range(1, 6) for what in ("무게", "길이", "가격", "색")]


def export(base: Path, precision: str, folder: Path) -> dict[str, Any]:
    from pagetune.export.merge import Merging, export_merged
    from pagetune.model.manifest import describe_external
    from pagetune.model.prompts import render_prompt
    from pagetune.model.template import TemplateRecord
    from pagetune.params import load_params

    params = load_params()
    params = params.model_copy(update={"predict": params.predict.model_copy(update={"max_new_tokens": 64})})
    manifest = describe_external(params.model.model_copy(update={"base": str(base)}))
    os.chdir(folder)
    load(base, tuned=True).save_pretrained("models/adapter")
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    prompts = [render_prompt(params.prompt.template, question) for question in QUESTIONS]
    template = TemplateRecord.for_base(params.prompt.template, manifest)
    return export_merged(Merging(manifest, params, precision, template, prompts), Path("merged"))[0]


def measure(base: Path, precision: str) -> None:
    here = Path.cwd()
    with TemporaryDirectory(dir=base.parent) as folder:
        began = time.perf_counter()
        try:
            found = json.dumps(export(base, precision, Path(folder)))
        except UserError as error:
            found = str(error)
        seconds, gib = time.perf_counter() - began, torch.cuda.max_memory_reserved() / 2**30
        os.chdir(here)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{precision:<6}{seconds:>7.1f} s {gib:>7.1f} GiB  {found}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--base", type=Path, default=Path("models/.base"))
    parser.add_argument("precisions", nargs="*", default=["4bit", "bf16"])
    options = parser.parse_args()
    quiet_libraries()
    base = options.base.absolute()
    if not (base / "config.json").exists():
        write_base(options.shape, base)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {options.shape}", flush=True)
    for precision in options.precisions:
        measure(base, precision)


if __name__ == "__main__":
    main()
