"""The requests that `serve` answers: those of its own page, and of programs that ask questions."""

import asyncio
import contextlib
import re
from typing import Any

from pagetune.commands.api.errors import PREFIX, as_json
from pagetune.commands.request_checks import (
    FORWARDED,
    Refusal,
    Scope,
    why_file,
    why_foreign,
    why_no_call,
    why_not_json,
    why_unfit,
)
from pagetune.commands.sessions import Sessions

#: The limit of a request. A question has a few hundred bytes; Gradio sends the conversation with it.
MAX_BODY_BYTES = 1_000_000
BODY_SECONDS = 30.0
#: How much of a refused request is read, so that its sender receives the reason.
MAX_DISCARDED_BYTES = 20_000_000
DISCARD_SECONDS = 5.0
#: The paths that are open: those of programs, and of Gradio the page, its parts, and how it asks.
OPEN_PATHS = re.compile(
    r"/v1/.*|/|/config|/favicon\.ico|/[\w-]+\.css|/(assets|static)/[\w./-]+"
    r"|/gradio_api/(queue/(join|data)|call/ask(/\w+)?|run/predict|cancel|heartbeat/\w+|info|startup-events)"
)


#: For every response. Gradio's page has scripts and styles in the page itself, and its HTML component uses `Function`.
HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class RequestFilter:
    """ASGI middleware that passes only the requests of the page and of programs that ask questions.

    Gradio offers more: it takes uploads, fetches addresses, copies any file that a request names, lets pages of any
    port of this machine read along, and believes what a request says about a proxy. A request from another site gets
    403, as does one for any other path; a body of more than `MAX_BODY_BYTES` gets 413, however it is sent and to
    whatever path. Below /v1 a refusal has OpenAI's form.
    """

    def __init__(self, app: Any, blocks: Any, sessions: Sessions) -> None:
        self.app, self.blocks, self.sessions = app, blocks, sessions

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, _with_headers(send))
        elif scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        unread = _to_its_end(receive)
        if refusal := why_foreign(Scope.of(scope)):
            await _refuse(scope, send, refusal, unread)
        elif (body := await _body(scope, unread)) is None:
            await _refuse(scope, send, Refusal(413, f"more than {MAX_BODY_BYTES} bytes, or incomplete"), unread)
        elif not OPEN_PATHS.fullmatch(scope["path"]):
            await _refuse(scope, send, Refusal(403, "not part of this page"))
        elif refusal := self._why_unfit(scope, body):
            await _refuse(scope, send, refusal)
        else:
            await self._pass(scope, _replaying(body, receive), send)

    def _why_unfit(self, scope: Any, body: bytes) -> Refusal | None:
        if scope["method"] != "POST":
            return None
        refusal = why_not_json(Scope.of(scope)) or why_unfit(body)
        if refusal or scope["path"].startswith(PREFIX):
            return refusal
        return why_file(body) or why_no_call(scope["path"].removeprefix("/gradio_api/"), body, self.blocks.fns)

    async def _pass(self, scope: Any, receive: Any, send: Any) -> None:
        """Let Gradio answer, and know for how long somebody listens."""
        try:
            session = self.sessions.asked_for(scope)
        except KeyError:
            await _refuse(scope, send, Refusal(404, "no question is under way by that name"))
            return
        unproxied = [(name, value) for name, value in scope["headers"] if not FORWARDED.fullmatch(name.lower())]
        with self.sessions.listening(session), contextlib.suppress(asyncio.CancelledError):  # as after Ctrl-C
            await self.app(scope | {"headers": unproxied}, receive, send)


def _with_headers(send: Any) -> Any:
    """Return a sender that adds HEADERS, and removes those that would let another origin read along."""

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            own = [(name, value) for name, value in message["headers"] if not name.startswith(b"access-control-")]
            message = message | {"headers": own + _HEADERS}
        await send(message)

    return sending


def _to_its_end(receive: Any) -> Any:
    """Return a receiver of the body that waits for nothing after its end."""
    ended = False

    async def receiving() -> Any:
        nonlocal ended
        if ended:
            return {"type": "http.disconnect"}
        message = await receive()
        ended = not message.get("more_body", False)
        return message

    return receiving


async def _body(scope: Any, receive: Any) -> bytes | None:
    """Read the whole body; return None where it is too long, too slow or interrupted, and stop reading."""
    if _announced(scope) > MAX_BODY_BYTES:
        return None
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive)
    except TimeoutError:
        return None


async def _read(receive: Any) -> bytes | None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
        if message["type"] == "http.disconnect" or len(body) > MAX_BODY_BYTES:
            return None
    return body


def _announced(scope: Any) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


def _replaying(body: bytes, receive: Any) -> Any:
    """Return a receiver of the body that was read, and then of what follows, such as the browser's disconnection."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay


async def _refuse(scope: Any, send: Any, refusal: Refusal, unread: Any = None) -> None:
    """Answer with the status and the reason, in one line.

    `unread` receives the rest of the body. It is read before the connection is closed: a connection that is closed
    earlier is reset, and the answer is lost.
    """
    kind, said = b"text/plain; charset=utf-8", f"serve: {refusal.why}\n".encode()
    if scope["path"].startswith(PREFIX):
        kind, said = b"application/json", as_json(refusal.status, refusal.why)
    headers = [(b"content-type", kind), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": said, "more_body": True})
    if unread:
        await _discard(unread)
    await send({"type": "http.response.body", "body": b""})


async def _discard(receive: Any) -> None:
    left = MAX_DISCARDED_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while left > 0 and (message := await receive()).get("more_body"):
                left -= len(message["body"])
