"""When a checkpoint is due, and that it holds the moment at which it was taken."""

import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from pagetune.errors import UserError
from pagetune.train import checkpoint_writer
from pagetune.train.checkpoint_writer import CheckpointWriter, copy_to_memory, files_in_memory, snapshot


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until a test moves it."""
    now = [0.0]
    monkeypatch.setattr(checkpoint_writer.time, "monotonic", lambda: now[0])
    return now


def test_the_first_checkpoint_is_due_after_a_tenth_of_the_time_and_the_others_after_all_of_it(
    clock: list[float],
) -> None:
    writer, due = CheckpointWriter(minutes=10), []
    for second in range(0, 3600, 10):
        clock[0] = second
        if writer.is_due():
            due.append(second)
            writer.write(lambda: None, in_background=True)
            writer.wait()
    assert due == [60, 660, 1260, 1860, 2460, 3060]


def test_with_no_minutes_a_checkpoint_is_due_after_each_step() -> None:
    writer = CheckpointWriter(minutes=0)
    for _ in range(3):
        assert writer.is_due()
        writer.write(lambda: None, in_background=False)


def test_the_training_goes_on_while_a_checkpoint_is_written_and_none_is_due_meanwhile() -> None:
    writer, may_end, ended = CheckpointWriter(minutes=0), threading.Event(), []
    writer.write(lambda: (may_end.wait(10), ended.append(1)), in_background=True)
    assert not writer.is_due()
    assert not ended
    may_end.set()
    writer.wait()
    assert ended
    assert writer.is_due()


def test_a_full_disk_in_the_background_stops_the_training_at_its_next_step() -> None:
    def fill_up() -> None:
        raise UserError("the disk is full")

    writer = CheckpointWriter(minutes=0)
    writer.write(fill_up, in_background=True)
    writer.settle()
    with pytest.raises(UserError, match="the disk is full"):
        writer.is_due()


def test_checkpoints_that_take_long_come_less_often_and_a_line_says_so(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    writer = CheckpointWriter(minutes=2)
    writer.write(lambda: clock.__setitem__(0, clock[0] + 12), in_background=False)
    assert capsys.readouterr().out == "train: a checkpoint takes 12 s, so the next ones are 10 minutes apart\n"
    clock[0] += 599
    assert not writer.is_due()
    clock[0] += 1
    assert writer.is_due()


def test_a_copied_checkpoint_holds_the_weights_of_its_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, state = {"a": torch.ones(3)}, {"state": {0: {"step": torch.tensor(1.0)}}, "groups": [{"lr": 0.1}]}
    tensors = {"adapter.safetensors": weights, "optimizer.pt": state}
    small = files_in_memory(lambda folder: Path(folder / "state.json").write_text("{}"))
    write, copied = snapshot(small, tensors)
    monkeypatch.setattr(checkpoint_writer, "fits_into_memory", lambda _: False)
    write_later, uncopied = snapshot(small, tensors)
    assert (copied, uncopied) == (True, False)
    weights["a"].zero_()
    for name, made, expected in (("then", write, 1.0), ("now", write_later, 0.0)):
        (tmp_path / name).mkdir()
        made(tmp_path / name)
        assert load_file(tmp_path / name / "adapter.safetensors")["a"].tolist() == [expected] * 3
        assert torch.load(tmp_path / name / "optimizer.pt", weights_only=True) == state
        assert (tmp_path / name / "state.json").read_text() == "{}"


@given(
    st.recursive(
        st.integers() | st.text() | st.none() | st.just(torch.arange(4.0)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_copy_equals_what_was_copied(value: object) -> None:
    assert str(copy_to_memory(value)) == str(value)
