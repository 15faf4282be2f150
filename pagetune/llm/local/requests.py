"""Collect what is asked, and have it written in a thread, while more is being asked."""

import asyncio
import threading
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import torch
from pydantic import BaseModel

from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.llm.cache import Reply, request_key
from pagetune.llm.client import Messages, RequestFailed, one_of
from pagetune.llm.local.author import Author
from pagetune.llm.local.reply import Writing
from pagetune.llm.local.rows import PASS_TOKENS, Rows, why_no_rows
from pagetune.llm.local.steps import Steps
from pagetune.llm.local.trial import why_rows_fail
from pagetune.llm.local.writing import write_by_generate, write_in_rows
from pagetune.llm.schemas import how_to_shorten
from pagetune.model.decoding import aligned, bytes_in_cache, bytes_in_pass, bytes_per_row
from pagetune.params import Llm

#: The most replies that are written at once, on a GPU and on a CPU.
_ROWS_ON_GPU, _ROWS_ON_CPU = 256, 16
#: Share of the GPU's free memory for the rows and the reading of prompts.
_MEMORY_SHARE = 0.7
#: Tokens that a reply gets at first. One that needs more is written again with `llm.max_tokens`, after the others: with
#: slots for the longest reply only few rows would fit.
_FIRST_TOKENS = 512
#: The least that a prompt must leave of the model's window.
_LEAST_TOKENS = 64
#: Slots of a row are a multiple of this, with some to spare: what the first replies lead to may be a little longer.
_SLOT_STEP, _SPARE_SLOTS = 256, 128
#: Rounds of the event loop in which replies lead to new requests.
_ROUNDS = 30


@dataclass(eq=False)
class Asked:
    """A request: its prompt, the schema of its reply or None, its temperature, and the most tokens of the reply.

    These are `limit` tokens at first, and `room` where that was not enough.
    """

    prompt: list[int]
    schema: type[BaseModel] | None
    seed: str
    limit: int
    room: int
    temperature: float
    reply: "asyncio.Future[Reply]"

    @property
    def slots(self) -> int:
        return len(self.prompt) + self.limit


@dataclass(eq=False)
class _Way:
    """A way of writing, in rows or by `generate`: the most requests at once, and how many were tried last."""

    most: int = _ROWS_ON_GPU
    tried: int = _ROWS_ON_GPU

    def halve(self) -> None:
        self.most = max(1, self.tried // 2)


class Requests:
    """Requests that wait, and the thread that writes the replies. Its rows stay from one wave to the next."""

    def __init__(self, author: Author, params: Llm) -> None:
        self._author, self._params = author, params
        #: Tokens of the replies that are under way.
        self._written = 0
        self._waiting: list[Asked] = []
        self._lock = threading.Lock()  # of what waits: it is asked in one thread, and written in another
        self._under_way: dict[Writing, Asked] = {}
        self._worker: asyncio.Task[None] | None = None
        self._closed = threading.Event()
        self._steps: Steps | None = None
        #: Which lengths can be written in rows.
        self._fitting: dict[int, bool] = {}
        #: What lacks memory in one way says nothing about the other.
        self._rows, self._generate = _Way(), _Way()
        self._way = self._rows

    async def reply(self, messages: Messages, schema: type[BaseModel], temperature: float) -> Reply:
        """Return the reply to a request. Raises RequestFailed and UserError."""
        prompt = self._author.encode(messages)
        seed = request_key({"prompt": prompt, "temperature": temperature})
        room = self._room(prompt, schema)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        return await self.write(Asked(prompt, schema, seed, min(_FIRST_TOKENS, room), room, temperature, answer))

    async def write(self, asked: Asked) -> Reply:
        """Return the reply to a request whose prompt is encoded."""
        with self._lock:
            self._waiting.append(asked)
        if self._worker is None:
            self._worker = asyncio.ensure_future(self._work())
        return await asked.reply

    def _room(self, prompt: list[int], schema: type[BaseModel]) -> int:
        """Return how many tokens the reply may have. Raises an error where the model's window has no room for one."""
        window = getattr(self._author.model.config.get_text_config(), "max_position_embeddings", None)
        room = self._params.max_tokens if window is None else min(self._params.max_tokens, window - len(prompt))
        if room >= min(_LEAST_TOKENS, self._params.max_tokens):
            return room
        what = Remark("a request has {tokens} tokens, and llm.model reads {window}", tokens=len(prompt), window=window)
        if self._params.on_failed_request == "skip":
            raise RequestFailed(what)
        raise UserError(
            "{what}. {advice}",
            what=what,
            advice=one_of([*how_to_shorten(schema), Remark("set llm.on_failed_request: skip")]),
        )

    @property
    def activity(self) -> str:
        """Say what is being done."""
        return tr("{count:,} tokens of the next", count=self._written) if self._written else ""

    @property
    def extent(self) -> str:
        """Say how it was done: nothing that a user could change."""
        return ""

    async def close(self) -> None:
        """End what is being written; what is complete is in the cache."""
        self._closed.set()
        if self._worker is not None:  # not cancelled: its thread holds the GPU's memory until it ends
            await asyncio.gather(self._worker, return_exceptions=True)
        self._steps = None

    async def _work(self) -> None:
        try:
            await _settle()
            while self._waiting and not self._closed.is_set():
                await asyncio.to_thread(self._write, asyncio.get_running_loop())
                await _settle()
        except Exception as error:  # of whatever kind: who waits for a reply has to learn of it
            self._steps = None
            for asked in [*self._waiting, *self._under_way.values()]:
                if not asked.reply.done():
                    asked.reply.set_exception(error)
        finally:
            self._worker = None

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write what waits, and what is asked meanwhile. Where it does not fit on the GPU, half the rows go on."""
        try:
            with torch.inference_mode():
                self._write_what_waits(loop)
            return
        except torch.cuda.OutOfMemoryError:
            if self._way.tried == 1:
                with self._lock:
                    schema = max([*self._under_way.values(), *self._waiting], key=lambda asked: asked.slots).schema
                raise UserError(
                    "llm.model: {model} and one request do not fit on the GPU. {advice}",
                    model=self._author.manifest.id,
                    advice=one_of(
                        [Remark("lower llm.max_tokens"), *how_to_shorten(schema), Remark("set a smaller model")]
                    ),
                ) from None
        # Outside the handler: its traceback holds the tensors that did not fit.
        self._way.halve()
        self._steps = None
        torch.cuda.empty_cache()
        with self._lock:
            self._waiting = [asked for asked in self._under_way.values() if not asked.reply.done()] + self._waiting
        self._under_way.clear()
        said = tr("out of memory; continuing with {count} requests at once", count=self._way.most)
        print(f"{self._author.stage}: {said}", flush=True)

    def _write_what_waits(self, loop: asyncio.AbstractEventLoop) -> None:
        author, grammar = self._author, self._author.grammar

        def watch(replies: list[Writing]) -> bool:
            for reply in replies:
                if reply.ended:
                    loop.call_soon_threadsafe(self._end, self._under_way.pop(reply), reply)
            self._written = sum(len(reply.ids) for reply in replies if not reply.ended)
            return not self._closed.is_set()

        longest = max((asked.slots for asked in self._waiting if self._in_rows(asked)), default=0)
        self._way = self._rows if longest else self._generate
        if longest:
            steps = self._steps = self._steps_for(longest)
            with steps.rows.attention.used_in(author.model):
                write_in_rows(steps, grammar, lambda count: self._admit(count, steps.rows.slots), watch)
        else:
            self._steps = None  # idle rows would hold the memory that this way needs
            torch.cuda.empty_cache()
            self._way.tried = self._most_at_once(max(asked.slots for asked in self._waiting))
            replies = self._admit(self._way.tried, None)
            write_by_generate(author.model, author.tokenizer.pad_token_id, replies, grammar, watch)

    def _in_rows(self, asked: Asked) -> bool:
        """Tell whether a request can be written in rows. `generate` writes all others."""
        slots = aligned(asked.slots)
        if slots not in self._fitting:
            why = why_no_rows(self._author.model, slots) or self._problem
            if why and all(self._fitting.values()):
                said = tr("writing with transformers' generate ({why})", why=why)
                print(f"{self._author.stage}: {said}", flush=True)
            self._fitting[slots] = why is None
        return self._fitting[slots]

    @cached_property
    def _problem(self) -> str | None:
        return why_rows_fail(self._author.model)

    def _admit(self, count: int, slots: int | None) -> list[Writing]:
        """Begin up to `count` of the requests that fit into rows of `slots`, or None: of those that fit into no row."""
        with self._lock:
            fitting = (asked for asked in self._waiting if self._fits(asked, slots))
            taken = {id(asked): asked for asked in islice(fitting, count)}
            self._waiting = [asked for asked in self._waiting if id(asked) not in taken]
        begun = {self._begin(asked): asked for asked in taken.values()}
        self._under_way.update(begun)
        return list(begun)

    def _fits(self, asked: Asked, slots: int | None) -> bool:
        in_rows = self._in_rows(asked)
        return not in_rows if slots is None else in_rows and asked.slots <= slots

    def _begin(self, asked: Asked) -> Writing:
        author = self._author
        matcher = author.grammar.matcher(asked.schema) if author.grammar and asked.schema else None
        return Writing(asked.prompt, asked.seed, asked.limit, author.ends, asked.temperature, matcher)

    def _steps_for(self, tokens: int) -> Steps:
        """Return rows for up to `tokens`, prompt and reply: those of before, unless these are short or few."""
        slots = -(-(tokens + _SPARE_SLOTS) // _SLOT_STEP) * _SLOT_STEP
        rows = self._steps.rows if self._steps else None
        if self._steps and rows and tokens <= rows.slots and (rows.slots <= 2 * slots or rows.count >= self._rows.most):
            self._rows.tried = rows.count
            return self._steps
        rows = self._steps = None  # freed before the next are made: both would not fit into memory
        torch.cuda.empty_cache()
        self._rows.tried = self._rows_that_fit(slots)
        return Steps(Rows(self._author.model, self._rows.tried, slots))

    def _rows_that_fit(self, slots: int) -> int:
        model = self._author.model
        if model.device.type != "cuda":
            return min(self._rows.most, _ROWS_ON_CPU)
        config = model.config.get_text_config()
        room = _free_memory() * _MEMORY_SHARE - PASS_TOKENS * bytes_in_pass(config)
        return max(1, min(self._rows.most, int(room / (slots * bytes_in_cache(config)))))

    def _most_at_once(self, tokens: int) -> int:
        """Return how many requests of up to `tokens`, reply included, `generate` writes together."""
        model = self._author.model
        if model.device.type != "cuda":
            return min(self._generate.most, _ROWS_ON_CPU)
        fitting = int(_free_memory() * _MEMORY_SHARE / bytes_per_row(model.config.get_text_config(), tokens))
        return max(1, min(self._generate.most, fitting))

    def _end(self, asked: Asked, writing: Writing) -> None:
        """Pass a reply on, or have it written again with more room."""
        if len(writing.ids) >= asked.limit and not writing.complete and asked.limit < asked.room:
            asked.limit = asked.room
            with self._lock:
                self._waiting.append(asked)
        elif not asked.reply.done():
            text = self._author.tokenizer.decode(writing.ids, skip_special_tokens=True)
            asked.reply.set_result(Reply(text=text, input_tokens=len(asked.prompt), output_tokens=len(writing.ids)))


def _free_memory() -> int:
    """Return the GPU's free bytes; what PyTorch keeps of earlier replies is free too."""
    return int(torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated())


async def _settle() -> None:
    """Let every task go on until all wait for a reply."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
