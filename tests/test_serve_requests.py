"""Which requests `pagetune serve` answers: other sites get nothing, and what is wrong gets a reason in one line."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from test_serve import JSON, LOOPBACK, Slow, answer_to, served

ASK = "/gradio_api/call/ask"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Slow("네", 0)) as found:
        yield found


def test_a_page_of_another_origin_can_neither_ask_nor_read(url: str) -> None:
    port = httpx.URL(url).port
    for origin in (
        "null",
        "http://localhost:3000",
        "http://127.0.0.1:1",
        f"http://localhost:{port}",
        "https://evil.example",
    ):
        for method, path in (("POST", ASK), ("GET", "/config"), ("OPTIONS", ASK), ("GET", "/")):
            headers = JSON | {"Origin": origin, "Access-Control-Request-Method": "POST"}
            sent = httpx.request(
                method, url + path, headers=headers, content='{"data": ["?"]}' if method == "POST" else None
            )
            assert sent.status_code == 403, (origin, method, path)
            assert not [name for name in sent.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_the_browser_calls_foreign_is_refused_but_a_link_to_the_page_opens_it(
    url: str, site: str
) -> None:
    headers = {"Sec-Fetch-Site": site}
    assert httpx.post(url + ASK, headers=headers, json={"data": ["?"]}).status_code == 403
    assert (
        httpx.get(url, headers=headers | {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}).status_code == 403
    )
    framed = headers | {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    assert httpx.get(url, headers=framed).status_code == 403
    assert httpx.get(url, headers=framed | {"Sec-Fetch-Dest": "document"}).status_code == 200


def test_its_own_page_and_a_program_may_ask(url: str) -> None:
    own = JSON | {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    sent = httpx.post(url + ASK, headers=own, content='{"data": ["?"]}')
    assert sent.status_code == 200
    assert not [name for name in sent.headers if name.startswith("access-control-")]
    assert answer_to(url, "있나요?") == "네 있나요?"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x"]
)
def test_a_body_that_a_form_elsewhere_could_send_is_refused(url: str, kind: str) -> None:
    sent = httpx.post(url + ASK, headers={"Content-Type": kind}, content='{"data": ["?"]}')
    assert sent.status_code == 415
    assert sent.text == "serve: the header Content-Type must be application/json\n"


def test_no_header_about_a_proxy_gets_into_the_page(url: str) -> None:
    said = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "host=evil.example;proto=https",
        "X-Gradio-Server": "http://evil.example",
        "X-Original-URL": "/evil",
    }
    for path in ("/", "/config"):
        shown = httpx.get(url + path, headers=said)
        assert shown.status_code == 200
        assert "evil" not in shown.text
        assert "https://127" not in shown.text
        assert "203.0.113.9" not in shown.text


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:80@evil.example", "localhost:80<b>", "localhost, evil.example", ""]
)
def test_a_host_that_is_not_this_one_is_refused(url: str, host: str) -> None:
    assert httpx.get(url, headers={"Host": host}).status_code == 400


def test_every_response_says_what_a_page_may_load_and_that_nobody_may_frame_it(url: str) -> None:
    for path in ("/", "/config", "/gradio_api/upload"):
        headers = httpx.get(url + path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_a_websocket_is_refused(url: str) -> None:
    with socket.create_connection((LOOPBACK, httpx.URL(url).port), timeout=10) as sent:
        asked = [
            "GET /gradio_api/queue/join HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ]
        sent.sendall(("\r\n".join(asked) + "\r\n\r\n").encode())
        assert not sent.recv(1000).startswith(b"HTTP/1.1 101")


DEEP = "[" * 100_000 + "]" * 100_000
WRONG = [
    ('{"data": ["\\ud800"]}', 400),
    ('{"data": ["a\\u0000b"]}', 400),
    ('{"data": [], "\\ud800": 1}', 400),
    ('{"data": [1e999]}', 400),
    ('{"data": [NaN]}', 400),
    ('{"data": [' + "9" * 5000 + "]}", 400),
    (DEEP, 400),
    ('{"data": ' + "[" * 50 + "]" * 50 + "}", 400),
    ("", 400),
    ("{", 400),
    ("\\xff", 400),
    ('{"data": []}', 422),
    ('{"data": null}', 422),
    ('{"data": "?"}', 422),
    ('{"data": {"0": "?"}}', 422),
    ('{"data": [7]}', 422),
    ('{"data": [null]}', 422),
    ('{"data": [["?"]]}', 422),
    ('{"data": ["?", "?", "?"]}', 422),
    ('{"data": ["?"], "session_hash": 7}', 422),
    ('{"data": ["?"], "session_hash": "../x"}', 422),
    ("[]", 422),
    ("null", 422),
    ("{}", 422),
]


@pytest.mark.parametrize(("body", "status"), WRONG, ids=[body[:40] for body, _ in WRONG])
def test_a_body_that_is_no_question_gets_a_reason_in_one_line(url: str, body: str, status: int) -> None:
    sent = httpx.post(url + ASK, headers=JSON, content=body)
    assert sent.status_code == status, sent.text
    assert sent.text.startswith("serve: ")
    assert sent.text.count("\n") == 1


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"fn_index": 10**12, "data": []}, 422),
        ({"fn_index": 999, "data": []}, 404),
        ({"fn_index": -1, "data": []}, 422),
        ({"fn_index": "6", "data": []}, 422),
        ({"fn_index": True, "data": []}, 422),
        ({"fn_index": 6, "data": []}, 422),
        ({"fn_index": 6, "data": [{"a": 1}, None]}, 422),
        ({"fn_index": 3, "data": ["not a conversation"]}, 422),
        ({"fn_index": 3, "data": [[{"role": 1}]]}, 422),
        ({"fn_index": 3, "data": [[]], "session_hash": None}, 422),
        ({"fn_index": 3, "data": [[]], "trigger_id": 2**40}, 422),
    ],
)
def test_a_call_that_the_page_never_makes_gets_a_reason_in_one_line(
    url: str, call: dict[str, object], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in ("queue/join", "run/predict"):
        sent = httpx.post(f"{url}/gradio_api/{path}", json={"session_hash": "s", "trigger_id": None} | call)
        assert sent.status_code == status or (path, call["fn_index"], sent.status_code) == ("run/predict", 6, 404)
        assert sent.text.startswith("serve: ")
        assert sent.text.count("\n") == 1
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "path", ["call/ask/nobody", "queue/data?session_hash=nobody", "queue/data", "queue/data?session_hash="]
)
def test_a_stream_of_a_question_that_nobody_asked_is_not_found(
    url: str, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    sent = httpx.get(f"{url}/gradio_api/{path}")
    assert sent.status_code == 404
    assert sent.text == "serve: no question is under way by that name\n"
    assert "Traceback" not in capfd.readouterr().err


def test_a_model_that_fails_is_reported_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(Slow):
        def stream(self, question: str, base: bool = False):  # type: ignore[no-untyped-def]
            raise RuntimeError("out of\nmemory")

    with served(Broken("", 0)) as url:
        event = httpx.post(url + ASK, json={"data": ["?"]}, timeout=30).json()["event_id"]
        assert "event: error" in httpx.get(f"{url}{ASK}/{event}", timeout=30).text
    assert capfd.readouterr().err == "serve: a question failed: RuntimeError: out of memory\n"


def test_twenty_questions_whose_clients_have_gone_do_not_delay_the_next_one() -> None:
    """Each would take 200 seconds; the one under way stops at its next word, also where the machine is busy."""
    asker = Slow(" ".join(["하나"] * 2000), 0.1)
    with served(asker) as url:
        streams = [open_stream(url, f"질문 {number}") for number in range(20)]
        deadline = time.monotonic() + 20
        while not asker.asked and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        for stream in streams:
            stream.close()
        gone = time.monotonic()
        event = httpx.post(url + ASK, json={"data": ["나도?"]}, timeout=30).json()["event_id"]
        with httpx.stream("GET", f"{url}{ASK}/{event}", timeout=60) as live:
            next(line for line in live.iter_lines() if line.startswith("data: ["))
            waited = time.monotonic() - gone
    assert waited < 60
    assert asker.asked == ["질문 0", "나도?"]


def test_a_question_that_nobody_comes_back_for_is_not_computed() -> None:
    asker = Slow("하나 둘", 0.05)
    with served(asker) as url:
        for number in range(5):
            httpx.post(url + ASK, json={"data": [f"질문 {number}"]}, timeout=30)
        assert answer_to(url, "나도?").endswith("나도?")
    assert asker.asked == ["나도?"]


def open_stream(url: str, question: str) -> socket.socket:
    event = httpx.post(url + ASK, json={"data": [question]}, timeout=30).json()["event_id"]
    stream = socket.create_connection((LOOPBACK, httpx.URL(url).port), timeout=10)
    stream.sendall(f"GET {ASK}/{event} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return stream
