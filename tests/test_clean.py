"""What pagetune keeps beside DVC: nothing damaged is believed, and one command empties it."""

import os
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pagetune.__main__ import app
from pagetune.commands.clean import caches, clean
from pagetune.errors import UserError
from pagetune.llm import cache
from pagetune.llm.cache import Reply
from pagetune.train import lock
from pagetune.train.checkpoints import open_store

KEY, OTHER = "a" * 64, "b" * 64
REPLY = Reply(text="서울", input_tokens=10, output_tokens=5)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "replies"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.0)
    return tmp_path


def kept(key: str = KEY) -> Path:
    assert cache.store(key, REPLY) is None
    return cache.cache_folder() / key[:2] / f"{key}.json"


def flip_a_bit(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace("서울".encode(), "서욹".encode()))


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "emptied": lambda path: path.write_bytes(b""),
    "one bit": flip_a_bit,
    "other bytes": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "another request's": lambda path: path.write_bytes(kept(OTHER).read_bytes()),
    "an older version's": lambda path: path.write_text(REPLY.model_dump_json(), encoding="utf-8"),
    "a newer version's": lambda path: path.write_text(path.read_text("utf-8").replace('"version":2', '"version":3')),
    "deep": lambda path: path.write_text("[" * 100_000),
    "a folder": replace_by_folder,
    "a pipe": replace_by_pipe,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_reply_that_is_not_as_it_was_written_counts_as_none(damage: str) -> None:
    path = kept()
    assert cache.load(KEY) == REPLY
    DAMAGES[damage](path)
    assert cache.load(KEY) is None


@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "a folder"])
def test_a_damaged_reply_is_replaced_by_the_next(damage: str) -> None:
    DAMAGES[damage](kept())
    kept()
    assert cache.load(KEY) == REPLY


def test_a_folder_that_cannot_be_written_is_named_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_by_folder(kept())
    problem = cache.store(KEY, REPLY)
    assert problem
    assert "Is a directory" in problem
    monkeypatch.setenv("PAGETUNE_CACHE", "/dev/null/x")
    assert cache.load(KEY) is None
    assert "Not a directory" in str(cache.store(KEY, REPLY))


def write_often(key: str) -> None:
    for _ in range(50):
        cache.store(key, REPLY)


def test_two_processes_may_keep_the_same_reply_at_once() -> None:
    writers = [get_context("fork").Process(target=write_often, args=(KEY,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    seen = [cache.load(KEY) for _ in range(50)]
    for writer in writers:
        writer.join()
    assert all(reply in (None, REPLY) for reply in seen)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert cache.load(KEY) == REPLY
    assert not list(cache.cache_folder().rglob("*.part"))


def fill(folder: Path) -> list[Path]:
    """Fill each cache, and return files that belong to none: a stranger's, data, DVC's cache, TensorBoard's curves."""
    kept().with_name(f".{KEY}.json.123.part").write_text("half")
    with open_store("training") as store:
        store.save(10, lambda step: (step / "adapter").write_text("weights") and None, keep=set())
    Path("unsloth_compiled_cache").mkdir()
    Path("unsloth_compiled_cache/kernel.py").write_text("x = 1\n")
    stay = [folder / "replies/aa/mine.txt", Path("data/qa.jsonl"), Path(".dvc/cache/x"), Path(".pagetune/runs/r")]
    for path in stay:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    return stay


def files(folder: Path) -> set[Path]:
    return {path.resolve() for path in folder.rglob("*") if path.is_file()}


def test_clean_lists_each_cache_with_its_place_and_price_and_then_empties_it(folder: Path) -> None:
    stay = fill(folder)
    done = CliRunner().invoke(app, ["clean", "--cache", "--yes"])
    assert done.exit_code == 0
    for part in ("replies of language models", "paid for, again", str(folder / "replies"), ".pagetune/checkpoints"):
        assert part in done.output
    assert "clean: freed 0.0 MiB" in done.output
    assert files(folder) == {path.resolve() for path in stay}


def test_a_dry_run_removes_nothing(folder: Path) -> None:
    fill(folder)
    before = files(folder)
    assert CliRunner().invoke(app, ["clean", "--cache", "--dry-run", "--yes"]).exit_code == 0
    assert files(folder) == before


@pytest.mark.parametrize("arguments", [["--cache"], ["--yes"]])
def test_nothing_is_removed_without_a_yes_and_without_a_name(folder: Path, arguments: list[str]) -> None:
    fill(folder)
    before = files(folder)
    done = CliRunner().invoke(app, ["clean", *arguments])
    assert isinstance(done.exception, UserError)
    assert files(folder) == before


def test_a_training_that_is_running_keeps_its_checkpoints(folder: Path) -> None:
    fill(folder)
    with open_store("training") as store:
        lines = clean(caches())
        assert store.latest() is not None
    assert any("checkpoints/training is in use and stays" in line for line in lines)


def test_a_link_is_not_followed(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere/file.py").touch()
    Path("unsloth_compiled_cache").symlink_to(folder / "elsewhere")
    clean(caches())
    assert (folder / "elsewhere/file.py").exists()


def test_what_cannot_be_removed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UserError, match=rf"clean: {path} \(Permission denied\) cannot be removed"):
        clean(caches())
