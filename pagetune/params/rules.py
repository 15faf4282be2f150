"""The words for a value that breaks a rule of params.yaml: its line, its key, the rule in words, and what was seen."""

import difflib
from collections.abc import Iterable
from functools import reduce
from operator import getitem
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pagetune.language import Remark, tr

#: The names and indices that lead from the top of the file to a value.
Key = tuple[str | int, ...]


def problem_lines(
    model: type[BaseModel], problems: Iterable[ErrorDetails], path: Path, values: Any, marked: Any
) -> list[str]:
    """Return a line for each wrong key. `values` is the content of `path`; `marked` too, with the line of each key."""
    by_key: dict[Key, ErrorDetails] = {}
    for problem in problems:
        by_key.setdefault(_locate(model, problem), problem)  # a union reports each of its branches
    return [
        f"{path}:{_line_of(marked, key)}: {'.'.join(map(str, key)) or tr('the file')}"
        + _describe(model, problem, key, path, values)
        for key, problem in by_key.items()
    ]


def _locate(model: type[BaseModel], problem: ErrorDetails) -> Key:
    """Return the key that the problem is about: its location without the branches of unions, which pydantic adds."""
    key: Key = problem["loc"]
    if problem["type"] in ("extra_forbidden", "missing"):
        return key
    if "[key]" in key:  # a name in a mapping is wrong, so the mapping is
        key = key[: key.index("[key]") - 1]
    return next(key[:depth] for depth in range(len(key), -1, -1) if _type_of(model, key[:depth]) is not None)


def _describe(model: type[BaseModel], problem: ErrorDetails, key: Key, path: Path, values: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return f" {unknown_key(str(key[-1]), _type_of(model, key[:-1]))}"
    if problem["type"] == "missing":
        return tr(" is missing. Add it; git show HEAD:{path} has the shipped value.", path=path)
    annotation = _type_of(model, key)
    if problem["type"] == "value_error" and _is_section(annotation):  # a rule about several of its keys
        return tr(": {problem}. Change that value.", problem=problem["msg"].removeprefix("Value error, "))
    if problem["type"] == "in_words":
        return f": {problem['msg']}."
    seen = _as_yaml(reduce(getitem, key, values))
    return tr(": should be {rule}, got {seen}. Change that value.", rule=expected(annotation), seen=seen)


def unknown_key(name: str, section: type[BaseModel]) -> str:
    """Return what to say about a key that `section` does not have."""
    known = list(section.model_fields)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return tr("is not a parameter. Did you mean {name}?", name=close[0])
    return tr("is not a parameter. Known here: {names}.", names=", ".join(known))


def _as_yaml(value: Any) -> str:
    return {"None": "null", "True": "true", "False": "false"}.get(repr(value), repr(value))


def _line_of(node: Any, key: Key) -> int:
    """Return the line (from 1) of the deepest part of `key` that the file holds."""
    line = 1
    for part in key:
        try:
            line = (node.lc.key(part) if isinstance(part, str) else node.lc.item(part))[0] + 1
            node = node[part]
        except (KeyError, AttributeError, IndexError, TypeError):
            break
    return line


def _type_of(model: type[BaseModel], key: Key) -> Any:
    """Return the annotation of the value at `key`, its bounds included; None where the model has no such key."""
    annotation: Any = model
    for part in key:
        base, _ = _unwrap(annotation)
        if _is_section(base) and part in base.model_fields:
            field = base.model_fields[part]
            annotation = field.annotation if _is_section(field.annotation) else Annotated[field.annotation, field]
        elif get_origin(base) in (list, dict):
            annotation = get_args(base)[-1]
        else:
            return None
    return annotation


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _unwrap(annotation: Any) -> tuple[Any, dict[str, Any]]:
    """Return the bare type, and its bounds and description by name."""
    if get_origin(annotation) is not Annotated:
        return annotation, {}
    base, *extras = get_args(annotation)
    constraints = [part for extra in extras for part in (*getattr(extra, "metadata", ()), extra)]
    names = ("ge", "gt", "le", "lt", "min_length", "description")
    found = ((name, getattr(part, name, None)) for part in constraints for name in names)
    return base, {name: value for name, value in found if value is not None}


def expected(annotation: Any) -> str:
    """Say what a value of this type looks like, such as "'auto' or a number above 0"."""
    words = _branches(annotation)
    if len(words) > 2 and get_origin(_unwrap(annotation)[0]) is Literal:
        return tr("one of {names}", names=", ".join(words))
    return tr(" or ").join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _branches(annotation: Any) -> list[str]:
    """Return a phrase for each kind of value that the type allows."""
    base, named = _unwrap(annotation)
    origin, inner = get_origin(base), get_args(base)
    if "description" in named:
        return [tr(named["description"])]
    if origin in (Union, UnionType):
        found = [phrase for branch in inner for phrase in _branches(branch)]
        return sorted(found, key=lambda phrase: phrase != "null")
    if origin is Literal:
        return [repr(value) for value in inner]
    if origin is list:
        return [_list(_branches(inner[0]), "min_length" in named)]
    if origin is dict:
        return [tr("a mapping whose values are each {rule}", rule=expected(inner[1]))]
    if _is_section(base):
        return [tr("a section with the keys {names}", names=", ".join(base.model_fields))]
    simple = {NoneType: ["null"], bool: ["true", "false"], str: [tr("a non-empty string") if named else tr("a string")]}
    return simple.get(base) or [_number(base is int, **named)]


def _list(items: list[str], filled: bool) -> str:
    if len(items) > 1:
        names = ", ".join(items)
        return (
            tr("a list of one or more of {names}", names=names)
            if filled
            else tr("a list of any of {names}", names=names)
        )
    of_what = items[0].removeprefix("a ")
    return (
        tr("a list of one or more {of_what}s", of_what=of_what)
        if filled
        else tr("a list of {of_what}s", of_what=of_what)
    )


def _number(is_whole: bool, **bounds: float) -> str:
    noun = tr("a whole number") if is_whole else tr("a number")
    if is_whole and "lt" in bounds:
        bounds["le"] = bounds.pop("lt") - 1
    if {"ge", "le"} <= bounds.keys():
        return tr("{noun} from {low} to {high}", noun=noun, low=bounds["ge"], high=bounds["le"])
    words = {
        "ge": Remark("of at least {bound}"),
        "gt": Remark("above {bound}"),
        "le": Remark("at most {bound}"),
        "lt": Remark("below {bound}"),
    }
    limits = tr(" and ").join(tr(words[name], bound=bound) for name, bound in sorted(bounds.items()))
    return tr("{noun} {limits}", noun=noun, limits=limits)
