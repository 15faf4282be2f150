"""Finds the files and data sets that hold rows, and opens each by what it is."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pagetune.build_qa.own_rows.arrow_rows import hub_source, is_saved_folder, parquet_source, saved_sources
from pagetune.build_qa.own_rows.csv_rows import DELIMITERS, delimiter_of, read_csv_rows
from pagetune.build_qa.own_rows.encoding import NAMES, encoding_of
from pagetune.build_qa.own_rows.json_rows import read_json_rows
from pagetune.build_qa.own_rows.raw import Source
from pagetune.params import HubDataset

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


def all_sources(folder: Path, dataset: HubDataset) -> Iterator[Source]:
    """Yield everything that holds a user's own rows, in the order of the names.

    Raises UserError, as the sources do while they are read, where one cannot be read at all.
    """
    yield from folder_sources(folder)
    if dataset.id is not None:
        yield hub_source(dataset)


def folder_sources(folder: Path) -> Iterator[Source]:
    """Yield the files of the folder itself and the data sets saved in it; other subfolders are not read."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if is_saved_folder(path):
            yield from saved_sources(path)
        elif path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
            yield _open(path)


def _open(path: Path) -> Source:
    suffix, name = path.suffix.lower(), unicodedata.normalize("NFC", path.stem)
    if suffix == ".parquet":
        return parquet_source(path)
    encoding = encoding_of(path)
    if suffix in (".json", ".jsonl"):
        return Source(str(path), name, read_json_rows(path, encoding), NAMES[encoding])
    delimiter = delimiter_of(path, encoding)
    how = ", ".join(filter(None, (NAMES[encoding], DELIMITERS[delimiter])))
    return Source(str(path), name, read_csv_rows(path, encoding, delimiter), how)
