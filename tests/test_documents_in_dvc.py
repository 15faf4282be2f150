"""Own documents that DVC keeps in place of Git: the commands of docs/team.md, in a clone and in a new project."""

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, clone, commit, run

from pagetune.commands.init import init

PARKING = "# 주차 안내\n\n방문 차량은 두 시간까지 무료로 주차할 수 있습니다.\n"
PAGE = (ROOT / "docs/team.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    """Return the commands of the section, block by block."""
    section = re.split(r"^## Documents in DVC$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]
    return [
        "\n".join(line.split(" # ")[0].strip() for line in block.splitlines())
        for block in re.findall(r"(?:^    .+\n)+", section, flags=re.MULTILINE)
    ]


def bash(folder: Path, script: str) -> str:
    """Run a script and return what it printed; a project finds the library as if it were installed."""
    return run(folder, "env", f"PYTHONPATH={ROOT}", "bash", "-euo", "pipefail", "-c", script).stdout


def make(folder: Path, kind: str) -> Path:
    """Make a clone or a new project, with a remote beside it."""
    folder.mkdir()
    if kind == "clone":
        clone(folder)
    else:
        init(folder, empty=True)
        run(folder, "git", "config", "user.name", "A Tester")
        run(folder, "git", "config", "user.email", "tester@example.com")
        commit(folder)
    run(folder, "dvc", "remote", "add", "-q", "-d", "storage", str(folder.parent / "share"))
    commit(folder)
    return folder


@pytest.mark.parametrize("kind", ["clone", "an empty project"])
def test_the_documents_move_from_git_to_dvc(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = make(tmp_path / "mine", kind)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/주차 안내.md").write_text(PARKING, encoding="utf-8")
    move, pull = blocks()
    assert "extract: 1 files, 1 pages: 1 ok" in bash(folder, move.replace("dvc repro", "dvc repro extract"))
    assert run(folder, "git", "ls-files", "data/raw").stdout == ""
    (folder / "data/raw/신청.txt").write_text("신청은 홈페이지에서 합니다. 수수료는 없습니다.\n", encoding="utf-8")
    assert "extract: 2 files" in bash(folder, "dvc repro extract")
    commit(folder)
    assert run(folder, "git", "show", "--stat", "--oneline", "HEAD").stdout.count("data/raw.dvc") == 1
    assert "extract" not in json.loads(run(folder, "dvc", "status", "--json").stdout)
    tried = bash(folder, "dvc exp run --temp -S extract.min_characters=3 extract")
    assert "extract: 2 files" in tried
    run(folder, "dvc", "push", "data/raw.dvc", "extract")
    run(tmp_path, "git", "clone", "-q", str(folder), "yours")
    bash(tmp_path / "yours", pull.replace("dvc.yaml", "extract"))
    names = {path.name for path in (tmp_path / "yours/data/raw").iterdir()}
    assert names == {"주차 안내.md", "신청.txt"}
    assert "Running stage 'extract'" not in bash(tmp_path / "yours", "dvc repro extract")


def test_a_single_file_may_be_in_dvc_beside_the_samples(tmp_path: Path) -> None:
    folder = make(tmp_path / "mine", "clone")
    (folder / "data/raw/large.txt").write_text(
        "두 시간까지 무료입니다. 그 뒤로는 시간당 천 원입니다.\n", encoding="utf-8"
    )
    run(folder, "dvc", "add", "data/raw/large.txt")
    commit(folder)
    (folder / "data/raw/large.txt").write_text(
        "세 시간까지 무료입니다. 그 뒤로는 시간당 천 원입니다.\n", encoding="utf-8"
    )
    assert "data/raw/large.txt.dvc" in json.loads(run(folder, "dvc", "status", "--json").stdout)
