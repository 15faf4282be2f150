"""`pagetune init` writes a project over nothing that is there; `init --update` adapts it and loses nothing."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, run
from ruamel.yaml import YAML

from pagetune.commands import library, project
from pagetune.commands.init import init
from pagetune.commands.project import hash_of, library_hashes, project_files
from pagetune.commands.update import merge_params, update
from pagetune.errors import UserError
from pagetune.failures import explain
from pagetune.params import load_params

PIPELINES = ["dvc.yaml", "export/dvc.yaml"]


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    init(tmp_path / "demo", empty=True)
    return tmp_path / "demo"


def stages_of(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)["stages"]


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def message(action: Any, *arguments: Any) -> str:
    with pytest.raises(UserError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# A new project.


@pytest.mark.parametrize("name", PIPELINES)
def test_a_stage_of_a_project_depends_on_what_the_same_stage_of_a_clone_depends_on(name: str) -> None:
    """A key of library.json stands for each module, and each of them has a hash."""
    clone, adapted = stages_of((ROOT / name).read_text(encoding="utf-8")), stages_of(project_files()[name])
    adapted.pop("library", None)
    assert list(adapted) == list(clone)
    for stage, entry in clone.items():
        (parts,) = [param["library.json"] for param in adapted[stage]["params"] if isinstance(param, dict)]
        modules = [dep for dep in entry["deps"] if dep.startswith("pagetune/")]
        assert parts == [module.removeprefix("pagetune/").removesuffix(".py").replace(".", "_") for module in modules]
        assert set(parts) <= set(library_hashes())
        assert [*adapted[stage]["deps"], *modules] == sorted([*entry["deps"]], key=modules.__contains__)
        assert [param for param in adapted[stage]["params"] if isinstance(param, str)] == entry.get("params", [])
        assert {key: adapted[stage][key] for key in entry if key not in ("deps", "params")} == {
            key: entry[key] for key in entry if key not in ("deps", "params")
        }


def test_a_project_has_the_samples_and_an_empty_one_no_trace_of_them(tmp_path: Path, demo: Path) -> None:
    init(tmp_path / "samples", empty=False)
    names = {path.name for path in (tmp_path / "samples/data/raw").iterdir()}
    assert names == {path.with_suffix(".pdf").name for path in (ROOT / "samples").glob("*.txt")}
    assert [path.name for path in (demo / "data/raw").iterdir()] == [".gitkeep"]
    sets = {path.name for path in (tmp_path / "samples/data/questions").iterdir()}
    assert sets == {path.name for path in (ROOT / "data/questions").iterdir()}
    assert {path.name for path in (demo / "data/questions").iterdir()} == {"README.md", "retention.jsonl"}
    assert load_params(tmp_path / "samples/params.yaml").curate.recall_questions
    assert load_params(demo / "params.yaml").curate.recall_questions == []


def test_a_project_has_everything_that_no_stage_writes(tmp_path: Path) -> None:
    """What a stage reads is in the project from the start, with the samples or without, or another stage writes it."""
    stages = [stage for name in PIPELINES for stage in stages_of(project_files()[name]).values()]
    entries = [entry for stage in stages for kind in ("outs", "metrics") for entry in stage.get(kind, [])]
    outs = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]
    for empty in (False, True):
        folder = tmp_path / str(empty)
        init(folder, empty)
        for dep in (dep for stage in stages for dep in stage.get("deps", [])):
            assert (folder / dep).exists() or any(dep == out or dep.startswith(f"{out}/") for out in outs), dep


def test_git_ignores_nothing_that_a_project_consists_of(tmp_path: Path) -> None:
    init(tmp_path, empty=False)
    listed = run(tmp_path, "git", "ls-files", "-co", "--exclude-standard").stdout.splitlines()
    assert set(listed) == set(content(tmp_path))


def test_a_repository_that_is_there_stays_the_only_one(tmp_path: Path) -> None:
    run(tmp_path, "git", "init", "-q")
    init(tmp_path / "inside", empty=True)
    assert not (tmp_path / "inside/.git").exists()


def test_a_file_that_is_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("mine", encoding="utf-8")
    assert message(init, tmp_path, False).startswith(f"init: {tmp_path} already holds params.yaml, and nothing")
    assert content(tmp_path) == {"params.yaml": b"mine"}


def test_other_files_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    init(tmp_path, empty=False)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_project_is_told_from_a_folder(demo: Path) -> None:
    assert "`pagetune init --update` adapts it" in message(init, demo, False)


def test_a_file_in_the_place_of_the_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    assert message(init, tmp_path / "demo", False).startswith(f"init: {tmp_path / 'demo'} is a file.")
    with pytest.raises(OSError, match="Not a directory") as caught:
        init(tmp_path / "demo" / "inside", False)
    assert explain(caught.value) == f"{tmp_path / 'demo'} is a file, and a folder is needed there. Move it away."


def test_what_was_written_goes_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path, files: dict[str, str]) -> None:
        raise OSError(28, "No space left on device", str(folder / "pagetune.lock"))

    monkeypatch.setattr("pagetune.commands.init.write_lock", full)
    with pytest.raises(OSError, match="No space left on device"):
        init(tmp_path / "demo", True)
    assert content(tmp_path) == {}


# Another version of the library.


def as_if_written_by(folder: Path, version: str, older: dict[str, str]) -> None:
    """Make the project one that an older version wrote, with these texts in place of today's."""
    lock = json.loads((folder / "pagetune.lock").read_text(encoding="utf-8"))
    lock["version"] = version
    for name, text in older.items():
        (folder / name).write_text(text, encoding="utf-8")
        lock["files"][name] = hash_of(text.encode())
    (folder / "pagetune.lock").write_text(json.dumps(lock), encoding="utf-8")


def test_an_update_without_changes_writes_nothing_else(demo: Path) -> None:
    before = content(demo)
    assert len(update(demo)) == 1
    assert content(demo) == before


def test_a_file_that_nobody_changed_is_replaced_and_one_of_the_users_stays(demo: Path) -> None:
    as_if_written_by(demo, "0.0.9", {"stages/train.py": "# old\n", "stages/report.py": "# old\n"})
    (demo / "stages/report.py").write_text("# mine\n", encoding="utf-8")
    (demo / "stages/extract.py").write_text("# mine too\n", encoding="utf-8")
    lines = "\n".join(update(demo))
    assert "0.0.9 -> " in lines
    new = project_files()
    assert (demo / "stages/train.py").read_text(encoding="utf-8") == new["stages/train.py"]
    assert (demo / "stages/report.py").read_text(encoding="utf-8") == "# mine\n"
    assert (demo / "stages/report.py.new").read_text(encoding="utf-8") == new["stages/report.py"]
    # The new version did not change this one.
    assert (demo / "stages/extract.py").read_text(encoding="utf-8") == "# mine too\n"
    assert not (demo / "stages/extract.py.new").exists()
    assert "stages/train.py is replaced" in lines
    assert "stages/report.py was changed by you and stays" in lines


def test_a_file_that_is_new_or_gone_is_named(demo: Path) -> None:
    as_if_written_by(demo, "0.0.9", {"presets/old.yaml": "seed: 1\n", "presets/mine.yaml": "seed: 1\n"})
    (demo / "presets/mine.yaml").write_text("seed: 2\n", encoding="utf-8")
    lock = json.loads((demo / "pagetune.lock").read_text(encoding="utf-8"))
    del lock["files"]["presets/fast.yaml"]
    (demo / "pagetune.lock").write_text(json.dumps(lock), encoding="utf-8")
    (demo / "presets/fast.yaml").unlink()
    lines = update(demo)
    assert {"init: presets/old.yaml is removed", "init: presets/fast.yaml is new"} <= set(lines)
    assert any(line.startswith("init: presets/mine.yaml is not part of pagetune any more; it stays") for line in lines)
    assert not (demo / "presets/old.yaml").exists()
    assert (demo / "presets/mine.yaml").exists()


@pytest.mark.parametrize("written", ["'someone/model'", '"someone/model"', "someone/model"])
def test_a_users_value_is_written_as_dvc_writes_it(demo: Path, written: str) -> None:
    text = (demo / "params.yaml").read_text(encoding="utf-8").replace("  base: builtin\n", f"  base: {written}\n")
    older = text.replace("  min_characters: ", "  retired: ")
    as_if_written_by(demo, "0.0.9", {"params.yaml": older})
    update(demo)
    assert "  base: someone/model\n" in (demo / "params.yaml").read_text(encoding="utf-8")


def test_params_keep_the_users_values_and_get_the_new_keys(demo: Path) -> None:
    text = (demo / "params.yaml").read_text(encoding="utf-8")
    older = re.sub(r"(?m)^  min_characters: .*\n", "  retired: 3\n", text)
    assert older != text
    as_if_written_by(demo, "0.0.9", {"params.yaml": older})
    edit_params(demo, {"lora.r": 4, "lora.rank_pattern": {"q_proj": 2}, "model.base": "someone/model"})
    lines = update(demo)
    params = load_params(demo / "params.yaml")
    assert (params.lora.r, params.lora.rank_pattern, params.model.base) == (4, {"q_proj": 2}, "someone/model")
    assert params.curate.recall_questions == []
    shipped = load_params(ROOT / "params.yaml").extract.min_characters
    assert params.extract.min_characters == shipped
    assert f"init: params.yaml has the new key extract.min_characters: {shipped}" in lines
    assert "init: params.yaml has no key extract.retired any more, yours was 3" in lines


@pytest.mark.parametrize(
    ("shipped", "own"),
    [
        ("\n  - 주소?", " []"),
        ("\n  - 주소?", " [하나?, 둘?]"),
        ("\n  - 주소?", "\n  - 하나?\n  - 둘?"),
        ("\n  - 주소?", "\n  - 하나?\n  # mine\n  - 둘?  # mine"),
        (" []", "\n  - 하나?\n  - 둘?"),
        (" []", "  # mine\n  - 하나?\n"),
        (" []  # A list.", "\n  - 하나?\n  - 둘?"),
        (" {}", "\n    q_proj: 1\n    v_proj:\n    - 2"),
        ("\n    q_proj: 1", " {}"),
        ("\n  - 주소?", "\n  - [하나?, 둘?]\n  - []"),
        ("\n  - 주소?", "\n  - a: {하나: 1}"),
        (' ""', " |\n    하나\n    # 둘"),
        (' ""', " >-\n    하나\n    둘"),
    ],
)
def test_the_comment_behind_a_value_stays_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: str, own: str
) -> None:
    monkeypatch.setattr("pagetune.commands.update._check", lambda text: None)
    texts = [f"a:\n  b:{value}\n  # The next key.\n  c: 1\n\n# The end.\nd: 2\n" for value in (shipped, own)]
    last = [f"a:\n  b:{value}\n\n# The next key.\nd: 2 # The end.\n" for value in (shipped, own)]
    yaml = YAML(typ="safe", pure=True)
    for template, mine in (texts, last):
        (tmp_path / "params.yaml").write_text(mine, encoding="utf-8")
        merged, _ = merge_params(tmp_path / "params.yaml", template)
        assert yaml.load(merged) == yaml.load(mine)
        for comment in re.findall("# [A-Z].*", template):
            assert merged.count(comment) == 1, merged
        assert "# mine" not in merged
        lines = merged.splitlines()
        (place,) = [number for number, line in enumerate(lines) if "# The next key." in line]
        assert lines[place + 1].lstrip().startswith(("c:", "d:")), merged


def test_the_users_own_comments_are_in_the_old_file(demo: Path) -> None:
    text = (demo / "params.yaml").read_text(encoding="utf-8")
    as_if_written_by(demo, "0.0.9", {"params.yaml": text + "# old\n"})
    mine = text.replace("seed: 42", "# my own note\nseed: 43  # why")
    (demo / "params.yaml").write_text(mine, encoding="utf-8")
    lines = update(demo)
    assert load_params(demo / "params.yaml").seed == 43
    assert (demo / "params.yaml.old").read_text(encoding="utf-8") == mine
    assert any(line.startswith("init: params.yaml.old is your old params.yaml, with your own") for line in lines)


def test_settings_that_nobody_changed_leave_no_old_file(demo: Path) -> None:
    text = (demo / "params.yaml").read_text(encoding="utf-8")
    as_if_written_by(demo, "0.0.9", {"params.yaml": text + "# old\n"})
    update(demo)
    assert not (demo / "params.yaml.old").exists()


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "words\n"])
def test_a_file_without_settings_stops_the_update(demo: Path, text: str) -> None:
    as_if_written_by(demo, "0.0.9", {"params.yaml": "seed: 1\n", "stages/train.py": "# old\n"})
    (demo / "params.yaml").write_text(text, encoding="utf-8")
    before = content(demo)
    assert "params.yaml holds no settings. Restore it" in message(update, demo)
    assert content(demo) == before


@pytest.mark.parametrize(
    "name", ["stages/extract.py", "stages/report.py.new", "params.yaml", "params.yaml.old", "pagetune.lock"]
)
def test_a_folder_in_the_place_of_a_file_stops_the_update(demo: Path, name: str) -> None:
    as_if_written_by(demo, "0.0.9", {"stages/extract.py": "# old\n", "dvc.yaml": "# old\n"})
    (demo / name).unlink(missing_ok=True)
    (demo / name).mkdir()
    before = content(demo)
    assert message(update, demo) == f"init: {demo / name} is a folder, and a file is written there. Move it away."
    assert content(demo) == before


def test_a_file_in_the_place_of_a_folder_stops_the_update(demo: Path) -> None:
    as_if_written_by(demo, "0.0.9", {"dvc.yaml": "# old\n"})
    shutil.rmtree(demo / "presets")
    (demo / "presets").touch()
    before = content(demo)
    assert f"{demo / 'presets'} is a file, and files are written below it" in message(update, demo)
    assert content(demo) == before


def test_a_folder_in_the_place_of_a_file_that_is_gone_stays(demo: Path) -> None:
    as_if_written_by(demo, "0.0.9", {"presets/old.yaml": "seed: 1\n"})
    (demo / "presets/old.yaml").unlink()
    (demo / "presets/old.yaml").mkdir()
    assert any("presets/old.yaml is not part of pagetune any more; it stays" in line for line in update(demo))


def test_a_value_that_the_new_version_refuses_stops_the_update(demo: Path) -> None:
    text = (demo / "params.yaml").read_text(encoding="utf-8")
    as_if_written_by(demo, "0.0.9", {"params.yaml": text + "# old\n", "stages/train.py": "# old\n"})
    edit_params(demo, {"lora.r": -1})
    before = content(demo)
    said = message(update, demo)
    assert said.startswith("params.yaml: lora.r: ")
    assert "-1" in said
    assert content(demo) == before


def test_an_update_of_a_folder_without_a_project_says_how_to_make_one(tmp_path: Path) -> None:
    assert "`pagetune init FOLDER` writes one" in message(update, tmp_path)


def test_a_lock_with_a_conflict_of_git_can_be_written_again(demo: Path) -> None:
    (demo / "pagetune.lock").write_text("<<<<<<< HEAD\n", encoding="utf-8")
    assert "Delete it and run `pagetune init --update`" in message(update, demo)
    (demo / "pagetune.lock").unlink()
    before = content(demo)
    assert [line.split(" ")[1] for line in update(demo)] == ["pagetune", "params.yaml"]
    assert content(demo).keys() - before.keys() == {"pagetune.lock"}


# The stage `library`.


def test_the_stage_stops_where_another_version_wrote_the_project(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo)
    library.check_project()
    as_if_written_by(demo, "0.0.9", {"stages/train.py": "# old\n"})
    assert "another version (0.0.9) for stages/train.py of this project" in message(library.check_project)
    update(Path())
    library.check_project()


def test_a_users_own_changes_do_not_stop_the_stage(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo)
    (demo / "stages/train.py").write_text("# mine\n", encoding="utf-8")
    edit_params(demo, {"lora.r": 4})
    library.check_project()


def test_the_stage_asks_for_a_first_commit(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo)
    assert message(library.check_commit).startswith("nothing is committed here yet.")
    subprocess.run(["git", "add", "."], check=True)
    who = ["-c", "user.name=A Tester", "-c", "user.email=tester@example.com"]
    subprocess.run(["git", *who, "commit", "-qm", "Start"], check=True)
    library.check_commit()


def test_a_hash_changes_with_any_file_of_its_part_and_with_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(ROOT / "pagetune", tmp_path / "pagetune", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(project, "PACKAGE", package)
    before = library_hashes()
    (package / "report/__pycache__").mkdir()
    (package / "report/__pycache__/page.pyc").touch()
    assert library_hashes() == before
    (package / "report/page.css").write_text("changed", encoding="utf-8")
    after = library_hashes()
    assert {part for part in before if before[part] != after[part]} == {"report"}
