"""Dialogues with their summaries: CSV or JSON Lines, whose columns `summarization.columns` names."""

import re
from pathlib import Path
from typing import Any

from pagetune.build_qa.rules import make_id
from pagetune.build_qa.user_rows import cell_text, files_of, read_rows
from pagetune.errors import UserError
from pagetune.params import DialogueColumns
from pagetune.records import Pair


def read_dialogues(folder: Path, columns: DialogueColumns) -> list[Pair]:
    """A pair for each dialogue of every file in `folder`: its first summary is the output, the others are references.

    Rows of the same dialogue are one, with all their summaries. Without a topic a dialogue is a document of its own.
    Raises UserError with file and line where a row cannot be used.
    """
    needed = {
        "summarization.columns.dialogue": columns.dialogue,
        "summarization.columns.summaries": columns.summaries[0],
    }
    if columns.topic:
        needed["summarization.columns.topic"] = columns.topic
    found: dict[str, Pair] = {}
    for path in files_of(folder, "csv", "jsonl") if folder.is_dir() else []:
        for where, row in read_rows(path, needed):
            pair = _pair(where, path, row, columns)
            found[pair.instruction] = _joined(found.get(pair.instruction), pair)
    return list(found.values())


def _pair(where: str, path: Path, row: dict[str, Any], columns: DialogueColumns) -> Pair:
    dialogue = _lines(cell_text(where, row, columns.dialogue))
    first, *others = _summaries(where, row, columns)
    pair_id = make_id(path.stem, dialogue, first)
    topic = cell_text(where, row, columns.topic) if columns.topic else pair_id
    return Pair.original(pair_id, dialogue, first, "dialogue", topic, references=others)


def _lines(dialogue: str) -> str:
    """A turn a line, without the space at its ends and without empty lines."""
    return "\n".join(turn for line in re.split(r"\r\n?|\n", dialogue) if (turn := line.strip()))


def _summaries(where: str, row: dict[str, Any], columns: DialogueColumns) -> list[str]:
    """The first column holds one at least; a further one may be absent or empty. Without what is said twice."""
    first, *further = columns.summaries
    texts = _texts(where, row, first)
    for name in further:
        if row.get(name) not in (None, "", []):
            texts += _texts(where, row, name)
    return list(dict.fromkeys(texts))


def _texts(where: str, row: dict[str, Any], name: str) -> list[str]:
    value = row.get(name)
    if not isinstance(value, list):
        return [cell_text(where, row, name)]
    if not value:
        raise UserError(f"{where}: {name!r} should be a text or a list of some, got an empty list. Mend that row.")
    return [cell_text(where, {name: text}, name) for text in value]


def _joined(one: Pair | None, other: Pair) -> Pair:
    if one is None:
        return other
    summaries = dict.fromkeys([one.output, *one.references, other.output, *other.references])
    return one.model_copy(update={"references": [text for text in summaries if text != one.output]})
