"""What a program sends to `/v1/chat/completions`: what is read of it, and what is refused because it cannot be done.

Sampling (`temperature`, `top_p`, `seed`, penalties) is ignored: the model answers greedily, as it was scored. So is
every key that OpenAI's protocol does not have, because clients send their own.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pagetune.commands.api.errors import ApiError
from pagetune.records import Turn

#: What would change the answer and cannot be done: keys, and the values that ask for nothing.
REFUSED: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
}
Limit = Annotated[int, Field(ge=1)]
Stop = Annotated[str, Field(min_length=1)]


class _Sent(BaseModel):
    model_config = ConfigDict(strict=True)


class _Part(_Sent):
    type: str
    text: str | None = None


class _Message(_Sent):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[_Part]


class _StreamOptions(_Sent):
    include_usage: bool | None = None


class Wanted(_Sent):
    """A request for an answer. null is the same as a key that was not sent."""

    model: str
    messages: Annotated[list[_Message], Field(min_length=1)]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: Limit | None = None
    max_completion_tokens: Limit | None = None
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None

    @classmethod
    def read(cls, body: bytes) -> "Wanted":
        """Read a request. Raise ApiError where it is wrong, or wants what cannot be done."""
        try:
            wanted = cls.model_validate_json(body)
            sent = _Everything.model_validate_json(body).model_extra or {}
        except ValidationError as error:
            raise _wrong(error) from None
        for key, harmless in REFUSED.items():
            if sent.get(key) is not None and not any(_same(sent[key], value) for value in harmless):
                raise ApiError(400, _why_refused(key), key, "unsupported_parameter")
        return wanted

    @property
    def limit(self) -> int | None:
        """Return the most tokens that the answer may have; None leaves it to the project."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def counts_usage(self) -> bool:
        """Tell whether a stream ends with the usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def conversation(self) -> tuple[list[Turn], str]:
        """Return what was said before, and the question. Neighbours of one role are one turn, system texts the first.

        Raises ApiError where the last word is not the user's, or where a content is not a text.
        """
        system: list[Turn] = []
        said: list[Turn] = []
        for place, message in enumerate(self.messages):
            text = _text(message, f"messages.{place}.content")
            if message.role in ("system", "developer"):
                system.append(Turn(role="system", content=text))
            elif said and said[-1].role == message.role:
                said[-1] = Turn(role=said[-1].role, content=f"{said[-1].content}\n\n{text}")
            else:
                said.append(Turn(role="user" if message.role == "user" else "assistant", content=text))
        if not said or said[-1].role != "user" or not said[-1].content.strip():
            raise ApiError(400, "The last message must be a question of the user.", "messages")
        return [turn for turn in [*system, *said[:-1]] if turn.content.strip()], said[-1].content


class _Everything(BaseModel):
    model_config = ConfigDict(extra="allow")


def _same(sent: Any, value: Any) -> bool:
    return type(sent) is type(value) and bool(sent == value)


def _text(message: _Message, where: str) -> str:
    if isinstance(message.content, str):
        return message.content
    for part in message.content:
        if part.type != "text" or part.text is None:
            raise ApiError(
                400,
                f"{where} has a part of type {part.type!r}. The model reads text only.",
                "messages",
                "unsupported_content",
            )
    return "\n".join(part.text or "" for part in message.content)


def _why_refused(key: str) -> str:
    if key == "n":
        return "n must be 1: the model answers greedily, so that every answer would be the same."
    return f"{key} is not supported: the model answers in plain text. Leave it out."


def _wrong(error: ValidationError) -> ApiError:
    """Say in one line what is wrong with a body, and at which key."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if not _is_alternative(part))
    param = str(first["loc"][0]) if first["loc"] else None
    return ApiError(400, f"{where or 'The body'}: {first['msg']}.", param)


def _is_alternative(part: Any) -> bool:
    """Tell whether a part of a place is pydantic's name of one type among several, and no key."""
    return isinstance(part, str) and (part in ("str", "int") or "[" in part)
