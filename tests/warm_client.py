"""Let a warm Python run a command, or this one where the warm one may not: warm_client.py SOCKET ARGUMENT….

This is what `python` and `dvc` are on the PATH of the tests; tests/warm_python.py is the other end. It imports little,
because it is started for every command.
"""

import json
import os
import socket
import sys

STAGES = (
    "build_qa", "curate", "base_model", "format", "search", "open_book", "baseline", "baseline_open", "replay",
    "train", "predict", "predict_open", "evaluate", "summary", "report",
    "export",
)  # fmt: skip
#: What runs in the warm Python. The stage extract has processes of its own, and limits their memory.
WARM = {"dvc", "pagetune", *(f"stages.{name}" for name in STAGES)}
#: Variables that no library reads while it is imported. A command with any other difference gets a Python of its own.
MAY_DIFFER = (
    "PATH",
    "PYTHONPATH",
    "PYTHONUNBUFFERED",
    "PWD",
    "OLDPWD",
    "PS1",
    "SHLVL",
    "_",
    "NO_PROXY",
    "PYTEST_CURRENT_TEST",
    "LLAMA_CPP",
)
MAY_BEGIN = ("AWS_", "CELERY_", "DVC_", "GIT_", "PAGETUNE_", "RAY_", "TORCHINDUCTOR_", "_MP_FORK_")


def environment() -> dict[str, str]:
    """Return the variables that have to be those with which the warm Python started."""
    return {name: value for name, value in os.environ.items() if not differs(name)}


def differs(name: str) -> bool:
    return name in MAY_DIFFER or name.startswith(MAY_BEGIN)


def is_warm(arguments: list[str]) -> bool:
    """Return whether these arguments of `python` name a module that runs in the warm Python."""
    if arguments[:1] == ["-m"]:
        return arguments[1] in WARM
    return arguments[0].endswith("tests/audit_stage.py")


def ask(path: str, arguments: list[str]) -> int | None:
    """Return the exit status of the command, or None where the warm Python does not take it."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError:  # it has ended with its test process
            return None
        request = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
        socket.send_fds(connection, [b"x"], [0, 1, 2])
        connection.sendall(json.dumps(request | {"same": environment()}).encode() + b"\n")
        with connection.makefile("rb") as answers:
            answer = answers.readline()
    return int(answer) if answer else None


def main() -> None:
    path, *arguments = sys.argv[1:]
    status = ask(path, arguments) if len(arguments) > 1 and is_warm(arguments) else None
    if status is None:
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
    if status < 0:
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main()
