"""A Python that has imported what takes seconds, and runs each command of the tests in a fork: warm_python.py SOCKET.

A stage starts in a tenth of a second, and not in eight: PyTorch, transformers and TRL are there already. Nothing of
pagetune is, because a clone has its own. It ends with the process that started it, whose pipe is its standard input.
The stages start in a Python of their own in test_install.py and test_kills.py, and wherever a test asks for it.
"""

import gc
import importlib
import json
import os
import pickle
import random
import runpy
import select
import signal
import socket
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import kiwipiepy
from warm_client import environment

ROOT = Path(__file__).parent.parent
#: Before any library has added its own variables.
STARTED_IN = environment()
IMPORTED = (
    "accelerate",
    "bitsandbytes",
    "bm25s",
    "datasets",
    "dulwich.ignore",
    "dvc.cli.parser",
    "dvc.data_cloud",
    "dvc.repo",
    "dvc.rwlock",
    "dvc.scm",
    "dvclive",
    "matplotlib.backends.backend_svg",
    "nltk",
    "numpy",
    "peft",
    "pint",
    "pydantic",
    "rouge_score.rouge_scorer",
    "sacrebleu",
    "scmrepo.git",
    "torch",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.bart.modeling_bart",
    "transformers.models.llama.modeling_llama",
    "trl.trainer.sft_trainer",
    "typer",
)


class KiwiOfForks(kiwipiepy.Kiwi):
    """A Kiwi without threads, which no fork would have; such a one analyses many texts one by one."""

    def tokenize(self, texts: Any, *options: Any, **named: Any) -> Any:
        if isinstance(texts, str):
            return super().tokenize(texts, *options, **named)
        return [self.tokenize(text, *options, **named) for text in texts]


def load_kiwi() -> None:
    """Load Kiwi, which takes three seconds, for all who make one without options."""
    loaded, own = KiwiOfForks(num_workers=0), kiwipiepy.Kiwi
    loaded.tokenize("한 번 나누어야 다 읽혀 있습니다.")
    kiwipiepy.Kiwi = lambda **options: own(**options) if options else loaded


def remember_yaml(folder: Path) -> None:
    """Let all forks parse a text of YAML once: DVC parses params.yaml for each stage, which takes half of its time."""
    module = importlib.import_module("dvc.utils.serialize._yaml")
    parse = module.parse_yaml

    def parse_yaml(text: str, path: str, typ: str = "safe") -> Any:
        if typ != "safe":
            return parse(text, path, typ)
        kept = folder / sha256(text.encode()).hexdigest()
        if not kept.exists():
            own = kept.with_suffix(f".{os.getpid()}")
            own.write_bytes(pickle.dumps(parse(text, path)))
            own.replace(kept)
        return pickle.loads(kept.read_bytes())  # noqa: S301

    for name in ("dvc.utils.serialize._yaml", "dvc.utils.serialize", "dvc.utils.strictyaml"):
        importlib.import_module(name).parse_yaml = parse_yaml  # type: ignore[attr-defined]


def quiet_libraries() -> None:
    """Quiet what is imported here as a stage does, and forget pagetune again: the commands have their own."""
    sys.path.insert(0, str(ROOT))
    importlib.import_module("pagetune.errors").quiet_libraries()
    sys.path.remove(str(ROOT))
    for name in [name for name in sys.modules if name.partition(".")[0] == "pagetune"]:
        del sys.modules[name]


def main() -> None:
    quiet_libraries()
    for name in IMPORTED:
        importlib.import_module(name)
    load_kiwi()
    remember_yaml(Path(sys.argv[1]).parent)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        command = serve(listening)
    if command:
        run(command)


def serve(listening: socket.socket) -> dict[str, Any] | None:
    """Fork for every command. Return the command in the fork that is to run it, and None once the owner has ended."""
    while listening in select.select([listening, sys.stdin], [], [])[0]:
        connection, _ = listening.accept()
        if os.fork() == 0:
            return look_after(connection)
        connection.close()
    return None


def look_after(connection: socket.socket) -> dict[str, Any]:
    """Fork once more for the command itself, and tell its exit status to who asked for it; end it with them."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as requests:
        command: dict[str, Any] = json.loads(requests.readline())
    if command["same"] != STARTED_IN:
        os._exit(0)
    child = os.fork()
    if child == 0:
        for place, file in enumerate(files):
            os.dup2(file, place)
            os.close(file)
        connection.close()
        return command
    os.closerange(0, 3)
    for file in files:
        os.close(file)
    if connection in select.select([connection, os.pidfd_open(child)], [], [])[0]:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def run(command: dict[str, Any]) -> None:
    """Run the command as a Python that has just started does."""
    random.seed()
    sys.modules["numpy"].random.seed()
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    if "PYTHONUNBUFFERED" in os.environ:
        sys.stdout.reconfigure(write_through=True)
    is_module = command["arguments"][0] == "-m"
    sys.argv = command["arguments"][is_module:]
    first = command["folder"] if is_module else str(Path(sys.argv[0]).parent)
    sys.path[:1] = [first, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    if is_module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
