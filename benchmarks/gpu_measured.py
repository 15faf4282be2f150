"""Read what was measured on H200 GPUs from the results beside this file, for benchmarks.gpu_guide."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.gpu_plans import AS_SET
from pagetune.plan.memory import GIB, Setup, estimate
from pagetune.plan.recipe import Corpus, resolve_recipe
from pagetune.plan.shapes import LLAMA_3

HERE = Path(__file__).parent
#: The first words of the sections of train_gpu.txt that are read, and what the names of their lines leave out.
ONE_COMMAND, PEFT_4BIT = "All in one command", "4 bits under PEFT"
LEFT_OUT = {ONE_COMMAND: "", PEFT_4BIT: ", PEFT 4-bit"}
ROW = re.compile(r"  (?P<name>\S.*?)\s{2,}(?P<speed>[\d,]+)\s+(?P<gib>[\d.]+)(?:\s+(?P<predicted>[\d.]+))?$")
AT_ONCE = re.compile(r": (?P<tokens>[\d,]+)")
SCORES = re.compile(r"(?P<name>\w+)\s+recall\s.*fact_match (?P<match>[\d.]+) (?P<interval>\[[\d., ]+\])")
SECONDS = re.compile(r"(?P<name>\w+)\s+(?P<training>[\d.]+) s training")
ANSWERS = re.compile(r"(?P<name>ours, .*?)\s{2,}\d+ prompts\s+[\d.]+ s\s+(?P<speed>[\d,]+) new.*?(?P<gib>[\d.]+) GiB")


@dataclass(frozen=True)
class Run:
    """A line of train_gpu.txt. `predicted_gib` is what the planner says today; it is None for other trainers."""

    name: str
    tokens_per_second: int
    gib: float
    predicted_gib: float | None


def runs_of(section: str) -> list[Run]:
    """Return the runs of a section of train_gpu.txt. Raise ValueError where it does not exist or has no rows."""
    text = (HERE / "train_gpu.txt").read_text(encoding="utf-8")
    rows = [ROW.match(line) for line in text[text.index(f"\n{section}") + 1 :].split("\n\n")[0].splitlines()[1:]]
    found = [_run(row, LEFT_OUT[section]) for row in rows if row]
    if not found:
        raise ValueError(f"benchmarks/train_gpu.txt: no rows below {section!r}")
    return found


def _run(row: re.Match[str], left_out: str) -> Run:
    """Return the run of a line. Names of our runs hold the tokens at once, except where a line continues another."""
    name, tokens, predicted = row["name"], AT_ONCE.search(row["name"]), None
    if tokens:
        predicted = estimate(_setup(name + left_out), _number(tokens["tokens"]), "checkpointing" in name).total / GIB
    elif row["predicted"]:
        predicted = float(row["predicted"])
    return Run(name, _number(row["speed"]), float(row["gib"]), predicted)


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _setup(words: str) -> Setup:
    """Return what a line of train_gpu.txt trained: an 8B Llama shape, r=16 on all projections."""
    peft = "PEFT" in words
    lora = resolve_recipe(AS_SET, Corpus(200, 1000), 8 * 10**9, builtin=False).lora
    setup = Setup(LLAMA_3["8b"], "bf16", True, lora, "peft" if peft else "unsloth", True, liger=peft)
    if "4-bit" in words:
        setup = replace(setup, precision="4bit")
    return replace(setup, optim="adamw_8bit") if "8-bit Adam" in words else setup


def measured_table(section: str) -> list[str]:
    head = ["| on an H200 | tokens per second | GiB measured | GiB predicted |", "|---|---|---|---|"]
    return head + [
        f"| {run.name} | {run.tokens_per_second:,} | {run.gib:#.3g} | {_predicted(run)} |" for run in runs_of(section)
    ]


def _predicted(run: Run) -> str:
    if run.predicted_gib is None:
        return ""
    return f"{run.predicted_gib:#.3g} ({run.predicted_gib / run.gib - 1:+.0%})"


def precision_table() -> list[str]:
    """Return the table of scores at 4, 8 and 16 bits."""
    text = (HERE / "precisions.txt").read_text(encoding="utf-8")
    seconds = {found["name"]: found["training"] for found in SECONDS.finditer(text)}
    head = ["| precision | fact match on `recall` | 95% interval | seconds of training |", "|---|---|---|---|"]
    return head + [
        f"| {found['name']} | {found['match']} | {found['interval']} | {seconds[found['name']]} |"
        for found in SCORES.finditer(text)
    ]


def answering_table() -> list[str]:
    text = (HERE / "predict_gpu.txt").read_text(encoding="utf-8")
    head = ["| answering, on an H200 | new tokens per second | GiB measured |", "|---|---|---|"]
    return head + [f"| {found['name']} | {found['speed']} | {found['gib']} |" for found in ANSWERS.finditer(text)]
