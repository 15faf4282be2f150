"""Starts the processes of a training on several GPUs: accelerate's launcher, without its traceback.

The process that failed has said in one line what is wrong; a traceback of the launcher would hide it.
"""

import logging
import signal
import sys

from pagetune.parent_process import exit_with_parent


def main(arguments: list[str]) -> None:
    """Run `accelerate launch` with these arguments; exit with 1 where a process fails or a signal ends it."""
    exit_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until PyTorch handles it: the stage above ends this process
    logging.disable(logging.ERROR)  # of accelerate's defaults, and of how each process ended
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    try:
        launch_command(launch_command_parser().parse_args(arguments))
    except (ChildFailedError, SignalException, KeyboardInterrupt):
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
