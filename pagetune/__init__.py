"""PDFs in, a tuned language model and scores that can be believed out; or dialogues, and their summaries."""

from typing import Any

__all__ = ["Trainer"]


def __getattr__(name: str) -> Any:
    """`from pagetune import Trainer`, which no stage needs and none is to load."""
    if name == "Trainer":
        from pagetune.commands.python_api import Trainer

        return Trainer
    raise AttributeError(f"module 'pagetune' has no attribute {name!r}")
