"""`python -m pagetune serve`: a web page to ask the tuned model and its base, and `/v1` for programs.

By default both are only for this machine.
"""

import html
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pagetune.commands.api.models import models_of
from pagetune.commands.api.routes import MAX_WAITING, POLL_SECONDS, Api
from pagetune.commands.ask import Asker, notes
from pagetune.commands.gate import Checked, Gate, support_html
from pagetune.commands.line import Line
from pagetune.commands.request_filter import RequestFilter
from pagetune.commands.sessions import Sessions
from pagetune.commands.sources import Sources, as_html
from pagetune.commands.suggestions import read_suggestions
from pagetune.commands.web import allowed_hosts, in_url, is_loopback, listen
from pagetune.language import tr
from pagetune.masking import mask

#: Characters of a question; the answer to a longer one names the limit.
MAX_QUESTION = 2000
CSS = """
footer {display: none !important}
#source pre {white-space: pre-wrap; max-height: 60vh; overflow-y: auto; font-family: inherit}
"""


class WebPage:
    """The content of the web page: the tuned answer as it grows, then the base's answer, and the source."""

    def __init__(self, asker: Asker, gate: Gate, sources: Sources, line: Line, suggestions: Sequence[str]) -> None:
        self.asker, self.gate, self.sources, self.line, self.suggestions = asker, gate, sources, line, suggestions

    def answer(self, question: str, has_gone: Callable[[], bool]) -> Iterator[tuple[str, str, str]]:
        """Yield (tuned answer, base answer, source as HTML), each time with more of them.

        Wait for programs that asked before, and stop at the next token where whoever asked has gone.
        """
        if has_gone():
            yield _unheard(), "", ""
            return
        with self.line.place() as is_my_turn:
            while not is_my_turn():
                yield "…", "", ""
                time.sleep(POLL_SECONDS)
                if has_gone():
                    return
            for shown in self._grow(question):
                yield shown
                if has_gone():
                    return

    def _grow(self, question: str) -> Iterator[tuple[str, str, str]]:
        if problem := _problem(question):
            yield problem, "", ""
            return
        for answer in self.asker.stream(question):
            yield "…" if self.gate.holds_back else answer.text, "", ""
        checked = self.gate.check(question, answer.text)
        tuned = "\n\n".join([checked.text, *(f"({note})" for note in notes(answer, checked))])
        source = self._source(question, answer.text, checked)
        yield tuned, "", source
        for text in self._base_texts(question):
            yield tuned, text, source

    def _base_texts(self, question: str) -> Iterator[str]:
        """Yield the base's answer as it grows; with the open book it is looked up too, and may be held back."""
        reads = self.asker.knows_the_documents(base=True)
        for answer in self.asker.stream(question, base=True):
            yield "…" if reads and self.gate.holds_back else answer.text
        if reads:
            checked = self.gate.check(question, answer.text)
            yield "\n\n".join([checked.text, *(f"({note})" for note in notes(answer, checked))])

    def _source(self, question: str, answer: str, checked: Checked) -> str:
        """Return as HTML where the answer stands; without pages, the trained question that is most like this one."""
        if support := checked.support or self.gate.support(question, answer):
            return support_html(support, self.gate.pages)
        found = self.sources.of(question)
        return as_html(found, self.sources.page_of(found) if found else None)


def _unheard() -> str:
    return tr(
        "Not computed, because nobody was listening. Ask again.",
    )


def _problem(question: str) -> str | None:
    if not question.strip():
        return tr("Write a question.")
    if len(question) > MAX_QUESTION:
        return tr(
            "The question has {count} characters; {max_question} is the limit.",
            count=len(question),
            max_question=MAX_QUESTION,
        )
    return None


def make_app(page: WebPage, api: Api, host: str) -> Any:
    """Make the ASGI application, with the page at / and the API at /v1.

    It writes nothing to disk and contacts no other machine.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/v1", api.app())
    fonts = ["system-ui", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic", "sans-serif"]
    theme = gr.themes.Default(font=fonts, font_mono=["ui-monospace", "monospace"])
    blocks, sessions = _blocks(page)
    _report_in_one_line(blocks)
    blocks.has_launched = True  # Gradio leaves this False on a mounted page, and then copies any file a request names
    app = gr.mount_gradio_app(
        app, blocks, path="/", theme=theme, css=CSS, ssr_mode=False, show_error=True, footer_links=[]
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(host))
    return RequestFilter(app, blocks, sessions)  # around everything, so that each response gets its headers


def _blocks(page: WebPage) -> tuple[Any, Sessions]:
    import gradio as gr

    with gr.Blocks(title="pagetune", analytics_enabled=False, fill_height=True) as blocks:
        sessions = Sessions(blocks)
        gr.Markdown(f"### pagetune · {page.asker.manifest.id}")
        with gr.Row():
            with gr.Column(scale=3):
                conversation, below = _conversation(), gr.Column()
            with gr.Column(scale=2):
                beside = _beside()
        with below:
            _questions(_answering(page, sessions), conversation, beside, page.suggestions)
    for function in blocks.fns.values():
        if function.concurrency_limit == 1:  # one model, so one queue for the page and for programs
            function.concurrency_id = "model"
    return blocks.queue(max_size=MAX_WAITING), sessions


def _report_in_one_line(blocks: Any) -> None:
    """Make Gradio report an exception to the terminal and to the page in one line, instead of with a traceback."""
    import gradio as gr

    process = blocks.process_api

    async def process_api(*arguments: Any, **named: Any) -> Any:
        try:
            return await process(*arguments, **named)
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            what = mask(tr("a question failed: {reason}", reason=reason))
            print(f"serve: {what}", file=sys.stderr, flush=True)
            raise gr.Error(what, print_exception=False) from None

    blocks.process_api = process_api


def _conversation() -> Any:
    import gradio as gr

    label = tr("After tuning")
    conversation = gr.Chatbot(label=label, height=480, render_markdown=False, buttons=["copy"])
    _shows_text_as_text(conversation)
    return conversation


def _beside() -> list[Any]:
    """Make the fields for the base's answer and the source."""
    import gradio as gr

    base = gr.Textbox(label=tr("Before tuning"), lines=3, interactive=False)
    gr.Markdown(tr("Source"))
    return [base, gr.HTML(elem_id="source")]


def _answering(page: WebPage, sessions: Sessions) -> Callable[..., Any]:
    import gradio as gr

    def answer(question: str | None, _history: Any, request: gr.Request) -> Iterator[tuple[str, str, str]]:
        yield from page.answer(question or "", lambda: sessions.has_gone(str(request.session_hash)))

    return answer


def _questions(answer: Callable[..., Any], conversation: Any, beside: list[Any], suggestions: Sequence[str]) -> None:
    import gradio as gr

    question = gr.Textbox(
        label=tr("Question"),
        placeholder=tr("Ask a question"),
        show_label=False,
        max_length=MAX_QUESTION,
        submit_btn=True,
        stop_btn=True,
    )
    gr.ChatInterface(
        answer,
        chatbot=conversation,
        textbox=question,
        additional_outputs=beside,
        examples=list(suggestions),
        cache_examples=False,
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


def serve(host: str, port: int, open_book: bool = False, adapters: Sequence[str] = ()) -> None:
    """Serve until Ctrl-C, further `adapters` (NAME=FOLDER) to programs too.

    Raise UserError where the port is taken, for an adapter of another base, and before the first `dvc repro`.
    """
    import uvicorn

    models, folders = models_of(Path(), adapters)
    listening = listen("serve", host, port)
    asker, line = Asker(tuned=True, open_book=open_book, others=folders), Line()
    gate = Gate.read(asker.params)
    page = WebPage(asker, gate, Sources.read(), line, read_suggestions())
    app = make_app(page, Api(asker, gate, models, line), host)
    if not is_loopback(host):
        print(
            tr(
                "serve: {host} is open to the network: anyone who can reach it can ask questions",
                host=host,
            )
        )
    print(f"serve: http://{in_url(host)}:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(server_config(app)).run(sockets=[listening])


def server_config(app: Any) -> Any:
    """Return how uvicorn serves the page: it takes nobody for a proxy, and opens no WebSocket."""
    import uvicorn

    return uvicorn.Config(
        app, log_level="critical", timeout_graceful_shutdown=2, proxy_headers=False, server_header=False, ws="none"
    )
