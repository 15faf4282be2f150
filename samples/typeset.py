"""Typeset the sample documents: samples/*.txt -> data/raw/*.pdf. It need not be run again; the PDFs are in Git.

    apt-get install fonts-nanum && python -m samples.typeset

Everything in the samples is invented for this project, except the address of 금융보안교육센터. The pages look like
users' PDFs: lines break inside Korean words, the guide has two columns under a running header, the notices contain
tables. The font is Nanum Gothic (SIL Open Font License), embedded as a subset.
"""

from pathlib import Path
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table, TableStyle

SAMPLES, RAW = Path("samples"), Path("data/raw")
FONTS = Path("/usr/share/fonts/truetype/nanum")
MARGIN, GUTTER = 22 * mm, 8 * mm

TITLE = ParagraphStyle("title", fontName="Bold", fontSize=17, leading=24, alignment=TA_CENTER, spaceAfter=14)
HEADING = ParagraphStyle("heading", fontName="Bold", fontSize=12, leading=17, spaceBefore=10, spaceAfter=6)
CAPTION = ParagraphStyle("caption", fontName="Bold", fontSize=10.5, leading=15, spaceBefore=8, spaceAfter=4)
BODY = ParagraphStyle("body", fontName="Regular", fontSize=10, leading=15.5, spaceAfter=6)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=9.5, leading=13, spaceAfter=0)


def read_sample(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return a sample's head as a dictionary, and its blocks.

    A sample is a head of `key: value` lines, a line `---`, and blocks separated by blank lines.
    """
    head, body = path.read_text(encoding="utf-8").split("\n---\n", 1)
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return fields, [block.strip() for block in body.split("\n\n") if block.strip()]


def body_style(blocks: list[str], style: ParagraphStyle) -> ParagraphStyle:
    """Return `style`; for Korean its lines break between any two characters, as Korean word processors do."""
    korean = any("가" <= character <= "힣" for block in blocks for character in block)
    return ParagraphStyle(style.name, parent=style, wordWrap="CJK" if korean else None)


def set_block(block: str, body: ParagraphStyle, width: float) -> Flowable:
    if block.startswith("## "):
        return Paragraph(block[3:], CAPTION)
    if block.startswith("# "):
        return Paragraph(block[2:], HEADING)
    if block.startswith("|"):
        return set_table(block, width)
    return Paragraph(block, body)


def set_table(block: str, width: float) -> Table:
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.splitlines()]
    cell = body_style([block], CELL)
    table = Table(
        [[Paragraph(text, cell) for text in row] for row in rows], colWidths=[width / len(rows[0])] * len(rows[0])
    )
    whole: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (-1, -1))
    table.setStyle(
        TableStyle(
            [
                ("GRID", *whole, 0.5, colors.grey),
                ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
                ("VALIGN", *whole, "MIDDLE"),
            ]
        )
    )
    table.repeatRows = 1
    return table


def frames(layout: str) -> tuple[list[Frame], float]:
    """Return the page's columns, and the width of each in points."""
    width, height = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN
    if layout != "guide":
        return [Frame(MARGIN, MARGIN, width, height, 0, 0, 0, 0)], width
    column = (width - GUTTER) / 2
    return [Frame(MARGIN + i * (column + GUTTER), MARGIN, column, height, 0, 0, 0, 0) for i in range(2)], column


def draw_header(text: str) -> Any:
    def draw(canvas: Any, document: Any) -> None:
        canvas.setFont("Regular", 8.5)
        canvas.drawString(MARGIN, A4[1] - 14 * mm, text)
        canvas.drawCentredString(A4[0] / 2, 12 * mm, f"- {document.page} -")

    return draw


def typeset(source: Path, target: Path) -> None:
    fields, blocks = read_sample(source)
    columns, width = frames(fields["layout"])
    document = BaseDocTemplate(str(target), pagesize=A4, title=fields["title"], invariant=1)
    document.addPageTemplates(PageTemplate("page", columns, onPage=draw_header(fields.get("header", ""))))
    body = body_style(blocks, BODY)
    story: list[Flowable] = [Paragraph(fields["title"], TITLE)]
    document.build(story + [set_block(block, body, width) for block in blocks])


def main() -> None:
    pdfmetrics.registerFont(TTFont("Regular", str(FONTS / "NanumGothic.ttf")))
    pdfmetrics.registerFont(TTFont("Bold", str(FONTS / "NanumGothicBold.ttf")))
    RAW.mkdir(parents=True, exist_ok=True)
    for source in sorted(SAMPLES.glob("*.txt")):
        typeset(source, RAW / f"{source.stem}.pdf")
        print(f"{source} -> {RAW / source.stem}.pdf")


if __name__ == "__main__":
    main()
