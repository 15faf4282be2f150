"""Errors that a user can fix, and how a stage reports them: one line, no traceback."""

import logging
import os
import sys
import warnings
from collections.abc import Callable


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
