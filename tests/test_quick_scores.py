"""A few answers are scored while a model trains, and the training does not change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, make_inputs, run
from test_loading import lora, params_of
from test_prompts import example
from test_seq2seq import LAYERED

from pagetune.errors import UserError
from pagetune.model.loading import load_tokenizer
from pagetune.params import Params
from pagetune.train.adapter import save_adapter
from pagetune.train.backend import load_for_training
from pagetune.train.curve import write_curve
from pagetune.train.inputs import check_settings
from pagetune.train.loop import fit
from pagetune.train.quick_scores import NAMES, Quick, choose_quick

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="test_gpu.py has the card's")
ROWS = [example(question, answer) for question, answer in (("주소?", "서울"), ("전화?", "02-555"), ("요금?", "9만 원"))]


def trained(base: Path, tuned: Any, count: int, folder: Path, **changes: Any) -> Any:
    """Train; return the curve, and save the adapter in `folder`."""
    params: Params = params_of(lora=tuned, epochs=100, learning_rate=0.003, eval_steps=10, **changes)
    job = make_inputs(base, params, ROWS, validation=3)
    job = replace(job, quick=choose_quick(ROWS, load_tokenizer(job.manifest), params, count))
    plan = job.plan(8 * 2**30)
    model = load_for_training(job, plan.gradient_checkpointing)
    outcome = fit(job, model, plan, None)
    save_adapter(model, folder)
    return outcome.curve


@pytest.mark.parametrize("base", ["tiny_base", "tiny_seq2seq"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_the_adapter_is_the_same_byte_for_byte_with_and_without_it(
    base: str, dropout: float, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    tuned = (LAYERED if base == "tiny_seq2seq" else lora(r=16)).model_copy(update={"dropout": dropout})
    for name, count in (("without", 0), ("with", 3)):
        trained(request.getfixturevalue(base), tuned, count, tmp_path / name)
    one, other = ((tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("without", "with"))
    assert one == other


@pytest.mark.parametrize("base", ["tiny_base", "tiny_seq2seq"])
def test_what_is_learnt_shows_in_the_curve(base: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    tuned = LAYERED if base == "tiny_seq2seq" else lora(r=16)
    curve = trained(request.getfixturevalue(base), tuned, 3, tmp_path)
    asked = [point for point in curve if point.validation_loss is not None]
    assert set(asked[0].quick) == set(NAMES)
    assert min(point.quick["rougeL"] for point in asked) < asked[-1].quick["rougeL"] == 1
    between = [point.quick for point in curve if point.validation_loss is None]
    assert between
    assert all(value is None for quick in between for value in quick.values())


def test_the_curve_has_a_column_for_each_score_only_where_it_is_on(tiny_base: Path, tmp_path: Path) -> None:
    headers = []
    for count in (0, 2):
        curve = trained(tiny_base, lora(r=4), count, tmp_path)
        write_curve(curve, tmp_path)
        headers.append((tmp_path / "validation.csv").read_text(encoding="utf-8").splitlines()[0])
    assert headers[0] == "step,epoch,validation_loss"
    assert headers[1] == headers[0] + "".join(f",quick_{name}" for name in NAMES)


def test_where_memory_runs_out_the_scores_are_missing_and_the_training_goes_on(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(Quick, "answers", full)
    curve = trained(tiny_base, lora(r=4), 2, tmp_path)
    assert curve[-1].quick == dict.fromkeys(NAMES)
    assert curve[-1].validation_loss is not None
    assert "evaluate.quick: no memory for an answer beside the training (CUDA out of memory" in capsys.readouterr().out


def test_the_rows_are_spread_over_the_split_and_never_more_than_there_are() -> None:
    rows = [example(str(number)) for number in range(10)]
    chosen = choose_quick(rows, None, params_of(), 4)
    assert chosen is not None
    assert chosen.rows == [rows[0], rows[2], rows[5], rows[7]]
    everything = choose_quick(rows, None, params_of(), 99)
    assert everything is not None
    assert everything.rows == rows
    assert choose_quick(rows, None, params_of(), 0) is None


def test_without_validation_rows_it_is_refused_before_anything_is_loaded() -> None:
    params = params_of()
    asked = params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"quick": 3})})
    with pytest.raises(UserError, match=r"evaluate\.quick needs validation rows"):
        check_settings(asked, has_validation=False)


def test_the_example_of_the_docs_trains_watches_and_evaluates(tmp_path: Path, pipeline: Path) -> None:
    """Run docs/python.md letter for letter, in a project that has its data."""
    import re
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(pipeline, folder, symlinks=True)
    page = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (folder / "mine.py").write_text(script, encoding="utf-8")
    before = (folder / "models/adapter/adapter_model.safetensors").read_bytes()
    shutil.rmtree(folder / "models/adapter")
    done = run(folder, "python", "mine.py")
    assert re.search(r"MiB at the peak", done.stdout)
    assert re.search(r"ROUGE-L of \d+ validation rows: [01]\.\d{3}", done.stdout)
    assert (folder / "models/adapter/adapter_model.safetensors").read_bytes() == before, "not what the stage trains"


def test_importing_pagetune_loads_no_trainer(tmp_path: Path) -> None:
    check = (
        "import pagetune, sys; assert 'pagetune.commands.python_api' not in sys.modules; "
        "from pagetune import Trainer; Trainer"
    )
    assert run(ROOT, "python", "-c", check).returncode == 0


def test_a_trainer_names_what_is_wrong_with_its_parameters(tmp_path: Path) -> None:
    from pagetune import Trainer

    with pytest.raises(UserError, match=r"nowhere\.yaml is not there"):
        Trainer(tmp_path / "nowhere.yaml")
