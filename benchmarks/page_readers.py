"""Read a folder of PDFs with another reader, for benchmarks/pages.py, which starts this file in that reader's own venv.

    python page_readers.py READER FOLDER OUTPUT.json

It imports nothing of the project. The output is {"version", "seconds", "cpu_seconds", "files": {name: [[text, tables],
…]}}, with an entry for each page; a table is a list of rows of cell texts. The seconds are those of reading, without
imports; those of the CPU include threads and child processes.
"""

import html
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

Table = list[list[str]]
Pages = list[tuple[str, list[Table]]]


def read_with_pymupdf4llm(paths: list[Path]) -> dict[str, Pages]:
    import pymupdf4llm

    read = {}
    for path in paths:
        chunks = pymupdf4llm.to_markdown(path, page_chunks=True, header=False, footer=False, show_progress=False)
        read[path.name] = [(markdown_text(chunk["text"]), list(markdown_tables(chunk["text"]))) for chunk in chunks]
    return read


def read_with_opendataloader(paths: list[Path]) -> dict[str, Pages]:
    import opendataloader_pdf

    with tempfile.TemporaryDirectory() as folder:
        opendataloader_pdf.convert([str(path) for path in paths], output_dir=folder, format="json", quiet=True)
        written = {path.name: Path(folder, f"{path.stem}.json") for path in paths}
        return {
            name: element_pages(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []
            for name, file in written.items()
        }


def read_with_edgeparse(paths: list[Path]) -> dict[str, Pages]:
    """Read page by page: edgeparse's Markdown does not say where a page ends, and its JSON leaves table cells blank."""
    import edgeparse

    read: dict[str, Pages] = {}
    for path in paths:
        count = json.loads(edgeparse.convert(str(path), format="json"))["number of pages"]
        texts = [edgeparse.convert(str(path), format="markdown", pages=str(number + 1)) for number in range(count)]
        read[path.name] = [(markdown_text(text), list(markdown_tables(text))) for text in texts]
    return read


#: For each reader: its package, and how it reads files.
READERS: dict[str, tuple[str, Callable[[list[Path]], dict[str, Pages]]]] = {
    "pymupdf4llm": ("pymupdf4llm", read_with_pymupdf4llm),
    "opendataloader": ("opendataloader-pdf", read_with_opendataloader),
    "edgeparse": ("edgeparse", read_with_edgeparse),
}


def markdown_tables(text: str) -> Iterator[Table]:
    """Yield the tables of a Markdown text, without the line below each header."""
    for block in re.findall(r"(?:^\|.*\|[ \t]*\n?)+", text, re.MULTILINE):
        lines = [line.strip() for number, line in enumerate(block.splitlines()) if number != 1]
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
        yield [[plain(cell) for cell in row] for row in rows]


def markdown_text(text: str) -> str:
    """Return the lines of a Markdown text that are not tables, fences or pictures, without markup."""
    lines = [line.strip() for line in text.splitlines() if not line.startswith(("|", "![", "```"))]
    return "\n".join(plain(re.sub(r"^(?:#+|[-*])\s+", "", line)) for line in lines if line)


def plain(text: str) -> str:
    """Return a Markdown text without what marks bold, code, struck letters and line breaks."""
    return html.unescape(re.sub(r"\*\*|~~|`", "", text.replace("<br>", " "))).strip()


def element_pages(document: dict[str, Any]) -> Pages:
    """Return the pages of a document in the JSON of opendataloader-pdf."""
    pages: Pages = [("", []) for _ in range(document["number of pages"])]
    for element in walk(document.get("kids", [])):
        text, tables = pages[element["page number"] - 1]
        if element["type"] == "table":
            tables.append(element_table(element))
        elif content := element.get("content"):
            pages[element["page number"] - 1] = (f"{text}{content}\n", tables)
    return pages


def walk(elements: list[dict[str, Any]], *, in_table: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the elements of a page in their order: texts outside tables, and tables, also those in cells."""
    for element in elements:
        if element["type"] in ("header", "footer"):
            continue
        if element["type"] == "table":
            yield element
            cells = [cell for row in element["rows"] for cell in row["cells"]]
            yield from walk([kid for cell in cells for kid in cell.get("kids", [])], in_table=True)
            continue
        if not in_table:
            yield element
        yield from walk(element.get("kids", []) + element.get("list items", []), in_table=in_table)


def element_table(element: dict[str, Any]) -> Table:
    """Return a table's grid; what a merged cell covers stays blank."""
    cells = [cell for row in element["rows"] for cell in row["cells"]]
    width = max((cell["column number"] for cell in cells), default=0)
    grid = [[""] * width for _ in range(max((cell["row number"] for cell in cells), default=0))]
    for cell in cells:
        grid[cell["row number"] - 1][cell["column number"] - 1] = cell_text(cell.get("kids", []))
    return grid


def cell_text(elements: list[dict[str, Any]]) -> str:
    """Return the texts of a cell, without those of a table in it."""
    kept = [element for element in elements if element["type"] != "table"]
    parts = [
        part
        for element in kept
        for part in (element.get("content") or "", cell_text(element.get("kids", []) + element.get("list items", [])))
    ]
    return " ".join(filter(None, parts))


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that ended."""
    return sum(os.times()[:4])


def main(reader: str, folder: str, output: str) -> None:
    package, read = READERS[reader]
    paths = sorted(Path(folder).glob("*.pdf"))
    read(paths[:1])  # what a reader loads at its first page is not counted
    start, cpu_start = time.perf_counter(), cpu_seconds()
    files = read(paths)
    spent = {"seconds": time.perf_counter() - start, "cpu_seconds": cpu_seconds() - cpu_start}
    done = {"version": version(package), **spent, "files": files}
    Path(output).write_text(json.dumps(done, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
