"""The bodies of `/v1` in OpenAI's form: completions, their chunks, models, and server-sent events."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pagetune.commands.api.answers import Asked, Shown, found

Body = dict[str, Any]
DONE = "data: [DONE]\n\n"


@dataclass(frozen=True)
class Completion:
    """One response: a body, or the events of a stream, all with the same id."""

    model: str
    asked: Asked
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def body(self, shown: Shown) -> Body:
        """Return the whole response."""
        message = {"role": "assistant", "content": shown.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": shown.finish}
        return self._head("chat.completion") | {"choices": [choice], "usage": self._usage(shown)} | found(shown)

    def opening(self, with_usage: bool) -> str:
        """Return the first event of a stream, which says who speaks."""
        return self._event({"role": "assistant", "content": ""}, None, with_usage)

    def events(self, before: str, shown: Shown, with_usage: bool) -> Iterator[str]:
        """Yield what a stream adds to the text `before`; after the last text how it ended, and the usage if wanted."""
        if delta := shown.text.removeprefix(before):
            yield self._event({"content": delta}, None, with_usage)
        if shown.finish is None:
            return
        yield self._event({}, shown.finish, with_usage, found(shown))
        if with_usage:
            yield event(self._head("chat.completion.chunk") | {"choices": [], "usage": self._usage(shown)})
        yield DONE

    def _event(self, delta: Body, finish: str | None, with_usage: bool, more: Body | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if with_usage else {}
        return event(self._head("chat.completion.chunk") | {"choices": [choice]} | usage | (more or {}))

    def _head(self, kind: str) -> Body:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _usage(self, shown: Shown) -> Body:
        prompt = self.asked.prompt_tokens
        return {"prompt_tokens": prompt, "completion_tokens": shown.tokens, "total_tokens": prompt + shown.tokens}


def event(body: Body) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
