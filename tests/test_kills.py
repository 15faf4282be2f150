"""A killed training resumes from its last checkpoint and ends in the same bytes; `benchmarks/kills.py` kills more."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from conftest import edit_params

from benchmarks.kills import DVC_ALONE, GROUP, OUTCOME, Attempt, Campaign, check, members, run_campaign, table

EVERY, SECONDS = 5, 1.0
#: About ten seconds of training.
SETTINGS = {
    "train.per_device_train_batch_size": "auto",
    "train.effective_batch_size": 32,
    "train.epochs": 2,
    "train.eval_steps": EVERY,
    "train.checkpoint_minutes": SECONDS / 60,
}


def test_three_kills_cost_the_time_since_a_checkpoint_each_and_not_a_byte(pipeline: Path, tmp_path: Path) -> None:
    project = tmp_path / "copy"
    shutil.copytree(pipeline, project, symlinks=True)
    edit_params(project, SETTINGS)
    campaign = run_campaign(project, kills=3, seed=99, spare_the_start=True)
    story = "\n\n".join([table(campaign), *(attempt.text() for attempt in campaign.attempts)])
    assert [kill.killed for kill in campaign.kills] == [DVC_ALONE, GROUP, DVC_ALONE], story
    assert not any(kill.orphans for kill in campaign.kills), story
    assert campaign.finished, story
    assert not campaign.unequal, story
    lost = [kill.lost_seconds for kill in campaign.kills if kill.lost_seconds is not None]
    assert lost, story
    assert max(lost) < SECONDS + 2, f"a step and writing apart\n{story}"
    assert any(attempt.start for attempt in campaign.attempts), f"nothing went on from a checkpoint\n{story}"


def attempt(*lines: str, killed: str | None = None) -> Attempt:
    return Attempt(killed, [(float(second), line) for second, line in enumerate(lines)], 9.0)


def test_a_run_says_where_it_began_and_how_far_it_came() -> None:
    assert attempt("Running stage 'train':").start is None
    begun = attempt("train: backend peft", "train: step 10 of 30, loss 3.1", "train: step 20 of 30, loss 2.9")
    assert (begun.start, begun.reached, begun.is_past_the_last_step, begun.first_step_seconds()) == (0, 20, False, 1.0)
    resumed = attempt("train: resuming from step 20", "train: step 30 of 30, loss 2.5")
    assert (resumed.start, resumed.reached, resumed.is_past_the_last_step) == (20, 30, True)
    barely = attempt("train: resuming from step 20")
    assert (barely.start, barely.reached, barely.is_past_the_last_step) == (20, 20, False)
    assert attempt("train: step 29 of 30, loss 1.0", "train: 320 rows, 30 steps, 9 s").is_past_the_last_step


def test_a_training_that_ends_in_other_bytes_is_counted() -> None:
    campaign = Campaign(attempt("train: step 30 of 30, loss 2.5"))
    expected = dict.fromkeys(OUTCOME, "a")
    check(campaign, expected, dict(expected))
    check(campaign, expected, expected | {"metrics/loss.csv": "x"})
    assert campaign.unequal == ["metrics/loss.csv"]
    campaign.attempts += [attempt("train: step 10 of 30", killed=DVC_ALONE), attempt(killed=GROUP)]
    shown = " ".join(table(campaign).split())
    assert "kills 1 1 before the training could be seen 0 1 during the training 1 0" in shown
    assert "trainings that finished: 2, with other bytes than the undisturbed one: {'metrics/loss.csv': 1}" in shown


def test_a_process_that_outlives_its_shell_is_found_in_its_session(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'import time; time.sleep(30)' & echo $! > {tmp_path / 'pid'}"
    shell = subprocess.Popen(["sh", "-c", command], start_new_session=True)
    shell.wait()
    time.sleep(0.1)
    left = members(shell.pid)
    assert [process.pid for process in left] == [int((tmp_path / "pid").read_text())]
    left[0].kill()
    left[0].wait()
    assert members(shell.pid) == []
