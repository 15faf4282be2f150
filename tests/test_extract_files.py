"""Files that are protected, broken or hostile: each is reported with its reason, and the others are read."""

import json
import os
import re
import zlib
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from conftest import ROOT, run
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from pagetune.errors import UserError, in_one_line
from pagetune.extract.files import find_documents, read_passwords
from pagetune.extract.formats.detect import why_not_read
from pagetune.extract.pages import page_ranges, read_documents
from pagetune.extract.summary import ExtractSummary, what_to_do
from pagetune.params import Extract, load_params
from pagetune.records import BadFile, Page
from stages.extract import main

PARAMS: Extract = load_params(ROOT / "params.yaml").extract
SENTENCE = "The reading room is open from nine to six on weekdays."
#: A word that no other text contains, so that a leak is found.
PASSWORD = "zq7-swordfish"


def write_pdf(path: Path, password: str | None = None, pages: int = 1) -> None:
    canvas = Canvas(str(path), encrypt=StandardEncryption(password) if password else None)
    for _ in range(pages):
        canvas.drawString(72, 700, SENTENCE)
        canvas.showPage()
    canvas.save()


def outcomes(folder: Path, **changes: object) -> dict[str, str]:
    """Return each file's outcome: the reason of a bad file, or of its last page, or "ok"."""
    found: dict[str, str] = {}
    for outcome in read_documents(folder, PARAMS.model_copy(update=changes)):
        if isinstance(outcome, BadFile):
            found[outcome.file] = outcome.reason
        elif isinstance(outcome, Page):
            found[f"{outcome.doc_id}.pdf"] = outcome.reason or "ok"
    return found


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Return a folder with one file of every kind."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_pdf(folder / "good.pdf")
    write_pdf(folder / "locked.pdf", PASSWORD)
    write_pdf(folder / "mistaken.pdf", PASSWORD)
    write_pdf(folder / "opened.pdf", PASSWORD)
    (folder / "empty.pdf").touch()
    (folder / "photo.pdf").write_bytes(b"\xff\xd8\xff\xe0 JFIF")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<<")
    return folder


def test_five_kinds_of_bad_file_have_five_reasons_and_the_others_are_read(
    mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGETUNE_PASSWORDS", json.dumps({"mistaken.pdf": "wrong-one", "opened.pdf": PASSWORD}))
    assert outcomes(mixed) == {
        "broken.pdf": "broken_file",
        "empty.pdf": "empty_file",
        "good.pdf": "ok",
        "locked.pdf": "no_password",
        "mistaken.pdf": "wrong_password",
        "opened.pdf": "ok",
        "photo.pdf": "not_a_pdf",
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder in which the stage can run, with its own data/raw."""
    for name in ("pagetune", "stages"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    write_pdf(tmp_path / "data/raw/good.pdf")
    run(tmp_path, "git", "init", "-q")
    return tmp_path


def extract(folder: Path, setting: str = "") -> tuple[int, str]:
    """Do what the stage does with one line of its parameters replaced. Return the exit code and everything printed.

    All calls share the server that the reading processes are forked from, which loads Kiwi for several seconds.
    """
    if setting:
        name = setting.split(":")[0]
        text = (folder / "params.yaml").read_text(encoding="utf-8")
        (folder / "params.yaml").write_text(re.sub(rf"(?m)^  {name}: .*$", f"  {setting}", text), encoding="utf-8")
    out, err = StringIO(), StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        try:
            with in_one_line("extract"):
                main()
        except SystemExit as ended:  # Python prints the line that it has for a code, and exits with 1
            return 1, f"{out.getvalue()}{err.getvalue()}{ended}\n"
    return 0, out.getvalue() + err.getvalue()


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for name in ("data", "metrics") for path in (folder / name).rglob("*.json*"))


def test_a_password_opens_its_file_and_is_written_nowhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pdf(project / "data/raw/locked.pdf", PASSWORD)
    (project / "passwords.json").write_text(json.dumps({"locked.pdf": PASSWORD}), encoding="utf-8")
    code, said = extract(project)
    assert (code, "2 files, 2 pages: 2 ok" in said) == (0, True)
    assert PASSWORD not in said
    assert PASSWORD.encode() not in everything_written(project)


def test_a_wrong_password_is_in_no_message(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pdf(project / "data/raw/locked.pdf", PASSWORD)
    monkeypatch.setenv("PAGETUNE_PASSWORDS", json.dumps({"locked.pdf": "not-the-one"}))
    code, said = extract(project)
    assert code == 0, said
    assert "data/raw/locked.pdf does not open with the password given for it" in said
    assert "not-the-one" not in said
    assert b"not-the-one" not in everything_written(project)


def test_passwords_in_git_are_refused(project: Path) -> None:
    (project / "passwords.json").write_text('{"good.pdf": "x"}', encoding="utf-8")
    run(project, "git", "add", "passwords.json")
    code, said = extract(project)
    assert code == 1
    assert said.count("\n") == 1
    assert "passwords.json is tracked by Git" in said


def test_passwords_that_are_not_utf_8_are_one_line(project: Path) -> None:
    (project / "passwords.json").write_bytes('{"계약서.pdf": "x"}'.encode("cp949"))
    code, said = extract(project)
    assert (code, said) == (1, "extract: passwords.json is not UTF-8. Save it as UTF-8.\n")


@pytest.mark.parametrize("text", ["{", "[]", '{"a.pdf": 7}', '{"a.pdf": "zq7-swordfish"'])
def test_passwords_that_cannot_be_read_say_where_and_show_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PAGETUNE_PASSWORDS", text)
    with pytest.raises(UserError, match="PAGETUNE_PASSWORDS is not") as raised:
        read_passwords()
    assert PASSWORD not in str(raised.value)


def test_a_bad_file_is_named_in_one_line_and_the_stage_goes_on(project: Path) -> None:
    (project / "data/raw/empty.pdf").touch()
    code, said = extract(project)
    assert (code, said.count("\n")) == (0, 2), said
    assert said.splitlines() == [
        "extract: 2 files (1 bad), 1 pages: 1 ok",
        "extract: data/raw/empty.pdf is empty. Replace it, or take it out of the folder.",
    ]
    metrics = json.loads((project / "metrics/extract.json").read_text(encoding="utf-8"))
    assert (metrics["files"], metrics["ok"], metrics["bad_files"]) == (2, 1, {"empty_file": 1})
    assert json.loads((project / "data/bad_files.json").read_text(encoding="utf-8"))[0]["reason"] == "empty_file"


def test_a_bad_file_stops_the_stage_where_that_is_asked_for_and_nothing_is_written(project: Path) -> None:
    (project / "data/raw/empty.pdf").touch()
    code, said = extract(project, "on_bad_file: fail")
    assert code == 1
    assert said == "extract: data/raw/empty.pdf is empty. Replace it, or take it out of the folder.\n"
    assert not list((project / "data").glob("*.json*"))
    assert not list((project / "data").glob(".*.part"))


def test_a_folder_of_only_bad_files_fails(project: Path) -> None:
    (project / "data/raw/good.pdf").write_bytes(b"")
    code, said = extract(project)
    assert (code, said.count("\n")) == (1, 1)
    assert "data/raw/good.pdf is empty" in said


def test_pages_that_cannot_be_used_are_counted_by_reason(project: Path) -> None:
    canvas = Canvas(str(project / "data/raw/good.pdf"))
    canvas.showPage()
    canvas.save()
    code, said = extract(project)
    assert code == 1
    assert "none of 1 pages can be used (1 no_text)" in said


def test_every_reason_says_what_to_do() -> None:
    reasons = BadFile.model_fields["reason"].annotation.__args__
    for reason in reasons:
        seen = why_not_read(Path("a.doc")) if reason == "not_read" else "what was seen"
        line = what_to_do(BadFile(file="a.pdf", reason=reason, seen=seen))
        assert "\n" not in line
        assert re.search(r"Replace|Check the file|Add it|Raise|Take the file out|[Ss]ave it|Run `", line), line


# --- Hostile files -------------------------------------------------------------------------------------------------


def raw_pdf(*objects: bytes) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalog."""
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer\n<</Root 1 0 R /Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    )


CATALOG, FONT = b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>"
PAGE = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F 5 0 R>>>>>>"


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def looping_tree() -> bytes:
    return raw_pdf(
        CATALOG,
        b"<</Type /Pages /Kids [3 0 R] /Count 1000000>>",
        b"<</Type /Pages /Parent 2 0 R /Kids [2 0 R 3 0 R] /Count 1000000>>",
    )


@cache
def decompression_bomb() -> bytes:
    """Return a PDF of a megabyte that draws some 1 GB of text; its content stream is compressed twice."""
    packer = zlib.compressobj(9)
    line = b"BT /F 1 Tf (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj ET\n" * 20_000
    packed = b"".join(packer.compress(line) for _ in range(900)) + packer.flush()
    return raw_pdf(
        CATALOG,
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        PAGE,
        stream(zlib.compress(packed, 9), b"/Filter [/FlateDecode /FlateDecode]"),
        FONT,
    )


def many_objects() -> bytes:
    text = stream(b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % SENTENCE.encode())
    fillers = [b"<</N %d>>" % number for number in range(100_000)]
    return raw_pdf(CATALOG, b"<</Type /Pages /Kids [3 0 R] /Count 1>>", PAGE, text, FONT, *fillers)


def named_out_of_the_folder() -> bytes:
    text = stream(b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % SENTENCE.encode())
    catalog = b"<</Type /Catalog /Pages 2 0 R /Names <</EmbeddedFiles <</Names [(../../escape) 6 0 R]>>>>>>"
    embedded = b"<</Type /Filespec /F (../../escape) /UF (../../escape) /EF <</F 7 0 R>>>>"
    pages = b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
    return raw_pdf(catalog, pages, PAGE, text, FONT, embedded, stream(b"payload", b"/Type /EmbeddedFile"))


def test_hostile_files_take_their_limits_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for make in (looping_tree, decompression_bomb, many_objects, named_out_of_the_folder):
        (folder / f"{make.__name__}.pdf").write_bytes(make())
    write_pdf(folder / "..%2f..%2fescape.pdf")
    write_pdf(folder / "zz_good.pdf")
    before = {path for path in tmp_path.parent.rglob("*") if path.is_file()}
    found = outcomes(folder, timeout_seconds=8.0, memory_mib=512)
    assert found.pop("looping_tree.pdf") == "broken_file"
    assert found.pop("decompression_bomb.pdf") in ("timed_out", "out_of_memory", "crashed")
    assert set(found.values()) == {"ok"}
    assert set(found) == {"many_objects.pdf", "named_out_of_the_folder.pdf", "..%2f..%2fescape.pdf", "zz_good.pdf"}
    assert {path for path in tmp_path.parent.rglob("*") if path.is_file()} == before


def test_a_missing_page_is_set_aside_and_the_others_are_read(tmp_path: Path) -> None:
    text = stream(b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % SENTENCE.encode())
    other = stream(b"BT /F 12 Tf 72 700 Td (The cafe closes an hour before the reading room.) Tj ET")
    pages = b"<</Type /Pages /Kids [3 0 R 99 0 R 6 0 R] /Count 3>>"
    (tmp_path / "gap.pdf").write_bytes(raw_pdf(CATALOG, pages, PAGE, text, FONT, PAGE.replace(b"4 0", b"7 0"), other))
    found = [page for page in read_documents(tmp_path, PARAMS) if isinstance(page, Page)]
    assert [page.reason for page in found] == [None, "broken_page", None]
    assert [page.text for page in found] == [SENTENCE, "", "The cafe closes an hour before the reading room."]


def test_a_number_of_pages_that_is_made_up_is_not_believed(tmp_path: Path) -> None:
    text = stream(b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % SENTENCE.encode())
    pages = b"<</Type /Pages /Kids [3 0 R] /Count 900000>>"
    (tmp_path / "many.pdf").write_bytes(raw_pdf(CATALOG, pages, PAGE, text, FONT))
    assert next(iter(read_documents(tmp_path, PARAMS))) == 1


def test_text_whose_font_does_not_say_what_its_glyphs_are_is_set_aside(tmp_path: Path) -> None:
    """The codes are the font's own glyph numbers, and read as text they are other characters."""
    shifted = "".join(chr(ord(letter) - 29) for letter in SENTENCE * 3).encode("utf-16-be").hex().encode()
    font = b"<</Type /Font /Subtype /Type0 /BaseFont /AAAAAA+Own /Encoding /Identity-H /DescendantFonts [6 0 R]>>"
    descendant = (
        b"<</Type /Font /Subtype /CIDFontType2 /BaseFont /AAAAAA+Own /DW 600 /FontDescriptor 7 0 R "
        b"/CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>>>>"
    )
    descriptor = b"<</Type /FontDescriptor /FontName /AAAAAA+Own /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0>>"
    text = stream(b"BT /F 6 Tf 20 700 Td <%s> Tj ET" % shifted)
    pages = b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
    (tmp_path / "own.pdf").write_bytes(raw_pdf(CATALOG, pages, PAGE, text, font, descendant, descriptor))
    assert outcomes(tmp_path) == {"own.pdf": "unreadable_font"}


def mutated(content: bytes, random: Random) -> bytes:
    """Damage a file: cut it short, remove a piece, change bytes or digits, or mix up names of the page tree."""
    damaged = bytearray(content)
    first, second = sorted(random.randrange(len(damaged)) for _ in range(2))
    kind = random.randrange(5)
    if kind == 0:
        return bytes(damaged[:second])
    if kind == 1:
        return bytes(damaged[:first] + damaged[second:])
    offsets = range(len(damaged)) if kind == 2 else [i for i, byte in enumerate(damaged) if 48 <= byte <= 57]
    if kind in (2, 3):
        for offset in random.sample(list(offsets), 20):
            damaged[offset] = random.choice(b"0123456789")
        return bytes(damaged)
    for name in (b"/Kids", b"/Count", b"/Contents", b"/Font", b"endobj", b"/Parent", b"/MediaBox", b"/Rotate"):
        if random.random() < 0.3:
            damaged = damaged.replace(name, random.choice([b"/Kids", b"/Parent", b"/Count", b"/Xxxx"]))
    return bytes(damaged)


def test_every_file_of_a_damaged_pile_is_read_or_named(tmp_path: Path) -> None:
    """A longer run of this test found a file that pdfplumber can open but not close."""
    random = Random(7)
    sources = [path.read_bytes() for path in sorted((ROOT / "data/raw").glob("*.pdf"))]
    for number in range(80):
        (tmp_path / f"{number:02d}.pdf").write_bytes(mutated(random.choice(sources), random))
    found = outcomes(tmp_path, timeout_seconds=20.0, memory_mib=512)
    assert len(found) == 80
    assert len(set(found.values())) >= 3


def test_an_emoji_or_half_of_one_stops_nothing(tmp_path: Path) -> None:
    """PDFium counts in UTF-16, and half of a surrogate pair cannot be written as UTF-8."""
    for name, code in (("emoji", b"D83DDE00"), ("half", b"D83D")):
        cmap = stream(
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <FF> "
            b"endcodespacerange 1 beginbfchar <23> <%s> endbfchar endcmap end end" % code
        )
        font = FONT.replace(b">>", b"/ToUnicode 6 0 R>>")
        text = stream(b"BT /F 12 Tf 72 700 Td (# %s) Tj ET" % SENTENCE.encode())
        pages = b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
        (tmp_path / f"{name}.pdf").write_bytes(raw_pdf(CATALOG, pages, PAGE, text, font, cmap))
    write_pdf(tmp_path / "plain.pdf")
    found = [page for page in read_documents(tmp_path, PARAMS) if isinstance(page, Page)]
    assert [page.doc_id for page in found] == ["emoji", "half", "plain"]
    assert all(page.model_dump_json().isprintable() and SENTENCE in page.text for page in found)
    assert found[0].text.startswith("\U0001f600")


def table_content(x: float, y: float) -> bytes:
    """Return content that draws two rows of two cells from this corner, a caption above and a line below them."""
    lines = [b"%g %g %g %g re S" % (x + 100 * i, y + 20 * j, 100, 20) for i in range(2) for j in range(2)]
    texts = [(x + 4 + 100 * i, y + 26 - 20 * j, b"cell%d%d" % (j, i)) for i in range(2) for j in range(2)]
    texts += [(x, y + 60, b"The fees of this year"), (x, y - 30, b"After the table stands a line of its own.")]
    return b"\n".join(lines + [b"BT /F 10 Tf 1 0 0 1 %g %g Tm (%s) Tj ET" % text for text in texts])


@pytest.mark.parametrize("box", [b"[0 0 595 842]", b"[-60 -60 595 842]", b"[100 50 500 700]", b"[595 842 0 0]"])
@pytest.mark.parametrize("inherited", [True, False])
def test_a_table_is_where_both_readers_see_it_whatever_the_page_s_corner(
    tmp_path: Path, box: bytes, inherited: bool
) -> None:
    page = PAGE.replace(b"/MediaBox [0 0 595 842]", b"" if inherited else b"/MediaBox " + box)
    pages = b"<</Type /Pages /Kids [3 0 R] /Count 1 %s>>" % (b"/MediaBox " + box if inherited else b"")
    (tmp_path / "box.pdf").write_bytes(raw_pdf(CATALOG, pages, page, stream(table_content(150, 400)), FONT))
    found = next(page for page in read_documents(tmp_path, PARAMS) if isinstance(page, Page))
    assert [(t.caption, t.rows) for t in found.tables] == [
        ("The fees of this year", [["cell00", "cell01"], ["cell10", "cell11"]])
    ]
    assert found.text.split("\n") == ["The fees of this year", "After the table stands a line of its own."]


def test_a_page_that_is_turned_twice_reads_forwards(tmp_path: Path) -> None:
    content = b"-1 0 0 -1 595 842 cm " + table_content(150, 400)
    page = PAGE.replace(b"/MediaBox", b"/Rotate 180 /MediaBox")
    pages = b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
    (tmp_path / "turned.pdf").write_bytes(raw_pdf(CATALOG, pages, page, stream(content), FONT))
    found = next(page for page in read_documents(tmp_path, PARAMS) if isinstance(page, Page))
    assert "After the table stands a line of its own." in found.text
    assert found.tables[0].rows == [["cell00", "cell01"], ["cell10", "cell11"]]


def test_no_page_gets_the_table_of_another(tmp_path: Path) -> None:
    """pdfminer skips a page without a /Type, and numbers the following ones differently from PDFium."""
    names = [b"alpha", b"bravo", b"delta", b"gamma"]
    contents = [stream(table_content(150, 400).replace(b"cell", name * 6)) for name in names]
    kids = [PAGE.replace(b"4 0 R", b"%d 0 R" % (7 + i)).replace(b"5 0 R", b"11 0 R") for i in range(4)]
    kids[1] = kids[1].replace(b"/Type /Page ", b"")
    pages = b"<</Type /Pages /Kids [3 0 R 4 0 R 5 0 R 6 0 R] /Count 4>>"
    (tmp_path / "shifted.pdf").write_bytes(raw_pdf(CATALOG, pages, *kids, *contents, FONT))
    found = [page for page in read_documents(tmp_path, PARAMS) if isinstance(page, Page)]
    assert len(found) == 4
    for page, name in zip(found, names, strict=True):
        texts = page.text + str([table.rows for table in page.tables])
        assert name.decode() in texts
        assert not [other for other in names if other != name and other.decode() in texts]


def test_text_beside_the_cells_of_a_table_stays_in_the_text(tmp_path: Path) -> None:
    ruled = [(150, 420, 100, 20), (250, 420, 100, 20), (150, 380, 100, 40)]
    texts = [(154, 426, b"left head"), (254, 426, b"right head"), (154, 396, b"below"), (254, 396, b"In the notch.")]
    content = b"\n".join(
        [b"%d %d %d %d re S" % box for box in ruled] + [b"BT /F 10 Tf 1 0 0 1 %d %d Tm (%s) Tj ET" % t for t in texts]
    )
    pages = b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
    (tmp_path / "notch.pdf").write_bytes(raw_pdf(CATALOG, pages, PAGE, stream(content), FONT))
    found = next(page for page in read_documents(tmp_path, PARAMS) if isinstance(page, Page))
    assert "In the notch." in found.text + str([table.rows for table in found.tables])


def test_one_page_that_takes_too_long_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    bomb = re.search(rb"4 0 obj\n(.*?)\nendobj", decompression_bomb(), re.DOTALL)
    assert bomb is not None
    text = stream(b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % SENTENCE.encode())
    pages = b"<</Type /Pages /Kids [3 0 R 6 0 R] /Count 2>>"
    hostile = PAGE.replace(b"4 0 R", b"7 0 R")
    (tmp_path / "half.pdf").write_bytes(raw_pdf(CATALOG, pages, PAGE, text, FONT, hostile, bomb.group(1)))
    limits = PARAMS.model_copy(update={"timeout_seconds": 5.0, "memory_mib": 512})
    found = list(read_documents(tmp_path, limits))
    reasons = [page.reason for page in found if isinstance(page, Page)]
    assert reasons[0] is None
    assert reasons[1] in ("timed_out", "out_of_memory", "crashed")


def test_two_files_of_the_same_name_are_refused(tmp_path: Path) -> None:
    write_pdf(tmp_path / "same.pdf")
    write_pdf(tmp_path / "same.PDF")
    with pytest.raises(UserError, match="would both be document 'same'"):
        find_documents(tmp_path)


def test_a_name_that_is_not_utf_8_is_still_one_line(tmp_path: Path) -> None:
    write_pdf(tmp_path / "plain.pdf")
    strange = os.fsencode(tmp_path) + b"/bad\xff\nname.pdf"
    os.rename(tmp_path / "plain.pdf", strange)  # noqa: PTH104
    assert outcomes(tmp_path) == {"bad\ufffd\ufffdname.pdf": "ok"}


def test_a_long_file_is_read_in_parts_of_nearly_equal_length(tmp_path: Path) -> None:
    write_pdf(tmp_path / "long.pdf", pages=70)
    pages = [page for page in read_documents(tmp_path, PARAMS) if isinstance(page, Page)]
    assert [page.page_number for page in pages] == list(range(1, 71))
    source = type("Source", (), {"page_count": 70, "is_pdf": True})()
    assert [(part.first, part.last) for part in page_ranges(source, PARAMS)] == [(1, 23), (24, 46), (47, 70)]


def test_a_summary_counts_every_page_once() -> None:
    summary = ExtractSummary()
    summary.add(BadFile(file="a.pdf", reason="empty_file", seen=""))
    assert summary.metrics()["files"] == 1
    with pytest.raises(UserError, match=r"a\.pdf is empty"):
        summary.check("skip")


def test_a_system_that_refuses_a_limit_of_memory_reads_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS refuses it. The test restores the handler of Ctrl-C that the process replaces."""
    import resource
    import signal
    from threading import Semaphore

    from pagetune.extract.engine import _enter_process

    def refuse(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    kept, started = signal.getsignal(signal.SIGINT), Semaphore(0)
    monkeypatch.setattr(resource, "setrlimit", refuse)
    _enter_process(100, started)
    signal.signal(signal.SIGINT, kept)
    assert started.acquire(blocking=False)
