"""Scans are read by the Tesseract of the system."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from conftest import ROOT
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from benchmarks.scans import noisy, shaded, turned
from pagetune.errors import UserError
from pagetune.extract.fast import read_fast
from pagetune.extract.ocr import check_tesseract, read_image
from pagetune.extract.pages import read_documents
from pagetune.extract.scan_cells import move_cells
from pagetune.extract.scan_corrections import correct
from pagetune.extract.scan_letters import Letter, LetterLine, merge_latin
from pagetune.extract.scan_picture import render, straighten
from pagetune.extract.scan_rulings import Ruling, find_rulings, without_rulings
from pagetune.extract.scan_spaces import find_spaces
from pagetune.extract.word_boxes import Word
from pagetune.params import Extract, load_params
from pagetune.records import Page

PARAMS: Extract = load_params(ROOT / "params.yaml").extract
OCR = PARAMS.model_copy(update={"ocr": "auto"})
needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")
NOTICE = ROOT / "data/raw/training_notice.pdf"


def picture(dpi: int) -> Image.Image:
    """Return the first page of a sample as a picture in grey."""
    return pdfium.PdfDocument(NOTICE)[0].render(scale=dpi / 72, grayscale=True).to_pil()


def write_scan(folder: Path, image: Image.Image) -> Path:
    canvas = Canvas(str(folder / "scan.pdf"), pagesize=A4)
    canvas.drawImage(ImageReader(image), 0, 0, *A4)
    canvas.save()
    return folder


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Return a folder with a PDF that holds the first page of a sample as an image."""
    return write_scan(tmp_path, picture(150))


def first_page(folder: Path, params: Extract) -> Page:
    return next(page for page in read_documents(folder, params) if isinstance(page, Page))


def test_a_scan_is_set_aside_as_such(scan: Path) -> None:
    page = first_page(scan, PARAMS)
    assert (page.status, page.reason) == ("quarantined", "needs_ocr")


@needs_tesseract
@pytest.mark.parametrize(
    ("dpi", "spoil"),
    [(200, turned(0)), (150, turned(2)), (200, noisy), (150, shaded)],
    ids=["clean", "turned", "noisy", "shaded"],
)
def test_a_scan_with_a_table_has_the_words_of_its_text_layer(
    dpi: int, spoil: Callable[[Image.Image], Image.Image], tmp_path: Path
) -> None:
    half = picture(dpi)
    spoil(half.crop((0, 0, half.width, half.height // 3))).save(tmp_path / "scan.pdf", resolution=dpi)
    with pdfium.PdfDocument(tmp_path / "scan.pdf") as scan, pdfium.PdfDocument(NOTICE) as notice:
        read = read_image(scan[0], "kor+eng", 300, 60)
        wanted = [word for word in read_fast(notice[0], 0).words if word.bottom < scan[0].get_height()]
    assert read.confidence > OCR.min_ocr_confidence
    found = [word for word in wanted if any(word.text == other.text and near(word, other) for other in read.words)]
    assert len(found) > 0.85 * len(wanted)


def near(word: Word, other: Word) -> bool:
    """Return whether two boxes are at the same place, also where the page was turned a little."""
    return abs(word.x0 - other.x0) < 20 and abs(word.middle - other.middle) < 20


@needs_tesseract
def test_a_page_that_was_scanned_sideways_is_read(tmp_path: Path) -> None:
    image = picture(150)
    turned_image = image.crop((0, 0, image.width, 420)).rotate(90, expand=True)
    turned_image.save(tmp_path / "scan.pdf", resolution=150)
    with pdfium.PdfDocument(tmp_path / "scan.pdf") as scan:
        words = read_image(scan[0], "kor+eng", 300, 60).words
    assert {"센터", "금융회사와", "전문"} <= {word.text for word in words}


@needs_tesseract
def test_a_scan_is_read_where_ocr_is_on(scan: Path) -> None:
    page = first_page(scan, OCR)
    assert page.status == "ok"
    assert page.quality["ocr_confidence"] > OCR.min_ocr_confidence
    assert "금융보안교육센터의 주소는 서울특별시 영등포구" in page.text


@needs_tesseract
def test_a_scan_that_tesseract_is_unsure_of_is_set_aside(scan: Path) -> None:
    page = first_page(scan, OCR.model_copy(update={"min_ocr_confidence": 0.9999}))
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


#: The lines of a table in points: those across are at these heights, and those down at these places.
ACROSS, DOWN = (100, 120, 140, 160), (50, 150, 300)


def draw_table(dpi: int) -> Image.Image:
    point = dpi / 72
    image = Image.new("L", (round(400 * point), round(300 * point)), 255)
    draw = ImageDraw.Draw(image)
    for y in ACROSS:
        draw.line((DOWN[0] * point, y * point, DOWN[-1] * point, y * point), fill=0, width=max(1, dpi // 72))
    for x in DOWN:
        draw.line((x * point, ACROSS[0] * point, x * point, ACROSS[-1] * point), fill=0, width=max(1, dpi // 72))
    return image


@needs_tesseract
@pytest.mark.parametrize("angle", [0, 1.5])
def test_the_ruling_lines_of_a_scanned_table_are_found_in_points(angle: float, tmp_path: Path) -> None:
    turned(angle)(draw_table(200)).save(tmp_path / "table.pdf", resolution=200)
    with pdfium.PdfDocument(tmp_path / "table.pdf") as pdf:
        rulings = read_image(pdf[0], "eng", 300, 60).rulings
    across = [line for line in rulings if line.x1 - line.x0 > line.bottom - line.top]
    assert [line.top for line in sorted(across, key=lambda line: line.top)] == pytest.approx(ACROSS, abs=3)
    down = sorted(line.x0 for line in rulings if line not in across)
    assert down == pytest.approx(DOWN, abs=3)


def test_strokes_of_letters_are_not_ruling_lines() -> None:
    assert find_rulings(picture(150).crop((0, 0, 1240, 390)), 150) == []


def test_a_ruling_line_that_is_broken_is_one_line() -> None:
    grey = np.full((100, 600), 255, dtype=np.uint8)
    grey[50, 10:310], grey[51, 300:590] = 0, 0  # it steps down
    grey[:, 200:204] = grey[:, 400:404] = 255
    assert [(line.x0, line.x1) for line in find_rulings(Image.fromarray(grey), 150)] == [(10, 590)]


def test_a_pale_ruling_line_at_the_edge_of_a_shaded_cell_is_found() -> None:
    grey = np.full((100, 600), 255, dtype=np.uint8)
    grey[20:60, 10:590] = 225
    grey[60, 10:590] = 150
    assert [line.top for line in find_rulings(Image.fromarray(grey), 150)] == [60]


def test_cells_are_moved_below_each_other_and_known_by_their_place() -> None:
    rulings = [Ruling(10, y, 310, y + 1) for y in (10, 50, 90)]
    rulings += [Ruling(x, 10, x + 1, 90) for x in (10, 310)] + [Ruling(110, 50, 111, 90)]  # two cells below one
    grey = np.full((200, 400), 255, dtype=np.uint8)
    for row, column in ((20, 20), (60, 60), (70, 200), (150, 30)):
        grey[row, column] = 0
    moved = move_cells(Image.fromarray(grey), rulings, 72)
    dark = np.argwhere(np.asarray(moved.image) == 0).tolist()
    assert sorted([row - moved.moved_by(row), column] for row, column in dark) == [
        [20, 20],
        [60, 60],
        [70, 200],
        [150, 30],
    ]
    assert [row for row, column in dark if column in (60, 200)] == sorted(row for row, _ in dark)[-2:]
    assert len({moved.moved_by(row) for row, _ in dark}) == 4


def test_a_stroke_that_crosses_a_ruling_line_keeps_its_dots() -> None:
    grey = np.full((40, 300), 255, dtype=np.uint8)
    grey[20:22, :] = 0
    grey[5:35, 100:104] = 0
    image = Image.fromarray(grey)
    cleaned = np.asarray(without_rulings(image, [Ruling(0, 20, 300, 22)]))
    assert (cleaned[5:35, 100:104] == 0).all()
    assert (cleaned[20:22, :90] == 255).all()


@pytest.mark.parametrize("angle", [-3.2, 0.7, 4.5])
def test_a_page_that_was_scanned_askew_is_turned_straight(angle: float) -> None:
    straight = straighten(turned(angle)(picture(100)))
    again = np.abs(np.asarray(straighten(straight), dtype=int) - np.asarray(straight, dtype=int))
    assert again.mean() < 1


def test_a_page_as_large_as_a_poster_is_rendered_with_fewer_dots(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "poster.pdf"), pagesize=(3000, 4000))
    canvas.showPage()
    canvas.save()
    with pdfium.PdfDocument(tmp_path / "poster.pdf") as pdf:
        image, dpi = render(pdf[0], 600)
    assert image.width * image.height < 32e6
    assert image.width == pytest.approx(3000 * dpi / 72, abs=1)


def set_line(text: str, letter_gap: int, space: int, *, confidence: float = 99.0) -> LetterLine:
    """Return the letters of a line, each 30 dots wide and high, with gaps between them."""
    x, line = 0, []
    for word in text.split():
        for letter in word:
            line.append(Letter(letter, x, 10, x + 30, 40, confidence))
            x += 30 + letter_gap
        x += space
    return line


def ink_of(lines: list[LetterLine]) -> np.ndarray:
    ink = np.zeros((50, 2000), dtype=bool)
    for letter in (letter for line in lines for letter in line):
        ink[letter.top : letter.bottom, letter.x0 : letter.x1] = True
    return ink


def spaced(line: LetterLine, starts: list[bool]) -> str:
    return "".join(" " * start + letter.text for letter, start in zip(line, starts, strict=True))


@pytest.mark.parametrize(("letter_gap", "space"), [(2, 10), (12, 14), (25, 30)])
def test_spaces_are_found_however_wide_a_line_is_set(letter_gap: int, space: int) -> None:
    text = "이 규정은 도서관의 이용과 자료의 대출 및 반납에 필요한 사항을 정한다"
    line = set_line(text, letter_gap, space)
    assert spaced(line, find_spaces([line], ink_of([line]))[0]) == text


def test_a_gap_that_is_clear_decides_against_the_usual_spacing() -> None:
    text = "이 규정은 도서관의 이용과 자료의 대출및반납에 필요한 사항을 정한다"
    line = set_line(text, 4, 14)
    assert spaced(line, find_spaces([line], ink_of([line]))[0]) == text


def test_latin_words_in_a_korean_line_come_from_the_other_reading() -> None:
    korean = set_line("인증은 40 방식을", 2, 10)
    korean[3:5] = [letter._replace(confidence=90) for letter in korean[3:5]]
    other = [
        letter._replace(text=text, confidence=95, starts_word=False)
        for letter, text in zip(korean, "2$AOHYO]", strict=True)
    ]
    assert "".join(letter.text for letter in merge_latin([korean], [other])[0]) == "인증은OH방식을"


def test_syllables_and_sure_digits_stay_korean() -> None:
    korean = set_line("수수료 500원 앰", 2, 10)
    korean[-1] = korean[-1]._replace(confidence=50)
    other = [letter._replace(text=text) for letter, text in zip(korean, "A+E5OO9W", strict=True)]
    assert "".join(letter.text for letter in merge_latin([korean], [other])[0]) == "수수료500원앰"


def test_the_one_of_a_numbered_question_is_a_digit() -> None:
    korean = [letter._replace(confidence=80) for letter in set_line("01.", 2, 10)]
    other = [letter._replace(text=text, confidence=95) for letter, text in zip(korean, "Ql.", strict=True)]
    assert "".join(letter.text for letter in merge_latin([korean], [other])[0]) == "Q1."


def corrected(text: str, doubtful: str) -> str:
    line = [letter._replace(confidence=50.0) if letter.text in doubtful else letter for letter in set_line(text, 2, 10)]
    starts = [False] * len(line)
    position = 0
    for word in text.split():
        starts[position] = position > 0
        position += len(word)
    return spaced(correct([line], [starts])[0], starts)


@pytest.mark.parametrize(
    ("read", "doubtful", "meant"),
    [
        ("영업 시간을 알릴 수 있습니다. 모바일 앰의 이름은 한빛손안에입니다", "앰", "앱"),
        ("모서리가 바닥에 부덧히지 않도록 천천히 내려놓으십시오", "덧", "딪"),
        ("이 물건을 바로 치움니다 그리고 안으로 들여놓습니다", "움", "웁"),
    ],
)
def test_a_syllable_that_tesseract_does_not_know_is_corrected(read: str, doubtful: str, meant: str) -> None:
    assert corrected(read, doubtful) == read.replace(doubtful, meant)


@pytest.mark.parametrize(
    ("read", "doubtful"),
    [
        ("담당자는 김민석 대리이며 전화로 문의하실 수 있습니다", "석"),
        ("한빛저축은행은 해마다 고객에게 안내문을 보냅니다", "빛"),
        ("앰뷸런스는 병원 앞에서 언제나 기다리고 있습니다", "뷸"),
    ],
)
def test_a_doubtful_syllable_that_fits_stays(read: str, doubtful: str) -> None:
    assert corrected(read, doubtful) == read
