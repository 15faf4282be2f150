"""The two backends on the same batches, from the same trained base and the same adapter: do they compute the same?

    python -m benchmarks.parity_gpu          # after `dvc repro format`, on a machine with a GPU and Unsloth

50 steps of 16 rows from models/base, bf16, dropout 0. Prints the largest difference of a step's loss, how far the loss
falls, and the cosine of the first step's gradients; and the same for an adapter with twice the alpha, which must fail.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROWS, STEPS, BATCH = 800, 50, 16
WITHIN, FALL, COSINE = 0.01, 0.3, 0.99


def params_for(backend: str, alpha: int) -> Any:
    from pagetune.params import load_params
    from pagetune.plan.recipe import Corpus, resolve_recipe

    params = resolve_recipe(load_params(ROOT / "params.yaml"), Corpus(200, 1000), 8 * 10**9, builtin=False)
    train = params.train.model_copy(
        update={
            "backend": backend, "effective_batch_size": BATCH, "epochs": 1, "learning_rate": 5e-4, "eval_steps": 1,
            "lr_scheduler_type": "constant", "group_by_length": False,
        }
    )  # fmt: skip
    lora = params.lora.model_copy(update={"r": 16, "alpha": alpha, "dropout": 0.0})
    return params.model_copy(update={"train": train, "lora": lora, "precision": "bf16"})


def run_one(backend: str, alpha: int, folder: Path) -> None:
    """Train, and write the losses and the first gradient into `folder`; the first backend also writes its adapter."""
    import torch

    from pagetune.errors import quiet_libraries
    from pagetune.train.backend import choose_backend

    quiet_libraries()
    params = params_for(backend, alpha)
    choose_backend(params)
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    from pagetune.train.backend import load_for_training
    from pagetune.train.loop import build_trainer

    job = job_of(params)
    plan = job.plan(2**36)
    model = load_for_training(job, False)
    start = folder / "start.pt"
    if not start.exists():
        grow(model)
        torch.save(get_peft_model_state_dict(model), start)
    set_peft_model_state_dict(model, torch.load(start))
    first = gradients(job, model, plan)
    trainer, _ = build_trainer(job, model, plan, None)
    trainer.train()
    losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    torch.save({"losses": losses, "gradients": first, "kernel": job.kernel.reason}, folder / f"{backend}-{alpha}.pt")


def grow(model: Any) -> None:
    """Fill lora_B, which starts as zeros and would pass no gradient to lora_A."""
    import torch

    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.copy_(0.01 * torch.randn(parameter.shape, generator=generator))


def job_of(params: Any) -> Any:
    from pagetune.jsonl import read_records
    from pagetune.model.loading import load_tokenizer
    from pagetune.model.manifest import read_manifest
    from pagetune.model.precision import resolve_precision
    from pagetune.model.prompts import encode_example
    from pagetune.records import Example
    from pagetune.train.backend import choose_backend, packed_kernel
    from pagetune.train.inputs import TrainingInputs

    manifest = read_manifest()
    tokenizer = load_tokenizer(manifest)
    examples = read_records(Path("data/prompts/train.jsonl"), Example)[:ROWS]
    rows = [encode_example(example, tokenizer) for example in examples]
    backend, choice = choose_backend(params), resolve_precision("bf16", manifest.parameters, params.quantization)
    return TrainingInputs(
        params,
        manifest,
        backend,
        choice,
        packed_kernel(backend, manifest, None),
        rows,
        rows[:16],
        tokenizer,
    )


def gradients(job: Any, model: Any, plan: Any) -> dict[str, Any]:
    """Return the gradients of the first step by the name of the weight."""
    import torch

    from pagetune.train.adapter import forward_options
    from pagetune.train.step_trainer import to_device

    batch = to_device(job.collator(plan.packing)([job.train_rows[row] for row in job.steps[0]]), model.device)
    model.train()
    with torch.autocast("cuda", dtype=torch.bfloat16):
        model(
            **batch, **forward_options(model), use_cache=False, num_items_in_batch=torch.tensor(100.0, device="cuda")
        ).loss.backward()
    found = {name: p.grad.float().cpu() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def compare(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    import torch

    names = sorted(one["gradients"])
    assert names == sorted(other["gradients"])
    flat = [torch.cat([run["gradients"][name].flatten() for name in names]) for run in (one, other)]
    pairs = list(zip(one["losses"], other["losses"], strict=True))
    worst, fall = max(abs(a - b) / a for a, b in pairs), 1 - one["losses"][-1] / one["losses"][0]
    cosine = float(torch.nn.functional.cosine_similarity(*flat, dim=0))
    passed = worst <= WITHIN and fall >= FALL and cosine >= COSINE
    return {"steps": len(pairs), "worst": worst, "fall": fall, "cosine": cosine, "passed": passed}


def main() -> None:
    if len(sys.argv) == 4:
        run_one(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
        return
    import torch

    with tempfile.TemporaryDirectory() as folder:
        for backend, alpha in (("peft", 32), ("unsloth", 32), ("peft", 64)):
            command = [sys.executable, "-m", "benchmarks.parity_gpu", backend, str(alpha), folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit((done.stdout + done.stderr)[-2000:])
        peft, unsloth, doubled = (
            torch.load(Path(folder) / name) for name in ("peft-32.pt", "unsloth-32.pt", "peft-64.pt")
        )
        print(
            json.dumps({"peft against unsloth": compare(peft, unsloth), "kernels": [peft["kernel"], unsloth["kernel"]]})
        )
        print(json.dumps({"peft against twice the alpha": compare(peft, doubled)}))
        print("losses", [[round(loss, 3) for loss in run["losses"][::7]] for run in (peft, unsloth, doubled)])


if __name__ == "__main__":
    main()
