"""The project that benchmarks/faults.py attacks: prepared once, copied for each trial, looked through afterwards."""

import os
import secrets
import shutil
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks import fault_rows
from benchmarks.fault_runs import MARK, Done, run
from tests.conftest import TINY, clone, commit, edit_params

STAGES = (
    "extract",
    "build_qa",
    "curate",
    "base_model",
    "format",
    "search",
    "open_book",
    "baseline",
    "baseline_open",
    "replay",
    "train",
    "predict",
    "predict_open",
    "evaluate",
    "summary",
    "report",
)
SAMPLES = ("tablet_faq.pdf", "training_notice.pdf", "library_faq.pdf")
SETTINGS = TINY | {"curate.paraphrases": 1, "evaluate.bootstrap_samples": 10, "train.checkpoint_minutes": 0.01}
#: Measured times stand in them.
UNEQUAL = ("metrics/cost.json", "metrics/live", "metrics/memory.csv", "metrics/summary.json")


@dataclass
class Lab:
    """The undisturbed project: what each stage reads and writes, the bytes of all outputs, and the seconds it takes."""

    folder: Path
    reads: dict[str, list[str]] = field(default_factory=dict)
    writes: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> list[str]:
        """Return the stages that have run."""
        return list(self.seconds)

    def outputs(self, stage: str) -> dict[str, str]:
        return {name: value for name, value in self.expected.items() if _within(name, self.writes[stage])}


def prepare(folder: Path, stages: Iterable[str] = STAGES, samples: Iterable[str] = SAMPLES) -> Lab:
    """Clone the repository into `folder` with tiny settings and a few samples, and run the stages once."""
    folder.mkdir(parents=True)
    clone(folder)
    for path in (folder / "data/raw").iterdir():
        if path.name not in samples:
            path.unlink()
    edit_params(folder, SETTINGS)
    commit(folder)
    lab, project = _read_pipeline(folder), Project(folder, Lab(folder), folder.parent / "prepared")
    for stage in stages:
        print(f"faults: preparing {stage}", file=sys.stderr, flush=True)
        done = project.repro("-s", stage)
        if done.code:
            raise RuntimeError(f"{stage} fails undisturbed:\n{done.out}{done.err}")
        lab.seconds[stage] = done.seconds
    commit(folder)
    lab.expected = digests(folder, [name for stage in stages for name in lab.writes[stage]])
    return lab


def _read_pipeline(folder: Path) -> Lab:
    lab, text = Lab(folder), (folder / "dvc.yaml").read_text(encoding="utf-8")
    for name, stage in YAML(typ="safe").load(text)["stages"].items():
        lab.reads[name] = [dep for dep in stage["deps"] if dep.startswith(("data/", "models/", "metrics/"))]
        outs = [*stage.get("outs", []), *stage.get("metrics", [])]
        lab.writes[name] = [next(iter(out)) if isinstance(out, dict) else out for out in outs]
    return lab


class Project:
    """A trial's copy of the lab, with caches of its own and a secret that must not appear anywhere."""

    def __init__(self, folder: Path, lab: Lab, home: Path) -> None:
        self.folder, self.lab, self.home = folder, lab, home
        self.secret = f"sk-{secrets.token_hex(16)}"
        self.mark = secrets.token_hex(8)
        self.ran: list[Done] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        #: The stages whose rows are counted; of a file that was damaged on purpose some may be missing.
        self.counted: Collection[str] = fault_rows.STAGES
        for name in ("cache", "tmp"):
            (home / name).mkdir(parents=True, exist_ok=True)
        self.more_environment: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "PAGETUNE_CACHE": str(self.home / "cache/llm"),
            "TMPDIR": str(self.home / "tmp"),
            "OPENAI_API_KEY": self.secret,
            "HF_TOKEN": self.secret,
            MARK: self.mark,
        }
        return os.environ | own | self.more_environment

    def path(self, name: str) -> Path:
        return self.folder / name

    def stage(self, name: str, **how: object) -> Done:
        """Run the stage by hand."""
        return self.run("python", "-m", f"stages.{name}", **how)

    def repro(self, *arguments: str, **how: object) -> Done:
        return self.run("dvc", "repro", *arguments, **how)

    def problem(self, what: str) -> None:
        self.problems.append(what)

    def run(self, *command: str, **how: object) -> Done:
        """Run a command in the project's folder, as `fault_runs.run` describes."""
        done = run(command, self.folder, self.environment, **how)
        self.ran.append(done)
        return done

    def compare(self, stage: str, when: str) -> None:
        """Report each output of the stage that is not as undisturbed, byte for byte."""
        if changed := self.changed(stage):
            self.problem(f"{when} other bytes than undisturbed: {', '.join(changed)}")

    def changed(self, stage: str) -> list[str]:
        expected, found = self.lab.outputs(stage), digests(self.folder, self.lab.writes[stage])
        return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))

    def half_written(self, stage: str) -> list[str]:
        """Return the outputs of a stage that failed which are there, but not as undisturbed."""
        found = digests(self.folder, self.lab.writes[stage])
        return sorted(name for name, digest in found.items() if self.lab.outputs(stage).get(name) != digest)

    def remove_outputs(self, stage: str) -> None:
        """Delete the stage's outputs, as DVC does before it runs a stage."""
        for name in self.lab.writes[stage]:
            path = self.path(name)
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def check(self) -> list[str]:
        """Return all problems, with those that every trial is looked through for."""
        found = list(self.problems)
        for done in self.ran:
            text = done.out + done.err
            found += [f"traceback of `{done.command}`: {_raised(text)}"] if "Traceback (most recent" in text else []
            found += [f"hang: `{done.command}` was killed after {done.seconds:.0f} s"] if done.hung else []
            found += [f"orphans: {done.orphans} after `{done.command}`"] if done.orphans else []
            found += [f"leak: the key is in the output of `{done.command}`"] if self.secret in text else []
        leaks = [path.name for path in self._files() if self.secret.encode() in _bytes(path)]
        found += [f"leak: the key is in {leaks[0]}, one of {len(leaks)} files"] if leaks else []
        found += [f"part file left: {path.name}" for path in self.folder.rglob("*.part")]
        return found + [f"lost rows: {what}" for what in fault_rows.lost_rows(self.folder, self.counted)]

    def _files(self) -> list[Path]:
        return [path for top in {self.folder, self.home} for path in top.rglob("*") if path.is_file()]


def digests(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file, also of those in folders; files that hold measured times are left out."""
    found: dict[str, str] = {}
    for name in names:
        path = folder / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            relative = file.relative_to(folder).as_posix()
            if file.is_file() and not _within(relative, UNEQUAL):
                found[relative] = sha256(file.read_bytes()).hexdigest()
    return found


def _within(name: str, tops: Iterable[str]) -> bool:
    return any(name == top or name.startswith(f"{top}/") for top in tops)


def _raised(text: str) -> str:
    """Return the last line of the first traceback: the error and its message."""
    after = text.partition("Traceback (most recent")[2].splitlines()[1:]
    return next((line for line in after if line.strip() and not line.startswith(" ")), "cut off")


def _bytes(path: Path) -> bytes:
    with suppress(OSError):
        return path.read_bytes()
    return b""
