"""A client whose replies the stage writes itself, with the surface, the cache and the counts of the one for servers."""

import asyncio
import sys
import time
from typing import Any

from pydantic import BaseModel

from pagetune.llm.cache import Reply
from pagetune.llm.client import PROGRESS_SECONDS, Client, Messages
from pagetune.llm.local.author import Author, find_author
from pagetune.llm.local.requests import Requests
from pagetune.params import Llm


class LocalClient(Client):
    """Asks a model that is loaded here, once it is needed: where the cache has all replies, no weights are loaded."""

    _author: Author

    def __init__(self, params: Llm, stage: str) -> None:
        super().__init__(params, stage)
        # Whatever waits may get a row; a limit of requests under way would only leave some empty.
        self._slots = asyncio.Semaphore(sys.maxsize)

    def _connect(self) -> Any:
        self._author = find_author(self._params, self._stage)
        return Requests(self._author, self._params, self._tell_progress)

    def _request(self, messages: Messages, model: type[BaseModel]) -> dict[str, Any]:
        """Return what the reply follows from. The number of rows is not part of it, and neither is the folder."""
        return {
            "engine": "local",
            "weights": self._author.weights,
            "precision": self._author.choice.precision,
            "messages": messages,
            "temperature": self._params.temperature,
            "max_tokens": self._params.max_tokens,
            "schema": model.model_json_schema(),
        }

    async def _send(self, messages: Messages, model: type[BaseModel], temperature: float) -> Reply:
        reply: Reply = await self._server.reply(messages, model, temperature)
        return reply

    def _tell_progress(self, written: int) -> None:
        """Print a line now and then while replies are written; `written` tokens of these are not counted yet."""
        now = time.monotonic()
        if now - self._printed >= PROGRESS_SECONDS:
            self._printed = now
            print(f"{self._stage}: {self}, {written:,} tokens of the next{self._time_left(now)}", file=sys.stderr)
