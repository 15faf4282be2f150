"""A sweep over ranks: which runs count, which rank is named, and which scores stay hidden until then."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, commit, edit_params, run
from hypothesis import given
from hypothesis import strategies as st

from pagetune.commands.experiments import Experiment, comparable, finished_runs, read_committed, read_runs
from pagetune.commands.sweep import Score, Sweep, choose_rank, compare, draw_sweep, pool, sweep_lines, within_noise
from pagetune.errors import UserError

#: The score of each rank on validation, and one on recall that tells the ranks apart.
VALIDATION = {2: 0.2, 4: 0.5, 8: 0.9, 16: 0.95, 64: 0.96}
RECALL = {2: 0.123, 4: 0.234, 8: 0.345, 16: 0.456, 64: 0.567}

PARAMS = """\
seed: 1
lora:
  r: auto
  alpha: 32
train:
  epochs: 1
"""
STAGES = """\
stages:
  evaluate:
    cmd: python work.py
    deps: [work.py]
    params: [lora, train, seed]
    outs:
      - metrics/eval.json: {cache: false}
      - metrics/cost.json: {cache: false}
      - metrics/train.json: {cache: false}
    metrics:
      - metrics/summary.json: {cache: false}
"""
WORK = f"""\
import json
import sys
from pathlib import Path

from ruamel.yaml import YAML

params = YAML(typ="safe").load(Path("params.yaml"))
rank = 8 if params["lora"]["r"] == "auto" else params["lora"]["r"]
if rank == 32:
    sys.exit("out of memory")

def scores(value):
    interval = {{"fact_match_ci95_low": value - 0.09, "fact_match_ci95_high": value + 0.06}}
    return {{"n": 70, "facts": 70, "fact_match": value}} | interval

validation = scores({VALIDATION}[rank] - 0.02 * (params["seed"] == 2))
recalled = ["recall", "recall_new_wording", "recall_reversed"]
tuned = {{"validation": validation, **dict.fromkeys(recalled, scores({RECALL}[rank]))}}
tuned["heldout"] = {{"n": 0, "facts": 0, "fact_match": None, "fact_match_ci95_low": None, "fact_match_ci95_high": None}}
seconds = rank * params["train"]["epochs"] + params["seed"] / 10
cost = {{"seconds": seconds, "peak_reserved_gib": rank / 100, "tokens_per_second": 1000 - rank}}
Path("metrics").mkdir(exist_ok=True)
Path("metrics/eval.json").write_text(json.dumps({{"base": tuned, "tuned": tuned}}))
Path("metrics/cost.json").write_text(json.dumps(cost))
Path("metrics/train.json").write_text(json.dumps({{"lora_r": rank}}))
Path("metrics/summary.json").write_text(json.dumps({{"validation": validation["fact_match"]}}))
"""


def make_project(folder: Path) -> Path:
    """Make a project of one fast stage, and commit its result for r=8."""
    for name, text in (("params.yaml", PARAMS), ("dvc.yaml", STAGES), ("work.py", WORK)):
        (folder / name).write_text(text, encoding="utf-8")
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "git", "config", "user.name", "A Tester")
    run(folder, "git", "config", "user.email", "tester@example.com")
    run(folder, "dvc", "init", "-q")
    (folder / ".gitignore").write_text("/pagetune\n", encoding="utf-8")
    (folder / "pagetune").symlink_to(ROOT / "pagetune")
    run(folder, "dvc", "repro", "-q")
    commit(folder)
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def project(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run experiments in the workspace and in the queue; one fails, one waits, and one has other settings."""
    folder = tmp_path_factory.mktemp("sweep") / "project"
    shutil.copytree(plain, folder, symlinks=True)
    for name in ("sixteen", "sixteen-again"):
        run(folder, "dvc", "exp", "run", "-q", "-S", "lora.r=16", "-n", name)
    run(folder, "git", "checkout", "-q", ".")
    for name, setting in (("four", "lora.r=4"), ("too-much", "lora.r=32"), ("sixty-four", "lora.r=64")):
        run(folder, "dvc", "exp", "run", "-q", "--queue", "-S", setting, "-n", name)
    run(folder, "dvc", "exp", "run", "-q", "--queue", "-S", "lora.r=16", "-S", "seed=2", "-n", "other-seed")
    run(folder, "dvc", "exp", "run", "-q", "--queue", "-S", "lora.r=2", "-S", "train.epochs=3", "-n", "longer")
    run(folder, "dvc", "exp", "run", "--run-all", "-j", "1", check=False)
    run(folder, "dvc", "exp", "run", "-q", "--queue", "-S", "lora.r=2", "-n", "waiting")
    return folder


@pytest.fixture
def copy(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a copy that the test may change, and enter it."""
    folder = tmp_path / "project"
    shutil.copytree(project, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def shown(project: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run(project, "dvc", "exp", "show", "--json").stdout)
    return rows


@pytest.fixture(scope="module")
def sweep(project: Path, shown: list[dict[str, Any]]) -> Sweep:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        return compare(*finished_runs(shown, lambda: True, read_committed))


def names_of(sweep: Sweep) -> dict[int, list[str]]:
    return {rank.rank: [one.name for one in rank.runs] for rank in sweep.ranks}


def refusal(runs: list[Experiment], left_out: list[str]) -> str:
    with pytest.raises(UserError) as caught:
        compare(runs, left_out)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def made_run(name: str, rank: int, value: float | None, n: int = 70, **params: Any) -> Experiment:
    interval = {f"fact_match_ci95_{end}": value for end in ("low", "high")}
    scores = {"n": n, "facts": n, "fact_match": value, **interval}
    sets = ("validation", "recall", "recall_new_wording", "recall_reversed", "heldout")
    return Experiment(name, rank, params, {}, dict.fromkeys(sets, scores), {})


def test_summaries_are_compared_by_rouge() -> None:
    runs = []
    for rank, value in ((4, 0.2), (8, 0.4)):
        scores = {"n": 9, "facts": 3, "rougeL": value, "rougeL_ci95_low": value, "rougeL_ci95_high": value}
        sets = ("validation", "recall", "recall_new_wording", "recall_reversed", "heldout")
        tuned = dict.fromkeys(sets, scores | {"fact_match": 0.0})
        runs.append(Experiment(f"r{rank}", rank, {"task": "summarization"}, {}, tuned, {}))
    compared = compare(runs, [])
    assert (compared.metric, compared.chosen.rank) == ("rougeL", 8)
    assert "rougeL on validation" in "\n".join(sweep_lines(compared))


def test_the_smallest_rank_within_noise_of_the_best_is_named(sweep: Sweep) -> None:
    assert (sweep.chosen.rank, sweep.best.rank) == (8, 64)


def test_the_commits_result_counts_and_the_same_training_counts_once(sweep: Sweep) -> None:
    assert names_of(sweep) == {4: ["four"], 8: ["main"], 16: ["sixteen", "other-seed"], 64: ["sixty-four"]}


def test_what_failed_or_waits_carries_scores_that_do_not_count(shown: list[dict[str, Any]], sweep: Sweep) -> None:
    rows = {entry["revs"][0]["name"]: entry["revs"][0] for row in shown for entry in row["experiments"] or []}
    assert rows["too-much"]["data"]["metrics"]["metrics/summary.json"]["data"]["validation"]
    assert {"too-much (r=32): failed", "waiting (r=2): queued"} <= set(sweep.left_out)


def test_what_differs_in_another_parameter_is_left_out_and_the_parameter_named(sweep: Sweep) -> None:
    assert "longer (r=2): train.epochs is 3, elsewhere 1" in sweep.left_out
    assert len(sweep.left_out) == 3


def test_two_seeds_of_a_rank_are_their_mean_within_the_mean_of_their_intervals(sweep: Sweep) -> None:
    score = next(rank.score for rank in sweep.ranks if rank.rank == 16)
    assert score.value == pytest.approx(0.94)
    assert (score.low, score.high) == pytest.approx((0.85, 1.0))


def test_no_test_score_is_shown_but_of_the_chosen_rank(copy: Path) -> None:
    output = run(copy, "python", "-m", "pagetune", "sweep").stdout
    assert f"recall              {RECALL[8]:.3f}" in output
    assert "heldout             empty" in output
    assert not [rank for rank in (2, 4, 16, 64) if f"{RECALL[rank]:.3f}" in output]


def test_the_command_prints_time_and_memory_and_leaves_a_picture(copy: Path) -> None:
    output = run(copy, "python", "-m", "pagetune", "sweep").stdout
    row = next(line for line in output.splitlines() if line.startswith("*"))
    assert row.split()[:2] == ["*", "8"]
    assert {"8.1", "0.08", "992", "main"} <= set(row.split())
    assert (copy / "metrics/sweep.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_rank_in_params_yaml_that_was_not_trained_does_not_count(copy: Path) -> None:
    edit_params(copy, {"lora.r": 2})
    assert 2 not in names_of(compare(*read_runs()))


def test_a_result_in_the_workspace_alone_counts_until_its_settings_change(copy: Path) -> None:
    edit_params(copy, {"lora.r": 2})
    run(copy, "dvc", "repro", "-q")
    assert names_of(compare(*read_runs()))[2] == ["workspace"]
    edit_params(copy, {"lora.r": 3})
    sweep = compare(*read_runs())
    assert 3 not in names_of(sweep)
    assert [line for line in sweep.left_out if line.startswith("workspace (r=3)") and "dvc repro" in line]


def test_an_experiment_with_another_program_is_left_out_and_the_program_named(copy: Path) -> None:
    with (copy / "work.py").open("a", encoding="utf-8") as file:
        file.write("# a note\n")
    run(copy, "dvc", "exp", "run", "-q", "-S", "lora.r=2", "-n", "noted")
    assert "noted (r=2): work.py differs" in compare(*read_runs()).left_out


def test_one_rank_is_one_line_with_the_command_that_makes_a_sweep(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plain)
    said = refusal(*read_runs())
    assert "only r=8 has scores" in said
    assert "`dvc exp run --queue -S 'lora.r=4,8,16,32,64'`, then `dvc queue start`" in said


def test_no_rank_is_one_line() -> None:
    assert "no rank has scores" in refusal([], [])


def test_a_folder_that_is_no_project_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="not inside of a DVC repository") as caught:
        read_runs()
    assert "\n" not in str(caught.value)


def test_a_repository_without_a_commit_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    monkeypatch.chdir(tmp_path)
    assert "no rank has scores" in refusal(*read_runs())


def test_an_empty_validation_is_one_line_naming_what_fills_it() -> None:
    said = refusal([made_run("a", 4, None, n=0), made_run("b", 8, None, n=0)], [])
    assert "`validation` is empty" in said
    assert "curate.validation_fraction" in said


def test_ranks_that_learnt_nothing_are_not_chosen_between() -> None:
    assert "train.epochs" in refusal([made_run("a", 4, 0.0), made_run("b", 8, 0.0)], [])


def test_the_settings_with_most_ranks_are_the_sweep_though_the_commit_has_others() -> None:
    sweep = [made_run("a", 4, 0.5, epochs=3), made_run("b", 8, 0.5, epochs=3)]
    runs, left_out = comparable([made_run("main", 64, 0.9, epochs=6), *sweep])
    assert runs == sweep
    assert left_out == ["main (r=64): epochs is 6, elsewhere 3"]


def test_costs_that_were_not_measured_are_a_dash(tmp_path: Path) -> None:
    result = compare([made_run("a", 4, 0.2), made_run("b", 8, 1.0)], [])
    assert sweep_lines(result)[1].split()[-4:] == ["-", "-", "-", "a"]
    draw_sweep(result, tmp_path / "sweep.svg")


def test_the_picture_has_the_same_bytes_each_time(sweep: Sweep, tmp_path: Path) -> None:
    for name in ("once.svg", "twice.svg"):
        draw_sweep(sweep, tmp_path / name)
    assert (tmp_path / "once.svg").read_bytes() == (tmp_path / "twice.svg").read_bytes()


@st.composite
def any_score(draw: st.DrawFn) -> Score:
    low, value, high = sorted(draw(st.lists(st.floats(0, 1), min_size=3, max_size=3)))
    return Score(value, low, high, draw(st.integers(1, 1000)))


@given(st.lists(any_score(), min_size=1, max_size=8))
def test_the_chosen_rank_is_within_noise_and_never_larger_than_the_best(scores: list[Score]) -> None:
    chosen, best = choose_rank(scores)
    assert chosen <= best
    assert scores[best].value == max(score.value for score in scores)
    assert within_noise(scores[chosen], scores[best])
    assert not any(within_noise(score, scores[best]) for score in scores[:chosen])


@given(any_score(), any_score())
def test_noise_is_mutual_and_everything_is_within_its_own(one: Score, other: Score) -> None:
    assert within_noise(one, one)
    assert within_noise(one, other) == within_noise(other, one)


@given(st.lists(any_score(), min_size=1, max_size=4))
def test_several_runs_are_no_surer_and_no_less_sure_than_each(scores: list[Score]) -> None:
    together = pool(scores)
    assert min(score.low for score in scores) - 1e-9 <= together.low <= together.value + 1e-9
    assert together.value - 1e-9 <= together.high <= max(score.high for score in scores) + 1e-9


def test_a_run_that_failed_to_learn_does_not_carry_its_rank_to_the_best() -> None:
    bad, good, best = Score(0.2, 0.1, 0.3, 70), Score(0.9, 0.81, 0.95, 70), Score(0.93, 0.85, 0.97, 70)
    assert choose_rank([pool([bad, good]), best])[0] == 1
