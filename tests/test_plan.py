"""`python -m pagetune plan`: what it prints, and what it says where nothing can be planned."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT, edit_params, run, shared
from typer.testing import CliRunner

from pagetune.__main__ import app
from pagetune.commands import plan
from pagetune.commands.plan import PlannedModel
from pagetune.errors import UserError
from pagetune.model.precision import HEADROOM, Gpu, choose_precision, resolve_precision
from pagetune.params import load_params
from pagetune.plan.known_shapes import KNOWN_SHAPES
from pagetune.plan.memory import GIB
from pagetune.records import Example


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with only params.yaml."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    edit_params(tmp_path, {"lora.r": 16, "train.effective_batch_size": 16})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["plan", *arguments])
    assert result.exception is None, result.exception
    return result.output


def test_the_plan_for_a_gpu_that_is_elsewhere(folder: Path) -> None:
    said = printed("--gpu-gib", "8", "--model", "8b")
    for part in ("8.0 billion parameters", "at 4bit", "assumed rows", "total", "effective batch         16 rows"):
        assert part in said
    assert "gradient checkpointing  on" in said
    assert [line.split()[-1] for line in said.splitlines() if "train.memory:" in line] == ["on", "on", "on"]
    assert "* train.memory: auto" in said


@pytest.mark.parametrize("size", KNOWN_SHAPES)
def test_a_known_model_has_the_parameters_that_its_name_says(folder: Path, size: str) -> None:
    assert f" of {size} (" in printed("--gpu-gib", "200", "--model", size)
    assert KNOWN_SHAPES[size].parameters / 1e9 == pytest.approx(int(size[:-1]), rel=0.25)


def test_the_help_and_the_error_name_every_known_model(folder: Path) -> None:
    names = ", ".join(KNOWN_SHAPES)
    assert names in " ".join(CliRunner().invoke(app, ["plan", "--help"]).output.replace("│", " ").split())
    assert names in str(CliRunner().invoke(app, ["plan", "--model", "./nowhere"]).exception)


def test_the_plan_without_a_gpu_is_for_the_machines_memory_and_says_so(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert "on the CPU, as there is no GPU" in printed("--model", "1b")
    edit_params(folder, {"train.gpu_memory_gib": 123.5})
    assert "123.5 GiB of its memory" in printed("--model", "1b")


def test_the_plan_of_a_folder_counts_its_own_tokens(folder: Path) -> None:
    model = shared("models", "stories260K")
    row: dict[str, Any] = {"pair_id": "1", "kind": "user", "doc_id": "a", "page_number": None, "wording_seen": True}
    row |= {"prompt": "Q: once upon a time\nA: ", "completion": "there was</s>", "references": []}
    (folder / "data" / "prompts").mkdir(parents=True)
    (folder / "data" / "prompts" / "train.jsonl").write_text(
        Example.model_validate(row).model_dump_json() + "\n", encoding="utf-8"
    )
    assert "1 rows of data/prompts/train.jsonl" in printed("--gpu-gib", "8", "--model", str(model))


def parameters_that_need(gib: float) -> int:
    """Return the parameters for which 16 bit needs this much memory, by the training's own rule."""
    return int(gib * GIB / (2 * HEADROOM))


@pytest.mark.parametrize(("needed_gib", "expected"), [(23.5, "bf16"), (24.5, "4bit")])
def test_the_plan_resolves_auto_as_the_training_does_on_such_a_gpu(
    needed_gib: float, expected: str, folder: Path
) -> None:
    """The training compares with all of the GPU's memory, so the plan may not take CUDA's own share off."""
    parameters = parameters_that_need(needed_gib)
    trained = choose_precision("auto", parameters, load_params().quantization, Gpu(24 * GIB, has_bf16=True))
    assert trained.precision == expected
    model = PlannedModel("a model", KNOWN_SHAPES["8b"], parameters, None)
    planned = plan._precision(load_params(), plan._imagined(load_params(), 24.0), model, None)
    assert planned == trained


def test_the_plan_for_this_machines_t4_is_of_fp16_as_its_training_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = SimpleNamespace(total_memory=16 * GIB, name="Tesla T4")
    for name, value in {
        "is_available": lambda: True,
        "is_bf16_supported": lambda including_emulation=True: False,
        "get_device_properties": lambda _: properties,
        "get_device_name": lambda: properties.name,
        "mem_get_info": lambda: (15 * GIB, 16 * GIB),
        "device_count": lambda: 1,
    }.items():
        monkeypatch.setattr(f"torch.cuda.{name}", value)
    edit_params(folder, {"train.backend": "peft"})
    assert resolve_precision("auto", 10**9, load_params().quantization).precision == "fp16"
    assert "at fp16, LoRA" in printed("--model", "1b")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--gpu-gib", "4", "--model", "8b"], "GiB are free for it"),
        (["--gpu-gib", "8", "--model", "8b", "--precision", "bf16"], "Try precision: 4bit"),
        (["--gpu-gib", "8", "--model", "8b", "--precision", "5bit"], "--precision 5bit is unknown. Use auto, 4bit"),
        (["--gpu-gib", "8", "--model", "./nowhere"], "Name a folder with config.json, a hub id, or one of 1b"),
        (["--gpu-gib", "8"], "Run `dvc repro base_model`, or name a model"),
    ],
)
def test_what_cannot_be_planned_is_one_line(folder: Path, arguments: list[str], says: str) -> None:
    error = CliRunner().invoke(app, ["plan", *arguments]).exception
    assert isinstance(error, UserError)
    assert says in str(error)
    assert "\n" not in str(error)


def test_a_plan_that_does_not_fit_exits_with_1_and_no_traceback(folder: Path) -> None:
    (folder / "pagetune").symlink_to(ROOT / "pagetune")
    done = run(folder, "python", "-m", "pagetune", "plan", "--gpu-gib", "4", "--model", "8b", check=False)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert done.stderr.startswith("pagetune: params.yaml: train.memory: at 4bit this training takes about")
