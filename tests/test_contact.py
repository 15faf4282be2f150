"""The first look at the server: what is absent, elsewhere or refused is said in one line, before a request is sent."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from loopback import running

from pagetune import masking
from pagetune.errors import UserError
from pagetune.llm import contact
from pagetune.llm.contact import Contact, find_server
from pagetune.llm.limited_client import LimitedClient

MODELS = json.dumps({"object": "list", "data": [{"id": "qwen3:8b"}, {"id": "gemma3:4b"}]})
NOT_FOUND = (404, "404 page not found")


class Places(ThreadingHTTPServer):
    """Answers each path with the statuses and bodies in turn, the last one again and again, and others with `other`."""

    daemon_threads = True

    def __init__(self, places: dict[str, list[tuple[int, str]]], other: tuple[int, str] = NOT_FOUND) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.places, self.other = places, other
        self.keys: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Places

    def do_GET(self) -> None:
        self.server.keys.append(self.headers.get("Authorization"))
        answers = self.server.places.get(self.path, [self.server.other])
        status, text = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact, "USUAL_PORTS", {"vLLM": 8000})
    monkeypatch.setattr(contact, "LOADING_SECONDS", 0.01)


def find(base_url: str, key: str = "none", patience: float = 5.0, said: list[str] | None = None) -> Contact:
    async def run() -> Contact:
        async with LimitedClient(30.0) as client:
            return await find_server(client, base_url, key, patience, ([] if said is None else said).append)

    return asyncio.run(run())


def problem(base_url: str, key: str = "none") -> str:
    with pytest.raises(UserError) as raised:
        find(base_url, key)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@contextmanager
def listening(answer: bytes = b"") -> Iterator[int]:
    """Accept connections, send this at most, and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                kept.append(connection)
                if answer:
                    connection.sendall(answer)
                    connection.close()

        kept: list[socket.socket] = []
        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def test_the_models_of_a_server_are_known() -> None:
    with running(Places({"/v1/models": [(200, MODELS)]})) as server:
        assert find(f"{server.address}/v1").models == ("qwen3:8b", "gemma3:4b")
        assert find(f"{server.address}/v1/").models == ("qwen3:8b", "gemma3:4b")


def test_nothing_that_listens_is_said_at_once() -> None:
    said = problem("http://127.0.0.1:9/v1")
    assert said.startswith(
        "llm.base_url: no connection to http://127.0.0.1:9/v1: nothing listens there. Start the server"
    )


def test_a_host_that_does_not_exist_is_said() -> None:
    assert "no connection to http://a..b/v1: there is no host of that name" in problem("http://a..b/v1")


def test_a_proxy_that_stands_between_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert "through the proxy http://127.0.0.1:9; add 10.1.2.3 to NO_PROXY" in problem("http://10.1.2.3:8000/v1")


@pytest.mark.parametrize("path", ["", "/", "/v1/chat/completions", "/v1/models", "/api", "/api/v0", "/v2"])
@pytest.mark.parametrize("other", [NOT_FOUND, (200, '{"error": "Unexpected endpoint or method."}')])
def test_a_wrong_path_is_named_with_the_right_one(path: str, other: tuple[int, str]) -> None:
    with running(Places({"/v1/models": [(200, MODELS)]}, other)) as server:
        said = problem(server.address + path)
        assert f"one does at {server.address}/v1 (qwen3:8b, gemma3:4b). Set llm.base_url" in said


def test_a_path_of_a_proxy_stays_in_front() -> None:
    with running(Places({"/team/llm/v1/models": [(200, MODELS)]})) as server:
        assert f"{server.address}/team/llm/v1 (" in problem(f"{server.address}/team/llm/v1/chat/completions")
        assert f"{server.address}/team/llm/v1 (" in problem(f"{server.address}/team/llm")


def test_a_server_at_another_usual_port_is_named_and_does_not_get_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Places({"/v1/models": [(200, MODELS)]})) as server:
        monkeypatch.setattr(contact, "USUAL_PORTS", {"Ollama": server.server_address[1]})
        assert f"one does at {server.address}/v1" in problem("http://127.0.0.1:9/v1", "sk-secret-of-another")
        assert server.keys == ["Bearer none"]


def test_https_of_a_server_without_it_is_said() -> None:
    with running(Places({"/v1/models": [(200, MODELS)]})) as server:
        address = server.address.replace("http:", "https:")
        assert f"one does at {server.address}/v1" in problem(f"{address}/v1")


def test_no_password_is_sent_in_clear_text_to_find_a_server() -> None:
    with running(Places({"/v1/models": [(200, MODELS)]})) as server:
        address = server.address.replace("http://", "https://someone:a-pass-word-1@")
        said = problem(f"{address}/v1")
        assert f"one does at {server.address}/v1" in said
        assert "a-pass-word-1" not in said
        assert server.keys == ["Bearer none"]


@pytest.mark.parametrize("key", ["sk-proj-4f9aX2kLm7Qw", "x" * 70 + "sk-proj-4f9aX2kLm7Qw"])
def test_names_of_models_are_masked_cut_and_few(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_remembered", {"sk-proj-4f9aX2kLm7Qw"})
    names = [key, "line\nbreak", "m" * 9000, "a", "b", "c", "d"]
    with running(Places({"/v1/models": [(200, json.dumps({"data": [{"id": name} for name in names]}))]})) as server:
        said = problem(server.address)
    assert "sk-proj" not in said
    assert f"line break, {'m' * 80}, a, b and 2 more). Set" in said


def test_a_key_that_is_refused_or_missing_is_said() -> None:
    with running(Places({"/v1/models": [(401, '{"error":"Unauthorized"}')]})) as server:
        assert "refuses requests without a key (401" in problem(f"{server.address}/v1")
        assert "refuses the key (401" in problem(f"{server.address}/v1", "sk-wrong-key")


@pytest.mark.parametrize("answer", [NOT_FOUND, (403, "no"), (500, "?"), (200, "<html>"), (200, "[" * 9999), (200, "1")])
def test_a_server_that_lists_no_models_is_not_judged(answer: tuple[int, str]) -> None:
    with running(Places({}, answer)) as server:
        assert find(f"{server.address}/v1").models == ()


def test_a_server_that_loads_its_model_is_waited_for() -> None:
    said: list[str] = []
    loading = (503, '{"error": {"message": "Loading model"}}')
    with running(Places({"/v1/models": [loading, loading, (200, MODELS)]})) as server:
        assert find(f"{server.address}/v1", said=said).models
    (line,) = said
    assert "is not ready yet (503" in line
    assert "Loading model" in line


def test_a_server_that_stays_silent_is_only_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact, "SECONDS", 0.3)
    with listening() as port:
        assert find(f"http://127.0.0.1:{port}/v1") == Contact()


def test_what_is_no_http_is_left_to_the_requests() -> None:
    with listening(b"SSH-2.0-OpenSSH_9.6\r\n") as port:
        assert find(f"http://127.0.0.1:{port}/v1").models == ()


def test_a_name_that_takes_too_long_to_look_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = socket.getaddrinfo

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.6)
        return looked_up(*arguments, **options)

    monkeypatch.setattr(contact, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    assert "no connection to http://localhost:9/v1 within 0.2 s" in problem("http://localhost:9/v1")
