"""What a stage writes is read whole, or refused in one line."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from pagetune.errors import UserError
from pagetune.jsonl import read_records, read_table, write_records, write_text
from pagetune.records import SilentPage

ROW = SilentPage(doc_id="안내", page_number=1, characters=200, why="table")


def test_records_come_back_and_none_are_none(tmp_path: Path) -> None:
    for rows in ([], [ROW], [ROW, ROW]):
        write_records(tmp_path / "rows.jsonl", rows)
        assert read_records(tmp_path / "rows.jsonl", SilentPage) == rows


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (0.0, "rows.jsonl is empty: not even a line break is left"),
        (0.4, "rows.jsonl:1 is cut off"),
        (0.99, ":2 is cut"),
    ],
)
def test_rows_that_are_cut_off_are_refused(tmp_path: Path, kept: float, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    write_records(path, [ROW, ROW])
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(UserError, match=said):
        read_records(path, SilentPage)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "table.csv is empty"),
        ("step,loss\n1,2.5\n2,2", "table.csv:3 is cut off"),
        ("step,loss\n1,2.5\n22.0\n", "row 2 has other cells than the header"),
        ("step,loss\n1,2,5\n", "row 1 has other cells than the header"),
        ('step,loss\n1,"2.5\n', "is not CSV"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        read_table(tmp_path / "table.csv")


def test_a_table_without_rows_is_empty(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("\n", encoding="utf-8")
    assert read_table(tmp_path / "table.csv") == []


def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    ended, parent = subprocess.Popen(["true"]), psutil.Process(os.getppid())
    ended.wait()
    start = round(parent.create_time())
    dead, living = (tmp_path / f".a[1].txt.{pid}.{start}.part" for pid in (ended.pid, parent.pid))
    others = tmp_path / f".b.txt.{ended.pid}.{start}.part"
    for part in (dead, living, others):
        part.touch()
    write_text(tmp_path / "a[1].txt", "whole")
    assert not dead.exists()
    assert living.exists()
    assert others.exists()


def test_what_a_killed_writer_left_is_removed_where_another_process_has_its_pid(tmp_path: Path) -> None:
    earlier = round(psutil.Process().create_time()) - 5
    (tmp_path / f".a.txt.{os.getpid()}.{earlier}.part").touch()
    write_text(tmp_path / "a.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
