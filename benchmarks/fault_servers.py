"""A server of the OpenAI protocol that misbehaves in every way of WAYS, and what build_qa makes of it.

It held if the stage ends in time, in one line or with its pairs, if in = out + rejected, and if the key is nowhere.
"""

import gzip
import json
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # tests import each other by their bare names

from benchmarks.fault_project import Project
from tests.conftest import edit_params
from tests.llm_server import completion, reading_model

CONCURRENCY, TIMEOUT_SECONDS, RETRIES = 4, 3, 1
#: With three formats, two tries each and a dozen passages, four at a time, an honest client ends well before.
LIMIT_SECONDS = 150.0
SETTINGS = {
    "qa.generator": "rules+llm",
    "qa.passage_characters": 3000,
    "qa.max_questions_per_passage": 1,
    "llm.model": "reader",
    "llm.concurrency": CONCURRENCY,
    "llm.timeout_seconds": TIMEOUT_SECONDS,
    "llm.max_retries": RETRIES,
}


@dataclass(frozen=True)
class Request:
    key: str
    body: dict  # type: ignore[type-arg]

    @property
    def honest(self) -> str:
        return completion(reading_model(self.body, 1))


class Server(socketserver.ThreadingTCPServer):
    """Answers each request by `misbehave` where `is_bad` says so, else honestly, `seconds` after it came."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(
        self, misbehave: "Callable[[socket.socket, Request], None] | None", every: int, seconds: float
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.misbehave, self.every, self.seconds = misbehave, every, seconds
        self.bodies: list[str] = []
        self.answered = 0
        self.lock, self.stopped = threading.Lock(), threading.Event()

    def handle_error(self, *_: object) -> None:
        """Ignore the error: clients are killed, and go away."""


class _Handler(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        request = _read(self.request)
        if request is None:
            return
        if not request.body:  # the look at /models before the first request
            send(self.request, "", "404 Not Found")
            return
        with self.server.lock:
            self.server.bodies.append(json.dumps(request.body, sort_keys=True))
            number = len(self.server.bodies)
        time.sleep(self.server.seconds)
        if self.server.misbehave and number % self.server.every == 0:
            self.server.misbehave(self.request, request)
        else:
            send(self.request, request.honest)
        with self.server.lock:
            self.server.answered += 1


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (h.partition(":") for h in head.decode().split("\r\n"))
    }
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Request(headers.get("authorization", "").removeprefix("Bearer "), json.loads(body or b"{}"))


def send(
    connection: socket.socket, body: str | bytes, status: str = "200 OK", kind: str = "application/json", **more: str
) -> None:
    data = body.encode() if isinstance(body, str) else body
    headers = {"Content-Type": kind, "Content-Length": str(len(data)), "Connection": "close"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    head = "\r\n".join([f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())])
    connection.sendall(head.encode() + b"\r\n\r\n" + data)


def _error(status: str, **headers: str) -> Callable[[socket.socket, Request], None]:
    """Refuse with a message that repeats the key, as careless proxies do."""

    def refuse(connection: socket.socket, request: Request) -> None:
        send(connection, json.dumps({"error": {"message": f"refused {request.key}"}}), status, **headers)

    return refuse


def _changed(change: Callable[[dict, Request], object]) -> Callable[[socket.socket, Request], None]:  # type: ignore[type-arg]
    """Send a completion that `change` has spoilt, or what it returns instead."""

    def reply(connection: socket.socket, request: Request) -> None:
        body = json.loads(request.honest)
        other = change(body, request)
        send(connection, json.dumps(body if other is None else other))

    return reply


def _content(text: Callable[[Request], object]) -> Callable[[socket.socket, Request], None]:
    return _changed(lambda body, request: body["choices"][0]["message"].update(content=text(request)))


def _repeats_key(request: Request) -> str:
    """Put the key into every text of an honest answer."""
    said = json.loads(reading_model(request.body, 1))
    spoilt = {
        name: [f"{text} {request.key}" for text in v] if isinstance(v, list) else f"{v} {request.key}"
        for name, v in said.items()
    }
    return json.dumps(spoilt, ensure_ascii=False)


def _drip(connection: socket.socket, request: Request) -> None:
    """Send a byte a second, so that no single wait is long."""
    data = request.honest.encode()
    connection.sendall(
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    )
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(1)


def _endless_chunks(connection: socket.socket, _: Request) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1\r\n \r\n")
        time.sleep(0.2)


def _endless_headers(connection: socket.socket, _: Request) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.sendall(b"X-More: %d\r\n" % number)
        time.sleep(0.2)


def _hang(connection: socket.socket, _: Request) -> None:
    time.sleep(60)


def _close(connection: socket.socket, _: Request) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def _half(connection: socket.socket, request: Request) -> None:
    data = request.honest.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    connection.sendall(head.encode() + data[: len(data) // 2])
    connection.shutdown(socket.SHUT_RDWR)


def _huge(connection: socket.socket, _: Request) -> None:
    body = json.loads(completion("x"))
    body["choices"][0]["message"]["content"] = "가" * (16 * 2**20)
    send(connection, json.dumps(body, ensure_ascii=False))


def _elsewhere(connection: socket.socket, request: Request) -> None:
    port = connection.getsockname()[1]
    send(
        connection,
        "",
        "307 Temporary Redirect",
        Location=f"http://127.0.0.1:{port}/v1/chat/completions?k={request.key}",
    )


def _tls(connection: socket.socket, _: Request) -> None:
    connection.sendall(bytes.fromhex("160303007a0200007603035fd1") + bytes(range(256)))


def _invalid_utf8(connection: socket.socket, request: Request) -> None:
    send(connection, request.honest.encode().replace(b'"content": "', b'"content": "\xff\xfe\xc0'))


WAYS: dict[str, Callable[[socket.socket, Request], None]] = {
    "400 that repeats the key": _error("400 Bad Request"),
    "401 that repeats the key": _error("401 Unauthorized"),
    "403 that repeats the key": _error("403 Forbidden"),
    "404 that repeats the key": _error("404 Not Found"),
    "418 that repeats the key": _error("418 I'm a teapot"),
    "500 that repeats the key": _error("500 Internal Server Error"),
    "503 with Retry-After: -5": _error("503 Service Unavailable", Retry_After="-5"),
    "429 with Retry-After of a year": _error("429 Too Many Requests", Retry_After="31536000"),
    "429 with a Retry-After of text": _error("429 Too Many Requests", Retry_After="when it suits"),
    "a status that does not exist": _error("799 Whatever"),
    "an HTML page": lambda c, r: send(c, f"<html><body>{r.key}</body></html>", kind="text/html"),
    "a wrong content type": lambda c, r: send(c, r.honest, kind="image/png"),
    "JSON cut off": lambda c, r: send(c, r.honest[: len(r.honest) // 2]),
    "an answer that is not the schema": _content(lambda r: json.dumps({"answer": {"answer": [r.key]}, "questions": 7})),
    "an answer that holds the key": _content(_repeats_key),
    "empty choices": _changed(lambda body, r: body.update(choices=[])),
    "null content": _content(lambda r: None),
    "content that is a number": _content(lambda r: 7),
    "tool calls instead of content": _changed(
        lambda body, r: body["choices"][0]["message"].update(
            content=None, tool_calls=[{"id": "1", "type": "function", "function": {"name": r.key, "arguments": "{"}}]
        )
    ),
    "another model's name": _changed(lambda body, r: body.update(model=f"other {r.key}")),
    "the same choice many times": _changed(lambda body, r: body.update(choices=body["choices"] * 50)),
    "negative and textual usage": _changed(
        lambda body, r: body.update(usage={"prompt_tokens": -9, "completion_tokens": "x"})
    ),
    "a list instead of an object": _changed(lambda body, r: [1, 2, r.key]),
    "deeply nested JSON": lambda c, r: send(c, "[" * 200_000),
    "invalid UTF-8": _invalid_utf8,
    "gzip that is none": lambda c, r: send(c, r.honest, Content_Encoding="gzip"),
    "gzip cut off": lambda c, r: send(c, gzip.compress(r.honest.encode())[:-20], Content_Encoding="gzip"),
    "a huge answer": _huge,
    "a redirect to itself with the key": _elsewhere,
    "a byte a second": _drip,
    "chunks without end": _endless_chunks,
    "headers without end": _endless_headers,
    "no answer": _hang,
    "a closed connection": _close,
    "half an answer": _half,
    "TLS garbage": _tls,
}


@contextmanager
def answering(
    misbehave: Callable[[socket.socket, Request], None] | None = None, every: int = 1, seconds: float = 0.0
) -> Iterator[Server]:
    server = Server(misbehave, every, seconds)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def use_server(project: Project, server: Server, **more: object) -> None:
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    edit_params(project.folder, SETTINGS | {"llm.base_url": address} | more)


def misbehave(project: Project, random: Random, number: int) -> str:
    """Run build_qa with a server that misbehaves always or every second time."""
    name = list(WAYS)[number % len(WAYS)]
    every, on_failure = random.choice((1, 2)), random.choice(("stop", "skip"))
    before = project.half_written("build_qa")
    with answering(WAYS[name], every) as server:
        use_server(project, server, **{"llm.on_failed_request": on_failure})
        done = project.stage("build_qa", seconds=LIMIT_SECONDS)
    if done.code and not done.in_one_line("build_qa"):
        project.problem(f"not in one line with code 1, but {done.code}: {done.last_line}")
    if done.code and project.half_written("build_qa") != before:
        project.problem(f"it failed and changed {project.half_written('build_qa')}")
    return f"{name}, {'always' if every == 1 else 'every second time'}, on_failed_request: {on_failure}"
