"""Compare answering on one GPU: row by row, transformers' `generate` in batches, and pagetune, on the same prompts.

    python -m benchmarks.predict_gpu [--shape 8b] [--base FOLDER] [NAME ...]

A Llama-3-8B shape with random weights in bf16 gets prompts of 40 tokens on average (24 to 56) and writes 96 new tokens
each: the EOS is outside the vocabulary, so that every answer has its full length. Tokens per second are new tokens over
the whole time, including the first batch's capture and the reading of the prompts. `tuned` has a LoRA r=16 on all seven
projections. GiB is the most that PyTorch reserved.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import torch

from benchmarks.train_gpu import SHAPES, write_base
from pagetune.errors import quiet_libraries

NEW_TOKENS, PROMPT_TOKENS = 96, 40
#: An id outside any vocabulary.
NO_EOS = [2**31 - 1]
PAD = 1


def prompts_of(count: int, vocabulary: int) -> list[list[int]]:
    random = Random(0)
    lengths = [random.randint(PROMPT_TOKENS - 16, PROMPT_TOKENS + 16) for _ in range(count)]
    return [[random.randrange(10, vocabulary) for _ in range(length)] for length in lengths]


def load(base: Path, tuned: bool = False, in_4bit: bool = False) -> Any:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)
    model = AutoModelForCausalLM.from_pretrained(
        str(base), dtype=torch.bfloat16, device_map={"": 0}, quantization_config=config if in_4bit else None
    )
    if tuned:
        lora = LoraConfig(r=16, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
        model = get_peft_model(model, lora)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.01)
    return model.eval()


def load_with_unsloth(base: Path) -> Any:
    """Return the tuned model as Unsloth's guides do, ready to answer by its `for_inference`."""
    from unsloth import FastLanguageModel

    model, _ = FastLanguageModel.from_pretrained(str(base), max_seq_length=1024, load_in_4bit=False)
    model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=16)
    return FastLanguageModel.for_inference(model)


def by_generate(model: Any, prompts: list[list[int]], rows: int) -> None:
    from pagetune.predict.generation import by_generate

    for start in range(0, len(prompts), rows):
        by_generate(model, prompts[start : start + rows], NO_EOS, PAD, NEW_TOKENS)


def ours(model: Any, prompts: list[list[int]], rows: int | str) -> None:
    from pagetune.params import Predict
    from pagetune.predict.generation import decode_all

    params = Predict(engine="transformers", batch_size=rows, max_new_tokens=NEW_TOKENS, book="closed", passages=5)
    answers = decode_all(model, prompts, NO_EOS, PAD, params)
    assert {len(answer) for answer in answers} == {NEW_TOKENS}


def measure(name: str, prompts: list[list[int]], work: Callable[[], None]) -> None:
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    speed, gib = len(prompts) * NEW_TOKENS / seconds, torch.cuda.max_memory_reserved() / 2**30
    print(
        f"{name:<26}{len(prompts):>6} prompts {seconds:>7.1f} s {speed:>8,.0f} new tokens a second {gib:>6.1f} GiB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--base", type=Path, default=Path("models/.base"))
    parser.add_argument("--prompts", type=int, default=2048)
    parser.add_argument("names", nargs="*", default=["generate", "ours", "tuned", "4bit"])
    options = parser.parse_args()
    quiet_libraries()
    if not (options.base / "config.json").exists():
        write_base(options.shape, options.base)
    prompts = prompts_of(options.prompts, SHAPES[options.shape][-1])
    run(options.names, options.base, prompts)


def run(names: list[str], base: Path, prompts: list[list[int]]) -> None:
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    if "unsloth" in names:  # in a process of its own: Unsloth changes transformers
        model = load_with_unsloth(base)
        measure("for_inference, row by row", prompts[:8], lambda: by_generate(model, prompts[:8], 1))
        for rows in (32, 256):
            some = prompts[: 2 * rows]
            measure(f"for_inference, {rows} rows", some, lambda some=some, rows=rows: by_generate(model, some, rows))
    if "generate" in names or "ours" in names:
        model = load(base)
        by_generate(model, prompts[:2], 2)
    if "generate" in names:
        measure("row by row", prompts[:8], lambda: by_generate(model, prompts[:8], 1))
        for rows in (32, 128, 256):
            some = prompts[: 2 * rows]
            measure(f"generate, {rows} rows", some, lambda some=some, rows=rows: by_generate(model, some, rows))
    if "ours" in names:
        for rows in (32, 128, 256, "auto"):
            measure(f"ours, {rows} rows", prompts, lambda rows=rows: ours(model, prompts, rows))
    model = None
    if "tuned" in names:
        model = load(base, tuned=True)
        measure("generate, 256 rows, tuned", prompts[:256], lambda: by_generate(model, prompts[:256], 256))
        measure("ours, auto, tuned", prompts, lambda: ours(model, prompts, "auto"))
        model = None
    if "4bit" in names:
        model = load(base, tuned=True, in_4bit=True)
        measure("generate, 256 rows, 4-bit", prompts[:256], lambda: by_generate(model, prompts[:256], 256))
        measure("ours, auto, 4-bit, tuned", prompts, lambda: ours(model, prompts, "auto"))


if __name__ == "__main__":
    main()
