"""A small web page to ask the tuned model beside its base, on this machine alone unless told otherwise."""

import asyncio
import contextlib
import html
import ipaddress
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from pagetune.commands.ask import Asker, cut_short
from pagetune.commands.locale import tr
from pagetune.commands.sources import Sources, as_html
from pagetune.errors import UserError

#: Of a request. A question has a few hundred bytes; Gradio sends the conversation along.
MAX_BODY_BYTES = 1_000_000
BODY_SECONDS = 30.0
#: Of a refused request, read so that who sends it gets to hear why.
MAX_DISCARDED_BYTES = 20_000_000
DISCARD_SECONDS = 5.0
#: Of Gradio: the page, what it is made of, and how it asks.
OPEN_PATHS = re.compile(
    r"/|/config|/favicon\.ico|/[\w-]+\.css|/(assets|static)/[\w./-]+"
    r"|/gradio_api/(queue/(join|data)|call/ask(/\w+)?|run/predict|cancel|heartbeat/\w+|info|startup-events)"
)
#: Characters of a question; a longer one is answered with the limit.
MAX_QUESTION = 2000
#: Questions that wait; more are told to come back.
MAX_WAITING = 200
CSS = """
footer {display: none !important}
#source pre {white-space: pre-wrap; max-height: 60vh; overflow-y: auto; font-family: inherit}
"""


class WebPage:
    """What the web page asks for: the tuned answer as it grows, the base's answer after it, and the source."""

    def __init__(self, asker: Asker, sources: Sources) -> None:
        self.asker, self.sources = asker, sources

    def answer(self, question: str, _history: list[Any]) -> Iterator[tuple[str, str, str]]:
        """(tuned, base, source as HTML), each time more of it."""
        if problem := _problem(question):
            yield problem, "", ""
            return
        tuned, source = "", ""
        for answer in self.asker.stream(question):
            tuned = answer.text
            yield tuned, "", ""
        if not answer.stopped:
            tuned += f"\n\n({cut_short()})"
        found = self.sources.of(question)
        source = as_html(found, self.sources.page_of(found) if found else None)
        yield tuned, "", source
        for answer in self.asker.stream(question, base=True):
            yield tuned, answer.text, source


def _problem(question: str) -> str | None:
    if not question.strip():
        return tr("Write a question.", "질문을 적어 주세요.")
    if len(question) > MAX_QUESTION:
        return tr(
            f"The question has {len(question)} characters; {MAX_QUESTION} is the limit.",
            f"질문이 {len(question)}자입니다. {MAX_QUESTION}자까지 물을 수 있습니다.",
        )
    return None


class RequestFilter:
    """ASGI middleware: lets in what the page and a program that asks use, and nothing else of Gradio, which also takes
    files, fetches addresses and copies any file that a request names. A body of more than `MAX_BODY_BYTES` gets 413,
    however it is sent; one that names a file 403, as any other path."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not OPEN_PATHS.fullmatch(scope["path"]):
            await _refuse(send, 403, "not a part of this page", receive)
        elif (body := await _body(scope, receive)) is None:
            await _refuse(send, 413, f"more than {MAX_BODY_BYTES} bytes, or not sent whole", receive)
        elif _names_a_file(body):
            await _refuse(send, 403, "no files are taken")
        else:
            with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C while a browser listens, which is no fault
                await self.app(scope, _replaying(body, receive), send)


async def _body(scope: Any, receive: Any) -> bytes | None:
    """None where it is too long, too slow or broken off; then no more of it is read."""
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


def _names_a_file(body: bytes) -> bool:
    """Gradio copies each file that stands so in a question into its cache, or fetches it."""
    try:
        return _has_file(json.loads(body)) if body else False
    except (ValueError, RecursionError):
        return True  # no JSON: nothing that the page sends


def _has_file(value: Any) -> bool:
    if isinstance(value, dict):
        return not {"path", "meta"}.isdisjoint(value) or any(map(_has_file, value.values()))
    return isinstance(value, list) and any(map(_has_file, value))


def _announced(scope: Any) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


def _replaying(body: bytes, receive: Any) -> Any:
    """The body that was read, once; then whatever comes, such as that the browser has gone."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay


async def _refuse(send: Any, status: int, why: str, unread: Any = None) -> None:
    """`unread` is where the rest of the body comes from: a connection closed before it is reset, its answer lost."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"serve: {why}\n".encode(), "more_body": True})
    if unread:
        await _discard(unread)
    await send({"type": "http.response.body", "body": b""})


async def _discard(receive: Any) -> None:
    left = MAX_DISCARDED_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while left > 0 and (message := await receive()).get("more_body"):
                left -= len(message["body"])


def make_app(page: WebPage, host: str) -> Any:
    """The FastAPI application: the page at /. Nothing is written to disk, nothing asked of another machine."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    fonts = ["system-ui", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic", "sans-serif"]
    theme = gr.themes.Default(font=fonts, font_mono=["ui-monospace", "monospace"])
    blocks = _blocks(page)
    blocks.has_launched = True  # mounted ones are not said to be, and then Gradio copies any file that a request names
    app = gr.mount_gradio_app(
        app, blocks, path="/", theme=theme, css=CSS, ssr_mode=False, show_error=True, footer_links=[]
    )
    if _is_loopback(host):  # else a page anywhere could have its name point here, and read along
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]", _in_url(host)])
    app.add_middleware(RequestFilter)
    return app


def _blocks(page: WebPage) -> Any:
    import gradio as gr

    with gr.Blocks(title="pagetune", analytics_enabled=False, fill_height=True) as blocks:
        gr.Markdown(f"### pagetune · {page.asker.manifest.id}")
        with gr.Row():
            with gr.Column(scale=3):
                conversation, below = _conversation(), gr.Column()
            with gr.Column(scale=2):
                beside = _beside()
        with below:
            _questions(page, conversation, beside)
    for function in blocks.fns.values():
        if function.concurrency_limit == 1:  # asked in the page or by a program: one model, one queue
            function.concurrency_id = "model"
    return blocks.queue(max_size=MAX_WAITING)


def _conversation() -> Any:
    import gradio as gr

    label = tr("After the tuning", "튜닝 후")
    conversation = gr.Chatbot(label=label, height=480, render_markdown=False, buttons=["copy"])
    _shows_text_as_text(conversation)
    return conversation


def _beside() -> list[Any]:
    """The base's answer, and the source."""
    import gradio as gr

    base = gr.Textbox(label=tr("Before the tuning", "튜닝 전"), lines=3, interactive=False)
    gr.Markdown(tr("Source", "출처"))
    return [base, gr.HTML(elem_id="source")]


def _questions(page: WebPage, conversation: Any, beside: list[Any]) -> None:
    import gradio as gr

    question = gr.Textbox(
        label=tr("Question", "질문"),
        placeholder=tr("Ask a question", "질문을 적어 주세요"),
        show_label=False,
        max_length=MAX_QUESTION,
        submit_btn=True,
        stop_btn=True,
    )
    gr.ChatInterface(
        page.answer,
        chatbot=conversation,
        textbox=question,
        additional_outputs=beside,
        concurrency_limit=1,
        show_progress="full",
        api_name="ask",
        flagging_mode="never",
    )


def _shows_text_as_text(chat: Any) -> None:
    """Gradio takes tags for HTML, sanitised, also where it renders no Markdown.

    Not by a class of our own: Gradio writes a stub of it into the folder of its module.
    """
    shown, read = chat.postprocess, chat.preprocess
    chat.postprocess = lambda value: _each_text(shown(value), html.escape)
    chat.preprocess = lambda payload: read(_each_text(payload, html.unescape))


def _each_text(data: Any, change: Callable[[str], str]) -> Any:
    for message in data.root if data else []:
        for part in message.content:
            if part.type == "text":
                part.text = change(part.text)
    return data


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(host: str, port: int) -> None:
    """Until Ctrl-C. Raises UserError where the port is taken, and before the first `dvc repro`."""
    import uvicorn

    listening = _listen(host, port)
    app = make_app(WebPage(Asker(tuned=True), Sources.read()), host)
    if not _is_loopback(host):
        print(
            tr(
                f"serve: {host} is open to the network: whoever reaches it may ask",
                f"serve: {host}은(는) 네트워크에 열려 있어 누구나 물을 수 있습니다",
            )
        )
    print(f"serve: http://{_in_url(host)}:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> Any:
    import socket

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UserError(
            tr(
                f"serve: {host}:{port} cannot be listened on ({error.strerror}). Name another: --port.",
                f"serve: {host}:{port}을(를) 열 수 없습니다({error.strerror}). 다른 포트를 주세요: --port.",
            )
        ) from None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
