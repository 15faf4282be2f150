"""How many requests are under way at once. `llm.concurrency: auto` learns it from what the server gets done.

The limit doubles while the server gets more done for it, and goes back where replies only take longer, because the
additional requests wait inside the server; after that it is tried in smaller steps. Where the server refuses, or a
request runs into its deadline, the limit is halved and grows in the smallest steps, as TCP does (additive increase,
multiplicative decrease).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from anyio import CapacityLimiter

#: The first limit, and the highest.
FIRST, MOST = 2, 64
#: The least replies by which a limit is judged.
ROUND = 6
#: The least share of the additional requests that must come back as additional speed.
GAIN = 0.25
#: Rounds at a limit before a higher one is tried again that was no faster.
REST = 8
#: The share of itself by which the limit grows at first, and the least.
FIRST_STEP, LEAST_STEP = 1.0, 1 / 8
#: A higher limit is tried only if replies would stay below this share of the deadline, were it no faster.
DEADLINE_SHARE = 0.8
#: What is kept of the measurements of earlier rounds.
MEMORY = 0.5


@dataclass
class _Level:
    """What was measured while `limit` requests were under way: weights of replies, their tokens and their seconds."""

    limit: int
    replies: int = 0
    tokens: float = 0.0
    seconds: float = 0.0
    slowest: float = 0.0

    def add(self, seconds: float, tokens: int) -> None:
        self.replies += 1
        self.tokens += max(1, tokens)
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)

    @property
    def speed(self) -> float:
        """Return tokens per second of the whole server: each reply was one of `limit` at once (Little's law)."""
        return self.limit * self.tokens / max(self.seconds, 1e-9)

    def begin_round(self) -> None:
        self.replies, self.slowest = 0, 0.0
        self.tokens, self.seconds = MEMORY * self.tokens, MEMORY * self.seconds


class Limit:
    """The limit, and what moves it. A number instead of `auto` never moves.

    Each change begins a new `generation`: what was sent before it says nothing about the new limit.
    """

    def __init__(self, concurrency: Literal["auto"] | int, timeout_seconds: float) -> None:
        self.adapts = concurrency == "auto"
        self.generation = 0
        self._timeout_seconds = timeout_seconds
        self._levels = [_Level(FIRST if concurrency == "auto" else concurrency)]
        self._rest = 0
        self._step = FIRST_STEP

    @property
    def now(self) -> int:
        return self._levels[-1].limit

    def replied(self, generation: int, seconds: float, tokens: int) -> None:
        """Count a reply to a request that was one of `now` under way from its beginning to its end."""
        level = self._levels[-1]
        if not self.adapts or generation != self.generation:
            return
        level.add(seconds, tokens)
        if level.replies >= max(ROUND, level.limit):
            self._judge(level)

    def refused(self, generation: int) -> None:
        """Halve the limit, once for all requests that were under way together."""
        if not self.adapts or generation != self.generation:
            return
        half = max(1, self.now // 2)
        self._levels = [level for level in self._levels if level.limit < half]
        self._step = LEAST_STEP
        self._move_to(half)

    def _judge(self, level: _Level) -> None:
        if len(self._levels) > 1 and not _is_faster(level, self._levels[-2]):
            self._levels.pop()
            self._rest, self._step = REST, max(LEAST_STEP, self._step / 2)
            self._levels[-1].begin_round()
            self.generation += 1
            return
        higher = self._higher(level)
        self._rest = max(0, self._rest - 1)
        level.begin_round()
        if not self._rest and higher > level.limit:
            self._move_to(higher)

    def _higher(self, level: _Level) -> int:
        step = max(1, int(self._step * level.limit))
        in_time = DEADLINE_SHARE * self._timeout_seconds / max(level.slowest, 1e-9)
        return min(MOST, level.limit + step, int(level.limit * min(in_time, MOST)))

    def _move_to(self, limit: int) -> None:
        self._levels.append(_Level(limit))
        self.generation += 1


def _is_faster(level: _Level, lower: _Level) -> bool:
    return level.speed >= lower.speed * (1 + GAIN * (level.limit / lower.limit - 1))


@dataclass
class Attempt:
    """A request that is sent. `beside` counts those under way when it was sent, itself included."""

    slots: "Slots"
    generation: int
    beside: int
    began: float

    def replied(self, tokens: int) -> None:
        limit = self.slots.limit
        if min(self.beside, self.slots.under_way) >= limit.now:
            limit.replied(self.generation, time.monotonic() - self.began, tokens)

    def refused(self, pause_seconds: float = 0.0) -> None:
        """Say that the server has too much to do, and sends nothing for a while."""
        self.slots.pause(pause_seconds)
        self.slots.limit.refused(self.generation)


class Slots:
    """Lets as many requests be sent at once as the limit allows, and none during a pause that the server asks for.

    A request that is tried again goes before those that were never sent: it keeps its turn, but not its slot.
    """

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._turns, self._sent = CapacityLimiter(limit.now), CapacityLimiter(limit.now)
        self._paused_until = 0.0
        self.most_under_way = 0

    @property
    def under_way(self) -> int:
        return self._sent.borrowed_tokens

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until a request may be sent, and sent again."""
        return self._turns

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[Attempt]:
        """Wait until a request may be sent, once."""
        async with self._sent:
            self.most_under_way = max(self.most_under_way, self.under_way)
            while (seconds := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(seconds)
            try:
                yield Attempt(self, self.limit.generation, self.under_way, time.monotonic())
            finally:
                self._turns.total_tokens = self._sent.total_tokens = self.limit.now

    def pause(self, seconds: float) -> None:
        """Send nothing for a while."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)
