"""A preset is a few keys of params.yaml with other values: `presets/*.yaml`, written into params.yaml by a command."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pagetune.errors import UserError
from pagetune.jsonl import atomic_write
from pagetune.params import PARAMS, Params, load_params

#: No line of params.yaml is broken anew.
WIDTH = 4096


def apply_preset(preset: Path, params: Path = PARAMS) -> list[str]:
    """Write the preset's keys into params.yaml, comments kept, and return a line for each value that changed.

    Raises UserError, and leaves the file as it was, where a key is none of params.yaml or the result is not valid.
    """
    load_params(params)
    values, changes = _read(params), []
    for key, value in _leaves(preset, _read(preset), Params):
        *sections, name = key
        node = values
        for section in sections:
            node = node[section]
        if node[name] != value:
            changes.append(f"{'.'.join(key)}: {node[name]} -> {value}")
            node[name] = value
    if changes:
        _check(preset, values)
        _write(params, values)
    return changes


def _leaves(
    preset: Path, node: Any, model: type[BaseModel], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The keys that have a value of their own. A section's values may be given in part, any other value is whole."""
    if not isinstance(node, dict):
        raise UserError(f"{preset}: {'.'.join(above) or 'the file'} holds no keys. Name at least one parameter in it.")
    places: Any = node  # ruamel's mapping knows the line of each key
    for name, value in node.items():
        key = (*above, str(name))
        if name not in model.model_fields:
            raise UserError(f"{preset}:{places.lc.key(name)[0] + 1}: {'.'.join(key)} {_unknown(str(name), model)}")
        inner = model.model_fields[name].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _leaves(preset, value, inner, key)
        else:
            yield key, value


def _unknown(name: str, model: type[BaseModel]) -> str:
    close = difflib.get_close_matches(name, model.model_fields, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(model.model_fields)}."
    return f"is not a parameter. {hint}"


def _yaml() -> Any:
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, WIDTH
    # As params.yaml writes it; ruamel's own is an empty value.
    yaml.representer.add_representer(
        type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return yaml


def _read(path: Path) -> Any:
    try:
        return _yaml().load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is not there. The presets are in presets/.") from None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise UserError(f"{path} is no YAML: {' '.join(str(error).split())}. Mend that file.") from None


def _check(preset: Path, values: Any) -> None:
    """Checked in a file of its own, so that params.yaml is never there half right."""
    with TemporaryDirectory() as folder:
        trial = Path(folder) / "params.yaml"
        _write(trial, values)
        try:
            load_params(trial)
        except UserError as error:
            raise UserError(str(error).replace(str(trial), f"{preset}: params.yaml")) from None


def _write(path: Path, values: Any) -> None:
    with atomic_write(path) as file:
        _yaml().dump(values, file)
