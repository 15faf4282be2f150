"""Damage to what travels between the stages: flipped bits, cut ends, emptied files, swapped and lost lines.

Through `dvc repro` it held if the outputs end as undisturbed: DVC knows the hash of every output, and has a damaged one
made again. By hand a stage sees only the file. It held if the stage ends in one line and leaves its outputs alone, or
gives the undisturbed ones. It held, too, if it gives others and nothing in the file's format could have told (a letter
within a text, a digit within a number, a bit within a weight): these are counted apart. `is_detectable` says what a
format tells, without the project's readers: bytes that are not UTF-8, a file without content or without its last line
break, a line or file that is not JSON, a record with other fields or types than all before, a table whose rows do not
fit its header or whose numbers are none, a header of weights that does not fit the file.
"""

import csv
import io
import json
from random import Random
from typing import Any

from benchmarks.bit_flips import flip_bits
from benchmarks.fault_project import Project

LINES = (".jsonl", ".csv")
#: These compare or show rows of several files, and a row names its pair: another order is not to change a score.
MATCHED_BY_ID = ("evaluate", "report")
UNDETECTABLE = "nothing in the file could tell"


def damage_artifact(project: Project, random: Random) -> str:
    stage = random.choice([name for name in project.lab.stages if name != "extract"])
    name = random.choice(artifacts(project, stage))
    path = project.path(name)
    before = path.read_bytes()
    how, after = damage(name, before, random)
    path.write_bytes(after)
    by_hand = random.random() < 0.7
    _by_hand(project, stage, name, before, how) if by_hand else _through_dvc(project, stage, name)
    return f"{stage} {'by hand' if by_hand else 'through DVC'}, {name} {how}"


def artifacts(project: Project, stage: str) -> list[str]:
    """Return the files that the stage reads and an earlier one wrote, and that come out the same when it runs again."""
    paths = [project.path(name) for name in project.lab.reads[stage]]
    files = [file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    names = [
        file.relative_to(project.folder).as_posix() for file in files if file.is_file() and file.stat().st_size > 1
    ]
    return [name for name in names if name in project.lab.expected]


def damage(name: str, content: bytes, random: Random) -> tuple[str, bytes]:
    """Return what was done, and the content after it."""
    how = random.choice(["one bit flipped", "forty bits flipped", "cut off", "emptied", "lines swapped", "a line lost"])
    if "line" in how and (not name.endswith(LINES) or content.count(b"\n") < 3):
        how = "cut off"
    if how == "cut off":
        at = random.randrange(1, len(content))
        return f"{how} after {at} of {len(content)} bytes", content[:at]
    if how == "emptied":
        return how, b""
    if "bit" in how:
        return how, flip_bits(content, random, 1 if how.startswith("one") else 40)
    lines = content.splitlines(keepends=True)
    one, other = random.sample(range(len(lines)), 2)
    if how == "a line lost":
        del lines[one]
        return f"{how} ({one + 1})", b"".join(lines)
    lines[one], lines[other] = lines[other], lines[one]
    return f"{how} ({one + 1} and {other + 1})", b"".join(lines)


def _by_hand(project: Project, stage: str, name: str, before: bytes, how: str) -> None:
    path = project.path(name)
    after = path.read_bytes()
    done = project.stage(stage)
    changed = project.changed(stage)
    project.counted = (stage,) if done.code == 0 and "line lost" not in how else ()
    if done.code and not done.in_one_line(stage):
        project.problem(f"not in one line with code 1, but {done.code}: {done.last_line}")
    if done.code and changed:
        project.problem(f"it failed and changed {', '.join(changed)}")
    if done.code == 0 and changed:
        by_id = "lines" in how and stage in MATCHED_BY_ID
        if by_id or is_detectable(name, before, after):
            project.problem(f"silently other outputs: {', '.join(changed)}")
        else:
            project.notes.append(UNDETECTABLE)


def _through_dvc(project: Project, stage: str, name: str) -> None:
    done = project.repro(stage)
    if done.code:
        project.problem(f"`{done.command}` fails: {done.last_line}")
    project.compare(stage, "after the damage")
    writer = next((each for each in project.lab.writes if name in project.lab.outputs(each)), None)
    if writer:
        project.compare(writer, "after the damage")


def is_detectable(name: str, before: bytes, after: bytes) -> bool:
    """Return whether the file's format tells that `after` is damaged. `before` shows what a whole file looks like."""
    if not after:
        return True
    if name.endswith(".safetensors"):
        return not _weights_fit(after)
    try:
        old, new = before.decode(), after.decode()
    except UnicodeDecodeError:
        return True
    if name.endswith(".csv"):
        return not _table_fits(old, new)
    if name.endswith(".jsonl"):
        return not new.endswith("\n") or not _rows_fit(old, new)
    return name.endswith(".json") and not _rows_fit(json.dumps(json.loads(old)), new, whole=True)


def _rows_fit(old: str, new: str, whole: bool = False) -> bool:
    try:
        known = {_shape(json.loads(line)) for line in old.split("\n") if line}
        rows = [new] if whole else [line for line in new.split("\n") if line]
        return all(_shape(json.loads(row)) in known for row in rows)
    except (ValueError, RecursionError):
        return False


def _shape(value: Any) -> object:
    """Return the names and types of a record's fields."""
    if isinstance(value, dict):
        return frozenset((name, _shape(item)) for name, item in value.items())
    return type(value).__name__


def _table_fits(old: str, new: str) -> bool:
    before, after = (list(csv.reader(io.StringIO(text, newline=""))) for text in (old, new))
    if not new.endswith("\n") or after[0] != before[0]:
        return False
    numbers = [all(_is_number(row[at]) for row in before[1:]) for at in range(len(before[0]))]
    return all(
        len(row) == len(numbers)
        and all(_is_number(cell) for cell, is_number in zip(row, numbers, strict=True) if is_number)
        for row in after[1:]
    )


def _is_number(cell: str) -> bool:
    try:
        return not cell or float(cell) == float(cell)
    except ValueError:
        return False


def _weights_fit(content: bytes) -> bool:
    """Return whether the header of a safetensors file is JSON and the offsets in it fill the file."""
    size = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + size])
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return False
    return 8 + size + max(ends, default=0) == len(content)
