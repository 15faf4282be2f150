"""Checkpoints are complete or absent, belong to one training, and survive kills, power losses and full disks."""

import errno
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import ROOT

from pagetune.errors import UserError
from pagetune.train import lock
from pagetune.train.checkpoints import COMPLETE, KEPT_DAYS, Store, open_store, run_key, state_folder, step_of


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.0)
    return tmp_path


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("key") as store:
        yield store


def writer(text: str = "weights") -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "adapter").mkdir()
        (folder / "adapter/model").write_text(text)
        (folder / "optimizer").write_text(text * 2)

    return write


def steps(store: Store) -> list[int]:
    return sorted(step_of(path) for path in store.folder.glob("step-*"))


def names(store: Store) -> set[str]:
    return {path.name for path in store.folder.iterdir()}


def breaks_off(folder: Path) -> None:
    (folder / "adapter").write_text("half")
    raise RuntimeError("the write broke off")


def test_the_newest_checkpoint_is_latest_and_older_ones_go_but_the_best(store: Store) -> None:
    assert store.latest() is None
    for step in (10, 20, 30, 40):
        saved = store.save(step, writer(), keep={20})
    assert store.latest() == saved == store.folder / "step-00000040"
    assert (saved / "adapter/model").read_text() == "weights"
    assert steps(store) == [20, 40]


def test_a_write_that_breaks_off_leaves_the_earlier_checkpoint_alone(store: Store) -> None:
    earlier = store.save(10, writer(), keep=set())
    with pytest.raises(RuntimeError, match="broke off"):
        store.save(20, breaks_off, keep=set())
    assert store.latest() == earlier
    assert names(store) == {"lock", "step-00000010"}


def test_a_step_that_is_saved_again_is_replaced(store: Store) -> None:
    store.save(10, writer("old"), keep=set())
    assert (store.save(10, writer("new"), keep=set()) / "optimizer").read_text() == "newnew"
    assert names(store) == {"lock", "step-00000010"}


@pytest.mark.parametrize(
    "damage",
    ["truncated", "emptied", "one bit", "missing", "more", "a folder", "no marker", "half a marker", "older marker"],
)
def test_a_checkpoint_that_is_not_whole_is_passed_over_aloud(
    store: Store, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier, newest = (store.save(step, writer(), keep={10}) for step in (10, 20))
    if damage == "truncated":
        (newest / "optimizer").write_text("w")
    elif damage == "emptied":
        (newest / "optimizer").write_bytes(b"")
    elif damage == "one bit":
        (newest / "optimizer").write_text("weightsweightr")
    elif damage == "a folder":
        (newest / "optimizer").unlink()
        (newest / "optimizer").mkdir()
    elif damage == "older marker":
        (newest / COMPLETE).write_text('{"adapter/model": 7, "optimizer": 14}')
    elif damage == "missing":
        (newest / "adapter/model").unlink()
    elif damage == "more":
        (newest / "other").touch()
    elif damage == "no marker":
        (newest / COMPLETE).unlink()
    else:
        (newest / COMPLETE).write_text('{"adapter/mod')
    assert store.latest() == earlier
    assert capsys.readouterr().out == f"train: {newest} is incomplete or damaged and is skipped\n"
    store.save(15, writer(), keep=set())
    assert steps(store) == [15], "the incomplete one goes with the next save"


def test_the_marker_lists_the_files_with_sizes_and_digests(store: Store) -> None:
    saved = store.save(10, writer(), keep=set())
    marker = json.loads((saved / COMPLETE).read_text())
    assert marker["sizes"] == {"adapter/model": 7, "optimizer": 14}
    assert marker["sha256"]["adapter/model"] == sha256(b"weights").hexdigest()


def test_damaged_weights_of_the_best_step_are_not_taken(store: Store) -> None:
    best = store.save(10, writer(), keep=set())
    assert store.whole(10) == best
    (best / "adapter/model").write_text("weightr")
    with pytest.raises(UserError, match=r"step-00000010.* is incomplete or damaged. Delete .*key and run `dvc repro`"):
        store.whole(10)


def finished(recorded: bool) -> Path | None:
    """Return where a finished training would start, with DVC having recorded it or not."""
    Path("dvc.lock").write_text("before")
    with open_store("key") as store:
        store.save(10, writer(), keep=set())
        store.finish()
    if recorded:
        Path("dvc.lock").write_text("after")
    with open_store("key") as store:
        return store.latest()


def test_a_training_that_is_done_but_not_yet_recorded_is_not_repeated() -> None:
    assert finished(recorded=False) == state_folder() / "key" / "step-00000010"


def test_a_training_that_dvc_has_recorded_starts_again_when_it_is_forced() -> None:
    assert finished(recorded=True) is None


def test_the_next_training_clears_up_after_one_that_is_done() -> None:
    with open_store("key") as store:
        store.save(10, writer(), keep=set())
        store.finish()
    for path in (state_folder() / "key", state_folder() / "key" / "lock"):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    with open_store("other"):
        assert [folder.name for folder in state_folder().iterdir()] == ["other"]


def test_what_a_killed_process_left_half_written_goes_when_its_store_is_opened() -> None:
    staging = state_folder() / "key" / ".step-00000020.part"
    staging.mkdir(parents=True)
    (staging / "adapter").write_text("half")
    with open_store("key") as store:
        assert names(store) == {"lock"}


HOLDER = """
import sys, time
from pagetune.train.checkpoints import open_store
with open_store("key") as store:
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """Start another process, which holds the store."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


#: What a child does, and how a holder starts one.
CHILD = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
CHILDREN = {
    "fork": f"import os\n    if not os.fork(): {CHILD}",
    "exec": f"import subprocess\n    subprocess.Popen([sys.executable, '-c', {CHILD!r}])",
}


@pytest.mark.parametrize("start", CHILDREN.values(), ids=CHILDREN)
def test_a_child_that_outlives_a_killed_training_does_not_hold_its_store(checkout: Path, start: str) -> None:
    """A data loader is a forked child, and it looks for its parent only every five seconds."""
    command = [sys.executable, "-c", HOLDER.replace("time.sleep", f"{start}\n    time.sleep")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        child = int(process.stdout.readline())
        process.kill()
        process.wait()
        try:
            os.kill(child, 0)  # it lives
            with open_store("key") as store:
                assert store.latest() is None
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_lock_file_that_was_removed_is_not_a_lock(checkout: Path) -> None:
    path = checkout / "lock"
    with lock.take_lock(path) as first:
        path.unlink()
        with lock.take_lock(path) as second:
            assert first.lock_file == second.lock_file
            assert lock.take_lock(path) is None


def test_a_second_training_of_the_same_settings_is_one_line(holder: subprocess.Popen[str]) -> None:
    with pytest.raises(UserError) as caught, open_store("key"):
        pass
    line = str(caught.value)
    assert f"another training with the same settings is running (process {holder.pid}, " in line
    assert str(state_folder() / "key") in line
    assert line.endswith("Wait for it or end it.")
    assert "\n" not in line
    with open_store("other") as other:
        assert other.latest() is None


def test_a_killed_process_no_longer_holds_its_store(
    holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 5.0)
    holder.kill()
    with open_store("key") as store:
        assert (store.folder / "lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_made_is_one_line(checkout: Path) -> None:
    (checkout / ".pagetune").write_text("a file")
    with pytest.raises(UserError, match=r"\.pagetune.* cannot hold checkpoints: Not a directory"), open_store("key"):
        pass


def make_old(key: str) -> Path:
    with open_store(key) as store:
        store.save(10, writer(), keep=set())
    long_ago = time.time() - (KEPT_DAYS + 1) * 86_400
    for path in (store.folder / "lock", store.folder):
        os.utime(path, (long_ago, long_ago))
    return store.folder


def test_a_store_that_nobody_came_back_to_goes_with_the_next_training() -> None:
    old = make_old("old")
    with open_store("recent") as recent:
        recent.save(10, writer(), keep=set())
    with open_store("key"):
        pass
    assert not old.exists()
    assert steps(recent) == [10]


def test_an_old_store_that_is_held_stays(holder: subprocess.Popen[str]) -> None:
    held = state_folder() / "key"
    (held / "step-00000010").mkdir()
    for path in (held / "lock", held):
        os.utime(path, (0, 0))
    with open_store("other"):
        pass
    assert (held / "step-00000010").exists()


def test_an_old_store_is_resumed_when_one_comes_back_to_it() -> None:
    make_old("key")
    with open_store("key") as store:
        assert store.latest() == store.folder / "step-00000010"


FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    RuntimeError("[enforce fail at inline_container.cc:626] . unexpected pos 1024 vs 918"),
    RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed"),
    ValueError("Error while serializing: I/O error: No space left on device (os error 28)"),
]


@pytest.mark.parametrize("error", FULL, ids=lambda error: str(error)[-24:])
def test_a_full_disk_is_one_line_and_keeps_what_was_there(store: Store, error: Exception) -> None:
    def write(folder: Path) -> None:
        (folder / "optimizer").write_bytes(bytes(3 * 2**20))
        raise error

    with pytest.raises(UserError, match="there is no earlier checkpoint"):
        store.save(10, write, keep=set())
    earlier = store.save(20, writer(), keep=set())
    with pytest.raises(UserError) as caught:
        store.save(30, write, keep=set())
    line = str(caught.value)
    assert line.startswith(f"the disk is full: {store.folder} took 3.0 MiB of the checkpoint of step 30 and has ")
    assert line.endswith("MiB free; the checkpoint of step 20 is kept. Free some space and run dvc repro again.")
    assert "\n" not in line
    assert store.latest() == earlier
    assert names(store) == {"lock", "step-00000020"}


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Mount a file system of 24 MiB, where the tests may do so."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    monkeypatch.chdir(folder)
    yield folder
    monkeypatch.chdir(tmp_path)
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("library", ["torch", "safetensors", "python"])
def test_a_disk_that_is_really_full_is_one_line_whoever_writes(small_disk: Path, library: str) -> None:
    import torch
    from safetensors.torch import save_file

    def write(folder: Path, mib: int) -> None:
        tensors = {"a": torch.zeros(mib, 2**18)}
        if library == "torch":
            torch.save(tensors, folder / "optimizer.pt")
        elif library == "safetensors":
            save_file(tensors, folder / "adapter_model.safetensors")
        else:
            (folder / "optimizer").write_bytes(bytes(mib * 2**20))

    with open_store("key") as store:
        earlier = store.save(10, lambda folder: write(folder, 4), keep=set())
        with pytest.raises(UserError, match=r"the disk is full: .* step 20 .* step 10 is kept"):
            store.save(20, lambda folder: write(folder, 40), keep=set())
        gc.collect()  # the error still refers to torch's writer, which keeps its file open
        assert store.latest() == earlier
        later = store.save(30, lambda folder: write(folder, 4), keep=set())
        assert steps(store) == [30]
        assert store.latest() == later


def test_an_experiment_of_the_queue_keeps_its_checkpoints_at_the_main_checkout(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = state_folder()
    assert main == checkout / ".pagetune/checkpoints"
    for inside in (".dvc/tmp/exps/tmpab12", ".dvc/tmp/exps/standalone/tmpcd34/stages"):
        (checkout / inside).mkdir(parents=True)
        monkeypatch.chdir(checkout / inside)
        assert state_folder() == main


def test_git_passes_the_checkpoints_over() -> None:
    ignored = ["git", "check-ignore", "-q", ".pagetune/checkpoints/0123456789abcdef/lock"]
    assert subprocess.run(ignored, cwd=ROOT, check=False).returncode == 0


def test_the_key_does_not_follow_the_order_of_the_settings_nor_the_place_of_the_files(checkout: Path) -> None:
    keys = []
    for number, parts in enumerate(
        ({"lora": {"r": 8, "alpha": 16}, "seed": 1}, {"seed": 1, "lora": {"alpha": 16, "r": 8}})
    ):
        base = checkout / str(number) / "base"
        base.mkdir(parents=True)
        for name in ("b", "a") if number else ("a", "b"):
            (base / name).write_text(name)
        (base.parent / "train.jsonl").write_text("row")
        keys.append(run_key(parts, [base, base.parent / "train.jsonl"]))
    assert keys[0] == keys[1]
    assert len(keys[0]) == 16
    assert int(keys[0], 16) >= 0


@pytest.mark.parametrize("name", ["base/a", "train.jsonl"])
def test_the_key_follows_each_byte_of_the_files(checkout: Path, name: str) -> None:
    (checkout / "base").mkdir()
    (checkout / "base/a").write_text("weights")
    (checkout / "train.jsonl").write_text("a row\n")
    files = [checkout / "base", checkout / "train.jsonl"]
    before = run_key({"seed": 1}, files)
    assert run_key({"seed": 2}, files) != before
    with (checkout / name).open("r+b") as file:
        file.write(b"W")
    assert run_key({"seed": 1}, files) != before


def test_the_key_takes_a_huge_file_by_its_size_and_time(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pagetune.train.checkpoints.HASHED_BYTES", 4)
    path = checkout / "model.safetensors"
    path.write_text("weights")
    before = run_key({}, [path])
    assert run_key({}, [path]) == before
    os.utime(path, (0, 0))
    assert run_key({}, [path]) != before
