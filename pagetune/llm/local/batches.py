"""Collect what is asked at the same time into batches, and have each written in a thread, while more is being asked."""

import asyncio
import threading
from dataclasses import dataclass

from pydantic import BaseModel

from pagetune.errors import UserError
from pagetune.llm.cache import Reply, request_key
from pagetune.llm.client import Messages, RequestFailed
from pagetune.llm.local.author import Author
from pagetune.llm.local.decoding import write_replies
from pagetune.llm.local.reply import Writing
from pagetune.model.decoding import bytes_per_row
from pagetune.params import Llm

#: The most replies of a batch, on a GPU and on a CPU, where a small one brings its replies into the cache sooner.
_ROWS_ON_GPU, _ROWS_ON_CPU = 256, 16
#: Share of the GPU's free memory for a batch.
_MEMORY_SHARE = 0.6
#: Tokens that a reply gets at first. One that needs more is written again with `llm.max_tokens`, among its like: with a
#: cache for the longest reply only few would fit into a batch.
_FIRST_TOKENS = 512
#: The least that a prompt must leave of the model's window.
_LEAST_TOKENS = 64
#: Prompts whose lengths differ by less are batched by their passage.
_LENGTH_STEP = 128
#: Rounds of the event loop in which the replies of a batch lead to new requests.
_ROUNDS = 30


@dataclass(eq=False)
class Asked:
    """A request: its prompt, the schema of its reply, the most tokens of it, and its temperature."""

    prompt: list[int]
    schema: type[BaseModel]
    seed: str
    limit: int
    temperature: float
    reply: "asyncio.Future[Reply]"

    @property
    def kind(self) -> tuple[type[BaseModel], int, float]:
        """Return what the requests of a batch have in common."""
        return self.schema, self.limit, self.temperature


class Batches:
    """Requests that wait, and the thread that writes the replies to a batch of them after the other."""

    def __init__(self, author: Author, params: Llm) -> None:
        self._author, self._params = author, params
        self._written = 0
        self._waiting: list[Asked] = []
        self._under_way: list[Asked] = []
        self._worker: asyncio.Task[None] | None = None
        self._closed = threading.Event()
        self._most = _ROWS_ON_GPU

    async def reply(self, messages: Messages, schema: type[BaseModel], temperature: float) -> Reply:
        """Return the reply to a request. Raises RequestFailed and UserError."""
        prompt = self._author.encode(messages)
        seed = request_key({"prompt": prompt, "temperature": temperature})
        limit = min(_FIRST_TOKENS, self._room(prompt))
        asked = Asked(prompt, schema, seed, limit, temperature, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._worker is None:
            self._worker = asyncio.ensure_future(self._work())
        return await asked.reply

    def _room(self, prompt: list[int]) -> int:
        """Return how many tokens the reply may have. Raises an error where the model's window has no room for one."""
        window = getattr(self._author.model.config.get_text_config(), "max_position_embeddings", None)
        room = self._params.max_tokens if window is None else min(self._params.max_tokens, window - len(prompt))
        if room >= min(_LEAST_TOKENS, self._params.max_tokens):
            return room
        what = f"a request has {len(prompt)} tokens, and llm.model reads {window}"
        if self._params.on_failed_request == "skip":
            raise RequestFailed(what)
        raise UserError(f"{what}. Lower qa.passage_characters, or set llm.on_failed_request: skip.")

    @property
    def activity(self) -> str:
        """Say what is being done."""
        return f"{self._written:,} tokens of the next" if self._written else ""

    @property
    def extent(self) -> str:
        """Say how it was done: nothing that a user could change."""
        return ""

    async def close(self) -> None:
        """End the batch that is being written; what is complete is in the cache."""
        self._closed.set()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)

    async def _work(self) -> None:
        try:
            await _settle()
            while self._waiting:
                batch = self._next_batch()
                await asyncio.to_thread(self._write, batch, asyncio.get_running_loop())
                await _settle()
        except Exception as error:  # of whatever kind: who waits for a reply has to learn of it
            for asked in [*self._waiting, *self._under_way]:
                if not asked.reply.done():
                    asked.reply.set_exception(error)
        finally:
            self._worker = None

    def _next_batch(self) -> list[Asked]:
        """Return requests of one kind, those that wait longest first, of similar length and with passages together."""
        first = self._waiting[0]
        alike = [asked for asked in self._waiting if asked.kind == first.kind]
        alike.sort(key=lambda asked: (-(len(asked.prompt) // _LENGTH_STEP), asked.prompt))
        self._under_way = alike[: self._rows_per_batch(len(alike[0].prompt) + first.limit)]
        chosen = set(map(id, self._under_way))
        self._waiting = [asked for asked in self._waiting if id(asked) not in chosen]
        return self._under_way

    def _rows_per_batch(self, tokens: int) -> int:
        """Return how many requests of up to `tokens`, reply included, are written together."""
        import torch

        model = self._author.model
        if model.device.type != "cuda":
            return _ROWS_ON_CPU
        # What PyTorch keeps of earlier batches is free too.
        free = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        fitting = int(_MEMORY_SHARE * free / bytes_per_row(model.config.get_text_config(), tokens))
        return max(1, min(self._most, fitting))

    def _write(self, batch: list[Asked], loop: asyncio.AbstractEventLoop) -> None:
        """Write a batch, in halves where the GPU's memory does not hold it. Each reply is passed on as it ends."""
        import torch

        try:
            self._write_together(batch, loop)
            return
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                raise UserError(
                    f"llm.model: {self._author.manifest.id} and one request do not fit on the GPU. Lower "
                    "qa.passage_characters or llm.max_tokens, or set a smaller model."
                ) from None
        torch.cuda.empty_cache()  # outside the handler: its traceback holds the tensors that did not fit
        left = [asked for asked in batch if not asked.reply.done()]
        self._most = half = max(1, len(left) // 2)
        print(f"{self._author.stage}: out of memory; continuing with {half} requests per batch", flush=True)
        for start in range(0, len(left), half):
            self._write(left[start : start + half], loop)

    def _write_together(self, batch: list[Asked], loop: asyncio.AbstractEventLoop) -> None:
        author, grammar = self._author, self._author.grammar
        matchers = [grammar.matcher(asked.schema) if grammar else None for asked in batch]
        writings = {
            id(writing): (asked, writing)
            for asked, matcher in zip(batch, matchers, strict=True)
            for writing in [Writing(asked.prompt, asked.seed, asked.limit, author.ends, matcher)]
        }

        def step() -> bool:
            for key in [key for key, (_, writing) in writings.items() if writing.ended]:
                loop.call_soon_threadsafe(self._end, *writings.pop(key))
            self._written = sum(len(writing.ids) for _, writing in writings.values())
            return not self._closed.is_set()

        replies = [writing for _, writing in writings.values()]
        write_replies(author.model, author.tokenizer.pad_token_id, replies, grammar, batch[0].temperature, step)

    def _end(self, asked: Asked, writing: Writing) -> None:
        """Pass a reply on, or have it written again with more room."""
        room = self._room(asked.prompt)
        if len(writing.ids) >= asked.limit and not writing.complete and asked.limit < room:
            asked.limit = room
            self._waiting.append(asked)
        elif not asked.reply.done():
            text = self._author.tokenizer.decode(writing.ids, skip_special_tokens=True)
            asked.reply.set_result(Reply(text=text, input_tokens=len(asked.prompt), output_tokens=len(writing.ids)))


async def _settle() -> None:
    """Let every task go on until all wait for a reply."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
