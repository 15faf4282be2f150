"""The site of `make docs`: built without a warning, and read in a real browser from disk and from a server, without a
network."""

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import ROOT
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")

WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built as by `make docs`: a link or an anchor that leads nowhere fails."""
    folder = tmp_path_factory.mktemp("docs")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^docs:.*\n\t@\$\(RUN\) python (.+)$", makefile, re.MULTILINE)
    assert recipe is not None
    words = recipe[1].replace(".docs_cache", str(folder / "cache")).replace(". site", f". {folder / 'site'}").split()
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site on this machine's own address."""
    handler = functools.partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Browser, site: Path, address: str) -> Iterator[Page]:
    """Open a page, and check at the end that it asked for nothing but the site and that nothing failed."""
    opened = browser.new_page(viewport={"width": request.param, "height": 900})
    asked: list[str] = []
    faults: list[str] = []
    opened.on("request", lambda one: asked.append(one.url))
    # A page that is left at once takes back its request for the icon.
    opened.on("requestfailed", lambda one: faults.extend([one.url] if one.failure != "net::ERR_ABORTED" else []))
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    assert asked
    assert [url for url in asked if not url.startswith((site.as_uri(), address, "data:"))] == []
    assert faults == []
    opened.close()


def found(page: Page, start: str, words: str) -> list[str]:
    """Return the pages that a search finds, without their endings."""
    page.goto(f"{start}/search.html?q={words}")
    page.locator("p.search-summary:not(:empty)").wait_for()
    links = page.locator("#search-results li a").all()
    return [(link.get_attribute("href") or "").split(".html")[0] for link in links]


def test_every_document_is_a_page_and_the_start_page_leads_to_the_readme(site: Path) -> None:
    documents = [ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    for document in [*documents, *(ROOT / "docs").rglob("*.md")]:
        assert (site / document.relative_to(ROOT).with_suffix(".html")).exists(), document.name
    assert "url=README.html" in (site / "index.html").read_text(encoding="utf-8")


def test_no_page_takes_a_font_a_script_or_a_style_from_a_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        taken = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"([^\"]+)\"", text)
        assert [url for url in taken if re.match(r"(https?:)?//", url)] == [], page.name
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")), style.name


@in_a_browser
def test_every_page_opens_from_disk_and_none_scrolls_sideways(page: Page, site: Path) -> None:
    for file in sorted({*site.rglob("*.html")} - {site / "index.html"}):  # which leads on at once
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), file.name


@in_a_browser
@pytest.mark.parametrize(
    ("words", "leads_to"),
    [("학습률", "README.ko"), ("데이터", "README.ko"), ("데이터를", "README.ko"), ("checkpoints", "docs/training")],
)
def test_a_search_finds_korean_and_english_words_without_a_network(
    page: Page, site: Path, address: str, words: str, leads_to: str
) -> None:
    for start in (site.as_uri(), address):
        assert leads_to in found(page, start, words)
        assert found(page, start, "없는말없는말") == []


@in_a_browser
def test_a_page_is_in_one_language_and_leads_to_the_other(page: Page, site: Path) -> None:
    page.goto((site / "README.ko.html").as_uri())
    assert page.locator("html").get_attribute("lang") == "ko"
    contents = page.locator(".sidebar-tree")
    assert contents.get_by_text("How training works").count() == 0
    assert (contents.locator("a[lang=en]").get_attribute("href") or "").startswith("README.html")
    page.goto((site / "README.html").as_uri())
    assert page.locator("html").get_attribute("lang") == "en"
    assert contents.get_by_text("How training works").count() == 1
    assert contents.locator("a[lang=ko]").get_attribute("href") == "README.ko.html"
