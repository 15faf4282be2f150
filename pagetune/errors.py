"""Errors that a user can fix, and how a stage reports them: one line, no traceback."""

from __future__ import annotations  # so that an older Python gets as far as its message

import io
import logging
import os
import select
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TextIO

from pagetune.failures import allow_open_files, explain
from pagetune.language import Remark, tr
from pagetune.masking import mask, mask_output

#: Under the traceback of an error that nobody has foreseen.
_FAULT = Remark("This is a fault of pagetune. Please report it, with the lines above and the command.")


class UserError(Exception):
    """A problem that the user can fix. The message says what is wrong, where, what was seen and what to do.

    It is said in the language of the locale, as by `tr`. A key or password that it quotes, from a server or a library,
    is masked wherever it goes.
    """

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(mask(tr(message, **values)))


def run_stage(name: str, main: Callable[[], None]) -> None:
    """Run a stage's `main`, until the DVC above it ends or a signal arrives.

    Exit with code 1 after one line, `name: message`, where it does not come to its end.
    """
    from pagetune.parent_process import begin_stage, end_children, say_interrupted  # needs psutil, which may be missing

    quiet_libraries()
    with in_one_line(name):
        try:
            begin_stage()
            main()
            sys.stdout.flush()
        except BrokenPipeError:
            if not _has_gone(sys.stdout):  # some other pipe, to a process of ours
                raise
            raise UserError(
                "the program that read the output has ended, and so has this stage. Run it again."
            ) from None
        except KeyboardInterrupt:
            end_children()
            say_interrupted(name)
            sys.exit(1)


def _has_gone(stream: TextIO) -> bool:
    """Return whether whoever read the stream has closed it."""
    watched = select.poll()
    watched.register(stream.fileno(), 0)
    return any(seen & select.POLLERR for _, seen in watched.poll(0))


@contextmanager
def in_one_line(name: str) -> Iterator[None]:
    """End in the line `name: message` and exit code 1 where the user or the machine has to change something.

    Everything else is a fault of the program, and keeps its traceback.
    """
    _prepare_streams()
    try:
        try:
            Path.cwd()  # raises where that folder was deleted, which libraries end the process for
            allow_open_files()
            yield
        finally:
            sys.stdout.flush()
    except UserError as error:
        _exit(f"{name}: {error}")
    except KeyboardInterrupt:
        _exit(f"{name}: {tr('interrupted')}")
    except Exception as error:
        if line := explain(error):
            _exit(f"{name}: {line}")
        if line := _explain_by_inputs(name, error):
            _exit(f"{name}: {line}")
        error.add_note(tr(_FAULT))
        raise


def _explain_by_inputs(name: str, error: Exception) -> str | None:
    """Name the inputs that are not what an earlier stage wrote: any library may fail on them, with any error."""
    from pagetune.recorded import changed_inputs

    changed = changed_inputs(name)
    if not changed:
        return None
    seen = " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(".: ")
    return tr(
        "{names} cannot be used ({seen}), and DVC has recorded other contents: damaged since, or changed by hand. Run "
        "`dvc repro {name}`, which has them written again.",
        names=", ".join(changed),
        seen=seen,
        name=name,
    )


def _exit(line: str) -> None:
    """Exit with a line, also where nothing can be printed to stdout any more."""
    try:
        sys.stdout.flush()
    except OSError:  # Python would try again at the end, and print a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(line)


def _prepare_streams() -> None:
    """Open what was closed, print names in any encoding, and mask secrets.

    A file that is opened later would take the place of a closed stream.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    mask_output()


def explain_wrong_python() -> None:
    """Exit with one line if this Python is too old, and let a module that it lacks end in one line, too.

    Call this before anything is imported that is not in the standard library.
    """
    too_old = sys.version_info < (3, 11)
    if too_old:
        seen = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            tr(
                "{program}: Python 3.11 or newer is needed, and {python} is {seen}. {advice}",
                program=_program(),
                python=sys.executable,
                seen=seen,
                advice=_how_to_start(),
            )
        )
    if sys.excepthook is sys.__excepthook__:  # the processes that read documents have one of their own
        sys.excepthook = _explain


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print one line for Ctrl-C, for a module that is missing, and for what the machine lets nobody load.

    A missing module of ours is a fault of the program, and keeps its traceback like everything else.
    """
    if kind is KeyboardInterrupt:
        from pagetune.parent_process import say_interrupted

        say_interrupted(_program())
        os._exit(1)  # or else Python would end by SIGINT
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if name not in ("", "pagetune", "stages"):
        said = tr("{python} has no module {name}. {advice}", python=sys.executable, name=name, advice=_how_to_start())
        print(f"{_program()}: {said}", file=sys.stderr)
    elif line := explain(error):
        print(f"{_program()}: {line}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _program() -> str:
    """Return what the messages begin with: the stage, or pagetune."""
    path = Path(sys.argv[0])
    return path.stem if path.parent.name == "stages" else "pagetune"


def _how_to_start() -> str:
    """Say how to get to a Python that has everything, from a clone or from an installation."""
    root = Path(__file__).parents[1]
    if not (root / "Makefile").exists():
        return tr(
            "Activate the environment that pagetune is installed in; `python -m pip check` there names what is missing."
        )
    environment = root / ".venv"
    if Path(sys.prefix) == environment:
        return tr("Run `pip install -r requirements.txt`.")
    if (environment / "bin" / "activate").exists():
        return tr("Run `source .venv/bin/activate` first.")
    return tr("Run `make install`, then `source .venv/bin/activate`.")


def quiet_libraries() -> None:
    """Silence what libraries print about themselves, which a newcomer takes for an error, and what they report home.

    TRL (1.15) would do so in a thread of its own, which reads libc's environment while accelerate changes it: that has
    ended a training with a segmentation fault. Call this before the libraries are imported. What the user has set stays
    as it is.
    """
    chosen = {
        "TRANSFORMERS_VERBOSITY": "error",
        "DATASETS_VERBOSITY": "error",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "TQDM_DISABLE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TRL_EXPERIMENTAL_SILENCE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",  # vLLM
        "UNSLOTH_DISABLE_STATISTICS": "1",
    }
    for variable, value in chosen.items():
        os.environ.setdefault(variable, value)
    for name in ("bitsandbytes", "liger_kernel"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
