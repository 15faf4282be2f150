"""`pagetune init --update`: adapts a project to the version of pagetune that is installed now.

A file that nobody changed is replaced. One that the user changed stays, and if the new version changed it too, its text
is written beside it. In params.yaml the user's values stay, and new keys are added; the old file stays beside it.
"""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pagetune import __version__
from pagetune.commands.presets import comment_keeping_yaml, replace_value
from pagetune.commands.project import LIBRARY, LOCK, hash_of, project_files, read_lock, write_lock
from pagetune.errors import UserError
from pagetune.jsonl import write_text
from pagetune.language import tr
from pagetune.params import PARAMS, load_params
from pagetune.params.yaml_file import read_yaml

#: The user's params.yaml as it was.
OLD = f"{PARAMS}.old"


def update(folder: Path) -> list[str]:
    """Bring the project's files to the installed version, and return a line for each that is not as it was.

    Raise UserError, and leave all as it was, where the folder has no project or a value does not fit the new version.
    """
    if not (folder / PARAMS).exists():
        raise UserError(
            "init: {folder} is not a project, {params} is not there. `pagetune init FOLDER` writes one.",
            folder=folder,
            params=PARAMS,
        )
    files = project_files()
    _check_places(folder, files)
    version, written = read_lock(folder)
    changed = {name: text for name, text in files.items() if written.get(name) != hash_of(text.encode())}
    lines = list[str]()
    if template := changed.pop(PARAMS.name, None):
        merged, lines = merge_params(folder / PARAMS, template)
        lines += _write_params(folder, merged, written.get(PARAMS.name))
    for name, text in changed.items():
        lines += _replace(folder, name, text, written.get(name))
    for name in sorted(set(written) - set(files)):
        lines += _remove(folder, name, written[name])
    write_lock(folder, files)
    versions = __version__ if version == __version__ else f"{version} -> {__version__}"
    return [f"init: pagetune {versions} in {folder / LOCK}", *(f"init: {line}" for line in lines)]


def _check_places(folder: Path, files: dict[str, str]) -> None:
    """Raise UserError where a folder is in the place of a file, or a file in that of a folder."""
    places = [folder / name for name in (*files, LOCK.name, LIBRARY.name, *(f"{name}.new" for name in files), OLD)]
    if in_the_way := next((path for path in places if path.is_dir()), None):
        raise UserError(
            "init: {in_the_way} is a folder, and a file is written there. Move it away.", in_the_way=in_the_way
        )
    parents = {parent for path in places for parent in path.parents if folder in parent.parents}
    if in_the_way := next((path for path in sorted(parents) if path.exists() and not path.is_dir()), None):
        raise UserError(
            "init: {in_the_way} is a file, and files are written below it. Move it away.", in_the_way=in_the_way
        )


def _write_params(folder: Path, merged: str, written: str | None) -> Iterator[str]:
    """Write params.yaml, and beside it the old one where that has something of the user's, such as comments."""
    old = (folder / PARAMS).read_bytes()
    if old != merged.encode() and hash_of(old) != written:
        write_text(folder / OLD, old.decode())
        yield tr(
            "{old} is your old {params}, with your own comments. Take over what you need and delete it.",
            old=OLD,
            params=PARAMS,
        )
    write_text(folder / PARAMS, merged)


def _replace(folder: Path, name: str, text: str, written: str | None) -> Iterator[str]:
    """Write a file of the new version, beside the user's own where that was changed."""
    path = folder / name
    here = hash_of(path.read_bytes()) if path.exists() else None
    if here == hash_of(text.encode()):
        return
    if here == written:
        write_text(path, text)
        yield tr("{name} is new", name=name) if here is None else tr("{name} is replaced", name=name)
    elif here is None:
        yield tr("{name} has changed, but you deleted it", name=name)
    else:
        write_text(path.with_name(f"{path.name}.new"), text)
        yield tr(
            "{name} was changed by you and stays; {name}.new is the new one. Take over what you need and delete it.",
            name=name,
        )


def _remove(folder: Path, name: str, written: str) -> Iterator[str]:
    """Delete a file that the new version does not have, unless the user changed it."""
    path = folder / name
    if not path.exists():
        return
    if path.is_dir() or hash_of(path.read_bytes()) != written:
        yield tr("{name} is not part of pagetune any more; it stays, because you changed it", name=name)
        return
    path.unlink()
    yield tr("{name} is removed", name=name)


def merge_params(mine: Path, template: str) -> tuple[str, list[str]]:
    """Return the new params.yaml with the user's values, and lines that say so and name each key that only one has.

    Raise UserError where the result is not valid.
    """
    yaml = comment_keeping_yaml()
    values, own = yaml.load(template), read_yaml(mine, "rt")
    if not isinstance(own, dict):
        raise UserError(
            "{mine} holds no settings. Restore it with `git checkout {params}`, or copy that of a new "
            "project (`pagetune init FOLDER`).",
            mine=mine,
            params=PARAMS,
        )
    lines = [
        tr("{params} has the new version's comments and your values", params=PARAMS),
        *(
            tr("{params} has the new key {key}: {value}", params=PARAMS, key=key, value=value)
            for key, value in _only_in(values, own)
        ),
        *(
            tr("{params} has no key {key} any more, yours was {value}", params=PARAMS, key=key, value=value)
            for key, value in _only_in(own, values)
        ),
    ]
    _take_over(values, own)
    text = StringIO()
    yaml.dump(values, text)
    _check(text.getvalue())
    return text.getvalue(), lines


def _only_in(one: Any, other: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys that the first mapping has and the second lacks, with their values."""
    for name, value in one.items():
        if name not in other:
            yield f"{above}{name}", value
        elif _is_section(value) and _is_section(other[name]):
            yield from _only_in(value, other[name], f"{above}{name}.")


def _take_over(values: Any, own: Any) -> None:
    for name in values:
        if name not in own:
            continue
        if _is_section(values[name]) and _is_section(own[name]):
            _take_over(values[name], own[name])
        elif values[name] != own[name]:
            replace_value(values, name, own[name])


def _is_section(value: Any) -> bool:
    """Return whether a value has keys of its own; one that is empty as shipped, such as rank_pattern, is a value."""
    return isinstance(value, dict) and bool(value)


def _check(text: str) -> None:
    with TemporaryDirectory() as folder:
        trial = Path(folder) / PARAMS
        trial.write_text(text, encoding="utf-8")
        try:
            load_params(trial)
        except UserError as error:
            # Lines of a file that will not be written say nothing.
            raise UserError(re.sub(rf"{re.escape(str(trial))}(:\d+)?", str(PARAMS), str(error))) from None
