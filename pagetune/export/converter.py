"""Run llama.cpp's converter, quantiser and runtime: from the merged folder to a GGUF file, and to its answers."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.language import tr

SCRIPT = "convert_hf_to_gguf.py"
#: What installs llama.cpp, where there is a Makefile (`make gguf`) and where there is none.
INSTALL = "python -m pagetune.export.install"
#: Where it installs the converter.
INSTALLED = Path(sys.prefix) / "share" / "llama.cpp"
#: The types that the converter writes itself; llama.cpp's quantiser makes the others from f16.
WRITTEN = ("f16", "bf16")


def find_converter() -> Path:
    """Return the folder of the converter: the checkout named in LLAMA_CPP, or else what INSTALL installed.

    Raises UserError where that folder has no converter.
    """
    folder = Path(os.environ.get("LLAMA_CPP") or INSTALLED)
    if not (folder / SCRIPT).exists():
        raise UserError(
            "llama.cpp's converter is not in {folder}. Run `{command}`, or set LLAMA_CPP to a checkout of llama.cpp.",
            folder=folder,
            command=INSTALL,
        )
    return folder


def why_no_llama_cpp() -> str | None:
    """Return why no GGUF can be verified here, or None where llama.cpp's runtime is installed."""
    if importlib.util.find_spec("llama_cpp") is None:
        return tr(
            "llama-cpp-python is not installed, so a GGUF could not be verified. Run `{command}`.", command=INSTALL
        )
    return None


def convert(merged: Path, target: Path, gguf_type: str) -> None:
    """Write the GGUF `target`, of a type in WRITTEN, from `merged`. Raises UserError with llama.cpp's error."""
    _run("convert", str(find_converter()), str(merged), str(target), gguf_type)


def quantize(source: Path, target: Path, gguf_type: str) -> None:
    """Write the GGUF `target` from another one, in fewer bits. Raises UserError with llama.cpp's error."""
    _run("quantize", str(source), str(target), gguf_type)


def ask_gguf(file: Path, prompts: list[str], eos_ids: list[int], max_new_tokens: int) -> dict[str, Any]:
    """Return llama.cpp's `tokens` of each prompt, its greedy `answers` as token ids up to an EOS, and its `eos` id."""
    asked = json.dumps({"prompts": prompts, "eos_ids": eos_ids, "max_new_tokens": max_new_tokens})
    answered: dict[str, Any] = json.loads(_run("ask", str(file), given=asked).splitlines()[-1])
    return answered


def _run(*command: str, given: str = "") -> str:
    """Run llama.cpp in a process of its own, because a failed assertion in it ends the process; return its output."""
    program = [sys.executable, "-m", "pagetune.export.llama_cpp", *command]
    done = subprocess.run(program, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        seen = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UserError(
            "llama.cpp could not {task} ({seen}). Set export.format: merged, which does not need it.",
            task=command[0],
            seen=seen,
        )
    return done.stdout
