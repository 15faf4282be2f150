"""How far a stage is: lines for a log, a bar for a terminal."""

import sys

import pytest

from pagetune import progress
from pagetune.progress import Progress, StatusLine


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def work(clock: list[float], total: int, seconds: float) -> None:
    with Progress("predict", total, "question") as shown:
        for _ in range(total):
            clock[0] += seconds
            shown.advance(note="loss 0.50")


def test_a_log_gets_a_line_every_ten_seconds_with_the_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    work(clock, total=10, seconds=4)
    assert capsys.readouterr().out.splitlines() == [
        "predict: 3 of 10 questions, loss 0.50, 28 s left",
        "predict: 6 of 10 questions, loss 0.50, 16 s left",
        "predict: 9 of 10 questions, loss 0.50, 4 s left",
    ]


def test_what_takes_less_than_ten_seconds_and_a_single_thing_need_no_line(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    work(clock, total=5, seconds=1)
    work(clock, total=1, seconds=60)
    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_bar(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    work(clock, total=4, seconds=1)
    said = capsys.readouterr()
    assert said.out == ""
    assert "predict: 100%" in said.err
    assert "loss 0.50" in said.err


def test_a_line_without_a_known_end_comes_every_ten_seconds_in_a_log(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    line = StatusLine("build_qa")
    for second in range(1, 25):
        clock[0] = float(second)
        line.show(f"{second} replies")
    line.close()
    assert capsys.readouterr().err.splitlines() == ["build_qa: 10 replies", "build_qa: 20 replies"]


def test_a_terminal_gets_one_line_that_is_rewritten_cut_to_its_width_and_removed(
    clock: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "24")
    line = StatusLine("build_qa")
    line.show("1 of about 9 replies, 40 s left")
    line.show("2 replies")
    line.say("something to keep")
    line.close()
    said = capsys.readouterr().err
    assert said == ("\rbuild_qa: 1 of about 9 \x1b[K\rbuild_qa: 2 replies\x1b[K\r\x1b[Kbuild_qa: something to keep\n")
