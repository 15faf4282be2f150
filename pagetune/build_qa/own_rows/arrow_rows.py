"""Rows of Parquet, of a folder that `datasets` saved, and of a data set on the Hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pagetune.build_qa.own_rows.raw import RawRow, Source
from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.params import HubDataset

_BATCH = 10_000
#: What `save_to_disk` writes beside a data set, and beside several splits of one.
SAVED = ("state.json", "dataset_dict.json")


def parquet_source(path: Path) -> Source:
    """Open a Parquet file. Raises UserError where it is not one."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise UserError(
            "{path} is not Parquet ({error}). Write it again.", path=path, error=_first_line(error)
        ) from None
    return Source(str(path), path.stem, _whole(path, _numbered(str(path), file.iter_batches(_BATCH))))


def _whole(path: Path, rows: Iterator[RawRow]) -> Iterator[RawRow]:
    from pyarrow import ArrowException

    try:
        yield from rows
    except (ArrowException, OSError) as error:
        raise UserError("{path} is damaged ({error}). Write it again.", path=path, error=_first_line(error)) from None


def _numbered(where: str, batches: Iterator[Any]) -> Iterator[RawRow]:
    number = 0
    for batch in batches:
        for values in batch.to_pylist():
            number += 1
            yield RawRow(f"{where}: row {number}", values)


def is_saved_folder(path: Path) -> bool:
    return path.is_dir() and any((path / name).is_file() for name in SAVED)


def saved_sources(path: Path) -> list[Source]:
    """Return each split of a folder that `save_to_disk` wrote. Raises UserError where it is not whole."""
    from datasets import load_from_disk

    try:
        loaded = load_from_disk(str(path))
    except Exception as error:  # whatever datasets, Arrow and the file system raise
        raise UserError(
            "{path} cannot be read by datasets ({error}). Save it again.", path=path, error=_first_line(error)
        ) from None
    splits = loaded if isinstance(loaded, dict) else {"": loaded}
    return [_split_source(f"{path}/{name}".rstrip("/"), path.name, split) for name, split in sorted(splits.items())]


def hub_source(wanted: HubDataset) -> Source:
    """Return a split of a data set on the Hub, at the commit that its revision is now.

    Raises UserError where the data set, its revision or its split cannot be loaded.
    """
    from datasets import load_dataset

    if wanted.id is None:
        raise ValueError(Remark("no data set is named"))
    at = f"{wanted.id}@{wanted.revision}" if wanted.revision else wanted.id
    try:
        split = load_dataset(wanted.id, wanted.config, split=wanted.split, revision=wanted.revision)
    except Exception as error:  # whatever datasets, huggingface_hub and httpx raise
        raise UserError(
            "params.yaml: qa.dataset: {at}, split {split}, cannot be loaded ({error}). Check id, config, "
            "split and revision, and set HF_TOKEN if it is private; or put its files into data/raw.",
            at=at,
            split=wanted.split,
            error=_first_line(error),
        ) from None
    how = "" if wanted.revision else Remark("its newest commit: pin one in qa.dataset.revision")
    return _split_source(f"{at}/{wanted.split}", wanted.id.rpartition("/")[2], split, how)


def _split_source(path: str, name: str, split: Any, how: str = "") -> Source:
    return Source(path, name, _numbered(path, split.data.to_batches(_BATCH)), how)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
