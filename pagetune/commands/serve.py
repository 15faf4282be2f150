"""`python -m pagetune serve`: a web page to ask the tuned model and its base, by default only for this machine."""

import asyncio
import contextlib
import html
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

from pagetune.commands.ask import Asker, cut_short
from pagetune.commands.locale import tr
from pagetune.commands.sources import Sources, as_html
from pagetune.commands.web import allowed_hosts, in_url, is_loopback, listen

#: The limit of a request. A question has a few hundred bytes; Gradio sends the conversation with it.
MAX_BODY_BYTES = 1_000_000
BODY_SECONDS = 30.0
#: How much of a refused request is read, so that its sender receives the reason.
MAX_DISCARDED_BYTES = 20_000_000
DISCARD_SECONDS = 5.0
#: The paths of Gradio that are open: the page, its parts, and how it asks.
OPEN_PATHS = re.compile(
    r"/|/config|/favicon\.ico|/[\w-]+\.css|/(assets|static)/[\w./-]+"
    r"|/gradio_api/(queue/(join|data)|call/ask(/\w+)?|run/predict|cancel|heartbeat/\w+|info|startup-events)"
)
#: Characters of a question; the answer to a longer one names the limit.
MAX_QUESTION = 2000
#: Questions that may wait; further ones are refused until there is room.
MAX_WAITING = 200
CSS = """
footer {display: none !important}
#source pre {white-space: pre-wrap; max-height: 60vh; overflow-y: auto; font-family: inherit}
"""


class WebPage:
    """The content of the web page: the tuned answer as it grows, then the base's answer, and the source."""

    def __init__(self, asker: Asker, sources: Sources) -> None:
        self.asker, self.sources = asker, sources

    def answer(self, question: str, _history: list[Any]) -> Iterator[tuple[str, str, str]]:
        """Yield (tuned answer, base answer, source as HTML), each time with more of them."""
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
            f"질문이 {len(question)}자입니다. {MAX_QUESTION}자까지 쓸 수 있습니다.",
        )
    return None


class RequestFilter:
    """ASGI middleware that passes only the requests of the page and of programs that ask questions.

    Gradio offers more: it takes uploads, fetches addresses and copies any file that a request names. A body of more
    than `MAX_BODY_BYTES` gets 413, however it is sent; one that names a file gets 403, as does any other path.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif not OPEN_PATHS.fullmatch(scope["path"]):
            await _refuse(send, 403, "not part of this page", receive)
        elif (body := await _body(scope, receive)) is None:
            await _refuse(send, 413, f"more than {MAX_BODY_BYTES} bytes, or incomplete", receive)
        elif _names_a_file(body):
            await _refuse(send, 403, "files are not accepted")
        else:
            with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C while a browser listens is not an error
                await self.app(scope, _replaying(body, receive), send)


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


def _names_a_file(body: bytes) -> bool:
    """Return whether the body names a file, which Gradio would copy into its cache, or fetch."""
    try:
        return _has_file(json.loads(body)) if body else False
    except (ValueError, RecursionError):
        return True  # not JSON, so the page did not send it


def _has_file(value: Any) -> bool:
    if isinstance(value, dict):
        return not {"path", "meta"}.isdisjoint(value) or any(map(_has_file, value.values()))
    return isinstance(value, list) and any(map(_has_file, value))


def _announced(scope: Any) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


def _replaying(body: bytes, receive: Any) -> Any:
    """Return a receiver of the body that was read, and then of what follows, such as the browser's disconnection."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay


async def _refuse(send: Any, status: int, why: str, unread: Any = None) -> None:
    """Answer with the status and the reason.

    `unread` receives the rest of the body. It is read before the connection is closed: a connection that is closed
    earlier is reset, and the answer is lost.
    """
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
    """Make the FastAPI application, with the page at /. It writes nothing to disk and contacts no other machine."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    fonts = ["system-ui", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic", "sans-serif"]
    theme = gr.themes.Default(font=fonts, font_mono=["ui-monospace", "monospace"])
    blocks = _blocks(page)
    blocks.has_launched = True  # Gradio leaves this False on a mounted page, and then copies any file a request names
    app = gr.mount_gradio_app(
        app, blocks, path="/", theme=theme, css=CSS, ssr_mode=False, show_error=True, footer_links=[]
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(host))
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
        if function.concurrency_limit == 1:  # one model, so one queue for the page and for programs
            function.concurrency_id = "model"
    return blocks.queue(max_size=MAX_WAITING)


def _conversation() -> Any:
    import gradio as gr

    label = tr("After tuning", "튜닝 후")
    conversation = gr.Chatbot(label=label, height=480, render_markdown=False, buttons=["copy"])
    _shows_text_as_text(conversation)
    return conversation


def _beside() -> list[Any]:
    """Make the fields for the base's answer and the source."""
    import gradio as gr

    base = gr.Textbox(label=tr("Before tuning", "튜닝 전"), lines=3, interactive=False)
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
    """Make the chat show tags as text; Gradio renders them as sanitised HTML even without Markdown.

    A subclass would not do: Gradio would write a stub of it into the folder of its module.
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


def serve(host: str, port: int) -> None:
    """Serve until Ctrl-C. Raise UserError where the port is taken, and before the first `dvc repro`."""
    import uvicorn

    listening = listen("serve", host, port)
    app = make_app(WebPage(Asker(tuned=True), Sources.read()), host)
    if not is_loopback(host):
        print(
            tr(
                f"serve: {host} is open to the network: anyone who can reach it can ask questions",
                f"serve: {host}은(는) 네트워크에 열려 있어 접속할 수 있는 누구나 질문할 수 있습니다",
            )
        )
    print(f"serve: http://{in_url(host)}:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[listening])
