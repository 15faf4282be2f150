"""Caches that are cut off, emptied or full of garbage: it held if the next run gives the undisturbed bytes.

DVC refuses a dvc.lock that is cut off, and fails on a damaged run cache or list of its locks. The one is then restored
from Git and the others deleted, as docs/training.md says, and the run after that counts. No more replies of a language
model may be asked for again than were damaged.
"""

import shutil
import signal
import subprocess
from pathlib import Path
from random import Random

from benchmarks.fault_project import Project
from benchmarks.fault_runs import Kill
from benchmarks.fault_servers import answering, use_server

KINDS = ("replies", "checkpoint", "dvc.lock", "run cache", "cached output", ".dvc/tmp")


def damage_cache(project: Project, random: Random, number: int) -> str:
    kind = KINDS[number % len(KINDS)]
    if kind == "replies":
        return _replies(project, random)
    if kind == "checkpoint":
        return _checkpoint(project, random)
    return _dvc(project, random, kind)


def spoil(path: Path, random: Random) -> str:
    content = path.read_bytes()
    how = random.choice(("cut off", "emptied", "overwritten", "removed"))
    path.chmod(0o644)
    if how == "removed":
        path.unlink()
    elif how == "overwritten":
        path.write_bytes(random.randbytes(len(content)))
    else:
        path.write_bytes(content[: random.randrange(len(content) or 1)] if how == "cut off" else b"")
    return how


def _replies(project: Project, random: Random) -> str:
    with answering() as server:
        use_server(project, server)
        project.stage("build_qa")
        before = {name: project.path(name).read_bytes() for name in project.lab.writes["build_qa"]}
        kept = sorted((project.home / "cache/llm").rglob("*.json"))
        spoilt = random.sample(kept, random.randint(1, len(kept)))
        how = [spoil(path, random) for path in spoilt]
        asked = len(server.bodies)
        done = project.stage("build_qa")
        again = len(server.bodies) - asked
    if done.code:
        project.problem(f"fails after the damage: {done.last_line}")
    for name, content in before.items():
        if not project.path(name).exists() or project.path(name).read_bytes() != content:
            project.problem(f"other bytes than undisturbed: {name}")
    if again > len(spoilt):
        project.problem(f"{again} requests were paid again for {len(spoilt)} damaged replies")
    return f"{len(spoilt)} of {len(kept)} kept replies {', '.join(sorted(set(how)))}"


def _checkpoint(project: Project, random: Random) -> str:
    """Kill a training that has checkpoints, damage files of the newest, and go on."""
    store = project.path(".pagetune/checkpoints")
    shutil.rmtree(store, ignore_errors=True)
    found = lambda: bool(list(store.glob("*/step-*/complete")))  # noqa: E731 - asked while the training runs
    project.repro("-s", "-f", "--no-run-cache", "train", kill=Kill(0.0, "group", signal.SIGKILL, found))
    files = [path for path in sorted(store.glob("*/step-*/*")) if path.is_file()]
    if not files:
        project.notes.append("the training ended before it was killed")
    spoilt = random.sample(files, min(len(files), random.randint(1, 3)))
    how = [f"{path.name} {spoil(path, random)}" for path in spoilt]
    _reproduce(project, "train", "checkpoint")
    return f"checkpoint: {', '.join(how)}"


def _dvc(project: Project, random: Random, kind: str) -> str:
    """Delete a stage's outputs and damage what DVC would restore them from."""
    stage = random.choice(project.lab.stages)
    places = {
        "dvc.lock": [project.path("dvc.lock")],
        "run cache": sorted(project.path(".dvc/cache/runs").rglob("*")),
        "cached output": sorted(project.path(".dvc/cache/files").rglob("*")),
        ".dvc/tmp": sorted(project.path(".dvc/tmp").rglob("*")),
    }
    files = [path for path in places[kind] if path.is_file()]
    if kind != "dvc.lock":
        project.remove_outputs(stage)
    spoilt = random.sample(files, random.randint(1, len(files))) if files else []
    how = {spoil(path, random) for path in spoilt}
    _reproduce(project, stage, kind)
    return f"{kind}: {len(spoilt)} of {len(files)} files {', '.join(sorted(how))}, then {stage}"


def _reproduce(project: Project, stage: str, kind: str) -> None:
    done = project.repro("-s", stage)
    if done.code and kind in ("dvc.lock", "run cache", ".dvc/tmp"):
        project.notes.append(f"DVC failed on the {kind}, which was restored or deleted")
        subprocess.run(["git", "checkout", "-q", "dvc.lock"], cwd=project.folder, check=True)
        shutil.rmtree(project.path(".dvc/cache/runs"), ignore_errors=True)
        project.path(".dvc/tmp/rwlock").unlink(missing_ok=True)
        done = project.repro("-s", stage)
    if done.code:
        project.problem(f"`{done.command}` fails after the damage: {done.last_line}")
    project.compare(stage, "after the damage")
