"""Installation: a missing piece is named in one line, and both requirement files resolve."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


def setup(folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Run setup.sh as on a machine that has only the programs in `path`."""
    environment = {"PATH": path, "HOME": str(folder), "PYTHON": "python3"}
    return subprocess.run(
        ["/bin/sh", str(ROOT / "setup.sh"), "requirements.txt"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def programs(folder: Path, *names: str) -> str:
    """Return a PATH that holds these programs and no others."""
    target = folder / "bin"
    target.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found, name
        (target / name).symlink_to(found)
    return str(target)


def test_a_missing_git_is_one_line(tmp_path: Path) -> None:
    done = setup(tmp_path, programs(tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("setup: git is not installed.")


def test_a_folder_that_is_not_a_clone_is_one_line(tmp_path: Path) -> None:
    done = setup(tmp_path, programs(tmp_path, "git"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "this folder is not a Git clone" in done.stderr


def test_a_missing_python_is_one_line(tmp_path: Path) -> None:
    path = programs(tmp_path, "git")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = setup(tmp_path, path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "no Python 3.11 or newer was found" in done.stderr


def test_a_failed_installation_is_named_and_leaves_no_stamp(tmp_path: Path) -> None:
    shutil.copy(ROOT / "setup.sh", tmp_path)
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("/nowhere/at/all.whl\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    environment = os.environ | {"PYTHON": sys.executable}
    done = subprocess.run(["make", "test"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "setup: pip could not install requirements.txt" in done.stderr
    assert not (tmp_path / ".venv/bin/installed").exists()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-gpu.txt"])
def test_every_pin_is_exact_and_portable(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith((" ", "#"))]
    assert len(lines) > 50
    for line in lines:
        assert re.fullmatch(r"[a-z0-9._\[\]-]+==[0-9][0-9a-z.]*", line), line


def test_the_gpu_file_changes_no_pin_of_the_other() -> None:
    pins = [
        set(re.findall(r"^\S+==\S+$", (ROOT / name).read_text(), re.M))
        for name in ("requirements.txt", "requirements-gpu.txt")
    ]
    assert pins[0] <= pins[1]
    assert any(pin.startswith("unsloth==") for pin in pins[1] - pins[0])
    assert not any(pin.startswith(("unsloth", "torchvision")) for pin in pins[0])


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-gpu.txt"])
def test_the_pins_resolve_together(name: str) -> None:
    """pip finds versions that satisfy all pins at once. Nothing is installed."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        name,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_finding_that_the_audit_passes_over_is_explained() -> None:
    known = re.search(r"^KNOWN := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert known is not None
    section = (ROOT / "docs/install.md").read_text(encoding="utf-8").split("## Known findings")[1]
    assert [name for name in known[1].split() if name not in section] == []
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    for name, version in re.findall(r"\| ([\w-]+) ([\d.]+) \|", section):
        assert f"\n{name}=={version}\n" in pins, "the pin has moved; check whether the finding is fixed"
