"""Scans are read by the Tesseract of the system."""

import shutil
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from conftest import ROOT
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pagetune.errors import UserError
from pagetune.extract.ocr import check_tesseract
from pagetune.extract.pages import read_documents
from pagetune.params import Extract, load_params
from pagetune.records import Page

PARAMS: Extract = load_params(ROOT / "params.yaml").extract
OCR = PARAMS.model_copy(update={"ocr": "auto"})
needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Return a folder with a PDF that holds the first page of a sample as an image."""
    image = pdfium.PdfDocument(ROOT / "data/raw/training_notice.pdf")[0].render(scale=200 / 72).to_pil()
    canvas = Canvas(str(tmp_path / "scan.pdf"), pagesize=A4)
    canvas.drawImage(ImageReader(image), 0, 0, *A4)
    canvas.save()
    return tmp_path


def first_page(folder: Path, params: Extract) -> Page:
    return next(page for page in read_documents(folder, params) if isinstance(page, Page))


def test_a_scan_is_set_aside_as_such(scan: Path) -> None:
    page = first_page(scan, PARAMS)
    assert (page.status, page.reason) == ("quarantined", "needs_ocr")


@needs_tesseract
def test_a_scan_is_read_where_ocr_is_on(scan: Path) -> None:
    page = first_page(scan, OCR)
    assert page.status == "ok"
    assert page.quality["ocr_confidence"] > OCR.min_ocr_confidence
    assert "금융보안교육센터" in page.text.replace(" ", "")


@needs_tesseract
def test_a_scan_that_tesseract_is_unsure_of_is_set_aside(scan: Path) -> None:
    page = first_page(scan, OCR.model_copy(update={"min_ocr_confidence": 0.999}))
    assert (page.status, page.reason) == ("quarantined", "poor_ocr")


@needs_tesseract
def test_a_page_that_takes_too_long_is_set_aside(scan: Path) -> None:
    page = first_page(scan, OCR.model_copy(update={"ocr_timeout_seconds": 0.01}))
    assert (page.status, page.reason) == ("quarantined", "timed_out")


@needs_tesseract
def test_a_language_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(UserError, match=r"no language data for tlh .*tesseract-ocr-kor"):
        check_tesseract("eng+tlh")


def test_tesseract_that_is_missing_says_what_to_install(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        UserError, match=r"tesseract is not installed\. .*apt-get install tesseract-ocr tesseract-ocr-kor"
    ):
        list(read_documents(scan, OCR))
