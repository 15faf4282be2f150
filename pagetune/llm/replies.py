"""The reply to one request: read before it is kept, and asked for once more where it cannot be read."""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel

from pagetune.llm import cache
from pagetune.llm.cache import Reply
from pagetune.llm.salvage import read_reply

#: How often a request is sent for a reply that can be read.
ATTEMPTS = 2
#: What every further attempt adds to the temperature: at 0 a model would only repeat itself.
WARMER = 0.3
#: The highest temperature that servers accept.
MAX_TEMPERATURE = 2.0


async def kept_or_new(
    key: str,
    model: type[BaseModel],
    send: Callable[[int], Awaitable[Reply]],
    keep: Callable[[str, Reply], None],
) -> tuple[Reply, bool]:
    """Return a reply that holds a `model`, and whether it was kept; where none does, the last one that came.

    `send` gets the number of the attempt, from 0. The reply has the tokens of all attempts, so that a run from the
    cache counts the same. `keep` gets only what can be read, so that a run asks again after the server was repaired.
    """
    kept = cache.load(key)
    if kept is not None and read_reply(kept.text, model) is not None:
        return kept, True
    reply = Reply(text="", input_tokens=0, output_tokens=0)
    for attempt in range(ATTEMPTS):
        reply = _with_tokens_of(await send(attempt), reply)
        if read_reply(reply.text, model) is not None:
            keep(key, reply)
            break
    return reply, False


def _with_tokens_of(reply: Reply, before: Reply) -> Reply:
    tokens = before.input_tokens + reply.input_tokens, before.output_tokens + reply.output_tokens
    return Reply(text=reply.text, input_tokens=tokens[0], output_tokens=tokens[1])


def temperature_of(attempt: int, temperature: float) -> float:
    """Return the temperature of an attempt."""
    return min(MAX_TEMPERATURE, temperature + attempt * WARMER)
