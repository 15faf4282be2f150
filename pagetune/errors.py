"""Errors that a user can fix, and how a stage reports them: one line, no traceback."""

from __future__ import annotations  # so that an older Python gets as far as its message

import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType


class UserError(Exception):
    """A problem that the user can fix. The message says what is wrong, where, what was seen and what to do."""


def run_stage(name: str, main: Callable[[], None]) -> None:
    """Run a stage's `main`, until the DVC above it ends or a signal arrives.

    Exit with code 1 after one line where it does not come to its end: `name: message` for a `UserError`.
    """
    from pagetune.parent_process import begin_stage, end_children, say_interrupted  # needs psutil, which may be missing

    quiet_libraries()
    try:
        begin_stage()
        main()
    except UserError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        end_children()
        say_interrupted(name)
        sys.exit(1)


def explain_wrong_python() -> None:
    """Exit with one line if this Python is too old, and let a module that it lacks end in one line, too.

    Call this before anything is imported that is not in the standard library.
    """
    too_old = sys.version_info < (3, 11)
    if too_old:
        seen = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"{_program()}: Python 3.11 or newer is needed, and {sys.executable} is {seen}. {_how_to_start()}")
    sys.excepthook = _explain


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print one line for Ctrl-C or a missing module, unless it is one of ours, and a traceback for everything else."""
    if kind is KeyboardInterrupt:
        from pagetune.parent_process import say_interrupted

        say_interrupted(_program())
        os._exit(1)  # or else Python would end by SIGINT
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if name in ("", "pagetune", "stages"):
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"{_program()}: {sys.executable} has no module {name}. {_how_to_start()}", file=sys.stderr)


def _program() -> str:
    """Return what the messages begin with: the stage, or pagetune."""
    path = Path(sys.argv[0])
    return path.stem if path.parent.name == "stages" else "pagetune"


def _how_to_start() -> str:
    """Say how to get to a Python that has everything, from a clone or from an installation."""
    root = Path(__file__).parents[1]
    if not (root / "Makefile").exists():
        return (
            "Activate the environment that pagetune is installed in; `python -m pip check` there names what is missing."
        )
    environment = root / ".venv"
    if Path(sys.prefix) == environment:
        return "Run `pip install -r requirements.txt`."
    if (environment / "bin" / "activate").exists():
        return "Run `source .venv/bin/activate` first."
    return "Run `make install`, then `source .venv/bin/activate`."


def quiet_libraries() -> None:
    """Silence what libraries print about themselves, which a newcomer takes for an error.

    Call this before the libraries are imported. What the user has set stays as it is.
    """
    chosen = {
        "TRANSFORMERS_VERBOSITY": "error",
        "DATASETS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "TQDM_DISABLE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TRL_EXPERIMENTAL_SILENCE": "1",
    }
    for variable, value in chosen.items():
        os.environ.setdefault(variable, value)
    for name in ("bitsandbytes", "liger_kernel"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
