"""The JSON in what a model said: behind its thoughts, inside a code fence, or cut off in the middle."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

#: Some templates open the block in the prompt, so that only its end is in the answer.
_THOUGHTS = re.compile(r"^.*</think(?:ing)?>|<think(?:ing)?>.*$", re.DOTALL | re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
#: A model that repeats itself without end says nothing more after so many.
MAX_CHARACTERS = 100_000
_DECODER = json.JSONDecoder()


def read_answer(text: str, model: type[M]) -> M | None:
    """The last whole `model` in `text`; None where there is none.

    Of a list that breaks off its whole items count; any other object that breaks off is lost: half an answer is none.
    """
    spoken = _THOUGHTS.sub("", text)[:MAX_CHARACTERS]
    for candidate in (spoken, _TRAILING_COMMA.sub(r"\1", spoken)):
        fitting = [fit for value in _values(candidate) if (fit := _fit(value, model)) is not None]
        if fitting:
            return fitting[-1]
    return _cut_list(spoken, model)


def _values(text: str) -> Iterator[Any]:
    """Every whole object or list that stands in the text, those inside another left out."""
    position = 0
    while match := re.compile(r"[{\[]").search(text, position):
        try:
            value, position = _DECODER.raw_decode(text, match.start())
            yield value
        except RecursionError:  # brackets without end
            return
        except ValueError:  # no JSON, or a number of thousands of digits
            position = match.end()


def _fit(value: Any, model: type[M]) -> M | None:
    """A bare list stands for the object with that list, and {"question": "…"} in it for its text."""
    name = _list_field(model)
    if name and isinstance(value, list):
        value = {name: value}
    if name and isinstance(value, dict) and isinstance(value.get(name), list):
        value = {name: [_bare(item) for item in value[name]]}
    try:
        found = model.model_validate(value)
        found.model_dump_json().encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):  # pydantic's ValidationError is a ValueError
        return None
    return found


def _bare(item: Any) -> Any:
    return next(iter(item.values())) if isinstance(item, dict) and len(item) == 1 else item


def _list_field(model: type[BaseModel]) -> str | None:
    """The name of a model's only field, if that is a list."""
    fields = list(model.model_fields.items())
    return fields[0][0] if len(fields) == 1 and "list" in str(fields[0][1].annotation) else None


def _cut_list(text: str, model: type[M]) -> M | None:
    name, start = _list_field(model), text.find("[")
    if name is None or start < 0:
        return None
    items: list[Any] = []
    position = start + 1
    while True:
        gap = re.compile(r"[\s,]*").match(text, position)
        try:
            item, position = _DECODER.raw_decode(text, gap.end() if gap else position)
        except (ValueError, RecursionError):
            return _fit({name: items}, model) if items else None
        items.append(item)
