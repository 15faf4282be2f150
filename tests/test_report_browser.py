"""The report in a real browser, opened from disk without a network.

To draw the README's screenshot of metrics/report.html: PAGETUNE_SCREENSHOT=docs/report.png pytest -k screenshot
"""

import os
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from playwright.sync_api import Browser, Page, sync_playwright
from report_inputs import DOLLARS, EVIL, made_up

from pagetune.report.page import render_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")

DESKTOP, PHONE = {"width": 1100, "height": 1400}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(made_up()), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """Open the page, and check at the end that it requested nothing and that nothing failed."""
    context = browser.new_context(offline=True, viewport=DESKTOP)
    opened = context.new_page()
    asked, faults = watch(opened)
    opened.goto(report.as_uri())
    yield opened
    assert asked == [report.as_uri()]
    assert faults == []
    context.close()


def watch(page: Page) -> tuple[list[str], list[str]]:
    """Record the page's requests, and its console messages and errors."""
    asked: list[str] = []
    faults: list[str] = []

    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    return asked, faults


def shown(page: Page) -> list[str]:
    """Return the questions of the visible answers."""
    return page.locator(".case:visible h3").all_text_contents()


def sideways(page: Page) -> Any:
    """Return by how many pixels the page itself scrolls sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def screenshot(browser: Browser, report: Path, target: Path) -> None:
    """Save what a desktop shows of a report when it is opened."""
    opened = browser.new_page(viewport=DESKTOP)
    opened.goto(report.absolute().as_uri())
    opened.screenshot(path=target)
    opened.close()


def test_every_chart_is_drawn_and_says_what_it_shows(page: Page) -> None:
    charts = page.locator("figure svg").all()
    assert len(charts) == 6
    for chart in charts:
        box = chart.bounding_box()
        assert chart.is_visible()
        assert box is not None
        assert min(box["width"], box["height"]) > 100
        assert chart.locator("path").count() > 5
        assert len(chart.get_attribute("aria-label") or "") > 20


def test_a_name_in_a_chart_is_drawn_within_it(page: Page) -> None:
    for name in (DOLLARS, "<script>"):
        label = page.locator("#chart-coverage svg text", has_text=name).first
        inside, around = label.bounding_box(), page.locator("#chart-coverage svg").bounding_box()
        assert inside is not None
        assert around is not None
        assert inside["x"] >= around["x"]
        assert inside["x"] + inside["width"] <= around["x"] + around["width"]


def test_a_search_filters_the_answers_as_one_types(page: Page) -> None:
    assert page.locator("#count").inner_text() == "4 of 4 shown"
    page.get_by_role("searchbox").press_sequentially("무게")
    assert shown(page) == ["본체의 무게는?"]
    assert page.locator("#count").inner_text() == "1 of 4 shown"
    page.get_by_role("searchbox").fill("")
    assert len(shown(page)) == 4


def test_a_search_finds_answers_evidence_and_documents_in_any_case_and_form(page: Page) -> None:
    for words, count in (
        ("13킬로", 1),
        ("근거", 3),
        ("X_1", 3),
        (unicodedata.normalize("NFD", "무게"), 1),
        ("원 요금", 2),
    ):
        page.get_by_role("searchbox").fill(words)
        assert len(shown(page)) == count, words


def test_a_search_that_finds_nothing_says_so(page: Page) -> None:
    assert not page.locator("#nothing").is_visible()
    page.get_by_role("searchbox").fill("such a word stands nowhere")
    assert shown(page) == []
    assert page.locator("#count").inner_text() == "0 of 4 shown"
    assert page.get_by_text("No answer matches.").is_visible()


def test_the_answers_are_filtered_by_set_and_by_change(page: Page) -> None:
    page.get_by_role("combobox", name="Set").select_option("recall")
    assert len(shown(page)) == 2
    page.get_by_role("combobox", name="Facts").select_option("worse")
    assert shown(page) == ["본체의 무게는?"]
    page.get_by_role("combobox", name="Set").select_option("heldout")
    assert shown(page) == []


def test_enter_in_the_search_leaves_the_page_as_it_is(page: Page) -> None:
    page.get_by_role("searchbox").fill("무게")
    page.get_by_role("searchbox").press("Enter")
    assert shown(page) == ["본체의 무게는?"]


def test_a_script_in_a_document_is_text_and_does_not_run(page: Page) -> None:
    assert page.title() == "pagetune: before and after"
    page.get_by_role("combobox", name="Set").select_option("heldout")
    case = page.locator(".case:visible")
    assert EVIL in (case.locator("h3").text_content() or "")
    assert case.locator(".answers .text").first.text_content() == EVIL
    assert EVIL in (case.locator(".meta").text_content() or "")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1


def test_the_browser_itself_refuses_a_script_that_is_not_ours(browser: Browser, report: Path, tmp_path: Path) -> None:
    planted = tmp_path / "planted.html"
    planted.write_text(report.read_text(encoding="utf-8").replace("<main>", f"<main>{EVIL}"), encoding="utf-8")
    opened = browser.new_page()
    _, faults = watch(opened)
    opened.goto(planted.as_uri())
    assert opened.title() == "pagetune: before and after"
    assert any("Content Security Policy" in fault for fault in faults)
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_page_does_not_scroll_sideways(page: Page, scheme: Any, tmp_path: Path) -> None:
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=scheme)
    for closed in page.locator("summary").all():
        closed.click()
    assert sideways(page) == 0
    page.screenshot(path=tmp_path / "phone.png", full_page=True)


def test_the_letters_stand_out_from_the_paper_by_day_and_by_night(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        ink = page.evaluate("getComputedStyle(document.querySelector('figure svg text')).fill")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert abs(_brightness(ink) - _brightness(paper)) > 150


def _brightness(colour: str) -> float:
    """Return the brightness of rgb(r, g, b), from 0 to 255."""
    return sum(int(part) for part in colour.strip("rgb()").split(",")) / 3


def test_the_reason_of_a_verdict_is_visible_and_every_mark_stands_out_from_the_paper(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for mark in page.locator(".legend mark").all():
            ink, line = mark.evaluate("e => [getComputedStyle(e).color, getComputedStyle(e).textDecorationLine]")
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert _contrast(ink, paper) >= 4.5, (scheme, mark.inner_text())
            assert "underline" in line
    reasons = page.locator(".case:visible .reason").all()
    assert len(reasons) == 8
    assert all(reason.is_visible() and "The answer " in (reason.text_content() or "") for reason in reasons)


def _contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it, from 1 to 21."""
    dark, light = sorted(_luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    shares = (int(part) / 255 for part in colour.strip("rgb()").split(","))
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_on_paper_an_answer_is_not_cut_off(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.answers .text')).maxHeight") == "none"
    assert page.locator(".case .reason").first.is_visible()


def test_without_javascript_every_answer_is_there(browser: Browser, report: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    opened = context.new_page()
    opened.goto(report.as_uri())
    assert opened.locator(".case:visible").count() == 4
    assert opened.locator(".reason:visible").count() == 8
    assert not opened.locator("#filter").is_visible()
    context.close()


def test_a_screenshot_is_taken(browser: Browser, report: Path, tmp_path: Path) -> None:
    screenshot(browser, report, tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 10_000
    if target := os.environ.get("PAGETUNE_SCREENSHOT"):
        screenshot(browser, ROOT / "metrics/report.html", Path(target))


def test_a_table_that_is_wider_than_a_phone_says_that_it_scrolls(page: Page) -> None:
    page.set_viewport_size(PHONE)
    scores = page.locator(".scroll", has=page.locator("#scores"))
    cue = "getComputedStyle(element, '::before').content"
    scores.evaluate("element => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert "Scroll sideways" in scores.evaluate(f"element => {cue}")
    page.set_viewport_size({"width": 2400, "height": 900})
    page.evaluate("document.body.style.maxWidth = 'none'")
    scores.evaluate("element => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert scores.evaluate(f"element => {cue}") == "none"


def test_paper_shows_folded_text_in_dark_letters_and_no_table_is_cut_off(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 1047, "height": 740})  # A4 in landscape, at 96 dots an inch, without its margins
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert sideways(page) == 0
    assert _brightness(page.evaluate("getComputedStyle(document.querySelector('td')).color")) < 60
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


@pytest.mark.parametrize("width", [1280, 390])
def test_a_korean_page_fits_its_window(browser: Browser, tmp_path: Path, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(render_report(made_up(language="ko")), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900})
    opened = context.new_page()
    asked, faults = watch(opened)
    opened.goto(path.as_uri())
    assert opened.locator("#count").inner_text() == "4개 중 4개 표시"
    opened.get_by_role("searchbox").fill("무게")
    assert opened.locator("#count").inner_text() == "4개 중 1개 표시"
    assert sideways(opened) == 0
    assert (asked, faults) == ([path.as_uri()], [])
    context.close()
