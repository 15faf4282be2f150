"""docs/gpu.md is what the planner says today, whatever the settings of this checkout are."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT, edit_params

from benchmarks import gpu_plans
from benchmarks.gpu_guide import GUIDE, filled, make_guide
from benchmarks.gpu_measured import ONE_COMMAND, PEFT_4BIT, runs_of
from benchmarks.gpu_plans import AS_SET, GPU_SIZES, cell_of, params_of
from pagetune.commands.plan import plan_lines
from pagetune.errors import UserError
from pagetune.params import load_params
from pagetune.plan.known_shapes import KNOWN_SHAPES

CHARTS = ["gpu-choices.svg", "gpu-measured.svg", "gpu-memory.svg"]
AGAIN = "Run `python -m benchmarks.gpu_guide`."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    make_guide(folder)
    return folder


@pytest.fixture
def as_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_of_the_guide() -> list[list[str]]:
    rows = re.findall(r"^\| (\d+) GB \|(.*)\|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [[gb, *(cell.strip() for cell in cells.split("|"))] for gb, cells in rows]


def test_the_guide_is_what_the_planner_says_today(made: Path) -> None:
    assert (made / "gpu.md").read_bytes() == GUIDE.read_bytes(), AGAIN


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_what_the_planner_says_today(made: Path, chart: str) -> None:
    assert (made / chart).read_bytes() == (GUIDE.parent / chart).read_bytes(), AGAIN
    assert f"({chart})" in GUIDE.read_text(encoding="utf-8")


def test_the_guide_has_every_gpu_and_model() -> None:
    assert [row[:2] for row in rows_of_the_guide()] == [[str(gb), model] for gb in GPU_SIZES for model in KNOWN_SHAPES]


def test_the_guide_was_made_with_the_shipped_settings(as_the_guide_says: Path) -> None:
    assert load_params() == AS_SET


@pytest.mark.parametrize("row", rows_of_the_guide(), ids=lambda row: f"{row[0]}-{row[1]}")
def test_a_row_says_what_plan_prints(as_the_guide_says: Path, row: list[str]) -> None:
    gb, model, precision, predicted, rows, tokens, checkpointing, _ = row
    if missing := re.search(r"does not fit\*\*: ([\d.]+) GiB missing", predicted):
        with pytest.raises(UserError, match="GiB are free for it"):
            plan_lines(float(gb), model, precision)
        smallest = round(float(gb) + float(missing[1]), 1)
        assert plan_lines(smallest, model, precision)
        with pytest.raises(UserError, match="GiB are free for it"):
            plan_lines(round(smallest - 0.1, 1), model, precision)
        return
    said = re.sub(r" +", " ", "\n".join(plan_lines(float(gb), model, None)))
    at_once, parts = re.fullmatch(r"(?:all )?(\d+)(?:, in (\d+) parts)?", rows).groups(default="1")  # type: ignore[union-attr]
    assert f"at {precision}, LoRA r=16" in said
    assert f" total {predicted}\n" in said
    assert f"effective batch 16 rows, in {parts} parts" in said
    assert f"micro-batch {at_once} rows, {tokens.replace(',', '')} tokens, packed" in said
    assert f"gradient checkpointing {checkpointing}" in said


def test_a_users_own_settings_change_nothing(as_the_guide_says: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cell_of(8, "8b")
    edit_params(as_the_guide_says, {"lora.r": 3, "lora.rank_pattern": {"q_proj": 2}, "train.optim": "adamw_8bit"})
    edit_params(as_the_guide_says, {"train.memory": "low", "train.max_length": 64, "seed": 7, "precision": "bf16"})
    monkeypatch.setattr(gpu_plans, "ROOT", as_the_guide_says)
    monkeypatch.setattr(gpu_plans, "AS_SET", params_of({}))
    assert cell_of(8, "8b") == before
    assert cell_of(8, "8b") != cell_of(16, "8b")


def test_a_table_that_has_no_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="the markers of 'choices'"):
        filled("no table here", "choices", ["| a |"])


@pytest.mark.parametrize(("section", "lines"), [(ONE_COMMAND, 11), (PEFT_4BIT, 5)])
def test_every_measured_line_is_read_with_a_prediction_for_ours(section: str, lines: int) -> None:
    runs = runs_of(section)
    assert len(runs) == lines
    for run in runs:
        assert (run.predicted_gib is None) == ("as documented" in run.name)
        assert run.predicted_gib is None or run.predicted_gib == pytest.approx(run.gib, rel=0.05)
