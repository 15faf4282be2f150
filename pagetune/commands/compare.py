"""`pagetune compare`: two runs side by side, each a Git revision, a DVC experiment or a folder."""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pagetune.commands.experiments import flat
from pagetune.errors import UserError
from pagetune.evaluate.evaluation import view_of
from pagetune.jsonl import write_text
from pagetune.language import speaks_korean
from pagetune.report.language import Language
from pagetune.report.two_runs import Comparison, Line, RunRecord, Score, compare_runs, further, interval
from pagetune.report.two_runs_page import render_comparison

SCORES, TRAINING, ANSWERS = "metrics/eval.json", "metrics/train.json", "metrics/per_example.csv"
#: What a run has of a file, by its path from the project's root; None where it has none.
Reader = Callable[[str], str | None]


def compare(first: str, second: str, page: Path | None) -> list[str]:
    """Return the lines to print for two runs, and write the `page`. Raise UserError where they cannot be compared."""
    runs = [read_run(name) for name in (first, second)]
    check_comparable(*runs)
    comparison, language = compare_runs(*runs), Language("ko" if speaks_korean() else "en")
    if page:
        write_text(page, render_comparison(comparison, language))
    return [*comparison_lines(comparison, language), *([f"compare: {page}"] if page else [])]


def read_run(name: str) -> RunRecord:
    """Read a folder with results, else a Git revision or a DVC experiment. Raise UserError where it is none of them."""
    if (Path(name) / SCORES).is_file():
        return _record(name, str(Path(name)), lambda path: _in_folder(Path(name), path))
    commit = _commit_of(name)
    origin = _git("log", "-1", "--date=short", "--format=%h %cd %s", commit).strip()
    return _record(name, origin, lambda path: _in_commit(commit, path))


def _record(name: str, origin: str, read: Reader) -> RunRecord:
    scores = read(SCORES)
    if scores is None:
        raise UserError(
            "compare: {name} ({origin}) has no {file}. Run `dvc repro` in it and commit metrics/, or name another run: "
            "`dvc exp show` lists them.",
            name=name,
            origin=origin,
            file=SCORES,
        )
    answers = read(ANSWERS)
    return RunRecord(
        name=name,
        origin=origin,
        scores=_parsed(name, SCORES, scores),
        training=_parsed(name, TRAINING, read(TRAINING) or "{}"),
        params=dict(flat(_yaml(name, "params.yaml", read("params.yaml")))),
        answers=None if answers is None else list(csv.DictReader(io.StringIO(answers))),
        sources=_sources(_yaml(name, "dvc.lock", read("dvc.lock"))),
    )


def _parsed(name: str, path: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or (path == SCORES and "tuned" not in found):
        raise UserError(
            "compare: {path} of {name} is not one that `evaluate` wrote. Run `dvc repro` there.", path=path, name=name
        )
    return found


def _yaml(name: str, path: str, text: str | None) -> dict[str, Any]:
    """Return a file of settings, which is empty where the run has none."""
    try:
        found = YAML(typ="safe", pure=True).load(text or "{}")
    except YAMLError:
        found = None
    if not isinstance(found, dict):
        raise UserError(
            "compare: {path} of {name} is not YAML with settings. Correct it, or name another run.",
            path=path,
            name=name,
        )
    return found


def _in_folder(folder: Path, path: str) -> str | None:
    file = folder / path
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _in_commit(commit: str, path: str) -> str | None:
    """Return a file of a commit, from Git, or from DVC's cache where only that has it."""
    done = subprocess.run(["git", "show", f"{commit}:./{path}"], capture_output=True, encoding="utf-8", check=False)
    if done.returncode == 0:
        return done.stdout
    return _cached(commit, path) if path == ANSWERS else None


def _cached(commit: str, path: str) -> str | None:
    """Return a file that DVC has recorded in the commit, None where its cache lacks it."""
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        return str(dvc.api.read(path, rev=commit, encoding="utf-8"))
    except (DvcException, OSError):
        return None


def _commit_of(name: str) -> str:
    """Return the commit of a revision or of an experiment by its name."""
    if subprocess.run(["git", "rev-parse", "--git-dir"], capture_output=True, check=False).returncode:
        raise UserError(
            "compare: {name} is not a folder with {file}, and this folder is not in a Git repository. Run it in the "
            "project, or name two folders with results.",
            name=name,
            file=SCORES,
        )
    found = _git("for-each-ref", "--format=%(objectname)", f"refs/exps/*/*/{name}").split()
    if len(set(found)) > 1:
        seen = ", ".join(commit[:9] for commit in dict.fromkeys(found))
        raise UserError(
            "compare: {count} experiments are named {name}. Name one by its commit: {seen}.",
            count=len(set(found)),
            name=name,
            seen=seen,
        )
    if found:
        return found[0]
    done = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(
            "compare: {name} is neither a folder with {file} nor a Git revision nor an experiment of DVC here. "
            "`git log` and `dvc exp show` list them.",
            name=name,
            file=SCORES,
        )
    return done.stdout.strip()


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, encoding="utf-8", check=True).stdout


def _sources(lock: dict[str, Any]) -> dict[str, str]:
    """Return the hashes of what the stages of a dvc.lock read and none of them wrote."""
    stages = list(lock.get("stages", {}).values())
    written = tuple(out["path"] for stage in stages for out in stage.get("outs", ()))
    deps = {dep["path"]: str(dep.get("md5")) for stage in stages for dep in stage.get("deps", ())}
    return {
        path: known
        for path, known in deps.items()
        if not any(path == out or path.startswith(f"{out}/") for out in written)
    }


def check_comparable(first: RunRecord, second: RunRecord) -> None:
    """Raise UserError where two runs were scored otherwise, or answered no question in common."""
    for what in ("task", "tokenizer", "references"):
        seen = [run.scores.get(what) for run in (first, second)]
        if seen[0] != seen[1] and (what == "task" or view_of(first.scores).headline == "rougeL"):
            said = f"{first.name} has {seen[0] or 'qa'}, {second.name} {seen[1] or 'qa'}"
            raise UserError(
                "compare: the scores differ in their {what}: {said}. Compare runs with the same one.",
                what=what,
                said=said,
            )
    asked = [
        {(row["set"], row["pair_id"]) for row in run.answers} if run.answers is not None else None
        for run in (first, second)
    ]
    if asked[0] is not None and asked[1] is not None and not asked[0] & asked[1]:
        raise UserError(
            "compare: {first} and {second} answered other questions, none in common. Compare runs on the same "
            "documents, with the same qa, curate and seed in params.yaml.",
            first=first.name,
            second=second.name,
        )


def comparison_lines(comparison: Comparison, language: Language) -> list[str]:
    """Return the table of the scores, what differs in the settings, and what follows."""
    first, second = comparison.first, comparison.second
    wide = max(20, *(len(run.name) + 2 for run in (first, second)))
    lines = [f"{run.name}: {run.origin}" for run in (first, second)]
    head = f"{'set':<20}{'':<12}{first.name:<{wide}}{second.name:<{wide}}{'difference':<26}{'n':>5}"
    lines += ["", head, *(_row(line, wide) for line in comparison.lines), ""]
    lines += [f"{name}: {before} -> {after}" for name, before, after in comparison.settings]
    said = [comparison.better, *further(comparison)]
    return [*lines, *([""] if comparison.settings else []), *(language.say(sentence) for sentence in said)]


def _row(line: Line, wide: int) -> str:
    scores = "".join(f"{_score(score):<{wide}}" for score in line.scores)
    difference = interval(line.difference) if line.difference else "-"
    mark = "*" if line.decides else ""
    return f"{line.set:<20}{line.metric:<12}{scores}{difference + mark:<26}{line.shared or '-':>5}".rstrip()


def _score(score: Score | None) -> str:
    return "-" if score is None else f"{score.value:.3f} [{score.low:.2f}, {score.high:.2f}]"
