"""Attack the pipeline, and count what held: python -m benchmarks.faults [TRIALS [SEED]] [--only KIND]

A clone with tiny settings and three of the samples runs once. Each trial copies it, does one thing to it, and looks at
what comes of that; what "held" means for a kind stands in the docstring of its module. Every trial fails on a
traceback, a command that hangs, a process that lives on, a part file, a row that is neither kept nor rejected, and a
key from the environment that appears in the output, a file or a cache. A trial's number and the seed give its fault;
when a kill hits is measured in time, and so not quite the same twice.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.fault_artifacts import UNDETECTABLE, damage_artifact
from benchmarks.fault_caches import damage_cache
from benchmarks.fault_kills import fill_disk, kill_stage
from benchmarks.fault_pdfs import mutate_pdf
from benchmarks.fault_project import Lab, Project, prepare
from benchmarks.fault_servers import misbehave

TRIALS, SEED = 200, 0


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how many of TRIALS are of it, and what runs one, given its number within the kind."""

    share: int
    run: Callable[[Project, Random, int], str]


KINDS = {
    "kills": Kind(34, lambda project, random, _: kill_stage(project, random)),
    "disk": Kind(20, lambda project, random, _: fill_disk(project, random)),
    "artifacts": Kind(40, lambda project, random, _: damage_artifact(project, random)),
    "caches": Kind(20, damage_cache),
    "servers": Kind(36, misbehave),
    "pdfs": Kind(50, mutate_pdf),
}


@dataclass
class Result:
    kind: str
    number: int
    fault: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        noted = f" ({'; '.join(self.notes)})" if self.notes else ""
        return "\n".join(
            [f"{self.kind} {self.number}: {self.fault}{noted}", *(f"    {what}" for what in self.problems)]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trials", type=int, nargs="?", default=TRIALS)
    parser.add_argument("seed", type=int, nargs="?", default=SEED)
    parser.add_argument("--only", choices=KINDS)
    wanted = parser.parse_args()
    began = time.monotonic()
    with TemporaryDirectory(prefix="faults-") as folder:
        lab = prepare(Path(folder, "lab"))
        results = list(attack(lab, Path(folder), planned(wanted.trials, wanted.only), wanted.seed))
    print(f"seed {wanted.seed}, {(time.monotonic() - began) / 60:.0f} minutes\n{table(results)}")
    sys.exit(any(result.problems for result in results))


def planned(trials: int, only: str | None = None) -> list[tuple[str, int]]:
    """Return the kind and number of each trial, in the shares of KINDS."""
    return [
        (name, number)
        for name, kind in KINDS.items()
        if only in (None, name)
        for number in range(max(1, round(kind.share * trials / TRIALS)))
    ]


def attack(lab: Lab, folder: Path, trials: list[tuple[str, int]], seed: int) -> Iterator[Result]:
    """Run the trials, as many at a time as there are cores, and yield their results in order."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = [pool.submit(run_trial, lab, folder, kind, number, seed) for kind, number in trials]
        for place, future in enumerate(running, 1):
            result = future.result()
            verdict = "FAILED" if result.problems else "held"
            print(f"{place}/{len(trials)} {verdict} {result.seconds:.0f} s {result}", file=sys.stderr, flush=True)
            yield result


def run_trial(lab: Lab, folder: Path, kind: str, number: int, seed: int) -> Result:
    """Copy the lab, run the trial in the copy, look through it, and remove it."""
    home, result, began = folder / f"{kind}-{number}", Result(kind, number), time.monotonic()
    shutil.copytree(lab.folder, home / "p", symlinks=True)
    project = Project(home / "p", lab, home)
    try:
        result.fault = KINDS[kind].run(project, Random(f"{seed} {kind} {number}"), number)
        result.problems = project.check()
    except Exception as error:  # a fault of this program is not to end the other trials, nor to look like one that held
        result.problems = [f"the trial itself failed: {type(error).__name__}: {error}"]
    result.notes, result.seconds = project.notes, time.monotonic() - began
    shutil.rmtree(home, ignore_errors=True)
    return result


def table(results: list[Result]) -> str:
    lines = [f"{'':<12}{'tried':>8}{'held':>8}{'failed':>8}"]
    for kind in [*KINDS, "all"]:
        own = [result for result in results if kind in (result.kind, "all")]
        failed = sum(bool(result.problems) for result in own)
        lines += [f"{kind:<12}{len(own):>8}{len(own) - failed:>8}{failed:>8}"] if own else []
    unknown = sum(UNDETECTABLE in result.notes for result in results)
    lines.append(f"of the artifacts that held, other outputs where {UNDETECTABLE}: {unknown}")
    return "\n".join([*lines, *(str(result) for result in results if result.problems)])


if __name__ == "__main__":
    main()
