"""Training on one GPU: TRL and Unsloth as their documentation starts, and pagetune, on the same rows, in one run.

    python -m benchmarks.train_gpu [NAME ...]        # some of CONFIGURATIONS, all without a name
    python -m benchmarks.train_gpu --shape 1b ours-4bit
    python -m benchmarks.train_gpu --rows 4096 best-trl-bf16 ours-peft-bf16

A Llama-3 shape with random weights, LoRA r=16 on all seven projections, rows of log-normal length around 110 tokens,
45% of each trained on, 128 rows a step; or rows of 4,096 tokens, 16 a step. Each configuration has its own process.
Tokens per second count real tokens, after the first steps; GiB are the most PyTorch reserved. MFU is at 4 FLOP a
parameter and token over the GPU's dense bf16 peak.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parent.parent
WARM_STEPS, STEPS, PEER_STEPS = 2, 6, 4
#: Set by --rows: tokens of each row, 0 for rows of many lengths; rows a step.
LENGTH = int(os.environ.get("ROW_TOKENS", "0"))
EFFECTIVE = 16 if LENGTH else 128
EOS, PAD = "</s>", "<pad>"
SHAPES = {
    "tiny": (256, 704, 4, 4, 2, 1024),
    "1b": (2048, 8192, 16, 32, 8, 128256),
    "8b": (4096, 14336, 32, 32, 8, 128256),
    "70b-10": (8192, 28672, 10, 64, 8, 128256),
}
#: Another library, or a precision and a backend with the variants that we train: changes of `train` in params.yaml.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "trl-bf16": {"library": "trl", "precision": "bf16"},
    "trl-4bit": {"library": "trl", "precision": "4bit"},
    "unsloth-4bit": {"library": "unsloth", "precision": "4bit"},
    "unsloth-bf16": {"library": "unsloth", "precision": "bf16"},
    # Their fastest settings for long rows: no padding, as few products twice as fit, Liger's kernels for TRL.
    "best-trl-bf16": {"library": "trl", "precision": "bf16", "rows": 2, "liger": True, "checkpointing": False},
    "best-trl-4bit": {"library": "trl", "precision": "4bit", "rows": 2, "liger": True, "checkpointing": False},
    "best-trl-4bit-low": {"library": "trl", "precision": "4bit", "rows": 2, "liger": True, "checkpointing": True},
    "best-unsloth-bf16": {"library": "unsloth", "precision": "bf16", "rows": 4, "checkpointing": False},
    "best-unsloth-4bit": {"library": "unsloth", "precision": "4bit", "rows": 4, "checkpointing": False},
    "best-unsloth-4bit-low": {"library": "unsloth", "precision": "4bit", "rows": 2, "checkpointing": "unsloth"},
    "ours-4bit": {
        "precision": "4bit",
        "loaded_within_gib": 8.0,
        "ways": {
            "8 GiB": {"gpu_memory_gib": 8.0},
            "low": {"memory": "low"},
            "low, 8-bit Adam": {"memory": "low", "optim": "adamw_8bit"},
            "10 GiB": {"gpu_memory_gib": 10.0},
            "auto": {},
        },
    },
    "ours-bf16": {
        "precision": "bf16",
        "ways": {"auto": {}},
    },
    "ours-peft-bf16": {
        "precision": "bf16",
        "backend": "peft",
        "ways": {"auto": {}},
    },
    "ours-peft-fp8": {"precision": "bf16", "backend": "peft", "fp8": True, "ways": {"auto": {}}},
    "ddp-peft-bf16": {
        "precision": "bf16",
        "backend": "peft",
        "ways": {"256 rows a step": {"effective_batch_size": 256, "per_device_train_batch_size": 128}},
    },
    "fsdp-4bit": {
        "precision": "4bit",
        "backend": "peft",
        "ways": {"64 rows a step": {"effective_batch_size": 64, "gradient_checkpointing": True}},
    },
    "ours-peft-4bit": {
        "precision": "4bit",
        "backend": "peft",
        "ways": {"10 GiB": {"gpu_memory_gib": 10.0}, "auto": {}},
    },
    "ours-8bit": {"precision": "8bit", "backend": "peft", "ways": {"low": {"memory": "low"}}},
}


def row_lengths(count: int) -> list[int]:
    """Draw lengths from a log-normal distribution: median 95, mean 110, from 12 to 1,024 tokens."""
    if LENGTH:
        return [LENGTH] * count
    random = Random(0)
    return [max(12, min(1024, round(random.lognormvariate(math.log(95), 0.55)))) for _ in range(count)]


def rows_of(vocabulary: int) -> list[dict[str, list[int]]]:
    random, rows = Random(1), []
    for length in row_lengths(EFFECTIVE * STEPS):
        ids = [random.randrange(10, vocabulary) for _ in range(length)]
        prompt = round(0.55 * length)
        rows.append({"input_ids": ids, "labels": [-100] * prompt + ids[prompt:]})
    return rows


def write_base(shape: str, folder: Path) -> None:
    """Write a checkpoint of random weights with a tokenizer of a few words, for which Unsloth asks."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from pagetune.model.builtin import MIN_VOCABULARY, train_tokenizer

    hidden, intermediate, layers, heads, kv_heads, vocabulary = SHAPES[shape]
    config = LlamaConfig(
        hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, vocab_size=vocabulary, max_position_embeddings=8192, rope_theta=500000.0,
        tie_word_embeddings=False, bos_token_id=None, eos_token_id=0, pad_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config)
    model.save_pretrained(str(folder), max_shard_size="4GB")
    tokenizer = train_tokenizer(["a few words to make a tokenizer of"], MIN_VOCABULARY)
    tokenizer.save_pretrained(str(folder))


def params_for(configuration: dict[str, Any], changes: dict[str, Any]) -> Any:
    from pagetune.params import load_params
    from pagetune.plan.recipe import Corpus, resolve_recipe

    params = resolve_recipe(load_params(ROOT / "params.yaml"), Corpus(200, 1000), 8 * 10**9, builtin=False)
    train = params.train.model_copy(
        update={
            "effective_batch_size": EFFECTIVE, "epochs": 1, "max_length": max(1024, LENGTH), "group_by_length": False,
            "eval_steps": 1000, "learning_rate": 1e-4, "backend": configuration.get("backend", "unsloth"),
            "fp8": configuration.get("fp8", False), **changes,
        }
    )  # fmt: skip
    lora = params.lora.model_copy(update={"r": 16, "alpha": 16})
    return params.model_copy(update={"train": train, "lora": lora, "precision": configuration["precision"]})


class Clock:
    """Seconds and tokens between the warm steps and the last one."""

    def __init__(self, tokens_seen: Any) -> None:
        self.tokens_seen, self.marks = tokens_seen, []

    def callback(self) -> Any:
        import torch
        from transformers import TrainerCallback

        marks, tokens_seen = self.marks, self.tokens_seen

        class OnStep(TrainerCallback):  # type: ignore[misc]
            def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                torch.cuda.synchronize()
                marks.append((time.perf_counter(), tokens_seen()))

        return OnStep()

    def tokens_per_second(self) -> float:
        (began, tokens_before), (ended, tokens_after) = self.marks[WARM_STEPS - 1], self.marks[-1]
        return (tokens_after - tokens_before) / (ended - began)


def measure(clock: Clock, shape: str, **more: Any) -> dict[str, Any]:
    import torch

    from pagetune.train.callbacks import peak_flops

    hidden, intermediate, layers, heads, kv_heads, vocabulary = SHAPES[shape]
    width = hidden // heads * kv_heads
    parameters = layers * (2 * hidden * hidden + 2 * hidden * width + 3 * hidden * intermediate) + vocabulary * hidden
    speed = clock.tokens_per_second()
    return {
        "tokens_per_second": round(speed),
        "mfu": round(4 * parameters * speed / (peak_flops() or 1), 3),
        "reserved_gib": round(torch.cuda.max_memory_reserved() / 2**30, 2),
        "allocated_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2),
        **more,
    }


def ours(base: Path, shape: str, configuration: dict[str, Any], name: str) -> None:
    """Run every variant of the configuration on the same model, one after the other, as the stage train would."""
    params = params_for(configuration, {})
    from pagetune.plan.budget import budget_bytes, cap_gpu_memory
    from pagetune.train.backend import choose_backend, load_for_training
    from pagetune.train.packed_attention import rows_stay_apart

    choose_backend(params)
    whole = budget_bytes("auto")
    if "loaded_within_gib" in configuration:
        cap_gpu_memory(configuration["loaded_within_gib"])
    job = job_of(base, shape, params)
    model = load_for_training(job, False)
    assert job.world.sharded or rows_stay_apart(model, job.collator(True), job.train_rows)
    for way, changes in configuration["ways"].items():
        result = one_way(job, model, shape, params_for(configuration, changes), whole)
        if os.environ.get("RANK", "0") == "0":
            print("RESULT " + json.dumps({"name": f"{name}: {way}", "gpus": job.world.processes, **result}), flush=True)


def job_of(base: Path, shape: str, params: Any) -> Any:
    from pagetune.model.loading import load_tokenizer
    from pagetune.model.manifest import Manifest
    from pagetune.model.precision import resolve_precision
    from pagetune.train.backend import choose_backend, packed_kernel
    from pagetune.train.distributed import World
    from pagetune.train.inputs import TrainingInputs

    manifest = Manifest(
        source="local", id=str(base), location=str(base), revision=None, trust_remote_code=False, parameters=8 * 10**9,
        eos_token=EOS, bos_token=None, pad_token=PAD, special_tokens=[],
    )  # fmt: skip
    backend = choose_backend(params)
    choice = resolve_precision(params.precision, 8 * 10**9, params.quantization)
    kernel, world, tokenizer = (
        packed_kernel(backend, manifest, None),
        World.from_environment(),
        load_tokenizer(manifest),
    )
    return TrainingInputs(params, manifest, backend, choice, kernel, rows_of(SHAPES[shape][-1]), [], tokenizer, world)


def one_way(job: Any, model: Any, shape: str, params: Any, whole: int) -> dict[str, Any]:
    import torch

    from pagetune.plan.budget import CONTEXT_BYTES, cap_gpu_memory
    from pagetune.train.backend import set_checkpointing
    from pagetune.train.loop import build_trainer
    from pagetune.train.oom import probe_largest_batch

    job = replace(job, params=params)
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1.0)
    cap_gpu_memory(params.train.gpu_memory_gib)
    cap = params.train.gpu_memory_gib
    plan = job.plan(whole if cap == "auto" else int(cap * 2**30) - CONTEXT_BYTES)
    set_checkpointing(job.backend, model, plan.gradient_checkpointing)
    plan = plan if job.world.sharded else probe_largest_batch(job, model, plan)
    torch.cuda.reset_peak_memory_stats()
    trainer, _ = build_trainer(job, model, plan, None)
    clock = Clock(lambda: trainer.tokens_seen)
    trainer.add_callback(clock.callback())
    trainer.train()
    peaks = [point["peak_reserved_mib"] / 1024 for point in trainer.memory]
    trainer.accelerator.unwrap_model(trainer.model_wrapped, keep_fp32_wrapper=False)
    result = measure(
        clock, shape, kernel=job.kernel.reason, packing=plan.packing, checkpointing=plan.gradient_checkpointing,
        tokens=plan.tokens, accumulation=plan.gradient_accumulation_steps,
        predicted_gib=round(plan.predicted.total / 2**30, 2),
        losses=[round(log["loss"], 4) for log in trainer.state.log_history if "loss" in log][-1:],
    )  # fmt: skip
    return result | {"reserved_gib": round(max(peaks), 2)}


def peer(base: Path, shape: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """Run the library's own quick start, its trainer and its defaults, or what `configuration` says beside them."""
    library, at_once = configuration["library"], configuration.get("rows", 8)
    model, options = (_with_unsloth if library == "unsloth" else _with_trl)(base, configuration)
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = rows_of(SHAPES[shape][-1])[: EFFECTIVE * PEER_STEPS]
    seen = [0]
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir="models/.peer", per_device_train_batch_size=at_once, num_train_epochs=1, learning_rate=1e-4,
            gradient_accumulation_steps=EFFECTIVE // at_once, bf16=True, save_strategy="no", report_to="none",
            logging_steps=4, disable_tqdm=True, max_length=max(1024, LENGTH),
            dataset_kwargs={"skip_prepare_dataset": True}, use_liger_kernel=configuration.get("liger", False),
            gradient_checkpointing=bool(configuration.get("checkpointing", True)),
        ),
        train_dataset=Dataset.from_list(rows),
        **options,
    )  # fmt: skip
    collate = trainer.data_collator

    def counting(batch: list[dict[str, list[int]]]) -> Any:
        seen[0] += sum(len(row["input_ids"]) for row in batch)
        return collate(batch)

    trainer.data_collator = counting
    clock = Clock(lambda: seen[0])
    trainer.add_callback(clock.callback())
    trainer.train()
    losses = [round(log["loss"], 4) for log in trainer.state.log_history if "loss" in log][-2:]
    return measure(clock, shape, backend=library, tokens=at_once, losses=losses)


def _with_trl(base: Path, configuration: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)
    quantization = config if configuration["precision"] == "4bit" else None
    model = AutoModelForCausalLM.from_pretrained(
        str(base), dtype=torch.bfloat16, device_map={"": 0}, quantization_config=quantization
    )
    lora = LoraConfig(r=16, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    return model, {"peft_config": lora, "processing_class": AutoTokenizer.from_pretrained(str(base))}


def _with_unsloth(base: Path, configuration: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from unsloth import FastLanguageModel

    model, tokenizer = FastLanguageModel.from_pretrained(
        str(base), max_seq_length=max(1024, LENGTH), load_in_4bit=configuration["precision"] == "4bit"
    )
    checkpointing = configuration.get("checkpointing", "unsloth")
    model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=16, use_gradient_checkpointing=checkpointing)
    return model, {"processing_class": tokenizer}


def run_one(name: str, base: Path, shape: str) -> None:
    from pagetune.errors import quiet_libraries

    quiet_libraries()
    changes = CONFIGURATIONS[name]
    if "library" not in changes:
        ours(base, shape, changes, name)
        return
    result = peer(base, shape, changes)
    print("RESULT " + json.dumps({"name": name, **result}), flush=True)


def in_a_process(arguments: list[str], seconds: int, gpus: int = 1) -> str:
    environment = os.environ | {"PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True"}
    command = [sys.executable, "-m", "benchmarks.train_gpu", *arguments]
    if gpus > 1:
        from pagetune.train.distributed import launch_command

        command = [*launch_command(gpus, sharded="fsdp" in arguments[1])[:-1], "benchmarks.train_gpu", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=seconds, check=False)
        said, failed = done.stdout, done.stderr if done.returncode else ""
    except subprocess.TimeoutExpired as late:
        said, failed = (late.stdout or b"").decode(), f"no more within {seconds} s"
    found = [line for line in said.splitlines() if line.startswith("RESULT ")]
    if failed:
        found.append((said + failed)[-1500:])
    return "\n".join(line.removeprefix("RESULT ") for line in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--base", type=Path)
    parser.add_argument("--one", action="store_true")
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=200)
    parser.add_argument("--rows", type=int, default=0, metavar="TOKENS", help="of each row")
    options = parser.parse_args()
    if options.rows:
        os.environ["ROW_TOKENS"] = str(options.rows)  # for the processes of the configurations
    base = options.base or Path("models") / f".base-{options.shape}"
    if options.one:
        write_base(options.shape, base) if options.names == ["base"] else run_one(options.names[0], base, options.shape)
        return
    if not (base / "config.json").exists():
        began = time.perf_counter()
        said = in_a_process(["--one", "base", "--shape", options.shape, "--base", str(base)], 300)
        print(f"base written in {time.perf_counter() - began:.0f} s {said[-600:]}", flush=True)
    for name in options.names or list(CONFIGURATIONS):
        began = time.perf_counter()
        arguments = ["--one", name, "--shape", options.shape, "--base", str(base)]
        said = in_a_process(arguments, options.seconds, options.gpus)
        print(f"{name} [{time.perf_counter() - began:.0f} s] {said}", flush=True)


if __name__ == "__main__":
    main()
