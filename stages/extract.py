"""Extract text and tables from documents: data/raw -> data/pages.jsonl, one Page a line, and data/bad_files.json."""

from pathlib import Path

from pagetune.errors import UserError, run_stage
from pagetune.extract.files import OWN_ROWS, SUFFIXES, find_documents, find_nested, find_unread
from pagetune.extract.pages import read_documents
from pagetune.extract.summary import ExtractSummary, progress, say_bad_file, what_to_do
from pagetune.jsonl import atomic_write, write_json, write_records
from pagetune.language import tr
from pagetune.params import Params, load_params
from pagetune.records import Page

RAW, PAGES, BAD_FILES = Path("data/raw"), Path("data/pages.jsonl"), Path("data/bad_files.json")
METRICS = Path("metrics/extract.json")


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
        if not pages.tell():
            pages.write("\n")  # as write_records does: an empty file would look as if its content were lost
    for bad in summary.bad_files:
        say_bad_file(bad)
    write_json(BAD_FILES, [bad.model_dump() for bad in summary.bad_files])
    write_json(METRICS, summary.metrics())
    print(f"extract: {summary}")


def why_nothing(params: Params) -> str | None:
    """Return the reason if no document is to be read."""
    if params.task == "summarization":
        return tr("task is summarization")
    return None if params.qa.source == "documents" else tr("qa.source is {source}", source=params.qa.source)


def read_nothing(summary: ExtractSummary, reason: str) -> None:
    write_records(PAGES, [])
    write_json(BAD_FILES, [])
    write_json(METRICS, summary.metrics())
    print(tr("extract: {reason}: no document is read, {path} is empty", reason=reason, path=PAGES))


def check_folder() -> None:
    if not RAW.exists() and not RAW.is_symlink():
        raise UserError("{folder} is not there. Make the folder, and put your documents there.", folder=RAW)
    next(RAW.iterdir(), None)  # which raises where it cannot be read
    if not find_documents(RAW) and not any(path.suffix.lower() in OWN_ROWS or path.is_dir() for path in RAW.iterdir()):
        unread = "".join(f"\ndata/raw/{bad.file} {what_to_do(bad)}" for bad in find_unread(RAW))
        raise UserError(
            "{folder} holds no document ({endings}) and no rows of your own ({endings_of_rows}). Put "
            "your documents there, or set qa.source: rows for a data set on the Hub.{unread}",
            folder=RAW,
            endings=", ".join(SUFFIXES),
            endings_of_rows=", ".join(OWN_ROWS),
            unread=unread,
        )
    if nested := find_nested(RAW):
        raise UserError("{path} is in a subfolder, which is not read. Move it to {folder}.", path=nested[0], folder=RAW)


if __name__ == "__main__":
    run_stage("extract", main)
