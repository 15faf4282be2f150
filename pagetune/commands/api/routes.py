"""`/v1` of `serve`: what programs ask that speak the OpenAI protocol, answered by the model of the page."""

import os
import secrets
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pagetune.commands.api.answers import Asked, Shown, answers
from pagetune.commands.api.errors import ApiError
from pagetune.commands.api.models import Models
from pagetune.commands.api.requests import Wanted
from pagetune.commands.api.responses import Completion, event
from pagetune.commands.ask import Asker
from pagetune.commands.gate import Gate
from pagetune.commands.line import Line
from pagetune.errors import UserError
from pagetune.masking import mask

#: Where it is set, programs have to send it.
KEY = "PAGETUNE_API_KEY"
#: Questions of the page and of programs that may wait; further ones are refused until there is room.
MAX_WAITING = 200
#: How long a program that waits for the model waits before it looks again.
POLL_SECONDS = 0.05
#: The status of nginx for a client that has gone: nobody reads it.
GONE = 499

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Api:
    """The model, its names, the pages that its answers are looked up in, and the line that it shares with the page."""

    asker: Asker
    gate: Gate
    models: Models
    line: Line

    def app(self) -> Starlette:
        """Make the application that is mounted at /v1."""
        routes = [
            Route("/models", _guarded(self._list), methods=["GET"]),
            Route("/models/{name:path}", _guarded(self._model), methods=["GET"]),
            Route("/chat/completions", _guarded(self._complete), methods=["POST"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _not_here})

    async def _list(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": self.models.bodies})

    async def _model(self, request: Request) -> Response:
        return JSONResponse(self.models.body(request.path_params["name"]))

    async def _complete(self, request: Request) -> Response:
        wanted = Wanted.read(await request.body())
        completion = Completion(wanted.model, await anyio.to_thread.run_sync(self._asked, wanted))
        if len(self.line) >= MAX_WAITING:
            raise ApiError(503, f"{MAX_WAITING} questions are waiting already. Try again later.", code="overloaded")
        growing = self._grow(request, completion.asked)
        if wanted.stream:
            return _Stream(completion, growing, wanted.counts_usage)
        async with aclosing(growing):
            ended = [shown async for shown in growing if shown.finish]
        return JSONResponse(completion.body(ended[0])) if ended else Response(status_code=GONE)

    def _asked(self, wanted: Wanted) -> Asked:
        """Return the question as the model gets it. Raise ApiError where it has no such model, or no room for it."""
        adapter = self.models.adapter(wanted.model)
        turns, question = wanted.conversation
        try:
            prompt = self.asker.prompt(question, turns)
            tokens = self.asker.count(prompt)
        except UserError as error:
            raise ApiError(400, str(error), "messages") from None
        most, window = self.asker.params.predict.max_new_tokens, self.asker.window
        if window is not None and tokens >= window:
            said = f"The messages have {tokens} tokens, and the model reads and writes {window} at most."
            raise ApiError(400, said, "messages", "context_length_exceeded")
        limit = min(wanted.limit or most, most, most if window is None else window - tokens)
        return Asked(question, prompt, tokens, adapter, limit, wanted.stops)

    async def _grow(self, request: Request, asked: Asked) -> AsyncGenerator[Shown]:
        """Yield the answer as it grows, when it is its turn, and stop at the next token where the client has gone."""
        with self.line.place() as is_my_turn:
            while not is_my_turn():
                await anyio.sleep(POLL_SECONDS)
                if await request.is_disconnected():
                    return
            steps = answers(self.asker, self.gate, asked)
            while (shown := await anyio.to_thread.run_sync(next, steps, None)) is not None:
                yield shown
                if await request.is_disconnected():
                    return


class _Stream(StreamingResponse):
    """Server-sent events. However the client leaves, the place in the line is given up at once."""

    def __init__(self, completion: Completion, growing: AsyncGenerator[Shown], with_usage: bool) -> None:
        self._growing, self._events = growing, _events(completion, growing, with_usage)
        super().__init__(self._events, media_type="text/event-stream", headers={"cache-control": "no-cache"})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with aclosing(self._growing), aclosing(self._events):
            await super().__call__(scope, receive, send)


async def _events(completion: Completion, growing: AsyncGenerator[Shown], with_usage: bool) -> AsyncGenerator[str]:
    yield completion.opening(with_usage)
    before = ""
    try:
        async for shown in growing:
            for one in completion.events(before, shown, with_usage):
                yield one
            before = shown.text
    except Exception as error:
        yield event(_failure(error).body)


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Make an endpoint ask for the key, and answer every error in OpenAI's form."""

    async def answer(request: Request) -> Response:
        try:
            _check_key(request)
            return await endpoint(request)
        except Exception as error:
            failure = _failure(error)
            return JSONResponse(failure.body, failure.status)

    return answer


def _check_key(request: Request) -> None:
    key = os.environ.get(KEY, "").strip()
    sent = request.headers.get("authorization", "").partition(" ")[2].strip()
    if key and not secrets.compare_digest(sent.encode("latin-1"), key.encode()):
        raise ApiError(401, f"The key is not that of {KEY}. Send it as Authorization: Bearer.", code="invalid_api_key")


def _failure(error: Exception) -> ApiError:
    """Return what the client is told; what it is not to blame for goes to the terminal too, in one line."""
    if isinstance(error, ApiError):
        return error
    what = mask(f"a question failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
    print(f"serve: {what}", file=sys.stderr, flush=True)
    return ApiError(500, what)


async def _not_here(request: Request, error: Exception) -> Response:
    """Answer for a path or a method that this server does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    failure = ApiError(status, f"This server has no {request.method} {request.url.path}.", code="unknown_url")
    return JSONResponse(failure.body, status)
