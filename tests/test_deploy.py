"""Dockerfile, dev container, SkyPilot and Slurm: what they name exists. docs/install.md says what was run by hand."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer.main
from conftest import ROOT
from ruamel.yaml import YAML

from pagetune.__main__ import app

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SKYPILOT = YAML(typ="safe", pure=True).load((ROOT / "deploy/skypilot.yaml").read_text(encoding="utf-8"))
SLURM = (ROOT / "deploy/train.slurm").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs/install.md").read_text(encoding="utf-8")
TEXTS = {
    "Dockerfile": DOCKERFILE,
    "devcontainer.json": (ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"),
    "skypilot.yaml": (ROOT / "deploy/skypilot.yaml").read_text(encoding="utf-8"),
    "train.slurm": SLURM,
    "install.md": GUIDE,
    "own_documents.ipynb": (ROOT / "notebooks/own_documents.ipynb").read_text(encoding="utf-8"),
}


def allowed() -> list[str]:
    """Return what .dockerignore lets into the image's context; it ignores all else."""
    lines = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    return [line[1:] for line in lines if line.startswith("!")]


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_of_pagetune_exists(name: str) -> None:
    commands = re.findall(r"(?:^|[`\s])(?:python -m )?pagetune ([a-z]+)(?= |`|$)", TEXTS[name], re.MULTILINE)
    group = typer.main.get_command(app)
    assert set(commands) <= set(group.commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", TEXTS)
def test_every_make_target_exists(name: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:^|[`\"]|Run )make ([a-z]+)\b", TEXTS[name], re.MULTILINE)) <= set(targets)


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_that_is_named_exists(name: str) -> None:
    files = r"(?:requirements[\w-]*\.txt|(?:deploy|docs|notebooks|presets)/[\w./-]+\.\w+)"
    found = re.findall(files, TEXTS[name])
    assert not [path for path in found if not (ROOT / path).exists()]


def test_every_stage_of_the_image_that_is_named_exists() -> None:
    named = re.findall(r"--(?:from=|target )([\w-]+)", DOCKERFILE + GUIDE)
    named += [base for base in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) if ":" not in base]
    assert {"cpu", "cuda"} <= set(named) <= set(STAGES)


def test_the_image_installs_extras_that_exist_for_a_user_that_is_not_root() -> None:
    extras = re.findall(r'pip install -c requirements\S*\.txt "\.\[([\w,]+)\]"', DOCKERFILE)
    assert len(extras) == 2
    assert {name for names in extras for name in names.split(",")} <= set(PROJECT["project"]["optional-dependencies"])
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["1000:1000"] * 2


def test_the_image_is_built_from_what_the_package_needs() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], "pyproject.toml", PROJECT["project"]["readme"], "LICENSE"]
    needed += re.findall(r"requirements\S*\.txt", DOCKERFILE)
    let_in = allowed()
    assert not [path for path in let_in if not (ROOT / path).exists()]
    # A folder is let in whole, or file by file.
    assert not [path for path in needed if not any(f"{one}/".startswith(f"{path}/") for one in let_in)]


def test_no_documents_but_the_samples_get_into_the_image() -> None:
    samples = {f"data/raw/{path.stem}.pdf" for path in (ROOT / "samples").glob("*.txt")}
    assert {path for path in allowed() if path.startswith("data/raw")} == samples
    assert not {".", ".git", ".dvc", "data", "data/raw", "metrics", "models", "passwords.json"} & set(allowed())


def test_the_dev_container_is_a_stage_of_the_image() -> None:
    text = re.sub(r"^\s*//.*$", "", TEXTS["devcontainer.json"], flags=re.MULTILINE)
    container = json.loads(text)
    build, folder = container["build"], ROOT / ".devcontainer"
    assert (folder / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (folder / build["context"]).resolve() == ROOT
    assert build["target"] in STAGES
    assert f"useradd --uid 1000 --create-home --shell /bin/bash {container['remoteUser']} " in DOCKERFILE


@pytest.mark.parametrize("script", [SLURM, SKYPILOT["setup"], SKYPILOT["run"]], ids=["slurm", "setup", "run"])
def test_the_scripts_are_shell(script: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
    assert not done.stderr
    assert re.search("^set -euo pipefail$", script, re.MULTILINE)


def slurm(folder: Path, **environment: str) -> str:
    """Run the script as Slurm does in a job, and return what it says before it ends."""
    done = subprocess.run(
        ["bash", str(ROOT / "deploy/train.slurm")],
        cwd=folder,
        env={"SLURM_SUBMIT_DIR": str(folder), "PATH": "/usr/bin:/bin", "SLURM_JOB_ID": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.returncode} {done.stdout}{done.stderr}"


def test_a_job_from_another_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    said = slurm(tmp_path)
    assert said.startswith("1 train.slurm: ")
    assert "has no dvc.yaml. Submit the job from the project's folder." in said


def test_a_job_without_dvc_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").touch()
    assert slurm(tmp_path).startswith("1 train.slurm: there is no dvc. Run make install in ")


def fake_dvc(folder: Path, script: str) -> str:
    """Return a PATH on which `dvc` is this script."""
    (folder / "dvc.yaml").touch()
    program = folder / "bin" / "dvc"
    program.parent.mkdir()
    program.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return f"{program.parent}:/usr/bin:/bin"


def test_a_job_that_was_started_again_removes_the_lock_of_the_killed_one(tmp_path: Path) -> None:
    path = fake_dvc(tmp_path, 'echo "dvc $*"; ls .dvc/tmp; exit 3')
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / ".dvc/tmp/rwlock").touch()
    assert slurm(tmp_path, PATH=path) == "3 dvc repro\nrwlock\n"
    assert slurm(tmp_path, PATH=path, SLURM_RESTART_COUNT="1") == "3 dvc repro\n"


def with_scontrol(folder: Path, dvc: str) -> str:
    path, program = fake_dvc(folder, dvc), folder / "bin" / "scontrol"
    program.write_text('#!/bin/bash\necho "scontrol $*"\n', encoding="utf-8")
    program.chmod(0o755)
    return path


@pytest.mark.parametrize("written", ["dvc.lock", ".pagetune/checkpoints/0123/step-00000012/complete"])
def test_a_job_whose_time_is_up_goes_back_into_the_queue(tmp_path: Path, written: str) -> None:
    made = f"sleep 0.1; mkdir -p $(dirname {written}); touch {written}"
    said = slurm(tmp_path, PATH=with_scontrol(tmp_path, f"{made}; kill -USR1 $PPID; sleep 0.5; exit 3"))
    assert said.startswith("3 train.slurm: the time is up; the job goes back")
    assert "scontrol requeue 1" in said


def test_a_job_that_finishes_nothing_in_its_time_is_not_queued_again(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").touch()
    said = slurm(tmp_path, PATH=with_scontrol(tmp_path, "kill -USR1 $PPID; sleep 0.5; exit 3"))
    assert said.startswith("1 train.slurm: the time is up, and neither a stage nor a checkpoint was finished in it.")
    assert "scontrol" not in said
