"""Train the adapter: data/prompts/{train,validation}.jsonl and models/base -> models/adapter, metrics/train.json."""

import csv
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pagetune.errors import run_stage
from pagetune.jsonl import atomic_write, read_records, write_json
from pagetune.manifest import ADAPTER, read_manifest
from pagetune.models import load_tokenizer
from pagetune.params import Params, load_params
from pagetune.records import Example
from pagetune.train.adapter import save_adapter
from pagetune.train.backend import Backend, choose_backend, load_for_training
from pagetune.train.run import LossPoint, count_steps, encode_examples, fit, peak_memory_gib, trained_tokens

PROMPTS, METRICS = Path("data/prompts"), Path("metrics")


def main() -> None:
    params, manifest = load_params(), read_manifest()
    backend = choose_backend(params.train.backend)
    print(f"train: backend {backend.name} ({backend.reason})", flush=True)
    tokenizer = load_tokenizer(manifest)
    examples = {name: read_records(PROMPTS / f"{name}.jsonl", Example) for name in ("train", "validation")}
    rows = {name: encode_examples(members, tokenizer, params.train.max_length) for name, members in examples.items()}
    model, choice = load_for_training(backend, manifest, params.precision, params.lora, params.train, params.seed)
    print(f"train: precision {choice.precision} ({choice.reason})", flush=True)
    began = time.monotonic()
    curve = fit(model, tokenizer, rows["train"], rows["validation"], params.train, choice.precision, params.seed)
    seconds = time.monotonic() - began
    save_adapter(model, ADAPTER)
    write_curve(METRICS / "loss.csv", curve)
    metrics = {**describe(params, backend, rows["train"], curve), **describe_model(model, choice.precision)}
    write_json(METRICS / "train.json", metrics)
    write_json(METRICS / "cost.json", {"seconds": round(seconds, 1), "peak_memory_gib": round(peak_memory_gib(), 2)})
    print(
        f"train: {len(rows['train'])} rows, {metrics['steps']} steps, {seconds:.0f} s, loss {metrics['train_loss']:.3f}"
    )


def describe(
    params: Params, backend: Backend, rows: list[dict[str, list[int]]], curve: list[LossPoint]
) -> dict[str, Any]:
    last = asdict(curve[-1])
    return {
        "backend": backend.name,
        "backend_reason": backend.reason,
        "lora_alpha": params.lora.resolved_alpha,
        "rows": len(rows),
        "steps": count_steps(len(rows), params.train),
        "trained_tokens_per_epoch": trained_tokens(rows),
        **{name: round(last[name], 6) for name in ("train_loss", "validation_loss") if last[name] is not None},
    }


def describe_model(model: Any, precision: str) -> dict[str, Any]:
    trainable, total = model.get_nb_trainable_parameters()
    return {"precision": precision, "trainable_parameters": trainable, "trainable_share": round(trainable / total, 6)}


def write_curve(path: Path, curve: list[LossPoint]) -> None:
    with atomic_write(path) as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(curve[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(point) for point in curve)


if __name__ == "__main__":
    run_stage("train", main)
