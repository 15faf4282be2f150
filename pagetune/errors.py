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
    """Run a stage's `main`; print a `UserError` as `name: message` and exit with code 1."""
    quiet_libraries()
    try:
        main()
    except UserError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")
    except Exception as error:
        if said := _explain_by_inputs(name, error):
            sys.exit(f"{name}: {said}")
        raise


def _explain_by_inputs(name: str, error: Exception) -> str | None:
    """Name the inputs that are not what an earlier stage wrote: any library may fail on them, with any error."""
    from pagetune.recorded import changed_inputs

    changed = changed_inputs(name)
    if not changed:
        return None
    seen = " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(".: ")
    return (
        f"{', '.join(changed)} cannot be used ({seen}), and DVC has recorded other contents: damaged since, or changed "
        f"by hand. Run `dvc repro {name}`, which has them written again."
    )


def explain_wrong_python() -> None:
    """Exit with one line if this Python is too old, and let a module that it lacks end in one line, too.

    Call this before anything is imported that is not in the standard library.
    """
    too_old = sys.version_info < (3, 11)
    if too_old:
        seen = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"{_program()}: Python 3.11 or newer is needed, and {sys.executable} is {seen}. {_how_to_start()}")
    sys.excepthook = _explain_missing_module


def _explain_missing_module(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print one line for a missing module, unless it is one of ours, and a traceback for everything else."""
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
