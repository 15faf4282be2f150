"""Mutated copies of the samples: flipped bits, cut ends, swapped objects, garbage, bombs, nesting, huge pages.

A whole sample is beside the copy. It held if extract ends with code 0 and reads that sample as ever, names the copy or
has a record of each of its pages, stays within its limits of time and memory, and if no pair of build_qa has a letter
that the original page does not have. Where objects are exchanged, a page may be another one of its document as a whole.
"""

import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.bit_flips import FLIPS, flip_bits, new_letters
from benchmarks.fault_project import Project
from pagetune.build_qa.rules import build_pairs
from pagetune.jsonl import read_records
from pagetune.params import load_params
from pagetune.records import Page

OBJECT = re.compile(rb"(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
#: What one process may take beside extract.memory_mib: the interpreter and what it has imported.
OWN_MIB = 512
Objects = dict[int, bytes]


def _flips(content: bytes, random: Random) -> bytes:
    return flip_bits(content, random, random.choice((1, FLIPS, 50 * FLIPS)))


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def _garbage(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + random.randbytes(random.choice((1, 100, 100_000))) + content[at:]


def _hole(content: bytes, random: Random) -> bytes:
    at, size = random.randrange(len(content)), random.randint(1, 20_000)
    return content[:at] + bytes(len(content[at : at + size])) + content[at + size :]


def _swapped(objects: Objects, random: Random) -> None:
    one, other = random.sample(sorted(objects), 2)
    objects[one], objects[other] = objects[other], objects[one]


def _lost(objects: Objects, random: Random) -> None:
    del objects[random.choice(sorted(objects))]


def _bomb(objects: Objects, random: Random) -> None:
    """Put a stream that inflates to a gigabyte in the place of one that a page or font has."""
    number = random.choice([number for number, body in objects.items() if STREAM.search(body)])
    packer = zlib.compressobj(9)
    text = random.choice((b"0 0 m ", b" ", b"q ", b"(A) Tj ")) * 2**18
    data = b"".join(packer.compress(text) for _ in range(2**30 // len(text))) + packer.flush()
    objects[number] = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\n" % (len(data), data)


def _nested(objects: Objects, random: Random) -> None:
    number, depth = random.choice(sorted(objects)), random.choice((1_000, 100_000))
    opening, closing = random.choice(((b"[", b"]"), (b"<< /A ", b" >>"), (b"(", b")")))
    objects[number] = opening * depth + closing * depth + b"\n"


def _huge_page(objects: Objects, random: Random) -> None:
    size = random.choice((b"0 0 1e9 1e9", b"0 0 0 0", b"-99999 -99999 99999 99999", b"595 842 0 0", b"0 0 1 99999999"))
    for number, body in objects.items():
        objects[number] = re.sub(rb"/MediaBox \[[^\]]*\]", b"/MediaBox [ %s ]" % size, body)


def _circle(objects: Objects, random: Random) -> None:
    """Let a reference point to another object, the root of the pages included."""
    number = random.choice([number for number, body in objects.items() if re.search(rb"\d+ 0 R", body)])
    target = random.choice(sorted(objects))
    objects[number] = re.sub(rb"\d+ 0 R", b"%d 0 R" % target, objects[number], count=1)


BYTES: dict[str, Callable[[bytes, Random], bytes]] = {
    "bits flipped": _flips,
    "cut off": _cut,
    "garbage inserted": _garbage,
    "a hole of zeros": _hole,
}
OBJECTS: dict[str, Callable[[Objects, Random], None]] = {
    "objects swapped": _swapped,
    "an object lost": _lost,
    "a zip bomb": _bomb,
    "deep nesting": _nested,
    "huge pages": _huge_page,
    "a wrong reference": _circle,
}
MUTATIONS = (*BYTES, *OBJECTS)
#: What may exchange whole pages.
EXCHANGES = ("objects swapped", "a wrong reference")


def mutate(content: bytes, how: str, random: Random) -> bytes:
    if how in BYTES:
        return BYTES[how](content, random)
    objects = {int(number): body for number, body in OBJECT.findall(content)}
    OBJECTS[how](objects, random)
    return _assemble(objects, content)


def _assemble(objects: Objects, original: bytes) -> bytes:
    """Write the objects with a table of their places that is right, and the trailer of the original."""
    written, places = bytearray(b"%PDF-1.4\n"), {}
    for number, body in objects.items():
        places[number] = len(written)
        written += b"%d 0 obj\n%sendobj\n" % (number, body)
    table, size = len(written), max(objects) + 1
    lines = [b"%010d 00000 n \n" % places[n] if n in places else b"0000000000 65535 f \n" for n in range(size)]
    trailer = original[original.rindex(b"trailer") : original.rindex(b"startxref")]
    return bytes(written) + b"xref\n0 %d\n%s%sstartxref\n%d\n%%%%EOF\n" % (size, b"".join(lines), trailer, table)


def mutate_pdf(project: Project, random: Random, number: int) -> str:
    how, raw = MUTATIONS[number % len(MUTATIONS)], project.path("data/raw")
    name = random.choice(sorted(path.name for path in raw.glob("*.pdf")))
    beside = min((path for path in raw.glob("*.pdf") if path.name != name), key=lambda path: path.stat().st_size)
    for path in raw.iterdir():
        if path not in (beside, raw / name):
            path.unlink()
    (raw / name).write_bytes(mutate((raw / name).read_bytes(), how, random))
    project.remove_outputs("extract")
    project.counted = ()
    done = project.stage("extract", watches_memory=True)
    most = load_params(project.path("params.yaml")).extract.memory_mib + OWN_MIB
    if done.peak_mib > most:
        project.problem(f"a process took {done.peak_mib:.0f} MiB, and {most} are allowed")
    if done.code:
        project.problem(f"extract ends with code {done.code}: {done.last_line}")
    else:
        _look_through(project, name, beside.stem, how in EXCHANGES)
    return f"{name}, {how}"


def _look_through(project: Project, name: str, beside: str, is_exchanged: bool) -> None:
    """Report pages that are missing, pairs with new letters, and whether the file beside it was read as ever."""
    stem, originals = Path(name).stem, read_records(project.lab.folder / "data/pages.jsonl", Page)
    found = read_records(project.path("data/pages.jsonl"), Page)
    bad = json.loads(project.path("data/bad_files.json").read_text(encoding="utf-8"))
    pages = [page for page in found if page.doc_id == stem]
    if [page for page in found if page.doc_id == beside] != [page for page in originals if page.doc_id == beside]:
        project.problem(f"{beside} is read in another way beside the mutated file")
    if [page.page_number for page in pages] != list(range(1, len(pages) + 1)) or bool(pages) == bool(bad):
        project.problem(f"{name}: {[page.page_number for page in pages]} pages, bad files: {bad}")
    project.notes.append(", ".join(sorted({one["reason"] for one in bad} | {page.reason or "ok" for page in pages})))
    pairs, _ = build_pairs(pages, load_params(project.path("params.yaml")).qa.article_characters)
    for pair in pairs:
        document = [page for page in originals if page.doc_id == stem]
        own = [page for page in document if is_exchanged or page.page_number == pair.page_number]
        if letters := min((new_letters(pair, page) for page in own), key=len, default=new_letters(pair)):
            project.problem(f"wrong pair, p{pair.page_number}: {letters!r} in {pair.instruction} -> {pair.output}")
