"""Checks of the requests that `serve` gets: where they come from, and whether their bodies are what the page sends."""

import json
import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

HOST = re.compile(r"(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
#: What a proxy adds, and anyone else can write: Gradio would believe it, and put its address into the page.
FORWARDED = re.compile(rb"forwarded|x-(forwarded|original|real|rewrite|gradio)-.*")
#: The page nests a conversation eight levels deep.
MAX_DEPTH = 20


class Refusal(NamedTuple):
    status: int
    why: str


class Scope(NamedTuple):
    """A request as far as it says where it comes from; names and values of headers in lower case."""

    method: str
    headers: list[tuple[str, str]]

    @classmethod
    def of(cls, scope: Any) -> "Scope":
        return cls(
            scope["method"], [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        )

    def values(self, name: str) -> list[str]:
        return [value.strip().lower() for header, value in self.headers if header.lower() == name]

    def opens_a_page(self) -> bool:
        """Return whether a browser shows the response by itself, as after a click on a link elsewhere."""
        return (
            self.method in ("GET", "HEAD")
            and self.values("sec-fetch-mode") == ["navigate"]
            and self.values("sec-fetch-dest") == ["document"]
        )


def why_foreign(scope: Scope) -> Refusal | None:
    """Return why a request is refused that another site's page may have sent, whose origin is not the one asked."""
    hosts = scope.values("host")
    if len(hosts) != 1 or not HOST.fullmatch(hosts[0]):
        return Refusal(400, "the header Host must name one host")
    if any(origin.partition("://")[2] != hosts[0] for origin in scope.values("origin")):
        return Refusal(403, "pages of other origins may not ask")
    if not {"same-origin", "none"}.issuperset(scope.values("sec-fetch-site")) and not scope.opens_a_page():
        return Refusal(403, "pages of other sites may not ask")
    return None


def why_not_json(scope: Scope) -> Refusal | None:
    """Return why a request is refused whose body another site's page could send without asking, such as a form."""
    kinds = [kind.partition(";")[0] for kind in scope.values("content-type")]
    return None if kinds == ["application/json"] else Refusal(415, "the header Content-Type must be application/json")


def why_unfit(body: bytes) -> Refusal | None:
    """Return why a body is refused that is not JSON, or holds what no text or number can be."""
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return Refusal(400, "the body is not JSON in UTF-8, or nested too deep")
    for depth, part in _parts(value):
        if depth > MAX_DEPTH:
            return Refusal(400, f"the body is nested more than {MAX_DEPTH} deep")
        if isinstance(part, str) and ("\0" in part or not _is_unicode(part)):
            return Refusal(400, "a text holds U+0000 or half a surrogate pair")
        if isinstance(part, float) and not math.isfinite(part):
            return Refusal(400, "a number is too large")
    return None


def why_file(body: bytes) -> Refusal | None:
    """Return why a body of JSON is refused that names a file, which Gradio would copy."""
    for _, part in _parts(json.loads(body)):
        if isinstance(part, dict) and not {"path", "meta"}.isdisjoint(part):
            return Refusal(403, "files are not accepted")
    return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parts(value: Any) -> Iterator[tuple[int, Any]]:
    """Yield everything in a JSON value with its depth, keys included."""
    waiting = [(0, value)]
    while waiting:
        depth, part = waiting.pop()
        yield depth, part
        inside = [*part, *part.values()] if isinstance(part, dict) else part if isinstance(part, list) else []
        waiting += [(depth + 1, one) for one in inside]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


Name = Annotated[str, Field(pattern=r"^[\w-]{1,100}$")]
Number = Annotated[int, Field(ge=0, lt=2**31)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True)


class Ask(_Body):
    """What a program sends to ask: `{"data": ["…?"]}`."""

    data: tuple[str]
    session_hash: Name | None = None


class Call(_Body):
    """What the page sends to call one of its functions."""

    data: list[Any]
    fn_index: Number
    session_hash: Name
    trigger_id: Number | None = None


class Cancel(_Body):
    """What the page sends when its stop button is pressed."""

    session_hash: Name
    fn_index: Number
    event_id: Name


BODIES: dict[str, type[_Body]] = {"call/ask": Ask, "queue/join": Call, "run/predict": Call, "cancel": Cancel}


def why_no_call(path: str, body: bytes, functions: dict[int, Any]) -> Refusal | None:
    """Return why the body is refused that calls one of Gradio's `functions` at a path below `/gradio_api/`."""
    model = BODIES.get(path.rstrip("/"))
    if model is None:
        return None
    try:
        call = model.model_validate_json(body)
    except ValidationError as error:
        return Refusal(422, _in_words(error))
    if not isinstance(call, Call):
        return None
    function = functions.get(call.fn_index)
    if function is None or (path == "run/predict" and function.queue):
        return Refusal(404, f"the page has no function {call.fn_index} here")
    if len(call.data) != len(function.inputs):
        return Refusal(422, f"data has {len(call.data)} values, and the function takes {len(function.inputs)}")
    if any(map(_is_wrong, function.inputs, call.data)):
        return Refusal(422, "data has a value of the wrong type")
    return None


def _is_wrong(block: Any, value: Any) -> bool:
    """Return whether a value is not of the type that a component of the page takes; None is nothing yet."""
    if value is None:
        return False
    if block.get_block_name() == "textbox":
        return not isinstance(value, str)
    try:
        if model := getattr(block, "data_model", None):
            model.model_validate(value)
    except ValidationError:
        return True
    return not isinstance(value, list)


def _in_words(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the body'}: {first['msg']}"
