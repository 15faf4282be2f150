"""The sample documents in data/raw."""

import re
from pathlib import Path

import pdfplumber
import pytest
from conftest import ROOT

from samples.typeset import FONTS, main

PDFS = sorted((ROOT / "data/raw").glob("*.pdf"))


def test_every_sample_is_typeset() -> None:
    assert {path.stem for path in PDFS} == {path.stem for path in (ROOT / "samples").glob("*.txt")}
    assert len(PDFS) >= 5


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.stem)
def test_the_font_is_embedded_as_a_subset(path: Path) -> None:
    with pdfplumber.open(path) as pdf:
        fonts = {character["fontname"] for page in pdf.pages for character in page.chars}
    assert fonts
    assert all(re.match(r"[A-Z]{6}\+NanumGothic", font) for font in fonts), fonts


def test_lines_break_inside_korean_words() -> None:
    with pdfplumber.open(ROOT / "data/raw/payment_rules.pdf") as pdf:
        assert "회사와 이\n용자의 권리" in pdf.pages[0].extract_text()


@pytest.mark.skipif(not FONTS.is_dir(), reason="fonts-nanum is not installed")
def test_typesetting_again_gives_the_committed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    main()
    for path in PDFS:
        assert (tmp_path / "data/raw" / path.name).read_bytes() == path.read_bytes()
