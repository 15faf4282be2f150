"""The trainings that DVC knows of the present commit, each once, and why an experiment does not count."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pagetune.errors import UserError

#: A sweep may vary these; what differs in anything else was not the same training, or not asked the same.
VARIED = frozenset({"lora.r", "lora.alpha", "seed"})


@dataclass(frozen=True)
class Experiment:
    """A training. `params` by dotted name, without those of VARIED; `sources` are the hashes of what stages read and no
    stage wrote, by path; `tuned` is that part of metrics/eval.json, `cost` metrics/cost.json, empty where unread."""

    name: str
    rank: int
    params: dict[str, Any]
    sources: dict[str, str | None]
    tuned: dict[str, Any]
    cost: dict[str, Any]


def read_runs() -> tuple[list[Experiment], list[str]]:
    """The trainings, and a line for each experiment left out. Raises UserError outside of a project of Git and DVC."""
    return finished_runs(json.loads(_dvc("exp", "show", "--json")), _is_up_to_date)


def _is_up_to_date() -> bool:
    return not json.loads(_dvc("status", "--json", "--with-deps", "evaluate"))


def _dvc(*words: str) -> str:
    """What DVC prints."""
    done = subprocess.run([sys.executable, "-m", "dvc", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        seen = (done.stderr.strip().splitlines() or ["no message"])[-1].removeprefix("ERROR: ")
        raise UserError(f"sweep: `dvc {' '.join(words)}` says: {seen}. Run this in a project of Git and DVC.")
    return done.stdout


def finished_runs(rows: list[dict[str, Any]], is_up_to_date: Callable[[], bool]) -> tuple[list[Experiment], list[str]]:
    """`rows` are those of `dvc exp show --json`; `is_up_to_date` says whether the workspace's scores are of its params.

    The same figures, the training's seconds among them, are the same training: the workspace has those of its last
    run, whatever stands in params.yaml by now. So the commit comes first, and the workspace last.
    """
    runs: dict[str, Experiment] = {}
    left_out = []
    for name, state, data in _rows(rows):
        run = _run(name, data)
        figures = json.dumps([run.tuned, run.cost or [run.rank, data["params"]]]) if run else ""
        if why := _why_not(run, state, name):
            left_out.append(f"{name}{f' (r={run.rank})' if run else ''}: {why}")
        elif run and run.tuned and figures not in runs:
            if name == "workspace" and not is_up_to_date():
                left_out.append(f"workspace (r={run.rank}): its scores are not of its settings; run `dvc repro`")
            else:
                runs[figures] = run
    return list(runs.values()), left_out


def _why_not(run: Experiment | None, state: str, name: str) -> str | None:
    """A workspace without scores is no experiment, and no news."""
    if state != "success":
        return state
    if run and run.tuned and "facts" not in run.tuned.get("validation", {}):
        return "its scores are those of an older version; run `dvc repro`"
    if name != "workspace" and not (run and run.tuned):
        return "DVC reads no lora.r or no scores in it"
    return None


def _rows(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, state and data: the commit, its experiments from the oldest on, the workspace.

    What was run in the workspace has no executor. What failed, waits or runs shows the figures of the commit or the
    workspace that it began from.
    """
    for commit in [*rows[1:], *rows[:1]]:
        yield commit["name"] or commit["rev"][:9], "success", commit["data"] or {}
        for experiment in reversed(commit["experiments"] or []):
            row, executor = experiment["revs"][0], experiment["executor"]
            state = executor["state"] if executor else "success"
            yield row["name"] or row["rev"][:7], "failed" if row["error"] else state, row["data"] or {}


def _run(name: str, data: dict[str, Any]) -> Experiment | None:
    """None where its rank cannot be read."""
    params = dict(_flat(_file(data, "params", "params.yaml")))
    if not isinstance(rank := params.get("lora.r"), int):
        return None
    alpha = params.get("lora.alpha")
    scale = alpha / rank if isinstance(alpha, int) else 2.0  # what auto is
    settings = {key: value for key, value in params.items() if key not in VARIED} | {"lora.alpha / lora.r": scale}
    tuned = _file(data, "metrics", "metrics/eval.json").get("tuned", {})
    return Experiment(name, rank, settings, _sources(data), tuned, _file(data, "metrics", "metrics/cost.json"))


def _file(data: dict[str, Any], kind: str, path: str) -> dict[str, Any]:
    """Empty where DVC could not read it."""
    content: dict[str, Any] = data.get(kind, {}).get(path, {}).get("data") or {}
    return content


def _flat(node: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(node, dict) or not node:
        yield above, node
        return
    for name, inner in node.items():
        yield from _flat(inner, f"{above}.{name}" if above else str(name))


def _sources(data: dict[str, Any]) -> dict[str, str | None]:
    """The documents and programs. Small results in metrics/ that DVC calls plots are not in its list of outs."""
    written = (*data["outs"], "metrics")
    return {
        path: known["hash"]
        for path, known in data["deps"].items()
        if not any(path == out or path.startswith(f"{out}/") for out in written)
    }


def comparable(runs: list[Experiment]) -> tuple[list[Experiment], list[str]]:
    """The runs of the settings under which most ranks were tried, and a line for each other that says what differs."""
    if not runs:
        return [], []
    groups = [[run for run in runs if _differences(run, one) == ""] for one in runs]
    chosen = max(groups, key=lambda group: (len({run.rank for run in group}), len(group)))
    others = [(run, _differences(run, chosen[0])) for run in runs]
    return chosen, [f"{run.name} (r={run.rank}): {difference}" for run, difference in others if difference]


def _differences(run: Experiment, usual: Experiment) -> str:
    """In words; empty where there is none. A hash says nothing to a reader, its path does."""
    params = [
        f"{name} is {run.params.get(name)}, elsewhere {usual.params.get(name)}"
        for name in {**usual.params, **run.params}
        if run.params.get(name) != usual.params.get(name)
    ]
    paths = {**usual.sources, **run.sources}
    return ", ".join(params + [f"{path} differs" for path in paths if run.sources.get(path) != usual.sources.get(path)])
