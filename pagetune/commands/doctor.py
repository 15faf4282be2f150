"""`python -m pagetune doctor`: what this machine has of what pagetune needs, and what that means."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.masking import mask
from pagetune.model.manifest import BASE, read_manifest
from pagetune.params import load_params
from pagetune.plan.recipe import rows_of_a_step
from pagetune.shipped import shipped

PINS = shipped("requirements.txt")
#: The packages that results depend on; the other pins are their dependencies.
PINNED = (
    "torch", "transformers", "trl", "peft", "accelerate", "datasets", "bitsandbytes", "dvc", "pdfplumber",
    "pypdfium2", "rouge-score", "kiwipiepy", "sacrebleu", "gradio",
)  # fmt: skip
#: The built-in model needs less than 1 GiB of each; an 8B model needs 30 GiB of disk for its weights and an export.
LEAST_DISK_GIB, LEAST_MEMORY_GIB = 5.0, 3.0

GIB = 2**30

Mark = Literal["ok", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """A part of the machine, and what was seen of it. The pipeline cannot run with a `bad` one; a `note` limits it."""

    mark: Mark
    what: str
    seen: str


def examine() -> list[Finding]:
    """Examine each part of the machine. A part that cannot be examined is a finding itself."""
    findings: list[Finding] = []
    for part in (_python, _programs, _versions, _gpus, _backend, _engines, _space, _reading):
        try:
            findings += part()
        except Exception as error:  # people call the doctor because something is broken
            seen = str(error).strip().splitlines() or [type(error).__name__]
            findings.append(Finding("bad", part.__name__.strip("_"), seen[0]))
    return findings


def print_findings(findings: list[Finding]) -> bool:
    """Print a table. Return False where something is missing that the pipeline cannot run without."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    marks = {"ok": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        mark, style = marks[finding.mark]
        table.add_row(Text(mark, style=style), finding.what, Text(mask(finding.seen)))
    Console().print(table)
    bad = [finding.what for finding in findings if finding.mark == "bad"]
    if bad:
        names = ", ".join(bad)
        print(tr("doctor: the pipeline cannot run without {names}.", names=names))
    else:
        print(tr("doctor: the pipeline can run on this machine."))
    return not bad


def _python() -> Iterator[Finding]:
    ready, seen = sys.version_info >= (3, 11), sys.version.split()[0]
    yield Finding(
        "ok" if ready else "bad",
        "Python",
        seen if ready else tr("{seen}; 3.11 or newer is needed", seen=seen),
    )


def _programs() -> Iterator[Finding]:
    for name in ("git", "dvc"):
        path = shutil.which(name)
        missing = tr(
            "not on PATH: activate the virtual environment (`source .venv/bin/activate`), or install it",
        )
        yield Finding("ok" if path else "bad", name, path or missing)


def _versions() -> Iterator[Finding]:
    """Yield a finding for each pinned package: its version, and the tested one where it differs."""
    for name, pinned in _pins().items():
        try:
            here = version(name)
        except PackageNotFoundError:
            yield Finding("bad", name, tr("not installed; tested with {pinned}", pinned=pinned))
            continue
        same = here.partition("+")[0] == pinned
        yield Finding(
            "ok" if same else "note",
            name,
            here if same else tr("{here}; tested with {pinned}", here=here, pinned=pinned),
        )


def _pins() -> dict[str, str]:
    pins = (
        dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", PINS.read_text(encoding="utf-8"), re.MULTILINE))
        if PINS.exists()
        else {}
    )
    return {name: pins[name] for name in PINNED if name in pins}


def _gpus() -> Iterator[Finding]:
    import torch

    build = torch.version.cuda or torch.version.hip
    yield Finding(
        "ok",
        "PyTorch",
        tr("built for CUDA {build}", build=build) if build else tr("built for the CPU"),
    )
    driver = _driver()
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        properties, (free, total) = torch.cuda.get_device_properties(index), torch.cuda.mem_get_info(index)
        seen = f"{properties.name}, sm_{properties.major}{properties.minor}, {free / GIB:.1f} / {total / GIB:.1f} GiB"
        yield Finding("ok", f"GPU {index}", f"{seen} {tr('free')}, {tr('driver')} {driver}")
    if not torch.cuda.is_available():
        yield Finding("note", "GPU", _why_no_gpu(driver, build))


def _driver() -> str | None:
    """Return the version of the NVIDIA driver, or None without one."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        seen = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    return seen[0] if seen else None


def _why_no_gpu(driver: str | None, build: str | None) -> str:
    if driver is None:
        return tr(
            "none: nvidia-smi finds no driver; everything runs on the CPU, slowly for models above 1B",
        )
    if build is None:
        return tr(
            "driver {driver} is installed, but this PyTorch is built for the CPU: install its CUDA build",
            driver=driver,
        )
    return tr(
        "PyTorch's CUDA {build} cannot use driver {driver}: update the driver, or check CUDA_VISIBLE_DEVICES",
        build=build,
        driver=driver,
    )


def _backend() -> Iterator[Finding]:
    """Yield the backend that the training would choose."""
    from pagetune.model.loading import has_towers
    from pagetune.model.precision import resolve_precision, this_gpu
    from pagetune.plan.budget import has_liger
    from pagetune.train.backend import Trained, is_fast_in_peft, why_peft
    from pagetune.train.distributed import count_processes

    params = load_params()
    wanted = params.train.backend == "unsloth"
    # The model is unknown before the stage base_model has run.
    manifest = read_manifest() if (BASE / "manifest.json").exists() else None
    trained = Trained()
    if manifest is not None:
        choice = resolve_precision(params.precision, manifest.parameters, params.quantization, manifest.quantized)
        fast = is_fast_in_peft(choice.precision, manifest.parameters, this_gpu(), has_liger())
        trained = Trained(manifest.parameters, fast, manifest.encoder_decoder, has_towers(manifest))
    rows = rows_of_a_step(params, builtin=manifest is None or manifest.source == "builtin")
    processes = count_processes(params.train.processes, rows)
    problem = why_peft(params, processes, model=trained)
    if problem is None:
        yield Finding("ok", "train.backend", tr("unsloth will train"))
    else:
        seen = tr("peft will train, not unsloth: {problem}", problem=problem)
        yield Finding("bad" if wanted else "ok", "train.backend", seen)


def _engines() -> Iterator[Finding]:
    from pagetune.export.converter import find_converter, why_no_llama_cpp

    try:
        converter = find_converter()
        problem = why_no_llama_cpp()
        yield Finding("note" if problem else "ok", "GGUF", problem or str(converter))
    except UserError as error:
        yield Finding("note", "GGUF", str(error))


def _space() -> Iterator[Finding]:
    import psutil

    memory, disk = psutil.virtual_memory().available / GIB, shutil.disk_usage(Path.cwd()).free / GIB
    for what, free, least in (
        (tr("memory"), memory, LEAST_MEMORY_GIB),
        (tr("disk"), disk, LEAST_DISK_GIB),
    ):
        seen = tr("{free:.1f} GiB free", free=free)
        little = tr("; at least {least:g} are needed", least=least)
        yield Finding("ok" if free >= least else "note", what, seen if free >= least else seen + little)


def _reading() -> Iterator[Finding]:
    from matplotlib import font_manager

    # Its list of fonts is kept from the first use; this looks at the files.
    names = {Path(file).stem for file in font_manager.findSystemFonts()}
    korean = sorted(name for name in names if re.search("Nanum|CJK|Malgun|Gothic ?Neo", name, re.IGNORECASE))
    none = tr(
        "none: lines of a PDF without its own fonts may be read wrongly, and browsers show boxes "
        "(Debian: apt-get install fonts-nanum)",
    )
    yield Finding("ok" if korean else "note", tr("Korean font"), ", ".join(korean[:3]) or none)
    yield _tesseract()


def _tesseract() -> Finding:
    """Return what Tesseract can read; only scans need it."""
    missing = tr(
        "scans cannot be read (Debian: apt-get install tesseract-ocr tesseract-ocr-kor)",
    )
    path = shutil.which("tesseract")
    if path is None:
        return Finding("note", "Tesseract", missing)
    listed = subprocess.run(
        [path, "--list-langs"], capture_output=True, text=True, timeout=60, check=False
    ).stdout.split()
    languages = [name for name in ("kor", "eng") if name in listed]
    return Finding(
        "ok" if "kor" in languages else "note", "Tesseract", ", ".join(languages) if "kor" in languages else missing
    )
