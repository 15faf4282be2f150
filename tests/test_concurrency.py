"""How many requests are under way at once: what moves the limit, and what a server sees of it."""

import asyncio
import heapq
import threading
import time
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import ROOT
from llm_server import Body, Fault, Server, serving

from pagetune.llm.client import Client, RequestFailed
from pagetune.llm.concurrency import FIRST, MOST, Limit
from pagetune.llm.schemas import Answered
from pagetune.llm.server import MAX_RETRY_AFTER, retry_after
from pagetune.params import Llm, load_params

PARAMS: Llm = load_params(ROOT / "params.yaml").llm
GOOD = '{"answer": "서울", "evidence": "주소는 서울"}'


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def ask(server: Server, words: list[str], **changes: Any) -> list[Any]:
    own = {"base_url": server.base_url, "model": "test", "timeout_seconds": 5.0, "max_retries": 3}

    async def run() -> list[Any]:
        client = Client(PARAMS.model_copy(update=own | {"concurrency": "auto"} | changes), "test", "pair")
        asked = [client.ask([{"role": "user", "content": word}], Answered) for word in words]
        try:
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            await client.close()

    return asyncio.run(run())


def word_of(body: Body) -> str:
    return str(body["messages"][0]["content"])


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


class SlotServer:
    """A server of `slots` in simulated time: a reply takes `seconds` or so, and what is beyond the slots waits."""

    def __init__(self, slots: int, limit: Limit, seed: int = 0, seconds: float = 1.0, deadline: float = 1000.0) -> None:
        self.limit, self.random, self.seconds, self.deadline = limit, Random(seed), seconds, deadline
        self.free = [0.0] * slots
        self.now, self.late = 0.0, 0
        self.limits: list[int] = []
        self.under_way: list[tuple[float, int, float, int, int, float]] = []

    def serve(self, requests: int) -> list[int]:
        """Return the limit after each reply."""
        for number in range(requests):
            while len(self.under_way) < self.limit.now:
                self._send(number)
            end, _, began, generation, beside, work = heapq.heappop(self.under_way)
            self.now = end
            if end - began > self.deadline:
                self.late += 1
                self.limit.refused(generation)
            elif min(beside, len(self.under_way) + 1) >= self.limit.now:
                self.limit.replied(generation, end - began, round(100 * work))
            self.limits.append(self.limit.now)
        return self.limits

    def _send(self, number: int) -> None:
        work = self.seconds * max(0.1, self.random.gauss(1, 0.3))
        end = max(self.now, heapq.heappop(self.free)) + work
        heapq.heappush(self.free, end)
        place = number * 1000 + len(self.under_way)
        heapq.heappush(self.under_way, (end, place, self.now, self.limit.generation, len(self.under_way) + 1, work))


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 6, 8, 16, 32])
@pytest.mark.parametrize("seed", range(3))
def test_the_limit_becomes_what_the_server_works_at_and_not_much_more(slots: int, seed: int) -> None:
    limits = SlotServer(slots, Limit("auto", 1000.0), seed).serve(60 * max(slots, 8))
    later = limits[len(limits) // 2 :]
    assert min(later) >= min(slots, FIRST)
    assert sum(later) / len(later) <= max(1.5 * slots, 3)


def test_a_server_without_an_end_of_slots_gets_no_more_than_the_most() -> None:
    assert max(SlotServer(1000, Limit("auto", 1000.0)).serve(2000)) == MOST


def test_a_number_stays_as_it_is() -> None:
    limit = Limit(8, 1000.0)
    limit.refused(limit.generation)
    assert set(SlotServer(1, limit).serve(200)) == {8}


@pytest.mark.parametrize("seconds", [10.0, 20.0, 30.0, 40.0, 60.0])
def test_a_slow_server_of_one_slot_is_not_asked_for_what_it_cannot_answer_in_time(seconds: float) -> None:
    server = SlotServer(1, Limit("auto", 120.0), seconds=seconds, deadline=120.0)
    server.serve(300)
    assert server.late <= 6


def test_requests_that_were_under_way_together_halve_the_limit_once() -> None:
    limit = Limit("auto", 1000.0)
    SlotServer(64, limit).serve(500)
    before, generation = limit.now, limit.generation
    for _ in range(before):
        limit.refused(generation)
    assert limit.now == before // 2
    limit.refused(limit.generation)
    assert limit.now == before // 4


def test_after_a_refusal_the_limit_grows_in_small_steps() -> None:
    limit = Limit("auto", 1000.0)
    server = SlotServer(64, limit)
    server.serve(500)
    limit.refused(limit.generation)
    limits = server.serve(1500)[500:]
    steps = [after - before for before, after in pairwise(limits) if after > before]
    assert steps
    assert max(steps) <= MOST // 8


def test_the_limit_never_falls_below_one() -> None:
    limit = Limit("auto", 1000.0)
    for _ in range(5):
        limit.refused(limit.generation)
    assert limit.now == 1


def test_a_stage_begins_with_two_requests_under_way() -> None:
    def slow(body: Body, times: int) -> str:
        time.sleep(0.05)
        return GOOD

    with serving(slow) as server:
        assert all(ask(server, numbers(6)))
        assert server.most_at_once == FIRST


def test_a_server_that_refuses_more_than_one_request_gets_one_at_a_time_and_answers_all() -> None:
    refused: list[str] = []
    busy = threading.Lock()

    def one_slot(body: Body, times: int) -> str | Fault:
        if not busy.acquire(blocking=False):
            refused.append(word_of(body))
            return Fault(429)
        time.sleep(0.02)
        busy.release()
        return GOOD

    with serving(one_slot) as server:
        replies = ask(server, numbers(20))
    assert all(isinstance(reply, Answered) for reply in replies)
    assert len(refused) < 10


def test_nothing_is_sent_while_the_server_asks_for_a_pause() -> None:
    refused: list[float] = []

    def busy_once(body: Body, times: int) -> str | Fault:
        if not refused:
            refused.append(time.monotonic())
            return Fault(429, headers={"Retry-After": "1"})
        return GOOD

    with serving(busy_once) as server:
        replies = ask(server, numbers(5), concurrency=1)
    assert all(isinstance(reply, Answered) for reply in replies)
    assert all(sent - refused[0] >= 0.95 for sent in server.times[1:])


def test_a_pause_of_a_year_is_not_waited_for() -> None:
    with serving(lambda body, times: Fault(429, headers={"Retry-After": "31536000"})) as server:
        (failed,) = ask(server, ["0"], on_failed_request="skip")
        assert isinstance(failed, RequestFailed)
        assert "it asks for a pause of 31,536,000 s" in str(failed)
        assert len(server.bodies) == 1


def test_a_server_that_says_that_sending_again_is_of_no_use_is_believed() -> None:
    with serving(lambda body, times: Fault(429, headers={"x-should-retry": "false"})) as server:
        (failed,) = ask(server, ["0"], on_failed_request="skip")
        assert isinstance(failed, RequestFailed)
        assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "when it suits"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_a_pause_is_read_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_pause_until_a_date_is_read() -> None:
    seconds = retry_after({"retry-after": "Fri, 31 Dec 2100 23:59:59 GMT"})
    assert seconds is not None
    assert seconds > MAX_RETRY_AFTER


def test_after_a_timeout_fewer_are_sent_at_once() -> None:
    under_way, most = 0, 0
    lock = threading.Lock()

    def slow_at_first(body: Body, times: int) -> str | Fault:
        nonlocal under_way, most
        if times == 1 and word_of(body) in "01":
            return Fault(hang_seconds=1.5)
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02)
        with lock:
            under_way -= 1
        return GOOD

    with serving(slow_at_first) as server:
        replies = ask(server, numbers(5), timeout_seconds=0.5)
    assert all(isinstance(reply, Answered) for reply in replies)
    assert most == 1


def test_a_timeout_is_told_once_while_the_request_is_sent_again(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(lambda body, times: Fault(hang_seconds=0.6) if times < 3 else GOOD) as server:
        assert all(ask(server, ["0"], timeout_seconds=0.3))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("test: no whole reply within 0.3 s, with no other request under way")


def test_a_timeout_says_what_to_set() -> None:
    with serving(lambda body, times: Fault(hang_seconds=1.0)) as server:
        changes = {"timeout_seconds": 0.3, "max_retries": 0, "on_failed_request": "skip"}
        (alone,) = ask(server, ["0"], **changes)
        beside = ask(server, numbers(2), concurrency=2, **changes)
    assert str(alone).startswith("no whole reply within 0.3 s, with no other request under way; raise llm.timeout_seco")
    assert str(alone).endswith("or lower llm.max_tokens")
    assert "with 2 requests under way; set llm.concurrency: auto or a lower number" in str(beside[1])


def test_a_request_that_is_sent_again_goes_before_those_that_never_were() -> None:
    def fail_once(body: Body, times: int) -> str | Fault:
        return Fault(500) if times == 1 and word_of(body) == "0" else GOOD

    with serving(fail_once) as server:
        ask(server, numbers(4), concurrency=1)
        assert [word_of(body) for body in server.bodies] == ["0", "0", "1", "2", "3"]


def test_no_reply_depends_on_how_many_are_under_way(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(0)

    def echo(body: Body, times: int) -> str | Fault:
        time.sleep(random.random() / 100)
        if times == 1 and word_of(body) in ("7", "31"):
            return Fault(503)
        return f'{{"answer": "{word_of(body)}", "evidence": ""}}'

    seen = []
    for concurrency in (1, 7, "auto"):
        folder = own_cache / str(concurrency)
        monkeypatch.setenv("PAGETUNE_CACHE", str(folder))
        with serving(echo) as server:
            replies = ask(server, numbers(60), concurrency=concurrency)
        seen.append([reply.answer for reply in replies])
    assert seen == [numbers(60)] * 3
