"""Dialogues with their summaries, from files whose columns `summarization.columns` names."""

import re
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pagetune.build_qa.own_rows.files import folder_sources
from pagetune.build_qa.own_rows.raw import RawRow, RowError, Source, row_text
from pagetune.build_qa.pairs import make_id
from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.params import DialogueColumns
from pagetune.records import Pair


def read_dialogues(folder: Path, columns: DialogueColumns) -> list[Pair]:
    """Return a pair for each dialogue in `folder`: its first summary is the output, the others are references.

    Rows with the same dialogue become one pair with all their summaries. Without a topic column each dialogue is a
    document of its own. Raises UserError with file and line where a row cannot be used.
    """
    found: dict[str, Pair] = {}
    for source in folder_sources(folder):
        first = list(islice(source.rows, 1000))
        _check_columns(source, first, columns)
        for row in chain(first, source.rows):
            pair = _dialogue_pair(source.name, row, columns)
            found[pair.instruction] = _merge_summaries(found.get(pair.instruction), pair)
    return list(found.values())


def _check_columns(source: Source, first: list[RawRow], columns: DialogueColumns) -> None:
    needed = {"dialogue": columns.dialogue, "summaries": columns.summaries[0], "topic": columns.topic}
    seen = list(dict.fromkeys(name for row in first if isinstance(row.values, dict) for name in row.values))
    for key, name in needed.items():
        if seen and name is not None and name not in seen:
            key = f"summarization.columns.{key}"
            raise UserError(
                "{path} has no column {name!r} ({key}); it has {seen}. Change {key}.",
                path=source.path,
                name=name,
                key=key,
                seen=", ".join(seen),
            )


def _dialogue_pair(stem: str, row: RawRow, columns: DialogueColumns) -> Pair:
    try:
        if isinstance(row.values, RowError):
            raise row.values
        dialogue = _tidy_turns(row_text(row.values, columns.dialogue))
        first, *others = _all_summaries(row.values, columns)
        pair_id = make_id(stem, dialogue, first)
        topic = row_text(row.values, columns.topic) if columns.topic else pair_id
    except RowError as error:
        gap = " " if error.reason == "unreadable_row" else ": "
        raise UserError("{where}{gap}{problem}. Fix that line.", where=row.where, gap=gap, problem=error.what) from None
    return Pair.original(pair_id, dialogue, first, "dialogue", topic, references=others)


def _tidy_turns(dialogue: str) -> str:
    """Strip every turn, and drop empty lines. Each line is one turn."""
    return "\n".join(turn for line in re.split(r"\r\n?|\n", dialogue) if (turn := line.strip()))


def _all_summaries(row: dict[str, Any], columns: DialogueColumns) -> list[str]:
    """Return the row's different summaries. The first column must hold at least one; the others may be empty."""
    first, *further = columns.summaries
    summaries = _column_summaries(row, first)
    for name in further:
        if row.get(name) not in (None, "", []):
            summaries += _column_summaries(row, name)
    return list(dict.fromkeys(summaries))


def _column_summaries(row: dict[str, Any], name: str) -> list[str]:
    value = row.get(name)
    if not isinstance(value, list):
        return [row_text(row, name)]
    if not value:
        raise RowError(
            "missing_text", Remark("{name!r} should be a text or a list of texts, got an empty list", name=name)
        )
    return [row_text({name: text}, name) for text in value]


def _merge_summaries(earlier: Pair | None, pair: Pair) -> Pair:
    if earlier is None:
        return pair
    summaries = dict.fromkeys([earlier.output, *earlier.references, pair.output, *pair.references])
    return earlier.model_copy(update={"references": [text for text in summaries if text != earlier.output]})
