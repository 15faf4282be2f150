"""Pages that are set aside for what they do not show or have lost, and pages that only seem to be such."""

import io
import re
import shutil
import zlib
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from conftest import ROOT, shared
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from benchmarks.bit_flips import flip_and_read
from pagetune.extract.damage import damaged_pages
from pagetune.extract.fast import read_fast
from pagetune.extract.files import InputFile, SourceFile, inspect_file
from pagetune.extract.pages import page_ranges, read_pages
from pagetune.params import load_params
from pagetune.records import Page

PARAMS = load_params(ROOT / "params.yaml")
SENTENCE = "The reading room is open from nine to six on every weekday of the year"
needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")


def read(folder: Path, ocr: str = "none") -> list[Page]:
    """Read the only file of a folder in this process."""
    params = PARAMS.extract.model_copy(update={"ocr": ocr})
    source = inspect_file(InputFile(next(folder.glob("*.pdf")), None))
    assert isinstance(source, SourceFile)
    return [page for part in page_ranges(source, params) for page in read_pages(part)]


def outcomes(folder: Path) -> list[str]:
    return [page.reason or page.status for page in read(folder)]


def draw_lines(canvas: Canvas, lines: list[str], top: float = 780) -> None:
    for at, text in enumerate(lines):
        canvas.drawString(60, top - 16 * at, text)


def draw_as_shapes(canvas: Canvas, text: str, x: float, y: float, size: float = 11) -> None:
    """Draw each word of the text as one path of curves, without letters."""
    for word in text.split():
        outline = TextPath((0, 0), word, size=size, prop=FontProperties())
        path = canvas.beginPath()
        for points, code in outline.iter_segments():
            at = [value + (x if place % 2 == 0 else y) for place, value in enumerate(points)]
            if code == 1:
                path.moveTo(*at)
            elif code == 79:
                path.close()
            else:
                path.lineTo(*at[-2:]) if code == 2 else path.curveTo(*at[:2], *at[-4:])
        canvas.drawPath(path, stroke=0, fill=1)
        x += outline.get_extents().width + 0.4 * size


def picture(draw_on: str) -> ImageReader:
    """Return a picture of a page: white, or in shades of blue with a band across it."""
    image = Image.new("L", (595, 842), 255)
    if draw_on == "design":
        image = Image.linear_gradient("L").resize((595, 842))
        ImageDraw.Draw(image).rectangle((0, 500, 595, 560), fill=40)
    content = io.BytesIO()
    image.save(content, "PNG")
    return ImageReader(content)


def test_a_blank_picture_of_a_page_is_not_a_scan(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "blank.pdf"), pagesize=A4)
    canvas.drawImage(picture("white"), 0, 0, *A4)
    canvas.save()
    assert outcomes(tmp_path) == ["no_text"]


def test_a_divider_whose_words_are_all_read_is_not_a_scan(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "dividers.pdf"), pagesize=A4)
    for title in ("Chapter 2", "Chapter 2: how members use the reading room"):
        canvas.drawImage(picture("design"), 0, 0, *A4)
        canvas.drawString(60, 500, title)
        canvas.showPage()
    canvas.save()
    assert outcomes(tmp_path) == ["no_text", "ok"]


def test_the_rest_of_a_sentence_alone_on_a_page_is_kept_there(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "tail.pdf"), pagesize=A4)
    for lines in ([SENTENCE] * 40, ["and at night."], [*[SENTENCE] * 39, "It is closed on Sundays."], ["Part two"]):
        draw_lines(canvas, lines)
        canvas.showPage()
    canvas.save()
    pages = read(tmp_path)
    assert [page.reason or page.status for page in pages] == ["ok", "ok", "ok", "no_text"]
    assert pages[1].text == "and at night."


def outlined_page(folder: Path) -> None:
    """Write a page with two lines of text, a paragraph of three lines that are drawn as shapes, and a chart."""
    canvas = Canvas(str(folder / "outlined.pdf"), pagesize=A4)
    draw_lines(canvas, [SENTENCE, SENTENCE])
    for line, text in enumerate(("Members may borrow six books for three weeks", "and renew them", "at the desk or")):
        draw_as_shapes(canvas, f"{text} before the loan ends", 60, 700 - 16 * line)
    for bar in range(20):
        canvas.rect(60 + 14 * bar, 400, 10, 5 + 7 * (bar % 5), fill=1)
        canvas.circle(65 + 14 * bar, 500, 5)
    canvas.save()


def test_lines_that_are_drawn_as_shapes_are_counted(tmp_path: Path) -> None:
    outlined_page(tmp_path)
    page = read(tmp_path)[0]
    assert (page.status, page.quality["partly_outlined"]) == ("ok", 3)


@needs_tesseract
def test_a_paragraph_that_is_drawn_as_shapes_is_read_where_ocr_is_on(tmp_path: Path) -> None:
    outlined_page(tmp_path)
    page = read(tmp_path, ocr="auto")[0]
    assert page.quality["partly_outlined"] == 0
    assert re.search("borrow six books for three weeks", page.text)


@pytest.mark.parametrize(("name", "page", "wanted"), [("odl_ko_fund_kyobo_sm", 1, True), ("odl_ko_bill", 1, False)])
def test_a_paragraph_of_a_real_file_that_is_drawn_as_shapes_is_counted(name: str, page: int, wanted: bool) -> None:
    pdf = pdfium.PdfDocument(shared("pdfs", f"{name}.pdf"))
    assert (len(read_fast(pdf[page - 1], page - 1).outlined) >= 4) == wanted


def write_three_pages(path: Path) -> bytes:
    """Return the bytes of a file of three pages, each with its own compressed contents, and a picture on the last."""
    canvas = Canvas(str(path), pagesize=A4, pageCompression=1)
    for number in range(3):
        draw_lines(canvas, [f"Page {number} says in line {line} that {SENTENCE}" for line in range(30)])
        if number == 2:
            canvas.drawImage(picture("design"), 60, 60, 100, 100)
        canvas.showPage()
    canvas.save()
    return path.read_bytes()


def streams(content: bytes, marker: bytes) -> list[tuple[int, int]]:
    """Return where the streams begin and end whose dictionary holds the marker."""
    found = re.finditer(rb"<<(?:(?!endobj).)*?>>\s*stream\r?\n(.*?)endstream", content, re.DOTALL)
    return [stream.span(1) for stream in found if marker in stream.group().split(b"stream", 1)[0]]


def test_only_the_page_with_a_flipped_bit_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "flipped.pdf"
    content = bytearray(write_three_pages(path))
    start, end = sorted(set(streams(bytes(content), b"Flate")) - set(streams(bytes(content), b"/Image")))[1]
    content[(start + end) // 2] ^= 1
    path.write_bytes(content)
    assert outcomes(tmp_path) == ["ok", "damaged", "ok"]


def test_a_damaged_picture_sets_no_page_aside(tmp_path: Path) -> None:
    path = tmp_path / "flipped.pdf"
    content = bytearray(write_three_pages(path))
    start, end = streams(bytes(content), b"/Image")[0]
    content[(start + end) // 2] ^= 1
    path.write_bytes(content)
    assert outcomes(tmp_path) == ["ok"] * 3


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("lost", [0, 1, 2, 3, 4])
def test_a_stream_without_a_part_of_its_checksum_is_not_damaged(tmp_path: Path, lost: int, line_end: bytes) -> None:
    """Some writers leave the last bytes of the checksum out, and the line's end stands in their place."""
    compressed = zlib.compress(b"BT (text) Tj ET" * 40)
    head = b"%PDF-1.4\n4 0 obj\n<< /Filter /FlateDecode >>\nstream\n"
    content = head + compressed[: len(compressed) - lost] + line_end + b"endstream\nendobj\n"
    assert damaged_pages(tmp_path / "none.pdf", content, 1) == frozenset()


def test_a_stream_with_another_checksum_is_damaged(tmp_path: Path) -> None:
    compressed = bytearray(zlib.compress(b"BT (text) Tj ET" * 40))
    compressed[-1] ^= 1
    content = b"4 0 obj\n<< /Filter /FlateDecode >>\nstream\n" + bytes(compressed) + b"\nendstream\nendobj\n"
    assert damaged_pages(tmp_path / "none.pdf", content, 1) == frozenset({1})


def test_no_whole_file_is_taken_for_damaged() -> None:
    paths = [*(ROOT / "data/raw").glob("*.pdf"), *shared("pdfs").glob("*.pdf")]
    assert {path.name: pages for path in paths if (pages := damaged_pages(path, path.read_bytes(), 99))} == {}


def test_no_pair_of_a_file_with_flipped_bits_has_a_letter_that_its_page_does_not() -> None:
    outcome = flip_and_read(sorted((ROOT / "data/raw").glob("*.pdf"))[:2], 2, PARAMS)
    assert outcome.wrong == []
    assert outcome.pages["damaged"] + outcome.pages["garbled"] > 0
