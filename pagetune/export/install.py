"""`make gguf`: build llama.cpp's runtime and install its converter from the same source, so that they fit together.

Without a Makefile, in a project of `pagetune init`, it is `python -m pagetune.export.install`.
"""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from pagetune.errors import UserError, run_stage
from pagetune.export.converter import INSTALL, INSTALLED, SCRIPT
from pagetune.language import tr
from pagetune.shipped import shipped

PINS = shipped("requirements-gguf.txt")
#: What is taken from the source: the converter, the modules that it imports, and the library that writes the file.
WANTED = (SCRIPT, "conversion/", "gguf-py/gguf/", "LICENSE")
INSIDE = "vendor/llama.cpp/"


def main() -> None:
    if not (shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")):
        raise UserError(
            "no C++ compiler found, and llama.cpp is built from source. Debian, Ubuntu: apt-get install g++."
        )
    pins = PINS.read_text(encoding="utf-8").splitlines()
    pin = next(line for line in pins if line.startswith("llama-cpp-python=="))
    with TemporaryDirectory() as folder:
        print(tr("gguf: building llama.cpp (takes some minutes)"), flush=True)
        _pip("download", "--no-deps", "--no-binary", "llama-cpp-python", "--dest", folder, pin)
        source = next(Path(folder).glob("llama_cpp_python-*.tar.gz"))
        _pip("install", "--no-deps", str(source))
        _pip("install", "-r", str(PINS))
        unpack(source, INSTALLED)
    print(tr("gguf: the converter is in {installed}", installed=INSTALLED))


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:
        raise UserError(
            "pip {argument} failed with the message above. Fix that and run `{command}` again.",
            argument=arguments[0],
            command=INSTALL,
        )


def unpack(source: Path, target: Path) -> None:
    """Extract the WANTED files of llama.cpp to `target`, all or none. Raises UserError where there is no converter."""
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(source) as archive:
        for member in archive.getmembers():
            inside = member.name.partition("/")[2]
            if member.isfile() and inside.removeprefix(INSIDE).startswith(WANTED) and inside.startswith(INSIDE):
                member.name = inside.removeprefix(INSIDE)
                archive.extract(member, part, filter="data")
    if not (part / SCRIPT).exists():
        raise UserError(
            "{name} has no {script}. Set LLAMA_CPP to a checkout of llama.cpp instead.", name=source.name, script=SCRIPT
        )
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


if __name__ == "__main__":
    run_stage("gguf", main)
