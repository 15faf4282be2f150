"""Find the JSON in a model's reply: after its reasoning, inside a code fence, or cut off in the middle."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

#: Some chat templates open the block in the prompt, so that the reply has only its end.
_REASONING = re.compile(r"^.*</think(?:ing)?>|<think(?:ing)?>.*$", re.DOTALL | re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
#: A longer reply is that of a model that repeats itself without end.
MAX_CHARACTERS = 100_000
_DECODER = json.JSONDecoder()


def read_reply(text: str, model: type[M]) -> M | None:
    """Return the last complete `model` in `text`, or None.

    A list that breaks off keeps its complete items. Any other object that breaks off is ignored.
    """
    reply = _REASONING.sub("", text)[:MAX_CHARACTERS]
    for candidate in (reply, _TRAILING_COMMA.sub(r"\1", reply)):
        fitting = [fit for value in _json_values(candidate) if (fit := _validate(value, model)) is not None]
        if fitting:
            return fitting[-1]
    return _read_cut_list(reply, model)


def _json_values(text: str) -> Iterator[Any]:
    """Yield every complete object or list in the text that is not inside another."""
    position = 0
    while match := re.compile(r"[{\[]").search(text, position):
        try:
            value, position = _DECODER.raw_decode(text, match.start())
            yield value
        except RecursionError:  # brackets nested too deep
            return
        except ValueError:  # not JSON, or a number of thousands of digits
            position = match.end()


def _validate(value: Any, model: type[M]) -> M | None:
    """Validate a value as `model`, or return None.

    A bare list is read as the object with that list, and {"question": "…"} in it as its text.
    """
    name = _list_field(model)
    if name and isinstance(value, list):
        value = {name: value}
    if name and isinstance(value, dict) and isinstance(value.get(name), list):
        value = {name: [_without_key(item) for item in value[name]]}
    try:
        found = model.model_validate(value)
        found.model_dump_json().encode()  # fails on half a surrogate pair
    except (ValueError, RecursionError):  # pydantic's ValidationError is a ValueError
        return None
    return found


def _without_key(item: Any) -> Any:
    return next(iter(item.values())) if isinstance(item, dict) and len(item) == 1 else item


def _list_field(model: type[BaseModel]) -> str | None:
    """Return the name of the model's only field, if that is a list."""
    fields = list(model.model_fields.items())
    return fields[0][0] if len(fields) == 1 and "list" in str(fields[0][1].annotation) else None


def _read_cut_list(text: str, model: type[M]) -> M | None:
    """Read the complete items of a list that breaks off."""
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
            return _validate({name: items}, model) if items else None
        items.append(item)
