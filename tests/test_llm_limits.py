"""A server that never ends: each request has a deadline and a size, and the others go on."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from llm_server import completion

from pagetune.errors import UserError
from pagetune.llm.client import Client, RequestFailed
from pagetune.llm.limited_client import MAX_BYTES
from pagetune.llm.schemas import Answered
from pagetune.params import Llm, load_params

PARAMS: Llm = load_params(ROOT / "params.yaml").llm
GOOD = completion('{"answer": "서울", "evidence": "주소는 서울"}').encode()
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TOO_LONG = f"more than {MAX_BYTES // 2**20} MiB"
Send = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))


def good(connection: socket.socket) -> None:
    connection.sendall(JSON + f"Content-Length: {len(GOOD)}\r\n\r\n".encode() + GOOD)


def dripping(head: bytes, drop: bytes) -> Send:
    """Send a head, and then the drop every twentieth of a second."""

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            time.sleep(0.05)
            connection.sendall(drop)

    return send


def endless(head: bytes, flood: bytes) -> Send:
    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(flood)

    return send


def once(answer: bytes) -> Send:
    return lambda connection: connection.sendall(answer)


@contextmanager
def serving(send: Send) -> Iterator[str]:
    """Answer what holds the word good with a completion, anything else through `send`; yield the address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := connection.recv(65536):
                while b"}]" not in request and b"GET" not in request[:3]:
                    request += connection.recv(65536)
                (good if b"good" in request else send)(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def ask(url: str, *words: str, **changes: Any) -> list[Any]:
    fast = {"base_url": url, "model": "m", "timeout_seconds": 0.5, "max_retries": 0, "on_failed_request": "skip"}

    async def run() -> list[Any]:
        client = Client(PARAMS.model_copy(update=fast | changes), "test", "pair")
        asked = [client.ask([{"role": "user", "content": word}], Answered) for word in words]
        try:
            return await asyncio.gather(*asked, return_exceptions=True)
        finally:
            await client.close()

    return asyncio.run(run())


def bomb() -> bytes:
    packed = gzip.compress(bytes(64 * 2**20))
    return JSON + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed


SLOW: dict[str, Send] = {
    "body": dripping(JSON + b"Content-Length: 100000\r\n\r\n", b" "),
    "chunks": dripping(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "headers": dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "silence": lambda connection: time.sleep(30),
}
ENDLESS: dict[str, tuple[Send, str]] = {
    "body": (endless(JSON + b"Content-Length: 99999999999\r\n\r\n", b" " * 65536), TOO_LONG),
    "chunks": (endless(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b" " * 32768 + b"\r\n"), TOO_LONG),
    "headers": (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9999), "Connection error"),
    "packed": (once(bomb()), TOO_LONG),
    "packed otherwise": (once(JSON + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\n "), "encoded as br"),
    "redirects": (
        once(b"HTTP/1.1 307 Again\r\nLocation: /v1/chat/completions\r\nContent-Length: 0\r\n\r\n"),
        "maximum allowed redirects",
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_reply_that_drips_fails_at_its_deadline_and_the_others_go_on(name: str) -> None:
    with serving(SLOW[name]) as url:
        began = time.monotonic()
        failed, *others = ask(url, "bad", "good 1", "good 2", concurrency=2, timeout_seconds=1.0)
    assert time.monotonic() - began < 10
    assert isinstance(failed, RequestFailed)
    assert "no whole reply within 1 s, with 2 requests under way; set llm.concurrency: auto" in str(failed)
    assert all(isinstance(answer, Answered) for answer in others)


@pytest.mark.parametrize("name", ENDLESS)
def test_a_reply_without_an_end_fails_and_says_why(name: str) -> None:
    send, says = ENDLESS[name]
    with serving(send) as url:
        (failed,) = ask(url, "bad", timeout_seconds=20.0)
    assert isinstance(failed, RequestFailed)
    assert says in str(failed)


def test_each_retry_has_its_own_deadline() -> None:
    sent: list[float] = []

    def slow_once(connection: socket.socket) -> None:
        sent.append(time.monotonic())
        (SLOW["body"] if len(sent) == 1 else good)(connection)

    with serving(slow_once) as url:
        (answer,) = ask(url, "bad", max_retries=1)
    assert isinstance(answer, Answered)
    assert sent[1] - sent[0] >= 0.5


def test_a_dripping_server_stops_the_stage_with_one_line() -> None:
    with serving(SLOW["body"]) as url:
        (failed,) = ask(url, "bad", on_failed_request="stop")
    assert isinstance(failed, UserError)
    assert "did not answer a request after 0 retries: no whole reply within 0.5 s" in str(failed)


def test_a_packed_reply_is_read() -> None:
    packed = gzip.compress(GOOD)
    head = JSON + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with serving(once(head + packed)) as url:
        (answer,) = ask(url, "bad", timeout_seconds=20.0)
    assert isinstance(answer, Answered)


def test_a_name_that_takes_too_long_to_look_up_fails_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = socket.getaddrinfo

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(1.5)
        return looked_up(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    (failed,) = ask("http://localhost:9/v1", "bad")
    assert "no whole reply within 0.5 s" in str(failed)
