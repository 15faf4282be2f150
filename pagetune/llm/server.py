"""A server that speaks the OpenAI protocol: vLLM, Ollama, llama.cpp, LM Studio, transformers, hosted ones.

A request is sent again after 408, 409, 429, 5xx, a timeout, a broken connection and what is not a completion. It falls
back where a server does not know `response_format`.
"""

import asyncio
import email.utils
import math
import os
import time
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from pagetune.errors import UserError
from pagetune.language import Remark, retell, tr
from pagetune.llm.cache import Reply
from pagetune.llm.concurrency import Attempt, Limit, Slots
from pagetune.llm.contact import Contact, Unreachable, find_server, listed
from pagetune.llm.salvage import MAX_CHARACTERS
from pagetune.llm.schemas import response_format
from pagetune.masking import mask, remember, remember_url, repeats_secret
from pagetune.params import Llm

Messages = list[dict[str, str]]

#: What reading a response that is not a completion may raise.
_NOT_A_COMPLETION = (ValueError, AttributeError, LookupError, TypeError, OverflowError, RecursionError)
#: The first pause before a request is sent again, which doubles each time, and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
#: A pause of that many seconds is worth a line.
_LONG_PAUSE = 10.0
#: The longest pause that a server may ask for by Retry-After.
MAX_RETRY_AFTER = 600.0
#: Statuses that say that the server has too much to do, and others after which a request is sent again.
_BUSY, _PASSING = (429, 503), (408, 409)


class Unanswered(Exception):
    """A request got no reply, after `retries` further attempts."""

    def __init__(self, what: str, retries: int = 0) -> None:
        super().__init__(what)
        self.retries = retries


class _Passing(Exception):
    """An attempt failed in a way that may pass, after `pause` seconds or, where that is None, after growing ones."""

    def __init__(self, what: str, pause: float | None = None) -> None:
        super().__init__(what)
        self.pause = pause


class Server:
    """Sends requests, as many at once as `llm.concurrency` says. `say` prints a line for the user."""

    def __init__(self, params: Llm, say: Callable[[str], None]) -> None:
        self._params, self._say = params, say
        self._key = _key()
        self._http, self._openai = _connect(params, self._key)
        self._slots = Slots(Limit(params.concurrency, params.timeout_seconds))
        self._contact: asyncio.Task[Contact] | None = None
        #: How many of the formats json_schema, json_object and none the server has refused so far.
        self._refused = 0
        self._warned: set[str] = set()
        self._random = Random()  # noqa: S311 - spreads what is sent again, no secret

    async def reply(self, messages: Messages, model: type[BaseModel], temperature: float) -> Reply:
        """Return the reply to a request. Raises Unanswered, and UserError where every request would fail."""
        async with self._slots.turn():
            await self._reach()
            return await self._in_any_format(messages, model, temperature)

    async def _reach(self) -> None:
        """Find the server; with `llm.on_failed_request: skip` look again after growing pauses, as a request is retried.

        Without `skip` the user waits for the first line, and reads at once that nothing listens.
        """
        skips, what = self._params.on_failed_request == "skip", ""
        for attempt in range(self._params.max_retries + 1):
            try:
                await self._find()
                return
            except Unreachable as absent:
                if not skips:
                    raise
                what = str(absent)
                self._warn("absent", what)
            if attempt < self._params.max_retries:
                await asyncio.sleep(self._growing_pause(attempt))
        raise Unanswered(what, self._params.max_retries)

    async def _find(self) -> Contact:
        """Look for the server before the first request is sent; who finds all replies in the cache needs none.

        All requests wait for one look. One without a connection says nothing about the next: a server may restart.
        """
        if self._contact is None or (self._contact.done() and _found_nobody(self._contact)):
            params = self._params
            found = find_server(self._http, params.base_url, self._key, params.timeout_seconds, self._say)
            self._contact = asyncio.ensure_future(found)
        return await asyncio.shield(self._contact)

    @property
    def activity(self) -> str:
        """Say what is being done."""
        return tr("{count} under way", count=self._slots.under_way)

    @property
    def extent(self) -> str:
        """Say how it was done."""
        return tr("up to {count} under way", count=self._slots.most_under_way)

    async def close(self) -> None:
        if self._contact is not None:
            self._contact.cancel()
        await self._openai.close()

    async def _in_any_format(self, messages: Messages, model: type[BaseModel], temperature: float) -> Reply:
        """Send a request in the strictest format that the server has not refused.

        A refusal only counts once a laxer format is accepted: it may be about the request itself.
        """
        from openai import BadRequestError, UnprocessableEntityError

        formats: list[dict[str, Any]] = [response_format(model), {"type": "json_object"}, {}]
        refusal = ""
        for refused in range(self._refused, len(formats)):
            try:
                reply = await self._send(self._request(messages, formats[refused], temperature))
            except (BadRequestError, UnprocessableEntityError) as error:
                refusal = one_line(error)
                continue
            self._refused = max(self._refused, refused)
            return reply
        about = await self._about_model()
        raise Unanswered(Remark("it refused the request ({refusal}){about}", refusal=refusal, about=about or ""))

    def _request(self, messages: Messages, format_: dict[str, Any], temperature: float) -> dict[str, Any]:
        own = {"model": self._params.model, "messages": messages, "temperature": temperature}
        return own | {"max_tokens": self._params.max_tokens} | ({"response_format": format_} if format_ else {})

    async def _send(self, request: dict[str, Any]) -> Reply:
        """Send a request until it is answered, `llm.max_retries` times more at most."""
        what = ""
        for attempt in range(self._params.max_retries + 1):
            try:
                return await self._send_once(request)
            except _Passing as passing:
                what = str(passing)
                if attempt < self._params.max_retries:
                    await asyncio.sleep(self._growing_pause(attempt) if passing.pause is None else passing.pause)
        raise Unanswered(what, self._params.max_retries)

    def _growing_pause(self, attempt: int) -> float:
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**attempt) * self._random.uniform(0.75, 1)

    async def _send_once(self, request: dict[str, Any]) -> Reply:
        import openai

        async with self._slots.attempt() as attempt:
            try:
                reply = _to_reply(await self._openai.chat.completions.create(**request))
            except (openai.APIResponseValidationError, *_NOT_A_COMPLETION):  # as from a proxy that gave up
                raise _Passing(Remark("its responses are not completions of the OpenAI protocol")) from None
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                raise UserError(await self._rejection(error)) from None
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                raise
            except openai.APITimeoutError:
                attempt.refused()
                self._warn("alone" if attempt.beside == 1 else "beside others", self._too_slow(attempt))
                raise _Passing(self._too_slow(attempt)) from None
            except openai.APIStatusError as error:
                self._judge_status(error, attempt)
                raise Unanswered(one_line(error)) from None
            except openai.APIError as error:
                raise _Passing(one_line(error)) from None
            attempt.replied(reply.output_tokens)
            return reply

    def _warn(self, kind: str, what: str) -> None:
        """Say once for each kind what goes wrong while requests are sent again: that may take long."""
        if kind not in self._warned:
            self._warned.add(kind)
            self._say(retell(what))

    def _judge_status(self, error: Any, attempt: Attempt) -> None:
        """Raise _Passing where the request may be sent again."""
        status, headers = error.status_code, error.response.headers
        pause = retry_after(headers)
        if status in _BUSY:
            attempt.refused(pause if pause is not None and pause <= MAX_RETRY_AFTER else 0.0)
        if headers.get("x-should-retry") == "false" or not (status in (*_BUSY, *_PASSING) or status >= 500):
            return
        if pause is not None and pause > MAX_RETRY_AFTER:
            said = Remark("it asks for a pause of {seconds:,.0f} s: {error}", seconds=pause, error=one_line(error))
            raise Unanswered(said) from None
        if pause is not None and pause >= _LONG_PAUSE:
            said = Remark(
                "the server asks for a pause of {seconds:.0f} s: {error}", seconds=pause, error=one_line(error)
            )
            self._warn("pause", said)
        raise _Passing(one_line(error), pause) from None

    def _too_slow(self, attempt: Attempt) -> str:
        seconds, beside = self._params.timeout_seconds, attempt.beside
        if beside == 1:
            return Remark(
                "no whole reply within {seconds:g} s, with no other request under way; raise llm.timeout_seconds or "
                "lower llm.max_tokens",
                seconds=seconds,
            )
        if self._slots.limit.adapts:
            return Remark(
                "no whole reply within {seconds:g} s, with {beside} requests under way; raise llm.timeout_seconds or "
                "lower llm.max_tokens",
                seconds=seconds,
                beside=beside,
            )
        return Remark(
            "no whole reply within {seconds:g} s, with {beside} requests under way; set llm.concurrency: auto or a "
            "lower number, or raise llm.timeout_seconds",
            seconds=seconds,
            beside=beside,
        )

    async def _rejection(self, error: Any) -> str:
        if error.status_code == 404:
            about = await self._about_model()
            advice = about or Remark(". Check llm.model and llm.base_url (OPENAI_API_KEY counts, too)")
        elif self._key == NO_KEY:
            advice = Remark(". Set OPENAI_API_KEY in the environment to a key of that server")
        else:
            advice = Remark(
                ". Check OPENAI_API_KEY in the environment, and that its account may use {model}",
                model=self._params.model,
            )
        return tr(
            "llm.base_url: {url} rejected the request: {error}{advice}.",
            url=self._params.base_url,
            error=one_line(error),
            advice=advice,
        )

    async def _about_model(self) -> Remark | None:
        """Say which models there are where the server does not list the one in `llm.model`."""
        models = (await self._find()).models
        if not models or self._params.model in models:
            return None
        return Remark(
            ". llm.model is {model}, and the server has {models}: set one of these",
            model=self._params.model,
            models=listed(models),
        )


NO_KEY = "none"


def _found_nobody(look: "asyncio.Task[Contact]") -> bool:
    return look.cancelled() or isinstance(look.exception(), Unreachable)


def _key() -> str:
    """Return the key. Local servers do not need one, but the official client does."""
    key = os.environ.get("OPENAI_API_KEY", "").strip() or NO_KEY
    if not key.isascii() or not key.isprintable():
        raise UserError("OPENAI_API_KEY in the environment has characters that are not printable ASCII. Set it again.")
    return key


def _connect(params: Llm, key: str) -> tuple[Any, Any]:
    """Return the HTTP client, and the official client that uses it."""
    from openai import AsyncOpenAI

    from pagetune.llm.limited_client import LimitedClient

    try:
        _ = urlsplit(params.base_url).port
        remember_url(params.base_url)
        remember([key])
    except ValueError as error:
        raise UserError(
            "params.yaml: llm.base_url: {base_url} is not a valid address ({error}). Correct it.",
            base_url=params.base_url,
            error=error,
        ) from None
    limited: Any = LimitedClient(params.timeout_seconds)  # of httpx, which openai 2 and 3 take; 3 is typed for httpx2
    # It would keep its slot while it waits to send a request again, so Server does that itself.
    settings: dict[str, Any] = {
        "base_url": params.base_url,
        "api_key": key,
        "timeout": params.timeout_seconds,
        "max_retries": 0,
    }
    return limited, AsyncOpenAI(http_client=limited, **settings)


def retry_after(headers: Any) -> float | None:
    """Return the seconds that the server asks to wait, from retry-after-ms or Retry-After (seconds or a date)."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        return None if math.isnan(seconds) or seconds <= 0 else seconds
    try:
        seconds = email.utils.parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if seconds > 0 else None


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


def one_line(error: Exception) -> str:
    """Return the server's own message, in one line. It is masked before it is cut: half a key is a secret, too."""
    said = str(error) if error.__cause__ is None else f"{str(error).rstrip('.')}: {error.__cause__}"
    return mask(" ".join(said[:4000].split()))[:300].rstrip(".")
