"""Presets: files with values for some keys of params.yaml, which a command writes there."""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString, ScalarString

from pagetune.errors import UserError
from pagetune.jsonl import atomic_write
from pagetune.language import tr
from pagetune.params import PARAMS, Params, load_params
from pagetune.params.rules import unknown_key


class Leaf(NamedTuple):
    """A key's parts, its new value, and the line that the value stands on in its file, from 1."""

    key: tuple[str, ...]
    value: Any
    line: int


def apply_preset(preset: Path, params: Path = PARAMS) -> list[str]:
    """Write the preset's values into params.yaml, keep its comments, and return a line for each value that changed.

    Raise UserError, and leave the file as it was, where params.yaml has no such key or the result is not valid.
    """
    return write_values(preset, list(_leaves(preset, _read(preset), Params)), params)


def write_values(source: Path, leaves: list[Leaf], params: Path) -> list[str]:
    """Write values into params.yaml, and return a line for each that changed. `source` is the file to blame."""
    load_params(params)
    values, changes = _read(params), []
    for (*sections, name), value, _ in leaves:
        node = values
        for section in sections:
            node = node[section]
        if node[name] != value:
            changes.append(f"{'.'.join((*sections, name))}: {node[name]} -> {value}")
            replace_value(node, name, value)
    if changes:
        _check(source, values, {".".join(leaf.key): leaf.line for leaf in leaves})
        _write(params, values)
    return changes


def _leaves(preset: Path, node: Any, model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Yield each key with its value and line. A preset may give some keys of a section; other values are whole."""
    if not isinstance(node, dict):
        raise UserError(
            "{preset}: {section} holds no keys. Name at least one parameter in it.",
            preset=preset,
            section=".".join(above) or tr("the file"),
        )
    lines: Any = node  # ruamel's mapping knows the line of each key
    for name, value in node.items():
        key, line = (*above, str(name)), lines.lc.key(name)[0] + 1
        if name not in model.model_fields:
            raise UserError(
                "{preset}:{line}: {key} {problem}",
                preset=preset,
                line=line,
                key=".".join(key),
                problem=unknown_key(str(name), model),
            )
        inner = model.model_fields[name].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _leaves(preset, value, inner, key)
        else:
            yield Leaf(key, value, line)


def replace_value(node: Any, name: str, value: Any) -> None:
    """Put a value in the place of another, without its own comments, and keep the comment that follows the place.

    ruamel has that comment at the last item of the old value, and writes it behind the last item of the new one.
    """
    holder, key, slot = _last_item(node, name)
    comment = None
    if key in holder.ca.items:
        comment, holder.ca.items[key][slot] = holder.ca.items[key][slot], None
    node[name] = _without_comments(value)
    if comment:
        holder, key, slot = _last_item(node, name)
        holder.ca.items.setdefault(key, [None] * 4)[slot] = comment
        if isinstance(holder[key], CommentedMap | CommentedSeq):
            # Else the comment would be written before a value in brackets.
            holder[key].ca.comment = [comment, None]


def _last_item(node: Any, name: Any) -> tuple[Any, Any, int]:
    """Return the mapping or list that holds the last item in a value, its key, and where ruamel has its comment."""
    value = node[name]
    if _is_block(value):
        return _last_item(value, list(value)[-1] if isinstance(value, dict) else len(value) - 1)
    return node, name, 2 if isinstance(node, dict) else 0


def _is_block(value: Any) -> bool:
    """Return whether a mapping or list has its items in lines of their own."""
    return isinstance(value, CommentedMap | CommentedSeq) and bool(value) and not value.fa.flow_style()


def _without_comments(value: Any) -> Any:
    """Return a copy. Its lists have no style, so that they are written as DVC writes them, an item a line."""
    if isinstance(value, dict):
        copy = CommentedMap((key, _without_comments(inner)) for key, inner in value.items())
        if not _is_block(value):
            copy.fa.set_flow_style()
        return copy
    if isinstance(value, list):
        return CommentedSeq(map(_without_comments, value))
    # A new text: one in lines of its own (`|`) would bring the comment below it along, one in quotes would keep them.
    if isinstance(value, LiteralScalarString):
        return LiteralScalarString(value)
    return str(value) if isinstance(value, ScalarString) else value


def comment_keeping_yaml() -> Any:
    """Return a reader and writer of YAML that keeps comments, and lays out all else as DVC does.

    It is that of `dvc.utils.serialize`, so that `dvc exp run -S` changes no line but that of the setting.
    """
    yaml = YAML()
    yaml.default_flow_style = False
    return yaml


def _read(path: Path) -> Any:
    try:
        return comment_keeping_yaml().load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("{path} is not there. The presets are in presets/.", path=path) from None
    except (ValueError, RecursionError, YAMLError) as error:
        raise UserError(
            "{path} is not YAML: {error}. Fix that file.", path=path, error=" ".join(str(error).split())
        ) from None


def _check(preset: Path, values: Any, lines: dict[str, int]) -> None:
    """Raise UserError where the new values are not valid, with the preset's line of each key.

    They are checked in another file, so that params.yaml never holds wrong ones.
    """
    with TemporaryDirectory() as folder:
        trial = Path(folder) / "params.yaml"
        _write(trial, values)
        try:
            load_params(trial)
        except UserError as error:
            problems = re.sub(rf"^{re.escape(str(trial))}(?::\d+)?: ", "", str(error), flags=re.MULTILINE)
            raise UserError("\n".join(_placed(preset, line, lines) for line in problems.splitlines())) from None


def _placed(preset: Path, problem: str, lines: dict[str, int]) -> str:
    """Put before a problem the line of the preset that it comes from."""
    line = lines.get(problem.partition(":")[0])
    if line:
        return f"{preset}:{line}: {problem}"
    return tr("{preset}: with it, params.yaml is not valid: {problem}", preset=preset, problem=problem)


def _write(path: Path, values: Any) -> None:
    with atomic_write(path) as file:
        comment_keeping_yaml().dump(values, file)
