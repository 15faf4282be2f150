"""Dialogues with their summaries, from CSV or JSON Lines files whose columns `summarization.columns` names."""

import re
from pathlib import Path
from typing import Any

from pagetune.build_qa.pairs import make_id
from pagetune.build_qa.user_rows import cell_text, files_with_suffix, read_rows
from pagetune.errors import UserError
from pagetune.params import DialogueColumns
from pagetune.records import Pair


def read_dialogues(folder: Path, columns: DialogueColumns) -> list[Pair]:
    """Return a pair for each dialogue in `folder`: its first summary is the output, the others are references.

    Rows with the same dialogue become one pair with all their summaries. Without a topic column each dialogue is a
    document of its own. Raises UserError with file and line where a row cannot be used.
    """
    needed = {
        "summarization.columns.dialogue": columns.dialogue,
        "summarization.columns.summaries": columns.summaries[0],
    }
    if columns.topic:
        needed["summarization.columns.topic"] = columns.topic
    found: dict[str, Pair] = {}
    for path in files_with_suffix(folder, "csv", "jsonl") if folder.is_dir() else []:
        for where, row in read_rows(path, needed):
            pair = _dialogue_pair(where, path, row, columns)
            found[pair.instruction] = _merge_summaries(found.get(pair.instruction), pair)
    return list(found.values())


def _dialogue_pair(where: str, path: Path, row: dict[str, Any], columns: DialogueColumns) -> Pair:
    dialogue = _tidy_turns(cell_text(where, row, columns.dialogue))
    first, *others = _all_summaries(where, row, columns)
    pair_id = make_id(path.stem, dialogue, first)
    topic = cell_text(where, row, columns.topic) if columns.topic else pair_id
    return Pair.original(pair_id, dialogue, first, "dialogue", topic, references=others)


def _tidy_turns(dialogue: str) -> str:
    """Strip every turn, and drop empty lines. Each line is one turn."""
    return "\n".join(turn for line in re.split(r"\r\n?|\n", dialogue) if (turn := line.strip()))


def _all_summaries(where: str, row: dict[str, Any], columns: DialogueColumns) -> list[str]:
    """Return the row's different summaries. The first column must hold at least one; the others may be empty."""
    first, *further = columns.summaries
    summaries = _column_summaries(where, row, first)
    for name in further:
        if row.get(name) not in (None, "", []):
            summaries += _column_summaries(where, row, name)
    return list(dict.fromkeys(summaries))


def _column_summaries(where: str, row: dict[str, Any], name: str) -> list[str]:
    value = row.get(name)
    if not isinstance(value, list):
        return [cell_text(where, row, name)]
    if not value:
        raise UserError(f"{where}: {name!r} should be a text or a list of texts, got an empty list. Add a summary.")
    return [cell_text(where, {name: text}, name) for text in value]


def _merge_summaries(earlier: Pair | None, pair: Pair) -> Pair:
    if earlier is None:
        return pair
    summaries = dict.fromkeys([earlier.output, *earlier.references, pair.output, *pair.references])
    return earlier.model_copy(update={"references": [text for text in summaries if text != earlier.output]})
