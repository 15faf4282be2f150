"""Report on the files and pages: counts, one line for each bad file, and a progress bar."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pagetune.errors import UserError
from pagetune.extract.files import PASSWORDS_HELP, SUFFIXES
from pagetune.language import Remark, retell, tr
from pagetune.records import BadFile, Page

#: What is wrong with a file, by the reason in its record, and what to do.
_WHAT_TO_DO = {
    "empty_file": Remark("is empty. Replace it, or take it out of the folder."),
    "unreadable": Remark("cannot be read ({seen}). Check the file and its permissions, or take it out of the folder."),
    "not_a_pdf": Remark("is not a PDF (it {seen}). Replace it, or take it out of the folder."),
    "broken_file": Remark("is broken ({seen}). Replace it, or take it out of the folder."),
    "not_read": Remark("is {seen}."),
    "locked": Remark("is {seen}, which only Hangul opens. Save it there without protection, or as a PDF."),
    "unknown_encoding": Remark("is text in an unknown encoding ({seen}). Save it as UTF-8."),
    "missing_library": Remark("needs a library that is not installed. Run `{seen}`."),
    "no_password": Remark("is protected by a password. {help}."),
    "wrong_password": Remark("does not open with the password given for it. {help}."),
    "xfa_only": Remark(
        "is an XFA form, which only Adobe's programs show (its page {seen}). Replace it by a flattened copy: open it "
        "in Adobe Reader, and print it to a PDF."
    ),
    "timed_out": Remark(
        "could not be opened: it {seen}. Raise extract.timeout_seconds, or take the file out of the folder."
    ),
    "out_of_memory": Remark(
        "could not be opened: it {seen}. Raise extract.memory_mib, or take the file out of the folder."
    ),
    "crashed": Remark("could not be opened: it {seen}. Take the file out of the folder, or raise extract.memory_mib."),
}
_NO_PAGE = Remark(
    "Set extract.ocr: auto for scanned PDFs, save other documents of pictures as PDFs for it, download damaged files "
    "once more, or add documents with text."
)


class ExtractSummary:
    """Counts of what was read. They take the same memory however many pages there are."""

    def __init__(self) -> None:
        self.bad_files: list[BadFile] = []
        self._files: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._quarantined: Counter[str] = Counter()

    def add(self, found: Page | BadFile) -> None:
        if isinstance(found, BadFile):
            self.bad_files.append(found)
            return
        self._files.add(found.doc_id)
        self._counts += Counter(
            {
                "pages": 1,
                "ok": int(found.status == "ok"),
                "tables": len(found.tables),
                "partly_outlined": int(found.status == "ok" and found.quality["partly_outlined"] > 0),
                "headers_removed": int(found.quality["headers_removed"]),
                "read_by_ocr": int("ocr_confidence" in found.quality),
            }
        )
        if found.reason:
            self._quarantined[found.reason] += 1

    def check(self, on_bad_file: str) -> None:
        """Raise UserError if no page can be used, or if `on_bad_file` is "fail" and a file is bad."""
        lines = [f"data/raw/{bad.file} {what_to_do(bad)}" for bad in self.bad_files]
        documents = [bad for bad in self.bad_files if Path(bad.file).suffix.lower() in SUFFIXES]
        if lines and (on_bad_file == "fail" or (documents and not self._files)):
            raise UserError("\n".join(lines))
        if self._counts["pages"] and not self._counts["ok"]:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self._quarantined.items()))
            raise UserError(
                "data/raw: none of {pages} pages can be used ({reasons}). {why}",
                pages=self._counts["pages"],
                reasons=reasons,
                why=_NO_PAGE,
            )

    def metrics(self) -> dict[str, object]:
        """Return the counts of files and pages, with the reasons in alphabetical order."""
        bad = Counter(bad.reason for bad in self.bad_files)
        names = ("pages", "ok", "partly_outlined", "tables", "headers_removed", "read_by_ocr")
        return (
            {"files": len(self._files) + len(self.bad_files)}
            | {name: self._counts[name] for name in names}
            | {"quarantined": dict(sorted(self._quarantined.items())), "bad_files": dict(sorted(bad.items()))}
        )

    def __str__(self) -> str:
        quarantined = "".join(f", {count} {reason}" for reason, count in sorted(self._quarantined.items()))
        outlined = self._counts["partly_outlined"]
        return tr(
            "{files} files{bad}, {pages} pages: {ok} ok{partly}{quarantined}",
            files=len(self._files) + len(self.bad_files),
            bad=tr(" ({count} bad)", count=len(self.bad_files)) if self.bad_files else "",
            pages=self._counts["pages"],
            ok=self._counts["ok"],
            partly=tr(" ({count} with lines drawn as shapes)", count=outlined) if outlined else "",
            quarantined=quarantined,
        )


def what_to_do(bad: BadFile) -> str:
    return tr(_WHAT_TO_DO[bad.reason], seen=retell(bad.seen), help=PASSWORDS_HELP)


def say_bad_file(bad: BadFile) -> None:
    print(f"extract: data/raw/{bad.file} {what_to_do(bad)}", file=sys.stderr)


@contextmanager
def progress() -> Iterator[Callable[[Page | BadFile | int], None]]:
    """Show a bar with the pages read and the time left, on a terminal only.

    The function that is yielded expects the total number of pages first, then each page or bad file.
    """
    columns = (TextColumn("extract:"), BarColumn(), MofNCompleteColumn(), TextColumn("pages"), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("extract")

        def advance(found: Page | BadFile | int) -> None:
            if isinstance(found, int):
                bar.update(task, total=found)
            elif isinstance(found, Page):
                bar.advance(task)

        yield advance
