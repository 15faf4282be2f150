"""Turns documents, Korean ones first, into a tuned language model and an evaluation you can trust."""

from typing import Any

__all__ = ["Trainer"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load `Trainer` when somebody imports it; the stages do without it and what it imports."""
    if name == "Trainer":
        from pagetune.commands.python_api import Trainer

        return Trainer
    raise AttributeError(f"module 'pagetune' has no attribute {name!r}")
