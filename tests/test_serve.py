"""The web page of `python -m pagetune serve`, in a real browser, with a real server on loopback.

PAGETUNE_SCREENSHOT=docs/serve.png pytest -k picture_for takes a picture of it for the README.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import uvicorn
from conftest import ROOT, run
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pagetune.commands import request_filter, serve
from pagetune.commands.adapters import OWN
from pagetune.commands.api.models import Models
from pagetune.commands.api.routes import Api
from pagetune.commands.gate import Gate
from pagetune.commands.line import Line
from pagetune.commands.request_filter import MAX_BODY_BYTES
from pagetune.commands.sources import Sources
from pagetune.commands.suggestions import RECALL, read_suggestions
from pagetune.jsonl import write_records
from pagetune.params import load_params
from pagetune.predict.answers import Answer
from pagetune.records import Page as SourcePage
from pagetune.records import Pair, Turn

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
expect.set_options(timeout=60_000)  # a busy machine analyses Korean for the first time in more than the usual 5 s
QUESTION = "금융보안교육센터의 주소?"
EVIL = "<img src=x onerror='window.evil = 1'><script>window.evil = 1</script> **굵게** $x$"
LOOPBACK = "127.0.0.1"
SUGGESTIONS = ["센터의 주소?", f"요금은? {EVIL}"]


class Slow:
    """An Asker that gives a known answer, one word at a time."""

    def __init__(self, answer: str, seconds: float) -> None:
        self.words, self.seconds, self.asked = answer.split(" "), seconds, list[str]()
        self.busy, self.most_at_once = 0, 0

    class manifest:
        id = "a stand-in"

    params = load_params(ROOT / "params.yaml")
    window = 1000

    def knows_the_documents(self, base: bool) -> bool:
        return not base

    def stream(self, question: str, base: bool = False) -> Iterator[Answer]:
        self.busy += 1
        self.most_at_once = max(self.busy, self.most_at_once)
        if not base:
            self.asked.append(question)
        try:
            for count in range(1, len(self.words) + 1):
                time.sleep(self.seconds)
                yield Answer(" ".join([*self.words[:count], question]), stopped=True)
        finally:
            self.busy -= 1

    def prompt(self, question: str, turns: Sequence[Turn] = ()) -> str:
        return " | ".join([*(f"{turn.role}: {turn.content}" for turn in turns), question])

    def count(self, prompt: str) -> int:
        return len(prompt.split())

    def grow(self, prompt: str, adapter: str | None, max_new_tokens: int) -> Iterator[tuple[Answer, int]]:
        """Yield the words one by one, and at the end the prompt."""
        for count, answer in enumerate(self.stream(prompt, base=adapter is None), 1):
            ends = count == len(self.words)
            yield Answer(answer.text if ends else " ".join(self.words[:count]), ends), count
            if count == max_new_tokens:
                return


def sources() -> Sources:
    pair = Pair.original(
        "1", f"이상한 쪽의 글은? {EVIL}", "글", "user", f"문서{EVIL}", evidence=f"증거 {EVIL}", page_number=1
    )
    page = SourcePage(
        doc_id=pair.doc_id,
        source_sha256="",
        page_number=1,
        text=f"앞 {EVIL}\n증거 {EVIL}\n뒤",
        tables=[],
        quality={},
        status="ok",
        reason=None,
    )
    return Sources([pair], [page])


@contextmanager
def served(
    asker: Any, gate: Gate | None = None, models: Models | None = None, suggestions: Sequence[str] = ()
) -> Iterator[str]:
    gate, models, line = gate or Gate([], "show"), models or Models({"stand-in": OWN, "base": None}), Line()
    api = Api(asker, gate, models, line)
    app = serve.make_app(serve.WebPage(asker, gate, sources(), line, suggestions), api, LOOPBACK)
    with socket.create_server((LOOPBACK, 0)) as listening:
        server = uvicorn.Server(serve.server_config(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Run the command in a process; give its address and its pid."""
    command = [sys.executable, "-m", "pagetune", "serve", "--port", "0", *options]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = next((line for line in process.stdout if "http://" in line), "")
        assert line, "serve ended before it listened"
        try:
            yield line.split()[-1], process.pid
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a page, and check at the end that it contacted no other machine and that nothing failed."""
    opened = browser.new_page(viewport={"width": 1200, "height": 680})
    asked: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    assert [url for url in asked if not url.startswith((f"http://{LOOPBACK}", "data:", "blob:"))] == []
    assert faults == []
    opened.close()


def ask(page: Page, url: str, question: str) -> None:
    if page.url != f"{url}/":
        page.goto(url)
    box = page.locator("textarea:enabled").first
    box.fill(question)
    box.press("Enter")


def answer_to(url: str, question: str) -> str:
    """Ask as a program does, and return the answer."""
    base = f"{url}/gradio_api/call/ask"
    event = httpx.post(base, json={"data": [question]}, timeout=60).json()["event_id"]
    with httpx.stream("GET", f"{base}/{event}", timeout=120) as response:
        lines = list(response.iter_lines())
    end = next(place for place, line in enumerate(lines) if line == "event: complete")
    answer: str = json.loads(lines[end + 1].removeprefix("data: "))[0]
    return answer


def test_a_person_asks_the_address_and_sees_the_answer_stream_in_with_its_source_page(
    page: Page, pipeline: Path, browser: Browser
) -> None:
    expected = run(pipeline, sys.executable, "-m", "pagetune", "ask", QUESTION).stdout.strip()
    assert expected
    with started(pipeline) as (url, process):
        ask(page, url, QUESTION)
        expect(page.locator("#source mark")).to_contain_text("의사당대로 143", timeout=60_000)  # reads the pages first
        expect(page.locator("#source")).to_contain_text("training_notice, page 1")
        expect(page.locator(".bot").last).to_contain_text(expected)
        expect(page.get_by_label("Before tuning")).not_to_be_empty()
        at = {found.laddr.ip for found in psutil.Process(process).net_connections() if found.status == "LISTEN"}
    assert at == {LOOPBACK}


@pytest.mark.skipif(not (ROOT / "models/adapter").exists(), reason="the real model is not here")
def test_the_picture_for_the_readme(browser: Browser) -> None:
    target = os.environ.get("PAGETUNE_SCREENSHOT")
    if target is None:
        pytest.skip("PAGETUNE_SCREENSHOT names no file")
    with started(ROOT) as (url, _):
        opened = browser.new_page(viewport={"width": 1200, "height": 640})
        ask(opened, url, QUESTION)
        expect(opened.locator("#source mark")).to_contain_text("의사당대로 143")
        opened.wait_for_timeout(5000)
        opened.screenshot(path=target)
        opened.close()


def test_the_answer_grows_before_the_eyes_of_who_asked(page: Page) -> None:
    with served(Slow("하나 둘 셋 넷 다섯 여섯", 0.3)) as url:
        ask(page, url, "수는?")
        seen = set()
        while "여섯" not in (text := page.locator(".bot").last.inner_text() if page.locator(".bot").count() else ""):
            seen.add(text)
            page.wait_for_timeout(50)
    grown = [text for text in seen if text.startswith("하나")]
    assert len(grown) >= 3


@pytest.mark.parametrize("width", [1280, 390])
def test_a_question_that_the_page_suggests_is_asked_by_a_click(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    with served(Slow("네", 0), suggestions=SUGGESTIONS) as url:
        for suggestion in SUGGESTIONS:
            page.goto(url)
            page.get_by_role("button", name=suggestion).click()
            expect(page.locator(".bot").last).to_contain_text(f"네 {suggestion}")
            expect(page.locator(".user").last).to_contain_text(suggestion)
            assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("window.evil") is None


def test_the_suggestions_are_short_questions_of_recall_about_several_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_suggestions() == []
    asked = {
        "요금": [("original", "긴 말로 하면 요금은 얼마인가요?"), ("short", "요금?"), ("spoken1", "얼마?")],
        "주소": [("spoken2", "주소는어디?"), ("short", "주소"), ("short", f"{'아주 ' * 30}긴 주소는?")],
        "계약": [("reversed", "계약은?")],
    }
    rows = [
        Pair.original(f"{name}{number}", text, "답", "user", name).model_copy(
            update={"wording": wording, "reverses": "x" if wording == "reversed" else None}
        )
        for name, questions in asked.items()
        for number, (wording, text) in enumerate(questions)
    ]
    write_records(RECALL, rows)
    assert read_suggestions() == ["요금?", "주소는어디?"]


def test_what_a_page_or_a_model_says_is_shown_and_never_run(page: Page) -> None:
    with served(Slow(EVIL, 0)) as url:
        ask(page, url, f"이상한 쪽의 글은? {EVIL}")
        expect(page.locator("#source mark")).to_have_text(f"증거 {EVIL}")
        expect(page.locator("#source pre")).to_contain_text(f"앞 {EVIL}")
        expect(page.locator("#source b")).to_have_text(f"문서{EVIL}, page 1")
        expect(page.locator(".bot").last).to_contain_text(EVIL)
        expect(page.locator(".user").last).to_contain_text(EVIL)
        ask(page, url, "다음 <b>질문</b> &lt;")
        expect(page.locator(".bot").last).to_contain_text("다음 <b>질문</b> &lt;")
        expect(page.locator(".user").first).to_contain_text(EVIL)
        expect(page.locator(".bot").first).to_contain_text(EVIL)
        assert page.evaluate("window.evil") is None
        assert page.locator("#source img, .bot img[src=x], .user img[src=x]").count() == 0


def test_fifty_questions_at_once_are_all_answered_and_who_waits_sees_the_queue(page: Page) -> None:
    asker = Slow("하나 둘", 0.1)
    questions = [f"질문 {number}" for number in range(50)]
    with served(asker) as url:
        page.goto(url)
        with ThreadPoolExecutor(50) as people:
            answers = people.map(lambda question: answer_to(url, question), questions)
            page.wait_for_timeout(1500)
            ask(page, url, "나도?")
            expect(page.get_by_text(re.compile(r"queue: \d+/\d+")).first).to_be_visible(timeout=60_000)
            assert list(answers) == [f"하나 둘 {question}" for question in questions]
        expect(page.locator(".bot").last).to_contain_text("하나 둘 나도?")
    assert sorted(asker.asked) == sorted([*questions, "나도?"])
    assert asker.most_at_once == 1


@pytest.mark.parametrize("over", [MAX_BODY_BYTES + 1, 10 * MAX_BODY_BYTES])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_a_megabyte_is_refused_and_the_next_question_answered(announced: bool, over: int) -> None:
    body = b"x" * over
    with served(Slow("네", 0)) as url:
        for path in ("/gradio_api/call/ask", "/gradio_api/queue/join"):
            content: Any = body if announced else iter([body[:600_000], body[600_000:]])
            assert httpx.post(url + path, content=content, timeout=20).status_code == 413
        assert answer_to(url, "있나요?") == "네 있나요?"


JSON = {"Content-Type": "application/json"}
FILES = [
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    {"path": "params.yaml", "meta": {"_type": "gradio.FileData"}},
    {"path": "http://127.0.0.1:1/", "url": "http://127.0.0.1:1/", "meta": {"_type": "gradio.FileData"}},
]


@pytest.mark.parametrize("locked", [True, False], ids=["by the request filter", "by Gradio behind it"])
@pytest.mark.parametrize("path", ["call/ask", "run/predict", "queue/join"])
def test_no_file_that_a_request_names_is_copied_or_fetched(
    path: str, locked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    if not locked:
        monkeypatch.setattr(request_filter, "why_unfit", lambda body: None)
        monkeypatch.setattr(request_filter, "why_no_call", lambda path, body, functions: None)
    with served(Slow("네", 0)) as url:
        for file in FILES if locked else FILES[:2]:
            for data in ([file], [[{"role": "user", "content": file}], file], [{"deeper": [file]}]):
                asked = {"data": data, "fn_index": 0, "session_hash": "s", "trigger_id": None, "event_data": None}
                body = json.dumps(asked).replace("_type", "\\u005ftype")
                sent = httpx.post(f"{url}/gradio_api/{path}", content=body, headers=JSON, timeout=30)
                assert sent.status_code == 403 or not locked
                if path == "call/ask" and "event_id" in sent.text:
                    httpx.get(f"{url}/gradio_api/call/ask/{sent.json()['event_id']}", timeout=30)
        assert answer_to(url, "있나요?") == "네 있나요?"
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []


def test_nothing_of_gradio_is_open_that_the_page_does_not_use() -> None:
    with served(Slow("네", 0)) as url:
        for path in (
            "file=params.yaml",
            "file=/etc/passwd",
            "upload",
            "upload/",
            "deep_link?session_hash=s",
            "proxy=x",
        ):
            assert httpx.get(f"{url}/gradio_api/{path}").status_code == 403
            assert httpx.post(f"{url}/gradio_api/{path}", json={}).status_code == 403
            assert httpx.post(f"{url}/gradio_api/{path}", content=b"x" * 2_000_000).status_code == 413
        assert httpx.get(f"{url}/openapi.json").status_code == 403


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/call/ask"])
def test_who_is_refused_while_still_sending_hears_why(path: str) -> None:
    with served(Slow("네", 0)) as url, socket.create_connection((LOOPBACK, httpx.URL(url).port), timeout=10) as sent:
        length = 2 * MAX_BODY_BYTES
        sent.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode())
        for _ in range(4):
            time.sleep(0.2)  # refused by now; if the connection were closed, what we send would reset it
            sent.sendall(b"x" * (length // 4))
        told = b"".join(iter(lambda: sent.recv(65536), b""))
    assert told.startswith((b"HTTP/1.1 403", b"HTTP/1.1 413"))
    assert b"serve: " in told


def test_a_question_over_the_limit_is_told_the_limit() -> None:
    with served(Slow("네", 0)) as url:
        assert "2000 is the limit" in answer_to(url, "가" * 2001)
        assert answer_to(url, "  ") == "Write a question."


def test_a_page_elsewhere_cannot_read_along_by_a_name_that_points_here() -> None:
    with served(Slow("네", 0)) as url:
        assert httpx.get(url, headers={"Host": "evil.example"}).status_code == 400
        assert httpx.get(url).status_code == 200


def test_a_port_that_is_taken_is_named_in_one_line(pipeline: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(pipeline, sys.executable, "-m", "pagetune", "serve", "--port", port, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"pagetune: serve: cannot listen on {LOOPBACK}:{port}")
    assert len(done.stderr.strip().splitlines()) == 1
