"""Extract text and tables from PDFs: data/raw/*.pdf -> data/pages.jsonl, one Page a line, and data/bad_files.json."""

from pathlib import Path

from pagetune.errors import UserError, run_stage
from pagetune.extract.files import find_pdfs
from pagetune.extract.pages import read_documents
from pagetune.extract.summary import ExtractSummary, progress, say_bad_file
from pagetune.jsonl import atomic_write, write_json, write_records
from pagetune.params import Params, load_params
from pagetune.records import Page

RAW, PAGES, BAD_FILES = Path("data/raw"), Path("data/pages.jsonl"), Path("data/bad_files.json")
METRICS = Path("metrics/extract.json")
#: Files that build_qa reads.
OWN_ROWS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


def main() -> None:
    settings, summary = load_params(), ExtractSummary()
    params = settings.extract
    if reason := why_nothing(settings):
        read_nothing(summary, reason)
        return
    check_folder()
    with atomic_write(PAGES) as pages, progress() as advance:
        for found in read_documents(RAW, params):
            advance(found)
            if isinstance(found, int):
                continue
            summary.add(found)
            if isinstance(found, Page):
                pages.write(found.model_dump_json() + "\n")
        summary.check(params.on_bad_file)
    for bad in summary.bad_files:
        say_bad_file(bad)
    write_json(BAD_FILES, [bad.model_dump() for bad in summary.bad_files])
    write_json(METRICS, summary.metrics())
    print(f"extract: {summary}")


def why_nothing(params: Params) -> str | None:
    """Return the reason if no PDF is to be read."""
    if params.task == "summarization":
        return "task is summarization"
    return None if params.qa.source == "documents" else f"qa.source is {params.qa.source}"


def read_nothing(summary: ExtractSummary, reason: str) -> None:
    write_records(PAGES, [])
    write_json(BAD_FILES, [])
    write_json(METRICS, summary.metrics())
    print(f"extract: {reason}: no PDF is read, {PAGES} is empty")


def check_folder() -> None:
    if not find_pdfs(RAW) and not any(path.suffix.lower() in OWN_ROWS or path.is_dir() for path in RAW.iterdir()):
        raise UserError(
            f"{RAW} holds neither a *.pdf nor rows of your own ({', '.join(f'*{suffix}' for suffix in OWN_ROWS)}). Put "
            "your documents there, or set qa.source: rows for a data set on the Hub."
        )
    nested = [path for path in RAW.rglob("*") if path.suffix.lower() == ".pdf" and path.parent != RAW]
    if nested:
        raise UserError(f"{nested[0]} is in a subfolder, which is not read. Move it to {RAW}.")


if __name__ == "__main__":
    run_stage("extract", main)
