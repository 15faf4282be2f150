"""The page of `pagetune review`, in a real browser, driven by keyboard, with a real server on loopback."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import uvicorn
from conftest import ROOT
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from review_inputs import EVIL, decision, pages, pairs, project, rows

from pagetune.commands.review.desk import Desk
from pagetune.commands.review.outcomes import Outcomes
from pagetune.commands.review.server import make_app, review
from pagetune.commands.review.words import words
from pagetune.curate.decisions import REVIEW, read_decisions, write_decisions
from pagetune.curate.review import apply_decisions
from pagetune.errors import UserError
from pagetune.records import Pair

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
expect.set_options(timeout=60_000)  # a busy machine analyses Korean for the first time in more than the usual 5 s
LOOPBACK = "127.0.0.1"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PAIRS = pairs()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project(tmp_path))
    return tmp_path


@contextmanager
def served(made: list[Pair] | None = None) -> Iterator[str]:
    app = make_app(Desk(made or PAIRS, pages(), Outcomes.read(), "김검수"), LOOPBACK)
    with socket.create_server((LOOPBACK, 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)


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
    opened = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
    asked: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    assert [url for url in asked if not url.startswith((f"http://{LOOPBACK}", "data:"))] == []
    assert faults == []
    opened.close()


def shows(page: Page, question: str) -> None:
    expect(page.locator("#pair .question")).to_have_text(question)


def decided() -> dict[str, str]:
    """Return the decisions on the disk by question."""
    return {one.question: one.decision for one in read_decisions()}


# By keyboard.


def test_an_expert_keeps_edits_and_rejects_without_a_mouse_and_curate_does_as_told(page: Page) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        expect(page.locator("#source mark")).to_have_text(PAIRS[0].evidence or "")
        page.keyboard.press("k")
        shows(page, PAIRS[1].instruction)
        page.keyboard.press("r")
        shows(page, PAIRS[2].instruction)
        page.keyboard.press("e")
        page.keyboard.press("Control+A")
        page.keyboard.type("13명입니다.")
        page.keyboard.press("Control+Enter")
        shows(page, PAIRS[3].instruction)
        page.keyboard.press("R")
        page.keyboard.type("krej 모호함")
        page.keyboard.press("Enter")
        shows(page, PAIRS[4].instruction)
        expect(page.locator("#done")).to_have_text("4 of 24 decided")
        expect(page.locator("#counts")).to_have_text("kept 1 · edited 1 · rejected 2")
    choices = ("keep", "reject", "edit", "reject")
    assert decided() == {pair.instruction: choice for pair, choice in zip(PAIRS, choices, strict=False)}
    assert {row.get("reason") for row in rows(REVIEW)} == {None, "krej 모호함"}
    applied = {pair.pair_id: pair.output for pair in apply_decisions(PAIRS, read_decisions(), pages()).pairs}
    assert applied[PAIRS[2].pair_id] == "13명입니다."
    assert applied.keys().isdisjoint({PAIRS[1].pair_id, PAIRS[3].pair_id})


def test_an_edit_that_the_page_does_not_prove_is_refused_with_the_reason_until_it_is_proved(page: Page) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        page.keyboard.press("e")
        answer = page.get_by_label("Answer")
        answer.fill("휴식 시간은 12분입니다.")
        answer.press("Control+Enter")
        expect(page.get_by_role("alert")).to_contain_text("The page does not say “12분”")
        answer.fill("15개입니다.")
        answer.press("Control+Enter")
        expect(page.get_by_role("alert")).to_contain_text("The evidence does not say “15개”, but the page does")
        assert decided() == {}
        page.get_by_label("Evidence").fill("수영장 보관함은 15통입니다.")
        answer.press("Control+Enter")
        expect(page.get_by_role("alert")).to_contain_text("The page does not have this evidence.")
        select(page, "수영장 보관함은 15개입니다.")
        page.get_by_role("button", name="Use what is selected on the page").click()
        expect(page.get_by_label("Evidence")).to_have_value("수영장 보관함은 15개입니다.")
        answer.press("Control+Enter")
        shows(page, PAIRS[1].instruction)
        page.keyboard.press("ArrowUp")
        shows(page, PAIRS[0].instruction)
        expect(page.locator("#source mark")).to_have_text("수영장 보관함은 15개입니다.")
        expect(page.locator("#pair del").first).to_contain_text(f"Before: {PAIRS[0].output}")
    assert decided() == {PAIRS[0].instruction: "edit"}


def select(page: Page, text: str) -> None:
    """Select a text on the page, as a mouse does."""
    page.evaluate(
        """wanted => {
            const walker = document.createTreeWalker(document.getElementById("source"), NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const at = walker.currentNode.data.indexOf(wanted);
                const node = walker.currentNode;
                if (at >= 0) getSelection().setBaseAndExtent(node, at, node, at + wanted.length);
            }
        }""",
        text,
    )
    page.wait_for_timeout(50)  # the browser tells of a selection a moment later


def test_undo_takes_back_and_shows_the_pair_again(page: Page) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        page.keyboard.press("r")
        shows(page, PAIRS[1].instruction)
        page.keyboard.press("u")
        shows(page, PAIRS[0].instruction)
        expect(page.locator("#pair .state")).to_have_text("undecided")
        page.keyboard.press("u")
        expect(page.locator("#said")).to_have_text("There is nothing to undo.")
    assert decided() == {}


def test_keys_are_letters_while_one_types_and_escape_ends_typing(page: Page) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        page.keyboard.press("/")
        page.keyboard.type("kreu 보관함")
        expect(page.locator("#shown")).to_have_text("No pair matches the filters.")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Clear").click()
        shows(page, PAIRS[0].instruction)
        page.keyboard.press("e")
        page.keyboard.type("kkrr")
        page.keyboard.press("Escape")
        expect(page.locator("#editor")).to_have_count(0)
        expect(page.locator("#pair")).to_contain_text(PAIRS[0].output)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("Next undecided")
        page.keyboard.press("k")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert decided() == {}
        page.keyboard.press("k")
        shows(page, PAIRS[1].instruction)
    assert decided() == {PAIRS[0].instruction: "keep"}


def test_a_key_is_the_same_key_while_hangul_is_typed(page: Page) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        event = {"key": "ㅏ", "code": "KeyK", "bubbles": True}
        page.locator("#list").dispatch_event("keydown", event)
        shows(page, PAIRS[1].instruction)
    assert decided() == {PAIRS[0].instruction: "keep"}


def test_filters_narrow_the_list_and_a_decision_does_not_move_it(page: Page) -> None:
    write_decisions([decision(PAIRS[0], "keep"), decision(PAIRS[1], "reject")])
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[2].instruction)
        page.get_by_label("Decision").select_option("undecided")
        expect(page.locator("#shown")).to_have_text("22 pairs")
        page.get_by_label("Document").select_option("도서관")
        expect(page.locator("#shown")).to_have_text("6 pairs")
        expect(page.locator(".group")).to_have_text(["도서관"])
        page.locator("#list").focus()
        shows(page, PAIRS[6].instruction)
        page.keyboard.press("k")
        shows(page, PAIRS[7].instruction)
        expect(page.locator("#shown")).to_have_text("6 pairs")
        expect(page.locator(".row").first).to_contain_text("kept")
        page.get_by_label("Kind").select_option("table")
        shows(page, PAIRS[11].instruction)
        expect(page.locator("tr.marked td")).to_have_count(3)
        expect(page.locator("td.marked")).to_have_text(PAIRS[11].output)


def test_reviewers_who_disagree_are_shown_both_decisions_and_stale_ones_are_listed(page: Page) -> None:
    gone = decision(PAIRS[9].model_copy(update={"pair_id": "0", "instruction": f"옛 질문 {EVIL}"}), "keep")
    write_decisions([decision(PAIRS[3], "keep", "김"), decision(PAIRS[3], "reject", "이", reason="중복"), gone])
    with served() as url:
        page.goto(url)
        page.get_by_label("Decision").select_option("conflict")
        shows(page, PAIRS[3].instruction)
        expect(page.locator("#pair")).to_contain_text("kept by 김")
        expect(page.locator("#pair")).to_contain_text("rejected by 이: 중복")
        page.locator("#list").focus()
        page.keyboard.press("r")
        expect(page.locator("#counts")).to_have_text("rejected 1")
        page.get_by_role("button", name="1 stale decisions").click()
        expect(page.get_by_role("dialog")).to_contain_text(f"옛 질문 {EVIL}")
        page.get_by_role("button", name="Remove them").click()
        expect(page.locator("#stale")).to_be_hidden()
    assert [(one.reviewer, one.decision) for one in read_decisions()] == [("김검수", "reject")]


def test_what_a_document_says_is_shown_and_never_run(page: Page) -> None:
    evil = [
        pair.model_copy(update={"instruction": f"{pair.instruction} {EVIL}", "doc_id": pair.doc_id}) for pair in PAIRS
    ]
    with served(evil) as url:
        page.goto(url)
        shows(page, evil[0].instruction)
        expect(page.locator("#source .text").first).to_contain_text(EVIL)
        expect(page.locator("#source mark")).to_have_text(PAIRS[0].evidence or "")
        expect(page.locator(".row").first).to_contain_text(EVIL)
        assert page.evaluate("window.evil") is None
        assert page.locator("img").count() == 0


def test_twenty_thousand_pairs_open_at_once_and_the_last_is_a_scroll_away(page: Page) -> None:
    many = [
        PAIRS[number % 24].model_copy(update={"pair_id": f"{number:012x}", "doc_id": f"문서 {number // 100}"})
        for number in range(20_000)
    ]
    with served(many) as url:
        sizes: list[int] = []
        page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
        page.goto(url)
        shows(page, many[0].instruction)
        expect(page.locator("#shown")).to_have_text("20000 pairs")
        assert page.locator(".row").count() < 40
        page.locator("#list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
        expect(page.locator(".row").last).to_have_attribute("aria-posinset", "20000")
        expect(page.locator(".row").last).to_contain_text(many[-1].instruction)
        page.locator(".row").last.click()
        shows(page, many[-1].instruction)
        page.keyboard.press("k")
        expect(page.locator("#said")).to_contain_text("last pair")
        assert max(sizes) < 300_000


@pytest.mark.parametrize("language", ["C.UTF-8", "ko_KR.UTF-8"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_a_pair_is_read_and_decided_by_thumb(
    page: Page, language: str, scheme: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme=scheme)
    t = words()
    with served() as url:
        page.goto(url)
        expect(page.locator("#pair")).to_be_hidden()
        page.locator(".row").nth(1).click()
        shows(page, PAIRS[1].instruction)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.screenshot(path=tmp_path / "phone.png")
        page.get_by_role("button", name=t["do_keep"], exact=True).click()
        shows(page, PAIRS[2].instruction)
        page.get_by_role("button", name=t["back"], exact=True).click()
        expect(page.locator(".row").nth(1)).to_contain_text(t["keep"])
    assert decided() == {PAIRS[1].instruction: "keep"}


def test_every_field_and_button_has_a_name_and_the_focus_is_visible(page: Page) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        page.keyboard.press("e")
        for control in page.locator("button, input, select, textarea").all():
            named = control.evaluate("e => (e.labels?.[0] ?? e).textContent.trim()")
            assert named, control.evaluate("e => e.outerHTML")
        page.get_by_label("Answer").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_file_that_breaks_meanwhile_is_named_and_not_overwritten(page: Page) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        REVIEW.write_text("<<<<<<< HEAD\n", encoding="utf-8")
        page.keyboard.press("k")
        expect(page.locator("#said")).to_contain_text("data/review.jsonl:1 is a mark of a Git conflict")
        assert REVIEW.read_text(encoding="utf-8") == "<<<<<<< HEAD\n"
        write_decisions([decision(PAIRS[0], "reject")])
        page.keyboard.press("x")
        expect(page.locator("#said")).to_contain_text("Decided meanwhile: rejected by 김검수.")
        expect(page.locator("#pair .state")).to_have_text("rejected by 김검수")
        page.keyboard.press("x")
        expect(page.locator("#said")).to_have_text("Saved: undecided.")
        expect(page.locator("#pair .state")).to_have_text("undecided")
    assert decided() == {PAIRS[0].instruction: "none"}


def test_a_decision_that_came_meanwhile_is_shown_and_an_edit_stays_in_the_editor(page: Page) -> None:
    other = decision(PAIRS[0], "reject", "Lee $& $$", reason="오류")
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        write_decisions([other])
        page.keyboard.press("k")
        expect(page.locator("#said")).to_contain_text("Decided meanwhile: rejected by Lee $& $$. Nothing was saved.")
        expect(page.locator("#pair .state")).to_have_text("rejected by Lee $& $$: 오류")
        assert read_decisions() == [other]
        page.keyboard.press("e")
        page.get_by_label("Answer").fill("11분입니다.")
        write_decisions([decision(PAIRS[0], "keep", "Park")])
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("alert")).to_contain_text("Decided meanwhile: kept by Park.")
        expect(page.get_by_label("Answer")).to_have_value("11분입니다.")
        page.keyboard.press("Control+Enter")
        shows(page, PAIRS[1].instruction)
        write_decisions([decision(PAIRS[0], "keep", "Park")])
        page.keyboard.press("u")
        expect(page.locator("#said")).to_contain_text("Decided meanwhile: kept by Park.")
        shows(page, PAIRS[0].instruction)
    assert read_decisions() == [decision(PAIRS[0], "keep", "Park")]


def test_an_edit_that_is_no_longer_proved_is_shown_and_edited_further(page: Page) -> None:
    write_decisions([decision(PAIRS[1], "edit", output="수영장은 9,900원입니다.")])
    with served() as url:
        page.goto(url)
        page.get_by_label("Decision").select_option("unproven")
        expect(page.locator("#shown")).to_have_text("1 pairs")
        shows(page, PAIRS[1].instruction)
        expect(page.locator("#unproven")).to_contain_text("This edit is not applied. The page does not say “9900원”")
        expect(page.locator("#unproven")).to_contain_text("수영장은 9,900원입니다.")
        page.locator("#list").focus()
        page.keyboard.press("e")
        expect(page.get_by_label("Answer")).to_have_value("수영장은 9,900원입니다.")
        page.get_by_label("Answer").fill("1200원입니다.")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#counts")).to_have_text("edited 1")
        expect(page.locator("#said")).to_contain_text("Saved: edited.")
        expect(page.locator("#unproven")).to_have_count(0)


def test_no_editor_opens_while_the_next_pair_is_on_its_way_nor_is_an_open_one_lost(page: Page) -> None:
    held: list[Route] = []
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        page.route("**/api/pairs/*", lambda route: held.append(route))
        with page.expect_request("**/api/pairs/*"):
            page.keyboard.press("j")
        page.keyboard.press("e")
        page.keyboard.press("R")
        assert page.locator("#editor, dialog[open]").count() == 0
        assert len(held) == 1
        held.pop().continue_()
        shows(page, PAIRS[1].instruction)
        with page.expect_request("**/api/pairs/*"):
            page.get_by_label("Decision").select_option("undecided")
            page.locator("#list").focus()
        page.keyboard.press("e")
        page.get_by_label("Answer").fill("mine")
        with page.expect_response("**/api/pairs/*"):
            held.pop().continue_()
        page.wait_for_timeout(100)
        assert page.get_by_label("Answer").input_value() == "mine"


def test_pairs_that_are_written_again_are_said(page: Page, here: Path) -> None:
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
        project(here, PAIRS[1:])
        page.keyboard.press("k")
        expect(page.locator("#said")).to_contain_text("data/qa.jsonl has changed since `pagetune review` started.")
    assert decided() == {}


def test_a_closed_server_is_said_and_the_page_goes_on(browser: Browser) -> None:
    page = browser.new_page()
    with served() as url:
        page.goto(url)
        shows(page, PAIRS[0].instruction)
    page.keyboard.press("k")
    expect(page.locator("#said")).to_contain_text("Start `pagetune review` again")
    page.close()
    assert decided() == {}


# Who may ask.


def post(url: str, **headers: str) -> httpx.Response:
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{url}/api/pairs/0", content='{"choice": "reject"}', headers=sent)


def test_the_page_of_another_site_can_neither_write_nor_read() -> None:
    with served() as url:
        for headers in (
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": f"{url}0"},
            {"sec_fetch_site": "cross-site"},
            {"content_type": "text/plain"},
            {"content_type": "application/x-www-form-urlencoded"},
        ):
            assert post(url, **headers).status_code == 403, headers
        assert post(url, host="evil.example").status_code == 400
        assert httpx.get(url, headers={"host": "evil.example"}).status_code == 400
        assert httpx.get(f"{url}/api/pairs/0", headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert httpx.get(url, headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).status_code == 200
        assert (
            httpx.post(
                f"{url}/api/undo", content="x" * 2_000_000, headers={"content-type": "application/json"}
            ).status_code
            == 403
        )
        assert decided() == {}
        assert post(url, origin=url, sec_fetch_site="same-origin").status_code == 200
    assert decided() == {PAIRS[0].instruction: "reject"}


def test_every_answer_forbids_scripts_of_others_and_guessing_of_types() -> None:
    with served() as url:
        for path in ("/", "/page.js", "/page.css", "/api/pairs/0", "/nothing", "/api/pairs/99"):
            headers = httpx.get(url + path).headers
            assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
            assert headers["x-content-type-options"] == "nosniff"


def test_nothing_but_the_page_is_open() -> None:
    with served() as url:
        for path in ("/server.py", "/../params.yaml", "/openapi.json", "/docs", "/api/pairs/24", "/api/pairs/-1"):
            assert httpx.get(url + path).status_code == 404, path
        wrong = httpx.post(f"{url}/api/pairs/0", json={"choice": "delete"})
        assert wrong.status_code == 422


# The command.


def test_the_command_listens_only_on_this_machine_and_names_who_reviews(here: Path) -> None:
    command = [sys.executable, "-m", "pagetune", "review", "--no-browser", "--reviewer", "김"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=here, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said, address = process.stdout.readline(), process.stdout.readline().split()[-1]
        found = psutil.Process(process.pid).net_connections()
        assert {one.laddr.ip for one in found if one.status == "LISTEN"} == {LOOPBACK}
        httpx.post(f"{address}/api/pairs/1", json={"choice": "keep"})
        process.terminate()
    assert said == "review: 24 pairs, 24 undecided, reviewed by 김; Ctrl-C ends\n"
    assert [row["reviewer"] for row in rows(REVIEW)] == ["김"]


def test_what_is_missing_is_named_in_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    with pytest.raises(UserError, match=r"^review: nobody says who reviews\. Pass --reviewer NAME"):
        review(LOOPBACK, 0, False, None)
    (here / "data/qa.jsonl").unlink()
    with pytest.raises(UserError, match=r"^data/qa.jsonl is not there; an earlier stage writes it\. Run"):
        review(LOOPBACK, 0, False, "김")


def test_a_port_that_is_taken_is_named_in_one_line() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, pytest.raises(UserError, match=r"^review: cannot listen on 127"):
        review(LOOPBACK, taken.getsockname()[1], False, "김")
