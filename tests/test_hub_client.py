"""A download that has all but stopped ends with an error; one that is merely slow goes on."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
from huggingface_hub import close_session, get_session, set_client_factory

from pagetune.model import hub_client
from pagetune.model.hub_client import HubClient, give_up_on_stalls

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def dripping(drop: bytes) -> Iterator[str]:
    """Answer with a thousand bytes, a drop every hundredth of a second; yield the address."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            connection = listening.accept()[0]
            connection.recv(65536)
            connection.sendall(HEAD)
            for _ in range(1000 // len(drop)):
                time.sleep(0.01)
                connection.sendall(drop)

    threading.Thread(target=answer, daemon=True).start()
    with listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_client, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(hub_client, "LEAST_BYTES", 100)


def test_a_download_that_drips_has_stalled() -> None:
    with dripping(b"x") as url, HubClient() as client, pytest.raises(httpx.ReadTimeout, match=r"stalled: \d+ bytes in"):
        client.get(url)


def test_a_slow_download_goes_on_and_a_slow_receiver_is_not_the_servers_fault() -> None:
    with dripping(b"x" * 100) as url, HubClient() as client, client.stream("GET", url) as response:
        received = b""
        for part in response.iter_raw():
            received += part
            time.sleep(0.05)
    assert received == b"x" * 1000


def test_the_hub_uses_it_with_its_own_hooks() -> None:
    hooks, timeout = get_session().event_hooks, get_session().timeout
    try:
        give_up_on_stalls()
        session = get_session()
        assert isinstance(session, HubClient)
        assert session.event_hooks == hooks
        assert hooks["request"]
        give_up_on_stalls()
        assert get_session() is session
    finally:
        set_client_factory(lambda: httpx.Client(event_hooks=hooks, follow_redirects=True, timeout=timeout))
        close_session()
