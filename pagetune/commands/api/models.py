"""The models that a program can ask, by name: the tuned one, its base, and further adapters on it."""

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pagetune.commands.adapters import OWN, read_adapters
from pagetune.commands.api.errors import ApiError

BASE_NAME = "base"


class Models:
    """Names of models with the adapter that each has; None is the base alone."""

    def __init__(self, adapters: Mapping[str, str | None]) -> None:
        self._adapters, self._since = dict(adapters), int(time.time())

    def adapter(self, name: str) -> str | None:
        """Return the adapter of a model. Raise ApiError where there is no such model."""
        if name not in self._adapters:
            known = ", ".join(self._adapters)
            raise ApiError(404, f"There is no model {name[:100]!r}, but {known}.", "model", "model_not_found")
        return self._adapters[name]

    def body(self, name: str) -> dict[str, Any]:
        """Return a model in OpenAI's form. Raise ApiError where there is no such model."""
        self.adapter(name)
        return {"id": name, "object": "model", "created": self._since, "owned_by": "pagetune"}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [self.body(name) for name in self._adapters]


def own_name(folder: Path) -> str:
    """Return the name of a project's tuned model: that of its folder, where it can be one."""
    name = re.sub(r"[^\w.:-]+", "-", folder.resolve().name).strip("-")[:100]
    return name if name and name != BASE_NAME else "tuned"


def models_of(project: Path, given: Sequence[str]) -> tuple[Models, dict[str, Path]]:
    """Return the models of a project with the adapters that `given` names, and the folders to load these from.

    Raises UserError for an adapter that cannot be one. PEFT gets names of its own, because it takes no dot.
    """
    own = own_name(project)
    others = read_adapters(given, (own, BASE_NAME))
    inner = {name: f"other_{number}" for number, name in enumerate(others)}
    return Models({own: OWN, **inner, BASE_NAME: None}), {inner[name]: folder for name, folder in others.items()}
