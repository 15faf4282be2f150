"""Extract text and tables from PDFs: data/raw/*.pdf -> data/pages.jsonl, one Page a line."""

from pathlib import Path

from pagetune.errors import UserError, run_stage
from pagetune.jsonl import write_json, write_records
from pagetune.params import load_params
from pagetune.pdf import find_pdfs, read_documents
from pagetune.records import Page

RAW, PAGES, METRICS = Path("data/raw"), Path("data/pages.jsonl"), Path("metrics/extract.json")


def main() -> None:
    params = load_params().extract
    if not find_pdfs(RAW) and not list(RAW.glob("*.jsonl")):
        raise UserError(f"{RAW} holds neither a *.pdf nor a *.jsonl. Put your documents there.")
    nested = [path for path in RAW.rglob("*") if path.suffix.lower() == ".pdf" and path.parent != RAW]
    if nested:
        raise UserError(f"{nested[0]} lies in a folder of its own, which is not read. Move it to {RAW}.")
    pages = list(read_documents(RAW, params))
    counts = count(pages)
    if pages and not counts["ok"]:
        raise UserError(f"{RAW}: none of {len(pages)} pages holds text; scans need OCR. Add PDFs with a text layer.")
    write_records(PAGES, pages)
    write_json(METRICS, counts)
    print(f"extract: {counts['files']} files, {len(pages)} pages: {counts['ok']} ok, {counts['no_text']} without text")


def count(pages: list[Page]) -> dict[str, int]:
    return {
        "files": len({page.doc_id for page in pages}),
        "pages": len(pages),
        "ok": sum(page.status == "ok" for page in pages),
        "no_text": sum(page.reason == "no_text" for page in pages),
        "tables": sum(len(page.tables) for page in pages),
        "headers_removed": sum(int(page.quality["headers_removed"]) for page in pages),
    }


if __name__ == "__main__":
    run_stage("extract", main)
