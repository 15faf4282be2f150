"""What a stage prints is its own."""

import logging
import os
import subprocess
import sys

import pytest

from pagetune.errors import quiet_libraries


@pytest.mark.parametrize("name", ["bitsandbytes.backends.cpu.ops", "liger_kernel.backends.registry"])
def test_a_library_does_not_warn_of_kernels_that_it_does_without(name: str) -> None:
    quiet_libraries()
    assert not logging.getLogger(name).isEnabledFor(logging.WARNING)


def test_no_library_reports_home_from_a_thread_beside_the_training() -> None:
    """What TRL calls whenever it makes a trainer; without the setting it starts a thread that goes to the network."""
    send = "from huggingface_hub.utils import send_telemetry; send_telemetry('x'); import threading; "
    program = f"from pagetune.errors import quiet_libraries; quiet_libraries(); {send}print(threading.active_count())"
    told = ("HF_HUB_DISABLE_TELEMETRY", "DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_OFFLINE")
    environment = {name: value for name, value in os.environ.items() if name not in told}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
