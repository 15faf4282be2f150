"""Adapters of further trainings on the project's base, for `serve --adapter NAME=FOLDER`."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.failures import is_from_machine
from pagetune.model.language_model import has_conv1d
from pagetune.model.manifest import ADAPTER, Manifest
from pagetune.model.template import check_template

#: PEFT's name of the adapter that was loaded with the base.
OWN = "default"
#: What both adapters must have been trained on, in adapter_config.json.
_BASE = ("base_model_name_or_path", "revision")


def read_adapters(given: Sequence[str], taken: Sequence[str]) -> dict[str, Path]:
    """Read NAME=FOLDER. Raise UserError for a name that is not one or is taken, and a folder without an adapter."""
    found: dict[str, Path] = {}
    for text in given:
        name, equals, folder = text.partition("=")
        if not equals or not re.fullmatch(r"[\w.:-]{1,100}", name):
            raise UserError(
                "serve: --adapter {text!r} is not NAME=FOLDER, with a NAME of letters, digits and . : _ - "
                "only. Write for example --adapter rank-32=/home/me/rank-32/models/adapter.",
                text=text,
            )
        if name in (*taken, *found):
            raise UserError(
                "serve: two models would be called {name!r}. Choose another name with --adapter NAME={folder}.",
                name=name,
                folder=folder,
            )
        found[name] = _checked(Path(folder))
    return found


def _checked(folder: Path) -> Path:
    if (folder / "adapter_config.json").is_file():
        return folder
    raise UserError(
        "serve: {folder} holds no adapter (adapter_config.json is missing). Name the folder "
        "models/adapter of a project, or a copy of it.",
        folder=folder,
    )


def put_on(model: Any, name: str, folder: Path, manifest: Manifest) -> None:
    """Put an adapter on the model beside the project's own; PEFT keeps them apart by `name`.

    Raises UserError where it was prompted in another way, was trained on another base, or cannot be read.
    """
    check_template(folder, manifest)
    for part in _BASE:
        ours, theirs = _config(ADAPTER).get(part), _config(folder).get(part)
        if ours != theirs:
            raise UserError(
                "serve: {folder} was trained on another base: {part} is {theirs!r}, here {ours!r}. Serve it "
                "from its own project.",
                folder=folder,
                part=part,
                theirs=theirs,
                ours=ours,
            )
    try:
        _load(model, name, folder)
    except Exception as error:
        if is_from_machine(error) or "out of memory" in str(error).lower():
            raise
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            "serve: {folder}: the adapter does not go onto this project's base ({said}). Serve it from "
            "its own project.",
            folder=folder,
            said=said,
        ) from error


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        path = folder / "adapter_config.json"
        raise UserError("serve: {path} cannot be read. Copy the adapter again.", path=path)
    return config


def _load(model: Any, name: str, folder: Path) -> None:
    """Load the weights as the project's own are loaded, on a base of any precision."""
    from peft import PeftConfig

    config = PeftConfig.from_pretrained(str(folder))
    config.fan_in_fan_out, config.init_lora_weights = has_conv1d(model), True
    config.inference_mode = True
    model.add_adapter(name, config)
    model.load_adapter(str(folder), name)
    model.eval()
