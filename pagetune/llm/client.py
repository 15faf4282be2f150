"""A client for every server that speaks the OpenAI protocol: vLLM, Ollama, llama.cpp, transformers, hosted ones.

The official client retries (408, 409, 429 with Retry-After, 5xx, timeouts, broken connections). This one caches every
reply that can be read, sends the same request only once, and falls back where a server does not know `response_format`.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from pagetune.errors import UserError
from pagetune.llm import cache
from pagetune.llm.cache import Reply
from pagetune.llm.replies import kept_or_new, temperature_of
from pagetune.llm.salvage import MAX_CHARACTERS, read_reply
from pagetune.llm.schemas import response_format
from pagetune.masking import mask, remember, remember_url, repeats_secret, without_credentials
from pagetune.params import Llm

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
Messages = list[dict[str, str]]

#: The time between two lines of progress.
PROGRESS_SECONDS = 10.0

_WHAT_MODEL = {
    "server": "Name the model as the server at llm.base_url calls it.",
    "local": "Set it to the hub id or the folder of an instruct model.",
}

#: What reading a response that is not a completion may raise.
_NOT_A_COMPLETION = (ValueError, AttributeError, LookupError, TypeError, OverflowError, RecursionError)


class RequestFailed(Exception):
    """A request got no reply, however often it was tried, and `llm.on_failed_request: skip` goes on without it."""


class Client:
    """Sends requests within one `asyncio.run`, and counts them and their tokens, those from the cache included."""

    def __init__(self, params: Llm, stage: str) -> None:
        if params.model is None:
            raise UserError(f"params.yaml: llm.model is null. {_WHAT_MODEL[params.engine]}")
        self._params, self._stage = params, stage
        self._server = self._connect()
        self._slots = asyncio.Semaphore(params.concurrency)
        self._under_way: dict[str, asyncio.Future[Reply]] = {}
        #: How many of the formats json_schema, json_object and none the server has refused so far.
        self._refused = 0
        #: How many replies could not be kept, and how many are, from this run or an earlier one.
        self._lost = self._kept = 0
        self._started = self._printed = time.monotonic()
        self.requests = self.from_cache = self.input_tokens = self.output_tokens = self.expected = 0
        #: Tokens of replies that did not come from the cache.
        self._new_tokens = 0

    def _connect(self) -> Any:
        if without_credentials(self._params.base_url) != self._params.base_url:
            print(
                f"{self._stage}: llm.base_url holds a user or a key, which Git keeps with params.yaml and dvc.lock. "
                "Take it out, and set OPENAI_API_KEY where the server takes it from there.",
                file=sys.stderr,
            )
        return _connect(self._params)

    async def ask(self, messages: Messages, model: type[M]) -> M | None:
        """Return the reply as a `model`, or None where it does not contain one. Raises RequestFailed and UserError."""
        reply = await self._reply(messages, model)
        return read_reply(reply.text, model)

    async def _reply(self, messages: Messages, model: type[BaseModel]) -> Reply:
        key = cache.request_key(self._request(messages, model))
        task = self._under_way.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._under_way[key] = asyncio.ensure_future(self._cached(key, messages, model))
        # Shielded, because another task may wait for the same reply when this one is cancelled.
        return await asyncio.shield(task)

    def _request(self, messages: Messages, model: type[BaseModel]) -> dict[str, Any]:
        """Return what the reply follows from, by which the cache knows it."""
        return {
            "base_url": without_credentials(self._params.base_url),
            "model": self._params.model,
            "messages": messages,
            "temperature": self._params.temperature,
            "max_tokens": self._params.max_tokens,
            "schema": model.model_json_schema(),
        }

    async def close(self) -> None:
        """Cancel what is under way."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self._server.close()

    async def _cached(self, key: str, messages: Messages, model: type[BaseModel]) -> Reply:
        async def send(attempt: int) -> Reply:
            async with self._slots:
                return await self._send(messages, model, temperature_of(attempt, self._params.temperature))

        reply, was_kept = await kept_or_new(key, model, send, self._keep)
        self.from_cache += was_kept
        self._kept += was_kept
        self._new_tokens += 0 if was_kept else reply.output_tokens
        self._count(reply)
        return reply

    def _keep(self, key: str, reply: Reply) -> None:
        problem = cache.store(key, reply)
        if problem and not self._lost:
            print(
                f"{self._stage}: replies cannot be kept ({problem}), so that another run asks for them again. "
                "Free some space, or set PAGETUNE_CACHE to a folder that you can write to.",
                file=sys.stderr,
                flush=True,
            )
        self._lost += problem is not None
        self._kept += problem is None

    async def _send(self, messages: Messages, model: type[BaseModel], temperature: float) -> Reply:
        """Send a request in the strictest format that the server has not refused.

        A refusal only counts once a laxer format is accepted: it may be about the request itself.
        """
        from openai import BadRequestError, UnprocessableEntityError

        formats: list[dict[str, Any]] = [response_format(model), {"type": "json_object"}, {}]
        refusal = ""
        for refused in range(self._refused, len(formats)):
            try:
                reply = await self._complete(messages, formats[refused], temperature)
            except (BadRequestError, UnprocessableEntityError) as error:
                refusal = _one_line(error)
                continue
            self._refused = max(self._refused, refused)
            return reply
        return self._fail(f"it refused the request ({refusal})")

    async def _complete(self, messages: Messages, format_: dict[str, Any], temperature: float) -> Reply:
        import openai

        arguments: dict[str, Any] = {"response_format": format_} if format_ else {}
        for attempt in range(self._params.max_retries + 1):
            try:
                completion = await self._server.chat.completions.create(
                    model=str(self._params.model),
                    messages=messages,
                    temperature=temperature,
                    max_tokens=self._params.max_tokens,
                    **arguments,
                )
                return _to_reply(completion)
            except (openai.APIResponseValidationError, *_NOT_A_COMPLETION):
                # Not a completion, as from a proxy that gave up: try again.
                await asyncio.sleep(min(2.0, 0.1 * 2**attempt))
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                raise UserError(self._rejection(error)) from None
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                raise
            except openai.APITimeoutError:
                within = f"{self._params.timeout_seconds:g} s"
                return self._fail(f"no whole reply within {within}; raise llm.timeout_seconds or lower llm.concurrency")
            except openai.APIError as error:
                return self._fail(_one_line(error))
        return self._fail("its responses are not completions of the OpenAI protocol")

    def _fail(self, what: str) -> Reply:
        if self._params.on_failed_request == "skip":
            raise RequestFailed(what)
        raise UserError(
            f"llm.base_url: {self._params.base_url} did not answer a request after {self._params.max_retries} retries: "
            f"{what}. {self._kept} replies are kept. Fix the server and run again, "
            "or set llm.on_failed_request: skip."
        )

    def _rejection(self, error: Exception) -> str:
        return (
            f"llm.base_url: {self._params.base_url} rejected the request: {_one_line(error)}. "
            "Check OPENAI_API_KEY in the environment, llm.base_url and llm.model."
        )

    def _count(self, reply: Reply) -> None:
        self.requests += 1
        self.input_tokens += reply.input_tokens
        self.output_tokens += reply.output_tokens
        now = time.monotonic()
        if now - self._printed >= PROGRESS_SECONDS:
            self._printed = now
            print(f"{self._stage}: {self}{self._time_left(now)}", file=sys.stderr, flush=True)

    def _time_left(self, now: float) -> str:
        sent = self.requests - self.from_cache
        if not sent or self.expected <= self.requests:
            return ""
        seconds = (self.expected - self.requests) * (now - self._started) / sent
        return f", about {seconds / 60:.0f} min left for the {self.expected} known so far"

    def _speed(self) -> str:
        """Say how many tokens and replies came in how much time, those from the cache left out."""
        seconds, new = time.monotonic() - self._started, self.requests - self.from_cache
        if not new or seconds < 1:
            return ""
        return f" ({self._new_tokens / seconds:.1f} tokens/s, {60 * new / seconds:.1f} replies a minute)"

    @property
    def cost(self) -> float:
        """Return the price of all replies, those from the cache included, in the currency of the prices in `llm`."""
        prices = self._params.price_per_million_input_tokens, self._params.price_per_million_output_tokens
        return (self.input_tokens * prices[0] + self.output_tokens * prices[1]) / 1e6

    def metrics(self) -> dict[str, int]:
        return {"requests": self.requests, "input_tokens": self.input_tokens, "output_tokens": self.output_tokens}

    def __str__(self) -> str:
        cost = f", cost {self.cost:.2f}" if self.cost else ""
        return (
            f"{self.requests} replies ({self.from_cache} from the cache), "
            f"{self.input_tokens:,} tokens in and {self.output_tokens:,} out{self._speed()}{cost}"
        )


def _connect(params: Llm) -> Any:
    from openai import AsyncOpenAI

    from pagetune.llm.limited_client import LimitedClient

    # Local servers do not need a key, but the official client does.
    key = os.environ.get("OPENAI_API_KEY", "").strip() or "none"
    if not key.isascii() or not key.isprintable():
        raise UserError("OPENAI_API_KEY in the environment has characters that are not printable ASCII. Set it again.")
    try:
        _ = urlsplit(params.base_url).port
        remember_url(params.base_url)
        remember([key])
    except ValueError as error:
        raise UserError(
            f"params.yaml: llm.base_url: {params.base_url} is not a valid address ({error}). Correct it."
        ) from None
    limited: Any = LimitedClient(params.timeout_seconds)  # of httpx, which openai 2 and 3 take; 3 is typed for httpx2
    return AsyncOpenAI(
        base_url=params.base_url,
        api_key=key,
        timeout=params.timeout_seconds,
        max_retries=params.max_retries,
        http_client=limited,
    )


def _to_reply(completion: Any) -> Reply:
    """Read a completion; one that repeats a key has no text, so that it becomes no row and is not kept.

    Raises an error of `_NOT_A_COMPLETION` where the server sent something else.
    """
    message, usage = completion.choices[0].message, completion.usage
    text = (message.content or "")[:MAX_CHARACTERS].encode(errors="replace").decode()  # replaces half a surrogate pair
    return Reply(
        text="" if repeats_secret(text) else text,
        input_tokens=int(getattr(usage, "prompt_tokens", 0) or 0),
        output_tokens=int(getattr(usage, "completion_tokens", 0) or 0),
    )


def _one_line(error: Exception) -> str:
    """Return the server's own message, in one line. It is masked before it is cut: half a key is a secret, too."""
    said = str(error) if error.__cause__ is None else f"{str(error).rstrip('.')}: {error.__cause__}"
    return mask(" ".join(said[:4000].split()))[:300].rstrip(".")


async def gather(tasks: Iterable[Awaitable[T]]) -> list[T]:
    """Return all results in order. The first error cancels the other tasks; replies that came are in the cache."""
    waiting = [asyncio.ensure_future(task) for task in tasks]
    try:
        return await asyncio.gather(*waiting)
    finally:
        for task in waiting:
            task.cancel()
