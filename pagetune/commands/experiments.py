"""The trainings that DVC knows for this commit, each once, and why other experiments do not count."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pagetune.commands.project import LIBRARY
from pagetune.errors import UserError
from pagetune.evaluate.sets import as_asked
from pagetune.language import tr

#: Returns a JSON file of a commit, or of the workspace by that name: empty where it is not there.
Reader = Callable[[str, str], dict[str, Any]]

#: What a sweep may vary; runs that differ in anything else had another training, or other questions.
VARIED = frozenset({"lora.r", "seed"})


@dataclass(frozen=True)
class Experiment:
    """A training that DVC knows.

    `params` are by dotted name, without those of VARIED. `sources` are the hashes, by path, of what stages read and no
    stage wrote. `tuned` is that part of metrics/eval.json and `cost` is metrics/cost.json, each empty where the commit
    does not have it.
    """

    name: str
    rank: int
    params: dict[str, Any]
    sources: dict[str, str | None]
    tuned: dict[str, Any]
    cost: dict[str, Any]


def read_runs() -> tuple[list[Experiment], list[str]]:
    """Return the trainings, and a line for each experiment left out. Raise UserError outside a Git and DVC project."""
    return finished_runs(json.loads(_dvc("exp", "show", "--json")), _is_up_to_date, read_committed)


def read_committed(commit: str, path: str) -> dict[str, Any]:
    """Return a JSON file of a commit, or of the workspace by that name, seen from here; empty where there is none.

    DVC commits each experiment with what Git tracks; it reads only metrics/summary.json itself.
    """
    if commit == "workspace":
        text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    else:
        text = subprocess.run(
            ["git", "show", f"{commit}:./{path}"], capture_output=True, encoding="utf-8", check=False
        ).stdout
    try:
        return dict(json.loads(text))
    except ValueError:
        return {}


def _is_up_to_date() -> bool:
    status = json.loads(_dvc("status", "--json", "--with-deps", "evaluate"))
    # The stage `library` of a project is always to be run, and says nothing about the scores.
    return all(changes == [tr("always changed")] for changes in status.values())


def _dvc(*words: str) -> str:
    """Run DVC and return what it prints."""
    if importlib.util.find_spec("dvc") is None:
        raise UserError(
            "sweep: DVC is not installed for {python}. Run `{python} -m pip install dvc`.", python=sys.executable
        )
    done = subprocess.run([sys.executable, "-m", "dvc", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        # After an unexpected error DVC says where to ask for help.
        seen = next((line for line in reversed(said) if line.startswith("ERROR")), said[-1]).removeprefix("ERROR: ")
        raise UserError(
            "sweep: `dvc {arguments}` says: {seen}. Run this in a Git and DVC project.",
            arguments=" ".join(words),
            seen=seen,
        )
    return done.stdout


def finished_runs(
    rows: list[dict[str, Any]], is_up_to_date: Callable[[], bool], read: Reader
) -> tuple[list[Experiment], list[str]]:
    """Return the trainings in `rows`, the output of `dvc exp show --json`, and a line for each one left out.

    `is_up_to_date` tells whether the workspace's scores belong to its params. Equal numbers, the training's seconds
    included, are the same training: the workspace shows those of its last run, whatever params.yaml says by now. So
    the commit comes first and the workspace last.
    """
    runs: dict[str, Experiment] = {}
    left_out = []
    for name, commit, state, data in _rows(rows):
        run = _run(name, data, partial(read, commit))
        numbers = json.dumps([run.tuned, run.cost or [run.rank, data["params"]]]) if run else ""
        if why := _why_not(run, state, name):
            left_out.append(f"{name}{f' (r={run.rank})' if run else ''}: {why}")
        elif run and run.tuned and numbers not in runs:
            if name == "workspace" and not is_up_to_date():
                left_out.append(
                    tr("workspace (r={rank}): its scores belong to other settings; run `dvc repro`", rank=run.rank)
                )
            else:
                runs[numbers] = run
    return list(runs.values()), left_out


def _why_not(run: Experiment | None, state: str, name: str) -> str | None:
    """Return why this experiment does not count, if so. A workspace without scores needs no reason."""
    if state != "success":
        return state
    if run and run.tuned and "facts" not in run.tuned.get("validation", {}):
        return tr("its scores come from an older version; run `dvc repro`")
    if name != "workspace" and not (run and run.tuned):
        return tr("DVC finds no lora.r or no scores in it")
    return None


def _rows(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield name, commit, state and data of the commit, of its experiments from the oldest on, and of the workspace.

    An experiment that was run in the workspace has no executor. One that failed, waits or runs shows the numbers of
    the commit or the workspace that it started from.
    """
    for commit in [*rows[1:], *rows[:1]]:
        yield commit["name"] or commit["rev"][:9], commit["rev"], "success", commit["data"] or {}
        for experiment in reversed(commit["experiments"] or []):
            row, executor = experiment["revs"][0], experiment["executor"]
            state = executor["state"] if executor else "success"
            yield row["name"] or row["rev"][:7], row["rev"], "failed" if row["error"] else state, row["data"] or {}


def _run(name: str, data: dict[str, Any], read: Callable[[str], dict[str, Any]]) -> Experiment | None:
    """Make an Experiment of a row's data and its commit's files; return None where its rank cannot be read."""
    params = dict(flat(_file(data, "params.yaml")))
    if (rank := params.get("lora.r")) == "auto":
        rank = read("metrics/train.json").get("lora_r")
    if not isinstance(rank, int):
        return None
    settings = {key: value for key, value in params.items() if key not in VARIED}
    scores = read("metrics/eval.json")
    tuned = as_asked(scores)["tuned"] if "tuned" in scores else {}
    return Experiment(name, rank, settings, _sources(data), tuned, read("metrics/cost.json"))


def _file(data: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the content of a file of parameters in a row's data; empty where DVC could not read it."""
    content: dict[str, Any] = data.get("params", {}).get(path, {}).get("data") or {}
    return content


def flat(node: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings of a file of parameters by dotted name."""
    if not isinstance(node, dict) or not node:
        yield above, node
        return
    for name, inner in node.items():
        yield from flat(inner, f"{above}.{name}" if above else str(name))


def _sources(data: dict[str, Any]) -> dict[str, str | None]:
    """Return the hashes of documents and programs. Results in metrics/ are left out by name, since DVC does not list
    plots among the outs. A project has the programs' hashes in library.json."""
    written = (*data["outs"], "metrics")
    library = {f"pagetune/{part}": known for part, known in _file(data, str(LIBRARY)).items()}
    return library | {
        path: known["hash"]
        for path, known in data["deps"].items()
        if not any(path == out or path.startswith(f"{out}/") for out in written)
    }


def comparable(runs: list[Experiment]) -> tuple[list[Experiment], list[str]]:
    """Return the runs of the settings with which most ranks were tried, and a line for each other run: what differs."""
    if not runs:
        return [], []
    groups = [[run for run in runs if _differences(run, one) == ""] for one in runs]
    chosen = max(groups, key=lambda group: (len({run.rank for run in group}), len(group)))
    others = [(run, _differences(run, chosen[0])) for run in runs]
    return chosen, [f"{run.name} (r={run.rank}): {difference}" for run, difference in others if difference]


def _differences(run: Experiment, usual: Experiment) -> str:
    """Describe how two runs differ; return an empty text where they do not. Files are named by path, not by hash."""
    params = [
        f"{name} is {run.params.get(name)}, elsewhere {usual.params.get(name)}"
        for name in {**usual.params, **run.params}
        if run.params.get(name) != usual.params.get(name)
    ]
    paths = {**usual.sources, **run.sources}
    return ", ".join(params + [f"{path} differs" for path in paths if run.sources.get(path) != usual.sources.get(path)])
