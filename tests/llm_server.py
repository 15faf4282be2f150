"""A server on loopback that speaks the OpenAI protocol as far as pagetune does, and misbehaves where a test says so.

A test gives it a `reply`, a function that takes the request's body and how often that body came, and returns the text
of the completion or a `Fault`. Run as a program (llm_server.py LOG [lazy]), it answers like a model that reads the
passage, and writes one request a line to LOG, so that a test can count across processes.
"""

import json
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from loopback import running


@dataclass(frozen=True)
class Fault:
    """A response of `status` and `body`, after `hang_seconds`, or half a response and a closed connection (`drop`)."""

    status: int = 200
    body: str = '{"error": {"message": "no"}}'
    headers: dict[str, str] = field(default_factory=dict)
    hang_seconds: float = 0.0
    drop: bool = False
    #: What stands after the status instead of its usual name.
    status_text: str | None = None


Body = dict[str, Any]
Reply = Callable[[Body, int], str | Fault]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, reply: Reply, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.reply = reply
        #: What GET /models lists; nothing where there is none.
        self.models: tuple[str, ...] = ()
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.counts: Counter[str] = Counter()
        self.most_at_once = self._at_once = 0
        self.lock = threading.Lock()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def begin(self, body: Body, headers: dict[str, str]) -> int:
        with self.lock:
            key = json.dumps(body, sort_keys=True)
            self.counts[key] += 1
            self.bodies.append(body)
            self.headers.append(headers)
            self.times.append(time.monotonic())
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            return self.counts[key]

    def end(self) -> None:
        with self.lock:
            self._at_once -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the error: some tests want a client that goes away."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known = self.path == "/v1/models" and self.server.models
        listed = json.dumps({"data": [{"id": name} for name in self.server.models]})
        self._send(200, listed, {}) if known else self._send(404, "{}", {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        times = self.server.begin(body, headers)
        try:
            said = self.server.reply(body, times)
            self._fail(said) if isinstance(said, Fault) else self._send(200, completion(said), {})
        finally:
            self.server.end()

    def _fail(self, fault: Fault) -> None:
        time.sleep(fault.hang_seconds)
        if fault.drop:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b'{"choices": [{"mess')
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._send(fault.status, fault.body, fault.headers, fault.status_text)

    def _send(self, status: int, text: str, headers: dict[str, str], status_text: str | None = None) -> None:
        data = text.encode()
        self.send_response(status, status_text)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Print nothing: the tests read what they need from the server."""


def completion(text: str, finish_reason: str = "stop") -> str:
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "test",
            "choices": [{"index": 0, "finish_reason": finish_reason, "message": message}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        },
        ensure_ascii=False,
    )


def serving(reply: Reply, address: tuple[str, int] = ("127.0.0.1", 0)) -> AbstractContextManager[Server]:
    return running(Server(reply, address))


def passage_of(body: Body) -> str:
    found = re.search(r"<(?:글|text|원문|source|페이지|page)>\n(.*)\n</", body["messages"][1]["content"], re.DOTALL)
    return found[1] if found else ""


def task_of(body: Body) -> str:
    """Tell which of pagetune's prompts the body holds."""
    names = {"questions": "questions", "evidence": "answer", "faithfulness": "judge", "paraphrases": "paraphrase"}
    names |= {"reason": "assess", "answer": "round_trip"}
    system = body["messages"][0]["content"]
    return next(
        (task for word, task in names.items() if f'{{"{word}"' in system or f'"{word}": "…"' in system), "translate"
    )


def reading_model(body: Body, _: int) -> str:
    """Ask about the subjects of the passage's sentences one by one, and answer with the sentence itself."""
    task, passage = task_of(body), passage_of(body)
    sentences = [text.strip() for text in re.split(r"(?<=[.?!])\s|\n", passage) if len(text.strip()) > 5]
    if task == "questions":
        count = int(re.findall(r"(\d+)(?:개까지| questions)", body["messages"][1]["content"])[-1])
        subjects = [re.match(r".+?[은는이가](?=\s)|\S+\s\S+|.+", text) for text in sentences[:count]]
        questions = [f"{found[0]} 무엇인가요?" for found in subjects if found]
        return json.dumps({"questions": questions}, ensure_ascii=False)
    if task in ("answer", "round_trip"):
        asked = re.findall(r"(?:질문|Question): (.*) 무엇인가요\?", body["messages"][1]["content"])[-1]
        answer = next(text for text in sentences if text.startswith(asked))
        return json.dumps({"answer": answer, "evidence": answer}, ensure_ascii=False)
    if task == "judge":
        return '{"faithfulness": 5, "clarity": 5}'
    return "{}"


def lazy_model(body: Body, times: int) -> str:
    """Ask only about the first sentence that is shown, so that the others are shown again."""
    said = reading_model(body, times)
    if task_of(body) != "questions":
        return said
    return json.dumps({"questions": json.loads(said)["questions"][:1]}, ensure_ascii=False)


def main() -> None:
    model = lazy_model if sys.argv[2:] == ["lazy"] else reading_model
    log = Path(sys.argv[1]).open("a", encoding="utf-8")  # noqa: SIM115 - it stays open while the server runs

    def reply(body: Body, times: int) -> str:
        time.sleep(0.05)
        said = model(body, times)
        with server.lock:
            log.write(json.dumps(body, sort_keys=True) + "\n")
            log.flush()
        return said

    server = Server(reply, ("127.0.0.1", 0))
    print(server.base_url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
