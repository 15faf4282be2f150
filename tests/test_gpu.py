"""What needs a card: both backends, in the precisions a card offers. Each training has a process of its own."""

import importlib.util
import multiprocessing
from pathlib import Path

import pytest
import torch
from conftest import ROOT, make_tiny_base
from test_prompts import example

from pagetune.manifest import read_manifest
from pagetune.params import load_params
from pagetune.precision import resolve_precision

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU")]
PARAMS = load_params(ROOT / "params.yaml")


def in_a_process(function: object, *arguments: object) -> object:
    """Importing Unsloth changes transformers, trl and peft for the rest of a process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    in_a_process(make_tiny_base, folder)
    return folder


def train_and_save(base: str, backend: str, precision: str, target: str) -> tuple[float, float]:
    """The first and the last training loss."""
    from pagetune.train.backend import choose_backend, load_for_training

    chosen = choose_backend(backend)
    from pagetune.models import load_tokenizer
    from pagetune.train.run import encode_examples, fit

    manifest = read_manifest(Path(base))
    tokenizer = load_tokenizer(manifest)
    rows = encode_examples([example("주소?", "서울"), example("전화?", "02-555")] * 8, tokenizer, 64)
    train = PARAMS.train.model_copy(update={"epochs": 60, "learning_rate": 0.002, "max_length": 64})
    model, choice = load_for_training(chosen, manifest, precision, PARAMS.lora, train, 0)
    curve = fit(model, tokenizer, rows, rows[:2], train, choice.precision, 0)
    model.save_pretrained(target)
    return curve[0].train_loss, curve[-1].train_loss


def answers_of(base: str, adapter: str, precision: str) -> list[tuple[str, bool]]:
    from pagetune.generation import generate
    from pagetune.models import load_tokenizer, load_tuned
    from pagetune.params import Predict

    manifest = read_manifest(Path(base))
    model, _ = load_tuned(manifest, Path(adapter), precision)
    prompts = [example("주소?").prompt, example("전화?").prompt]
    answers = generate(model, load_tokenizer(manifest), prompts, Predict(batch_size=2, max_new_tokens=12))
    return [(answer.text, answer.stopped) for answer in answers]


def test_auto_takes_16_bit_for_a_small_model(base: Path) -> None:
    assert resolve_precision("auto", read_manifest(base).parameters).precision in ("bf16", "fp16")


def test_auto_takes_4_bit_for_a_model_that_does_not_fit() -> None:
    assert resolve_precision("auto", 10**12).precision == "4bit"


@pytest.mark.parametrize("precision", ["4bit", "8bit", "bf16"])
@pytest.mark.parametrize("backend", ["peft", "unsloth"])
def test_an_adapter_learns_and_answers_from_disk(base: Path, backend: str, precision: str, tmp_path: Path) -> None:
    if backend == "unsloth" and importlib.util.find_spec("unsloth") is None:
        pytest.skip("unsloth is not installed")
    first, last = in_a_process(train_and_save, str(base), backend, precision, str(tmp_path))  # type: ignore[misc]
    assert last < 0.2 * first
    assert in_a_process(answers_of, str(base), str(tmp_path), precision) == [("서울", True), ("02-555", True)]
