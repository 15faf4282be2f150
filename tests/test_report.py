"""The report: self-contained, escaped, drawn."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import run, word_pages

from pagetune.build_qa.rules import build_pairs
from pagetune.jsonl import read_records, write_records
from pagetune.records import Page, Prediction, Table
from pagetune.report import coverage, worst_pages

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def test_the_report_asks_nothing_of_a_network(pipeline: Path) -> None:
    html = (pipeline / "metrics/report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", html)
    assert not re.search(r"@import|url\(\s*['\"]?http", html)
    assert html.count("<svg") == 2


def test_the_worst_pages_are_those_set_aside_then_those_in_doubt_then_the_emptiest() -> None:
    def page(number: int, reason: str | None, garbled: float, characters: int) -> Page:
        quality = dict.fromkeys(("unreadable_ratio", "private_use_ratio", "tables_unread"), 0.0)
        return word_pages()[0].model_copy(
            update={
                "page_number": number,
                "status": "quarantined" if reason else "ok",
                "reason": reason,
                "quality": quality | {"garbled_ratio": garbled, "characters": characters},
            }
        )

    pages = [page(1, None, 0, 900), page(2, None, 0, 30), page(3, None, 0.01, 900), page(4, "no_text", 0, 0)]
    assert [found.page_number for found in worst_pages(pages)] == [4, 3, 2, 1]


def test_sections_and_tables_on_which_no_pair_stands_are_silent() -> None:
    table = Table(caption="요금표", rows=[["과정", "요금"], ["입문", "9만 원"]])
    text = "안내\n1. 위치\n한빛관의 주소는 서울입니다.\n2. 휴관\n월요일에 쉽니다."
    pages = [word_pages()[0].model_copy(update={"page_number": 1, "text": text, "tables": [table]})]
    pairs, _ = build_pairs(pages, 200)
    (found,) = coverage(pages, pairs)
    assert (found.pages, found.asked, found.pairs, found.sections, found.silent) == (1, 1, 2, 3, ["2. 휴관"])
    assert coverage(pages, [])[0].silent == ["1. 위치", "2. 휴관", "요금표"]


def test_the_report_shows_every_step_and_what_it_rejected(pipeline: Path) -> None:
    html = (pipeline / "metrics/report.html").read_text(encoding="utf-8")
    ledger = html[html.index('id="ledger"') :]
    for step in ("build_qa: rules", "curate: filters", "curate: near duplicates", "curate: wordings"):
        assert step in ledger
    assert "too_long" in ledger
    assert "silent sections" in html


def test_the_same_inputs_give_the_same_bytes(pipeline: Path) -> None:
    before = (pipeline / "metrics/report.html").read_bytes()
    run(pipeline, "python", "-m", "stages.report")
    assert (pipeline / "metrics/report.html").read_bytes() == before


@pytest.fixture
def planted(pipeline: Path, tmp_path: Path) -> Path:
    """The report of a pipeline whose document holds a script."""
    folder = tmp_path / "copy"
    shutil.copytree(pipeline, folder, symlinks=True, ignore=shutil.ignore_patterns(".git", "models", "cache"))
    for model in ("base", "tuned"):
        path = folder / f"data/predictions/{model}.jsonl"
        rows = read_records(path, Prediction)
        path.unlink()
        evil = "<script>document.title='taken'</script>"
        write_records(path, [row.model_copy(update={"prompt": evil + row.prompt, "doc_id": evil}) for row in rows])
    run(folder, "python", "-m", "stages.report")
    return folder / "metrics/report.html"


def test_a_script_in_a_document_is_text(planted: Path) -> None:
    html = planted.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_opens_the_report_from_disk(planted: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    done = subprocess.run(
        [CHROMIUM, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", planted.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "<title>pagetune: before and after</title>" in done.stdout
    assert 'id="scores"' in done.stdout
