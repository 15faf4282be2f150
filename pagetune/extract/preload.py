"""Load Kiwi, the weights of spaces and the readers into the server that all reading processes are forked from, so that
they share one copy of them and start at once.

Only that server imports this module.
"""

import os
import signal
import sys
from types import TracebackType

from pagetune.parent_process import die_with_direct_parent

#: What a process meets that is still starting when its pool has enough and ends.
_POOL_GONE = (FileNotFoundError, EOFError, ConnectionError)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of a process that failed while it started, unless its pool is gone: nobody waits for it."""
    if not issubclass(kind, _POOL_GONE):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _report

die_with_direct_parent(os.getppid())  # without a thread: processes are forked from this one
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the stage, and this server with it

import pagetune.extract.pages  # noqa: E402, F401
from pagetune.extract.spacing import has_space, kiwi  # noqa: E402

kiwi().analyze("미리 읽기")
has_space("미리", "읽기")
