"""What a stage prints is its own."""

import logging

import pytest

from pagetune.errors import quiet_libraries


@pytest.mark.parametrize("name", ["bitsandbytes.backends.cpu.ops", "liger_kernel.backends.registry"])
def test_a_library_does_not_warn_of_kernels_that_it_does_without(name: str) -> None:
    quiet_libraries()
    assert not logging.getLogger(name).isEnabledFor(logging.WARNING)
