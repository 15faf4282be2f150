"""What a run with a language model has done so far, how fast, what it costs, and how long it will take."""

import time
from collections import deque
from contextvars import ContextVar

from pagetune.language import tr
from pagetune.llm.cache import Reply
from pagetune.params import Llm

#: The replies by whose pace the time left is computed: the first ones came while few requests were under way.
_RECENT = 200
#: Whether all replies that a task has seen, or those that began it, came from the cache; None before the first one.
_all_kept: ContextVar[bool | None] = ContextVar("_all_kept", default=None)


class Meter:
    """Counts replies, tokens and what was made of them (`unit`, such as pair), those from the cache included."""

    def __init__(self, params: Llm, unit: str) -> None:
        self._prices = params.price_per_million_input_tokens, params.price_per_million_output_tokens
        self.unit = unit
        self.requests = self.from_cache = self.input_tokens = self.output_tokens = 0
        #: Requests known so far. Those that open a topic lead to others, which are not known before.
        self.known = 0
        self._openings = self._opened = self._followed = 0
        #: How many of those that followed have led on or not, and to how many requests in all.
        self._ended_followers = self._led_on = 0
        #: Tokens and cost of replies that did not come from the cache, and what was made of them.
        self._new_tokens, self._new_cost, self._made = 0, 0.0, 0
        self._began, self._ended = time.monotonic(), 0.0
        self._recent: deque[float] = deque([self._began], maxlen=_RECENT)

    def begin(self) -> None:
        """Start the clock, when the first request is sent."""
        self._began = time.monotonic()
        self._recent = deque([self._began], maxlen=_RECENT)

    def expect(self, requests: int, *, open_others: bool = False) -> None:
        """Say how many requests will come; those that `open_others` are each followed by further ones (`follow`)."""
        self.known += requests
        self._openings += requests if open_others else 0

    def follow(self, requests: int) -> None:
        """Say to how many further requests one that opens others has led."""
        self.known += requests
        self._opened += 1
        self._followed += requests

    def lead_on(self, requests: int) -> None:
        """Say to how many further requests one that followed has led, such as a round trip of an answer; often none."""
        self.known += requests
        self._ended_followers += 1
        self._led_on += requests

    @property
    def expected(self) -> int:
        """Return the requests known, and as many for each that is not open yet as the others have led to.

        Those that follow are expected to lead on as often as the ones so far.
        """
        ahead = (self._openings - self._opened) * self._followed / self._opened if self._opened else 0
        leading = self._led_on / self._ended_followers if self._ended_followers else 0
        led_on = (self._followed - self._ended_followers + ahead) * leading
        return max(self.requests, self.known + round(ahead + led_on))

    def count(self, reply: Reply, was_kept: bool) -> None:
        self.requests += 1
        self.from_cache += was_kept
        self.input_tokens += reply.input_tokens
        self.output_tokens += reply.output_tokens
        if not was_kept:
            self._new_tokens += reply.output_tokens
            self._new_cost += self._price(reply.input_tokens, reply.output_tokens)
            self._recent.append(time.monotonic())

    def saw(self, was_kept: bool) -> None:
        """Say that the task which asked has its reply, and whether that came from the cache."""
        _all_kept.set(was_kept and _all_kept.get() is not False)

    def made(self, count: int = 1) -> None:
        """Count what the task made of its replies, unless all of them came from the cache: that took no time."""
        if not _all_kept.get():
            self._made += count

    def end(self) -> None:
        """Stop the clock."""
        self._ended = self._ended or time.monotonic()

    def _price(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens * self._prices[0] + output_tokens * self._prices[1]) / 1e6

    @property
    def cost(self) -> float:
        """Return the price of all replies, those from the cache included, in the currency of the prices in `llm`."""
        return self._price(self.input_tokens, self.output_tokens)

    @property
    def _seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._began

    def _speeds(self, short: bool = False) -> list[str]:
        """Say how much comes in how much time, what came from the cache left out.

        `short` leaves out the replies where it is known what is made of them.
        """
        seconds, new = self._seconds, self.requests - self.from_cache
        if not new or seconds < 1:
            return []
        made = [tr("{pace:.1f} {unit}s/min", pace=60 * self._made / seconds, unit=tr(self.unit))] if self._made else []
        replies = [] if short and made else [tr("{pace:.1f} replies/min", pace=60 * new / seconds)]
        return [*made, *replies, tr("{pace:.1f} tokens/s", pace=self._new_tokens / seconds)]

    def _time_left(self) -> str:
        left, paces = self.expected - self.requests, len(self._recent) - 1
        if left <= 0 or paces < 1:
            return ""
        # Up to now, and not to the last reply: the longer none comes, the longer it will take.
        seconds = left * (time.monotonic() - self._recent[0]) / paces
        return tr("{duration} left", duration=_duration(seconds))

    def progress(self, note: str) -> str:
        """Return one line for a run that goes on, what matters most first, as a terminal may cut it.

        `note` says what is being done. Replies a minute stand for what is made of them until there is some.
        """
        cached = [tr("{count:,} from the cache", count=self.from_cache)] if self.from_cache else []
        expected_cost = self.cost * self.expected / max(1, self.requests)
        parts = [
            tr("{count:,} of about {expected:,} replies", count=self.requests, expected=self.expected),
            self._time_left(),
            *self._speeds(short=True),
            tr("cost {cost:.2f} of {expected:.2f}", cost=self.cost, expected=expected_cost) if self.cost else "",
            note,
            tr("{read:,} tokens in and {written:,} out", read=self.input_tokens, written=self.output_tokens)
            if self.requests
            else "",
            *cached,
        ]
        return ", ".join(part for part in parts if part)

    def total(self, note: str) -> str:
        """Return one line for a run that has ended; `note` says how it was done."""
        speeds = [*self._speeds(), *([note] if note else [])]
        is_old = self.from_cache and self.cost
        own = tr(", {cost:.2f} of it in this run", cost=self._new_cost) if is_old else ""
        return tr(
            "{replies:,} replies ({cached:,} from the cache), {read:,} tokens in and {written:,} out{speeds}{cost}",
            replies=self.requests,
            cached=self.from_cache,
            read=self.input_tokens,
            written=self.output_tokens,
            speeds=f" ({', '.join(speeds)})" if self._speeds() else "",
            cost=tr(", cost {cost:.2f}", cost=self.cost) + own if self.cost else "",
        )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return tr("{seconds:.0f} s", seconds=seconds)
    if seconds < 5400:
        return tr("{minutes:.0f} min", minutes=seconds / 60)
    return tr("{hours:.1f} h", hours=seconds / 3600)
