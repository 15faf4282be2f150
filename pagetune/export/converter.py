"""llama.cpp's own converter and runtime: from the merged folder to one GGUF file, and the answers of that file."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pagetune.errors import UserError

SCRIPT = "convert_hf_to_gguf.py"
#: Where `make gguf` puts it.
INSTALLED = Path(sys.prefix) / "share" / "llama.cpp"
#: What the converter itself writes; the others are made from its f16 by llama.cpp's quantiser.
WRITTEN = ("f16", "bf16")


def find_converter() -> Path:
    """LLAMA_CPP names a checkout of llama.cpp; else what `make gguf` installed. Raises UserError where neither is."""
    folder = Path(os.environ.get("LLAMA_CPP") or INSTALLED)
    if not (folder / SCRIPT).exists():
        raise UserError(
            f"llama.cpp's converter is not in {folder}. Install it (`make gguf`), or name a checkout in LLAMA_CPP."
        )
    return folder


def why_no_llama_cpp() -> str | None:
    """None where there is a runtime that can ask the file."""
    if importlib.util.find_spec("llama_cpp") is None:
        return "llama-cpp-python is not installed, and a GGUF that nothing can ask is not proved. Run `make gguf`."
    return None


def convert(merged: Path, target: Path, gguf_type: str) -> None:
    """Write `target` from the folder `merged`, in numbers of `gguf_type`. Raises UserError with llama.cpp's reason."""
    first = target if gguf_type in WRITTEN else target.with_suffix(".f16.gguf")
    kind = gguf_type if gguf_type in WRITTEN else "f16"
    _run("convert", str(find_converter()), str(merged), str(first), kind)
    if first != target:
        _run("quantize", str(first), str(target), gguf_type)
        first.unlink()


def ask_gguf(file: Path, prompts: list[str], max_new_tokens: int) -> dict[str, Any]:
    """llama.cpp's `tokens` of each prompt, its greedy `answers` as token ids, and its `eos`."""
    asked = json.dumps({"prompts": prompts, "max_new_tokens": max_new_tokens})
    answered: dict[str, Any] = json.loads(_run("ask", str(file), given=asked).splitlines()[-1])
    return answered


def _run(*command: str, given: str = "") -> str:
    """In a process of its own: an assertion of llama.cpp ends the process that it is in."""
    program = [sys.executable, "-m", "pagetune.export.llama_cpp", *command]
    done = subprocess.run(program, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        seen = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise UserError(f"llama.cpp could not {command[0]} ({seen}). export.format: merged needs none of it.")
    return done.stdout
