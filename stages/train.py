"""Train the adapter: data/prompts/{train,validation}.jsonl and models/base -> models/adapter, metrics/train.json."""

import csv
import time
from dataclasses import asdict
from pathlib import Path

from pagetune.errors import run_stage
from pagetune.jsonl import atomic_write, read_records, write_json
from pagetune.models import ADAPTER, load_tokenizer, read_manifest
from pagetune.params import Params, load_params
from pagetune.records import Example
from pagetune.train.backend import choose_backend, load_for_training
from pagetune.train.run import LossPoint, count_steps, encode_examples, fit, peak_memory_gib, trained_tokens

PROMPTS, METRICS = Path("data/prompts"), Path("metrics")


def main() -> None:
    params, manifest = load_params(), read_manifest()
    tokenizer = load_tokenizer(manifest)
    examples = {name: read_records(PROMPTS / f"{name}.jsonl", Example) for name in ("train", "validation")}
    rows = {name: encode_examples(members, tokenizer, params.train.max_length) for name, members in examples.items()}
    backend = choose_backend(params.train.backend)
    print(f"train: backend {backend.name} ({backend.reason})", flush=True)
    model, choice = load_for_training(backend, manifest, params.precision, params.lora, params.train, params.seed)
    print(f"train: precision {choice.precision} ({choice.reason})", flush=True)
    began = time.monotonic()
    curve = fit(model, tokenizer, rows["train"], rows["validation"], params.train, choice.precision, params.seed)
    seconds = time.monotonic() - began
    model.save_pretrained(str(ADAPTER))
    write_curve(METRICS / "loss.csv", curve)
    write_json(
        METRICS / "train.json", describe(params, backend.name, backend.reason, choice.precision, rows, model, curve)
    )
    write_json(METRICS / "cost.json", {"seconds": round(seconds, 1), "peak_memory_gib": round(peak_memory_gib(), 2)})
    print(
        f"train: {len(rows['train'])} rows, {params.train.epochs} epochs, {seconds:.0f} s, loss {curve[-1].train_loss:.3f}"
    )


def describe(params: Params, backend: str, why: str, precision: str, rows: dict, model, curve: list[LossPoint]) -> dict:
    trainable, total = model.get_nb_trainable_parameters()
    return {
        "backend": backend,
        "backend_reason": why,
        "precision": precision,
        "lora_alpha": params.lora.resolved_alpha,
        "rows": len(rows["train"]),
        "steps": count_steps(len(rows["train"]), params.train),
        "trained_tokens_per_epoch": trained_tokens(rows["train"]),
        "trainable_parameters": trainable,
        "trainable_share": round(trainable / total, 6),
        "train_loss": round(curve[-1].train_loss, 6),
        "validation_loss": None if curve[-1].validation_loss is None else round(curve[-1].validation_loss, 6),
    }


def write_curve(path: Path, curve: list[LossPoint]) -> None:
    with atomic_write(path) as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(curve[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(point) for point in curve)


if __name__ == "__main__":
    run_stage("train", main)
