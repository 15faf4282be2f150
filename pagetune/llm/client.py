"""Asks a language model: every reply that can be read is cached, and the same request is sent only once."""

import asyncio
import re
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

from pagetune.errors import UserError
from pagetune.language import Remark, retell, tr
from pagetune.llm import cache
from pagetune.llm.cache import Reply
from pagetune.llm.meter import Meter
from pagetune.llm.replies import kept_or_new, temperature_of
from pagetune.llm.salvage import read_reply
from pagetune.llm.schemas import how_to_shorten
from pagetune.llm.server import Messages as Messages
from pagetune.llm.server import Server, Unanswered
from pagetune.masking import without_credentials
from pagetune.params import Llm
from pagetune.progress import StatusLine

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

#: The time between two looks at how far the run is.
_BEAT_SECONDS = 1.0

#: How servers say that a request and its reply do not fit into the model's window.
_TOO_LONG = re.compile(
    r"context.?(?:length|window|size)|maximum (?:context|model) len|max_model_len|max_seq_len"
    r"|(?:prompt|input|request) is too long|too many (?:input )?tokens"
    r"|exceeds? (?:the )?(?:available |model'?s? )?(?:context|n_ctx|token limit)",
    re.IGNORECASE,
)
_WHAT_MODEL = {
    "server": Remark("Name the model as the server at llm.base_url calls it."),
    "local": Remark("Set it to the hub id or the folder of an instruct model."),
}


def one_of(advice: list[str]) -> str:
    """Return what to do as a sentence: this, or that."""
    said = [tr(one) for one in advice]
    text = tr("{advice}.", advice=said[0])
    if len(said) > 1:
        text = tr("{first}, or {last}.", first=", ".join(said[:-1]), last=said[-1])
    return text[0].upper() + text[1:]


class RequestFailed(Exception):
    """A request got no reply, however often it was tried, and `llm.on_failed_request: skip` goes on without it."""


class Client:
    """Sends requests within one `asyncio.run`, and shows how far they are. `meter` counts them, and what is made."""

    def __init__(self, params: Llm, stage: str, unit: str) -> None:
        if params.model is None:
            raise UserError("params.yaml: llm.model is null. {what}", what=_WHAT_MODEL[params.engine])
        self._params, self._stage = params, stage
        self.meter = Meter(params, unit)
        self._line = StatusLine(stage)
        self._server = self._connect()
        #: Each with whether it came from the cache.
        self._under_way: dict[str, asyncio.Future[tuple[Reply, bool]]] = {}
        self._beat: asyncio.Task[None] | None = None
        #: How many replies could not be kept, and how many are, from this run or an earlier one.
        self._lost = self._kept = 0

    def _connect(self) -> Any:
        if without_credentials(self._params.base_url) != self._params.base_url:
            self._line.say(
                tr(
                    "llm.base_url holds a user or a key, which Git keeps with params.yaml and dvc.lock. Take it out, "
                    "and set OPENAI_API_KEY where the server takes it from there."
                )
            )
        return Server(self._params, self._line.say)

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
        reply, was_kept = await asyncio.shield(task)
        self.meter.saw(was_kept)
        return reply

    def _request(self, messages: Messages, model: type[BaseModel]) -> dict[str, Any]:
        """Return what the reply follows from, by which the cache knows it. How it is sent is not part of it."""
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
        tasks: list[asyncio.Future[Any]] = [*self._under_way.values(), *([self._beat] if self._beat else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.close()
        self.meter.end()
        self._line.close()

    async def _cached(self, key: str, messages: Messages, model: type[BaseModel]) -> tuple[Reply, bool]:
        async def send(attempt: int) -> Reply:
            self._begin()
            return await self._send(messages, model, temperature_of(attempt, self._params.temperature))

        reply, was_kept = await kept_or_new(key, model, send, self._keep)
        self._kept += was_kept
        self.meter.count(reply, was_kept)
        return reply, was_kept

    async def _send(self, messages: Messages, model: type[BaseModel], temperature: float) -> Reply:
        try:
            reply: Reply = await self._server.reply(messages, model, temperature)
        except Unanswered as problem:
            raise self._failure(problem, model) from None
        return reply

    def _failure(self, problem: Unanswered, model: type[BaseModel]) -> Exception:
        if self._params.on_failed_request == "skip":
            return RequestFailed(str(problem))
        advice: list[str] = [Remark("fix the server and run again")]
        if _TOO_LONG.search(str(problem)):
            advice = [Remark("lower llm.max_tokens"), *how_to_shorten(model)]
        return UserError(
            "llm.base_url: {base_url} did not answer a request after {retries} retries: {problem}. "
            "{kept} replies are kept. {advice}",
            base_url=self._params.base_url,
            retries=problem.retries,
            problem=retell(str(problem)),
            kept=self._kept,
            advice=one_of([*advice, Remark("set llm.on_failed_request: skip")]),
        )

    def _keep(self, key: str, reply: Reply) -> None:
        problem = cache.store(key, reply)
        if problem and not self._lost:
            self._line.say(
                tr(
                    "replies cannot be kept ({problem}), so that another run asks for them again. Free some space, or "
                    "set PAGETUNE_CACHE to a folder that you can write to.",
                    problem=problem,
                )
            )
        self._lost += problem is not None
        self._kept += problem is None

    def _begin(self) -> None:
        """Begin to count the time and to show progress, with the first request that the cache has no reply to."""
        if self._beat is None:
            self.meter.begin()
            self._beat = asyncio.ensure_future(self._show_progress())

    async def _show_progress(self) -> None:
        """Show how far the run is, also while no reply comes."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            self._line.show(self._progress())

    def _progress(self) -> str:
        return self.meter.progress(self._server.activity)

    def metrics(self) -> dict[str, int]:
        counts = self.meter
        return {
            "requests": counts.requests, "input_tokens": counts.input_tokens, "output_tokens": counts.output_tokens
        }  # fmt: skip

    def __str__(self) -> str:
        return self.meter.total(self._server.extent)


async def gather(tasks: Iterable[Awaitable[T]]) -> list[T]:
    """Return all results in order. The first error cancels the other tasks; replies that came are in the cache."""
    waiting = [asyncio.ensure_future(task) for task in tasks]
    try:
        return await asyncio.gather(*waiting)
    finally:
        for task in waiting:
            task.cancel()
