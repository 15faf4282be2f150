"""Both backends on a GPU, in the precisions that a GPU offers. Each training has its own process."""

import importlib.util
import multiprocessing
from pathlib import Path

import pytest
import torch
from conftest import ROOT, make_inputs, make_tiny_base, precision_of
from test_prompts import example

from pagetune.model.manifest import read_manifest
from pagetune.model.precision import resolve_precision
from pagetune.params import load_params

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU")]
PARAMS = load_params(ROOT / "params.yaml")


def in_a_process(function: object, *arguments: object, **named: object) -> object:
    """Run in another process, because importing Unsloth changes transformers, trl and peft."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments, named)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    in_a_process(make_tiny_base, folder)
    return folder


def train_and_save(
    base: str, backend: str, precision: str, target: str, graphed: bool = True, **changes: object
) -> tuple[float, float, str | None]:
    """Train; return the first and last training loss, and the kernel that kept packed rows apart."""
    from test_loading import params_of

    from pagetune.train.backend import choose_backend, load_for_training

    params = params_of(backend=backend, precision=precision, **changes)
    choose_backend(params)  # imports Unsloth, where it is, before transformers
    from pagetune.train import graphed_step
    from pagetune.train.loop import fit
    from pagetune.train.oom import probe_largest_batch
    from pagetune.train.stage import pad_if_rows_leak

    if not graphed:
        graphed_step.pays = lambda *_: False  # type: ignore[assignment]
    job = make_inputs(Path(base), params, [example("주소?", "서울"), example("전화?", "02-555")] * 8)
    plan = job.plan(2**33)
    model = load_for_training(job, plan.gradient_checkpointing)
    job, plan = pad_if_rows_leak(job, model, plan, 2**33)
    curve = fit(job, model, probe_largest_batch(job, model, plan), None).curve
    model.save_pretrained(target)
    return curve[0].train_loss, curve[-1].train_loss, job.kernel.reason if plan.packing else None


def answers_of(base: str, adapter: str, precision: str) -> list[tuple[str, bool]]:
    from pagetune.model.loading import load_tokenizer, load_tuned
    from pagetune.params import Predict
    from pagetune.predict.answers import generate

    manifest = read_manifest(Path(base))
    model = load_tuned(manifest, Path(adapter), precision_of(precision))
    prompts = [example("주소?").prompt, example("전화?").prompt]
    answers = generate(
        model,
        load_tokenizer(manifest),
        prompts,
        Predict(engine="transformers", batch_size=2, max_new_tokens=12, book="closed", passages=5),
    )
    return [(answer.text, answer.stopped) for answer in answers]


def test_auto_takes_16_bit_for_a_small_model(base: Path) -> None:
    assert resolve_precision("auto", read_manifest(base).parameters, PARAMS.quantization).precision in ("bf16", "fp16")


def test_auto_takes_4_bit_for_a_model_that_does_not_fit() -> None:
    assert resolve_precision("auto", 10**12, PARAMS.quantization).precision == "4bit"


@pytest.mark.parametrize("precision", ["4bit", "8bit", "bf16"])
@pytest.mark.parametrize("backend", ["peft", "unsloth"])
def test_an_adapter_learns_and_answers_from_disk(base: Path, backend: str, precision: str, tmp_path: Path) -> None:
    if backend == "unsloth" and importlib.util.find_spec("unsloth") is None:
        pytest.skip("unsloth is not installed")
    result = in_a_process(train_and_save, str(base), backend, precision, str(tmp_path))
    first, last, kernel = result  # type: ignore[misc]
    assert last < 0.2 * first
    assert kernel == "PyTorch's varlen_attn"
    assert in_a_process(answers_of, str(base), str(tmp_path), precision) == [("서울", True), ("02-555", True)]


def test_an_adapter_learns_on_a_base_in_8_bit_floats(base: Path, tmp_path: Path) -> None:
    if torch.cuda.get_device_capability() < (8, 9):
        pytest.skip("the card does not compute in 8-bit floats")
    result = in_a_process(train_and_save, str(base), "peft", "bf16", str(tmp_path), fp8=True)
    first, last, _ = result  # type: ignore[misc]
    assert last < 0.2 * first
    assert in_a_process(answers_of, str(base), str(tmp_path), "bf16") == [("서울", True), ("02-555", True)]


def test_a_small_model_trains_alike_with_cuda_graphs_and_without(base: Path, tmp_path: Path) -> None:
    losses = [
        in_a_process(train_and_save, str(base), "peft", "bf16", str(tmp_path / str(graphed)), graphed=graphed)
        for graphed in (True, False)
    ]
    (first, last, _), (first_without, last_without, _) = losses  # type: ignore[misc]
    assert first == pytest.approx(first_without, rel=0.01)
    assert last == pytest.approx(last_without, rel=0.1)
